"""Reading the ledger for a proof: what is kept of the batches that carried a record, and the chain as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway.doors import xml
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import batch, extraction, receipt

__all__ = ["KeptBatch", "KeptReceipt", "chain", "kept_batches", "own_anchors", "pruned_extractions"]


@dataclass(frozen=True)
class KeptReceipt:
    """An accepted receipt: what it is, and the stage file with its exact bytes."""

    level: str
    receipt_id: str
    number: int
    file: str
    digest: str


@dataclass(frozen=True)
class KeptBatch:
    """A batch as the ledger keeps it; the manifest's bytes lie in the ledger itself."""

    id: str
    state: str
    manifest: bytes
    package: str
    package_digest: str
    bundle: str
    engine: str
    pruned_at: str | None
    receipts: tuple[KeptReceipt, ...]


def kept_batches(database: Database, ids: Iterable[str]) -> dict[str, KeptBatch]:
    """Give batches by id, each with its accepted receipts in the order they were issued."""
    wanted = sorted(set(ids))
    accepted = (
        sa.select(receipt)
        .where(receipt.c.batch_id.in_(wanted), receipt.c.verdict == "accepted")
        .order_by(receipt.c.number, receipt.c.id)
    )
    with database.read() as connection:
        batches = connection.execute(sa.select(batch).where(batch.c.id.in_(wanted)).order_by(batch.c.id)).all()
        receipts = connection.execute(accepted).all()
    return {
        b.id: KeptBatch(
            id=b.id,
            state=b.state,
            manifest=bytes(b.manifest),
            package=b.package,
            package_digest=bytes(b.package_digest).hex(),
            bundle=b.bundle,
            engine=b.engine,
            pruned_at=b.pruned_at,
            receipts=tuple(
                KeptReceipt(r.level, r.receipt_id or "", r.number or 0, r.file, bytes(r.digest).hex())
                for r in receipts
                if r.batch_id == b.id
            ),
        )
        for b in batches
    }


def pruned_extractions(database: Database, numbers: Iterable[int]) -> dict[int, str]:
    """Give when the files of these extractions were pruned; those that are still there are not named."""
    wanted = sa.select(extraction.c.id, extraction.c.pruned_at).where(
        extraction.c.id.in_(sorted(set(numbers))), extraction.c.pruned_at.is_not(None)
    )
    with database.read() as connection:
        return {int(found.id): found.pruned_at for found in connection.execute(wanted)}


def chain(database: Database) -> tuple[bytes, evidence.Entry | None]:
    """Give the whole chain as JSON lines, and its last entry (None for an empty chain)."""
    lines: list[str] = []
    last = None
    with database.read() as connection:
        for entry in evidence.entries(connection):
            lines.append(evidence.line(entry))
            last = entry
    return "".join(f"{line}\n" for line in lines).encode(), last


def own_anchors(database: Database) -> list[evidence.Anchor]:
    """Give what the manifests in the ledger themselves say of the chain; those without an entry number are left out."""
    wanted = sa.select(batch.c.id, batch.c.manifest, batch.c.manifest_digest).order_by(batch.c.id)
    found = []
    with database.read() as connection, connection.execute(wanted.execution_options(yield_per=100)) as rows:
        for row in rows:
            said = xml.parse(bytes(row.manifest), where="manifest.xml").attrib
            if "evidence-entry" in said:
                digest = bytes(row.manifest_digest).hex()
                found.append(evidence.Anchor(row.id, digest, int(said["evidence-entry"]), str(said["evidence"])))
    return found
