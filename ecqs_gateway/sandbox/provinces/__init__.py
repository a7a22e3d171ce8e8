"""Sample provinces: generators of invented source data in real database shapes, repeatable and dirty on request.

``320000`` (江苏) is a normalised database with child tables, ``370000`` (山东) one wide table. Both work on SQLite,
PostgreSQL and MariaDB. The same seed gives the same data on any of them, and the first rows of a large table are those
of a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import gcd

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.doors import clock
from ecqs_gateway.sandbox.provinces import jiangsu, jiangsu_approvals, jiangsu_inspectors, shandong
from ecqs_gateway.sandbox.provinces.dirt import DirtLog
from ecqs_gateway.sandbox.provinces.firm import Span
from ecqs_gateway.sandbox.provinces.load import append, create, refresh_statistics, sandbox_engine
from ecqs_gateway.sandbox.provinces.manifest import DirtyRows, Manifest, Outcome

__all__ = ["GENERATED", "DirtyRows", "Manifest", "Outcome", "generate", "mutate"]

GENERATED = ("320000", "370000")
"""Units whose sample database can be generated."""

_FEWEST, _MOST = 100, 1_000_000
_PIECE = 50_000


@dataclass(frozen=True)
class _Part:
    """Tables of a province that are made together: one of ``per`` certificates has a row in them."""

    per: int
    frames: Callable[[Span, DirtLog], dict[str, pl.DataFrame]]


@dataclass(frozen=True)
class _Province:
    """How one unit is made, and what a night changes in it."""

    tables: Callable[[sa.MetaData], dict[str, sa.Table]]
    parts: tuple[_Part, ...]
    indexes: tuple[tuple[str, tuple[str, ...]], ...]
    certificates: str
    key: str
    address: str
    changed: str
    clean: tuple[int, tuple[int, ...]]
    """Modulus and remainders of the row numbers that are clean whatever the seed."""
    key_of: Callable[[int], str | int]


_PROVINCES = {
    "320000": _Province(
        tables=lambda metadata: (
            jiangsu.tables(metadata) | jiangsu_approvals.tables(metadata) | jiangsu_inspectors.tables(metadata)
        ),
        parts=(
            _Part(1, jiangsu.certificate_frames),
            _Part(3, jiangsu_approvals.approval_frames),
            _Part(1, jiangsu_inspectors.inspector_frames),
        ),
        indexes=(
            (jiangsu.CERTIFICATES, ("GXSJ", "ZSID")),
            (jiangsu.PRODUCT_ROWS, ("ZSID", "XH")),
            (jiangsu.ADDRESSES, ("ZSID", "XH")),
            (jiangsu_approvals.APPROVALS, ("GXSJ", "BJID")),
            (jiangsu_approvals.PAPERS, ("BJID", "XH")),
            (jiangsu_approvals.INSPECTORS, ("BJID", "XH")),
            (jiangsu_inspectors.INSPECTORS, ("GXSJ", "RYID")),
        ),
        certificates=jiangsu.CERTIFICATES,
        key="ZSID",
        address="ZS",
        changed="GXSJ",
        clean=(3, (0,)),
        key_of=lambda number: f"JS{number:014d}",
    ),
    "370000": _Province(
        tables=shandong.tables,
        parts=(_Part(1, shandong.certificate_frames),),
        indexes=((shandong.LICENCES, ("gxsj", "certid")),),
        certificates=shandong.LICENCES,
        key="certid",
        address="companyaddress",
        changed="gxsj",
        clean=(12, (0, 9)),
        key_of=lambda number: 370_000_000 + number,
    ),
}


def generate(unit: str, url: str, *, rows: int = 400, seed: int = 1, dirty: float | None = None) -> Manifest:
    """Make the sample database of a unit anew: its tables are dropped, made and filled.

    ``rows`` certificates (100 to 1,000,000; approvals are a third of that), ``url`` for SQLAlchemy, ``dirty`` the whole
    share of rows with dirt (0 for none at all, None for the usual shares). Raises ValueError for another unit or size.
    """
    province = _province(unit)
    if not _FEWEST <= rows <= _MOST:
        raise ValueError(f"a sample province has from {_FEWEST} to {_MOST} certificates, not {rows}")
    if dirty is not None and not 0 <= dirty <= 0.6:
        raise ValueError("the share of dirty rows is from 0 to 0.6")
    engine = sandbox_engine(url)
    log, metadata = DirtLog(), sa.MetaData()
    counts: dict[str, int] = {}
    try:
        tables = province.tables(metadata)
        create(engine, metadata)
        for part in province.parts:
            for span in _spans(rows // part.per, seed, dirty):
                for name, frame in part.frames(span, log).items():
                    counts[name] = counts.get(name, 0) + append(engine, tables[name], [frame])
        _finish(engine, province, tables)
    finally:
        engine.dispose()
    return Manifest(unit, seed, counts, tuple(log.rows()))


def mutate(unit: str, url: str, changes: int, *, seed: int = 2, at: datetime | None = None) -> Manifest:
    """Change the address of so many certificates and move their change time, as a working day does.

    Only rows that are clean whatever the seed are changed (a third of 江苏's, a sixth of 山东's), so each gives exactly
    one new version. ``at`` is the change time, in the source's naive local time or aware; now unless given. ``dirty``
    of the manifest holds the keys as ``changed``. Raises ValueError when there are fewer such rows than ``changes``.
    """
    province = _province(unit)
    moment = (at or clock.now()).astimezone(clock.SHANGHAI) if at is None or at.tzinfo else at
    engine = sandbox_engine(url)
    try:
        table = sa.Table(province.certificates, sa.MetaData(), autoload_with=engine)
        with engine.begin() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            keys = [province.key_of(number) for number in _chosen(province, total, changes, seed)]
            new = f"样例区变更大道{seed}号（{moment:%Y%m%d%H%M%S}）"
            values = {province.address: new, province.changed: moment.replace(tzinfo=None)}
            change = table.update().where(table.c[province.key] == sa.bindparam("k")).values(values)
            if keys:
                connection.execute(change, [{"k": key} for key in keys])
    finally:
        engine.dispose()
    changed = DirtyRows("certificate", "changed", "changed", (), tuple(str(key) for key in keys))
    return Manifest(unit, seed, {province.certificates: len(keys)}, (changed,))


def _province(unit: str) -> _Province:
    if unit not in _PROVINCES:
        raise ValueError(f"there is no generator for {unit}; generated are {', '.join(GENERATED)}")
    return _PROVINCES[unit]


def _spans(rows: int, seed: int, dirty: float | None) -> Iterator[Span]:
    for start in range(0, rows, _PIECE):
        yield Span(start, min(rows, start + _PIECE), rows, seed, dirty)


def _finish(engine: sa.Engine, province: _Province, tables: dict[str, sa.Table]) -> None:
    with engine.begin() as connection:
        for name, columns in province.indexes:
            index = f"IX_{name}_{columns[0]}"
            sa.Index(index, *(tables[name].c[column] for column in columns)).create(connection)
    refresh_statistics(engine, tables.values())


def _chosen(province: _Province, total: int, changes: int, seed: int) -> list[int]:
    """Draw row numbers without repeats: steps of one size around the circle of clean rows."""
    modulus, remainders = province.clean
    clean = [number for number in range(total) if number % modulus in remainders]
    if not 0 <= changes <= len(clean):
        raise ValueError(f"{changes} changes asked for, {len(clean)} rows can be changed")
    step = int(len(clean) * 0.618) + seed
    while gcd(step, len(clean)) != 1:
        step += 1
    return sorted(clean[(seed + place * step) % len(clean)] for place in range(changes))
