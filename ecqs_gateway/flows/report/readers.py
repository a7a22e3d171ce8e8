"""Reading what other parts of the gateway keep, for the sections of ``others``; absent where the part never ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl

from ecqs_gateway.flows import followups as flow
from ecqs_gateway.flows.report import others
from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import audits as ledger_audits
from ecqs_gateway.ledger import differences
from ecqs_gateway.ledger import followups as ledger_followups
from ecqs_gateway.ledger import inspectors as ledger_inspectors
from ecqs_gateway.report.data import TOTAL, Section, Tie

__all__ = ["CHECK", "audits", "behind", "followups", "inspectors", "reconciliation", "ties"]

CHECK = "FOLL-001"
"""The follow-up of the notice: a check within 60 days after a renewal without a visit."""
_ACTIVE = "1"
"""The only status in which an inspector is recognised."""


def _mine(context: Context) -> Callable[[str], bool]:
    return lambda unit: not context.wanted or unit in context.wanted


def reconciliation(context: Context) -> Section:
    """Read the last comparison of each lane, with headquarters where there was one, and what is open."""
    database, mine = context.gateway.database, _mine(context)
    found = [*differences.last(database, with_source=True), *differences.last(database)]
    lanes = {(row["unit"], row["kind"]): row for row in found if mine(row["unit"])}
    if not lanes:
        return others.absent("reconciliation")
    compared = [
        others.Compared(unit, kind, row["at"], row["records_here"], row["records_there"])
        for (unit, kind), row in sorted(lanes.items())
    ]
    open_ = [
        others.Difference(
            row["unit"], row["kind"], row["key"], row["class"], row["side"], row["found_at"], row["action"]
        )
        for row in differences.open_differences(database)
        if mine(row["unit"]) and row["action"] != "wait"
    ]
    return others.reconciliation(context, compared, open_)


def _audit_lines(context: Context) -> list[others.AuditLine]:
    database = context.gateway.database
    sent, lines = ledger_audits.last_answers(database), []
    for row in ledger_audits.listed(database):
        # Asked again, the answer before it does not count; refused, none is owed.
        moment = sent.get(row["id"]) if row["state"] in ("answered", "closed") else None
        due = date.fromisoformat(row["due"]) if row["state"] != "refused" else None
        done = date.fromisoformat(moment[:10]) if moment else None
        lines.append(others.AuditLine(row["unit"], row["id"], date.fromisoformat(row["received_at"][:10]), due, done))
    return lines


def audits(context: Context) -> Section:
    """Read the random inspections and when each was answered."""
    lines = _audit_lines(context)
    return others.audits(context, lines) if lines else others.absent("audits")


def inspectors(context: Context) -> Section:
    """Read the national list: what is in force, and what the versions taken in this month changed."""
    database = context.gateway.database
    versions = ledger_inspectors.versions(database)
    if not versions:
        return others.absent("inspectors")
    asked = context.asked
    month = [int(str(v["version"])) for v in versions if asked.since <= str(v["taken_at"]) < asked.until]
    said = ledger_inspectors.history(database)
    before = said.select("number", from_version="until_version", earlier=pl.lit(value=True)).drop_nulls()
    after = said.select("number", until_version="from_version", later=pl.lit(value=True))
    said = said.join(before, on=["number", "from_version"], how="left")
    said = said.join(after, on=["number", "until_version"], how="left")
    begun, ended = pl.col("from_version").is_in(month), pl.col("until_version").is_in(month)
    sums = said.group_by("unit").agg(
        valid=(pl.col("until_version").is_null() & (pl.col("status") == _ACTIVE)).sum(),
        added=(begun & pl.col("earlier").is_null()).sum(),
        changed=(begun & pl.col("earlier").is_not_null()).sum(),
        removed=(ended.fill_null(value=False) & pl.col("later").is_null()).sum(),
    )
    return others.inspectors(context, [others.InspectorLine(**row) for row in sums.to_dicts()])


def _follow_ups(context: Context) -> pl.DataFrame:
    """Give all follow-ups out of batches that are due by the end of the month or of today; columns of ``flow.ROWS``."""
    today = context.created.date()
    until = max(today, context.after - timedelta(days=1))
    found = flow.find(context.gateway, within=until - today, units=context.wanted, on=today, met=True).rows
    # Answers to inspections have a section of their own, and what enterprises have to do is not held against the unit.
    return found.filter(pl.col("rule").is_in(list(flow.duties(context.gateway))))


def _checks(found: pl.DataFrame) -> list[others.FollowUp]:
    rows = found.filter(pl.col("rule") == CHECK).select("unit", "subject", "due", "met")
    return [others.FollowUp(*row) for row in rows.iter_rows()]


def followups(context: Context) -> Section:
    """Read the follow-ups; batches nobody looked through yet are looked through first."""
    found = _follow_ups(context)
    if not ledger_followups.scanned(context.gateway.database):
        return others.absent("followups")
    titles = flow.duties(context.gateway)
    late = found.filter(pl.col("state") == "overdue").group_by("rule", "unit").len()
    by_rule: dict[str, tuple[str, Counter[str]]] = {rule: (title, Counter()) for rule, title in titles.items()}
    for rule, unit, count in late.iter_rows():
        by_rule[rule][1][unit] = count
    return others.followups(context, _checks(found), by_rule)


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables: inspectors sent, here and among all records."""
    sent = context.batches.filter(pl.col("kind") == "inspector").height
    if not sent or ledger_inspectors.newest(context.gateway.database) is None:
        return []
    what = words("核查人员上报数", "inspectors sent")
    return [Tie(what=what, left=("inspectors.total.sent",), right=("units.total.inspector",))]


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the inspections, checks or follow-ups behind a number."""
    known = {unit.code for unit in context.units}
    if table == "overdue":
        found = _follow_ups(context).filter(pl.col("state") == "overdue", pl.col("unit").is_in(list(known)))
        found = found.filter(pl.col("rule") == row) if row != TOTAL else found
        found = found.filter(pl.col("unit") == column) if column != "all" else found
        wanted = found.head(limit).select("unit", "rule", "subject", "key", pl.col("due").cast(pl.String))
        return wanted.to_dicts()
    lines = _audit_lines(context) if table == "audits" else _checks(_follow_ups(context))
    units = known if row == TOTAL else {row}
    chosen = [line for line in lines if line.unit in units and column in others.standing(context, line)]
    return [
        {name: value.isoformat() if isinstance(value, date) else value for name, value in vars(line).items()}
        for line in chosen[:limit]
    ]
