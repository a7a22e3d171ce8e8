"""江苏, unit 320000: a normalised database with pinyin column names, codes and child tables (facts §3.2, §7.10).

Certificates ``T_XK_ZS`` with products ``T_XK_ZS_CP`` and production addresses ``T_XK_ZS_DZ``; days as YYYYMMDD text,
closing day and change time as real timestamps; earlier numbers joined in one column. Approvals are in
``jiangsu_approvals``.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import polars_hash
import sqlalchemy as sa

from ecqs_gateway.sandbox.provinces.dirt import DIRT, NUMBER, Dirt, DirtLog, DirtTable, problem
from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.firm import Certificates, Span, changed_at, licence_number, numbered, wrong_check
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, Place, good_code, person, phone, street
from ecqs_gateway.sandbox.provinces.load import MYSQL_TIME
from ecqs_gateway.sandbox.provinces.spelling import compact, full_width, iso, unpadded

__all__ = ["ADDRESSES", "CERTIFICATES", "DIRTY", "PLACE", "PRODUCT_ROWS", "certificate_frames", "tables"]

CERTIFICATES, PRODUCT_ROWS, ADDRESSES = "T_XK_ZS", "T_XK_ZS_CP", "T_XK_ZS_DZ"

_CITIES = ("南京", "无锡", "徐州", "常州", "苏州", "南通", "连云港", "淮安", "盐城", "扬州", "镇江", "泰州", "宿迁")
PLACE = Place(
    "320000",
    "苏",
    "江苏",
    "江苏省市场监督管理局",
    "11320000Y00000008M",
    tuple((f"32{place:02d}00", name) for place, name in enumerate(_CITIES, 1)),
)

DIRTY = DirtTable(
    "certificate",
    (
        problem("uscc_check", 0.0039, "ECQS-1214"),
        problem("uscc_registration", 0.002, "ECQS-1212"),
        problem("uscc_organisation", 0.001, "ECQS-1213"),
        problem("issue_impossible", 0.003, "ECQS-1242"),
        problem("issue_no_day", 0.001, "ECQS-1241"),
        problem("until_for_ever", 0.001, "ECQS-1244"),
        problem("until_before_issue", 0.001, "CERT-001", "CERT-002"),
        problem("status_unknown", 0.002, "ECQS-1291"),
        problem("name_empty", 0.001, "ECQS-1200"),
        problem("test_row", 0.001, "ECQS-1200"),
        problem("number_two", 0.0005, "ECQS-1222"),
        problem("number_filler", 0.0005, "ECQS-1220"),
        problem("licence_check", 0.001, "ECQS-1231"),
        problem("no_products", 0.001, "ECQS-1290"),
        problem("product_unnamed", 0.001, "ECQS-1200"),
        Dirt("cause_passed", "flag", 0.002, ("ECQS-1292",)),
        Dirt("method_other", "flag", 0.004, ("ECQS-1293",)),
        Dirt("closed_without_cause", "flag", 0.002, ("CERT-006",)),
        Dirt("four_years", "flag", 0.002, ("CERT-004",)),
        Dirt("number_brackets", "cleaned", 0.02),
        Dirt("number_bare", "cleaned", 0.01),
        Dirt("number_qs", "cleaned", 0.005),
        Dirt("number_wide", "cleaned", 0.005),
        Dirt("number_tail", "cleaned", 0.003),
        Dirt("uscc_spaced", "cleaned", 0.005),
        Dirt("name_control", "cleaned", 0.005),
        Dirt("address_filler", "cleaned", 0.01),
        Dirt("earlier_filler", "cleaned", 0.02),
        Dirt("issue_words", "cleaned", 0.01),
        Dirt("issue_time", "cleaned", 0.01),
        Dirt("area_long", "cleaned", 0.01),
    ),
)
"""Kinds of dirt among the certificates, with the share of rows that has each."""

_SHORT = ("FZJG_TYXYDM", "XZQHDM", "FZRQ", "YXQQ", "YXQZ", "JYFS", "ZT", "ZXYY")
_STATES = ("valid", "expired", "cancelled", "lapsed", "revoked", "withdrawn", "struck")
_STATE_CODES = ("1", "6", "2", "2", "3", "4", "5")
_CAUSES = ("", "", "01", "02", "11", "21", "31")
_NOTES = ("", "", "企业申请注销", "有效期届满未延续", "以欺骗手段取得许可", "产品列入淘汰目录", "监督抽查复查不合格")
_MODELS = ("P·O 42.5", "HRB400E Φ12", "BV-450/750V 2.5mm²", "15-15-15 <硫酸钾型>", "25L & 200L", "6×19S+FC")
_MOD = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LICENCE_TYPE = "11100000MB0143028R000"  # the three last digits are this sample's own: facts §9.8
_LAST_CITY_ISSUE = date(2024, 9, 24)


def _facts(span: Span, drawn: Certificates) -> pl.DataFrame:
    """Give the facts of certificates and their dirt."""
    dirt = DIRTY.column(drawn.draw, span.dirty, never=pl.lit(value=False)).alias(DIRT)
    known = drawn.facts(numbered(span.start, span.stop)).with_columns(dirt)
    struck = pl.when(DIRTY.has("cause_passed")).then(pl.lit("struck"))
    state = struck.when(DIRTY.has("closed_without_cause")).then(pl.lit("cancelled")).otherwise(pl.col("state"))
    closed = pl.col("closed").fill_null(pl.col("issued") + pl.duration(days=15))
    return known.with_columns(
        state=state,
        closed=pl.when(state.is_in(["valid", "expired"])).then(pl.lit(None, pl.Date)).otherwise(closed),
        number=licence_number(PLACE.short, pl.col(ROW)),
        key=pl.concat_str(pl.lit("JS"), pl.col(NUMBER).cast(pl.String).str.zfill(14)),
    )


def certificate_frames(span: Span, log: DirtLog) -> dict[str, pl.DataFrame]:
    """Give the rows of the three certificate tables, and note what is dirty."""
    drawn = Certificates(PLACE, span.seed)
    known = _facts(span, drawn)
    log.note(DIRTY, known)
    draw = drawn.draw
    return {
        CERTIFICATES: known.select(**_identity(draw), **_dates(draw), **_state(draw)),
        PRODUCT_ROWS: _product_rows(known, draw),
        ADDRESSES: _address_rows(known, draw),
    }


def _identity(draw: Draw) -> dict[str, pl.Expr]:
    number, code, name = pl.col("number"), pl.col("code"), pl.col("name")
    body = number.str.strip_prefix(f"({PLACE.short})")
    city = choose(pl.col("city"), PLACE.names())
    by_city = draw.chance("city issues", 0.15) & (pl.col("issued") <= _LAST_CITY_ISSUE)
    registration = pl.concat_str("area", pl.col("firm").cast(pl.String).str.zfill(9))
    return {
        "ZSID": pl.col("key"),
        "ZSBH": DIRTY.given(
            number,
            number_brackets=pl.format(f"（{PLACE.short}）{{}}", body),
            number_bare=pl.format(f"{PLACE.short}{{}}", body),
            number_qs=pl.format(f"QS{PLACE.short}{{}}", body),
            number_wide=full_width(number),
            number_tail=pl.format("{} TL", number),
            number_two=pl.format("{},{}", number, licence_number(PLACE.short, pl.col(ROW) + 13)),
            number_filler="无",
        ),
        "QYMC": DIRTY.given(
            name, name_empty="", test_row="测试企业", name_control=pl.format(" \u3000{}\u200b{}\r\n", city, name)
        ),
        "TYSHXYDM": DIRTY.given(
            code,
            uscc_check=wrong_check(code),
            uscc_registration=registration,
            uscc_organisation=pl.format("{}-{}", code.str.slice(8, 8), code.str.slice(16, 1)),
            uscc_spaced=pl.format(" {} {}", code.str.slice(0, 8), code.str.slice(8).str.to_lowercase()),
        ),
        "ZS": DIRTY.given(street(draw, "ZS", city=city, province="江苏省"), address_filler="暂无"),
        "FDDBR": person(draw, "FDDBR"),
        "LXDH": phone(draw, "LXDH"),
        "FZJG": pl.when(by_city).then(pl.format("{}市市场监督管理局", city)).otherwise(pl.lit(PLACE.bureau)),
        "FZJG_TYXYDM": pl.when(by_city)
        .then(good_code(pl.col("city") + 1, pl.col("area"), kind="11"))
        .otherwise(pl.lit(PLACE.bureau_code)),
        "XZQHDM": DIRTY.given(pl.col("area"), area_long=pl.format("{}001001", "area")),
    }


def _dates(draw: Draw) -> dict[str, pl.Expr]:
    issued, until = pl.col("issued"), pl.col("until")
    return {
        "FZRQ": DIRTY.given(
            compact(issued),
            issue_impossible=issued.dt.strftime("%Y0230"),
            issue_no_day=issued.dt.strftime("%Y-%m-"),
            issue_words=unpadded(issued, "{}年{}月{}日"),
            issue_time=pl.format("{} 00:00:00.0", iso(issued)),
        ),
        "YXQQ": compact(issued),
        "YXQZ": DIRTY.given(
            compact(until),
            until_for_ever="长期",
            until_before_issue=compact(issued.dt.offset_by("-1y")),
            four_years=compact(until.dt.offset_by("-1y")),
        ),
        "JYFS": DIRTY.given(draw.pick("JYFS", ["ZJ", "WT", "ZW"]), method_other="QT2"),
    }


def _state(draw: Draw) -> dict[str, pl.Expr]:
    place = pl.col("state").replace_strict(_STATES, range(len(_STATES)), return_dtype=pl.Int64)
    note, cause = choose(place, _NOTES), choose(place, _CAUSES)
    stored, changed = changed_at(draw, pl.col("issued"))
    notice = pl.concat_str(
        pl.lit("苏市监许注〔"), pl.col("closed").dt.year(), pl.lit("〕"), draw.whole("ZXWH", 1, 999), pl.lit("号")
    )
    # Since 2021 every certificate is an electronic one, too (CERT-019).
    recent = pl.col("issued") >= pl.lit(date(2021, 1, 1))
    licensed = recent | draw.chance("DZZZBS", 0.4) | DIRTY.has("licence_check")
    return {
        "ZT": DIRTY.given(choose(place, _STATE_CODES), status_unknown="9"),
        "ZXYY": DIRTY.given(pl.when(cause != "").then(cause), cause_passed="F", closed_without_cause=None),
        "ZXRQ": pl.col("closed").cast(pl.Datetime("us")).dt.offset_by("15h"),
        "ZTSM": pl.when(note != "").then(note),
        "ZXWH": pl.when(pl.col("closed").is_not_null()).then(notice),
        "YZSBH": DIRTY.given(_earlier(draw), earlier_filler="无"),
        "DZZZBS": pl.when(licensed).then(_licence_id()),
        "DZZZZY": pl.when(licensed).then(polars_hash.col("key").chash.sha2_256()),
        "BZ": draw.pick("BZ", ["示例数据，由样例生成器虚构", "无", "/", ""]),
        "RKSJ": stored,
        "GXSJ": changed,
    }


def _earlier(draw: Draw) -> pl.Expr:
    """Give none, one or two earlier numbers; a national one with the day of its cancellation behind a stroke."""
    number = choose(pl.col("product"), [one.number for one in PRODUCTS])
    serial = [draw.whole(f"YZSBH.{place}", 0, 99_999).cast(pl.String).str.zfill(5) for place in range(2)]
    cancelled = compact(pl.col("issued").dt.offset_by("-1d"))
    national = pl.format("{}-{}/{}", number, serial[0], cancelled)
    provincial = pl.format(f"（{PLACE.short}）{{}}-{{}}", number, serial[1])
    ticket = draw.whole("YZSBH", 0, 99)
    both = pl.concat_str(national, draw.pick("YZSBH.sign", ["、", ",", "；"]), provincial)
    return pl.when(ticket < 8).then(national).when(ticket < 12).then(provincial).when(ticket < 16).then(both)


def _licence_id() -> pl.Expr:
    """Give an electronic licence id whose check character holds (ISO 7064 MOD 37,36), or does not where dirty."""
    serial = pl.concat_str(pl.col("issued").dt.year(), pl.col(NUMBER).cast(pl.String).str.zfill(7))
    fixed = 18
    for sign in _LICENCE_TYPE + PLACE.bureau_code:
        fixed = ((fixed or 36) * 2 % 37 + _MOD.index(sign)) % 36
    rest = pl.lit(fixed, pl.Int64)
    digits = pl.concat_str(serial, pl.lit("001"))
    for place in range(14):
        rest = (_doubled(rest) + digits.str.slice(place, 1).cast(pl.Int64)) % 36
    check = (37 - _doubled(rest)) % 36
    check = pl.when(DIRTY.has("licence_check")).then((check + 1) % 36).otherwise(check)
    start = f"1.2.156.3005.2.{_LICENCE_TYPE}.{PLACE.bureau_code}."
    return pl.concat_str(pl.lit(start), serial, pl.lit(".001."), choose(check, _MOD))


def _doubled(rest: pl.Expr) -> pl.Expr:
    """Double modulo 37, with 36 in place of 0; ``rest`` stands here once, or fourteen steps would grow 2^14-fold."""
    return ((rest + 35) % 36 + 1) * 2 % 37


def _product_rows(known: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Give one to three products a certificate: as many as its class has units and chance wants."""
    product = pl.col("product")
    most = choose(product, [str(len(one.units)) for one in PRODUCTS]).cast(pl.Int64)
    count = pl.min_horizontal(most, draw.whole("CP", 1, 3))
    count = pl.when(DIRTY.has("no_products")).then(0).otherwise(count)
    pieces = []
    for place in range(3):
        units = [one.units[min(place, len(one.units) - 1)] for one in PRODUCTS]
        name = choose(product, [one.name for one in PRODUCTS])
        unnamed = DIRTY.has("product_unnamed") & (place == 0)
        piece = known.filter(count > place).select(
            CPID=pl.format("{}-{}", "key", pl.lit(str(place + 1))),
            ZSID=pl.col("key"),
            XH=pl.lit(place + 1, pl.Int32),
            CPLB=choose(product, [one.number for one in PRODUCTS]),
            CPMC=pl.when(unnamed).then(pl.lit("")).otherwise(name),
            CPDY=choose(product, units),
            GGXH=pl.when(draw.chance(f"GGXH.{place}", 0.7)).then(draw.pick(f"GGXH.{place}", _MODELS)),
        )
        pieces.append(piece)
    return pl.concat(pieces).sort("ZSID", "XH")


