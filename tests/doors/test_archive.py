"""The archive door: the same bytes out, and only what was agreed in."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors import archive
from ecqs_gateway.doors.archive import ArchiveLimits, Gzip, build_zip, gunzip, read_zip
from ecqs_gateway.errors import Terminal

MEMBERS = st.lists(
    st.tuples(st.sampled_from(["a.xml", "b.sig", "c.gz"]), st.binary(max_size=200)), unique_by=lambda m: m[0]
)


@given(MEMBERS)
@settings(deadline=None)
def test_what_is_built_reads_back_and_is_always_the_same(members: list[tuple[str, bytes]]) -> None:
    built = build_zip(members)
    assert build_zip(members) == built
    if not any(data.startswith(b"PK") for _, data in members):
        assert read_zip(built, ["a.xml", "b.sig", "c.gz"]) == dict(members)


def test_the_standard_library_reads_what_we_build() -> None:
    with zipfile.ZipFile(io.BytesIO(build_zip([("a.xml", b"x"), ("b", b"")]))) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["a.xml", "b"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("seekable", [True, False], ids=["sizes first", "sizes behind"])
def test_what_other_programs_write_is_read(method: int, *, seekable: bool) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return seekable

        def tell(self) -> int:
            if not seekable:
                raise OSError
            return super().tell()

    target = Stream()
    with zipfile.ZipFile(target, "w", method) as opened:
        opened.writestr("receipt.xml", b"<a/>" * 10)
        opened.writestr("receipt.sig", b"{}")
    found = read_zip(target.getvalue(), ["receipt.xml", "receipt.sig"])
    assert found == {"receipt.xml": b"<a/>" * 10, "receipt.sig": b"{}"}


def gzip_bytes(data: bytes) -> bytes:
    member = Gzip()
    member.feed(data)
    return member.data()


@given(st.binary(max_size=5000))
@settings(deadline=None)
def test_gzip_reads_back_everywhere(data: bytes) -> None:
    packed = gzip_bytes(data)
    assert gzip_bytes(data) == packed
    assert gunzip(packed) == gzip.decompress(packed) == data


def test_gzip_holds_neither_time_nor_name() -> None:
    packed = gzip_bytes(b"x")
    assert packed[3] == 0
    assert packed[4:8] == b"\0\0\0\0"


def test_gzip_works_without_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "isal_zlib", None)
    assert gunzip(gzip_bytes(b"abc" * 1000)) == b"abc" * 1000


@pytest.mark.parametrize("cut", [0, 1, 9, 17, -9, -1])
def test_gzip_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(Terminal, match="ECQS-4014"):
        gunzip(gzip_bytes(b"abc" * 100)[:cut])


@pytest.mark.parametrize("more", [b"\0", b"x", gzip_bytes(b"second")])
def test_gzip_with_something_behind_it_is_refused(more: bytes) -> None:
    with pytest.raises(Terminal, match="ECQS-4014"):
        gunzip(gzip_bytes(b"first") + more)
    with pytest.raises(Terminal, match="ECQS-4014"):
        gunzip(gzip.compress(b"\0" * 0 + bytes(range(256)) * 256, 0) + more)


def test_gzip_with_a_wrong_checksum_is_refused() -> None:
    packed = bytearray(gzip_bytes(b"abc"))
    packed[-5] ^= 1
    with pytest.raises(Terminal, match="ECQS-4014"):
        gunzip(bytes(packed))


def test_gzip_stops_at_the_limit() -> None:
    with pytest.raises(Terminal, match="ECQS-4013"):
        gunzip(gzip_bytes(bytes(range(256)) * 40), limits=ArchiveLimits(inflated=5000))
    with pytest.raises(Terminal, match="ECQS-4013"):
        gunzip(zlib.compress(b"\0" * 1_000_000, 9, wbits=31))
