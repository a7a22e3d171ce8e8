"""Reads our YAML files into plain data that remembers where everything stood.

Only the harmless part of YAML is accepted: tables, lists and scalars, with anchors inside limits. Tags, merge keys,
several documents and duplicate keys are refused. Scalars are never guessed: plain ones come out as ``Plain`` text in
their original spelling (except null), quoted ones as ``str``; the models say what they should become.

The parser's events are read directly, without building nodes: nothing recurses, so depth cannot crash the process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.scalars import Plain

__all__ = ["MAX_BYTES", "Document", "Mark", "Path", "read_yaml"]

MAX_BYTES = 1024 * 1024
"""Largest YAML file that is read."""
MAX_DEPTH = 24
MAX_NODES = 100_000

Path = tuple[str | int, ...]
"""Keys and positions that lead from the top of a file to a place in it."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


class Mark(NamedTuple):
    """Where a value stands and, when it has a key, where the key stands; all counted from 1."""

    line: int
    column: int
    key_line: int
    key_column: int
    text: str | None = None


@dataclass(frozen=True)
class Document:
    """The data of one file, and the place of each piece of it."""

    data: Any
    marks: Mapping[Path, Mark]

    def mark(self, path: Path) -> Mark:
        """Give the place of a path, or of the nearest piece above it that is written in the file."""
        while path not in self.marks and path:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1, 1, 1))


@dataclass
class _Open:
    """A table or list that is being read."""

    data: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    size: int = 1
    key: str | None = None
    key_at: tuple[int, int] = (1, 1)
    skip: bool = False
    """The key being read is a duplicate: its value is read over."""
    dead: bool = False
    """This table or list is (part of) the value of a duplicate key."""


@dataclass
class _Refused(Exception):
    """Reading has to stop here."""

    line: int
    column: int
    code: str
    message: str
    hint: str | None = None
    text: str | None = None


