"""What could not go, and what headquarters refused, by cause and by unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.report.data import TOTAL, Column, Figure, Row, Section, Table, Tie, Words

__all__ = ["behind", "section", "ties"]

_ORIGINS = {
    "source": words("来源读取", "Reading the source"),
    "mapping": words("映射", "Mapping"),
    "rules": words("规则", "Rules"),
    "schema": words("交换格式", "Exchange schema"),
    "headquarters": words("总局退回", "Refused by headquarters"),
}
_ODD = re.compile(r"[^A-Za-z0-9_-]")


def section(context: Context) -> Section:
    """Make the section."""
    theirs = context.letters.filter(pl.col("origin") == "headquarters")
    refused = _causes(
        context,
        theirs,
        "new",
        id="rejects",
        title=words("总局逐条退回，按原因", "Records headquarters refused, by cause"),
        definition=words(
            "本月因总局回执逐条退回而产生的死信，按退回代码（一条有几个原因的按第一个）。整批退回的不逐条列出，计入报送结果。",
            "Dead letters headquarters' receipts gave rise to this month, by code of the first reason. Batches "
            "refused as a "
            "whole are not listed record by record; they count among the volumes.",
        ),
    )
    waiting = _causes(
        context,
        context.letters,
        "open",
        id="dead_letters",
        title=words("未处理死信，按原因", "Open dead letters, by cause"),
        definition=words(
            "截至报告生成时状态为“未处理”的死信，不论何时产生；一条有几个原因的按第一个计一次。",
            "Dead letters open when the report was made, whenever they arose; each counts once, under its first "
            "reason.",
        ),
    )
    units = _units(context)
    total = units.total.cells if units.total else {}
    figures = tuple(
        Figure(id=f"letters_{name}", title=title, value=int(total.get(name) or 0), cells=(f"letters.total.{name}",))
        for name, title in (
            ("new", words("本月新增死信", "New dead letters")),
            ("settled", words("本月办结死信", "Dead letters settled")),
            ("open", words("未处理死信", "Open dead letters")),
        )
    )
    title = words("退回与死信", "Refusals and dead letters")
    return Section(id="rejects", title=title, figures=figures, tables=(units, refused, waiting))


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables."""
    del context
    what = words("死信按原因与按单位", "dead letters by cause and by unit")
    return [
        Tie(what=what, left=("dead_letters.total.all",), right=("letters.total.open",)),
        Tie(what=what, left=("rejects.total.all",), right=("letters.total.new_headquarters",)),
    ]


def _causes(context: Context, letters: pl.DataFrame, number: str, **given: Any) -> Table:
    titles = _titles(context)
    rows = [
        Row(
            id=_id(cause),
            title=titles.get(cause, Words.same(cause)),
            cells=context.cells_by_unit(letters.filter(pl.col("cause") == cause), number),
        )
        for cause in sorted(letters.filter(pl.col(number) > 0)["cause"].unique().to_list())
    ]
    first = words("原因", "Cause")
    return Table.summed(columns=context.unit_columns(), rows=rows, first=first, listed=True, **given)


def _id(cause: str) -> str:
    return _ODD.sub("_", cause)[:80] or "_"


def _titles(context: Context) -> Mapping[str, Words]:
    rules = (rule for file in context.gateway.content.rules.values() for rule in file.rules)
    return {rule.id: words(f"{rule.id} {rule.title}", f"{rule.id} {rule.message.en}") for rule in rules}


def _units(context: Context) -> Table:
    def origins(prefix: str) -> Iterable[pl.Expr]:
        for name in _ORIGINS:
            yield pl.col(prefix).filter(pl.col("origin") == name).sum().alias(f"{prefix}_{name}")

    sums = context.letters.group_by("unit").agg(
        pl.col("new", "settled", "open").sum(),
        pl.col("new").filter(pl.col("origin") == "headquarters").sum().alias("new_headquarters"),
        *origins("open"),
    )
    return Table.summed(
        id="letters",
        title=words("各单位死信", "Dead letters by unit"),
        first=words("报送单位", "Unit"),
        definition=words(
            "死信是不能报送或者被总局退回的记录。新增按产生时间、处理按办结时间归月；未处理截至报告生成时，按产生环节分列。",
            "A dead letter is a record that could not go or was refused. New and settled by month; open when the "
            "report was "
            "made, by where it arose.",
        ),
        columns=[
            Column(id="new", title=words("本月新增", "New")),
            Column(id="new_headquarters", title=words("其中总局退回", "By headquarters")),
            Column(id="settled", title=words("本月处理", "Settled")),
            Column(id="open", title=words("未处理", "Open"), sum_of=tuple(f"open_{name}" for name in _ORIGINS)),
            *(Column(id=f"open_{name}", title=title) for name, title in _ORIGINS.items()),
        ],
        rows=context.rows_of_units(sums),
        listed=True,
    )


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the dead letters behind a number of this section."""
    database, asked = context.gateway.database, context.asked
    if table == "letters":
        number, _, where = column.partition("_")
        mine = None if row == TOTAL else row
        return ledger.list_letters(
            database, asked, column=number, cause=None, limit=limit, unit=mine, origin=where or None
        )
    cause = next((c for c in context.letters["cause"].unique().to_list() if _id(c) == row), None)
    if cause is None and row != TOTAL:
        return []
    number, origin = ("new", "headquarters") if table == "rejects" else ("open", None)
    unit = None if column == "all" else column
    return ledger.list_letters(database, asked, column=number, cause=cause, limit=limit, unit=unit, origin=origin)
