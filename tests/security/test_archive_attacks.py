"""Hostile archives: refused before they grow, and never two answers to what is in one."""

from __future__ import annotations

import io
import stat
import struct
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors.archive import build_zip, gunzip, read_zip
from ecqs_gateway.errors import Terminal

ALLOWED = ("receipt.xml", "receipt.sig")


def written(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


def info(name: str, mode: int = 0o100644, **values: Any) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    for key, value in values.items():
        setattr(entry, key, value)
    return entry


GOOD = written(("receipt.xml", b"<a/>"))


def patched(offset: int, data: bytes, base: bytes = GOOD) -> bytes:
    return base[:offset] + data + base[offset + len(data) :]


CENTRAL, END = GOOD.index(b"PK\x01\x02"), GOOD.index(b"PK\x05\x06")


def both_headers(local: int, central: int, data: bytes) -> bytes:
    return patched(CENTRAL + central, data, patched(local, data))


def many_entries(count: int, told: int | None = None) -> bytes:
    archive = written(*[(f"f{index}", b"") for index in range(count)])
    if told is None:
        return archive
    return archive[:-14] + struct.pack("<HH", told, told) + archive[-10:]


def overlapping() -> bytes:
    """A quoted overlap: two directory entries that point to one local header (as in Fifield's bomb)."""
    one = written(("receipt.xml", b"x" * 1000))
    directory = one.index(b"PK\x01\x02")
    entry = one[directory : one.index(b"PK\x05\x06")]
    other = entry.replace(b"receipt.xml", b"receipt.sig")
    body = one[:directory] + entry + other
    return body + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(entry) * 2, directory, 0)


def zip64() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, archive.open("receipt.xml", "w", force_zip64=True) as member:
        member.write(b"<a/>")
    made = target.getvalue()
    end = made.index(b"PK\x05\x06")
    return made[: end + 8] + b"\xff\xff\xff\xff" + made[end + 12 :]


def gap() -> bytes:
    """Thirty bytes between the last member and the directory that belong to neither."""
    directory = struct.pack("<L", CENTRAL + 30)
    return GOOD[:CENTRAL] + b"\0" * 30 + GOOD[CENTRAL : END + 16] + directory + GOOD[END + 20 :]


def renamed(name: bytes) -> bytes:
    """An archive whose one member has a name that is no text, or that ends early."""
    return written(("x" * len(name), b"")).replace(b"x" * len(name), name)


LINK = info("receipt.xml", stat.S_IFLNK | 0o777)
ATTACKS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "ECQS-4011"),
    "an end record that is cut off": (GOOD[END:-3], "ECQS-4011"),
    "no archive": (b"<receipt/>" * 10, "ECQS-4011"),
    "an empty archive with bytes before it": (b"x" + written(), "ECQS-4011"),
    "bytes before": (b"MZ" * 10 + GOOD, "ECQS-4011"),
    "bytes behind": (GOOD + b"x", "ECQS-4011"),
    "a comment": (written(("receipt.xml", b"<a/>"), comment=b"hello"), "ECQS-4011"),
    "an archive in the comment": (written(("receipt.xml", b"<a/>"), comment=GOOD), "ECQS-4011"),
    "cut off": (GOOD[:-5], "ECQS-4011"),
    "cut off in the middle": (GOOD[:20], "ECQS-4011"),
    "several volumes": (patched(END + 4, b"\1"), "ECQS-4011"),
    "zip64": (zip64(), "ECQS-4011"),
    "overlapping members": (overlapping(), "ECQS-4011"),
    "a gap between members": (gap(), "ECQS-4011"),
    "names that differ": (patched(30, b"receipt.sig"), "ECQS-4011"),
    "sizes that differ": (patched(18, struct.pack("<L", 3)), "ECQS-4011"),
    "methods that differ": (patched(8, b"\0\0"), "ECQS-4011"),
    "checksums that differ": (patched(14, b"\0\0\0\0"), "ECQS-4011"),
    "a wrong checksum": (both_headers(14, 16, b"\0\0\0\0"), "ECQS-4011"),
    "damaged data": (patched(42, b"\xff\xff"), "ECQS-4011"),
    "more members than sixteen": (many_entries(17), "ECQS-4013"),
    "members untold": (many_entries(17, told=1), "ECQS-4011"),
    "many members untold": (many_entries(60_000, told=1), "ECQS-4011"),
    "a thousand members": (many_entries(1000), "ECQS-4013"),
    "another name": (written(("other.xml", b"")), "ECQS-4012"),
    "a path": (written(("../receipt.xml", b"")), "ECQS-4012"),
    "an absolute path": (written(("/receipt.xml", b"")), "ECQS-4012"),
    "a backslash": (written(("a\\receipt.xml", b"")), "ECQS-4012"),
    "a folder": (written(("receipt.xml/", b"")), "ECQS-4012"),
    "upper case": (written(("Receipt.xml", b"")), "ECQS-4012"),
    "a name with nul": (GOOD.replace(b"receipt.xml", b"receipt\0xml"), "ECQS-4012"),
    "a name behind a nul": (renamed(b"receipt.xml\0.exe"), "ECQS-4012"),
    "a chinese name in gbk": (renamed("回执回执.xml".encode("gbk")), "ECQS-4012"),
    "a name twice": (written(("receipt.xml", b"1"), ("receipt.sig", b"2")).replace(b".sig", b".xml"), "ECQS-4012"),
    "a link": (written((LINK, b"/etc/passwd")), "ECQS-4012"),
    "a device": (written((info("receipt.xml", stat.S_IFCHR | 0o644), b"")), "ECQS-4012"),
    "a pipe": (written((info("receipt.xml", stat.S_IFIFO | 0o644), b"")), "ECQS-4012"),
    "encrypted": (both_headers(6, 8, b"\1"), "ECQS-4012"),
    "bzip2": (written(("receipt.xml", b"x" * 100), method=zipfile.ZIP_BZIP2), "ECQS-4012"),
    "lzma": (written(("receipt.xml", b"x" * 100), method=zipfile.ZIP_LZMA), "ECQS-4012"),
    "an unknown method": (both_headers(8, 10, b"\x63\0"), "ECQS-4012"),
    "an archive inside": (written(("receipt.xml", GOOD)), "ECQS-4012"),
    "an empty archive inside": (written(("receipt.xml", written())), "ECQS-4012"),
    "a bomb": (written(("receipt.xml", b"\0" * 50_000_000)), "ECQS-4013"),
    "two bombs": (written(("receipt.xml", b"\0" * 20_000_000), ("receipt.sig", b"\0" * 20_000_000)), "ECQS-4013"),
    "a ratio above a hundred": (written(("receipt.xml", b"ab" * 100_000)), "ECQS-4013"),
}


