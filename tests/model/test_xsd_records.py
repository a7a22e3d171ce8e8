"""Model and XSD give one verdict on a record: the examples, each of their fields missing or wrong, and random ones.

The XML is built here with lxml from the plain data, on purpose without a line of the code that is tested.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from ecqs_gateway.model.generate import read_code_tables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import Leaf, Repeated
from ecqs_gateway.model.types import Code, FieldProblem, Text

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "cases"
NAMESPACE = "urn:ecqs-gateway:exchange:1.0"
SINGULAR = {
    "earlier_numbers": "earlier_number",
    "enterprises": "enterprise",
    "failed_items": "failed_item",
    "inspectors": "inspector",
    "items": "item",
    "papers": "paper",
    "production_addresses": "production_address",
    "products": "product",
    "scopes": "scope",
}
CODES = read_code_tables(ROOT / "schemas" / "codes")
Data = dict[str, Any]


@cache
def schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(ROOT / "schemas" / "ecqs" / "1.0" / f"{kind}.xsd"))


def element(name: str, value: Any) -> etree._Element:
    made = etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})
    if isinstance(value, dict):
        made.extend(element(key, inner) for key, inner in value.items() if inner not in (None, []))
    elif isinstance(value, list):
        made.extend(element(SINGULAR[name], item) for item in value)
    else:
        made.text = value
    return made


def xsd_accepts(kind: str, data: Data) -> bool:
    try:
        root = element(kind, data)
    except ValueError:  # a character that no XML document can hold
        return False
    return bool(schema(kind).validate(etree.fromstring(etree.tostring(root))))


def model_reads(kind: str, data: Data) -> Data | None:
    """Give the record as the model writes it again, or None when it refuses it."""
    try:
        record = KINDS[kind].model_validate(data, context={"codes": CODES})
    except ValidationError:
        return None
    return record.model_dump(exclude_none=True)


def without_empty(data: Data) -> Data:
    return {key: value for key, value in data.items() if value != []}


def case(kind: str, name: str) -> Data:
    text = (CASES / f"{kind}.{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  the base loader makes nothing but text


def places(data: Data) -> Iterator[tuple[str | int, ...]]:
    """Walk the paths of all values in a record: groups, lists, items and fields."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield (key,)
        if isinstance(value, dict | list):
            yield from ((key, *rest) for rest in places(value))


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def without(data: Data, path: tuple[str | int, ...]) -> Data:
    changed = copy.deepcopy(data)
    del at(changed, path[:-1])[path[-1]]
    return changed


def with_value(data: Data, path: tuple[str | int, ...], value: Any) -> Data:
    changed = copy.deepcopy(data)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def leaves(kind: str) -> dict[str, Leaf]:
    """Give all fields of a kind by their path without positions: ``products.name``."""
    found = {leaf.path: leaf for leaf in spec(kind).leaves()}
    for many in spec(kind).repeated():
        found |= {f"{many.path}.{leaf.path}": leaf for leaf in many.leaves()}
    return found


def leaf_at(kind: str, path: tuple[str | int, ...]) -> Leaf | None:
    return leaves(kind).get(".".join(step for step in path if isinstance(step, str)))


EXAMPLES = [(kind, name) for kind in sorted(KINDS) for name in ("full", "minimal")]
FIELDS = [(kind, path) for kind in sorted(KINDS) for path in places(case(kind, "full"))]


def label(value: object) -> str:
    return (".".join(map(str, value)) if isinstance(value, tuple) else repr(value))[:40]


@pytest.mark.parametrize(("kind", "name"), EXAMPLES)
def test_an_example_is_valid_for_both_and_stays_as_it_is(kind, name):
    data = case(kind, name)
    written = model_reads(kind, data)
    assert written is not None
    assert without_empty(written) == data
    schema(kind).assertValid(etree.fromstring(etree.tostring(element(kind, data))))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_full_example_fills_every_field(kind):
    data = case(kind, "full")
    filled = {".".join(step for step in path if isinstance(step, str)) for path in places(data)}
    assert set(leaves(kind)) <= filled


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_minimal_example_holds_nothing_that_could_be_missed(kind):
    data = case(kind, "minimal")
    for path in places(data):
        assert model_reads(kind, without(data, path)) is None, path


@pytest.mark.parametrize(("kind", "path"), FIELDS, ids=label)
def test_both_agree_on_a_record_with_one_value_taken_out(kind, path):
    data = without(case(kind, "full"), path)
    accepted = model_reads(kind, data) is not None
    assert accepted == xsd_accepts(kind, data)
    leaf = leaf_at(kind, path)
    if leaf is not None:
        assert accepted == (not leaf.required)


