"""Loading XSDs from one folder into one self-contained schema, and validating with the fastest engine at hand.

``xs:include`` is resolved here, by plain file names inside the entry's own folder, and the result is one document in
memory. Compiling it therefore opens no file and no socket, whichever engine does it.

The engine is chosen by the environment variable ``ECQS_XSD_ENGINE``: ``auto`` (default: ``stream`` where the system's
libxml2 allows it, else ``lxml``), ``stream`` or ``lxml``. Both give the same verdict; tests hold them to it.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ecqs_gateway.doors.xml import Element, SchemaProblem, TreeValidator, local_name, parse, serialise
from ecqs_gateway.doors.xml_stream import StreamCheck, StreamValidator, library_version
from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["ENGINE_VARIABLE", "Schema", "WholeCheck", "flatten", "load_schema"]

ENGINE_VARIABLE = "ECQS_XSD_ENGINE"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.xsd")
_DEFAULTS = ("targetNamespace", "elementFormDefault", "attributeFormDefault", "blockDefault", "finalDefault")
_FOREIGN = ("import", "redefine", "override")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schema:
    """A compiled XSD: ``check`` for bytes we made ourselves, ``check_tree`` for documents of others, once parsed."""

    source: bytes = field(repr=False)
    """The whole schema as one document."""
    where: str
    tree: TreeValidator = field(repr=False)
    stream: StreamValidator | None = field(repr=False)

    @property
    def engine(self) -> str:
        """Name the engine that ``check`` uses: ``stream`` or ``lxml``."""
        return "lxml" if self.stream is None else "stream"

    def check(self, document: bytes) -> tuple[SchemaProblem, ...]:
        """Give what is wrong with a document of our own making; nothing when it is valid.

        Problems of the ``stream`` engine have no path; use ``check_tree`` where the path matters.
        """
        if self.stream is not None:
            return self.stream.problems(document)
        try:
            root = parse(document, limits=None, where="own document")
        except Terminal:
            return (SchemaProblem("ERR_DOCUMENT_REFUSED"),)
        return self.tree.problems(root)

    def checking(self) -> StreamCheck | WholeCheck:
        """Begin with a document of our own making that comes in pieces, as a context: ``feed`` them, then ``problems``.

        With the ``lxml`` engine the pieces are kept until the end.
        """
        return WholeCheck(self) if self.stream is None else self.stream.checking()

    def check_tree(self, root: Element) -> tuple[SchemaProblem, ...]:
        """Give what is wrong with a parsed document; nothing when it is valid."""
        return self.tree.problems(root)


class WholeCheck:
    """A document that comes in pieces and is looked at when it is whole."""

    def __init__(self, schema: Schema) -> None:
        """Begin."""
        self._schema = schema
        self._pieces: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pieces.clear()

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self._pieces.append(piece)

    def problems(self) -> tuple[SchemaProblem, ...]:
        """Give what is wrong with the document; nothing when it is valid."""
        return self._schema.check(b"".join(self._pieces))


def load_schema(entry: Path) -> Schema:
    """Load an XSD with all it includes from its own folder; raises Misconfigured ECQS-4004 when that fails."""
    source = flatten(entry)
    tree = TreeValidator(source, where=str(entry))
    return Schema(source, str(entry), tree, _stream_engine(source))


def _stream_engine(source: bytes) -> StreamValidator | None:
    wanted = os.environ.get(ENGINE_VARIABLE, "auto")
    if wanted not in ("auto", "stream", "lxml"):
        raise Misconfigured(
            "ECQS-4004", f"{ENGINE_VARIABLE} is not one of auto, stream, lxml", hint="unset it to use what is fastest"
        )
    if wanted == "lxml":
        return None
    version = library_version()
    if wanted == "auto" and version is None:
        _log.warning("xsd.engine lxml: no system libxml2 for streaming validation, expect about half the speed")
        return None
    try:
        validator = StreamValidator(source)
    except Misconfigured:
        if wanted == "stream":
            raise
        _log.warning("xsd.engine lxml: libxml2 %s does not compile this schema", version)
        return None
    _log.debug("xsd.engine stream: libxml2 %s", version)
    return validator


def flatten(entry: Path) -> bytes:
    """Give the schema in ``entry`` and all it includes as one document; raises Misconfigured ECQS-4004.

    All files must have the same target namespace and defaults, and be plain files of the entry's folder.
    """
    root = _read(entry, entry.parent)
    children: list[Element] = []
    names: dict[str | None, str] = {}
    seen = {entry.name}
    _collect(root, entry, names=names, children=children, seen=seen)
    attributes = {str(name): str(value) for name, value in root.attrib.items()}
    whole = root.makeelement(root.tag, attributes, nsmap=names)  # type: ignore[arg-type]  # None is the default prefix
    whole.extend(children)
    return serialise(whole)


def _collect(
    root: Element, file: Path, *, names: dict[str | None, str], children: list[Element], seen: set[str]
) -> None:
    for prefix, uri in root.nsmap.items():
        if names.setdefault(prefix, uri) != uri:
            raise _bad(file, f"the namespace prefix {prefix or '(none)'} means something else in another file")
    for child in list(root):
        if not isinstance(child.tag, str) or child.tag == f"{_XS}annotation":
            continue
        if child.tag in [f"{_XS}{name}" for name in _FOREIGN]:
            raise _bad(file, f"xs:{local_name(child)} is not allowed, only xs:include of a file beside it")
        if child.tag != f"{_XS}include":
            children.append(child)
            continue
        location = child.get("schemaLocation", "")
        if not _FILE_NAME.fullmatch(location):
            raise _bad(file, "xs:include names something else than a file of the same folder")
        if location not in seen:
            seen.add(location)
            included = _read(file.parent / location, file.parent)
            if any(included.get(name) != root.get(name) for name in _DEFAULTS):
                raise _bad(file.parent / location, f"one of {', '.join(_DEFAULTS)} differs from the including file's")
            _collect(included, file.parent / location, names=names, children=children, seen=seen)


def _read(file: Path, folder: Path) -> Element:
    try:
        if file.resolve(strict=True).parent != folder.resolve(strict=True):
            raise _bad(file, "the file is a link out of its folder")
        data = file.read_bytes()
    except OSError as error:
        raise _bad(file, f"the file cannot be read ({error.strerror})") from error
    root = parse(data, comments=True, where=str(file))
    if root.tag != f"{_XS}schema":
        raise _bad(file, "the root element is not xs:schema")
    return root


def _bad(file: Path, why: str) -> Misconfigured:
    return Misconfigured("ECQS-4004", why, where=str(file), hint="correct the XSD")
