"""The ledger itself: schema, integrity, evidence chain, and the database server's own state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import HEAD
from ecqs_gateway.ledger.tables import evidence as chain_table

__all__: list[str] = []

_TAIL = 20_000
_LARGE_LOG = 256_000_000
_OLDEST_SERVER = 120_000
_KEEP = "stop runs (`ecqs stop`), keep the file as it is, and restore a backup beside it (docs/how-to)"


@check("ledger.schema")
def schema(context: Context) -> Iterator[Finding]:
    """The ledger has the schema of this program, or one it can be brought to."""
    if context.engine is None or context.revision is None:
        text = "there is no ledger yet: the first `ecqs sync` makes it"
        step = "if there should be one, check ECQS_HOME and ECQS_LEDGER_URL"
        yield Finding("ledger.schema", Verdict.WARNING, text, _place(context), step)
        return
    from ecqs_gateway.ledger.migrate import revisions  # noqa: PLC0415  Alembic takes 0.2 s

    if context.revision == HEAD:
        yield Finding("ledger.schema", Verdict.OK, f"schema {HEAD}", _place(context))
    elif context.revision in revisions():
        text = f"schema {context.revision}; the next command that opens it brings it to {HEAD}"
        yield Finding("ledger.schema", Verdict.WARNING, text, _place(context), "make a backup first: `ecqs backup`")
    else:
        text = f"schema {context.revision} is of a newer version of the gateway; this one knows {HEAD}"
        step = "install the newer version again, or restore the backup made before the upgrade"
        yield Finding("ledger.schema", Verdict.PROBLEM, text, _place(context), step)


def _place(context: Context) -> str:
    return sa.make_url(context.settings.ledger_url).render_as_string(hide_password=True)


@check("ledger.integrity", reads_much=True)
def integrity(context: Context) -> Iterator[Finding]:
    """SQLite: pages, indexes and foreign keys. PostgreSQL: the server checks its pages itself, if it may."""
    with context.ledger(newest=False) as ledger:
        if ledger.dialect.name == "postgresql":
            yield _server(ledger)
            return
        pragma = "integrity_check" if context.options.deep else "quick_check"
        try:
            said = ledger.exec_driver_sql(f"PRAGMA {pragma}(3)").scalars().all()
            orphans = len(ledger.exec_driver_sql("PRAGMA foreign_key_check").all())
        except sa.exc.DatabaseError as error:
            said, orphans = [type(error.orig).__name__], 0
        if said != ["ok"] or orphans:
            text = f"the database is damaged: {'; '.join(map(str, said))[:200]}"
            text = text if said != ["ok"] else f"{orphans} rows point at rows that are not there"
            yield Finding("ledger.integrity", Verdict.PROBLEM, text, next=_KEEP)
        else:
            yield Finding("ledger.integrity", Verdict.OK, f"SQLite's {pragma} and foreign keys hold")


def _server(ledger: sa.Connection) -> Finding:
    number = int(ledger.execute(sa.text("SHOW server_version_num")).scalar_one())
    version = str(ledger.execute(sa.text("SHOW server_version")).scalar_one())
    sums = ledger.execute(sa.text("SHOW data_checksums")).scalar_one()
    if number < _OLDEST_SERVER:
        text = f"PostgreSQL {version} is older than what is tested (12)"
        return Finding("ledger.integrity", Verdict.WARNING, text, next="move the ledger to a newer server")
    note = "with page checksums" if sums == "on" else "without page checksums"
    return Finding("ledger.integrity", Verdict.OK, f"PostgreSQL {version} answers, {note}")


@check("ledger.log")
def log(context: Context) -> Iterator[Finding]:
    """SQLite's write-ahead log stays small unless a reader holds it open."""
    url = sa.make_url(context.settings.ledger_url)
    if url.get_backend_name() != "sqlite":
        raise NotChecked("PostgreSQL minds its own log")
    file = Path(f"{url.database}-wal")
    size = file.stat().st_size if file.exists() else 0
    if size > _LARGE_LOG:
        text = f"the write-ahead log has {size / 1e6:.0f} MB: a process has held the ledger open for long"
        step = "find it (`fuser` on the ledger's file) and end it; the log shrinks with the next commit"
        yield Finding("ledger.log", Verdict.WARNING, text, str(file), step)
    else:
        yield Finding("ledger.log", Verdict.OK, f"the write-ahead log has {size / 1e6:.0f} MB")


@check("ledger.chain", reads_much=True)
def chain(context: Context) -> Iterator[Finding]:
    """The evidence chain holds: its last entries, or with --deep all of them."""
    with context.ledger(newest=False) as ledger:
        last = evidence.head(ledger)[0]
        first = 1 if context.options.deep else max(1, last - _TAIL + 1)
        bad = _first_bad(ledger, first)
    if bad is not None:
        text = f"the evidence chain does not hold at entry {bad}: someone changed the ledger, or it is damaged"
        yield Finding("ledger.chain", Verdict.PROBLEM, text, next=_KEEP)
        return
    part = f"all {last} entries" if first == 1 else f"the last {last - first + 1} of {last} entries"
    yield Finding("ledger.chain", Verdict.OK, f"{part} of the evidence chain hold")


def _first_bad(ledger: sa.Connection, first: int) -> int | None:
    """Walk from an entry on and name the first that does not fit the one before; the start is believed."""
    before = sa.select(chain_table.c.hash).where(chain_table.c.sequence == first - 1)
    found = ledger.execute(before).scalar() if first > 1 else evidence.GENESIS
    if found is None:
        return first - 1
    expected, previous = first, bytes(found)
    wanted = sa.select(chain_table).where(chain_table.c.sequence >= first).order_by(chain_table.c.sequence)
    for row in ledger.execute(wanted):
        entry = evidence.Entry(
            row.sequence, row.at, row.event, row.subject, row.facts, bytes(row.previous), bytes(row.hash)
        )
        if entry.sequence != expected or entry.previous != previous or entry.hash != evidence.entry_hash(entry):
            return expected
        expected, previous = expected + 1, entry.hash
    return None
