"""The package: always the same bytes, digests that fit, a manifest that is valid and signed."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ecqs_gateway import __version__
from ecqs_gateway.deliver.package import Chain, SealedBatch, compress_batch, open_package, read_batch_xml, seal_batch
from ecqs_gateway.deliver.signing import Signer, Trust, algorithm
from ecqs_gateway.deliver.xml import assemble, record_texts
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.doors.xml import parse
from ecqs_gateway.doors.xml_schema import load_schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import BatchHeader

MANIFEST = load_schema(Path(__file__).parents[2] / "schemas" / "ecqs" / "1.0" / "manifest.xsd")


@pytest.fixture
def xml(header: BatchHeader, records: Callable[..., pl.DataFrame]) -> bytes:
    return assemble(header, record_texts(records(["甲", "乙"])))


@pytest.fixture
def sealed(header: BatchHeader, xml: bytes, signer: Signer) -> SealedBatch:
    return seal_batch(header, xml, records=2, signer=signer)


def test_the_members_lie_uncompressed_in_their_order(sealed: SealedBatch) -> None:
    with zipfile.ZipFile(io.BytesIO(sealed.data)) as archive:
        assert archive.namelist() == ["manifest.xml", "manifest.sig", "batch.xml.gz"]
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)


def test_sealing_twice_gives_the_same_bytes(
    header: BatchHeader, xml: bytes, signer: Signer, sealed: SealedBatch
) -> None:
    assert seal_batch(header, xml, records=2, signer=signer).data == sealed.data


def test_compressing_beforehand_gives_the_same_bytes(
    header: BatchHeader, xml: bytes, signer: Signer, sealed: SealedBatch
) -> None:
    assert seal_batch(header, compress_batch(xml, "sha-256"), records=2, signer=signer).data == sealed.data
    with pytest.raises(Terminal, match="ECQS-4021"):
        seal_batch(header, compress_batch(xml, "sm3"), records=2, signer=signer)


def test_the_manifest_is_valid_and_tells_the_truth(sealed: SealedBatch, xml: bytes) -> None:
    package = open_package(sealed.data)
    root = parse(package.manifest_xml)
    assert MANIFEST.check_tree(root) == ()
    with zipfile.ZipFile(io.BytesIO(sealed.data)) as archive:
        compressed = archive.read("batch.xml.gz")
    (part,) = root
    assert part.get("digest") == hashlib.sha256(compressed).hexdigest()
    assert (part.get("size"), part.get("inflated")) == (str(len(compressed)), str(len(xml)))
    assert gzip.decompress(compressed) == xml == read_batch_xml(sealed.data)
    assert (root.get("batch"), root.get("records"), root.get("engine")) == (sealed.id, "2", __version__)
    assert sealed.manifest_digest == hashlib.sha256(package.manifest_xml).hexdigest()
    assert sealed.name == "320000-certificate-00000001.zip"


def test_the_chain_stands_in_the_manifest(header: BatchHeader, xml: bytes, signer: Signer, sealed: SealedBatch) -> None:
    chain = Chain(previous=sealed.manifest_digest, evidence="e" * 64)
    root = parse(seal_batch(header, xml, records=2, signer=signer, chain=chain).manifest_xml)
    assert MANIFEST.check_tree(root) == ()
    assert (root.get("previous"), root.get("evidence")) == (sealed.manifest_digest, "e" * 64)
    assert root.get("evidence-entry") is None  # as packages of before there were numbers
    assert parse(sealed.manifest_xml).get("previous") is None


def test_an_anchor_names_the_entry_whose_hash_it_is(header: BatchHeader, xml: bytes, signer: Signer) -> None:
    chain = Chain(evidence="e" * 64, entry=41)
    root = parse(seal_batch(header, xml, records=2, signer=signer, chain=chain).manifest_xml)
    assert MANIFEST.check_tree(root) == ()
    assert (root.get("evidence"), root.get("evidence-entry")) == ("e" * 64, "41")


@pytest.mark.parametrize("name", ["ed25519", "sm2-sm3"])
def test_the_signature_is_over_the_manifest_as_it_lies_there(header: BatchHeader, xml: bytes, name: str) -> None:
    pair = algorithm(name).generate()
    sealed = seal_batch(header, xml, records=2, signer=algorithm(name).signer(pair.private))
    package = open_package(sealed.data)
    verified = Trust.of([(name, pair.public)]).verify(package.manifest_xml, package.signature)
    assert (verified.algorithm, verified.key_id) == (sealed.manifest.signature, sealed.manifest.key)
    assert sealed.manifest.parts[0].digest_algorithm == algorithm(name).digest


def test_parts_are_digested_with_sm3_under_sm2(header: BatchHeader, xml: bytes) -> None:
    sm2 = algorithm("sm2-sm3")
    sealed = seal_batch(header, xml, records=2, signer=sm2.signer(sm2.generate().private))
    with zipfile.ZipFile(io.BytesIO(sealed.data)) as archive:
        assert sealed.manifest.parts[0].digest == hashlib.new("sm3", archive.read("batch.xml.gz")).hexdigest()
    assert MANIFEST.check_tree(parse(sealed.manifest_xml)) == ()


def test_something_else_than_a_package_is_refused() -> None:
    with pytest.raises(Terminal, match=r"ECQS-4012.*manifest\.sig"):
        open_package(build_zip([("manifest.xml", b"<a/>")]))
