"""How many records were sent, by unit, record kind and product, and what became of them."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.ledger.tables_report import fact_class
from ecqs_gateway.model import kinds
from ecqs_gateway.report.data import TOTAL, Chart, Column, Figure, Row, Section, Table, Tie, Words

__all__ = ["behind", "section", "ties"]

_NO_PRODUCT, _UNCOUNTED = "none", "uncounted"


def section(context: Context) -> Section:
    """Make the section."""
    volumes, per_unit, products = _volumes(context), _units(context), _products(context)
    figures = [
        Figure(
            id=f"volume_{name}",
            title=title,
            value=int(volumes.total.cells[name] or 0),
            cells=(f"volumes.total.{name}",),
        )
        for name, title in (
            ("sealed", words("本月报送", "Sent this month")),
            ("loaded", words("总局已入库", "Loaded by headquarters")),
            ("refused", words("总局退回", "Refused by headquarters")),
            ("held", words("累计有效版本", "Records in all")),
        )
        if volumes.total
    ]
    title = words("报送总量", "Volumes")
    return Section(id="volumes", title=title, figures=tuple(figures), tables=(per_unit, volumes, products))


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables."""
    what = words("按产品与按单位的报送量", "records by product and by unit")
    kinds_ = _kinds(context)
    by_kind = [Tie(what=what, left=(f"products.{TOTAL}.{kind}",), right=(f"units.{TOTAL}.{kind}",)) for kind in kinds_]
    whole = Tie(
        what=words("按单位与按记录类型的报送量", "records by unit and by kind"),
        left=(f"units.{TOTAL}.all",),
        right=(f"volumes.{TOTAL}.sealed",),
    )
    return [*by_kind, whole]


def _kinds(context: Context) -> list[str]:
    seen = {*context.batches["kind"].to_list(), *context.facts["kind"].to_list()}
    return [*(kind for kind in kinds.KINDS if kind in seen), *sorted(seen - set(kinds.KINDS))]


def _units(context: Context) -> Table:
    found = _kinds(context)
    sums = context.batches.group_by("unit", "kind").agg(pl.col("records").sum())
    of = {(unit, kind): int(number) for unit, kind, number in sums.iter_rows()}
    rows = []
    for unit in context.units:
        cells = {kind: of.get((unit.code, kind), 0) for kind in found}
        rows.append(Row(id=unit.code, title=Words.same(unit.name), cells={**cells, "all": sum(cells.values())}))
    columns = [Column(id=kind, title=context.kind_words(kind)) for kind in found]
    columns.append(Column(id="all", title=words("合计", "All"), sum_of=tuple(found)))
    title = words("各单位本月报送量", "Records sent this month, by unit")
    return Table.summed(
        id="units",
        title=title,
        first=words("报送单位", "Unit"),
        definition=words(
            "本月封装成批的记录版本数，按封装时间归月；同一记录在本月变更几次就计几次。",
            "Record versions sealed into batches this month, by the time of sealing; each change of a record counts.",
        ),
        columns=columns,
        rows=rows,
        chart=Chart(form="stacked", columns=tuple(found), title=title),
        listed=True,
    )


def _volumes(context: Context) -> Table:
    b = context.batches
    done, refused = pl.col("state") == "loaded", pl.col("state") == "rejected"
    sent = b.group_by("unit", "kind").agg(
        sealed=pl.col("records").sum(),
        loaded=(pl.col("records") - pl.col("rejected")).filter(done).sum(),
        refused=pl.col("rejected").filter(done).sum() + pl.col("records").filter(refused).sum(),
        waiting=pl.col("records").filter(~done & ~refused).sum(),
    )
    held = context.facts.group_by("unit", "kind").agg(pl.col("renewed", "held").sum())
    joined = sent.join(held, on=["unit", "kind"], how="full", coalesce=True).sort("unit", "kind")
    names = {unit.code: unit.name for unit in context.units}
    rows = []
    for row in joined.to_dicts():
        kind = context.kind_words(row["kind"])
        cells = {name: int(row[name] or 0) for name in ("sealed", "loaded", "refused", "waiting", "renewed", "held")}
        title = words(f"{names[row['unit']]} {kind.zh}", f"{names[row['unit']]} {kind.en}")
        rows.append(Row(id=f"{row['unit']}-{row['kind']}", title=title, cells=cells))
    return Table.summed(
        id="volumes",
        title=words("报送结果", "What became of them"),
        first=words("单位与记录类型", "Unit and kind"),
        definition=words(
            "本月报送＝已入库＋已退回＋在途，入库与退回以总局回执为准，截至报告生成时。“更新”是其中替换本单位以前版本的；"
            "“累计有效版本”是截至报告生成时每条记录的最新版本，整批退回的不计，升级到有本报告的版本之前封装的不计。",
            "Sent = loaded + refused + under way, by headquarters' receipts, when the report was made. Renewed: "
            "those that "
            "replace an earlier version. Records in all: the last version of each record, without batches refused as a "
            "whole and without what was sealed before this report existed.",
        ),
        columns=[
            Column(id="sealed", title=words("本月报送", "Sent"), sum_of=("loaded", "refused", "waiting")),
            Column(id="loaded", title=words("已入库", "Loaded")),
            Column(id="refused", title=words("已退回", "Refused")),
            Column(id="waiting", title=words("在途", "Under way")),
            Column(id="renewed", title=words("其中更新", "Renewed")),
            Column(id="held", title=words("累计有效版本", "Records in all")),
        ],
        rows=rows,
        listed=True,
    )


