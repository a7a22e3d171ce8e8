"""Code files with equivalences and periods, against plain Python that looks one value up at a time."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.mapping.codematch import CodeStep
from ecqs_gateway.mapping.codes import LocalCode, LocalCodeTable, fold, load_local_codes

HEADER = "source,national,note,equivalence,valid_from,valid_until\n"
DAYS = st.dates(date(2019, 12, 25), date(2020, 1, 10))
SPELLINGS = ("中止", "有效", "Ab 1", "Ａｂ１", "zz")


def step(lines: str) -> CodeStep:
    table, problems = load_local_codes("zt", HEADER + lines, "zt.csv")
    assert not problems, problems
    return CodeStep(table, lambda column: column)


def mistakes(lines: str) -> list[tuple[int | None, str, str, str | None]]:
    return [(p.line, p.code, p.severity, p.text) for p in load_local_codes("zt", HEADER + lines, "zt.csv")[1]]


def looked_up(text: str | None, day: date | None, codes: list[LocalCode]) -> LocalCode | None:
    """The oracle: what the reference page says, one value at a time."""
    if text is None:
        return None
    mine = [code for code in codes if fold(code.source) == fold(text)]
    if day is not None:
        return next((code for code in mine if code.holds_on(day)), None)
    agree = len({(code.national, code.equivalence) for code in mine}) == 1
    return mine[0] if agree else None


@st.composite
def tables(draw) -> list[LocalCode]:
    """Code files as `ecqs check` lets them pass: the periods of one source value do not overlap."""
    codes: list[LocalCode] = []
    for source in draw(st.lists(st.sampled_from(SPELLINGS), unique_by=fold, max_size=4)):
        cuts = sorted(draw(st.lists(DAYS, unique=True, max_size=4)))
        first = None if draw(st.booleans()) or not cuts else cuts.pop(0)
        periods = []
        while cuts:
            last = cuts.pop(0)
            periods.append((first, last))
            first = cuts.pop(0) if cuts and draw(st.booleans()) else last + timedelta(1)
        if draw(st.booleans()) or not periods:
            periods.append((first, None))
        for begin, end in periods:
            kind = draw(st.sampled_from(["equal", "wider", "narrower", "none"]))
            national = None if kind == "none" else draw(st.sampled_from(["01", "04"]))
            codes.append(LocalCode(source, national, "", len(codes) + 2, kind, begin, end))
    return draw(st.permutations(codes))


@given(tables(), st.lists(st.tuples(st.sampled_from([*SPELLINGS, "別", None]), DAYS | st.none()), max_size=30))
def test_a_column_is_looked_up_as_plain_python_would(codes, rows):
    match = CodeStep(LocalCodeTable("zt", "zt.csv", tuple(codes)), lambda column: column).match(
        pl.Series("v", [text for text, _ in rows], dtype=pl.String),
        pl.Series("d", [day for _, day in rows], dtype=pl.Date),
    )
    found = [looked_up(text, day, codes) for text, day in rows]
    listed = [text is not None and any(fold(text) == fold(code.source) for code in codes) for text, _ in rows]
    assert match.national.to_list() == [code.national if code else None for code in found]

    def marks(series: pl.Series | None) -> list[bool]:
        return [False] * len(rows) if series is None else series.to_list()

    assert marks(match.unmapped) == [
        text is not None and (code is None or code.national is None)
        for (text, _), code in zip(rows, found, strict=True)
    ]
    assert marks(match.outside) == [here and code is None for here, code in zip(listed, found, strict=True)]
    for kind in ("none", "wider", "narrower"):
        assert marks(getattr(match, kind)) == [code is not None and code.equivalence == kind for code in found]


@given(tables(), st.sampled_from([*SPELLINGS, "別"]), DAYS | st.none())
def test_the_line_told_to_people_is_the_line_that_decides(codes, text, day):
    found = CodeStep(LocalCodeTable("zt", "zt.csv", tuple(codes)), lambda column: column)
    assert found.line_of(text, day) == looked_up(text, day, codes)


def test_a_table_without_the_new_columns_means_equal():
    table, problems = load_local_codes("zt", "source,national,note\n有效,01,\n", "zt.csv")
    assert not problems
    match = CodeStep(table, lambda column: column).match(
        pl.Series(["有效", "x"]), pl.Series([None, None], dtype=pl.Date)
    )
    assert match.national.to_list() == ["01", None]
    assert (match.none, match.outside, match.wider, match.narrower) == (None, None, None, None)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("A,01,,,,2019-12-31\nａ,04,,,2020-01-01,\n", []),
        ("A,01,,,,2020-01-01\nA,04,,,2020-01-01,\n", [(3, "ECQS-1043", "error", "A")]),
        ("A,01,,,,\nA,04,,,2020-01-01,\n", [(3, "ECQS-1043", "error", "A")]),
        ("A,01,,,,2019-12-31\nA,04,,,2020-01-02,\n", [(3, "ECQS-1046", "warning", "A")]),
        ("A,04,,,2020-02-01,\nA,01,,,,2019-12-31\n", [(2, "ECQS-1046", "warning", "A")]),
        ("A,01,,,2020-01-02,2020-01-01\n", [(2, "ECQS-1041", "error", "2020-01-01")]),
        ("A,01,,equl,,\n", [(2, "ECQS-1041", "error", "equl")]),
    ],
)
def test_periods_that_overlap_or_leave_a_gap_are_told_with_their_line(lines, told):
    assert mistakes(lines) == told


def test_a_mistake_in_a_cell_is_told_with_its_column_and_the_nearest_right_spelling():
    (found,) = load_local_codes("zt", HEADER + '"a,b",01,,narower,,\n', "zt.csv")[1]
    assert (found.line, found.column, found.text, found.hint) == (2, 11, "narower", "did you mean 'narrower'?")


PERIODS = "中止,01,,wider,,2019-12-31\n中止,04,,narrower,2020-01-01,\n备案,,,none,,\n停,01,,,2021-01-01,\n"


def mapped(bench, inexact: str, unmapped: object = "reject"):
    use = {"table": "zt", "unmapped": unmapped, "inexact": inexact}
    file = bench.file({"status": {"from": "Z", "codes": use}, "issue_date": "D"})
    found = bench.inspect(file, local={"zt": bench.local(HEADER + PERIODS)})
    frame = bench.frame(
        Z=["中止", "中止", "备案", "停", "别", "中止"],
        D=["2019-12-31", "2020-01-01", "2020-01-01", "2020-01-01", "2020-01-01", None],
    )
    return found.mapping.apply(frame)


def told(result) -> list[tuple[int, str, str]]:
    lines = result.problems.filter(pl.col("field") == "status")
    return list(lines.select("__row", "rule", "severity").iter_rows())


def test_codes_are_judged_at_the_records_business_date(bench):
    result = mapped(bench, "pass")
    assert result.frame["status"].to_list() == ["01", "04", None, None, None, None]
    assert told(result) == [
        (2, "ECQS-1296", "reject"),
        (3, "ECQS-1254", "reject"),
        (4, "ECQS-1291", "reject"),
        (5, "ECQS-1254", "reject"),
    ]


@pytest.mark.parametrize(("inexact", "severity"), [("flag", "flag"), ("reject", "reject")])
def test_a_code_of_another_meaning_is_told_when_the_mapping_asks(bench, inexact, severity):
    result = mapped(bench, inexact)
    assert [line for line in told(result) if line[1] == "ECQS-1297"] == [
        (0, "ECQS-1297", severity),
        (1, "ECQS-1297", severity),
    ]
    messages = result.problems.filter(pl.col("rule") == "ECQS-1297")["message"].to_list()
    assert "宽于" in messages[0]
    assert "窄于" in messages[1]


def test_values_without_a_code_follow_the_policy_whatever_the_cause(bench):
    result = mapped(bench, "pass", {"default": "99", "reason": "暂无"})
    assert result.frame["status"].to_list() == ["01", "04", "99", "99", "99", "99"]
    assert {rule for _, rule, _ in told(result)} == {"ECQS-1293"}
    assert "没有对应" in result.problems["message"][0]


def test_items_of_lists_are_judged_at_the_date_of_their_record(bench):
    lists = {"products": {"split": {"from": "P", "by": ";"}, "fields": {
        "name": "item", "unit": {"from": "item", "codes": {"table": "zt", "unmapped": "reject"}}}}}  # fmt: skip
    found = bench.inspect(bench.file({"issue_date": "D"}, lists), local={"zt": bench.local(HEADER + PERIODS)})
    frame = bench.frame(P=["中止", None, "中止;停"], D=["2019-01-01", "2020-01-01", "2022-01-01"])
    assert found.mapping.apply(frame).lists["products"]["unit"].to_list() == ["01", "04", "01"]
