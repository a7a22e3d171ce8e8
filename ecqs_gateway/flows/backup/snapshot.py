"""Making a backup while runs go on: a consistent copy of the ledger first, then every stage file that copy names.

Stage files never change once they are named, so they may be copied after the ledger. What an earlier backup in the
same folder holds already is not copied again.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.files import copy_atomic, sync_folder
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient
from ecqs_gateway.flows.backup import postgresql
from ecqs_gateway.flows.backup.manifest import MANIFEST, LanePosition, Manifest, Member, sha256_of
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database, revision_of
from ecqs_gateway.ledger.needed import Named, is_content, named_files
from ecqs_gateway.ledger.tables import batch, lane, run
from ecqs_gateway.ledger.tables import evidence as chain
from ecqs_gateway.settings import Settings

__all__ = ["Taken", "take"]

_UNSETTLED = ("sealed", "sent", "received", "validated")


@dataclass(frozen=True)
class Taken:
    """A backup that was made."""

    manifest: Manifest
    copied: int
    """Files copied now; the others were there from the backup before."""
    copied_bytes: int
    unkept_keys: bool
    """True when the installation has keys that are not part of it."""


def take(settings: Settings, folder: Path, *, with_keys: bool = False, clock: Clock = now) -> Taken:
    """Back the ledger and its stage up into a folder, new or with an earlier backup of the same ledger.

    Raises Misconfigured ECQS-6031 where there is nothing to back up or the folder is another ledger's, Transient
    ECQS-6032 while another backup writes there, Terminal ECQS-3001 or ECQS-6033 when it cannot be written. Until the
    end the folder holds the earlier backup.
    """
    folder = folder.resolve()
    _refuse_own_folder(settings, folder)
    _require_file(settings)
    database = Database(settings.ledger_url)
    try:
        _require_schema(database)
        with _alone(folder):
            before = Manifest.read(folder) if (folder / MANIFEST).exists() else None
            made_at = clock()
            kind = "db" if database.sqlite else "dump"
            name = f"ledger-{made_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}.{kind}"  # never over an earlier one
            draft, files = _copied_ledger(database, folder / name)
            _require_same_ledger(database, draft, before, folder)
            draft = replace(draft, made_at=made_at.isoformat())
            work = _Copying(settings, folder, before)
            work.stage(files, database)
            if with_keys:
                work.keys()
            manifest = replace(draft, members=work.members, missing=tuple(work.missing))
            manifest.write(folder)
            _sweep(folder, manifest, before)
    finally:
        database.dispose()
    unkept = not with_keys and settings.keys.is_dir() and any(settings.keys.iterdir())
    return Taken(manifest, work.copied, work.copied_bytes, unkept)


def _refuse_own_folder(settings: Settings, folder: Path) -> None:
    for mine in (settings.home, settings.stage, settings.keys):
        if folder == mine or folder.is_relative_to(settings.stage):
            hint = "name a folder of its own, best on another disk or machine"
            raise Misconfigured("ECQS-6031", "a backup cannot lie in what it backs up", where=str(folder), hint=hint)


def _require_file(settings: Settings) -> None:
    """Look before the ledger is opened, which would make the file of a SQLite one."""
    url = sa.make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise _no_ledger(url.render_as_string(hide_password=True))


def _require_schema(database: Database) -> None:
    if database.revision() is None:
        raise _no_ledger(database.where)


def _no_ledger(where: str) -> Misconfigured:
    hint = "check ECQS_HOME and ECQS_LEDGER_URL: a ledger is made by the first `ecqs sync`"
    return Misconfigured("ECQS-6031", "there is no ledger to back up yet", where=where, hint=hint)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second backup out of the folder while one is being written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w", encoding="utf-8")
    except OSError as error:
        raise Terminal(
            "ECQS-6033",
            f"the folder of the backup cannot be written ({error.strerror or type(error).__name__})",
            where=str(folder),
            hint="mend its permissions or name another folder",
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "wait for it to end, or name another folder"
            raise Transient(
                "ECQS-6032", "another backup is being written there", where=str(folder), hint=hint
            ) from error
        yield


def _copied_ledger(database: Database, target: Path) -> tuple[Manifest, list[Named]]:
    """Copy the ledger and read, from the very state that was copied, what it names."""
    if not database.sqlite:
        with database.read() as connection:
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            # This transaction only holds the snapshot while pg_dump works, however long that takes.
            connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
            postgresql.dump(database.url, target, snapshot=str(snapshot))
            return _described(connection, target, "postgresql")
    _copy_sqlite(Path(database.url.database or ""), target)
    copy = Database(f"sqlite:///{target}")
    try:
        with copy.read() as connection:
            found = _described(connection, target, "sqlite")
    finally:
        copy.dispose()
        _settle_sqlite(target)
    return replace(found[0], ledger=Member(target.name, *sha256_of(target))), found[1]


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy by SQLite's online backup: one read snapshot, which holds up neither readers nor writers."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as living,
            closing(sqlite3.connect(target)) as copy,
        ):
            living.backup(copy)
        _settle_sqlite(target)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise Terminal(
            "ECQS-6033",
            f"the ledger could not be copied ({type(error).__name__})",
            where=str(target),
            hint="free disk space or mend the permissions of the backup's folder; `ecqs doctor` checks the ledger",
        ) from error
    target.chmod(0o600)


def _settle_sqlite(file: Path) -> None:
    """Make a copy one single file, checked and flushed."""
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the copy is damaged, as the ledger itself must be")
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())
    sync_folder(file.parent)


def _described(connection: sa.Connection, file: Path, dialect: str) -> tuple[Manifest, list[Named]]:
    entries, head = evidence.head(connection)
    digest, size = sha256_of(file)
    manifest = Manifest(
        made_at="",
        engine=__version__,
        dialect=dialect,
        revision=revision_of(connection) or "",
        ledger=Member(file.name, digest, size),
        chain_entries=entries,
        chain_head=head.hex(),
        lanes=tuple(_lanes(connection)),
        last_run=connection.execute(sa.select(sa.func.max(run.c.id))).scalar(),
    )
    return manifest, list(named_files(connection))


def _lanes(connection: sa.Connection) -> Iterator[LanePosition]:
    unsettled = (
        sa.select(sa.func.count())
        .select_from(batch)
        .where(batch.c.lane_id == lane.c.id, batch.c.state.in_(_UNSETTLED))
        .scalar_subquery()
    )
    wanted = sa.select(lane.c.unit, lane.c.kind, lane.c.next_sequence, unsettled).order_by(lane.c.unit, lane.c.kind)
    for found in connection.execute(wanted):
        yield LanePosition(*found)


def _require_same_ledger(database: Database, draft: Manifest, before: Manifest | None, folder: Path) -> None:
    """Refuse to go over the backup of another ledger, or of a later state: its chain must be where ours begins."""
    if before is None or before.chain_entries == 0:
        return
    wanted = sa.select(chain.c.hash).where(chain.c.sequence == before.chain_entries)
    with database.read() as connection:
        found = connection.execute(wanted).scalar()
    if found is None or bytes(found).hex() != before.chain_head:
        (folder / draft.ledger.name).unlink(missing_ok=True)
        raise Misconfigured(
            "ECQS-6031",
            "the folder holds a backup of another ledger, or of a later state of this one",
            where=str(folder),
            hint="name another folder; what is there may be the only copy of it",
        )


class _Copying:
    """Copies files into the backup and remembers what became of each."""

    def __init__(self, settings: Settings, folder: Path, before: Manifest | None) -> None:
        self._settings, self._folder = settings, folder
        self._vault = Vault.of(settings.keys)
        self._before = before.members if before is not None else {}
        self.members: dict[str, Member] = {}
        self.missing: list[str] = []
        self.copied = self.copied_bytes = 0

    def stage(self, files: Iterable[Named], database: Database) -> None:
        """Copy the files of the stage that are not there yet."""
        pruned: set[str] | None = None
        for named in files:
            name = f"stage/{named.name}"
            if name in self.members or self._kept(name, named.digest):
                continue
            path = self._settings.stage / named.name
            if not path.is_file() and pruned is None:
                with database.read() as connection:
                    pruned = {n.name for n in named_files(connection)}
            if not path.is_file() and pruned is not None and named.name not in pruned:
                continue  # removed under the retention since the ledger was copied
            self._copy(path, name, named)

    def keys(self) -> None:
        """Copy the keys."""
        for path in sorted(self._settings.keys.rglob("*")) if self._settings.keys.is_dir() else []:
            if path.is_file():
                self._write(path, f"keys/{path.relative_to(self._settings.keys).as_posix()}")

    def _kept(self, name: str, digest: str) -> bool:
        """Say whether the backup before holds the file; content was compared then, and `--verify` does it anew."""
        member, path = self._before.get(name), self._folder / name
        if member is None or not path.is_file() or path.stat().st_size != member.size:
            return False
        if (member.named or member.digest) != digest:
            return False
        self.members[name] = member
        return True

    def _copy(self, path: Path, name: str, named: Named) -> None:
        try:
            member = self._write(path, name)
        except FileNotFoundError:
            self.missing.append(f"{named.name}: missing ({named.why})")
            return
        if member.digest == named.digest:
            return
        self.members[name] = replace(member, named=named.digest)
        if not is_content(self._folder / name, named, self._vault):
            self.missing.append(f"{named.name}: not what the ledger says ({named.why})")

    def _write(self, path: Path, name: str) -> Member:
        member = self.members[name] = Member(name, *copy_atomic(path, self._folder / name))
        self.copied += 1
        self.copied_bytes += member.size
        return member


def _sweep(folder: Path, manifest: Manifest, before: Manifest | None) -> None:
    """Remove what only the backup before named, and ledger copies that were never finished."""
    kept = {MANIFEST, manifest.ledger.name, *manifest.members}
    old = {*(before.members if before is not None else {}), *(p.name for p in folder.glob("ledger-*"))}
    for name in sorted(old - kept):
        with suppress(OSError, GatewayError):
            (folder / name).unlink()
