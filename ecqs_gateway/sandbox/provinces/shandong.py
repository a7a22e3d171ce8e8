"""山东, unit 370000: one flat wide table as the national feed returns it to provinces (facts §7.1), with its habits.

Certificate numbers repeat, and the newest row counts; status and test method stand in words; one column holds both
ends of the validity in whatever spelling the clerk used; days come as text of every kind; products are JSON in a
column; addresses and product names are joined lists.
"""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import sqlalchemy as sa

from ecqs_gateway.sandbox.provinces import jiangsu
from ecqs_gateway.sandbox.provinces.dirt import DIRT, NUMBER, Dirt, DirtLog, DirtTable, problem
from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.firm import (
    AS_OF,
    Certificates,
    Span,
    changed_at,
    licence_number,
    numbered,
    wrong_check,
)
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, Place, Product, good_code, street
from ecqs_gateway.sandbox.provinces.load import MYSQL_TIME
from ecqs_gateway.sandbox.provinces.spelling import (
    chinese_day,
    compact,
    epoch_milliseconds,
    full_width,
    iso,
    unpadded,
    zulu,
)

__all__ = ["DIRTY", "LICENCES", "PLACE", "certificate_frames", "tables"]

LICENCES = "sc_xkz_hl"

_CITIES = (
    "济南",
    "青岛",
    "淄博",
    "枣庄",
    "东营",
    "烟台",
    "潍坊",
    "济宁",
    "泰安",
    "威海",
    "日照",
    "莱芜",
    "临沂",
    "德州",
)
PLACE = Place(
    "370000",
    "鲁",
    "山东",
    "山东省市场监督管理局",
    "11370000Y00000008A",
    tuple((f"37{place:02d}00", name) for place, name in enumerate(_CITIES, 1) if name != "莱芜"),
)

DIRTY = DirtTable(
    "certificate",
    (
        problem("uscc_check", 0.0039, "ECQS-1214"),
        problem("uscc_registration", 0.002, "ECQS-1212"),
        problem("issue_no_day", 0.002, "ECQS-1241"),
        problem("issue_impossible", 0.003, "ECQS-1242"),
        problem("validity_for_ever", 0.001, "ECQS-1244"),
        problem("validity_reversed", 0.001, "CERT-001", "CERT-002"),
        problem("status_unknown", 0.002, "ECQS-1291"),
        problem("name_filler", 0.001, "ECQS-1200"),
        problem("test_row", 0.001, "ECQS-1200"),
        problem("number_missing", 0.001, "ECQS-1220"),
        problem("products_broken", 0.001, "ECQS-1295"),
        problem("products_empty", 0.001, "ECQS-1290"),
        problem("product_unnamed", 0.001, "ECQS-1200"),
        problem("area_long", 0.001, "ECQS-1252"),
        Dirt("method_other", "flag", 0.004, ("ECQS-1293",)),
        Dirt("cause_passed", "flag", 0.002, ("ECQS-1292",)),
        Dirt("closed_without_cause", "flag", 0.002, ("CERT-006",)),
        Dirt("number_wide", "cleaned", 0.01),
        Dirt("number_bare", "cleaned", 0.01),
        Dirt("number_qs", "cleaned", 0.005),
        Dirt("uscc_wide", "cleaned", 0.005),
        Dirt("name_spaces", "cleaned", 0.01),
        Dirt("issue_chinese", "cleaned", 0.01),
        Dirt("issue_epoch", "cleaned", 0.01),
        Dirt("issue_zulu", "cleaned", 0.005),
        Dirt("issue_wide", "cleaned", 0.005),
        Dirt("validity_missing", "cleaned", 0.02),
        Dirt("address_filler", "cleaned", 0.01),
        Dirt("status_missing", "cleaned", 0.02),
        Dirt("area_wide", "cleaned", 0.005),
        Dirt("closed_filler", "cleaned", 0.01),
    ),
)
"""Kinds of dirt among the certificates, with the share of rows that has each."""

_CYCLE, _FIRST, _REPEAT = 12, 6, 11
"""Every twelfth row repeats the number of the row five before it."""
_FOREIGN = {15: 3, 39: 21, 63: 42, 87: 63}
"""Rows that carry the number of a row of 江苏; both are clean otherwise, whatever the seed."""

