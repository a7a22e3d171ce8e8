"""The length column is right: measured against Python's own regex parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.model.types.base import XsdType
from ecqs_gateway.model.xsd_width import pattern_width, width

ATOMS = st.sampled_from(["a", "1", r"\.", r"\(", "[0-9]", "[A-HJ-NP-RTUW-Y]", r"[a\]b]", "[|()]", "苏", "[^x]"])
TIMES = st.sampled_from(["", "", "", "?", "{2}", "{0,3}", "{1,9}", "{18}"])


def joined(inner):
    piece = st.tuples(inner.map(lambda p: f"({p})"), TIMES).map("".join)
    return st.one_of(st.lists(piece, min_size=1, max_size=3).map("".join), st.lists(inner, min_size=2).map("|".join))


PATTERNS = st.recursive(st.tuples(ATOMS, TIMES).map("".join), joined, max_leaves=6)


@given(PATTERNS)
def test_a_pattern_is_as_wide_as_python_says(pattern):
    assert pattern_width(pattern) == tuple(re._parser.parse(pattern).getwidth())


@pytest.mark.parametrize("pattern", ["a+", "ab*", "(a|b){2,}"])
def test_a_pattern_without_end_has_no_limit(pattern):
    found = width(XsdType("T", "xs:string", (("pattern", pattern),)))
    assert found is not None
    assert found[1] is None


@pytest.mark.parametrize("pattern", ["(a", "a)", "a\\"])
def test_a_broken_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match="pattern"):
        pattern_width(pattern)


@pytest.mark.parametrize(
    ("xsd", "expected"),
    [
        (XsdType("T"), None),
        (XsdType("T", "xs:token", (("minLength", "1"), ("maxLength", "200"))), (1, 200)),
        (XsdType("T", "xs:string", (("length", "18"),)), (18, 18)),
        (XsdType("T", "xs:string", (("maxLength", "5"), ("pattern", "[0-9]{2,9}"))), (2, 5)),
        (XsdType("T", "xs:string", (("enumeration", "1"), ("enumeration", "01"))), (1, 2)),
        (XsdType("T", "xs:date"), (10, 10)),
        (XsdType("T", "xs:boolean", (("pattern", "true|false"),)), (4, 5)),
        (XsdType("T", "xs:integer", (("minInclusive", "-10"), ("maxInclusive", "9"))), (1, 3)),
    ],
)
def test_facets_give_the_length(xsd, expected):
    assert width(xsd) == expected
