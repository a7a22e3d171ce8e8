"""Where each piece of a YAML text begins and ends, so that one piece can be replaced and the rest left as it is.

Reads texts our reader has accepted already: no tags, one document, no duplicate keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ecqs_gateway.content.yaml_reader import Path

__all__ = ["Edit", "Span", "apply_edits", "line_end", "line_start", "spans_of"]


@dataclass
class Span:
    """One value: offsets of its first character and behind its last; blanks and comments after it do not count."""

    start: int
    end: int
    kind: str
    """scalar, map or list."""
    flow: bool = False
    """Written with brackets or braces."""
    key: int | None = None
    """Offset of its key, in a table."""


@dataclass(frozen=True)
class Edit:
    """Replaces one stretch of a text; an empty stretch inserts."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Give the text with all edits done; they must not overlap."""
    for edit in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def line_start(text: str, offset: int) -> int:
    """Give the offset of the first character of a line."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Give the offset of the line end behind an offset, or of the end of the text."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


@dataclass
class _Open:
    path: Path
    span: Span
    count: int = 0
    key: str | None = None
    key_at: int = 0


@dataclass
class _Walk:
    starts: list[int]
    found: dict[Path, Span] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)

    def at(self, mark: Any) -> int:
        return int(self.starts[mark.line] + mark.column)

    def event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            top = self.stack[-1] if self.stack else None
            if top is not None and top.span.kind == "map" and top.key is None:
                # The reader refuses aliases as keys.
                top.key, top.key_at = str(getattr(event, "value", "")), self.at(event.start_mark)
                return
            self._place(Span(self.at(event.start_mark), self.at(event.end_mark), "scalar"))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
            start = self.at(event.start_mark)
            path = self._place(Span(start, start, kind, flow=bool(event.flow_style)))
            self.stack.append(_Open(path, self.found[path]))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(event)

    def _place(self, span: Span) -> Path:
        path: Path = ()
        if self.stack:
            top = self.stack[-1]
            path = (*top.path, top.count if top.span.kind == "list" else top.key or "")
            if top.span.kind == "map":
                span.key, top.key = top.key_at, None
            top.count += 1
        self.found[path] = span
        self._stretch(span.end)
        return path

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.span.flow:
            done.span.end = self.at(event.end_mark)
        self._stretch(done.span.end)

    def _stretch(self, end: int) -> None:
        """Let everything around end no sooner: a block ends where its last piece does, not where the next begins."""
        for outer in self.stack:
            if not outer.span.flow:
                outer.span.end = max(outer.span.end, end)


def spans_of(text: str) -> dict[Path, Span]:
    """Give the span of every value, by its path."""
    walk = _Walk([0, *(place + 1 for place, sign in enumerate(text) if sign == "\n")])
    for event in _events(text):
        walk.event(event)
    return walk.found


def _events(text: str) -> Iterator[Any]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()
