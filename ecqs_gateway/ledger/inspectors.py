"""The national list of inspectors in the ledger: each version taken in once, and what every version said is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables_inspectors import inspector_entry, inspector_list, inspector_refusal
from ecqs_gateway.ledger.tables_inspectors import inspector_writeback as writeback
from ecqs_gateway.model.inspector_list import COLUMNS

__all__ = ["Changes", "TakenList", "chains", "entries", "history", "keep", "newest", "note_failure", "note_written"]
__all__ += ["refusals", "refuse", "versions", "writebacks", "written"]


@dataclass(frozen=True)
class TakenList:
    """A verified version and the stage file with its exact bytes; digests are hex text."""

    version: int
    issued: str
    digest: str
    chain: str
    entries: int
    form: str
    algorithm: str
    key_id: str
    file: StagedFile


@dataclass(frozen=True)
class Changes:
    """What a version changes: entries new or different, and the numbers of those that were different, or are gone."""

    news: pl.DataFrame
    changed: Sequence[str]
    removed: Sequence[str]


def newest(database: Database) -> TakenList | None:
    """Give the version we hold; None before the first."""
    wanted = sa.select(inspector_list).order_by(inspector_list.c.version.desc()).limit(1)
    with database.read() as connection:
        row = connection.execute(wanted).first()
    return _taken(row) if row else None


def _taken(row: sa.Row[tuple[object, ...]]) -> TakenList:
    file = StagedFile(row.file, bytes(row.file_digest).hex(), 0)
    digests = bytes(row.digest).hex(), bytes(row.chain).hex()
    return TakenList(row.version, row.issued_at, *digests, row.entries, row.form, row.algorithm, row.key_id, file)


def versions(database: Database) -> list[dict[str, object]]:
    """List the versions we hold, newest first, as plain values."""
    wanted = sa.select(inspector_list).order_by(inspector_list.c.version.desc())
    with database.read() as connection:
        rows = [dict(row) for row in connection.execute(wanted).mappings()]
    return [{name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()} for row in rows]


def chains(database: Database) -> dict[int, str]:
    """Give the chain digests of all versions we hold."""
    with database.read() as connection:
        rows = connection.execute(sa.select(inspector_list.c.version, inspector_list.c.chain)).all()
    return {row.version: bytes(row.chain).hex() for row in rows}


def entries(database: Database, version: int | None = None) -> pl.DataFrame:
    """Give the entries of a version, the newest unless given; columns of ``model.inspector_list``, by number."""
    table = inspector_entry.c
    if version is None:
        said: sa.ColumnElement[bool] = table.until_version.is_(None)
    else:
        said = sa.and_(
            table.from_version <= version, sa.or_(table.until_version.is_(None), table.until_version > version)
        )
    wanted = sa.select(*(table[name] for name in COLUMNS)).where(said).order_by(table.number)
    return _frame(database, wanted, dict.fromkeys(COLUMNS, pl.String()))


def history(database: Database, number: str | None = None) -> pl.DataFrame:
    """Give everything the list ever said (of one number, or of all), with the days its versions were issued.

    Columns are those of ``inbound.inspectors.HISTORY``.
    """
    table, start, end = inspector_entry.c, inspector_list.alias("start"), inspector_list.alias("ending")
    wanted = (
        sa.select(
            *(table[name] for name in COLUMNS),
            *(table.from_version, table.until_version),
            *(sa.func.substr(start.c.issued_at, 1, 10), sa.func.substr(end.c.issued_at, 1, 10)),
        )
        .join(start, start.c.version == table.from_version)
        .outerjoin(end, end.c.version == table.until_version)
        .order_by(table.number, table.from_version)
    )
    if number is not None:
        wanted = wanted.where(table.number == number)
    shape = {**dict.fromkeys(COLUMNS, pl.String()), "from_version": pl.Int64(), "until_version": pl.Int64()}
    found = _frame(database, wanted, {**shape, "issued": pl.String(), "ended": pl.String()})
    return found.with_columns(pl.col("issued", "ended").str.to_date())


def _frame(database: Database, wanted: sa.Select[tuple[object, ...]], shape: Mapping[str, pl.DataType]) -> pl.DataFrame:
    with database.read() as connection:
        rows = connection.execute(wanted).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=dict(shape), orient="row")


def keep(database: Database, taken: TakenList, changes: Changes, *, after: int, clock: Clock = now) -> None:
    """Take a version in: what it says of each inspector, and the entry in the evidence chain, in one transaction.

    ``after`` is the version it was verified against, 0 for none; raises Conflict ECQS-7123 where another worker has
    taken one in meanwhile. Nothing was changed then, and the next run finds it done.
    """
    with database.write() as connection:
        evidence.lock(connection)
        there = connection.execute(sa.select(sa.func.max(inspector_list.c.version))).scalar() or 0
        if there != after:
            raise Conflict(
                "ECQS-7123",
                f"another worker took in version {there} of the list of inspectors meanwhile",
                hint="nothing to do: the next run goes on behind it",
            )
        counts = {
            "added": changes.news.height - len(changes.changed),
            "changed": len(changes.changed),
            "removed": len(changes.removed),
        }
        connection.execute(inspector_list.insert(), {**_values(taken, clock), **counts})
        open_ = inspector_entry.c.until_version.is_(None)
        ended = in_values(connection, inspector_entry.c.number, [*changes.changed, *changes.removed])
        connection.execute(sa.update(inspector_entry).where(open_, ended).values(until_version=taken.version))
        fresh = changes.news.select(COLUMNS).with_columns(from_version=pl.lit(taken.version, pl.Int64))
        insert_frame(connection, inspector_entry, fresh)
        facts = {"list": taken.file.content, "digest": taken.digest, "chain": taken.chain, "form": taken.form}
        evidence.append(
            connection, "inspectors pulled", f"version {taken.version}", {**facts, **counts, "entries": taken.entries},
            clock=clock,
        )  # fmt: skip


def _values(taken: TakenList, clock: Clock) -> dict[str, object]:
    return {
        "version": taken.version,
        "issued_at": taken.issued,
        "digest": bytes.fromhex(taken.digest),
        "chain": bytes.fromhex(taken.chain),
        "entries": taken.entries,
        "form": taken.form,
        "algorithm": taken.algorithm,
        "key_id": taken.key_id,
        "file": taken.file.name,
        "file_digest": bytes.fromhex(taken.file.digest),
        "taken_at": clock().isoformat(),
    }


def refuse(database: Database, name: str, file: StagedFile, code: str, reason: str, *, clock: Clock = now) -> bool:
    """Keep a list that was not believed as evidence, once; say whether it is new. It changes nothing else."""
    values = {"name": name, "code": code, "file_digest": bytes.fromhex(file.digest)}
    same = [inspector_refusal.c[column] == value for column, value in values.items()]
    with database.write() as connection:
        if connection.execute(sa.select(inspector_refusal.c.id).where(*same)).first() is not None:
            return False
        rest = {"reason": reason, "file": file.name, "taken_at": clock().isoformat()}
        connection.execute(inspector_refusal.insert(), values | rest)
        facts = {"list": file.content, "reason": code}
        evidence.append(connection, "inspectors refused", name, facts, clock=clock)
    return True


def refusals(database: Database) -> list[dict[str, object]]:
    """List the lists that were not believed, newest first: name, code, reason, when."""
    columns = [inspector_refusal.c[name] for name in ("name", "code", "reason", "taken_at")]
    with database.read() as connection:
        rows = connection.execute(sa.select(*columns).order_by(inspector_refusal.c.id.desc())).mappings()
        return [dict(row) for row in rows]


def written(database: Database) -> dict[str, int]:
    """Give the version each unit has been given."""
    with database.read() as connection:
        rows = connection.execute(sa.select(writeback.c.unit, writeback.c.version)).all()
    return {row.unit: row.version for row in rows if row.version is not None}


def writebacks(database: Database) -> list[dict[str, object]]:
    """List what each unit was given, and why the last try failed where it did."""
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(writeback).order_by(writeback.c.unit)).mappings()]


def note_written(
    database: Database, unit: str, version: int, target: str, counts: Mapping[str, int], *, clock: Clock = now
) -> None:
    """Keep that a unit has a version now, with the entry in the evidence chain."""
    moment = clock().isoformat()
    done = {"version": version, "target": target, "entries": counts["entries"], "written_at": moment, "error": None}
    with database.write() as connection:
        _upsert(connection, unit, {**done, "tried_at": moment})
        evidence.append(connection, "inspectors written", unit, {"version": version, **counts}, clock=clock)


def note_failure(database: Database, unit: str, message: str, *, clock: Clock = now) -> None:
    """Keep why a unit could not be given the newest version; what it has stays noted."""
    with database.write() as connection:
        _upsert(connection, unit, {"error": message, "tried_at": clock().isoformat()})


def _upsert(connection: sa.Connection, unit: str, values: Mapping[str, object]) -> None:
    changed = connection.execute(sa.update(writeback).where(writeback.c.unit == unit).values(**values))
    if not changed.rowcount:
        connection.execute(writeback.insert(), {"unit": unit, **values})
