"""The one file on the wire: manifest, signature over the manifest, compressed batch.

Sealing is done once per batch; what it gives is stored before the first attempt to send and never made again, so a
resend is the same bytes under the same id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from ecqs_gateway import __version__
from ecqs_gateway.deliver.signing import Signer, algorithm, digest, seal
from ecqs_gateway.deliver.xml import attribute, moment
from ecqs_gateway.doors import xml
from ecqs_gateway.doors.archive import Gzip, build_zip, gunzip, read_zip
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import (
    BATCH_FILE,
    MANIFEST_FILE,
    NAMESPACE,
    PACKAGE_SUFFIX,
    SIGNATURE_FILE,
    BatchHeader,
    Manifest,
    PackagePart,
)

__all__ = [
    "Chain",
    "Compressed",
    "Compressing",
    "Package",
    "SealedBatch",
    "compress_batch",
    "manifest_xml",
    "open_package",
    "package_name",
    "read_batch_xml",
    "seal_anew",
    "seal_batch",
    "signing_key",
]


@dataclass(frozen=True)
class SealedBatch:
    """A package ready for the outbox, and the facts that its receipts are checked against."""

    manifest: Manifest
    manifest_xml: bytes = field(repr=False)
    data: bytes = field(repr=False)
    """The package's exact bytes."""

    @property
    def id(self) -> str:
        """Give the batch id."""
        return self.manifest.header.id

    @property
    def name(self) -> str:
        """Give the package's file name at headquarters."""
        return package_name(self.id)

    @property
    def records(self) -> int:
        """Count the records."""
        return self.manifest.records

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the package, lowercase hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def manifest_digest(self) -> str:
        """Give the SHA-256 of ``manifest.xml``, lowercase hex: what receipts and the next manifest point back to."""
        return hashlib.sha256(self.manifest_xml).hexdigest()


