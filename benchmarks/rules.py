"""All rules of the catalogue on approvals, those that look at one record and those that look beside it: CPU and wall.

A million cases in chunks as the nightly job has them: two product lines, four papers, up to four inspectors each; one
in fifty replaces a certificate, one in ten was sent before. The certificates, the versions before and the national list
of inspectors are frames, as the ledger and headquarters' answers give them, so what is timed is judging and joining.
Some cases break rules on purpose; a run that does not find exactly those fails.

Run: python benchmarks/rules.py [cases] [cases in a chunk]
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl

from ecqs_gateway.content.codes import load_code_tables
from ecqs_gateway.flows.rules_reference import read_rules
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules import CompiledRules, ExprContext, References, compile_rules, evaluate, evaluate_cross
from ecqs_gateway.rules.against import ANSWER_SCHEMA, LookUp

ROOT = Path(__file__).resolve().parent.parent
KIND = spec("approval")
TODAY = dt.date(2026, 1, 1)
DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LATE, LONE, TWICE, UNKNOWN = 97, 211, 400, 499
"""Of so many cases one is decided late, has one inspector, replaces what another replaced, has a strange inspector."""


def main(cases: int, chunk: int) -> int:
    """Judge so many cases and print what it took; 1 when other findings came than were planted."""
    codes, problems = load_code_tables(ROOT / "schemas" / "codes")
    assert not problems
    context = ExprContext.of(codes, ROOT / "schemas" / "calendar", TODAY)
    rules = compile_rules(KIND, list(read_rules(ROOT).values()), context)
    found: Counter[str] = Counter()
    wall = cpu = 0.0
    for start in range(0, cases, chunk):
        frame, lists, given = _chunk(start, min(chunk, cases - start))
        began, burnt = time.perf_counter(), time.process_time()
        findings = pl.concat([evaluate(rules, frame, lists), evaluate_cross(rules, frame, lists, given)])
        wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - burnt
        found.update(dict(findings["rule"].value_counts().iter_rows()))
    _print(rules, cases, chunk, wall, cpu)
    wanted = {"APPR-009": _every(cases, LATE), "APPR-012": _every(cases, LONE)}
    wanted |= {"APPR-031": _every(cases, TWICE), "APPR-032": _every(cases, UNKNOWN)}
    print(f"findings: {dict(sorted(found.items()))}")
    if found != wanted:
        print(f"WRONG: planted were {wanted}")
        return 1
    return 0


def _print(rules: CompiledRules, cases: int, chunk: int, wall: float, cpu: float) -> None:
    alone, beside = len(rules.rules), len(rules.cross)
    threads = os.environ.get("POLARS_MAX_THREADS", str(pl.thread_pool_size()))
    print(
        f"{cases:,} approvals in chunks of {chunk:,}, {alone} rules on the record alone, {beside} that look beside it"
    )
    print(f"wall {wall:.1f} s, CPU {cpu:.1f} s, {cpu / cases * 1e6:.1f} µs of CPU a case, {threads} threads")


def _every(cases: int, step: int) -> int:
    return len(range(0, cases, step))


def _chunk(start: int, height: int) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], References]:
    number = pl.Series("n", range(start, start + height), dtype=pl.Int64)
    planted = {name: (number % step == 0) for name, step in (("late", LATE), ("lone", LONE), ("strange", UNKNOWN))}
    replaces = number % 50 == 0
    given = pl.DataFrame({"n": number, **planted, "replaces": replaces})
    accepted = pl.lit(dt.date(2021, 3, 1)) + pl.duration(days=pl.col("n") % 700)
    decided = accepted + pl.duration(days=pl.when("late").then(40).otherwise(2))
    named = given.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias(ROW),
        pl.format("苏市监许〔2021〕{}号", pl.col("n")).alias("case_number"),
        pl.lit("01").alias("application_kind"),
        pl.lit("2").alias("approval_mode"),
        accepted.alias("submission_date"),
        accepted.alias("acceptance_date"),
        decided.alias("decision_date"),
        decided.alias("issue_date"),
        pl.lit("1").alias("decision"),
        pl.lit("320000").alias("authority.area"),
        pl.lit("11320000Y00000008M").alias("authority.uscc"),
        decided.alias("visit.date"),
        pl.lit("1").alias("visit.result"),
        pl.lit(value=False).alias("visit_waived"),
        pl.lit("苏发改备〔2021〕12号").alias("policy_approval_number"),
        pl.when("replaces")
        .then(pl.format("(苏)XK08-001-{}", (pl.col("n") % 90000 + 10000)))
        .alias("replacement.replaced_number"),
        pl.when("replaces").then(accepted).alias("replacement.cancellation_date"),
        pl.format("(苏)XK08-001-{}", pl.col("n") % 90000 + 10000).alias("certificate_number"),
    )
    absent = [
        pl.lit(None, leaf.type.dtype).alias(leaf.path) for leaf in KIND.leaves() if leaf.path not in named.columns
    ]
    frame = named.with_columns(absent)
    previous = named.filter(pl.col(ROW) % 10 == 0).select(
        pl.col("case_number").alias("key"),
        facts=pl.struct(
            acceptance_date=pl.col("acceptance_date").cast(pl.String), decision=pl.lit("1")
        ).struct.json_encode(),
    )
    return frame, _lists(frame[ROW], given), References(previous, _look_up(named), _inspectors())


def _lists(rows: pl.Series, given: pl.DataFrame) -> dict[str, pl.DataFrame]:
    head = given.with_columns(rows)

    def several(count: pl.Expr, **columns: pl.Expr) -> pl.DataFrame:
        items = head.with_columns(item=pl.int_ranges(1, count + 1)).explode("item")
        return items.select(ROW, pl.col("item").cast(pl.UInt32).alias("__item"), **columns)

    unknown = pl.col("strange") & (pl.col("item") == 1)
    inspector = (
        pl.when(unknown)
        .then(pl.lit("苏核查99999"))
        .otherwise(pl.format("苏核查{}", pl.col("n") % 700 * 4 + pl.col("item")))
    )
    edition = pl.lit("水泥产品生产许可证实施细则（2018年）")
    return {
        "products": several(pl.lit(2), name=pl.lit("水泥"), product_class=pl.lit("02"), rules_edition=edition),
        "papers": several(pl.lit(4), type=pl.format("0{}", pl.col("item")), digest=pl.lit(DIGEST)),
        "inspectors": several(
            pl.when("lone").then(1).otherwise(2 + pl.col("n") % 3), number=inspector, name=pl.lit(None, pl.String)
        ),
        "production_addresses": several(pl.lit(1), address=pl.lit("江苏省"), area=pl.lit("320000")),
    }


def _inspectors() -> pl.DataFrame:
    numbers = [f"苏核查{number}" for number in range(1, 3000)]
    start, none = dt.date(2019, 1, 1), [None] * len(numbers)
    return pl.DataFrame(
        {
            "number": numbers,
            "product_class": ["02"] * len(numbers),
            "valid_from": [start] * len(numbers),
            "valid_until": none,
        },
        schema={"number": pl.String, "product_class": pl.String, "valid_from": pl.Date, "valid_until": pl.Date},
    )


def _look_up(named: pl.DataFrame) -> LookUp:
    """Answer as ledger and headquarters do: cancelled on the day of acceptance, sometimes replaced by another case."""
    known = named.select(
        number="replacement.replaced_number",
        closing_date="replacement.cancellation_date",
        others=(pl.col("case_number").str.extract("〕([0-9]+)号").cast(pl.Int64) % TWICE == 0).cast(pl.Int64),
    ).drop_nulls("number")

    def look_up(cases: pl.DataFrame) -> pl.DataFrame:
        joined = cases.join(known.unique("number"), on="number", how="left", maintain_order="left")
        told = joined.with_columns(pl.lit("04").alias("status"), pl.lit(value=True).alias("answered"))
        missing = [pl.lit(None, dtype).alias(name) for name, dtype in ANSWER_SCHEMA.items() if name not in told.columns]
        return told.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in ANSWER_SCHEMA.items())

    return look_up


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:3]]
    sys.exit(main(*arguments, *(1_000_000, 20_000)[len(arguments) :]))
