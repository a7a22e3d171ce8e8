"""How long approvals took: the share within five working days, how the days are spread, and the last twelve months."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.flows.facts import DAYS, WITHIN
from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.ledger.tables_report import fact_class
from ecqs_gateway.report.data import TOTAL, Chart, Column, Figure, Row, Section, Table, Tie, Words, share

__all__ = ["behind", "section", "ties"]

_WITHIN = tuple(str(day) for day in range(WITHIN + 1))
_LATE = tuple(day for day in DAYS if day not in _WITHIN and day != "x")
_NAMES = {
    **{str(day): words(f"{day}日", f"{day} days") for day in range(11)},
    "20": words("11至20日", "11 to 20"),
    "60": words("21至60日", "21 to 60"),
    "61": words("60日以上", "over 60"),
    "x": words("无法计算", "unknown"),
}
_MEASURES = {
    "decided": ("w", "u", DAYS),
    "limited": ("w", DAYS),
    "counted": ("w", (*_WITHIN, *_LATE)),
    "within": ("w", _WITHIN),
    "late": ("w", _LATE),
    "unknown": ("w", ("x",)),
    "unlimited": ("u", DAYS),
    "all": ("w", "u", DAYS),
}
"""What each column counts: letters and classes of days."""


def _codes(column: str, days: tuple[str, ...] | None = None) -> list[str]:
    *letters, wanted = _MEASURES[column]
    return [f"{letter}{day}" for letter in letters for day in wanted if days is None or day in days]


def _sum(column: str) -> pl.Expr:
    return pl.col("held").filter(pl.col("measure").is_in(_codes(column))).sum().alias(column)


def section(context: Context) -> Section:
    """Make the section."""
    approvals = context.facts.filter(pl.col("kind") == "approval")
    mine = approvals.filter((pl.col("period") == context.month) & (pl.col("measure") != "p"))
    table = _units(context, mine)
    total = table.total.cells if table.total else {}
    figures = (
        Figure(
            id="within_share",
            title=words("5个工作日内办结率", "Decided within 5 working days"),
            kind="share",
            value=share(total.get("within"), total.get("counted")),
            cells=("timeliness.total.within", "timeliness.total.counted"),
        ),
        Figure(
            id="decided",
            title=words("本月作出决定的办件", "Approvals decided this month"),
            value=int(total.get("decided") or 0),
            cells=("timeliness.total.decided",),
        ),
        Figure(
            id="late",
            title=words("超过5个工作日", "Later than that"),
            value=int(total.get("late") or 0),
            cells=("timeliness.total.late",),
        ),
    )
    title = words("审批时限", "Timeliness of approvals")
    return Section(
        id="timeliness", title=title, figures=figures, tables=(table, _spread(mine), _trend(context, approvals))
    )


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables."""
    del context
    what = words("时限分布与各单位办件数", "spread of days and approvals by unit")
    return [
        Tie(what=what, left=("days.total.limited",), right=("timeliness.total.limited",)),
        Tie(what=what, left=("days.total.unlimited",), right=("timeliness.total.unlimited",)),
    ]


