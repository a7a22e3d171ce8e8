"""Whether a text file is in the encoding its connector declares, and if not, which one it is probably in.

A file in another encoding is refused as a whole before a row is read, since every row of it would be wrong. A file
that is in the declared encoding but for a few damaged bytes is read: only the lines that hold them are set aside.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ecqs_gateway.errors import Misconfigured

__all__ = ["check_encoding", "codec_for"]

_CANDIDATES = ("utf-8", "gb18030", "big5")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FAMILIAR = "序号號产產品名称稱公司有限市省区區生日期合格不单單位企业業检檢验驗证證书書编編机機关關地址的一中国國"
_LINES_LOOKED_AT = 200
_COINCIDENCE = 4  # a few Chinese characters in GBK may happen to read as UTF-8; more than that do not


def codec_for(declared: str) -> str:
    """Give the codec to read with: a byte order mark in front of UTF-8 is no part of the first column's name."""
    name = codecs.lookup(declared).name
    return "utf-8-sig" if name == "utf-8" else name


@dataclass
class _Verdict:
    """How well one encoding reads a file."""

    encoding: str
    bad_lines: int = 0
    foreign_lines: int = 0
    """Lines with characters beyond ASCII that could be read."""
    familiar: int = 0
    """Characters that such files are full of; tells GB18030 from Big5, each of which reads the other's text."""
    first: tuple[int, int] = (0, 0)
    """Byte offset (from 0) and line (from 1) of the first byte that could not be read."""


def check_encoding(pieces: Callable[[], Iterable[bytes]], declared: str, place: str) -> None:
    """Read a file through, more than once if need be; raises Misconfigured ECQS-2022 when the encoding is wrong.

    The error names the place, the first bad byte with its line, and the likely encoding.
    """
    own = codecs.lookup(declared).name.removesuffix("-sig")
    head = next(iter(pieces()), b"")[:4]
    mark = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if mark is not None and not own.startswith(mark):
        raise _wrong(place, own, _Verdict(own, 1, first=(0, 1)), mark)
    if own.startswith(("utf-16", "utf-32")):
        _check_wide(pieces(), own, place)
        return
    verdict = _judge(pieces(), own)
    if verdict.bad_lines:
        tries = [_judge(pieces(), name) for name in _CANDIDATES if name != own]
        best = min(tries, key=lambda each: (each.bad_lines, -each.familiar))
        if best.bad_lines * 10 < verdict.bad_lines:
            raise _wrong(place, own, verdict, best.encoding)
    elif own != "utf-8" and verdict.foreign_lines:
        # GB18030 reads almost anything: UTF-8 read as GB18030 is wrong text, not an error.
        utf8 = _judge(pieces(), "utf-8")
        if not utf8.bad_lines and utf8.foreign_lines >= _COINCIDENCE:
            raise _wrong(place, own, None, "utf-8")


def _judge(pieces: Iterable[bytes], encoding: str) -> _Verdict:
    verdict = _Verdict(encoding)
    offset = 0
    for number, line in enumerate(_lines(pieces), start=1):
        if not line.isascii():
            try:
                text = line.decode(encoding)
                verdict.foreign_lines += 1
                if verdict.foreign_lines <= _LINES_LOOKED_AT:
                    verdict.familiar += sum(map(text.count, _FAMILIAR))
            except UnicodeDecodeError as error:
                if not verdict.bad_lines:
                    verdict.first = (offset + error.start, number)
                verdict.bad_lines += 1
        offset += len(line) + 1
    return verdict


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _check_wide(pieces: Iterable[bytes], encoding: str, place: str) -> None:
    """Check an encoding of wide characters, whose lines cannot be told apart before decoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    try:
        for piece in pieces:
            decoder.decode(piece)
            offset += len(piece)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        first = offset + getattr(error, "start", 0)
        raise _wrong(place, encoding, _Verdict(encoding, 1, first=(first, 0)), "utf-8 or gb18030") from None


def _wrong(place: str, declared: str, verdict: _Verdict | None, likely: str) -> Misconfigured:
    where = ""
    if verdict is not None:
        offset, line = verdict.first
        where = f": byte {offset} of the file{f' (line {line})' if line else ''} cannot be read as {declared}"
    return Misconfigured(
        "ECQS-2022",
        f"the file is not in the declared encoding{where}",
        where=place,
        hint=f"it looks like {likely}: if that is right, set encoding: {likely} in the connector",
    )
