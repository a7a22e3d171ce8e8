"""Streaming XSD validation of our own documents by the system's libxml2: no tree, flat memory, GIL released.

Validating while parsing takes about half the time of lxml's parse-then-validate, and XSD validation is the slowest
stage of the whole chain. A document may come in pieces, so that no more than one of them need be in memory: libxml2's
push parser calls the validator, which costs what its stream over a whole document in memory does. What lxml offers of
this gives wrong verdicts, so libxml2 is called by ctypes. The door is narrow on purpose:

* only bytes the gateway generated itself are let in, and any ``<!`` in them is refused, so there is no DOCTYPE, no
  entity, no CDATA and no comment;
* the schema comes as one self-contained document in memory, and libxml2's external entity loader is replaced by one
  that loads nothing, so that neither files nor sockets are reachable;
* each call has its own validation context; the compiled schema is only read and is shared.

Where no fitting library is found ``load`` gives None and lxml does the work.
"""

from __future__ import annotations

import ctypes
import re
import threading
import weakref
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p
from functools import cache
from typing import Self

from ecqs_gateway.doors.native import load_native
from ecqs_gateway.doors.xml import SchemaProblem, error_name
from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["StreamCheck", "StreamValidator", "has_declaration", "library_version"]

_LIBRARIES = ("libxml2.so.2", "libxml2.so.16", "libxml2.2.dylib", "libxml2.16.dylib", "libxml2.dll")
_OLDEST = 20904
_PIECE = 1 << 18
_HUGE = 1 << 19  # XML_PARSE_HUGE: no limit on what a document of our own holds
_MOST_PROBLEMS = 100
_MARKS_LOOKED_AT = 1000
_LESS_THAN = ord("<")
_LARGEST = 2**31 - 1  # libxml2 counts in int; ctypes would cut a larger number silently
_ELEMENT = re.compile(rb"\AElement '(?:\{[^}']*\})?(?P<name>[A-Za-z_][\w.-]*)'")


class _Error(ctypes.Structure):
    """The head of libxml2's xmlError, whose layout has not changed since 2.6."""

    _fields_ = (
        ("domain", c_int),
        ("code", c_int),
        ("message", c_char_p),
        ("level", c_int),
        ("file", c_char_p),
        ("line", c_int),
    )


_OnError = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_Error))
_Locator = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(c_char_p), POINTER(ctypes.c_ulong))
_EntityLoader = ctypes.CFUNCTYPE(c_void_p, c_char_p, c_char_p, c_void_p)

_SIGNATURES = (
    ("xmlInitParser", None, ()),
    ("xmlSetExternalEntityLoader", None, (_EntityLoader,)),
    ("xmlSetStructuredErrorFunc", None, (c_void_p, c_void_p)),
    ("xmlSchemaNewMemParserCtxt", c_void_p, (c_char_p, c_int)),
    ("xmlSchemaSetParserStructuredErrors", None, (c_void_p, _OnError, c_void_p)),
    ("xmlSchemaParse", c_void_p, (c_void_p,)),
    ("xmlSchemaFreeParserCtxt", None, (c_void_p,)),
    ("xmlSchemaFree", None, (c_void_p,)),
    ("xmlSchemaNewValidCtxt", c_void_p, (c_void_p,)),
    ("xmlSchemaSetValidStructuredErrors", None, (c_void_p, _OnError, c_void_p)),
    ("xmlSchemaFreeValidCtxt", None, (c_void_p,)),
    ("xmlSchemaSAXPlug", c_void_p, (c_void_p, POINTER(c_void_p), POINTER(c_void_p))),
    ("xmlSchemaSAXUnplug", c_int, (c_void_p,)),
    ("xmlSchemaIsValid", c_int, (c_void_p,)),
    ("xmlCreatePushParserCtxt", c_void_p, (c_void_p, c_void_p, c_char_p, c_int, c_char_p)),
    ("xmlCtxtUseOptions", c_int, (c_void_p, c_int)),
    ("xmlParseChunk", c_int, (c_void_p, c_char_p, c_int, c_int)),
    ("xmlFreeParserCtxt", None, (c_void_p,)),
    ("xmlSchemaValidateSetLocator", None, (c_void_p, c_void_p, c_void_p)),
    ("xmlSAX2GetLineNumber", c_int, (c_void_p,)),
)


