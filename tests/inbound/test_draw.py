"""Three programs draw, headquarters', ours and the verifier's: no code in common, and always the same cases."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.errors import Terminal
from ecqs_gateway.inbound import draw as ours
from ecqs_gateway.sandbox import draw as theirs

PROGRAM = Path(__file__).resolve().parents[2] / "verifier" / "ecqs_verify.py"


def _verifier() -> ModuleType:
    if "ecqs_verify" not in sys.modules:
        found = importlib.util.spec_from_file_location("ecqs_verify", PROGRAM)
        assert found is not None
        assert found.loader is not None
        sys.modules["ecqs_verify"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules["ecqs_verify"])
    return sys.modules["ecqs_verify"]


V = _verifier()
WORDS = st.text(st.sampled_from("0aZ(苏)办一é𠀀-."), min_size=1, max_size=6)
ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["approval", "certificate"]), WORDS),
    st.tuples(st.sampled_from(["水泥", "06", "-", "架空 绞线"]), st.integers(0, 1 << 64)),
    min_size=1,
    max_size=40,
)


def _population(rows: dict) -> theirs.Population:
    made = [
        theirs.Row(kind, product, key, hashlib.sha256(str(number).encode()).hexdigest())
        for (kind, key), (product, number) in rows.items()
    ]
    return theirs.Population(tuple(made), {})


@settings(max_examples=60, deadline=None)
@given(ROWS, st.binary(min_size=32, max_size=32), st.integers(0, 1000), st.integers(1, 5))
def test_all_three_draw_the_same_cases(rows: dict, seed: bytes, rate: int, least: int) -> None:
    found = _population(rows)
    drawn = theirs.draw(found.rows, seed=seed.hex(), population=found.digest, rate=rate, least=least)
    frame = ours.read_population(found.text)
    mine = ours.draw(frame, found.digest, seed=seed.hex(), rate=rate, least=least)
    checked = V.draw_again(found.text, seed.hex(), found.digest, rate, least)
    items = [(row.kind, row.product, row.key, row.version) for row in drawn.items]
    assert mine.items.rows() == items
    assert [line for *_, lines in checked for line in lines] == items
    strata = [(kind, product, size, len(taken)) for kind, product, size, taken in drawn.strata]
    assert mine.strata.rows() == strata
    assert [(kind, product, size, len(lines)) for kind, product, size, lines in checked] == strata
    for kind, product, size, taken in drawn.strata:
        assert size == sum((row.kind, row.product) == (kind, product) for row in found.rows)
        assert len(taken) == min(size, max(least, -(-size * rate // 1000)))


def test_a_draw_is_the_published_one_and_another_seed_draws_others() -> None:
    """Fixed by hand from docs/reference/audits.md, so that all three could not change together."""
    rows = {("certificate", f"K{number:02d}"): ("水泥", number) for number in range(20)}
    found = _population(rows)
    seed = "0" * 64
    start = f"{seed}\n{found.digest}\n".encode()
    turns = sorted((hashlib.sha256(start + row.line.encode()).hexdigest(), row.key) for row in found.rows)
    drawn = theirs.draw(found.rows, seed=seed, population=found.digest, rate=100, least=1)
    assert [row.key for row in drawn.items] == [key for _, key in turns[:2]]
    others = [
        theirs.draw(found.rows, seed=f"{n:064x}", population=found.digest, rate=100, least=1) for n in range(1, 9)
    ]
    assert len({tuple(row.key for row in other.items) for other in others}) > 3


def test_every_record_has_the_same_chance() -> None:
    found = _population({("certificate", f"K{number}"): ("水泥", number) for number in range(10)})
    seeds = (f"{number:064x}" for number in range(2000))
    counts = dict.fromkeys((row.key for row in found.rows), 0)
    for seed in seeds:
        [row] = theirs.draw(found.rows, seed=seed, population=found.digest, rate=0, least=1).items
        counts[row.key] += 1
    assert all(140 < count < 260 for count in counts.values())  # 200 each, give or take 4.5 standard deviations


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\tb\tc\td",
        b"a\tb\tc\n",
        b"a\tb\tc\td\te\n",
        b"b\t\t\t\na\t\t\t\n",
        b"a\tb\tc\td\na\tb\tc\td\n",
        b"\xff\n",
    ],
    ids=["empty", "no line end", "three columns", "five columns", "not sorted", "twice", "not UTF-8"],
)
def test_what_is_no_population_is_refused_by_both(text: bytes) -> None:
    with pytest.raises(Terminal) as refused:
        ours.read_population(text)
    assert refused.value.code == "ECQS-7010"
    if text != b"\xff\n":
        with pytest.raises(V.Bad):
            V.draw_again(text, "0" * 64, "0" * 64, 10, 1)


def test_the_product_of_a_record_is_its_first_products_class_or_name() -> None:
    from lxml import etree

    ns = theirs.NAMESPACE
    for inside, label in (
        ("<products><product><name>水 泥</name><product_class>02</product_class></product></products>", "02"),
        ("<products><product><name> 水\t泥 </name></product><product><name>b</name></product></products>", "水 泥"),
        ("<number>x</number>", "-"),
    ):
        body = etree.fromstring(f'<certificate xmlns="{ns}">{inside}</certificate>')
        assert theirs.label(body) == label


def test_a_request_drawn_in_an_unknown_way_is_refused() -> None:
    with pytest.raises(Terminal) as refused:
        ours.check_draw(SimpleNamespace(method="dice-1"), b"")  # type: ignore[arg-type]
    assert refused.value.code == "ECQS-7013"
