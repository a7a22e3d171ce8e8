"""The 28-column certificate source that every throughput figure of this project is measured on.

One row in a hundred is dirty in one of five ways, at the rates the published figures were measured with: a wrong
check digit 0.39 %, a day that does not exist 0.3 %, an unknown code 0.2 %, an end of validity before its start
0.1 %, an empty name 0.1 %. ``zsid`` is the primary key, ``gxsj`` the time of the last change, with an index.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, enterprise_name, good_code, person, phone, street
from ecqs_gateway.sandbox.provinces.load import MYSQL_TIME, append, create, refresh_statistics, sandbox_engine

__all__ = ["DIRT", "perf_frame", "perf_frames", "perf_table"]

DIRT = (("code", 0.0039), ("day", 0.003), ("unknown", 0.002), ("order", 0.001), ("name", 0.001))
"""Kinds of dirt and the share of rows that has each; no row has two."""

_CITIES = ("南京", "无锡", "徐州", "常州", "苏州", "南通", "连云港", "淮安", "盐城", "扬州", "镇江", "泰州", "宿迁")
_AREAS = tuple(f"32{n:02d}00" for n in range(1, 14))
_FIRST_CHANGE = datetime(2022, 1, 1)  # noqa: DTZ001 - the source's own naive local time
_STEP = 120  # seconds from one new row to the next: 1,000,000 rows are four years of work
_FRAME_ROWS = 100_000


def perf_frames(rows: int, *, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Give the rows in frames of bounded size."""
    for start in range(0, rows, _FRAME_ROWS):
        yield perf_frame(start, min(rows, start + _FRAME_ROWS), seed=seed)


def perf_frame(start: int, stop: int, *, seed: int = 1) -> pl.DataFrame:
    """Give the rows from ``start`` to before ``stop``."""
    draw = Draw(seed)
    frame = pl.DataFrame({ROW: pl.int_range(start, stop, dtype=pl.UInt64, eager=True)})
    frame = frame.with_columns(
        firm=draw.whole("firm", 0, 9_999_999),
        city=draw.whole("city", 0, len(_CITIES) - 1),
        product=pl.col(ROW).cast(pl.Int64) % len(PRODUCTS),
        issued=draw.day("issued", date(2021, 12, 1), date(2026, 10, 31)),
        dirt=_dirt(draw),
    ).with_columns(
        area=choose(pl.col("city"), _AREAS),
        city=choose(pl.col("city"), _CITIES),
        until=pl.col("issued").dt.offset_by("5y").dt.offset_by("-1d"),
    )
    return frame.select(**_columns(draw))


def perf_table(url: str | sa.URL, rows: int = 1_000_000, *, seed: int = 1, name: str = "t_xk_zs") -> int:
    """Create the table in a database, fill it, and index ``gxsj``; returns the number of rows."""
    engine = sandbox_engine(url)
    table = _table(name, sa.MetaData())
    try:
        create(engine, table.metadata)
        written = append(engine, table, perf_frames(rows, seed=seed))
        with engine.begin() as connection:
            sa.Index(f"{name}_gxsj", table.c.gxsj).create(connection)
        refresh_statistics(engine, [table])
    finally:
        engine.dispose()
    return written


_BUREAU_CODE = "11320000Y00000008M"


def _dirt(draw: Draw) -> pl.Expr:
    """Say which kind of dirt a row has, if any."""
    ticket = draw.whole("dirt", 0, 999_999)
    kind, upto = pl.lit(None, dtype=pl.String), 0
    for label, share in DIRT:
        low, upto = upto, upto + round(share * 1_000_000)
        kind = pl.when((ticket >= low) & (ticket < upto)).then(pl.lit(label)).otherwise(kind)
    return kind


def _columns(draw: Draw) -> dict[str, pl.Expr]:
    return _who(draw) | _what(draw) | _when(draw)


def _who(draw: Draw) -> dict[str, pl.Expr]:
    firm, city, area, dirt = pl.col("firm"), pl.col("city"), pl.col("area"), pl.col("dirt")
    industry = choose(pl.col("product"), [p.industry for p in PRODUCTS])
    code = good_code(firm, area)
    wrong = choose(draw.whole("wrong", 0, 8), "246810357")
    bad_code = code.str.slice(0, 10) + pl.when(wrong == code.str.slice(10, 1)).then(pl.lit("9")).otherwise(wrong)
    return {
        "zsid": pl.concat_str(pl.lit("ZS"), pl.col(ROW).cast(pl.String).str.zfill(14)),
        "zsbh": _certificate_number(),
        "qymc": pl.when(dirt == "name").then(pl.lit("")).otherwise(enterprise_name(firm, city, industry)),
        "tyshxydm": pl.when(dirt == "code").then(bad_code + code.str.slice(11)).otherwise(code),
        "zs": street(draw, "zs", city=city, province="江苏省"),
        "scdz": street(draw, "scdz", city=city, province="江苏省"),
        "fddbr": person(draw, "fddbr"),
        "lxr": person(draw, "lxr"),
        "lxdh": phone(draw, "lxdh"),
    }