def _load_nothing(_url: bytes | None, _public_id: bytes | None, _context: int | None) -> None:
    """Stand in for libxml2's external entity loader: there is nothing outside the bytes handed in."""


_entity_loader = _EntityLoader(_load_nothing)  # kept for the life of the process: libxml2 holds its address
_load_lock = threading.Lock()


@cache
def _library() -> ctypes.CDLL | None:
    """Load and prepare the system's libxml2 once; None where there is none that fits."""
    with _load_lock:
        library = load_native(_LIBRARIES, _SIGNATURES, lambda found: _version(found) >= _OLDEST)
        if library is not None:
            library.xmlInitParser()
            library.xmlSetExternalEntityLoader(_entity_loader)
        return library


def _version(library: ctypes.CDLL) -> int:
    digits = re.match(rb"\d+", c_char_p.in_dll(library, "xmlParserVersion").value or b"")
    return int(digits.group()) if digits else 0


def library_version() -> str | None:
    """Give the version of the libxml2 used for streaming, such as ``2.9.14``; None where streaming is not possible."""
    library = _library()
    if library is None:
        return None
    number = _version(library)
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


class StreamValidator:
    """Validates whole documents against one XSD without building a tree; usable from many threads at once."""

    def __init__(self, schema: bytes) -> None:
        """Compile a self-contained schema; raises Misconfigured ECQS-4004 where libxml2 is absent or will not."""
        library = _library()
        if library is None:
            raise Misconfigured("ECQS-4004", "no libxml2 that can validate streams", hint="install libxml2")
        self._library = library
        self.schema = _compile(library, schema)
        """Address of the compiled schema; it is freed with this object."""
        weakref.finalize(self, library.xmlSchemaFree, self.schema)

    def problems(self, document: bytes) -> tuple[SchemaProblem, ...]:
        """Give what is wrong with a document the gateway made itself, the first hundred things; nothing when valid.

        Raises Terminal ECQS-4001 for a document with ``<!`` in it, which the gateway never writes.
        """
        with self.checking() as check:
            for start in range(0, len(document), _PIECE):
                check.feed(document[start : start + _PIECE])
            return check.problems()

    def checking(self) -> StreamCheck:
        """Begin with a document that comes in pieces; to be used as a context, by one thread at a time."""
        return StreamCheck(self._library, self)


