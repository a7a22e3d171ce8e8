"""江苏's inspectors ``T_XK_HCRY``: those the approvals name by certificate number, with id numbers that are nobody's.

The id numbers have a right check character and an area code (3299xx) that no place has. ``T_XK_HCRY_QG`` is the empty
table into which the national list is written back.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.sandbox.provinces.dirt import DIRT, Dirt, DirtLog, DirtTable, problem
from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.firm import Span, changed_at, numbered
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, person
from ecqs_gateway.sandbox.provinces.jiangsu import PLACE
from ecqs_gateway.sandbox.provinces.load import MYSQL_TIME
from ecqs_gateway.sandbox.provinces.spelling import compact, unpadded

__all__ = ["DIRTY", "FIRST", "INSPECTORS", "MOST", "NATIONAL", "inspector_frames", "tables"]

INSPECTORS, NATIONAL = "T_XK_HCRY", "T_XK_HCRY_QG"
FIRST, MOST = 4, 240
"""Number of the first certificate, and how many there are at most: approvals name 4 to 239."""

DIRTY = DirtTable(
    "inspector",
    (
        problem("id_check", 0.004, "ECQS-1277"),
        problem("id_letters", 0.004, "ECQS-1277"),
        problem("name_remark", 0.004, "ECQS-1280"),
        problem("status_unknown", 0.004, "ECQS-1291"),
        Dirt("id_spaced", "cleaned", 0.01),
        Dirt("id_old", "cleaned", 0.01),
        Dirt("number_spaced", "cleaned", 0.01),
    ),
)
"""Kinds of dirt among the inspectors, with the share of rows that has each."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def inspector_frames(span: Span, log: DirtLog) -> dict[str, pl.DataFrame]:
    """Give the rows of the inspectors' table, and note what is dirty; the table ends at ``MOST`` rows."""
    draw = Draw(span.seed * 1_000_003 + int(PLACE.unit) + 2)
    known = numbered(min(span.start, MOST), min(span.stop, MOST)).with_columns(
        DIRTY.column(draw, span.dirty, never=pl.lit(value=False)).alias(DIRT),
        key=pl.format("HC{}", pl.col(ROW).cast(pl.String).str.zfill(6)),
        issued=draw.day("FZRQ", date(2020, 11, 2), date(2021, 1, 3)),
        state=draw.whole("ZT", 0, 99),
    )
    known = known.with_columns(body=_body(draw))
    log.note(DIRTY, known)
    return {INSPECTORS: known.select(**_person(draw), **_certificate(draw))}


def _body(draw: Draw) -> pl.Expr:
    born = compact(draw.day("SFZHM", date(1964, 1, 1), date(1994, 12, 31)))
    place = draw.whole("SFZHM.area", 1, 99).cast(pl.String).str.zfill(2)
    return pl.concat_str(pl.lit("3299"), place, born, draw.whole("SFZHM.n", 0, 999).cast(pl.String).str.zfill(3))


def _person(draw: Draw) -> dict[str, pl.Expr]:
    body, name = pl.col("body"), person(draw, "XM")
    total = pl.sum_horizontal(body.str.slice(place, 1).cast(pl.Int64) * weight for place, weight in enumerate(_WEIGHTS))
    number = pl.concat_str(body, choose(total % 11, "10X98765432"))
    wrong = pl.concat_str(body, choose((total + 1) % 11, "10X98765432"))
    plain = pl.format("苏核查{}", (pl.col(ROW).cast(pl.Int64) + FIRST).cast(pl.String).str.zfill(5))
    spaced = pl.format("{} {} {}", body.str.slice(0, 6), body.str.slice(6, 8), number.str.slice(14).str.to_lowercase())
    return {
        "RYID": pl.col("key"),
        "RYZSBH": DIRTY.given(plain, number_spaced=pl.format(" {} {}", plain.str.slice(0, 3), plain.str.slice(3))),
        "XM": DIRTY.given(name, name_remark=pl.format("{}（组长）", name)),
        "SFZHM": DIRTY.given(
            number,
            id_check=wrong,
            id_letters="待补录",
            id_spaced=spaced,
            id_old=pl.concat_str(body.str.slice(0, 6), body.str.slice(8)),
        ),
        "GZDW": draw.pick("GZDW", ["江苏示例审查中心", "南京示例质检院", "苏州示例质检院", "无"]),
    }


def _certificate(draw: Draw) -> dict[str, pl.Expr]:
    state, issued = pl.col("state"), pl.col("issued")
    names = [one.name for one in PRODUCTS]
    # Most may verify everything, as small provinces have it; the others two or three classes.
    few = pl.concat_str(draw.pick("CPFW.1", names[:6]), pl.lit("；"), draw.pick("CPFW.2", names[6:]))
    moved = draw.day("ZTRQ", date(2026, 1, 5), date(2026, 10, 30))
    word = pl.when(state < 3).then(pl.lit("暂停")).when(state < 5).then(pl.lit("撤销")).otherwise(pl.lit("在岗"))
    stored, changed = changed_at(draw, issued)
    return {
        "CPFW": pl.when(draw.chance("CPFW", 0.15)).then(few),
        "KHTZ": pl.when(draw.chance("KHTZ", 0.05)).then(pl.lit("总局")).otherwise(pl.lit("省局")),
        "JB": draw.pick("JB", ["审查员", "审查员", "高级审查员"]),
        "FZRQ": compact(issued),
        "YXQZ": unpadded(issued.dt.offset_by("8y").dt.offset_by("-1d"), "{}年{}月{}日"),
        "ZT": DIRTY.given(word, status_unknown="借调"),
        "ZTRQ": pl.when(state < 5).then(compact(moved)),
        "ZTSM": pl.when(state < 3).then(pl.lit("年度考核未完成")).when(state < 5).then(pl.lit("违反核查工作纪律")),
        "RKSJ": stored,
        "GXSJ": changed,
    }


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Declare the table of the unit's own inspectors, and the one for the national list."""
    text = sa.String
    own = sa.Table(
        INSPECTORS,
        metadata,
        sa.Column("RYID", text(32), primary_key=True),
        *(sa.Column(name, text(60)) for name in ("RYZSBH", "XM", "SFZHM")),
        *(sa.Column(name, text(200)) for name in ("GZDW", "CPFW")),
        *(sa.Column(name, text(30)) for name in ("KHTZ", "JB", "FZRQ", "YXQZ", "ZT", "ZTRQ")),
        sa.Column("ZTSM", text(200)),
        *(sa.Column(name, MYSQL_TIME) for name in ("RKSJ", "GXSJ")),
    )
    national = sa.Table(
        NATIONAL,
        metadata,
        sa.Column("RYZSBH", text(60), primary_key=True),
        *(sa.Column(name, text(60)) for name in ("BSDW", "XM")),
        *(sa.Column(name, text(200)) for name in ("FZJG", "CPFW")),
        *(sa.Column(name, text(10)) for name in ("FZRQ", "YXQQ", "YXQZ", "ZT", "ZTRQ")),
        sa.Column("MLBB", sa.Integer),
    )
    return {INSPECTORS: own, NATIONAL: national}