def _what(draw: Draw) -> dict[str, pl.Expr]:
    area, dirt = pl.col("area"), pl.col("dirt")
    units = choose(pl.col("product"), ["、".join(p.units) for p in PRODUCTS])
    issued = pl.col("issued").dt.strftime("%Y%m%d")
    return {
        "fzjg": pl.lit("江苏省市场监督管理局"),
        "fzjg_tyxydm": pl.lit(_BUREAU_CODE),
        "fzrq": pl.when(dirt == "day").then(issued.str.slice(0, 4) + "0230").otherwise(issued),
        "yxqq": issued,
        "yxqz": pl.when(dirt == "order")
        .then(pl.col("issued").dt.offset_by("-1y").dt.strftime("%Y%m%d"))
        .otherwise(pl.col("until").dt.strftime("%Y%m%d")),
        "zt": pl.when(dirt == "unknown").then(pl.lit("77")).otherwise(pl.lit("01")),
        "sqlb": draw.pick("sqlb", ["01", "02", "03", "04"]),
        "spfs": draw.pick("spfs", ["1", "2", "3"]),
        "jyfs": draw.pick("jyfs", ["自行检验", "委托检验"]),
        "xzqhdm": area,
        "cpmc": choose(pl.col("product"), [p.name for p in PRODUCTS]) + "," + units.str.replace_all("、", ","),
        "cpdy": units.str.replace_all("、", ","),
        "xkbh": choose(pl.col("product"), [p.number for p in PRODUCTS]),
    }


def _when(draw: Draw) -> dict[str, pl.Expr]:
    stored = pl.lit(_FIRST_CHANGE) + pl.duration(
        seconds=pl.col(ROW).cast(pl.Int64) * _STEP + draw.whole("second", 0, _STEP - 1),
        microseconds=draw.whole("micro", 0, 999_999),
    )
    later = pl.when(draw.chance("touched", 0.08)).then(draw.whole("later", 60, 90 * 86_400)).otherwise(0)
    return {
        "nczz": (draw.whole("nczz", 1_000, 999_999_999).cast(pl.Decimal(14, 2)) / 100).cast(pl.Decimal(14, 2)),
        "zczj": draw.whole("zczj", 50, 100_000),
        "spsj": pl.col("issued").cast(pl.Datetime("us")).dt.offset_by("-3d").dt.offset_by("9h"),
        "rksj": stored,
        "gxsj": stored + pl.duration(seconds=later),
        "bz": pl.concat_str(
            pl.lit(
                "示例数据，由样例生成器虚构，与任何真实企业、人员和证书无关，仅用于演示、测试与吞吐量测量；"
                "每行长度与实际系统的备注相近，以免测得的吞吐量偏高。"
            ),
            draw.pick(
                "bz", ["年度核验情况正常，资料齐全。", "迁址后换发新证，原证书已收回。", "增项，生产条件未变化。", "无"]
            ),
        ),
    }


def _certificate_number() -> pl.Expr:
    serial = (pl.col(ROW).cast(pl.Int64) // len(PRODUCTS)).cast(pl.String).str.zfill(5)
    return pl.concat_str(pl.lit("(苏)"), choose(pl.col("product"), [p.number for p in PRODUCTS]), pl.lit("-"), serial)


def _table(name: str, metadata: sa.MetaData) -> sa.Table:
    lengths = {"qymc": 200, "zs": 300, "scdz": 300, "cpmc": 500, "cpdy": 500, "bz": 500, "fzjg": 100}
    short = ("zsbh", "tyshxydm", "fddbr", "lxr", "lxdh", "fzjg_tyxydm", "zt", "sqlb", "spfs", "jyfs", "xzqhdm", "xkbh")
    text = {column: sa.String(lengths.get(column, 60)) for column in (*lengths, *short)}
    day = dict.fromkeys(("fzrq", "yxqq", "yxqz"), sa.String(8))
    time = dict.fromkeys(("spsj", "rksj", "gxsj"), MYSQL_TIME)
    types: dict[str, sa.types.TypeEngine[Any]] = {**text, **day, **time}
    types |= {"nczz": sa.Numeric(14, 2), "zczj": sa.Integer()}
    columns = [sa.Column(column, types[column]) for column in _columns(Draw(0)) if column != "zsid"]
    return sa.Table(name, metadata, sa.Column("zsid", sa.String(32), primary_key=True), *columns)
