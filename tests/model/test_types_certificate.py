"""Certificate numbers: every spelling met becomes the one canonical number."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.content.codes import load_code_tables
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.types import CertificateNumber, FieldProblem, abbreviation_of, serial_of, unit_of, xk_of
from ecqs_gateway.model.types import columns as type_columns

FIELD = CertificateNumber()
CODES, _ = load_code_tables(Path(__file__).resolve().parents[2] / "schemas" / "codes")

SPELLINGS = {
    "（苏）XK06-001-00238": "(苏)XK06-001-00238",
    "(辽)XK05-001-00019": "(辽)XK05-001-00019",
    "粤XK16-204-00397": "(粤)XK16-204-00397",
    "QS粤XK16-204-02450": "(粤)XK16-204-02450",
    "（苏）XK18-001-00001": "(苏)XK18-001-00001",
    "XK05-001-00075": "XK05-001-00075",
    "QSXK05-001-00075": "XK05-001-00075",
    "XK06-001-00238 TL": "XK06-001-00238",
    "（苏）XK06-001-00238 TL": "(苏)XK06-001-00238",
    "ＸＫ０６－００１－００２３８": "XK06-001-00238",
    "（苏）ＸＫ０６－００１－００２３８": "(苏)XK06-001-00238",
    "(苏)xk06-001-00238": "(苏)XK06-001-00238",
    "( 苏 ) XK06 - 001 - 00238": "(苏)XK06-001-00238",
    "〔苏〕XK06—001—00238": "(苏)XK06-001-00238",
    "苏XK06-001-00238号": "(苏)XK06-001-00238",
    "XK06-001-0238": "XK06-001-0238",
    "苏XK06-001-0238": "(苏)XK06-001-0238",
    "XK0600100238": "XK06-001-00238",
    "XK060010238": "XK06-001-0238",
    "(黔)XK08-001-00001": "(贵)XK08-001-00001",
    "（滇）XK08-001-00001": "(云)XK08-001-00001",
    "秦XK08-001-00001": "(陕)XK08-001-00001",
    "（陇）XK08-001-00001": "(甘)XK08-001-00001",
    "\ufeff(苏)XK06-001-00238\u200b\n": "(苏)XK06-001-00238",
}


def read_column(texts, codes=None, few=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type_columns, "FEW", few)
        frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
        return frame.select(FIELD.read_expr(pl.col("text"), codes)).to_series().to_list()


def problem_of(text, codes=None):
    with pytest.raises(FieldProblem) as raised:
        FIELD.read(text, codes)
    return raised.value.code


@pytest.mark.parametrize("codes", [None, CODES], ids=["built-in", "tables"])
def test_every_spelling_becomes_the_canonical_number(codes):
    assert {text: FIELD.read(text, codes) for text in SPELLINGS} == SPELLINGS
    assert read_column([*SPELLINGS], codes) == [*SPELLINGS.values()]


@given(st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=300))
def test_spellings_mixed_in_one_column_keep_their_rows(texts):
    assert read_column(texts) == [SPELLINGS[text] for text in texts]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("无", "ECQS-1220"),
        ("06-001-00238", "ECQS-1220"),
        ("XK06-001-002380", "ECQS-1220"),
        ("XK06-01-00238", "ECQS-1220"),
        ("(苏)XK06-001-00238 及增项 TL", "ECQS-1220"),
        ("(兵)XK06-001-00238", "ECQS-1221"),
        ("（苏州）XK06-001-00238", "ECQS-1221"),
        ("(苏)XK06-001-00238、(苏)XK06-001-00239", "ECQS-1222"),
    ],
)
def test_the_problem_says_what_is_wrong(text, code):
    assert problem_of(text) == code
    assert read_column([text]) == [None]


def units(*rows):
    columns = ["code", "name", "abbreviation", "alternates"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    dates = [pl.lit(None, pl.Date).alias(name) for name in ("valid_from", "valid_until")]
    texts = [pl.lit("test").alias("source"), pl.lit("").alias("note")]
    return CodeTables({"units": CodeTable("units", frame.with_columns(*dates, *texts))})


@pytest.mark.parametrize("few", [0, 10**9])
def test_the_corps_reads_by_whatever_abbreviation_the_table_gives_it(few):
    table = units(("320000", "江苏省", "苏", None), ("990000", "新疆生产建设兵团", "兵", "兵团|建设兵团"))
    texts = ["(兵)XK06-001-00238", "（兵团）XK06-001-00238", "建设兵团XK06-001-00238", "(京)XK06-001-00238"]
    assert read_column(texts, table, few) == ["(兵)XK06-001-00238"] * 3 + [None]
    assert unit_codes(["(兵)XK06-001-00238"], table) == ["990000"]
    assert "兵" in dict(FIELD.xsd(table).facets)["pattern"]


def test_an_abbreviation_of_two_characters_is_checked_too():
    table = units(("990000", "新疆生产建设兵团", "兵团", None))
    frame = pl.DataFrame({"n": ["(兵团)XK06-001-00238", "(团兵)XK06-001-00238", "XK06-001-00238", None]})
    checked = frame.select(FIELD.check_expr(pl.col("n"), table)).to_series().to_list()
    assert checked == [True, False, True, None]
    assert FIELD.check("(兵团)XK06-001-00238", table) is None
    assert FIELD.check("(团兵)XK06-001-00238", table).code == "ECQS-1221"


def test_two_tables_alive_at_once_are_not_confused():
    one, other = units(("320000", "江苏省", "苏", None)), units(("320000", "江苏省", "江", "苏"))
    assert FIELD.read("(苏)XK06-001-00238", one) == "(苏)XK06-001-00238"
    assert FIELD.read("(苏)XK06-001-00238", other) == "(江)XK06-001-00238"


def unit_codes(numbers, codes):
    return pl.DataFrame({"n": numbers}).select(unit_of(pl.col("n"), codes)).to_series().to_list()


def test_the_parts_of_a_number_are_given_for_rules():
    frame = pl.DataFrame({"n": ["(苏)XK06-001-00238", "XK05-001-0042", None]})
    parts = frame.select(
        abbreviation=abbreviation_of(pl.col("n")),
        unit=unit_of(pl.col("n"), CODES),
        xk=xk_of(pl.col("n")),
        serial=serial_of(pl.col("n")),
    )
    assert parts.rows() == [
        ("苏", "320000", "XK06-001", "00238"),
        (None, None, "XK05-001", "0042"),
        (None, None, None, None),
    ]


def test_each_of_the_31_provinces_has_an_abbreviation_of_its_own():
    pattern = dict(FIELD.xsd(CODES).facets)["pattern"]
    assert pattern == dict(FIELD.xsd().facets)["pattern"]
    places = pattern.removeprefix(r"(\((").split(")")[0].split("|")
    assert len(places) == len(set(places)) == 31
