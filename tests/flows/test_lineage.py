"""Lineage: what each field is made of as the mapping says, and as one record shows it."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.content.load import load
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.lineage import lineage, narrowed

UNIT, KIND = "320000", "certificate"
MAP = f"mappings/{UNIT}/{KIND}.yaml"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Three records that were sent."""
    w = sys.modules["ecqs_test_support_world"]
    world = w.World(tmp_path_factory.mktemp("lineage"))
    world.build()
    with world.headquarters():
        world.province(UNIT, [w.licence(UNIT, n, cpmc="架空绞线；13812345678") for n in range(1, 4)])
        assert world.sync().failed == {}
    return world


@pytest.fixture
def synced(base, w, tmp_path):
    """A copy of it for one test."""
    return w.clone(base, tmp_path / "world")


@pytest.fixture
def ecqs(synced, monkeypatch):
    """Run a command on it, for its JSON."""
    monkeypatch.chdir(synced.root)
    for name, value in synced.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def place_of(world, text, of=None):
    lines = (world.content / MAP).read_text(encoding="utf-8").splitlines()
    number, line = next((n, line) for n, line in enumerate(lines, 1) if (of or text) in line)
    return f"{MAP}:{number}:{line.index(text, line.index(of or text)) + 1}"


def test_every_field_says_its_columns_its_treatment_and_its_line(base):
    found = lineage(load(base.content), UNIT, KIND)
    fields = {one.field: one for one in found.fields}
    status = fields["status"]
    assert (status.columns, status.codes) == (("zt",), f"mappings/{UNIT}/codes/zt.csv")
    assert status.place == place_of(base, "zt,")
    assert not status.unchanged
    assert fields["holder.name"].unchanged
    assert fields["products[].name"].columns == ("cpmc",)
    assert fields["authority.area"].group == "constant"
    assert fields["test_method"].group == "absent"
    assert found.columns()["cpmc"] == ("products[]", "products[].name")
    assert found.table_of("zt") == ("zs", "zt")


@pytest.mark.parametrize(
    ("field", "column", "code", "hint"),
    [("holder.nmae", None, "ECQS-1460", "holder.name"), (None, "qymcc", "ECQS-1461", "qymc")],
)
def test_a_misspelt_name_is_told_with_the_nearest(base, field, column, code, hint):
    with pytest.raises(Misconfigured) as found:
        narrowed(lineage(load(base.content), UNIT, KIND), field, column)
    assert found.value.code == code
    assert hint in found.value.hint


def test_the_command_goes_both_ways(ecqs):
    told = json.loads(ecqs("mapping", "lineage", UNIT, KIND, "--column", "cpmc", "--json").stdout)
    assert [one["field"] for one in told["fields"]] == ["products[]", "products[].name"]
    assert "products[].name" in ecqs("mapping", "lineage", UNIT, KIND, "--field", "products.name").stdout
    text = ecqs("mapping", "lineage", UNIT, KIND).stdout
    assert "codes/zt.csv" in text
    assert "declared absent or open" in text
    assert ecqs("mapping", "lineage", UNIT, KIND, "--field", "nix").exit_code == 1


def test_show_follows_each_field_to_its_column_code_line_and_mapping_line(ecqs, synced, w):
    done = ecqs("show", w.key(UNIT, 2), "--json")
    [version] = json.loads(done.stdout)["versions"]
    fields = {one["field"]: one for one in version["lineage"]}
    status = fields["status"]
    assert (status["value"], status["columns"]) == ("01", {"zt": "有效"})
    assert status["code"] == f"mappings/{UNIT}/codes/zt.csv:2"
    assert status["place"] == place_of(synced, "zt,")
    number = fields["number"]
    assert number["value"] == w.key(UNIT, 2)
    assert [step["name"] for step in number["steps"]] == ["width", "spaces"]
    assert fields["products[1].name"]["made_of"] == ["cpmc"]
    assert "test_method" not in fields
    assert "13812345678" not in done.stdout  # masked, like all of it
    assert "13812345678" in ecqs("show", w.key(UNIT, 2), "--json", "--unmasked").stdout
    text = ecqs("show", w.key(UNIT, 2)).stdout
    assert f"[mappings/{UNIT}/codes/zt.csv:2]" in text
    assert "by the content of today, which made it" in text


def test_a_record_is_explained_by_the_mapping_that_made_it_not_by_todays(ecqs, synced, w):
    old = place_of(synced, "qymc")
    file = synced.content / MAP
    text = file.read_text(encoding="utf-8")
    text = text.replace("  holder.name: qymc\n", "\n\n  holder.name: {const: 某公司}\n").replace(
        "ignore: [id", "ignore: [qymc, id"
    )
    file.write_text(text, encoding="utf-8")
    [version] = json.loads(ecqs("show", w.key(UNIT, 2), "--json").stdout)["versions"]
    assert version["lineage_of"].startswith("the content kept of")
    name = next(one for one in version["lineage"] if one["field"] == "holder.name")
    assert list(name["columns"]) == ["qymc"]
    assert name["place"] == old


def test_where_the_kept_content_is_gone_it_is_said(ecqs, synced, w):
    (synced.content / MAP).write_text(
        (synced.content / MAP).read_text(encoding="utf-8") + "\n# neu\n", encoding="utf-8"
    )
    for kept in (synced.home / "stage" / "content").glob("*.zip"):
        kept.unlink()
    [version] = json.loads(ecqs("show", w.key(UNIT, 2), "--json").stdout)["versions"]
    assert version["lineage_of"] == "the content of today: the one that made it is gone"
    assert version["lineage"]


def test_a_row_that_is_gone_leaves_the_rest_of_the_record(ecqs, synced, w):
    for kept in (synced.home / "stage" / "extractions").rglob("*.arrow"):
        kept.unlink()
    done = ecqs("show", w.key(UNIT, 2))
    assert done.exit_code == 0
    assert "where each field came from: ECQS-" in done.stdout
