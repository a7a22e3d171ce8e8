"""How many certificates are electronic: of those that are valid, and of those issued in the month."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import report as ledger
from ecqs_gateway.ledger.tables_report import fact_class
from ecqs_gateway.report.data import TOTAL, Column, Figure, Row, Section, Table, Tie, share

__all__ = ["behind", "section", "ties"]

_MEASURES = {
    "valid": ("v0", "v1"),
    "electronic": ("v1",),
    "paper": ("v0",),
    "issued": ("v0", "v1", "c0", "c1"),
    "issued_electronic": ("v1", "c1"),
    "issued_paper": ("v0", "c0"),
}


def section(context: Context) -> Section:
    """Make the section."""
    mine = context.facts.filter(pl.col("kind") == "certificate")
    recent = pl.col("period") == context.month
    sums = [
        pl.col("held")
        .filter(pl.col("measure").is_in(codes) & (recent | (not name.startswith("issued"))))
        .sum()
        .alias(name)
        for name, codes in _MEASURES.items()
    ]
    units = _table(
        context.rows_of_units(mine.group_by("unit").agg(sums)),
        id="electronic",
        title=words("各单位电子证书", "Electronic certificates by unit"),
        first=words("报送单位", "Unit"),
        definition=words(
            "证书的最新版本，截至报告生成时。状态为“有效”的计入有效证书；填报了电子证照标识的计为电子证书。本月发证按发证日期，"
            "不论现在的状态。电子化率＝电子证书÷证书。",
            "Last versions of certificates when the report was made. Valid: by status. Electronic: with the "
            "identifier of an "
            "electronic certificate. Issued this month: by day of issue, whatever the status now.",
        ),
    )
    rows = []
    for row in mine.group_by("product").agg(sums).sort("product").to_dicts():
        code = row.pop("product")
        name = f"{code} {context.product_names.get(code, code)}"
        title = words(name, name) if code else words("未注明类别", "No class stated")
        rows.append(Row(id=code or "none", title=title, cells=row))
    products = _table(
        rows,
        id="electronic_products",
        title=words("各产品类别电子证书", "Electronic certificates by product class"),
        first=words("产品类别", "Product class"),
        definition=words("口径同上；产品类别按证书的第一个产品。", "As above; by the certificate's first product."),
    )
    total = units.total.cells if units.total else {}
    figures = (
        Figure(
            id="electronic_share",
            title=words("有效证书电子化率", "Valid certificates that are electronic"),
            kind="share",
            value=share(total.get("electronic"), total.get("valid")),
            cells=("electronic.total.electronic", "electronic.total.valid"),
        ),
        Figure(
            id="valid",
            title=words("有效证书", "Valid certificates"),
            value=int(total.get("valid") or 0),
            cells=("electronic.total.valid",),
        ),
        Figure(
            id="issued",
            title=words("本月发证", "Issued this month"),
            value=int(total.get("issued") or 0),
            cells=("electronic.total.issued",),
        ),
    )
    title = words("电子证书", "Electronic certificates")
    return Section(id="electronic", title=title, figures=figures, tables=(units, products))


def _table(rows: list[Row], **given: object) -> Table:
    columns = [
        Column(id="valid", title=words("有效证书", "Valid"), sum_of=("electronic", "paper")),
        Column(id="electronic", title=words("电子证书", "Electronic")),
        Column(id="paper", title=words("无电子证书", "Without")),
        Column(id="share", title=words("电子化率", "Share"), kind="share", part="electronic", whole="valid"),
        Column(id="issued", title=words("本月发证", "Issued this month"), sum_of=("issued_electronic", "issued_paper")),
        Column(id="issued_electronic", title=words("其中电子", "Electronic")),
        Column(id="issued_paper", title=words("其中无电子", "Without")),
        Column(
            id="issued_share",
            title=words("本月电子化率", "Share"),
            kind="share",
            part="issued_electronic",
            whole="issued",
        ),
    ]
    return Table.summed(columns=columns, rows=rows, listed=True, **given)


def ties(context: Context) -> list[Tie]:
    """Give what must be equal across tables."""
    del context
    what = words("按产品与按单位的有效证书", "valid certificates by product and by unit")
    names = ("valid", "electronic", "issued")
    return [Tie(what=what, left=(f"electronic.total.{n}",), right=(f"electronic_products.total.{n}",)) for n in names]


def behind(context: Context, table: str, row: str, column: str, limit: int) -> list[dict[str, Any]]:
    """List the certificates behind a number of this section."""
    classes: list[sa.ColumnElement[bool]] = [fact_class.c.measure.in_(_MEASURES[column])]
    if column.startswith("issued"):
        classes.append(fact_class.c.period == context.month)
    if table == "electronic_products" and row != TOTAL:
        classes.append(fact_class.c.product == ("" if row == "none" else row))
    unit = row if table == "electronic" and row != TOTAL else None
    return ledger.list_versions(
        context.gateway.database, context.asked, last=True, limit=limit, unit=unit, kind="certificate", classes=classes
    )
