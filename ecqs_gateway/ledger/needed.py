"""Which files of the stage a ledger names, and which of them a run still needs. For backups, and for the doctor.

Reads any released schema: a backup is made before an upgrade, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, content_bundle, dead_letter, extraction, lane, receipt
from ecqs_gateway.ledger.tables_report import report_message

__all__ = ["Named", "is_content", "named_files"]


@dataclass(frozen=True)
class Named:
    """A file of the stage that a row names; ``needed`` when an unfinished piece of work cannot go on without it."""

    name: str
    digest: str
    """Of the bytes on disk; of a receipt that is sealed, of what is inside (see ``is_content``)."""
    size: int | None
    """None where the row does not say."""
    why: str
    """What it belongs to, such as ``batch 320000-certificate-00000001``."""
    lane: str
    """``320000/certificate``; empty for what belongs to no lane."""
    needed: bool


def is_content(path: Path, named: Named, vault: Vault) -> bool:
    """Say whether a file whose own digest is another is a sealed one whose content is what the row names.

    One that is sealed with a key that is not here cannot be looked into, and is believed.
    """
    data = path.read_bytes()
    if vault.key_of(data) is None:
        return False
    try:
        return hashlib.sha256(vault.open(data, named.name)).hexdigest() == named.digest
    except Terminal as error:
        return error.code == "ECQS-3042"


def named_files(connection: sa.Connection, *, needed_only: bool = False) -> Iterator[Named]:
    """Walk the files the ledger names and has not pruned: extractions, packages, receipts, content bundles."""
    yield from _extractions(connection, needed_only=needed_only)
    yield from _packages(connection, needed_only=needed_only)
    if sa.inspect(connection).has_table(report_message.name):
        yield from _reports(connection, needed_only=needed_only)
    if needed_only:
        return
    for found in connection.execute(sa.select(receipt.c.file, receipt.c.digest, receipt.c.name, receipt.c.unit)):
        yield Named(found.file, bytes(found.digest).hex(), None, f"receipt {found.name}", found.unit, needed=False)
    if sa.inspect(connection).has_table(content_bundle.name):
        for found in connection.execute(sa.select(content_bundle)):
            why = f"content bundle {found.digest[:19]}"
            yield Named(found.file, bytes(found.file_digest).hex(), found.size, why, "", needed=False)


_LANE = (lane.c.unit, lane.c.kind)
_UNSETTLED = ("sealed", "sent", "received", "validated")


def _extractions(connection: sa.Connection, *, needed_only: bool) -> Iterator[Named]:
    letters = sa.select(dead_letter.c.extraction_id).where(
        dead_letter.c.state == "open", dead_letter.c.extraction_id.is_not(None)
    )
    needed = sa.or_(extraction.c.state == "stored", extraction.c.id.in_(letters))
    wanted = sa.select(extraction.c.id, extraction.c.files, *_LANE, needed.label("needed"))
    wanted = wanted.join(lane, lane.c.id == extraction.c.lane_id).order_by(extraction.c.id)
    wanted = _unpruned(connection, wanted, extraction)
    for found in connection.execute(wanted.where(needed) if needed_only else wanted):
        why, place = f"extraction {found.id}", f"{found.unit}/{found.kind}"
        for file in StagedFile.many_from_json(found.files).values():
            yield Named(file.name, file.digest, file.size, why, place, bool(found.needed))


def _packages(connection: sa.Connection, *, needed_only: bool) -> Iterator[Named]:
    columns = (batch.c.id, batch.c.package, batch.c.package_digest, batch.c.package_size, batch.c.state)
    wanted = sa.select(*columns, *_LANE).join(lane, lane.c.id == batch.c.lane_id).order_by(batch.c.id)
    wanted = _unpruned(connection, wanted, batch)
    for found in connection.execute(wanted.where(batch.c.state.in_(_UNSETTLED)) if needed_only else wanted):
        digest, place = bytes(found.package_digest).hex(), f"{found.unit}/{found.kind}"
        needed = found.state in _UNSETTLED
        yield Named(found.package, digest, found.package_size, f"batch {found.id}", place, needed)


def _reports(connection: sa.Connection, *, needed_only: bool) -> Iterator[Named]:
    """Walk the reports sent to headquarters and their receipts."""
    for found in connection.execute(sa.select(report_message).order_by(report_message.c.id)):
        digest, needed, why = bytes(found.package_digest).hex(), found.state in _UNSETTLED[:2], f"report {found.id}"
        if needed or not needed_only:
            yield Named(found.package, digest, found.package_size, why, found.unit, needed)
        if found.receipt is not None and not needed_only:
            yield Named(
                found.receipt, bytes(found.receipt_digest).hex(), None, f"receipt of {why}", found.unit, needed=False
            )


def _unpruned(connection: sa.Connection, wanted: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """Leave out what was removed under the retention, where the schema knows of that."""
    if "pruned_at" not in {column["name"] for column in sa.inspect(connection).get_columns(table.name)}:
        return wanted
    return wanted.where(table.c.pruned_at.is_(None))
