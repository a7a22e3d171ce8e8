"""The XSD files: up to date, deterministic, readable by other tools, and in the order of the models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model import generate, xsd
from ecqs_gateway.model.batch import NAMESPACE
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import Leaf, Repeated
from ecqs_gateway.model.types import Code

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas" / "ecqs" / "1.0"
XS = "{http://www.w3.org/2001/XMLSchema}"
NAMES = ["approval", "audits", "batch", "certificate", "codes", "inspector", "inspector_list", "manifest", "penalty"]
NAMES += ["receipt", "risk_signal", "sampling_inspection", "supervision_check", "types"]


@pytest.fixture(scope="module")
def codes():
    return generate.read_code_tables(ROOT / "schemas" / "codes")


def test_the_committed_files_are_what_the_definitions_say():
    assert generate.stale(ROOT) == {}


def test_check_names_stale_files_and_writing_mends_them(tmp_path, capsys):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "codes").symlink_to(ROOT / "schemas" / "codes")
    folder = tmp_path / "schemas" / "ecqs" / "1.0"
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1
    assert "batch.xsd: stale" in capsys.readouterr().out
    assert not folder.exists()
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert (folder / "batch.xsd").read_bytes() == (SCHEMAS / "batch.xsd").read_bytes()
    (folder / "old.xsd").write_text("<old/>")
    (folder / "types.xsd").write_text("<old/>")
    capsys.readouterr()
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "schemas/ecqs/1.0/old.xsd: should not be there",
        "schemas/ecqs/1.0/types.xsd: stale",
    ]
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.main(["--root", str(tmp_path), "--check"]) == 0


def test_a_checkout_without_code_tables_is_told_so(tmp_path):
    with pytest.raises(Misconfigured, match="no code tables"):
        generate.main(["--root", str(tmp_path)])


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_text_does_not_depend_on_hash_seed_or_locale(tmp_path, seed):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "codes").symlink_to(ROOT / "schemas" / "codes")
    command = [sys.executable, "-m", "ecqs_gateway.model.generate", "--root", str(tmp_path)]
    environment = os.environ | {"PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "America/New_York"}
    subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
    for file in SCHEMAS.glob("*.xsd"):
        assert (tmp_path / "schemas" / "ecqs" / "1.0" / file.name).read_bytes() == file.read_bytes()


def test_there_is_one_file_for_each_kind_and_envelope(codes):
    assert sorted(xsd.generate(codes)) == [f"{name}.xsd" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_lxml_and_xmllint_compile_the_schema(name, tmp_path, need_program):
    assert etree.XMLSchema(etree.parse(SCHEMAS / f"{name}.xsd")) is not None
    need_program("xmllint")
    probe = tmp_path / "probe.xml"
    probe.write_text(f'<nothing xmlns="{NAMESPACE}"/>')
    command = ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMAS / f"{name}.xsd"), str(probe)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    # 3 is "does not validate"; 5 would be "the schema does not compile".
    assert answer.returncode == 3, answer.stderr


@pytest.mark.parametrize("name", NAMES)
def test_every_component_is_documented_in_chinese(name):
    tree = etree.parse(SCHEMAS / f"{name}.xsd")
    named = [item for item in tree.iter(f"{XS}element", f"{XS}attribute", f"{XS}simpleType") if "name" in item.attrib]
    assert named
    items = {SINGULAR_PARENT for SINGULAR_PARENT in tree.iter(f"{XS}element") if "maxOccurs" in SINGULAR_PARENT.attrib}
    for item in named:
        if item in items and name in KINDS:
            continue  # an item is documented by its list
        text = item.findtext(f"{XS}annotation/{XS}documentation", "")
        assert any("一" <= c <= "鿿" for c in text), item.get("name")


def test_every_schema_says_that_the_contract_is_a_proposal():
    for file in SCHEMAS.glob("*.xsd"):
        assert "建议稿" in etree.parse(file).findtext(f"{XS}annotation/{XS}documentation"), file.name


def order(sequence: etree._Element) -> list[object]:
    """Give the element names of a sequence, with those below."""
    found: list[object] = []
    for child in sequence:
        inner = child.find(f"{XS}complexType/{XS}sequence")
        found.append(child.get("name") if inner is None else (child.get("name"), order(inner)))
    return found


def model_order(nodes: tuple[object, ...]) -> list[object]:
    found: list[object] = []
    for node in nodes:
        if isinstance(node, Leaf):
            found.append(node.name)
        elif isinstance(node, Repeated):
            found.append((node.name, [(node.item, model_order(node.nodes))]))
        else:
            found.append((node.name, model_order(node.nodes)))
    return found


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_elements_stand_in_the_order_of_the_model(kind):
    root = etree.parse(SCHEMAS / f"{kind}.xsd").getroot().find(f"{XS}element")
    assert root.get("name") == kind
    assert order(root.find(f"{XS}complexType/{XS}sequence")) == model_order(spec(kind).nodes)


def test_every_code_of_the_tables_in_use_is_enumerated(codes):
    listed = etree.parse(SCHEMAS / "codes.xsd")
    values = {
        item.get("name"): {value.get("value") for value in item.iter(f"{XS}enumeration")}
        for item in listed.iter(f"{XS}simpleType")
    }
    tables = {kind.table for kind in xsd.used_types() if isinstance(kind, Code)} | {"units"}
    assert values == {Code(name).xsd(codes).name: set(codes[name].codes) for name in tables}


def test_a_kind_whose_code_table_is_missing_is_named(codes):
    fewer = CodeTables({name: table for name, table in codes.items() if name != "test_methods"})
    with pytest.raises(Misconfigured, match="test_methods"):
        xsd.generate(fewer)


def test_a_code_with_two_periods_is_enumerated_once_with_both_names(codes):
    table = codes["test_methods"]
    first = table.rows.head(1).with_columns(name=pl.lit("改名以后"))
    twice = CodeTable(table.name, pl.concat([table.rows, first]))
    text = xsd.generate(CodeTables({**codes, table.name: twice}))["codes.xsd"]
    assert "；改名以后" in text
    etree.fromstring(text.encode())


def test_text_in_the_documentation_cannot_break_the_schema(codes):
    table = codes["test_methods"]
    nasty = CodeTable(table.name, table.rows.with_columns(name=pl.lit("甲 <乙> & \"丙\" ]]> '丁'")))
    text = xsd.generate(CodeTables({**codes, table.name: nasty}))["codes.xsd"]
    found = etree.fromstring(text.encode()).iter(f"{XS}documentation")
    assert any(item.text == "甲 <乙> & \"丙\" ]]> '丁'" for item in found)
