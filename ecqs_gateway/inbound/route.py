"""Telling a province of an audit request: rows into its own table, or files into its folder, as its connector says.

Writing twice leaves what writing once leaves: rows are keyed by request, round and case, files are replaced whole. Only
keys, codes and dates go out, nothing of a record's content.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ecqs_gateway.content.models import AuditFolder, AuditTable
from ecqs_gateway.doors.connections import Connection, folder, sqlalchemy_url
from ecqs_gateway.doors.files import make_folder, write_atomic
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.extract.problems import source_errors

__all__ = ["COLUMNS", "Notice", "request_folder", "route"]

COLUMNS: tuple[str, ...] = (
    *("request_id", "round", "case_no", "unit", "kind", "business_key", "product", "version", "papers", "remark"),
    *("issued_at", "due_date"),
)
"""Columns of the province's table; ``round`` and ``case_no`` are numbers, the others text."""


@dataclass(frozen=True)
class Notice:
    """What a province is told: one row a case, with ``COLUMNS`` by name; ``round`` counts how often it is asked."""

    request: str
    round: int
    rows: Sequence[Mapping[str, Any]]


def route(target: AuditTable | AuditFolder, found: Connection, notice: Notice) -> str:
    """Write a notice where the connector says and give the place: ``table NAME`` or ``folder NAME``.

    Raises Misconfigured or Terminal ECQS-7020 for a folder and ECQS-7021 for a table that cannot be written, and what
    ``extract.problems`` names for a database that may answer later.
    """
    if isinstance(target, AuditTable):
        _insert(target, found, notice)
        return f"table {target.table}"
    place = request_folder(target, found, notice.request)
    _write(place, notice)
    return f"folder {target.folder}/{notice.request}"


def _insert(target: AuditTable, found: Connection, notice: Notice) -> None:
    schema, _, name = target.table.rpartition(".")
    table = sa.table(name, *(sa.column(column) for column in COLUMNS), schema=schema or None)
    mine = sa.and_(table.c.request_id == notice.request, table.c.round == notice.round)
    engine = sa.create_engine(sqlalchemy_url(found), poolclass=sa.pool.NullPool, hide_parameters=True)
    where = f"{found.id} {target.table}"
    try:
        with source_errors(where), engine.begin() as connection:
            there = set(connection.execute(sa.select(table.c.case_no).where(mine)).scalars())
            missing = [dict(row) for row in notice.rows if row["case_no"] not in there]
            if missing:
                connection.execute(table.insert(), missing)
    except Terminal as error:
        why = f"the province's table cannot be written ({error.code} {error.message})"
        hint = "make it as docs/how-to/answer-audits.md shows, and let the connection's account read and insert there"
        raise Terminal("ECQS-7021", why, where=where, hint=hint) from error
    finally:
        engine.dispose()


def request_folder(target: AuditFolder, found: Connection, request: str) -> Path:
    """Give the folder of one request, where the province finds it and puts its papers."""
    root = folder(found)
    if not root.is_dir():
        hint = "make it, or correct the connection"
        raise Misconfigured("ECQS-7020", "the folder of the province does not exist", where=found.id, hint=hint)
    return root / target.folder / request


def _write(place: Path, notice: Notice) -> None:
    suffix = "" if notice.round == 1 else f".{notice.round}"
    document = {"request": notice.request, "round": notice.round, "cases": [dict(row) for row in notice.rows]}
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    writer.writerows(notice.rows)
    files = {
        f"request{suffix}.json": json.dumps(document, ensure_ascii=False, indent=2).encode(),
        f"cases{suffix}.csv": "\ufeff".encode() + table.getvalue().encode(),  # spreadsheets know UTF-8 by this mark
    }
    try:
        for part in (place.parent, place, *(place / str(row["case_no"]) for row in notice.rows)):
            _share(part)
        for name, data in files.items():
            write_atomic(place / name, data)
            (place / name).chmod(0o660)
    except OSError as error:
        why = f"the folder of the province cannot be written ({error.strerror})"
        hint = "let the gateway's account write there"
        raise Terminal("ECQS-7020", why, where=str(place.parent), hint=hint) from error


def _share(place: Path) -> None:
    """Make a folder whose group may put papers in: the province's people are not the gateway's account."""
    if not place.is_dir():
        make_folder(place)
        place.chmod(0o770)
