"""Code tables: those of the project are sound, and every mistake in one is found where it stands."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ecqs_gateway.content.codes import load_code_tables

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "codes"
HEAD = "code,name,valid_from,valid_until,source,note"
GOOD = f"{HEAD}\n01,一,2020-01-01,,test,\n"


@pytest.fixture
def load(tmp_path):
    """Load tables given as texts by name; gives tables and problems as (file, line, column, code)."""

    def run(**files):
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / f"{name}.csv").write_bytes(raw)
        tables, problems = load_code_tables(tmp_path)
        return tables, [(p.file.rpartition("/")[2], p.line, p.column, p.code) for p in problems], problems

    return run


@pytest.fixture(scope="module")
def project():
    return load_code_tables(FOLDER)


def test_the_projects_tables_have_no_problem(project):
    tables, problems = project
    assert problems == []
    assert {"units", "product_classes", "product_issuers", "xk_numbers", "application_kinds"} <= set(tables)
    assert {"approval_modes", "certificate_statuses", "status_causes", "test_methods", "paper_types"} <= set(tables)
    assert {"visit_results", "decision_results", "inspection_results", "replacement_kinds"} <= set(tables)


def test_there_are_32_units_and_the_corps_is_marked_as_local(project):
    units = project[0]["units"].rows
    assert units.height == 32
    corps = units.row(by_predicate=pl.col("code") == "990000", named=True)
    assert corps["name"] == "新疆生产建设兵团"
    assert corps["abbreviation"] is None
    assert "not GB/T 2260" in corps["source"]


def test_every_row_of_every_table_names_its_source(project):
    for table in project[0].values():
        assert table.rows["source"].null_count() == 0, table.name


def test_codes_without_an_official_table_say_so(project):
    for name in ("application_kinds", "certificate_statuses", "status_causes", "paper_types", "approval_modes"):
        assert project[0][name].rows["source"].str.contains("proposed by this project").all(), name
    assert project[0]["product_classes"].rows["source"].str.contains("proposed by this project").all()


@pytest.mark.parametrize(
    ("product", "day", "levels"),
    [
        ("01", date(2020, 10, 13), "national"),
        ("01", date(2020, 10, 14), "province|city"),
        ("02", date(2024, 9, 24), "province|city"),
        ("02", date(2024, 9, 25), "province"),
        ("06", date(2019, 1, 1), "province|city"),
        ("14", date(2023, 1, 1), None),
        ("14", date(2024, 9, 25), "province"),
    ],
)
def test_who_issues_depends_on_product_and_day(project, product, day, levels):
    rows = project[0]["product_issuers"].rows.filter(
        (pl.col("code") == product)
        & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
        & (pl.col("valid_until").is_null() | (pl.col("valid_until") >= day))
    )
    assert rows["issuer_levels"].to_list() == ([] if levels is None else [levels])


def test_every_product_with_an_issuer_is_a_product_on_those_days(project):
    classes, issuers = project[0]["product_classes"], project[0]["product_issuers"]
    for code, first in issuers.rows.select("code", "valid_from").iter_rows():
        assert classes.valid_on(code, first or date(2018, 10, 1)), (code, first)


def test_all_tables_load_in_less_than_a_twentieth_of_a_second(project):
    best = min(_seconds() for _ in range(5))
    assert best < 0.05


def _seconds():
    start = time.process_time()
    load_code_tables(FOLDER)
    return time.process_time() - start


def test_cells_are_read_with_their_types(load):
    tables, found, _ = load(
        kinds=f'{HEAD},own\n01,"a, ""b""",2020-01-01,2020-12-31,test,,x\n01,后,2021-01-01,,test,n,\n'
    )
    assert found == []
    assert tables["kinds"].rows.rows() == [
        ("01", 'a, "b"', date(2020, 1, 1), date(2020, 12, 31), "test", None, "x"),
        ("01", "后", date(2021, 1, 1), None, "test", "n", None),
    ]
    assert tables["kinds"].rows.schema["valid_until"] == pl.Date


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", (1, 1, "ECQS-1282")),
        (f"{HEAD}\n", (1, 1, "ECQS-1281")),
        ("code,name,valid_from,source,note\n01,一,,test,\n", (1, 22, "ECQS-1282")),
        (GOOD.replace("name", "Name", 1), (1, 6, "ECQS-1282")),
        (f"{HEAD},own,own\n01,一,,,test,,a,b\n", (1, 50, "ECQS-1282")),
        (f"{HEAD},Own\n01,一,,,test,,a\n", (1, 46, "ECQS-1282")),
        (f"{GOOD}02,二,,,test\n", (3, 1, "ECQS-1283")),
        (f"{GOOD}02,二,,,test,,\n", (3, 1, "ECQS-1283")),
        (f'{GOOD}02,"二,,,test,\n', (3, 1, "ECQS-1283")),
        (f"{GOOD}02, 二,,,test,\n", (3, 4, "ECQS-1283")),
        (f"{GOOD},二,,,test,\n", (3, 1, "ECQS-1284")),
        (f"{GOOD}0&2,二,,,test,\n", (3, 1, "ECQS-1284")),
        (f"{GOOD}02,,,,test,\n", (3, 4, "ECQS-1285")),
        (f"{GOOD}02,二,,,,\n", (3, 8, "ECQS-1285")),
        (f"{GOOD}02,二,2020-1-5,,test,\n", (3, 6, "ECQS-1286")),
        (f"{GOOD}02,二,,20200105,test,\n", (3, 7, "ECQS-1286")),
        (f"{GOOD}02,二,,2021-02-29,test,\n", (3, 7, "ECQS-1286")),
        (f"{GOOD}02,二,2021-01-01,2020-12-31,test,\n", (3, 17, "ECQS-1286")),
        (f"{GOOD}01,一,,2020-01-01,test,\n", (2, 6, "ECQS-1287")),
        (f"{GOOD}01,一,2020-06-01,,test,\n", (3, 6, "ECQS-1287")),
        (GOOD + GOOD.split("\n")[1] + "\n", (3, 6, "ECQS-1287")),
    ],
)
def test_a_mistake_is_found_where_it_stands(load, text, where):
    _, found, problems = load(kinds=text)
    assert found == [("kinds.csv", *where)]
    assert problems[0].message
    assert problems[0].file == "schemas/codes/kinds.csv"


