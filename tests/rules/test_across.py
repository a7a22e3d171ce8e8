"""What rules look at beside the record: joins, what is missing, what is held, and answers that are not believed."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.enquiry import answer_name, read_answer, write_enquiry
from ecqs_gateway.deliver.signing import Trust, algorithm, seal
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules import (
    NOTHING,
    References,
    RuleCatalogue,
    WorkingCalendar,
    compile_rules,
    evaluate,
    evaluate_cross,
)
from ecqs_gateway.rules.against import ANSWER_SCHEMA, facts_expr, kept_facts, read_facts

_here = importlib.util.spec_from_file_location("ecqs_test_evaluate", Path(__file__).with_name("test_evaluate.py"))
assert _here is not None
assert _here.loader is not None
made = importlib.util.module_from_spec(_here)
_here.loader.exec_module(made)
make_rule, make_frame, make_list, APPROVAL = made.make_rule, made.make_frame, made.make_list, made.APPROVAL

NUMBER = "XK08-001-00009"
BY_NUMBER = {"against": "certificates", "match": "replacement.replaced_number"}


def rules(context, *made_rules):
    return compile_rules(APPROVAL, RuleCatalogue(tuple(made_rules)), context)


def told(found: pl.DataFrame) -> list[tuple]:
    return found.select("__row", "rule", "severity").rows()


def answers(**columns):
    """A look-up that gives these columns for every case."""

    def look_up(cases: pl.DataFrame) -> pl.DataFrame:
        named = {"others": 0, "answered": True} | columns
        added = [pl.lit(named.get(name), dtype).alias(name) for name, dtype in ANSWER_SCHEMA.items() if name != "__row"]
        return cases.with_columns(added).select(*ANSWER_SCHEMA)

    return look_up


def test_without_anything_at_hand_a_rule_counts_as_kept(context):
    compiled = rules(
        context,
        make_rule("before.decision = decision", against="previous_version"),
        make_rule("certificate.others = 0", id="TEST-002", unanswered="hold", **BY_NUMBER),
        make_rule("all(inspectors, recognised)", id="TEST-003", against="inspectors"),
    )
    frame = make_frame(decision=["1"], replacement__replaced_number=[NUMBER], submission_date=[dt.date(2021, 1, 4)])
    lists = {"inspectors": make_list([0], number=["a"])}
    assert evaluate_cross(compiled, frame, lists, NOTHING).is_empty()
    assert evaluate(compiled, frame, lists).is_empty()


def test_the_version_before_is_joined_by_key_and_only_its_own(context):
    compiled = rules(
        context,
        make_rule("before.decision_date IS NULL OR decision_date = before.decision_date", against="previous_version"),
    )
    day, other = dt.date(2021, 2, 3), dt.date(2021, 2, 4)
    frame = make_frame(case_number=["n1", "n2", "n3", "n4"], decision_date=[day, other, other, None])
    facts = [json.dumps({"decision_date": "2021-02-03"})] * 3
    previous = pl.DataFrame({"key": ["n1", "n2", "n4"], "facts": facts})
    found = evaluate_cross(compiled, frame, {}, References(previous))
    assert told(found) == [(1, "TEST-001", "flag")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)) | st.none(), min_size=1, max_size=20))
def test_facts_are_read_back_as_they_were(days):
    frame = make_frame(decision_date=days, decision=["1"] * len(days))
    names = ("decision", "decision_date")
    leaves = [leaf for leaf in APPROVAL.leaves() if leaf.path in names]
    texts = frame.select(facts_expr(APPROVAL, names).alias("facts"))["facts"]
    assert read_facts(texts, leaves).equals(frame.select(leaf.path for leaf in leaves))


def test_only_the_facts_some_rule_looks_back_at_are_kept(files):
    every = [rule for file in files.values() for rule in file.rules]
    assert kept_facts(spec("sampling_inspection"), every) == ()
    assert kept_facts(spec("approval"), every) == ("acceptance_date", "decision")
    assert "status" in kept_facts(spec("certificate"), every)
    assert kept_facts(spec("certificate"), [rule for rule in every if rule.against is None]) == ()


def test_a_record_waits_only_where_its_rule_applies_and_there_is_no_answer(context):
    effective = {"from": "2020-10-14", "by": "acceptance_date"}
    rule = make_rule("certificate.others = 0", unanswered="hold", effective=effective, **BY_NUMBER)
    frame = make_frame(
        acceptance_date=[dt.date(2020, 1, 1), dt.date(2021, 1, 1), dt.date(2021, 1, 1)],
        replacement__replaced_number=[NUMBER, NUMBER, None],
    )
    compiled = rules(context, rule)
    silent = References(certificates=answers(answered=False))
    assert told(evaluate_cross(compiled, frame, {}, silent)) == [(1, "ECQS-1350", "hold")]
    assert told(evaluate_cross(compiled, frame, {}, References(certificates=answers(others=2)))) == [
        (1, "TEST-001", "flag")
    ]
    nobody = References(certificates=answers(answered=None))
    assert evaluate_cross(compiled, frame, {}, nobody).is_empty()


def test_inspectors_are_recognised_by_number_product_and_day(context):
    rule = make_rule(
        "all(inspectors, recognised)", against="inspectors", effective={"from": "2020-10-14", "by": "visit.date"}
    )
    day = dt.date(2021, 1, 20)
    frame = make_frame(visit__date=[day, day, day, None, day])
    lists = {
        "inspectors": make_list([0, 1, 2, 3, 4], number=["cement", "cement", "late", "nobody", "all"]),
        "products": make_list([0, 1, 2, 3, 4], name=["x"] * 5, product_class=["02", "09", "02", "02", None]),
    }
    known = pl.DataFrame(
        {
            "number": ["cement", "late", "all"],
            "product_class": ["02", "02", None],
            "valid_from": [dt.date(2020, 1, 1), dt.date(2021, 1, 21), None],
            "valid_until": [day, None, None],
        }
    )
    found = evaluate_cross(rules(context, rule), frame, lists, References(inspectors=known))
    assert [row for row, _, _ in told(found)] == [1, 2]


def test_a_year_without_a_calendar_is_told_and_not_silent(context):
    known = WorkingCalendar({year: days for year, days in context.calendar.years.items() if year < 2026})
    holed = type(context)(context.codes, known, context.today)
    rule = make_rule("decision = '2' OR working_days_between(acceptance_date, decision_date) <= 5")
    frame = make_frame(
        decision=["1", "1", "2", "1"],
        acceptance_date=[dt.date(2025, 12, 30), dt.date(2025, 12, 1), dt.date(2025, 12, 30), None],
        decision_date=[dt.date(2026, 1, 5), dt.date(2025, 12, 30), dt.date(2026, 1, 5), dt.date(2026, 1, 5)],
    )
    found = evaluate(rules(holed, rule), frame, {})
    assert told(found) == [(0, "CAL-001", "flag"), (1, "TEST-001", "flag")]
    assert "TEST-001" in found["message"][0]
    assert told(evaluate(rules(context, rule), frame, {})) == [(1, "TEST-001", "flag")]


def test_a_rule_is_not_judged_where_its_field_is_never_delivered(context):
    compiled = rules(context, make_rule("decision IS NOT NULL", needs=["decision"]))
    frame = make_frame(case_number=["n1"])
    assert told(evaluate(compiled, frame, {}, {"case_number", "decision"})) == [(0, "TEST-001", "flag")]
    assert evaluate(compiled, frame, {}, {"case_number"}).is_empty()


def test_different_values_of_a_list_are_counted(context):
    frame = make_frame(case_number=["a", "b", "c"])
    inspectors = make_list([0, 0, 0, 1], number=["1", "1", None, "2"])
    found = evaluate(
        rules(context, make_rule("count_distinct(inspectors, number) <> 1")), frame, {"inspectors": inspectors}
    )
    assert [row for row, _, _ in told(found)] == [0, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"against": "certificates"},
        {"match": "replacement.replaced_number"},
        {"unanswered": "hold"},
        {"against": "previous_version", "match": "case_number"},
    ],
)
def test_half_a_declaration_is_refused(changes):
    with pytest.raises(ValueError, match=r"match names|unanswered"):
        make_rule("decision = '1'", **changes)


# Answers

KEYS = algorithm("ed25519").generate()
SIGNER = algorithm("ed25519").signer(KEYS.private)
TRUST = Trust.of([("ed25519", KEYS.public)])
ENQUIRY = "320000-20261126T203000-0123abcd"


def answer(signer=SIGNER, members=("answer.json", "answer.sig"), **changes) -> bytes:
    said = {"number": NUMBER, "known": True, "status": "04", "closing_date": "2021-01-05", "replaced_by": []}
    document = {"format": "ecqs-answer/1", "enquiry": ENQUIRY, "digest": "ab" * 32, "issuer": "hq"}
    document |= {"answered": "2026-11-26T20:30:01+08:00", "about": [said]} | changes
    data = json.dumps(document, ensure_ascii=False).encode()
    return build_zip(zip(members, (data, seal(data, signer)), strict=True))


def read(data: bytes):
    return read_answer(data, enquiry=ENQUIRY, digest="ab" * 32, numbers=frozenset({NUMBER}), trust=TRUST, issuer="hq")


def test_a_good_answer_is_read():
    said = read(answer())[NUMBER]
    assert json.loads(said.facts)["closing_date"] == "2021-01-05"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (answer(enquiry="320000-20261126T203000-ffffffff"), "another enquiry"),
        (answer(digest="cd" * 32), "another enquiry"),
        (answer(issuer="someone"), "another office"),
        (answer(about=[]), "other certificates"),
        (answer(about=[{"number": NUMBER, "known": True}, {"number": NUMBER, "known": False}]), "other certificates"),
        (answer(about=[{"number": NUMBER, "known": True, "closing_date": "2021-02-30"}]), "not an answer"),
        (answer(about=[{"number": NUMBER, "known": "yes"}]), "not an answer"),
        (answer(more="x"), "not an answer"),
        (answer(answered="yesterday"), "not an answer"),
        (answer(signer=algorithm("ed25519").signer(algorithm("ed25519").generate().private)), "ECQS-4024"),
        (answer().replace(b'"04"', b'"01"'), "ECQS-40"),
        (answer(members=("answer.json", "other.sig")), "ECQS-4012"),
        (b"no zip", "ECQS-4011"),
    ],
)
def test_an_answer_that_does_not_fit_in_everything_is_not_believed(data, why):
    with pytest.raises(Terminal, match=why) as refused:
        read(data)
    assert refused.value.code == "ECQS-1353"
    assert NUMBER not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "unit", "wanted"),
    [
        (f"{ENQUIRY}.answer.zip", "320000", ENQUIRY),
        (f"{ENQUIRY}.answer.zip", "330000", None),
        (f"{ENQUIRY}.zip", "320000", None),
        (f"../{ENQUIRY}.answer.zip", "320000", None),
    ],
)
def test_the_name_of_an_answer_is_read_strictly(name, unit, wanted):
    assert answer_name(name, unit) == wanted


def test_an_enquiry_is_the_same_bytes_for_the_same_question():
    moment = dt.datetime(2026, 11, 26, 20, 30, tzinfo=dt.UTC)
    once, again = (write_enquiry(ENQUIRY, "320000", [(NUMBER, "n1")], asked=moment, signer=SIGNER) for _ in range(2))
    assert once == again
