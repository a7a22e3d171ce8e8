"""What all sections of one report work from: month, units, and the ledger's sums, each read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import polars as pl

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.facts import months_back
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.model import kinds
from ecqs_gateway.report.data import Column, Row, Unit, Words

__all__ = ["Context", "words"]

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_KIND_NAMES = {"approval": "办件", "certificate": "证书", "inspector": "核查人员", "sampling_inspection": "监督抽查"}


def words(zh: str, en: str) -> Words:
    """Make a text in both languages."""
    return Words(zh=zh, en=en)


@dataclass(frozen=True)
class Context:
    """One report being made; ``units`` are codes, all that have a lane unless some were asked for."""

    gateway: Gateway
    month: str
    created: datetime
    wanted: tuple[str, ...] = ()

    @classmethod
    def of(cls, gateway: Gateway, month: str | None, units: Sequence[str] = ()) -> Context:
        """Make it; without a month the one before this.

        Raises Misconfigured ECQS-8102 for what is no month or has not begun, ECQS-6002 for an unknown unit.
        """
        created = gateway.clock()
        month = month or f"{months_back(created.date(), 1):%Y-%m}"
        found = _MONTH.fullmatch(month)
        if found is None or date(int(found[1]), int(found[2]), 1) > created.date():
            hint = "write it like 2026-11; it must have begun"
            raise Misconfigured("ECQS-8102", "this is no month a report can be made of", where="--month", hint=hint)
        return cls(gateway, month, created, tuple(gateway.units(units)) if units else ())

    @property
    def first(self) -> date:
        """Give the first day of the month."""
        return date(int(self.month[:4]), int(self.month[5:]), 1)

    @property
    def after(self) -> date:
        """Give the first day of the month after it."""
        return months_back(self.first, -1)

    @property
    def asked(self) -> ledger.Asked:
        """Give the month as the ledger writes time."""
        since, until = (datetime(d.year, d.month, 1, tzinfo=SHANGHAI).isoformat() for d in (self.first, self.after))
        return ledger.Asked(since, until, self.wanted)

    @property
    def months(self) -> list[str]:
        """Give the twelve months that end with this one."""
        return [f"{months_back(self.first, back):%Y-%m}" for back in range(11, -1, -1)]

    # -- the ledger's sums

    @cached_property
    def batches(self) -> pl.DataFrame:
        """Give batches and records sealed in the month by unit, kind and state."""
        texts, numbers = ("unit", "kind", "state"), ("batches", "records", "rejected")
        return _frame(ledger.batches(self.gateway.database, self.asked), texts, numbers)

    @cached_property
    def facts(self) -> pl.DataFrame:
        """Give the sums of fact classes by unit and kind."""
        texts, numbers = ("unit", "kind", "product", "period", "measure"), ("sealed", "renewed", "held")
        return _frame(ledger.facts(self.gateway.database, self.asked), texts, numbers)

    @cached_property
    def letters(self) -> pl.DataFrame:
        """Give dead letters by unit, kind, origin and cause."""
        texts, numbers = ("unit", "kind", "origin", "cause"), ("new", "settled", "open")
        return _frame(ledger.letters(self.gateway.database, self.asked), texts, numbers)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """Give findings by unit and rule."""
        return _frame(ledger.findings(self.gateway.database, self.asked), ("unit", "rule"), ("findings",))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Give the units the report is about: those asked for, or all that are onboarded or have data."""
        frames = (self.batches, self.facts, self.letters, self.findings)
        codes = set(self.wanted or self.gateway.content.onboarded)
        codes |= {code for frame in frames for code in frame["unit"].to_list()}
        names = self.gateway.unit_names()
        return tuple(Unit(code=code, name=names.get(code, code)) for code in sorted(codes))

    # -- names

    def kind_words(self, kind: str) -> Words:
        """Name a record kind."""
        full = kinds.spec(kind).title if kind in kinds.KINDS else kind
        return words(_KIND_NAMES.get(kind, full), kind.replace("_", " "))

    @cached_property
    def product_names(self) -> dict[str, str]:
        """Give the names of product classes by code."""
        table = self.gateway.content.codes["product_classes"].rows
        return dict(table.select("code", "name").unique("code", keep="last").iter_rows())

    def rows_of_units(self, frame: pl.DataFrame) -> list[Row]:
        """Make a row for each unit out of a frame with ``unit`` and one column per cell; missing ones are zero."""
        columns = [name for name in frame.columns if name != "unit"]
        found = {row["unit"]: row for row in frame.to_dicts()}
        return [
            Row(
                id=unit.code,
                title=Words.same(unit.name),
                cells={name: int(found.get(unit.code, {}).get(name) or 0) for name in columns},
            )
            for unit in self.units
        ]

    def unit_columns(self) -> list[Column]:
        """Make a column for each unit, and one that is their sum."""
        codes = tuple(unit.code for unit in self.units)
        whole = Column(id="all", title=words("合计", "All"), sum_of=codes)
        return [*(Column(id=unit.code, title=Words.same(_short(unit.name))) for unit in self.units), whole]

    def cells_by_unit(self, frame: pl.DataFrame, number: str) -> dict[str, int]:
        """Give the cells of ``unit_columns`` out of rows with ``unit`` and a number."""
        sums = dict(frame.group_by("unit").agg(pl.col(number).sum()).iter_rows())
        cells = {unit.code: int(sums.get(unit.code, 0)) for unit in self.units}
        return {**cells, "all": sum(cells.values())}


def _short(name: str) -> str:
    for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市", "生产建设兵团"):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending) + ("兵团" if ending == "生产建设兵团" else "")
    return name


def _frame(rows: list[dict[str, Any]], texts: Iterable[str], numbers: Iterable[str]) -> pl.DataFrame:
    schema = {**dict.fromkeys(texts, pl.String), **dict.fromkeys(numbers, pl.Int64)}
    plain = [{name: int(row[name] or 0) if schema[name] == pl.Int64 else row[name] for name in schema} for row in rows]
    return pl.DataFrame(plain, schema=schema)
