"""The record kinds and the shapes a kind may have."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.kinds.parts import CertNumber, Day, OrganisationName
from ecqs_gateway.model.record import Group, Leaf, Part, Record, Repeated, column, demands, kind_spec, optional, several
from ecqs_gateway.model.types import Text

ShortText = Annotated[str, Text(20)]


class Item(Part):
    """A part with a required field."""

    name: ShortText = column("名称", "测试")


class Loose(Part):
    """A part in which everything is optional."""

    name: ShortText | None = optional("名称", "测试")


def make(base: type[Record] = Record, /, *, key: str = "number", date: str = "day", **fields: object) -> type[Record]:
    """Build a kind with a key, a date and the given fields (annotation, description)."""
    members: dict[str, object] = {
        "__module__": __name__,
        "__annotations__": {"number": CertNumber, "day": Day} | {name: pair[0] for name, pair in fields.items()},
        "kind": "sample",
        "title": "样例",
        "key": key,
        "date": date,
        "number": column("编号", "测试"),
        "day": column("日期", "测试"),
    }
    return type("Sample", (base,), members | {name: pair[1] for name, pair in fields.items()})


def test_the_kinds_of_this_version_are_registered_under_their_own_names():
    sent = {"approval", "certificate", "inspector", "penalty", "risk_signal", "sampling_inspection"}
    assert set(KINDS) == sent | {"supervision_check"}
    assert all(model.kind == name for name, model in KINDS.items())


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("certificate", "number"),
        ("approval", "case_number"),
        ("inspector", "number"),
        ("penalty", "decision_number"),
        ("risk_signal", "signal_number"),
        ("sampling_inspection", "result_number"),
        ("supervision_check", "check_number"),
    ],
)
def test_business_keys_are_required_fields_at_the_top(kind, key):
    leaves = {leaf.path: leaf for leaf in spec(kind).leaves()}
    assert spec(kind).key == key
    assert leaves[key].required


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(Misconfigured, match="certificate"):
        spec("certificat")


def test_the_specification_of_a_kind_is_read_once():
    assert spec("certificate") is spec("certificate")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_has_a_chinese_title_and_a_source(kind):
    nodes = list(spec(kind).nodes)
    while nodes:
        node = nodes.pop()
        assert any("一" <= c <= "鿿" for c in node.title), node.path
        assert node.source, node.path
        nodes += getattr(node, "nodes", ())


def test_names_of_persons_are_marked_as_personal_data():
    personal = {
        f"{many.path}.{leaf.path}" for many in spec("approval").repeated() for leaf in many.leaves() if leaf.personal
    }
    assert personal == {"inspectors.name"}


def test_the_national_return_feed_without_valid_from_can_fill_a_certificate():
    required = {leaf.path for leaf in spec("certificate").leaves() if leaf.required}
    feed = {"number", "authority.name", "issue_date", "valid_until", "holder.name", "holder.uscc", "status"}
    assert required - {"electronic_licence.id"} <= feed


def test_a_group_becomes_dotted_paths_and_a_list_paths_of_its_items():
    model = make(
        holder=(Item | None, optional("组", "测试")),
        addresses=(list[Item], several("列表", "测试", at_least=1)),
    )
    nodes = kind_spec(model).nodes
    assert [type(node) for node in nodes] == [Leaf, Leaf, Group, Repeated]
    assert nodes[2].nodes[0].path == "holder.name"
    assert not nodes[2].required
    assert (nodes[3].item, nodes[3].required, nodes[3].nodes[0].path) == ("address", True, "name")


def test_fields_of_an_optional_group_are_demanded_only_when_the_group_is_there():
    certificate = {leaf.path: others for leaf, others in demands(spec("certificate").nodes)}
    assert certificate["number"] == certificate["holder.uscc"] == ()
    assert certificate["electronic_licence.id"] == ("electronic_licence.file_digest",)
    assert "electronic_licence.file_digest" not in certificate
    assert "name" not in certificate, "fields of lists are asked for list by list"


class Outer(Part):
    """A part with a required and an optional part in it."""

    first: Item = column("组", "测试")
    second: Loose | None = optional("组", "测试")


def test_a_required_group_in_an_optional_one_is_demanded_by_the_optional_one():
    nodes = kind_spec(make(outer=(Outer | None, optional("组", "测试")))).nodes
    assert {leaf.path: others for leaf, others in demands(nodes)}["outer.first.name"] == ("outer.second.name",)


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("products", "product"), ("entries", "entry"), ("addresses", "address"), ("earlier_numbers", "earlier_number")],
)
def test_an_item_has_the_singular_of_its_list(plural, singular):
    many = next(kind_spec(make(**{plural: (list[Item], several("列表", "测试"))})).repeated())
    assert many.item == singular


class Nested(Part):
    """A part with a list, which only a kind may have."""

    name: ShortText = column("名称", "测试")
    items: list[Item] = several("列表", "测试")


class Endless(Part):
    """A part that contains itself."""

    name: ShortText = column("名称", "测试")
    inner: Endless | None = optional("组", "测试")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"holder": (Nested, column("组", "测试"))}, "top of a kind"),
        ({"items": (list[Nested], several("列表", "测试"))}, "top of a kind"),
        ({"items": (list[Item] | None, optional("列表", "测试"))}, "empty rather than null"),
        ({"names": (list[ShortText], several("列表", "测试"))}, "holds parts"),
        ({"items": (list[Loose], several("列表", "测试"))}, "could be empty"),
        ({"equipment": (list[Item], several("列表", "测试"))}, "plural"),
        ({"holder": (Loose, column("组", "测试"))}, "nothing in it is"),
        ({"name": (str, column("名称", "测试"))}, "no field type"),
        ({"name": (Annotated[str, "note"], column("名称", "测试"))}, "no field type"),
        ({"name": (ShortText | CertNumber, column("名称", "测试"))}, "no field type"),
        ({"name": (ShortText | None, column("名称", "测试"))}, "belong together"),
        ({"name": (ShortText, optional("名称", "测试"))}, "belong together"),
        ({"name": (ShortText | None, column("名称", "测试", default="无"))}, "belong together"),
        ({"Name": (ShortText, column("名称", "测试"))}, "lower-case"),
        ({"name_": (ShortText, column("名称", "测试"))}, "lower-case"),
        ({"name": (ShortText, column("名称", ""))}, "no title or no source"),
        ({"name": (ShortText, column("", "测试"))}, "no title or no source"),
        ({"holder": (Endless, column("组", "测试"))}, "contains itself"),
    ],
)
def test_a_shape_the_engine_cannot_carry_is_refused(fields, message):
    with pytest.raises(TypeError, match=message):
        kind_spec(make(**fields))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"key": "missing"}, "key missing"),
        ({"key": "nickname"}, "key nickname"),
        ({"key": "holder.name"}, "key holder.name"),
        ({"date": "missing"}, "missing is not a date"),
        ({"date": "number"}, "number is not a date"),
    ],
)
def test_a_kind_needs_a_key_and_a_date_of_its_own(choice, message):
    fields = {"nickname": (ShortText | None, optional("别名", "测试")), "holder": (Item, column("组", "测试"))}
    with pytest.raises(TypeError, match=message):
        kind_spec(make(**choice, **fields))


def test_a_kind_that_does_not_say_its_name_is_refused():
    class Nameless(Record):
        number: OrganisationName = column("编号", "测试")

    with pytest.raises(TypeError, match="does not say its kind"):
        kind_spec(Nameless)


def test_null_means_absent_in_every_part():
    model = make(holder=(Loose | None, optional("组", "测试")), items=(list[Item], several("列表", "测试")))
    filled = {"number": "XK06-001-00238", "day": "2021-01-05"}
    assert model.model_validate(filled | {"holder": None, "items": None}) == model.model_validate(filled)
    with pytest.raises(ValueError, match="number"):
        model.model_validate(filled | {"number": None})


def test_parts_refuse_unknown_fields_and_changes():
    item = Item(name="甲")
    with pytest.raises(ValueError, match="frozen"):
        item.name = "乙"
    with pytest.raises(ValueError, match="nome"):
        Item.model_validate({"name": "甲", "nome": "乙"})
    assert isinstance(item, BaseModel)