def _units(context: Context, mine: pl.DataFrame) -> Table:
    names = ("decided", "limited", "counted", "within", "late", "unknown", "unlimited")
    sums = mine.group_by("unit").agg(_sum(name) for name in names)
    return Table.summed(
        id="timeliness",
        title=words("各单位审批时限", "Timeliness by unit"),
        first=words("报送单位", "Unit"),
        definition=words(
            "本月作出决定的办件的最新版本，按决定日期归月。“适用5日”：审批模式为后置现场审查或告知承诺、2020年10月14日以后受理的"
            "（通知三（二））。工作日自受理次日起算到决定之日，按国务院办公厅放假安排计，并扣除办件填报的“不计入时限天数”；"
            "缺日期、日期颠倒或者没有当年日历的无法计算，不进入办结率。办结率＝5日内÷可计算。",
            "Last versions of approvals decided this month. Limit holds: mode 2 or 3, accepted on or after "
            "2020-10-14 (notice "
            "三（二）). Working days are counted from the day after acceptance to the decision, less the days "
            "that do not "
            "count; without both dates in order and a calendar they are unknown and left out. Share = within / "
            "countable.",
        ),
        columns=[
            Column(id="decided", title=words("已决定", "Decided"), sum_of=("limited", "unlimited")),
            Column(id="limited", title=words("适用5日", "Limit holds"), sum_of=("counted", "unknown")),
            Column(id="counted", title=words("可计算", "Countable"), sum_of=("within", "late")),
            Column(id="within", title=words("5日内", "Within 5")),
            Column(id="late", title=words("超过5日", "Later")),
            Column(id="share", title=words("办结率", "Share"), kind="share", part="within", whole="counted"),
            Column(id="unknown", title=words("无法计算", "Unknown")),
            Column(id="unlimited", title=words("其他模式", "Other modes")),
        ],
        rows=context.rows_of_units(sums),
        chart=Chart(form="bars", columns=("share",), title=words("5个工作日内办结率", "Share within 5 working days")),
        listed=True,
    )


def _spread(mine: pl.DataFrame) -> Table:
    of = dict(mine.group_by("measure").agg(pl.col("held").sum()).iter_rows())
    rows = []
    for day in DAYS:
        cells = {"limited": int(of.get(f"w{day}", 0)), "unlimited": int(of.get(f"u{day}", 0))}
        rows.append(Row(id=day, title=_NAMES[day], cells={**cells, "all": sum(cells.values())}))
    title = words("受理到决定的工作日分布", "Working days from acceptance to decision")
    return Table.summed(
        id="days",
        title=title,
        first=words("工作日", "Working days"),
        definition=words("口径同上表。", "As in the table above."),
        columns=[
            Column(id="limited", title=words("适用5日", "Limit holds")),
            Column(id="unlimited", title=words("其他模式", "Other modes")),
            Column(id="all", title=words("合计", "All"), sum_of=("limited", "unlimited")),
        ],
        rows=rows,
        chart=Chart(form="stacked", columns=("limited", "unlimited"), title=title),
        listed=True,
    )


def _trend(context: Context, approvals: pl.DataFrame) -> Table:
    sums = approvals.group_by("period").agg(_sum("decided"), _sum("counted"), _sum("within"))
    of = {row["period"]: row for row in sums.to_dicts()}
    rows = [
        Row(
            id=month,
            title=Words.same(month),
            cells={name: int(of.get(month, {}).get(name, 0)) for name in ("decided", "counted", "within")},
        )
        for month in context.months
    ]
    title = words("近12个月办结率", "Share within 5 working days over twelve months")
    return Table.summed(
        id="trend",
        title=title,
        first=words("决定月份", "Month of decision"),
        definition=words(
            "按决定日期归月，口径同上；以前月份的数随补报和更正而变。",
            "By month of decision, as above; earlier months change with what is sent or corrected later.",
        ),
        columns=[
            Column(id="decided", title=words("已决定", "Decided")),
            Column(id="counted", title=words("可计算", "Countable")),
            Column(id="within", title=words("5日内", "Within 5")),
            Column(id="share", title=words("办结率", "Share"), kind="share", part="within", whole="counted"),
        ],
        rows=rows,
        chart=Chart(form="line", columns=("share",), title=title),
        listed=True,
    )


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the approvals behind a number of this section."""
    month = (row if row != TOTAL else None) if table == "trend" else context.month
    classes: list[sa.ColumnElement[bool]] = [fact_class.c.period == month] if month else []
    if table == "trend" and month is None:
        classes.append(fact_class.c.period.in_(context.months))
    days = (row,) if table == "days" and row != TOTAL else None
    classes.append(fact_class.c.measure.in_(_codes(column, days)))
    unit = row if table == "timeliness" and row != TOTAL else None
    return ledger.list_versions(
        context.gateway.database, context.asked, last=True, limit=limit, unit=unit, kind="approval", classes=classes
    )
