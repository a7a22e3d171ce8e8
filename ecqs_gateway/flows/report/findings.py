"""What the rules say of records that were sent: by rule and unit, and by clause of the law."""

from __future__ import annotations

from typing import Any

import polars as pl

from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.report.data import TOTAL, Chart, Column, Figure, Row, Section, Table, Tie, Words

__all__ = ["behind", "section", "ties"]


def section(context: Context) -> Section:
    """Make the section."""
    rules = {rule.id: rule for file in context.gateway.content.rules.values() for rule in file.rules}
    rows: list[Row] = []
    clauses: dict[str, int] = {}
    for rule in sorted(context.findings["rule"].unique().to_list()):
        known = rules.get(rule)
        clause = f"{known.clause.document} {known.clause.article}" if known else "—"
        title = words(f"{rule} {known.title}", f"{rule} {known.message.en}") if known else Words.same(rule)
        cells = context.cells_by_unit(context.findings.filter(pl.col("rule") == rule), "findings")
        rows.append(Row(id=rule, title=title, cells={"clause": clause, **cells}))
        clauses[clause] = clauses.get(clause, 0) + cells["all"]
    text = Column(id="clause", title=words("依据", "Clause"), kind="text")
    table = Table.summed(
        id="findings",
        title=words("规则发现，按规则与单位", "Findings by rule and unit"),
        first=words("规则", "Rule"),
        definition=words(
            "本月封装、未整批退回的记录版本上的规则发现；记录照常报送，一条记录违反几条规则计几次。",
            "Findings on record versions sealed this month and not refused as a whole batch; the records were "
            "sent all the "
            "same, and one that breaks several rules counts under each.",
        ),
        columns=[text, *context.unit_columns()],
        rows=rows,
        listed=True,
    )
    title = words("规则发现，按条款", "Findings by clause")
    ordered = sorted(clauses.items(), key=lambda pair: (-pair[1], pair[0]))
    by_clause = Table.summed(
        id="clauses",
        title=title,
        first=words("条款", "Clause"),
        definition=words("同一条款下各规则的发现之和。", "The sum of the rules that rest on the clause."),
        columns=[Column(id="findings", title=words("发现", "Findings"))],
        rows=[Row(id=f"c{n}", title=Words.same(name), cells={"findings": v}) for n, (name, v) in enumerate(ordered, 1)],
        chart=Chart(form="bars", columns=("findings",), title=title) if rows else None,
    )
    figure = Figure(
        id="findings",
        title=words("规则发现", "Findings"),
        value=int(table.total.cells["all"] or 0) if table.total else 0,
        cells=("findings.total.all",),
    )
    return Section(
        id="findings", title=words("规则与条款", "Rules and clauses"), figures=(figure,), tables=(by_clause, table)
    )


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables."""
    del context
    what = words("发现按条款与按规则", "findings by clause and by rule")
    return [Tie(what=what, left=("clauses.total.findings",), right=("findings.total.all",))]


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the findings behind a number of this section."""
    del table
    rule, unit = (None if row == TOTAL else row), (None if column == "all" else column)
    return ledger.list_findings(context.gateway.database, context.asked, rule=rule, unit=unit, limit=limit)