class StreamCheck:
    """One document on its way through the validator."""

    def __init__(self, library: ctypes.CDLL, validator: StreamValidator) -> None:
        """Begin; raises MemoryError where libxml2 has none, and keeps nothing of what it had made till then."""
        self._library = library
        self._validator = validator  # whose schema must stay
        self._found: list[SchemaProblem] = []
        self._code, self._last = 0, b""
        self._on_error, self._locator = _OnError(self._collect), _Locator(self._locate)
        # Where libxml2 writes its handlers, and writes again when it is unplugged.
        self._handlers, self._user = c_void_p(), c_void_p()
        self._context = self._plug = self._parser = 0
        try:
            self._context = self._made(library.xmlSchemaNewValidCtxt(validator.schema))
            self._plug = self._made(library.xmlSchemaSAXPlug(self._context, byref(self._handlers), byref(self._user)))
            self._parser = self._made(library.xmlCreatePushParserCtxt(self._handlers, self._user, None, 0, None))
        except BaseException:
            self._free()
            raise
        library.xmlCtxtUseOptions(self._parser, _HUGE)
        library.xmlSchemaSetValidStructuredErrors(self._context, self._on_error, None)
        library.xmlSchemaValidateSetLocator(self._context, ctypes.cast(self._locator, c_void_p), self._parser)

    @staticmethod
    def _made(address: int | None) -> int:
        if not address:
            raise MemoryError("libxml2 could not make what it validates with")
        return address

    def _collect(self, _context: int | None, error: ctypes._Pointer[_Error]) -> None:
        if len(self._found) < _MOST_PROBLEMS:
            self._found.append(_problem(error.contents))

    def _locate(self, parser: int, file: ctypes._Pointer[c_char_p], line: ctypes._Pointer[ctypes.c_ulong]) -> int:
        file[0], line[0] = None, max(0, self._library.xmlSAX2GetLineNumber(parser))
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._free()

    def _free(self) -> None:
        # libxml2 takes what was not made, a null address, and does nothing.
        self._library.xmlSchemaSAXUnplug(self._plug)
        self._library.xmlFreeParserCtxt(self._parser)
        self._library.xmlSchemaFreeValidCtxt(self._context)

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raises Terminal ECQS-4001 for one with ``<!`` in it, ECQS-4002 for one too large."""
        if has_declaration(self._last + piece[:1]) or has_declaration(piece):
            raise Terminal("ECQS-4001", "XML refused: it has a DOCTYPE, comment or CDATA section, which we never write")
        if len(piece) > _LARGEST:
            raise Terminal("ECQS-4002", f"XML refused: its size is above {_LARGEST} bytes", hint="make batches smaller")
        self._last = piece[-1:] or self._last
        self._parse(piece, end=False)

    def problems(self) -> tuple[SchemaProblem, ...]:
        """End the document and give what is wrong with it, the first hundred things; nothing when it is valid."""
        self._parse(None, end=True)
        if self._code == 0 and self._library.xmlSchemaIsValid(self._context) == 1:
            return ()
        return tuple(self._found) or (SchemaProblem(error_name(self._code)),)

    def _parse(self, piece: bytes | None, *, end: bool) -> None:
        # Errors of the parser itself go to a handler of the thread; without one libxml2 prints to stderr.
        self._library.xmlSetStructuredErrorFunc(None, ctypes.cast(self._on_error, c_void_p))
        try:
            code = self._library.xmlParseChunk(self._parser, piece, len(piece or b""), end)
        finally:
            self._library.xmlSetStructuredErrorFunc(None, None)
        self._code = self._code or int(code)


def has_declaration(document: bytes) -> bool:
    """Look for ``<!``: by the exclamation mark alone, which is rare and found many times faster than the pair."""
    at = document.find(b"!")
    for _ in range(_MARKS_LOOKED_AT):
        if at < 1:
            return False
        if document[at - 1] == _LESS_THAN:
            return True
        at = document.find(b"!", at + 1)
    return b"<!" in document


def _compile(library: ctypes.CDLL, schema: bytes) -> int:
    messages: list[str] = []

    def collect(_context: int | None, error: ctypes._Pointer[_Error]) -> None:
        messages.append((error.contents.message or b"").decode("utf-8", "replace").strip())

    on_error = _OnError(collect)
    held = ctypes.create_string_buffer(schema, len(schema))
    context = library.xmlSchemaNewMemParserCtxt(ctypes.cast(held, c_char_p), len(schema))
    if not context:
        raise MemoryError("libxml2 could not make a schema parser")
    try:
        library.xmlSchemaSetParserStructuredErrors(context, on_error, None)
        library.xmlSetStructuredErrorFunc(None, ctypes.cast(on_error, c_void_p))
        compiled = library.xmlSchemaParse(context)
    finally:
        library.xmlSetStructuredErrorFunc(None, None)
        library.xmlSchemaFreeParserCtxt(context)
    if not compiled:
        raise Misconfigured(
            "ECQS-4004", f"the XML schema does not compile: {messages[0] if messages else 'no reason given'}"
        )
    return int(compiled)


def _problem(error: _Error) -> SchemaProblem:
    """Keep the constraint's name, the element and the line; the message itself quotes the offending value."""
    kind = error_name(error.code)
    match = _ELEMENT.match(error.message or b"")
    name = match["name"].decode("ascii", "replace") if match else None
    return SchemaProblem(kind, name, line=error.line)
