"""The only door to lxml: parsing that cannot be talked into files, networks or unbounded memory, and C14N.

Every call builds its own parser, so a library that repoints lxml's global default parser changes nothing here.
What the exchange contract never uses is refused before libxml2 sees it: any DOCTYPE (hence any entity), encodings
other than UTF-8, NUL bytes; comments and processing instructions too, unless the caller reads a document that people
write. Limits are counted on the bytes first and on the finished tree second.
"""

from __future__ import annotations

import codecs
import copy
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = [
    "LIMITS",
    "Element",
    "Limits",
    "SchemaProblem",
    "TreeValidator",
    "c14n",
    "error_name",
    "local_name",
    "parse",
    "record_body",
    "serialise",
]

Element = etree._Element  # noqa: SLF001 - lxml gives its element class no public name

_UTF8_BOM = b"\xef\xbb\xbf"
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
_DECLARATION = re.compile(rb"\A<\?xml\s(?P<rest>[^>]*)\?>", re.IGNORECASE)
_VERSION = re.compile(rb"\bversion\s*=\s*[\"']1\.0[\"']")
_ENCODING = re.compile(rb"\bencoding\s*=\s*[\"'](?P<name>[^\"']*)[\"']")
_PIECE = 1 << 20
_ROOT = re.compile(rb"\A\s*<")


@dataclass(frozen=True)
class Limits:
    """How large a document may be before it is refused, unread where that can be told from the bytes."""

    document: int = 200_000_000
    """Bytes of the whole document."""
    depth: int = 64
    """Elements inside one another."""
    elements: int = 1_000_000
    """Elements in all."""
    attributes: int = 64
    """Attributes of one element."""
    text: int = 1_000_000
    """Characters of one text or one attribute."""


LIMITS = Limits()

_ERROR_NAMES: dict[int, str] = {
    number: name for name, number in vars(etree.ErrorTypes).items() if isinstance(number, int)
}


@dataclass(frozen=True)
class SchemaProblem:
    """One thing a schema found wrong: libxml2's name of the constraint, and where; never the offending value."""

    kind: str
    """Such as ``SCHEMAV_CVC_PATTERN_VALID``; the same names for both validators."""
    element: str | None = None
    """Local name of the element concerned."""
    path: tuple[str, ...] = ()
    """Local names from the root down to the element, where known."""
    positions: tuple[int, ...] = ()
    """For each step of ``path``, which of its like-named siblings it is, from 1."""
    line: int | None = None


def parse(data: bytes, *, limits: Limits | None = LIMITS, comments: bool = False, where: str | None = None) -> Element:
    """Give the root element of a document that is well-formed, UTF-8, without DOCTYPE and within the limits.

    No limits are counted with None, which is for documents of our own making.
    ``comments`` lets comments and processing instructions pass, for documents that people write, such as schemas.
    Raises Terminal ECQS-4001 (refused construct), ECQS-4002 (a limit) or ECQS-4003 (not well-formed).
    """
    data = data.removeprefix(_UTF8_BOM)
    if limits is not None:
        _refuse_by_size(data, limits, where)
    _refuse_by_bytes(data, where)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_blank_text=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        # ``from None``: libxml2's own sentence may quote the document.
        raise Terminal(
            "ECQS-4003", f"XML is not well-formed at line {line}, column {column}", where=where, hint=_ASK_SENDER
        ) from None
    # Looking through the tree costs more than the search.
    suspicious = b"<!--" in data or data.count(b"<?") > (1 if _DECLARATION.match(data) else 0)
    if not comments and suspicious and _holds(root, "//comment() | //processing-instruction()"):
        raise _refused("has a comment or processing instruction", where)
    if limits is not None:
        _refuse_by_tree(root, limits, where)
    return root


_ASK_SENDER = "ask the sender for a correct document; it was not read further"


def _refuse_by_bytes(data: bytes, where: str | None) -> None:
    if b"\0" in data or not _ROOT.match(data):
        raise _refused("is not UTF-8 text that begins with an element", where)
    declaration = _DECLARATION.match(data)
    if declaration is not None:
        rest = declaration["rest"]
        encoding = _ENCODING.search(rest)
        if not _VERSION.search(rest) or (encoding and encoding["name"].lower() not in (b"utf-8", b"utf8")):
            raise _refused("declares another version or encoding than XML 1.0 in UTF-8", where)
    elif data[:5].lower() == b"<?xml" and data[5:6] not in (b"-", b"_"):
        raise _refused("has a malformed XML declaration", where)
    if not _is_utf8(data):
        raise _refused("is not UTF-8", where)
    if _DOCTYPE.search(data):
        raise _refused("has a DOCTYPE", where)


def _refuse_by_size(data: bytes, limits: Limits, where: str | None) -> None:
    if len(data) > limits.document:
        raise _too_large("size in bytes", limits.document, where)
    # Each element ends in "</" or "/>", so the sum is never below the number of elements.
    if data.count(b"</") + data.count(b"/>") > limits.elements:
        raise _too_large("number of elements", limits.elements, where)