def lying() -> bytes:
    """A bomb whose headers claim four bytes."""
    bomb = written(("receipt.xml", b"\0" * 50_000_000))
    central = bomb.index(b"PK\x01\x02")
    told = patched(22, struct.pack("<L", 4), bomb)
    return patched(central + 24, struct.pack("<L", 4), told)


ATTACKS["a bomb that claims to be small"] = (lying(), "ECQS-4011")


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 30


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_archive_is_refused_before_it_grows(name: str) -> None:
    data, code = ATTACKS[name]
    tracemalloc.start()
    try:
        with pytest.raises(Terminal) as error:
            read_zip(data, ALLOWED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.value.code == code
    assert peak < len(data) * 110 + 3_000_000


def test_a_good_archive_passes_the_same_door() -> None:
    assert read_zip(GOOD, ALLOWED) == {"receipt.xml": b"<a/>"}


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_archive_is_refused_or_the_same(data: st.DataObject) -> None:
    good = build_zip([("receipt.xml", b"<receipt>12345</receipt>"), ("receipt.sig", b"{}")])
    place = data.draw(st.integers(0, len(good) - 1))
    damaged = good[:place] + bytes([data.draw(st.integers(0, 255))]) + good[place + 1 :]
    try:
        found = read_zip(damaged, ALLOWED)
    except Terminal:
        return
    assert found == read_zip(good, ALLOWED)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_anything_but_our_own_error(data: bytes) -> None:
    for read in (lambda: read_zip(data + GOOD[-22:], ALLOWED), lambda: gunzip(b"\x1f\x8b" + data)):
        _refuses(read)


def _refuses(read: Callable[[], object]) -> None:
    try:
        read()
    except Terminal:
        return


def test_a_gzip_bomb_is_refused_before_it_grows() -> None:
    bomb = zlib.compress(b"\0" * 100_000_000, 9, wbits=31)
    tracemalloc.start()
    try:
        with pytest.raises(Terminal, match="ECQS-4013"):
            gunzip(bomb)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_reading_writes_nothing_anywhere() -> None:
    opened: list[Any] = []
    listening = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event in ("open", "os.mkdir", "os.rename", "os.symlink", "os.link"):
            opened.append((event, arguments))

    sys.addaudithook(hook)
    for data, _ in ATTACKS.values():
        _refuses(lambda data=data: read_zip(data, ALLOWED))
    read_zip(GOOD, ALLOWED)
    listening = False
    assert opened == []