def _address_rows(known: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    count = pl.when(draw.chance("DZ", 0.12)).then(2).otherwise(1)
    pieces = []
    for place in range(2):
        city = choose(pl.col("city"), PLACE.names())
        piece = known.filter(count > place).select(
            DZID=pl.format("{}-{}", "key", pl.lit(str(place + 1))),
            ZSID=pl.col("key"),
            XH=pl.lit(place + 1, pl.Int32),
            SCDZ=street(draw, f"SCDZ.{place}", city=city, province="江苏省"),
            XZQHDM=pl.col("area"),
        )
        pieces.append(piece)
    return pl.concat(pieces).sort("ZSID", "XH")


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Declare the three certificate tables."""
    key, text = sa.String(32), sa.String
    certificate = sa.Table(
        CERTIFICATES,
        metadata,
        sa.Column("ZSID", key, primary_key=True),
        sa.Column("ZSBH", text(60)),
        sa.Column("QYMC", text(200)),
        sa.Column("TYSHXYDM", text(30)),
        sa.Column("ZS", text(300)),
        *(sa.Column(name, text(60)) for name in ("FDDBR", "LXDH")),
        sa.Column("FZJG", text(100)),
        *(sa.Column(name, text(30)) for name in _SHORT),
        sa.Column("ZXRQ", MYSQL_TIME),
        *(sa.Column(name, text(200)) for name in ("ZTSM", "ZXWH", "YZSBH")),
        sa.Column("DZZZBS", text(120)),
        sa.Column("DZZZZY", text(64)),
        sa.Column("BZ", text(500)),
        *(sa.Column(name, MYSQL_TIME) for name in ("RKSJ", "GXSJ")),
    )
    product = sa.Table(
        PRODUCT_ROWS,
        metadata,
        sa.Column("CPID", sa.String(40), primary_key=True),
        sa.Column("ZSID", key),
        sa.Column("XH", sa.Integer),
        sa.Column("CPLB", text(20)),
        *(sa.Column(name, text(200)) for name in ("CPMC", "CPDY", "GGXH")),
    )
    address = sa.Table(
        ADDRESSES,
        metadata,
        sa.Column("DZID", sa.String(40), primary_key=True),
        sa.Column("ZSID", key),
        sa.Column("XH", sa.Integer),
        sa.Column("SCDZ", text(300)),
        sa.Column("XZQHDM", text(30)),
    )
    return {table.name: table for table in (certificate, product, address)}