_STATES = ("valid", "expired", "cancelled", "lapsed", "revoked", "withdrawn", "struck")
_WORDS = ("有效", "过期", "注销", "注销", "撤销", "撤回", "吊销")
_CAUSES = ("", "", "不再生产", "期满未延续", "欺骗取得", "产品淘汰", "抽查复查不合格")
_RECALLED = date(2024, 9, 25)


def certificate_frames(span: Span, log: DirtLog) -> dict[str, pl.DataFrame]:
    """Give the rows of the wide table, and note what is dirty."""
    known = _facts(span)
    draw = Certificates(PLACE, span.seed).draw
    log.note(DIRTY, known)
    if span.dirty != 0:
        log.add("certificate", "older", "superseded", (), known.filter("gives_way")["key"])
        foreign = known.filter(pl.col(NUMBER).is_in(list(_FOREIGN)))["key"]
        log.add("certificate", "foreign_number", "headquarters", ("HQ-205", "CERT-012"), foreign)
    return {LICENCES: known.select(**_identity(draw), **_dates(draw), **_state(draw), **_rest(draw))}


def _facts(span: Span) -> pl.DataFrame:
    """Give the facts of certificates, their dirt, and which rows repeat the number of another."""
    drawn = Certificates(PLACE, span.seed)
    place, back = pl.col(NUMBER) % _CYCLE, pl.lit(_REPEAT - _FIRST, pl.UInt64)
    pairs = pl.lit(span.dirty != 0)
    rows = numbered(span.start, span.stop).with_columns(repeats=(place == _REPEAT) & pairs)
    # A repeat is drawn as the row it repeats, and its own dates are moved afterwards.
    rows = rows.with_columns(pl.when("repeats").then(pl.col(ROW) - back).otherwise(pl.col(ROW)).alias(ROW))
    known = drawn.facts(rows).with_columns(
        DIRTY.column(drawn.draw, span.dirty, never=place.is_in([_FIRST, _REPEAT])).alias(DIRT),
        way=drawn.draw.whole("repeat", 0, 3),
        repeated=(place == _FIRST) & pairs & (pl.col(NUMBER) + back < span.rows),
        key=(pl.col(NUMBER).cast(pl.Int64) + 370_000_000).cast(pl.String),
        number=_number(span.dirty),
    )
    return _moved(_stated(known))


def _number(dirty: float | None) -> pl.Expr:
    own = licence_number(PLACE.short, pl.col(ROW))
    if dirty == 0:
        return own
    foreign = pl.col(ROW).cast(pl.Int64).replace_strict(_FOREIGN, default=None, return_dtype=pl.Int64)
    theirs = licence_number(jiangsu.PLACE.short, foreign.fill_null(0))
    return pl.when(foreign.is_not_null()).then(theirs).otherwise(own)


def _stated(known: pl.DataFrame) -> pl.DataFrame:
    """Give rows whose dirt, or place in a pair, needs a closed or an open certificate such a state."""
    ended = pl.col("until") < AS_OF
    opened = pl.when(ended).then(pl.lit("expired")).otherwise(pl.lit("valid"))
    must_be_open = DIRTY.has("status_missing", "closed_filler") | pl.col("repeats") | pl.col("repeated")
    struck = pl.when(DIRTY.has("cause_passed")).then(pl.lit("struck"))
    dirty = struck.when(DIRTY.has("closed_without_cause")).then(pl.lit("cancelled"))
    state = dirty.when(must_be_open).then(opened).otherwise(pl.col("state"))
    closed = pl.col("closed").fill_null(pl.col("issued") + pl.duration(days=15))
    closed = pl.when(state.is_in(["valid", "expired"])).then(pl.lit(None, pl.Date)).otherwise(closed)
    return known.with_columns(state=state, closed=closed)