def test_periods_that_touch_do_not_overlap(load):
    tables, found, _ = load(kinds=f"{HEAD}\n01,一,,2019-12-31,test,\n01,一,2020-01-01,,test,\n")
    assert found == []
    assert tables["kinds"].valid_on("01", date(2019, 12, 31))
    assert tables["kinds"].valid_on("01", date(2020, 1, 1))


def test_all_mistakes_of_all_files_are_reported_at_once(load):
    tables, found, _ = load(one=f"{HEAD}\n0&,,x,,,\n03,三,,,test,\n", two=f"{HEAD}\n01,一,y,,test,\n", three=GOOD)
    assert [(file, code) for file, _, _, code in found] == [
        ("one.csv", "ECQS-1284"),
        ("one.csv", "ECQS-1285"),
        ("one.csv", "ECQS-1286"),
        ("one.csv", "ECQS-1285"),
        ("two.csv", "ECQS-1286"),
    ]
    assert tables["one"].codes == {"03"}
    assert tables["three"].codes == {"01"}


def test_a_file_that_is_not_clean_utf_8_is_named_with_its_line(load):
    _, found, _ = load(gbk=GOOD.encode() + "02,二,,,测试,\n".encode("gb18030"), bom=b"\xef\xbb\xbf" + GOOD.encode())
    assert found == [("bom.csv", 1, 1, "ECQS-1281"), ("gbk.csv", 3, 1, "ECQS-1281")]


def test_line_ends_of_windows_are_accepted(load):
    tables, found, _ = load(kinds=GOOD.replace("\n", "\r\n"))
    assert found == []
    assert tables["kinds"].rows["note"].to_list() == [None]


def test_a_file_name_that_is_no_table_name_is_refused(load):
    tables, found, _ = load(**{"Kinds-2": GOOD})
    assert found == [("Kinds-2.csv", 1, 1, "ECQS-1289")]
    assert len(tables) == 0


def test_references_to_other_tables_are_checked_and_the_near_miss_named(load):
    kinds = f"{HEAD},parent\n01,一,,,test,,\n02,二,,,test,,01\n03,三,,,test,,09\n"
    uses = f"{HEAD},kind,kinds\nA,甲,,,test,,01,01|02\nB,乙,,,test,,,\nC,丙,,,test,,1|2,01|002\n"
    _, found, problems = load(kinds=kinds, uses=uses)
    assert found == [
        ("kinds.csv", 4, 14, "ECQS-1288"),
        ("uses.csv", 4, 13, "ECQS-1288"),
        ("uses.csv", 4, 17, "ECQS-1288"),
    ]
    assert problems[2].hint == "did you mean '02'?"


def test_an_empty_folder_has_no_tables_and_no_problems(tmp_path):
    tables, problems = load_code_tables(tmp_path)
    assert len(tables) == 0
    assert problems == []