def package_name(batch_id: str) -> str:
    """Give the file name of a batch's package."""
    return f"{batch_id}{PACKAGE_SUFFIX}"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What a manifest points back to: the lane's previous manifest and the gateway's evidence chain (SHA-256, hex).

    ``entry`` is the number of the chain's entry whose hash ``evidence`` is.
    """

    previous: str | None = None
    evidence: str | None = None
    entry: int | None = None


@dataclass(frozen=True)
class Compressed:
    """A batch as it will lie in its package, and the facts the manifest states about it."""

    part: PackagePart
    data: bytes = field(repr=False)


class Compressing:
    """Compresses and digests a batch as it comes: the part of sealing that may run in threads, for it has no order."""

    def __init__(self, digest_algorithm: str) -> None:
        """Begin; ``digest_algorithm`` is that of the signature to come: ``algorithm(signer.algorithm).digest``."""
        self._digest_algorithm = digest_algorithm
        self._member = Gzip()

    def feed(self, piece: bytes) -> None:
        """Take the next piece of ``batch.xml``."""
        self._member.feed(piece)

    def done(self) -> Compressed:
        """End the batch."""
        data = self._member.data()
        digested = digest(self._digest_algorithm, data)
        inflated = self._member.inflated
        part = PackagePart(BATCH_FILE, "application/gzip", self._digest_algorithm, digested, len(data), inflated)
        return Compressed(part, data)


def compress_batch(batch_xml: bytes, digest_algorithm: str) -> Compressed:
    """Compress and digest a batch that is there whole, as ``Compressing`` does."""
    batch = Compressing(digest_algorithm)
    batch.feed(batch_xml)
    return batch.done()


def seal_batch(
    header: BatchHeader, batch: bytes | Compressed, *, records: int, signer: Signer, chain: Chain | None = None
) -> SealedBatch:
    """Describe, sign and pack a batch whose XML is valid, given as ``batch.xml`` or compressed already.

    Raises Terminal ECQS-4021 when it was digested with another algorithm than goes with the signature.
    """
    chain = chain or Chain()
    wanted = algorithm(signer.algorithm).digest
    compressed = compress_batch(batch, wanted) if isinstance(batch, bytes) else batch
    if compressed.part.digest_algorithm != wanted:
        raise Terminal("ECQS-4021", f"parts signed with {signer.algorithm} are digested with {wanted}", where=header.id)
    manifest = Manifest(
        header=header,
        engine=__version__,
        records=records,
        signature=signer.algorithm,
        key=signer.key_id,
        parts=(compressed.part,),
        previous=chain.previous,
        evidence=chain.evidence,
        evidence_entry=chain.entry,
    )
    written = manifest_xml(manifest)
    members = [(MANIFEST_FILE, written), (SIGNATURE_FILE, seal(written, signer)), (BATCH_FILE, compressed.data)]
    return SealedBatch(manifest, written, build_zip(members))


def seal_anew(data: bytes, *, signer: Signer, chain: Chain) -> SealedBatch:
    """Sign a sealed batch with another key: id, records and batch bytes stay, manifest and signature are new.

    Only for a batch headquarters has never taken, because the key it was signed with was replaced.
    """
    members = read_zip(data, (MANIFEST_FILE, SIGNATURE_FILE, BATCH_FILE))
    facts = {str(name): str(value) for name, value in xml.parse(members[MANIFEST_FILE]).attrib.items()}
    header = BatchHeader(
        *(facts["batch"], facts["unit"], facts["kind"], int(facts["sequence"])),
        created=datetime.fromisoformat(facts["created"]),
        content=facts["content"],
        schema=facts["schema"],
    )
    compressed = compress_batch(gunzip(members[BATCH_FILE]), algorithm(signer.algorithm).digest)
    return seal_batch(header, compressed, records=int(facts["records"]), signer=signer, chain=chain)


def signing_key(data: bytes) -> str:
    """Give the id of the key a package of ours was signed with."""
    members = read_zip(data, (MANIFEST_FILE, SIGNATURE_FILE, BATCH_FILE))
    return str(xml.parse(members[MANIFEST_FILE]).get("key"))


def manifest_xml(manifest: Manifest) -> bytes:
    """Write a manifest; what is None is left out."""
    header = manifest.header
    facts = {
        "batch": header.id,
        "unit": header.unit,
        "kind": header.kind,
        "sequence": header.sequence,
        "created": moment(header.created),
        "schema": header.schema,
        "content": header.content,
        "engine": manifest.engine,
        "records": manifest.records,
        "signature": manifest.signature,
        "key": manifest.key,
        "previous": manifest.previous,
        "evidence": manifest.evidence,
        "evidence-entry": manifest.evidence_entry,
    }
    parts = "".join(f"<part{_attributes(_part_facts(part))}></part>" for part in manifest.parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{NAMESPACE}"{_attributes(facts)}>{parts}</manifest>'
    ).encode()


def _part_facts(part: PackagePart) -> dict[str, object]:
    return {
        "name": part.name,
        "media": part.media,
        "digest-algorithm": part.digest_algorithm,
        "digest": part.digest,
        "size": part.size,
        "inflated": part.inflated,
    }


def _attributes(facts: dict[str, object]) -> str:
    return "".join(f' {name}="{attribute(str(value))}"' for name, value in facts.items() if value is not None)


@dataclass(frozen=True)
class Package:
    """The members of a package, the batch inflated."""

    manifest_xml: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    batch_xml: bytes = field(repr=False)


def open_package(data: bytes) -> Package:
    """Take a package of ours apart again, for whoever wants to see what was sent; raises Terminal ECQS-401x."""
    names = (MANIFEST_FILE, SIGNATURE_FILE, BATCH_FILE)
    members = read_zip(data, names)
    missing = [name for name in names if name not in members]
    if missing:
        raise Terminal("ECQS-4012", f"the package has no {missing[0]}", hint="it is not a package of this gateway")
    return Package(members[MANIFEST_FILE], members[SIGNATURE_FILE], gunzip(members[BATCH_FILE]))


def read_batch_xml(data: bytes) -> bytes:
    """Give ``batch.xml`` out of a package of ours; raises Terminal ECQS-401x."""
    return open_package(data).batch_xml