def _moved(known: pl.DataFrame) -> pl.DataFrame:
    """Move the dates of the later row of each pair, in one of four ways, and say which row gives way.

    Way 0: it is five years older. 1: it ends a day earlier. 2: same end, issued a day later. 3: the same but for its
    key. In 0 and 1 it gives way itself, in 2 and 3 the row it repeats does.
    """
    repeats, way, issued, until = pl.col("repeats"), pl.col("way"), pl.col("issued"), pl.col("until")
    older = repeats & (way == 0)
    issued = pl.when(older).then(issued.dt.offset_by("-5y")).otherwise(issued)
    issued = pl.when(repeats & (way == 2)).then(issued.dt.offset_by("1d")).otherwise(issued)
    until = pl.when(older).then(until.dt.offset_by("-5y")).otherwise(until)
    until = pl.when(repeats & (way == 1)).then(until.dt.offset_by("-1d")).otherwise(until)
    return known.with_columns(
        issued=issued,
        until=until,
        state=pl.when(older).then(pl.lit("expired")).otherwise(pl.col("state")),
        gives_way=(repeats & (way < 2)) | (pl.col("repeated") & (way >= 2)),
    )


def _identity(draw: Draw) -> dict[str, pl.Expr]:
    number, name, code = pl.col("number"), pl.col("name"), pl.col("code")
    body = number.str.slice(3)
    city = choose(pl.col("city"), PLACE.names())
    by_city = draw.chance("city issues", 0.2) & (pl.col("issued") < _RECALLED)
    issuer = pl.when(by_city).then(pl.col("area")).otherwise(pl.lit(PLACE.unit))
    bureau = good_code(pl.col("city") + 1, pl.col("area"), kind="11")
    return {
        "certid": pl.col("key").cast(pl.Int64),
        "certno": DIRTY.given(
            number,
            number_missing=code,
            number_wide=full_width(number),
            number_bare=pl.format("{}{}", pl.lit(PLACE.short), body),
            number_qs=pl.format("QS（{}）{}", pl.lit(PLACE.short), body),
        ),
        "companyname": DIRTY.given(
            name, name_filler="无", test_row=pl.format("测试{}", name), name_spaces=pl.format("\u3000{}\x07 \n", name)
        ),
        "orgcode": DIRTY.given(
            code,
            uscc_check=wrong_check(code),
            uscc_registration=pl.concat_str("area", pl.col("firm").cast(pl.String).str.zfill(9)),
            uscc_wide=full_width(code),
        ),
        "fzjg": pl.when(by_city).then(pl.format("{}市市场监督管理局", city)).otherwise(pl.lit(PLACE.bureau)),
        "fzjg_tyxydm": pl.when(by_city).then(bureau).otherwise(pl.lit(PLACE.bureau_code)),
        "areacode": DIRTY.given(
            issuer,
            area_long=pl.format("{}001001", issuer),
            area_wide=pl.format(" {}", full_width(issuer)),
        ),
    }


def _dates(draw: Draw) -> dict[str, pl.Expr]:
    issued, until = pl.col("issued"), pl.col("until")
    spelling = draw.whole("issuedate", 0, 5)
    usual = iso(issued)
    forms = ("{}-{}-{}", "{}/{}/{}", "{}.{}.{}", "{}年{}月{}日")
    for place, form in enumerate(forms, 1):
        usual = pl.when(spelling == place).then(unpadded(issued, form)).otherwise(usual)
    usual = pl.when(spelling == 5).then(compact(issued)).otherwise(usual)
    return {
        "issuedate": DIRTY.given(
            usual,
            issue_no_day=issued.dt.strftime("%Y-%-m-"),
            issue_impossible=issued.dt.strftime("%Y-02-30"),
            issue_chinese=chinese_day(issued),
            issue_epoch=epoch_milliseconds(issued),
            issue_zulu=zulu(issued),
            issue_wide=full_width(iso(issued)),
        ),
        "effectivedate": pl.when(DIRTY.has("validity_for_ever")).then(pl.lit(None, pl.Date)).otherwise(until),
        "yxqz": DIRTY.given(
            _both_ends(draw, until.dt.offset_by("1d").dt.offset_by("-5y"), until),
            validity_for_ever="长期",
            validity_reversed=pl.format("{}至{}", iso(until), iso(issued)),
            validity_missing=draw.pick("yxqz.none", ["无", "-", ""]),
        ),
    }