def _is_utf8(data: bytes) -> bool:
    """Decode in pieces, so that checking a large document does not hold a second copy of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(view), _PIECE):
            decoder.decode(view[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_by_tree(root: Element, limits: Limits, where: str | None) -> None:
    """Check on the finished tree, in C, what bytes cannot tell; libxml2's own limits held while it was built."""
    if _holds(root, "/*" * (limits.depth + 1)):
        raise _too_large("depth", limits.depth, where)
    if _holds(root, f"//*[@*[{limits.attributes + 1}]]"):
        raise _too_large("number of attributes of one element", limits.attributes, where)
    if _holds(root, f"//text()[string-length() > {limits.text}] | //@*[string-length() > {limits.text}]"):
        raise _too_large("length of one text", limits.text, where)


def _holds(root: Element, query: str) -> bool:
    return bool(root.xpath(f"boolean({query})"))


def _refused(why: str, where: str | None) -> Terminal:
    return Terminal("ECQS-4001", f"XML refused: it {why}", where=where, hint=_ASK_SENDER)


def _too_large(what: str, most: int, where: str | None) -> Terminal:
    return Terminal("ECQS-4002", f"XML refused: its {what} is above {most}", where=where, hint=_ASK_SENDER)


def c14n(element: Element) -> bytes:
    """Give the inclusive Canonical XML 1.0 bytes of an element, without comments, as if it were a document's root."""
    # Copied into a document of its own: of an element inside another, lxml 6.1 with libxml2 2.14 writes xmlns="" on
    # grandchildren in the default namespace. Drop the copy when test_c14n_of_an_inner_element_is_right passes without.
    element = copy.deepcopy(element)
    element.tail = None
    return bytes(etree.tostring(element, method="c14n", exclusive=False, with_comments=False))


def serialise(element: Element) -> bytes:
    """Give an element as UTF-8 bytes with an XML declaration."""
    return bytes(etree.tostring(element, encoding="UTF-8", xml_declaration=True))


def local_name(element: Element) -> str:
    """Give an element's name without its namespace."""
    return str(etree.QName(element).localname)


def error_name(code: int) -> str:
    """Give libxml2's name of an error number, such as ``SCHEMAV_CVC_PATTERN_VALID`` for 1839."""
    return _ERROR_NAMES.get(code, f"ERR_{code}")


class TreeValidator:
    """Validates parsed trees against one XSD with lxml; usable from many threads at once.

    ``schema`` must be one self-contained document (see ``ecqs_gateway.doors.xml_schema``), so that compiling it
    opens no file. lxml keeps the error log on the compiled schema, hence one compiled schema per thread.
    """

    def __init__(self, schema: bytes, *, where: str | None = None) -> None:
        """Compile at once, so that a bad schema is found where it is loaded; raises Misconfigured ECQS-4004."""
        self._schema = schema
        self._where = where
        self._local = threading.local()
        self._compiled()

    def _compiled(self) -> etree.XMLSchema:
        compiled: etree.XMLSchema | None = getattr(self._local, "compiled", None)
        if compiled is None:
            root = parse(self._schema, comments=True, where=self._where)
            try:
                compiled = etree.XMLSchema(root)
            except etree.XMLSchemaParseError as error:
                raise Misconfigured(
                    "ECQS-4004",
                    f"the XML schema does not compile: {error}",
                    where=self._where,
                    hint="mend the XSD; `xmllint --noout --schema` shows the same message",
                ) from error
            self._local.compiled = compiled
        return compiled

    def problems(self, root: Element) -> tuple[SchemaProblem, ...]:
        """Give what is wrong with a tree, in document order; nothing when it is valid."""
        compiled = self._compiled()
        if compiled.validate(root):
            return ()
        log: Iterable[etree._LogEntry] = compiled.error_log  # type: ignore[assignment]  # the stubs miss __iter__
        return tuple(_problem(root, entry) for entry in log)


def _problem(root: Element, entry: etree._LogEntry) -> SchemaProblem:
    found = root.xpath(entry.path) if entry.path else []
    if not (isinstance(found, list) and found and isinstance(found[0], Element)):
        return SchemaProblem(str(entry.type_name), line=entry.line)
    steps = [*reversed(list(found[0].iterancestors())), found[0]]
    path = tuple(local_name(step) for step in steps)
    positions = tuple(1 + sum(1 for _ in step.itersiblings(step.tag, preceding=True)) for step in steps)
    return SchemaProblem(str(entry.type_name), path[-1], path, positions, entry.line)


def record_body(batch: bytes, key: str) -> str:
    """Give the canonical body of one record out of a ``batch.xml`` of ours, to be shown.

    Raises Terminal ECQS-4003 when the batch has no record of that key, or one without body.
    """
    root = parse(batch, limits=None, where="stored batch")
    found = root.xpath("/*/*[@key = $key]/*[1]", key=key)
    if not (isinstance(found, list) and found and isinstance(found[0], Element)):
        raise Terminal("ECQS-4003", "the batch holds no body of this record", hint="it may have been an invalidation")
    return c14n(found[0]).decode("utf-8")
