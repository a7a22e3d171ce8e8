"""Sections whose data other parts of the gateway keep: reconciliation, audit answers, inspectors, follow-up checks.

Each is a function of plain rows, so that what it says does not depend on where they come from. Where the ledger does
not have the tables, the section says that the part is not switched on, and shows no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.report.data import Column, Figure, Row, Section, Table, Value, Words, share

__all__ = ["AuditLine", "Compared", "Difference", "FollowUp", "InspectorLine", "absent", "audits", "followups"]
__all__ += ["inspectors", "reconciliation", "standing"]

_CLASSES = {
    "missing_there": words("总局缺少", "Missing there"),
    "missing_here": words("本方台账缺少", "Missing here"),
    "different": words("内容不同", "Different"),
    "duplicated": words("重复", "Duplicated"),
    "superseded": words("已被新版本取代", "Superseded"),
    "deleted_at_source": words("来源已删除", "Deleted at the source"),
    "waiting": words("在途", "Waiting"),
}
_TITLES = {
    "reconciliation": words("与总局对账", "Reconciliation with headquarters"),
    "audits": words("随机抽查答复", "Answers to random inspections"),
    "inspectors": words("实地核查人员", "Inspectors"),
    "followups": words("免实地核查企业证后检查", "Follow-up checks"),
}


def absent(section: str) -> Section:
    """Make a section without data, which says so."""
    note = words(
        "没有数据：本系统尚未启用这一部分。本节不表示“没有问题”。",
        "No data: this part is not switched on. That does not mean that there is nothing to report.",
    )
    return Section(id=section, title=_TITLES[section], state="absent", note=note)


@dataclass(frozen=True)
class Compared:
    """The last comparison of one lane with headquarters."""

    unit: str
    kind: str
    at: str
    here: int
    there: int | None


@dataclass(frozen=True)
class Difference:
    """One difference that stands."""

    unit: str
    kind: str
    key: str
    klass: str
    side: str
    found_at: str
    action: str


def reconciliation(context: Context, compared: Sequence[Compared], open_: Sequence[Difference]) -> Section:
    """Make the section on reconciliation: what was compared, and every open difference."""
    names = {unit.code: unit.name for unit in context.units}
    rows = []
    for one in compared:
        kind = context.kind_words(one.kind)
        name = names.get(one.unit, one.unit)
        mine = sum((d.unit, d.kind, d.side) == (one.unit, one.kind, "headquarters") for d in open_)
        source = sum((d.unit, d.kind) == (one.unit, one.kind) for d in open_) - mine
        cells: dict[str, Value] = {"at": one.at[:16].replace("T", " "), "here": one.here, "there": one.there}
        cells |= {"open": mine + source, "headquarters": mine, "source": source}
        title = words(f"{name} {kind.zh}", f"{name} {kind.en}")
        rows.append(Row(id=f"{one.unit}-{one.kind}", title=title, cells=cells))
    lanes = _lanes(rows)
    figure = Figure(
        id="differences",
        title=words("未消除差异", "Open differences"),
        value=int(lanes.total.cells["open"] or 0) if lanes.total else 0,
        cells=("reconciled.total.open",),
    )
    title = _TITLES["reconciliation"]
    return Section(id="reconciliation", title=title, figures=(figure,), tables=(lanes, _differences(context, open_)))


def _lanes(rows: Sequence[Row]) -> Table:
    return Table.summed(
        id="reconciled",
        title=words("最近一次对账", "Last comparison"),
        first=words("单位与记录类型", "Unit and kind"),
        definition=words(
            "每个单位和记录类型截至报告生成时最近一次对账：本方台账和总局各有多少条记录；未消除的差异分为与总局的、与来源的，下次自动处理的在途差异不计。",
            "The last comparison of each unit and kind: records in this ledger and at headquarters; open "
            "differences with "
            "headquarters and with the source, without those that are under way and wait for the next run.",
        ),
        columns=[
            Column(id="at", title=words("对账时间", "Compared at"), kind="text"),
            Column(id="here", title=words("本方记录", "Here")),
            Column(id="there", title=words("总局记录", "There")),
            Column(id="open", title=words("未消除差异", "Open"), sum_of=("headquarters", "source")),
            Column(id="headquarters", title=words("与总局", "Headquarters")),
            Column(id="source", title=words("与来源", "Source")),
        ],
        rows=rows,
    )


def _differences(context: Context, open_: Iterable[Difference]) -> Table:
    names = {unit.code: unit.name for unit in context.units}
    rows = [
        Row(
            id=f"d{number}",
            title=Words.same(one.key),
            cells={
                "unit": names.get(one.unit, one.unit),
                "kind": context.kind_words(one.kind).zh,
                "class": _CLASSES.get(one.klass, Words.same(one.klass)).zh,
                "side": "总局" if one.side == "headquarters" else "来源",
                "found_at": one.found_at[:10],
                "action": one.action,
            },
        )
        for number, one in enumerate(open_, 1)
    ]
    headings = [("unit", "单位", "Unit"), ("kind", "类型", "Kind"), ("class", "差异", "Difference")]
    headings += [("side", "对方", "Against"), ("found_at", "发现日期", "Found"), ("action", "处理", "Action")]
    return Table(
        id="differences",
        title=words("未消除差异清单", "Every open difference"),
        first=words("业务主键", "Business key"),
        definition=words("逐条列出，不作汇总。", "One line each."),
        columns=tuple(Column(id=i, title=words(zh, en), kind="text") for i, zh, en in headings),
        rows=tuple(rows),
    )


@dataclass(frozen=True)
class AuditLine:
    """One random inspection: when its answer was due (None: no answer is owed), and when it was sent, if it was."""

    unit: str
    request: str
    received: date
    due: date | None
    done: date | None


def audits(context: Context, lines: Sequence[AuditLine]) -> Section:
    """Make the section on audit answers: those that fell due in the month, and those that are overdue by now."""
    titles = {"due": "本月到期", "in_time": "按期", "late": "迟答", "missed": "逾期未答", "judged": "应答"}
    table = Table.summed(
        id="audits",
        title=words("随机抽查按期答复", "Answers on time"),
        first=words("报送单位", "Unit"),
        definition=words(
            "按总局抽查要求的答复期限归月。按期＝期限当日或以前答复；逾期未答、答复晚于期限的都不是按期；期限未到的不进入按期率。"
            "“累计逾期未答”不论期限在哪个月。总局再次要求答复的，以最后一次期限为准；抽取无法复现而退回的要求只计入收到。",
            "By the month in which the answer was due, the last time it was asked for. On time: sent on that day or "
            "before. What is not due yet is not in the share. Overdue: not answered, whenever it was due. Requests "
            "refused because their draw cannot be reproduced count as received only.",
        ),
        columns=[Column(id="received", title=words("本月收到", "Received")), *_deadline_columns(titles)],
        rows=_by_unit(context, lines, ("received", *_DEADLINE)),
        listed=True,
    )
    total = table.total.cells if table.total else {}
    figures = (
        Figure(
            id="audits_share",
            title=words("抽查按期答复率", "Answered on time"),
            kind="share",
            value=share(total.get("in_time"), total.get("judged")),
            cells=("audits.total.in_time", "audits.total.judged"),
        ),
        _overdue_figure(table, words("累计逾期未答", "Overdue")),
    )
    return Section(id="audits", title=_TITLES["audits"], figures=figures, tables=(table,))


_DEADLINE = ("due", "in_time", "late", "missed", "running", "judged", "overdue")


def _deadline_columns(zh: Mapping[str, str]) -> list[Column]:
    """Make the columns of things that had to be done by a day."""
    return [
        Column(id="due", title=words(zh["due"], "Due"), sum_of=("in_time", "late", "missed", "running")),
        Column(id="in_time", title=words(zh["in_time"], "In time")),
        Column(id="late", title=words(zh["late"], "Late")),
        Column(id="missed", title=words(zh["missed"], "Missed")),
        Column(id="running", title=words("未到期", "Running")),
        Column(id="judged", title=words(zh["judged"], "Judged"), sum_of=("in_time", "late", "missed")),
        Column(id="share", title=words("按期率", "Share"), kind="share", part="in_time", whole="judged"),
        Column(id="overdue", title=words(f"累计{zh['missed']}", "Overdue")),
    ]


def standing(context: Context, line: AuditLine | FollowUp) -> set[str]:
    """Give the columns in which something that had to be done by a day counts."""
    found = set()
    if isinstance(line, AuditLine) and context.first <= line.received < context.after:
        found.add("received")
    if line.due is None:
        return found
    missed = line.done is None and line.due < context.created.date()
    if context.first <= line.due < context.after:
        if line.done is not None:
            found |= {"due", "judged", "in_time" if line.done <= line.due else "late"}
        else:
            found |= {"due", "judged", "missed"} if missed else {"due", "running"}
    return found | {"overdue"} if missed else found


def _by_unit(context: Context, lines: Iterable[AuditLine | FollowUp], columns: Sequence[str]) -> list[Row]:
    sums = {unit.code: Counter[str]() for unit in context.units}
    for line in lines:
        if line.unit in sums:
            sums[line.unit].update(standing(context, line))
    return [
        Row(id=unit.code, title=Words.same(unit.name), cells={name: sums[unit.code][name] for name in columns})
        for unit in context.units
    ]


def _overdue_figure(table: Table, title: Words) -> Figure:
    value = int(table.total.cells["overdue"] or 0) if table.total else 0
    return Figure(id=f"{table.id}_overdue", title=title, value=value, cells=(f"{table.id}.total.overdue",))


@dataclass(frozen=True)
class InspectorLine:
    """The inspectors of one unit in the national list, and how they changed in the month."""

    unit: str
    valid: int
    added: int
    changed: int
    removed: int


def inspectors(context: Context, lines: Iterable[InspectorLine]) -> Section:
    """Make the section on inspectors: how many, and how many more and fewer."""
    of = {line.unit: line for line in lines}
    reported = context.cells_by_unit(context.batches.filter(pl.col("kind") == "inspector"), "records")
    rows = []
    for unit in context.units:
        one = of.get(unit.code, InspectorLine(unit.code, 0, 0, 0, 0))
        cells = {"valid": one.valid, "added": one.added, "changed": one.changed, "removed": one.removed}
        cells["sent"] = reported[unit.code]
        rows.append(Row(id=unit.code, title=Words.same(unit.name), cells=cells))
    table = Table.summed(
        id="inspectors",
        title=words("全国互认核查人员名单", "The national list of inspectors"),
        first=words("发证单位", "Unit"),
        definition=words(
            "总局下发的名单中由本单位培训考核的人员：截至报告生成时在册人数，以及本月收到的各版本中新增、变动、移出的条数；“本月上报”是本单位本月报送的核查人员记录。",
            "Entries of the national list that the unit issued: now in force, and added, changed and removed by "
            "the versions "
            "that arrived this month. Sent up: records of inspectors the unit sent this month.",
        ),
        columns=[
            Column(id="valid", title=words("在册", "In force")),
            Column(id="added", title=words("本月新增", "Added")),
            Column(id="changed", title=words("本月变动", "Changed")),
            Column(id="removed", title=words("本月移出", "Removed")),
            Column(id="sent", title=words("本月上报", "Sent up")),
        ],
        rows=rows,
    )
    figure = Figure(
        id="inspectors",
        title=words("在册核查人员", "Inspectors in force"),
        value=int(table.total.cells["valid"] or 0) if table.total else 0,
        cells=("inspectors.total.valid",),
    )
    return Section(id="inspectors", title=_TITLES["inspectors"], figures=(figure,), tables=(table,))


@dataclass(frozen=True)
class FollowUp:
    """A certificate renewed without a visit: by when it had to be checked, and when it was."""

    unit: str
    key: str
    due: date
    done: date | None


def followups(context: Context, lines: Sequence[FollowUp], others: Mapping[str, tuple[str, Counter[str]]]) -> Section:
    """Make the section on follow-up checks: due in the month, done in time, and every one that is overdue.

    ``others`` has by rule its title and what is overdue by unit, for all follow-ups.
    """
    titles = {"due": "本月到期", "in_time": "按期检查", "late": "迟检", "missed": "逾期未检", "judged": "应检"}
    table = Table.summed(
        id="followups",
        title=words("发证后60天内监督检查", "Checks within 60 days after issue"),
        first=words("报送单位", "Unit"),
        definition=words(
            "免实地核查换发的证书，应在发证后60天内完成监督检查（通知三（三））；按期限归月，“累计逾期”不论期限在哪个月。",
            "Certificates renewed without a visit must be checked within 60 days (notice 三（三）); by month of "
            "that limit. Overdue: not checked, whenever it was due.",
        ),
        columns=_deadline_columns(titles),
        rows=_by_unit(context, lines, _DEADLINE),
        listed=True,
    )
    figure = _overdue_figure(table, words("60天检查逾期", "Overdue checks"))
    tables = (table, _overdue_by_rule(context, others), _overdue(context, lines))
    return Section(id="followups", title=_TITLES["followups"], figures=(figure,), tables=tables)


def _overdue_by_rule(context: Context, found: Mapping[str, tuple[str, Counter[str]]]) -> Table:
    rows = []
    for rule, (title, count) in sorted(found.items()):
        cells = {unit.code: count[unit.code] for unit in context.units}
        rows.append(Row(id=rule, title=Words.same(f"{rule} {title}"), cells={**cells, "all": sum(cells.values())}))
    return Table.summed(
        id="overdue",
        title=words("各类后续事项累计逾期", "Everything overdue, by what is to be done"),
        first=words("后续事项", "What is to be done"),
        definition=words(
            "单位应办、截至报告生成时期限已过而未完成的；企业自身的义务（如申请延续）不计。",
            "The units' own duties past their day and not done when the report was made; enterprises' are not counted.",
        ),
        columns=context.unit_columns(),
        rows=rows,
        listed=True,
    )


def _overdue(context: Context, lines: Iterable[FollowUp]) -> Table:
    names = {unit.code: unit.name for unit in context.units}
    late = sorted(
        (x for x in lines if x.unit in names and "overdue" in standing(context, x)), key=lambda x: (x.due, x.key)
    )
    return Table(
        id="followups_overdue",
        title=words("逾期未检证书", "Certificates overdue for a check"),
        first=words("证书编号", "Certificate"),
        definition=words("逐张列出，期限早的在前。", "One line each, the oldest first."),
        columns=(
            Column(id="unit", title=words("单位", "Unit"), kind="text"),
            Column(id="due", title=words("检查期限", "Due"), kind="text"),
        ),
        rows=tuple(
            Row(
                id=f"f{number}",
                title=Words.same(line.key),
                cells={"unit": names.get(line.unit, line.unit), "due": line.due.isoformat()},
            )
            for number, line in enumerate(late, 1)
        ),
    )