def _both_ends(draw: Draw, start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Write both ends of the validity into one text, in one of six ways."""
    ways = (
        pl.format("{}至{}", iso(start), iso(end)),
        pl.format("{} 至 {}", unpadded(start, "{}年{}月{}日"), unpadded(end, "{}年{}月{}日")),
        pl.format("{}-{}", start.dt.strftime("%Y.%m.%d"), end.dt.strftime("%Y.%m.%d")),
        pl.format("{}至{}", chinese_day(start), chinese_day(end)),
        pl.format("{}～{}", full_width(iso(start)), full_width(iso(end))),
        pl.format("自{}起至{}止", unpadded(start, "{}/{}/{}"), unpadded(end, "{}/{}/{}")),
    )
    way, text = draw.whole("yxqz", 0, len(ways) - 1), ways[0]
    for place, other in enumerate(ways[1:], 1):
        text = pl.when(way == place).then(other).otherwise(text)
    return text


def _state(draw: Draw) -> dict[str, pl.Expr]:
    place = pl.col("state").replace_strict(_STATES, range(len(_STATES)), return_dtype=pl.Int64)
    running = draw.pick("status", ["有效", "启用", "正常", "有 效"])
    word = pl.when(pl.col("state") == "valid").then(running).otherwise(choose(place, _WORDS))
    cause = choose(place, _CAUSES)
    closed = pl.col("closed")
    return {
        "status": DIRTY.given(
            word, status_unknown="待核实", status_missing=draw.pick("status.none", ["NULL", "-", ""])
        ),
        "zxyy": DIRTY.given(pl.when(cause != "").then(cause), cause_passed="F", closed_without_cause=None),
        "zxrq": DIRTY.given(unpadded(closed, "{}/{}/{}"), closed_filler="无"),
        "testmethods": DIRTY.given(
            draw.pick("testmethods", ["自检", "委托检验", "企业自检和委托检验"]), method_other="见证书副本"
        ),
    }


def _rest(draw: Draw) -> dict[str, pl.Expr]:
    city, product = choose(pl.col("city"), PLACE.names()), pl.col("product")
    stored, changed = changed_at(draw, pl.col("issued"))
    places = [street(draw, f"productaddress.{place}", city=city, province="山东省") for place in range(2)]
    both = pl.concat_str(places[0], draw.pick("productaddress.sign", ["；", ";", "\n"]), places[1])
    return {
        "companyaddress": DIRTY.given(
            street(draw, "companyaddress", city=city, province="山东省"), address_filler="不详"
        ),
        "productaddress": pl.when(draw.chance("productaddress", 0.15)).then(both).otherwise(places[0]),
        "productname": choose(product, ["、".join((one.name, *one.units)) for one in PRODUCTS]),
        "cpmx": DIRTY.given(
            choose(product, [_json(one) for one in PRODUCTS]),
            products_broken=choose(product, [_json(one)[:-2] for one in PRODUCTS]),
            products_empty="[]",
            product_unnamed=choose(product, [_json(one, named=False) for one in PRODUCTS]),
        ),
        "bz": draw.pick("bz", ["示例数据，由样例生成器虚构", "-", "NULL", ""]),
        "rksj": stored,
        "gxsj": changed,
    }


def _json(product: Product, *, named: bool = True) -> str:
    items = [{"lb": product.name, "mc": product.name if named else "", "dy": unit} for unit in product.units]
    return json.dumps(
        [{**item, "xh": [f"规格{place}", None][place % 2]} for place, item in enumerate(items, 1)], ensure_ascii=False
    )


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Declare the wide table."""
    text = sa.String
    table = sa.Table(
        LICENCES,
        metadata,
        sa.Column("certid", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("certno", text(60)),
        sa.Column("companyname", text(200)),
        *(sa.Column(name, text(100)) for name in ("orgcode", "fzjg", "fzjg_tyxydm", "areacode")),
        sa.Column("issuedate", text(60)),
        sa.Column("effectivedate", sa.Date),
        sa.Column("yxqz", text(100)),
        *(sa.Column(name, text(60)) for name in ("status", "zxyy", "zxrq", "testmethods")),
        sa.Column("companyaddress", text(300)),
        sa.Column("productaddress", text(600)),
        sa.Column("productname", text(500)),
        sa.Column("cpmx", sa.Text),
        sa.Column("bz", text(500)),
        *(sa.Column(name, MYSQL_TIME) for name in ("rksj", "gxsj")),
    )
    return {LICENCES: table}