@dataclass
class _Reader:
    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    marks: dict[Path, Mark] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    nodes: int = 0
    root: Any = None
    documents: int = 0

    def read(self) -> Any:
        loader = yaml.CSafeLoader(self.text)
        try:
            while loader.check_event():
                self._event(loader.get_event())
        except yaml.MarkedYAMLError as error:
            raise _syntax(error, self.text) from None
        except yaml.YAMLError as error:
            raise _Refused(1, 1, "ECQS-1003", f"is not YAML ({error})") from None
        finally:
            loader.dispose()
        if self.root is None:
            raise _Refused(1, 1, "ECQS-1003", "the file is empty", "copy the matching file of connectors/_template/")
        return self.root

    def _event(self, event: Any) -> None:
        at = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, at)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event, at)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, at)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _Refused(*at, "ECQS-1005", "a second document begins here", "keep one document to a file")

    def _scalar(self, event: Any, at: tuple[int, int]) -> None:
        self._no_tag(event, at)
        plain = event.style is None or event.style == ""
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            self._key(top, event.value, at, plain=plain)
            return
        value: Any = event.value
        if plain:
            value = None if value in _NULL else Plain(value)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._place(value, at, size=1, text=event.value)

    def _key(self, top: _Open, name: str, at: tuple[int, int], *, plain: bool) -> None:
        if plain and name == "<<":
            raise _Refused(*at, "ECQS-1005", "merge keys (<<) are not used here", "write the keys out", name)
        if plain and name in _NULL:
            raise _Refused(*at, "ECQS-1003", "a key is missing before the colon")
        if name in top.data and not top.dead:
            first = self.marks[(*top.path, name)]
            message = f"{name!r} stands twice in this table, first in line {first.key_line}"
            self.problems.append(self._problem(at, "ECQS-1004", message, "keep one of the two", name))
            top.skip = True
        top.key, top.key_at = name, at

    def _open(self, event: Any, at: tuple[int, int]) -> None:
        self._no_tag(event, at)
        if len(self.stack) >= MAX_DEPTH:
            raise _Refused(*at, "ECQS-1005", f"tables and lists are nested more than {MAX_DEPTH} deep")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            raise _Refused(*at, "ECQS-1005", "a key must be a plain word", "put the key in quotes")
        path = self._next_path()
        dead = top is not None and (top.skip or top.dead)
        self._place(data, at, size=1, text=None)
        self.stack.append(_Open(data, path, event.anchor, dead=dead))

    def _close(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = (done.data, done.size)
        if self.stack:
            self.stack[-1].size += done.size - 1

    def _alias(self, event: Any, at: tuple[int, int]) -> None:
        name = event.anchor
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            raise _Refused(*at, "ECQS-1005", "a key must be a plain word, not an alias")
        if name not in self.anchors:
            raise _Refused(*at, "ECQS-1003", f"*{name} refers to nothing that ends above it", text=f"*{name}")
        value, size = self.anchors[name]
        self._place(value, at, size=size, text=f"*{name}")

    def _next_path(self) -> Path:
        if not self.stack:
            return ()
        top = self.stack[-1]
        step: str | int = len(top.data) if isinstance(top.data, list) else top.key or ""
        return (*top.path, step)

    def _place(self, value: Any, at: tuple[int, int], *, size: int, text: str | None) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise _Refused(*at, "ECQS-1005", f"the file holds more than {MAX_NODES} values, aliases written out")
        path = self._next_path()
        if not self.stack:
            self.root = value
            self.marks[path] = Mark(*at, *at, text)
            return
        top = self.stack[-1]
        top.size += size
        mark = Mark(*at, *at, text)
        if isinstance(top.data, list):
            top.data.append(value)
        elif top.key is not None:
            mark = Mark(*at, *top.key_at, text)
            if not top.skip:
                top.data[top.key] = value
        if not (top.dead or top.skip):
            self.marks[path] = mark
        top.key, top.skip = None, False

    def _no_tag(self, event: Any, at: tuple[int, int]) -> None:
        if event.tag is not None:
            raise _Refused(*at, "ECQS-1005", "tags (!…) are not used here", "put text in quotes instead", event.tag)

    def _problem(
        self, at: tuple[int, int], code: str, message: str, hint: str | None = None, text: str | None = None
    ) -> Problem:
        return Problem(self.file, *at, "error", code, message, hint, text)


def read_yaml(file: str, raw: bytes) -> tuple[Document | None, list[Problem]]:
    """Read one file; the document is None when it cannot be read at all.

    ``file`` is the name shown in the problems. Duplicate keys are reported and the first one is kept.
    """
    try:
        reader = _Reader(file, _decode(raw))
        data = reader.read()
    except _Refused as refused:
        found = Problem(
            file, refused.line, refused.column, "error", refused.code, refused.message, refused.hint, refused.text
        )
        return None, [found]
    return Document(data, MappingProxyType(reader.marks)), reader.problems


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _Refused(1, 1, "ECQS-1001", f"the file is larger than {MAX_BYTES // 1024} KiB", "split it")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _Refused(1, 1, "ECQS-1002", "the file begins with a byte order mark", "save it as UTF-8 without BOM")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8")) + 1
        raise _Refused(line, column, "ECQS-1002", "the file is not UTF-8", _encoding_hint(raw[error.start :])) from None
    control = _CONTROL.search(text)
    if control is not None:
        line, column = _place_of(text, control.start())
        name = f"U+{ord(control[0]):04X}"
        raise _Refused(line, column, "ECQS-1002", f"a control character ({name}) stands here", "delete it")
    return text


def _encoding_hint(rest: bytes) -> str:
    try:
        rest.partition(b"\n")[0].decode("gb18030")
    except UnicodeDecodeError:
        return "save it as UTF-8"
    return "it looks like GBK or GB18030: save it as UTF-8"


def _place_of(text: str, index: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - start + 1


_SENTENCES = (
    ("mapping values are not allowed", "a colon stands where no key can be", "indentation, or text that needs quotes"),
    ("could not find expected ':'", "the colon after a key is missing", "write key: value"),
    ("did not find expected key", "the indentation does not fit the lines above", "line it up with its neighbours"),
    ("found unexpected end of stream", "a quote is opened here and never closed", "close the quote"),
    ("did not find expected ',' or ']'", "a [ is opened here and not closed", "close it with ]"),
    ("did not find expected ',' or '}'", "a { is opened here and not closed", "close it with }"),
    ("did not find expected '-' indicator", "a list goes on as something else", "begin every item with - "),
    ("found undefined alias", "* refers to an anchor that does not exist", "quote text that begins with *"),
    ("found a tab character", "a tab stands where only spaces may", "use spaces"),
    ("found unknown escape character", "\\ begins an escape YAML does not know", "use single quotes, or write \\\\"),
    ("block sequence entries are not allowed", "a list must begin on its own line", "put the - on the next line"),
)
_AT_CONTEXT = ("found unexpected end of stream", "did not find expected ',' or")


def _syntax(error: yaml.MarkedYAMLError, text: str) -> _Refused:
    """Say in plain words what the parser stumbled over, and where a person should look."""
    problem = error.problem or ""
    at_context = problem.startswith(_AT_CONTEXT) and error.context_mark is not None
    mark = error.context_mark if at_context else error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.split("\n")
    there = lines[line - 1] if line <= len(lines) else ""
    if problem.startswith("found character that cannot start any token"):
        return _bad_start(line, column, there)
    if there.lstrip("- ").startswith(":"):
        return _Refused(line, column, "ECQS-1003", "a key is missing before the colon")
    for begin, message, hint in _SENTENCES:
        if problem.startswith(begin):
            return _Refused(line, column, "ECQS-1003", message, _width_hint(lines, line) or hint, there.strip())
    detail = f" ({problem})" if problem else ""
    return _Refused(line, column, "ECQS-1003", f"this is not YAML{detail}", _width_hint(lines, line), there.strip())


def _bad_start(line: int, column: int, there: str) -> _Refused:
    sign = there[column - 1 : column]
    if sign == "\t":
        return _Refused(line, column, "ECQS-1003", "a tab stands where only spaces may", "use spaces")
    message = f"a value cannot begin with {sign}"
    return _Refused(line, column, "ECQS-1003", message, "put the value in quotes", there.strip())


def _width_hint(lines: list[str], line: int) -> str | None:
    """Find the full-width colon of a Chinese keyboard in the line of the error or the one above."""
    for text in lines[max(0, line - 2) : line]:
        if "：" in text and ":" not in text.partition("：")[0]:
            return "write the colon as : and a blank, not as ："
    return None
