"""Expectations are rewritten in place: what fits is not touched, and comments and order stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.case_edit import updated
from ecqs_gateway.content.case_outcome import Made, Outcome
from ecqs_gateway.content.case_runs import compare
from ecqs_gateway.content.models import CaseFile
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.content.yaml_spans import spans_of
from ecqs_gateway.content.yaml_write import scalar
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.kinds import spec

KIND = spec("certificate")
HEAD = 'version: 1\nunit: "320000"\nkind: certificate\ntitle: t\nrows:\n  - {A: 1}\n  - {A: 2}\n'


def case_of(text: str) -> CaseFile:
    document, problems = read_yaml("c.yaml", text.encode())
    assert document is not None, problems
    assert not problems
    return CaseFile.model_validate(document.data)


def record(row: int = 1, products: tuple[dict, ...] = (), **fields: str | None) -> Made:
    every = {leaf.path: None for leaf in KIND.leaves()} | fields
    lists = {node.path: [] for node in KIND.repeated()}
    inside = {leaf.path: None for node in KIND.repeated() if node.path == "products" for leaf in node.leaves()}
    return Made(row, every, lists | {"products": [inside | item for item in products]})


def rewritten(expect: str, made: Outcome) -> str:
    text = HEAD + expect
    now = updated(text, case_of(text), KIND, made, file="c.yaml")
    assert not list(compare(case_of(now), KIND, made))
    assert now.startswith(HEAD)
    return now[len(HEAD) :]


def test_a_value_is_replaced_and_everything_else_stays():
    was = (
        'expect:\n  records:\n    # the only one\n    - number: "(苏)XK06-001-00001"   # 编号\n      status: "04"\n'
        "      closing_date: 2020-01-01 # day\n"
    )
    made = Outcome((record(number="(苏)XK06-001-00001", status="01", closing_date=None),), {}, 0)
    assert rewritten(was, made) == was.replace('"04"', '"01"').replace("2020-01-01 #", "~ #")


def test_items_are_changed_added_and_taken_away():
    was = (
        "expect:\n  records:\n    - number: n\n      products:\n        - {name: a, unit: x}\n"
        "        # second\n        - {name: b, unit: y}\n"
    )
    a, b, c = ({"name": name, "unit": unit, "model": "m"} for name, unit in (("a", "x"), ("b", "z"), ("c", None)))
    assert rewritten(was, Outcome((record(number="n", products=(a, b)),), {}, 0)) == was.replace("unit: y", "unit: z")
    grown = rewritten(was, Outcome((record(number="n", products=(a, b, c)),), {}, 0))
    assert grown == was.replace("unit: y", "unit: z") + "        - {name: c, unit: ~}\n"
    shrunk = rewritten(was, Outcome((record(number="n", products=(a,)),), {}, 0))
    assert shrunk == was.replace("        # second\n        - {name: b, unit: y}\n", "")
    assert rewritten(was, Outcome((record(number="n"),), {}, 0)).endswith("      products: []\n")


def test_problems_come_and_go_with_their_comments():
    was = (
        "expect:\n  problems:\n    # a bad day\n    - {row: 1, field: issue_date, rule: ECQS-1242}\n"
        "    - {row: 2, field: number, rule: ECQS-1220}  # no number\n  records: []\n"
    )
    made = Outcome((), {(2, "number", "ECQS-1220", "reject"): "m", (2, "holder.name", "X-1", "flag"): "m"}, 0)
    assert rewritten(was, made) == (
        "expect:\n  problems:\n    - {row: 2, field: number, rule: ECQS-1220}  # no number\n"
        "    - {row: 2, field: holder.name, rule: X-1, severity: flag}\n  records: []\n"
    )


def test_what_is_not_there_yet_is_added_at_the_end():
    was = "expect:\n  records:\n    - {number: n}   # one\n"
    made = Outcome((record(number="n"),), {(2, "products[1].name", "ECQS-1200", "reject"): "m"}, 1)
    assert rewritten(was, made) == was + (
        '  problems:\n    - {row: 2, field: "products[1].name", rule: ECQS-1200}\n  superseded: 1\n'
    )


def test_records_are_told_apart_by_their_key():
    was = "expect:\n  records:\n    - number: a\n      status: '01' # a\n    - number: b\n      status: '01' # b\n"
    assert rewritten(was, Outcome((record(2, number="b", status="01"),), {}, 0)) == (
        "expect:\n  records:\n    - number: b\n      status: '01' # b\n"
    )
    three = Outcome((*(record(n, number=k, status="01") for n, k in enumerate("acb", 1)),), {}, 0)
    assert rewritten(was, three) == (
        "expect:\n  records:\n    - number: a\n      status: '01' # a\n"
        "    - number: c\n      status: \"01\"\n    - number: b\n      status: '01' # b\n"
    )


def test_checks_that_hold_stay_and_those_that_do_not_become_the_value():
    was = (
        "expect:\n  records:\n    - number: {matches: 'n.*'}\n      status: {one_of: ['01']}\n"
        "      products: {present: false}\n"
    )
    assert rewritten(was, Outcome((record(number="nx", status="01"),), {}, 0)) == was
    now = rewritten(was, Outcome((record(number="x", status="04", products=({"name": "p"},)),), {}, 0))
    assert now == 'expect:\n  records:\n    - number: x\n      status: "04"\n      products: {present: true}\n'


def test_lists_in_brackets_stay_in_brackets():
    was = "expect: {records: [{number: a}], problems: []}\n"
    made = Outcome((record(number="a"), record(2, number="b")), {(1, "number", "R-1", "flag"): "m"}, 2)
    assert rewritten(was, made) == (
        "expect: {records: [{number: a}, {number: b}], "
        "problems: [{row: 1, field: number, rule: R-1, severity: flag}], superseded: 2}\n"
    )


def test_a_field_that_does_not_exist_is_left_to_people():
    text = HEAD + "expect:\n  records:\n    - {nubmer: a}\n"
    with pytest.raises(Misconfigured, match="cannot be rewritten"):
        updated(text, case_of(text), KIND, Outcome((record(number="a"),), {}, 0), file="c.yaml")


def test_every_case_of_the_project_survives_any_outcome(project_root: Path):
    for file in sorted(project_root.glob("mappings/*/cases/*.yaml")):
        text = file.read_text(encoding="utf-8")
        case = case_of(text)
        kind = spec(case.kind)
        empty = Outcome((), {(1, kind.key, "ECQS-1200", "reject"): "m"}, 0)
        now = updated(text, case, kind, empty, file=file.name)
        assert not list(compare(case_of(now), kind, empty))
        assert now.partition("expect:")[0] == text.partition("expect:")[0]


VALUES = st.none() | st.sampled_from(
    ["01", "2020-01-05", "a: b", "# x", "～", "true", "x\ny", "' \"", "（苏）", "{", "TODO"]
)


@st.composite
def outcomes(draw) -> Outcome:
    def fields() -> dict[str, str | None]:
        return {"number": draw(st.sampled_from("abc")), "status": draw(VALUES), "holder.name": draw(VALUES)}

    def items() -> tuple[dict, ...]:
        return tuple({"name": draw(VALUES), "unit": draw(VALUES)} for _ in range(draw(st.integers(0, 3))))

    records = tuple(record(row, items(), **fields()) for row in range(1, draw(st.integers(0, 3)) + 1))
    told = st.tuples(
        st.integers(1, 2),
        st.sampled_from(["number", "products[1].name"]),
        st.sampled_from(["R-1", "R-2"]),
        st.just("flag"),
    )
    problems = dict.fromkeys(draw(st.sets(told, max_size=3)), "m")
    if not records and not problems:
        problems = {(1, "number", "R-9", "flag"): "m"}
    return Outcome(records, problems, draw(st.integers(0, 2)))


@settings(max_examples=150, deadline=None)
@given(outcomes(), outcomes(), st.booleans())
def test_any_expectation_becomes_any_outcome(was, now, block):
    plain = {
        "records": [
            {k: v for k, v in one.fields.items() if k in ("number", "status", "holder.name")}
            | {"products": [{k: v for k, v in item.items() if k in ("name", "unit")} for item in one.lists["products"]]}
            for one in was.records
        ],
        "problems": [
            dict(zip(("row", "field", "rule", "severity"), told, strict=True)) for told in sorted(was.problems)
        ],
        "superseded": was.superseded,
    }
    if block:
        text = yaml.safe_dump({"expect": plain}, allow_unicode=True, default_flow_style=False, width=1000)
    else:
        text = "expect: " + yaml.safe_dump(plain, allow_unicode=True, default_flow_style=True, width=1000)
    rewritten(text, now)


@given(
    st.text(max_size=12)
    | st.sampled_from(["null", "~", "1e3", "-", "0x1", "2020-01-05", "a #b", "a:", "*x", "&", "!t", "\x85", "\ufeff"])
)
def test_a_scalar_reads_back_as_the_same_text(value):
    value = value.encode("utf-8", "ignore").decode()
    document, problems = read_yaml(
        "x.yaml", f"a: {scalar(value)}\nb: {{c: {scalar(value)}, d: [{scalar(value)}]}}\n".encode()
    )
    if "\ud800" <= max(value, default="") <= "\udfff":
        return
    assert document is not None, problems
    assert (document.data["a"], document.data["b"]["c"], document.data["b"]["d"]) == (value, value, [value])


def pieces(data: object, path: tuple = ()) -> Iterator[tuple[tuple, object]]:
    yield path, data
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inner:
        yield from pieces(value, (*path, step))


def test_spans_hold_exactly_their_value(project_root: Path):
    for file in sorted(project_root.glob("mappings/*/cases/*.yaml")):
        text = file.read_text(encoding="utf-8")
        document, _ = read_yaml(file.name, text.encode())
        spans = spans_of(text)
        assert document is not None
        for path, value in pieces(document.data):
            if isinstance(value, str):
                span = spans[path]
                assert yaml.safe_load(text[span.start : span.end]) is not None
                assert value in {yaml.safe_load(text[span.start : span.end]), text[span.start : span.end]}
