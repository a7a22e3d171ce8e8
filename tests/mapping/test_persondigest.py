"""The word `digest: id_number`: one person, one digest, in every spelling; and never the number itself."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.content.models import FieldMapping
from ecqs_gateway.doors.personal import is_citizen_id
from ecqs_gateway.doors.salts import SAMPLE, Salt
from ecqs_gateway.mapping.persondigest import canonical_number, digest_step
from ecqs_gateway.model.types import PersonDigest

GOOD = "329926197505141763"
WITH_X = "32990619800512013X"


@pytest.mark.parametrize(
    "text",
    [GOOD, f" {GOOD} ", "329926 19750514 1763", "329926-19750514-1763", "３２９９２６１９７５０５１４１７６３",
     "329926\u200b197505141763", f"'{GOOD}", "329926 750514 176"],
)  # fmt: skip
def test_every_spelling_of_a_number_is_the_same_number(text: str) -> None:
    assert canonical_number(text) == GOOD


def test_a_small_x_counts_as_a_capital_one() -> None:
    assert canonical_number(WITH_X.lower()) == WITH_X


@pytest.mark.parametrize(
    "text",
    ["329926197505141764", "329926197502301763", "3299261975051417", "待补录", "无", "111", "A" * 18, "0" * 18,
     "91440300192317458F", f"{GOOD}{GOOD}", f"身份证{GOOD}", ""],
)  # fmt: skip
def test_what_is_no_id_number_has_no_canonical_form(text: str) -> None:
    assert canonical_number(text) is None


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_BODY = st.builds(
    lambda area, day, serial: f"{area}{day:%Y%m%d}{serial:03d}",
    st.integers(110_000, 659_999), st.dates(date(1800, 1, 1), date(2099, 12, 31)), st.integers(0, 999),
)  # fmt: skip


@given(_BODY)
def test_exactly_one_check_character_fits(body: str) -> None:
    good = [sign for sign in "0123456789X" if canonical_number(body + sign)]
    assert len(good) == 1
    if is_citizen_id(body + good[0]):
        assert sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11 == "10X98765432".index(good[0])


def test_a_column_is_digested_with_the_salt_and_nothing_of_a_number_is_left() -> None:
    salt = Salt(b"s" * 32)
    texts = [GOOD, "329926 750514 176", None, "329926197505141764", "待补录", GOOD]
    made = pl.DataFrame({"t": texts}).select(digest_step(salt)(pl.col("t")))["t"].to_list()
    expected = hmac.new(b"s" * 32, b"ecqs person digest 1\0" + GOOD.encode(), hashlib.sha256).hexdigest()
    assert made == [expected, expected, None, PersonDigest.NOT_A_NUMBER, PersonDigest.NOT_A_NUMBER, expected]
    assert salt.digest(GOOD) != SAMPLE.digest(GOOD)
    assert "s" * 8 not in repr(salt)


def test_an_empty_column_stays_empty() -> None:
    made = pl.DataFrame({"t": [None, None]}, schema={"t": pl.String}).select(digest_step()(pl.col("t")))["t"]
    assert made.to_list() == [None, None]


@pytest.mark.parametrize(
    "given_",
    [{"const": "1"}, {"join": {"columns": ["A", "B"], "with": ""}}, {"from": "A", "default": "1"},
     {"from": "A", "parse": ["%Y"]}, {"from": "A", "codes": {"table": "t", "unmapped": "reject"}}],
)  # fmt: skip
def test_digest_stands_beside_nothing_it_would_spoil(given_) -> None:
    with pytest.raises(ValueError, match="digest"):
        FieldMapping.model_validate({**given_, "digest": "id_number"})


def test_a_field_that_takes_no_digest_is_named(bench) -> None:
    found = bench.inspect(bench.file({"number": {"from": "A", "digest": "id_number"}}))
    assert [problem.code for problem in found.problems] == ["ECQS-7102"]
