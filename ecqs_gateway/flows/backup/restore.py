"""Reading a backup back: verified first, over nothing that lives, and every lane held.

What happened between the backup and now is not in it: batches may have been sealed and sent. A number headquarters
has seen must not be used for other content, so no lane seals or sends before ``headquarters.reconcile`` has asked.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.files import copy_atomic, sync_folder
from ecqs_gateway.errors import Conflict, Misconfigured
from ecqs_gateway.flows.backup import postgresql
from ecqs_gateway.flows.backup.manifest import Manifest, Member, sha256_of
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.lanes import RESTORED
from ecqs_gateway.ledger.needed import named_files
from ecqs_gateway.ledger.tables import lane, run
from ecqs_gateway.settings import Settings

__all__ = ["Restored", "restore", "verify"]

Lanes = Sequence[tuple[str, str]]
"""(unit, kind) pairs."""


@dataclass(frozen=True)
class Restored:
    """What was restored, and the lanes that are held now."""

    manifest: Manifest
    ledger: str
    files: int
    held: tuple[tuple[str, str, int], ...]
    """Unit, kind and the next sequence as the backup knew it."""


def verify(folder: Path) -> Manifest:
    """Read every byte of a backup back and compare; check ledger and evidence chain of the copy.

    Raises Misconfigured ECQS-6030 for a folder without a backup, Conflict ECQS-6036 naming what differs, ECQS-3020
    where the chain does not hold.
    """
    manifest = Manifest.read(folder)
    wrong = [text for member in _all(manifest) if (text := _difference(folder, member)) is not None]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise Conflict(
            "ECQS-6036",
            f"the backup is not what its manifest says: {'; '.join(wrong[:3])}{more}",
            where=str(folder),
            hint="use another copy of it; nothing was restored",
        )
    if manifest.dialect == "postgresql":
        postgresql.verify(folder / manifest.ledger.name)
    else:
        with tempfile.TemporaryDirectory(prefix="ecqs-verify-") as temporary:
            copy = Path(temporary) / "ledger.db"
            shutil.copyfile(folder / manifest.ledger.name, copy)
            _verify_ledger(copy, manifest, folder)
    return manifest


def _all(manifest: Manifest) -> Iterator[Member]:
    yield manifest.ledger
    yield from manifest.members.values()


def _difference(folder: Path, member: Member) -> str | None:
    try:
        digest, size = sha256_of(folder / member.name)
    except OSError as error:
        return f"{member.name} cannot be read ({error.strerror or type(error).__name__})"
    return None if (digest, size) == (member.digest, member.size) else f"{member.name} has other bytes"


def _verify_ledger(copy: Path, manifest: Manifest, folder: Path) -> None:
    with closing(sqlite3.connect(copy)) as db:
        try:
            sound = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            sound = False
    if not sound:
        hint = "use another copy of the backup; nothing was restored"
        raise Conflict("ECQS-6036", "the ledger in the backup is damaged", where=str(folder), hint=hint)
    with _opened(sa.URL.create("sqlite", database=str(copy))) as database, database.read() as connection:
        _verify_chain(connection, manifest)
        _verify_complete(connection, manifest, folder)


def _verify_chain(connection: sa.Connection, manifest: Manifest) -> None:
    count = evidence.verify(connection)
    if (count, evidence.head(connection)[1].hex()) != (manifest.chain_entries, manifest.chain_head):
        hint = "use another copy of the backup; nothing was restored"
        raise Conflict("ECQS-6036", "the evidence chain ends elsewhere than the manifest says", hint=hint)


def _verify_complete(connection: sa.Connection, manifest: Manifest, folder: Path) -> None:
    known = set(manifest.members) | {f"stage/{text.partition(': ')[0]}" for text in manifest.missing}
    absent = [named.name for named in named_files(connection) if f"stage/{named.name}" not in known]
    # Files that were pruned between the copy of the ledger and that of the stage are not needed by anything.
    needed = {named.name for named in named_files(connection, needed_only=True)}
    if lost := [name for name in absent if name in needed]:
        hint = "use another copy of the backup; nothing was restored"
        raise Conflict("ECQS-6036", f"{len(lost)} files of the stage are not in it", where=str(folder), hint=hint)


def restore(folder: Path, settings: Settings, *, lanes: Lanes = (), clock: Clock = now) -> Restored:
    """Restore a backup to where these settings say: ledger, stage and, if it holds them, keys.

    ``lanes`` are those the content knows: they are held too, for the lost ledger may have sent for them. Raises what
    ``verify`` raises; Misconfigured ECQS-6037 where a ledger lives already, ECQS-6038 where the settings want another
    kind of database.
    """
    manifest = verify(folder)
    url = sa.make_url(settings.ledger_url)
    _require_free(url, manifest)
    for member in manifest.members.values():
        kind, _, name = member.name.partition("/")
        _bring(folder / member.name, (settings.keys if kind == "keys" else settings.stage) / name, member)
    if url.get_backend_name() == "sqlite":
        held = _restore_sqlite(folder, Path(url.database or ""), manifest, lanes, clock)
    else:
        held = _restore_postgresql(folder, url, manifest, lanes, clock)
    return Restored(manifest, url.render_as_string(hide_password=True), len(manifest.members), held)


def _require_free(url: sa.URL, manifest: Manifest) -> None:
    where = url.render_as_string(hide_password=True)
    if url.get_backend_name() != manifest.dialect:
        raise Misconfigured(
            "ECQS-6038",
            f"the backup is of a {manifest.dialect} ledger, the settings name one of {url.get_backend_name()}",
            where=where,
            hint="set ECQS_LEDGER_URL to a new database of that kind",
        )
    sqlite = manifest.dialect == "sqlite"  # opening a SQLite ledger would make its file
    if Path(url.database or "").exists() if sqlite else _has_tables(url):
        raise Misconfigured(
            "ECQS-6037",
            "a ledger lives there already; nothing was restored",
            where=where,
            hint="restore beside it, or move it away first: it may know more than the backup",
        )


def _has_tables(url: sa.URL) -> bool:
    with _opened(url) as target, target.read() as connection:
        return bool(sa.inspect(connection).get_table_names())


@contextmanager
def _opened(url: sa.URL) -> Iterator[Database]:
    database = Database(url.render_as_string(hide_password=False))
    try:
        yield database
    finally:
        database.dispose()


def _restore_postgresql(
    folder: Path, url: sa.URL, manifest: Manifest, lanes: Lanes, clock: Clock
) -> tuple[tuple[str, str, int], ...]:
    postgresql.restore(url, folder / manifest.ledger.name, after=_hold_in_sql(manifest))
    with _opened(url) as target:
        with target.read() as connection:
            _verify_chain(connection, manifest)
        return _mark(target, manifest, lanes, clock)


def _bring(source: Path, target: Path, member: Member) -> None:
    """Put one file in its place; refuse to replace one that is different."""
    if target.exists():
        if sha256_of(target)[0] == member.digest:
            return
        hint = "restore into an empty folder, or move that one away first"
        raise Misconfigured("ECQS-6037", "another file lies there; nothing is replaced", where=str(target), hint=hint)
    copy_atomic(source, target)


def _restore_sqlite(
    folder: Path, target: Path, manifest: Manifest, lanes: Lanes, clock: Clock
) -> tuple[tuple[str, str, int], ...]:
    """Prepare the ledger under another name; it becomes the ledger, lanes held, by the last rename."""
    draft = target.with_name(f".{target.name}.restoring")
    draft.unlink(missing_ok=True)
    copy_atomic(folder / manifest.ledger.name, draft)
    with _opened(sa.URL.create("sqlite", database=str(draft))) as database:
        held = _mark(database, manifest, lanes, clock)
    with closing(sqlite3.connect(draft)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
    if target.exists():
        raise Misconfigured("ECQS-6037", "a ledger appeared there meanwhile; nothing was restored", where=str(target))
    draft.replace(target)
    sync_folder(target.parent)
    for rest in ("-wal", "-shm"):
        with suppress(OSError):
            draft.with_name(draft.name + rest).unlink(missing_ok=True)
    return held


def _reason(manifest: Manifest) -> str:
    return f"{RESTORED} {manifest.made_at}; headquarters has not been asked yet what it has seen since"


def _hold_in_sql(manifest: Manifest) -> str:
    """Hold all lanes in the very transaction that brings a PostgreSQL ledger back, of whatever schema it is."""
    reason = _reason(manifest).replace("'", "''")
    return f"UPDATE lane SET held_reason = '{reason}', lease_owner = NULL, lease_until = NULL;"  # noqa: S608


def _mark(database: Database, manifest: Manifest, lanes: Lanes, clock: Clock) -> tuple[tuple[str, str, int], ...]:
    """Bring the schema up to date, hold every lane, end what ran when the backup was made, and say so in the chain."""
    database.upgrade()
    with database.write() as connection:
        known = {(f.unit, f.kind) for f in connection.execute(sa.select(lane.c.unit, lane.c.kind))}
        for unit, kind in sorted(set(lanes) - known):
            values = {"unit": unit, "kind": kind, "next_sequence": 1, "fence": 0}
            connection.execute(lane.insert().values(values))
        free = {"lease_owner": None, "lease_until": None, "held_reason": _reason(manifest)}
        connection.execute(sa.update(lane).values(free))
        ended = {"state": "failed", "ended_at": clock().isoformat(), "message": "was running when the backup was made"}
        connection.execute(sa.update(run).where(run.c.state == "running").values(ended))
        facts = {
            "backup": manifest.made_at,
            "entries": manifest.chain_entries,
            "head": manifest.chain_head,
            "ledger": manifest.ledger.digest,
        }
        evidence.append(connection, "restored", "ledger", facts, clock=clock)
        wanted = sa.select(lane.c.unit, lane.c.kind, lane.c.next_sequence).order_by(lane.c.unit, lane.c.kind)
        return tuple((f.unit, f.kind, int(f.next_sequence)) for f in connection.execute(wanted))