def good(leaf: Leaf) -> list[str]:
    """Give good texts for a field; of a code table its codes, for the type does not know them."""
    return sorted(CODES[leaf.type.table].codes) if isinstance(leaf.type, Code) else list(leaf.type.good)


BLANK_OR_LONG = ("", " ", "x" * 5000)


def readable(leaf: Leaf, text: str) -> bool:
    """Say whether a text can be read as some value, however bad that value may be otherwise (check digit, date).

    Of free text the XSD counts the characters only; dirt in it is cleaned before anything is written.
    """
    if isinstance(leaf.type, Text):
        return text not in BLANK_OR_LONG
    try:
        leaf.type.read(text, CODES)
    except FieldProblem:
        return False
    return True


BAD = [
    (kind, path, bad)
    for kind, path in FIELDS
    if (leaf := leaf_at(kind, path)) is not None and isinstance(at(case(kind, "full"), path), str)
    for bad in (*BLANK_OR_LONG, "\u3000", *leaf.type.bad)
]


@pytest.mark.parametrize(("kind", "path", "bad"), BAD, ids=label)
def test_both_refuse_a_bad_value_where_the_spelling_is_bad(kind, path, bad):
    data = with_value(case(kind, "full"), path, bad)
    leaf = leaf_at(kind, path)
    assert model_reads(kind, data) is None
    if not readable(leaf, bad):
        assert not xsd_accepts(kind, data)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_type_brings_good_and_bad_examples(kind):
    assert all(good(leaf) and leaf.type.bad for leaf in leaves(kind).values())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_refuse_a_field_nobody_knows(kind):
    for place in [(), *(path for path in places(case(kind, "full")) if isinstance(at(case(kind, "full"), path), dict))]:
        data = with_value(case(kind, "full"), (*place, "nickname"), "甲")
        assert model_reads(kind, data) is None, place
        assert not xsd_accepts(kind, data), place


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_xsd_refuses_fields_out_of_order(kind):
    data = case(kind, "minimal")
    assert not xsd_accepts(kind, dict(reversed(data.items())))


# Random records: every field absent, good, bad, or a text nobody thought of.


def texts(leaf: Leaf) -> st.SearchStrategy[str]:
    alphabet = st.characters(codec="utf-8", exclude_categories=("Cs",))
    odd = st.one_of(st.text(alphabet, max_size=12), st.from_regex(r"[ 0-9A-Z（）()\-]{0,24}", fullmatch=True))
    fine = st.sampled_from(good(leaf))
    return st.one_of(fine, fine, fine, st.sampled_from(list(leaf.type.bad)), odd)


@st.composite
def parts(draw: st.DrawFn, nodes: tuple[Any, ...], *, clean: bool) -> Data:
    """Draw the fields of a part; a clean one has all required fields and good values only."""
    made: Data = {}
    for node in nodes:
        if draw(st.integers(0, 99)) < (0 if clean and node.required else 2 if node.required else 40):
            continue
        if isinstance(node, Leaf):
            made[node.name] = draw(st.sampled_from(good(node)) if clean else texts(node))
        elif isinstance(node, Repeated):
            least = 1 if node.required else 0
            made[node.name] = draw(st.lists(parts(node.nodes, clean=clean), min_size=least if clean else 0, max_size=2))
        else:
            made[node.name] = draw(parts(node.nodes, clean=clean))
    return made


@st.composite
def records(draw: st.DrawFn, kind: str) -> Data:
    """Draw a clean record, of which at times one field is then drawn from everything."""
    data = draw(parts(spec(kind).nodes, clean=True))
    paths = [path for path in places(data) if leaf_at(kind, path) is not None]
    for path in draw(st.lists(st.sampled_from(paths), max_size=2)):
        data = with_value(data, path, draw(texts(leaf_at(kind, path))))
    return data


def all_readable(kind: str, data: Data) -> bool:
    pairs = ((leaf_at(kind, path), at(data, path)) for path in places(data))
    return all(readable(leaf, text) for leaf, text in pairs if leaf is not None and isinstance(text, str))


def agree(kind: str, data: Data) -> bool:
    """Check that both give one verdict on a record; give the verdict of the model."""
    written = model_reads(kind, data)
    if written is not None:
        assert xsd_accepts(kind, without_empty(written)), "the model writes what the XSD refuses"
        assert model_reads(kind, written) == written, "writing and reading again changes the record"
    if xsd_accepts(kind, data):
        assert all_readable(kind, data), "the XSD accepts what nobody can read"
    return written is not None


@settings(max_examples=120, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_agree_on_records_that_are_nearly_good(kind, data):
    agree(kind, data.draw(records(kind)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_accept_records_of_good_examples(kind, data):
    assert agree(kind, data.draw(parts(spec(kind).nodes, clean=True)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_agree_on_garbage(kind, data):
    agree(kind, data.draw(parts(spec(kind).nodes, clean=False)))
