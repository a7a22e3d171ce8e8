"""江苏's approvals ``T_XK_BJ``: one case for every third certificate, with papers and the inspectors of the visit.

A case belongs to the certificate with three times its row number: same enterprise, product, number and day of issue,
and its earlier steps lie before that day at the distances the law allows, except where dirt says otherwise.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import polars_hash
import sqlalchemy as sa

from ecqs_gateway.sandbox.provinces.dirt import DIRT, NUMBER, Dirt, DirtLog, DirtTable, problem
from ecqs_gateway.sandbox.provinces.draw import ROW, Draw, choose
from ecqs_gateway.sandbox.provinces.firm import Certificates, Span, changed_at, licence_number, numbered, wrong_check
from ecqs_gateway.sandbox.provinces.invent import PRODUCTS, person, street
from ecqs_gateway.sandbox.provinces.jiangsu import PLACE
from ecqs_gateway.sandbox.provinces.load import MYSQL_TIME
from ecqs_gateway.sandbox.provinces.spelling import compact, full_width, iso, unpadded

__all__ = ["APPROVALS", "DIRTY", "INSPECTORS", "PAPERS", "approval_frames", "tables"]

APPROVALS, PAPERS, INSPECTORS = "T_XK_BJ", "T_XK_BJ_CL", "T_XK_BJ_HC"

DIRTY = DirtTable(
    "approval",
    (
        problem("kind_unknown", 0.002, "ECQS-1291"),
        problem("uscc_check", 0.003, "ECQS-1214"),
        problem("submitted_impossible", 0.002, "ECQS-1242"),
        problem("submitted_no_day", 0.001, "ECQS-1241"),
        problem("case_empty", 0.001, "ECQS-1200"),
        problem("decision_unknown", 0.001, "ECQS-1291"),
        problem("result_garbled", 0.001, "ECQS-1220"),
        problem("paper_digest", 0.002, "ECQS-1275"),
        problem("inspector_digits", 0.001, "ECQS-1280"),
        problem("days_negative", 0.001, "ECQS-1266"),
        Dirt("mode_national", "flag", 0.003, ("ECQS-1292",)),
        Dirt("paper_other", "flag", 0.01, ("ECQS-1293",)),
        Dirt("paper_undigested", "flag", 0.01, ("APPR-025",)),
        Dirt("too_slow", "flag", 0.02, ("APPR-009", "APPR-010")),
        Dirt("lone_inspector", "flag", 0.01, ("APPR-012",)),
        Dirt("replaced_late", "flag", 0.005, ("APPR-016",)),
        Dirt("original_filler", "cleaned", 0.05),
        Dirt("original_bare", "cleaned", 0.02),
        Dirt("case_wide", "cleaned", 0.01),
        Dirt("name_spaces", "cleaned", 0.01),
        Dirt("submitted_words", "cleaned", 0.02),
        Dirt("days_words", "cleaned", 0.02),
        Dirt("waived_words", "cleaned", 0.01),
    ),
)
"""Kinds of dirt among the approvals, with the share of rows that has each."""

_GRANTED = ("too_slow", "lone_inspector", "replaced_late", "result_garbled", "decision_unknown", "days_negative")
_RECALLED = date(2024, 9, 25)
_KINDS = ("XZ", "YX", "QZ", "ZX", "JX", "BG", "BL", "QT")
_RENEWAL = 1
_PAPERS = (("SQD", "申请单"), ("YYZZ", "营业执照"), ("JYBG", "产品检验合格报告"), ("CNS", "保证质量安全承诺书"))
_VISITED = ("先核后证", "后置现场审查")
_FIRST = (pl.col("product_code") == "09") & (pl.col("mode") == "先核后证")
"""化肥 since it came under 先核后证: nothing is granted without a visit (APPR-028)."""


def approval_frames(span: Span, log: DirtLog) -> dict[str, pl.DataFrame]:
    """Give the rows of the three approval tables, and note what is dirty."""
    known = _facts(span)
    log.note(DIRTY, known)
    draw = _draw(span.seed)
    return {
        APPROVALS: known.select(**_case(draw), **_steps(draw), **_outcome(draw)),
        PAPERS: _papers(known),
        INSPECTORS: _inspectors(known, draw),
    }


def _draw(seed: int) -> Draw:
    return Draw(Certificates(PLACE, seed).draw.seed + 1)


def _facts(span: Span) -> pl.DataFrame:
    """Give what is known of each case: that of its certificate, and the way it took through the office."""
    of_certificates = Certificates(PLACE, span.seed).facts(numbered(span.start * 3, span.stop * 3, 3))
    draw, number = _draw(span.seed), pl.col(ROW) // 3
    known = of_certificates.with_columns(number=licence_number(PLACE.short, pl.col(ROW)))
    known = known.with_columns(number.alias(ROW), number.alias(NUMBER)).with_columns(
        DIRTY.column(draw, span.dirty, never=pl.lit(value=False)).alias(DIRT),
        kind=pl.when(draw.chance("SQLB.new", 0.6)).then(0).otherwise(draw.whole("SQLB", 1, 7)),
        ticket=draw.whole("JDJG", 0, 99),
        key=pl.concat_str(pl.lit("BJ"), pl.col(ROW).cast(pl.String).str.zfill(12)),
        product_code=choose(pl.col("product"), [one.code for one in PRODUCTS]),
    )
    known = known.with_columns(mode=_mode(draw), result=_result())
    return known.with_columns(**_days(draw)).with_columns(visit=_visit(draw))


def _result() -> pl.Expr:
    """Draw granted, refused, not accepted, ended or still open; what dirt needs granted is granted."""
    needed = DIRTY.has(*_GRANTED)
    drawn = pl.lit("准予许可")
    for word, below in (("办理中", 12), ("终止办理", 8), ("不予许可", 5), ("不予受理", 2)):
        drawn = pl.when(pl.col("ticket") < below).then(pl.lit(word)).otherwise(drawn)
    return pl.when(needed).then(pl.lit("准予许可")).otherwise(drawn)


def _mode(draw: Draw) -> pl.Expr:
    """Give the approval mode that fits product and time (facts §3.4)."""
    fertiliser, code = pl.col("product_code") == "09", pl.col("product_code")
    recalled = pl.col("issued") >= pl.lit(_RECALLED)
    basic = (
        pl.when(fertiliser & ~recalled)
        .then(pl.lit("告知承诺"))
        .when(fertiliser | (code == "07"))
        .then(pl.lit("先核后证"))
        .otherwise(pl.lit("后置现场审查"))
    )
    waived = (pl.col("kind") == _RENEWAL) & ~(fertiliser & recalled) & draw.chance("MHC", 0.6)
    visited = DIRTY.has("lone_inspector", "inspector_digits")
    needed = pl.when(visited & ~(fertiliser & ~recalled)).then(basic).when(visited).then(pl.lit("告知承诺"))
    return needed.when(waived).then(pl.lit("免实地核查")).otherwise(basic)


def _days(draw: Draw) -> dict[str, pl.Expr]:
    """Give the steps of a case backwards from the day of issue; a fast mode decides within three days."""
    slow_mode = pl.col("mode") == "先核后证"
    usual = pl.when(slow_mode).then(draw.whole("JDJG.slow", 20, 55)).otherwise(draw.whole("JDJG.fast", 1, 3))
    taken = pl.when(DIRTY.has("too_slow")).then(draw.whole("JDJG.late", 120, 160)).otherwise(usual)
    decided = pl.col("issued") - pl.duration(days=draw.whole("FZRQ", 0, 5))
    accepted = decided - pl.duration(days=taken)
    # 化肥 came under 先核后证 on one day (facts §3.4): a case in that mode was not accepted before it.
    bounded = (pl.col("product_code") == "09") & slow_mode & ~DIRTY.has("too_slow")
    decided, accepted = (
        pl.when(bounded).then(pl.max_horizontal(day, pl.lit(_RECALLED))).otherwise(day) for day in (decided, accepted)
    )
    submitted = accepted - pl.duration(days=draw.whole("SLRQ", 0, 4))
    return {"decided": decided, "accepted": accepted, "submitted": submitted}


def _visit(draw: Draw) -> pl.Expr:
    """Give the day of the visit: before the decision, behind it in 后置现场审查, or none."""
    before = pl.min_horizontal(pl.col("accepted") + pl.duration(days=draw.whole("HCRQ", 3, 15)), pl.col("decided"))
    behind = pl.col("issued") + pl.duration(days=draw.whole("HCRQ", 3, 15))
    needed = DIRTY.has("lone_inspector", "inspector_digits")
    visited = needed | (pl.col("result").is_in(["准予许可", "不予许可"]) & (draw.chance("HC", 0.9) | _FIRST))
    mode = pl.col("mode")
    return (
        pl.when(visited & (mode == "先核后证"))
        .then(before)
        .when(visited & (mode.is_in(_VISITED) | needed))
        .then(pl.min_horizontal(behind, pl.lit(date(2026, 11, 20))))
    )


def _case(draw: Draw) -> dict[str, pl.Expr]:
    name, code = pl.col("name"), pl.col("code")
    city = choose(pl.col("city"), PLACE.names())
    serial = pl.col(ROW).cast(pl.String).str.zfill(7)
    case = pl.format("苏市监许〔{}〕{}号", pl.col("submitted").dt.year(), serial)
    units = choose(pl.col("product"), ["；".join(f"{one.name}：{unit}" for unit in one.units[:2]) for one in PRODUCTS])
    plain = choose(pl.col("product"), [one.name for one in PRODUCTS])
    address = street(draw, "SCDZ", city=city, province="江苏省")
    second = street(draw, "SCDZ.2", city=city, province="江苏省")
    return {
        "BJID": pl.col("key"),
        "SLBH": DIRTY.given(case, case_empty="", case_wide=full_width(case)),
        "SQLB": DIRTY.given(choose(pl.col("kind"), _KINDS), kind_unknown="ZZ"),
        "SPFS": DIRTY.given(pl.col("mode"), mode_national=_national_mode()),
        "SQCPFW": pl.when(draw.chance("SQCPFW", 0.8)).then(units).otherwise(plain),
        "QYMC": DIRTY.given(name, name_spaces=pl.format("\u3000{}  ", name)),
        "TYSHXYDM": DIRTY.given(code, uscc_check=wrong_check(code)),
        "ZS": street(draw, "ZS", city=city, province="江苏省"),
        "SCDZ": pl.when(draw.chance("SCDZ", 0.1)).then(pl.format("{}；{}", address, second)).otherwise(address),
        "LXR": person(draw, "LXR"),
        "YXKZBH": _original(draw),
    }


def _national_mode() -> pl.Expr:
    codes = {"先核后证": "1", "后置现场审查": "2", "告知承诺": "3", "免实地核查": "4"}
    return pl.col("mode").replace_strict(list(codes), list(codes.values()), return_dtype=pl.String)


def _original(draw: Draw) -> pl.Expr:
    """Give the number the applicant had before; the form demands one even of newcomers, who write something."""
    earlier = pl.col("number")
    bare = earlier.str.replace_all(r"[()]", "")
    filler = draw.pick("YXKZBH", ["无", "/", "111", ""])
    renewed = pl.col("kind").is_between(1, 6)
    usual = pl.when(renewed).then(earlier).otherwise(filler)
    # A renewal must name the certificate (APPR-019), so a filler is clean only in a new application.
    fitting = pl.when(renewed).then(pl.format("（苏）{}", earlier.str.slice(3))).otherwise(pl.lit("无"))
    return DIRTY.given(usual, original_filler=fitting, original_bare=bare)


def _steps(draw: Draw) -> dict[str, pl.Expr]:
    submitted, result = pl.col("submitted"), pl.col("result")
    accepted = pl.when(result != "不予受理").then(pl.col("accepted"))
    decided = pl.when(result != "办理中").then(pl.col("decided"))
    days = draw.whole("BJRTS", 1, 9).cast(pl.String)
    counted = pl.when(draw.chance("BJRTS", 0.2)).then(days)
    return {
        "SQRQ": DIRTY.given(
            compact(submitted),
            submitted_impossible=submitted.dt.strftime("%Y0230"),
            submitted_no_day=submitted.dt.strftime("%Y-%m-"),
            submitted_words=unpadded(submitted, "{}年{}月{}日"),
        ),
        "SLRQ": iso(accepted),
        "SCRQ": iso(pl.when(result.is_in(["准予许可", "不予许可"])).then(pl.col("decided"))),
        "BJRTS": DIRTY.given(counted, days_words=pl.format("{}天", days), days_negative="-3"),
        "JDSJ": decided.cast(pl.Datetime("us")).dt.offset_by("16h30m"),
        "JDJG": DIRTY.given(pl.when(result != "办理中").then(result), decision_unknown="再议"),
        "FZRQ": iso(pl.when(result == "准予许可").then(pl.col("issued"))),
    }


def _outcome(draw: Draw) -> dict[str, pl.Expr]:
    stored, changed = changed_at(draw, pl.col("issued"))
    granted = pl.col("result") == "准予许可"
    # 水泥 and 钢筋 are under industrial policy (facts §1.2): only there capacity is replaced.
    replaced = (pl.col("product_code").is_in(["01", "02"]) & draw.chance("ZHLX", 0.1)) | DIRTY.has("replaced_late")
    before = pl.when(DIRTY.has("replaced_late")).then(-2).otherwise(10)
    cancelled = pl.col("accepted") - pl.duration(days=before)
    policy = pl.format("苏发改备〔{}〕{}号", pl.col("submitted").dt.year(), draw.whole("XMBAH", 1, 400))
    waived = pl.col("mode") == "免实地核查"
    plain = pl.when(waived).then(pl.lit("1")).otherwise(pl.lit("0"))
    words = pl.when(waived).then(pl.lit("是")).otherwise(pl.lit("否"))
    refused = (pl.col("result") == "不予许可") & (pl.col("mode") == "先核后证")
    verdict = pl.when(refused).then(pl.lit("BHG")).otherwise(pl.lit("HG"))
    return {
        "MHC": DIRTY.given(plain, waived_words=words),
        "HCRQ": compact(pl.col("visit")),
        "HCJL": pl.when(pl.col("visit").is_not_null()).then(verdict),
        "XMBAH": pl.when(pl.col("product_code").is_in(["01", "02"])).then(policy),
        "ZHLX": pl.when(replaced).then(draw.pick("ZHLX", ["CNZH", "SG", "JB", "CZ"])),
        "BZHZSBH": pl.when(replaced).then(licence_number(PLACE.short, pl.col(ROW) * 3 + 2)),
        "BZHZXRQ": pl.when(replaced).then(compact(cancelled)),
        "JGZSBH": DIRTY.given(pl.when(granted).then(pl.col("number")), result_garbled="见附件"),
        "RKSJ": stored,
        "GXSJ": changed,
    }


def _papers(known: pl.DataFrame) -> pl.DataFrame:
    """Give four papers a case; the third is sometimes of a kind of its own."""
    pieces = []
    for place, (kind, name) in enumerate(_PAPERS):
        key = pl.format("{}-{}", "key", pl.lit(str(place + 1)))
        third = place == 2
        digest = polars_hash.concat_str([key]).chash.sha2_256()
        piece = known.select(
            CLID=key,
            BJID=pl.col("key"),
            XH=pl.lit(place + 1, pl.Int32),
            CLLX=pl.when(DIRTY.has("paper_other") & third).then(pl.lit("HJPG")).otherwise(pl.lit(kind)),
            CLMC=pl.format("{}{}", pl.col("name"), pl.lit(name)),
            WJZY=pl.when(DIRTY.has("paper_digest") & third)
            .then(digest.str.slice(0, 40))
            .when(~(DIRTY.has("paper_undigested") & third))
            .then(digest.str.to_uppercase()),
        )
        pieces.append(piece)
    return pl.concat(pieces).sort("BJID", "XH")


def _inspectors(known: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Give two to four inspectors a visit."""
    count = pl.when(DIRTY.has("lone_inspector")).then(1).otherwise(draw.whole("HC.count", 2, 4))
    count = pl.when(pl.col("visit").is_not_null()).then(count).otherwise(0)
    pieces = []
    for place in range(4):
        digits = DIRTY.has("inspector_digits") & (place == 0)
        number = draw.whole(f"RYZSBH.{place}", 1, 59) * 4 + place
        name = person(draw, f"RYXM.{place}")
        piece = known.filter(count > place).select(
            HCID=pl.format("{}-{}", "key", pl.lit(str(place + 1))),
            BJID=pl.col("key"),
            XH=pl.lit(place + 1, pl.Int32),
            RYZSBH=pl.format("苏核查{}", number.cast(pl.String).str.zfill(5)),
            RYXM=pl.when(digits).then(pl.format("{}1", name)).otherwise(name),
            FZJG=draw.pick(f"FZJG.{place}", [PLACE.bureau, "上海市市场监督管理局", "市场监管总局"]),
        )
        pieces.append(piece)
    return pl.concat(pieces).sort("BJID", "XH")


def tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Declare the three approval tables."""
    key, text = sa.String(32), sa.String
    case = sa.Table(
        APPROVALS,
        metadata,
        sa.Column("BJID", key, primary_key=True),
        sa.Column("SLBH", text(64)),
        *(sa.Column(name, text(20)) for name in ("SQLB", "SPFS")),
        *(sa.Column(name, text(300)) for name in ("SQCPFW", "QYMC")),
        sa.Column("TYSHXYDM", text(30)),
        *(sa.Column(name, text(300)) for name in ("ZS", "SCDZ")),
        *(sa.Column(name, text(60)) for name in ("LXR", "YXKZBH")),
        *(sa.Column(name, text(30)) for name in ("SQRQ", "SLRQ", "SCRQ", "BJRTS")),
        sa.Column("JDSJ", MYSQL_TIME),
        *(sa.Column(name, text(30)) for name in ("JDJG", "FZRQ", "MHC", "HCRQ", "HCJL")),
        sa.Column("XMBAH", text(100)),
        *(sa.Column(name, text(30)) for name in ("ZHLX", "BZHZSBH", "BZHZXRQ")),
        sa.Column("JGZSBH", text(60)),
        *(sa.Column(name, MYSQL_TIME) for name in ("RKSJ", "GXSJ")),
    )
    return {APPROVALS: case} | _below(metadata, key)


def _below(metadata: sa.MetaData, key: sa.String) -> dict[str, sa.Table]:
    paper = sa.Table(
        PAPERS,
        metadata,
        sa.Column("CLID", sa.String(40), primary_key=True),
        sa.Column("BJID", key),
        sa.Column("XH", sa.Integer),
        sa.Column("CLLX", sa.String(20)),
        sa.Column("CLMC", sa.String(200)),
        sa.Column("WJZY", sa.String(64)),
    )
    inspector = sa.Table(
        INSPECTORS,
        metadata,
        sa.Column("HCID", sa.String(40), primary_key=True),
        sa.Column("BJID", key),
        sa.Column("XH", sa.Integer),
        *(sa.Column(name, sa.String(60)) for name in ("RYZSBH", "RYXM", "FZJG")),
    )
    return {PAPERS: paper, INSPECTORS: inspector}
