"""Code files are read with every mistake and its line, and their values match as people write them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.mapping.codematch import CodeStep
from ecqs_gateway.mapping.codes import fold, load_local_codes, read_local_codes

HEADER = "source,national,note\n"


def problems(text: str) -> list[tuple[int | None, str, str]]:
    _, found = load_local_codes("zt", text, "zt.csv")
    assert all(one.file == "zt.csv" for one in found)
    return [(one.line, one.code, one.message) for one in found]


def step(text: str) -> CodeStep:
    table, found = load_local_codes("zt", text, "zt.csv")
    assert not found
    return CodeStep(table, lambda column: column)


def test_a_good_file_is_read_with_its_lines():
    table, found = load_local_codes("zt", HEADER + '有效,01,\n"注销,撤回",04,两种\n', "zt.csv")
    assert not found
    assert [(code.source, code.national, code.note, code.line) for code in table.codes] == [
        ("有效", "01", "", 2),
        ("注销,撤回", "04", "两种", 3),
    ]


def test_more_columns_may_follow_and_blank_lines_may_stand_between():
    header = "source,national,note,equivalence,valid_from,valid_until\n"
    text = header + "暂扣,,没有对应,none,,\n\n,,,,,\nA,01,,wider,2020-01-01,2021-12-31\n"
    table, found = load_local_codes("zt", text, "zt.csv")
    assert not found
    assert table.codes[0].national is None
    assert table.codes[0].equivalence == "none"
    assert (table.codes[1].line, table.codes[1].valid_from.year, table.codes[1].equivalence) == (5, 2020, "wider")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "source, national, note is missing"),
        ("source,national\n", 1, "note is missing"),
        ("source,national,note,notes\n", 1, "'notes' is not known"),
        ("source,source,national,note\n", 1, "twice"),
        (HEADER + "A,01\n", 2, "has 2 cells"),
        (HEADER + "\nA,01,,\n", 3, "has 4 cells"),
        (HEADER + ",01,\n", 2, "source is empty"),
        (HEADER + "A,,\n", 2, "national is empty"),
        (HEADER + "A,01,\nＡ ,02,\n", 3, "already in line 2"),
        (HEADER + 'A,"01,\n', 2, "is not CSV"),
        ("source,national,note,equivalence\nA,01,,same\n", 2, "'same' is not known"),
        ("source,national,note,equivalence\nA,01,,none\n", 2, "says there is no national code"),
        ("source,national,note,valid_from\nA,01,,2020-1-1\n", 2, "is not a date"),
    ],
)
def test_each_mistake_is_told_with_its_line(text, line, said):
    found = problems(text)
    assert [(at, code) for at, code, _ in found] in ([(line, "ECQS-1041")], [(line, "ECQS-1043")])
    assert said in found[0][2]


def test_all_mistakes_are_told_at_once():
    found = problems(HEADER + "A,,\nB\n,01,\nC,01,\nc,02,\n")
    assert [line for line, _, _ in found] == [2, 3, 4, 6]


def test_a_file_in_another_encoding_is_a_problem_and_not_an_exception(tmp_path):
    file = tmp_path / "zt.csv"
    file.write_bytes((HEADER + "有效,01,\n").encode("gbk"))
    table, found = read_local_codes(file)
    assert table.codes == ()
    assert "UTF-8" in found[0].message
    assert read_local_codes(tmp_path / "none.csv")[1][0].code == "ECQS-1041"
    file.write_bytes((HEADER + "有效,01,\n").encode("utf-8-sig"))
    assert read_local_codes(file)[0].codes[0].source == "有效"


def test_values_match_without_regard_to_case_width_and_blanks():
    found = step(HEADER + "有效,01,\nＺx 1,04,\n").match(pl.Series(["有效", "有 效", "zＸ１", "ZX 1", None]))
    assert found.national.to_list() == ["01", "01", "04", "04", None]
    assert found.unmapped is None


def test_what_is_not_listed_is_marked_and_null_is_not():
    found = step(HEADER + "有效,01,\n").match(pl.Series(["失效", None, "有效"]))
    assert found.national.to_list() == [None, None, "01"]
    assert found.unmapped.to_list() == [True, False, False]


def test_a_value_without_national_code_counts_as_unmapped():
    found = step("source,national,note,equivalence\n暂扣,,,none\n").match(pl.Series(["暂扣"]))
    assert found.unmapped.to_list() == [True]


def test_source_values_are_cleaned_as_the_column_is():
    table, _ = load_local_codes("zt", HEADER + "状态1,01,\n", "zt.csv")
    digits = CodeStep(table, lambda column: column.str.replace_all("[^0-9]", ""))
    assert digits.match(pl.Series(["1"])).national.to_list() == ["01"]


@given(
    st.lists(st.text(max_size=6) | st.none(), max_size=20),
    st.dictionaries(st.text("abＡ 效", min_size=1, max_size=3), st.just("x")),
)
def test_matching_is_looking_up_the_folded_text(values, listed):
    once = {fold(source): source for source in listed if source.strip()}
    lines = "".join(f'"{source}",{number},\n' for number, source in enumerate(once.values(), 1))
    numbers = {folded: str(number) for number, folded in enumerate(once, 1)}
    values = [value.encode("utf-8", "ignore").decode() if value else None for value in values]
    found = step(HEADER + lines).match(pl.Series("v", values, dtype=pl.String))
    assert found.national.to_list() == [None if value is None else numbers.get(fold(value)) for value in values]