def _products(context: Context) -> Table:
    found = _kinds(context)
    counted = context.facts.group_by("product", "kind").agg(pl.col("sealed", "held").sum())
    of = {(row["product"], row["kind"]): row for row in counted.to_dicts()}
    sealed = dict(context.batches.group_by("kind").agg(pl.col("records").sum()).iter_rows())
    known = dict(context.facts.group_by("kind").agg(pl.col("sealed").sum()).iter_rows())
    rows = []
    for code in sorted({row["product"] for row in of.values() if row["sealed"] or row["held"]}):
        cells = {kind: int(of.get((code, kind), {}).get("sealed", 0)) for kind in found}
        cells |= {f"held_{kind}": int(of.get((code, kind), {}).get("held", 0)) for kind in found}
        name = context.product_names.get(code, code)
        title = words(f"{code} {name}", f"{code} {name}") if code else words("未注明类别", "No class stated")
        rows.append(Row(id=code or _NO_PRODUCT, title=title, cells=cells))
    rest = {kind: int(sealed.get(kind, 0)) - int(known.get(kind, 0)) for kind in found}
    if any(rest.values()):
        cells = {**rest, **{f"held_{kind}": 0 for kind in found}}
        rows.append(Row(id=_UNCOUNTED, title=words("升级前封装，未分类", "Sealed before the upgrade"), cells=cells))
    columns = [Column(id=kind, title=words(f"本月{_zh(context, kind)}", f"{kind} sent")) for kind in found]
    columns += [Column(id=f"held_{kind}", title=words(f"累计{_zh(context, kind)}", f"{kind} in all")) for kind in found]
    shown = tuple(kind for kind in found if kind in ("approval", "certificate")) or tuple(found)
    title = words("各产品类别本月报送量", "Records sent this month, by product class")
    return Table.summed(
        id="products",
        title=title,
        first=words("产品类别", "Product class"),
        definition=words(
            "按记录的产品类别；一条记录有几个产品的，按第一个计一次。",
            "By product class of the record; a record with several products counts once, under the first.",
        ),
        columns=columns,
        rows=rows,
        chart=Chart(form="stacked", columns=shown, title=title) if rows else None,
        listed=True,
    )


def _zh(context: Context, kind: str) -> str:
    return context.kind_words(kind).zh


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the record versions behind a number of this section."""
    unit: str | None = None
    kind: str | None = None
    classes: list[sa.ColumnElement[bool]] = []
    last = column == "held" or column.startswith("held_")
    if table == "volumes" and row != TOTAL:
        unit, _, kind = row.partition("-")
    elif table == "units":
        unit, kind = (None if row == TOTAL else row), (None if column == "all" else column)
    elif table == "products":
        kind = column.removeprefix("held_")
        if row == _UNCOUNTED:
            classes = [fact_class.c.id.is_(None)]
        elif row != TOTAL:
            classes = [fact_class.c.product == ("" if row == _NO_PRODUCT else row)]
    return ledger.list_versions(
        context.gateway.database,
        context.asked,
        last=last,
        limit=limit,
        unit=unit,
        kind=kind,
        classes=classes,
        what=column,
    )
