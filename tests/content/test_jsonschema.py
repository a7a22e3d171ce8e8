from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecqs_gateway.content.jsonschema import SCHEMAS, generate, main
from ecqs_gateway.content.models import ConnectorFile, MappingFile
from ecqs_gateway.content.scalars import Plain
from ecqs_gateway.content.yaml_reader import read_yaml

jsonschema = pytest.importorskip("jsonschema", reason="the JSON Schema validator comes with Airflow")

GOOD = Path(__file__).parent / "cases" / "good"
TEXTS = generate()
ROLES = {
    "connectors/national.yaml": "national",
    "connectors/provinces/320000.yaml": "connector",
    "connectors/provinces/220000.yaml": "connector",
    "mappings/320000/certificate.yaml": "mapping",
    "mappings/220000/sampling_inspection.yaml": "mapping",
    "mappings/320000/cases/ordinary.yaml": "case",
    "schemas/rules/certificate.yaml": "rules",
}


def as_editors_read(node: Any) -> Any:
    """Resolve plain scalars by YAML 1.2's core schema, as yaml-language-server does."""
    if isinstance(node, dict):
        return {key: as_editors_read(value) for key, value in node.items()}
    if isinstance(node, list):
        return [as_editors_read(value) for value in node]
    if isinstance(node, Plain):
        try:
            return json.loads(node)
        except ValueError:
            return str(node)
    return node


def data_of(text: str) -> Any:
    document, problems = read_yaml("x.yaml", text.encode())
    assert problems == []
    assert document is not None
    return as_editors_read(document.data)


def faults(role: str, data: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(TEXTS[f"{role}.schema.json"]))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(data)]


def test_the_committed_schemas_are_those_made_from_the_models(project_root: Path) -> None:
    folder = project_root / "schemas" / "content"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    assert committed == TEXTS, "run python -m ecqs_gateway.content.jsonschema"


def test_writing_gives_exactly_the_generated_files(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == TEXTS


@pytest.mark.parametrize("role", sorted(SCHEMAS))
def test_each_schema_is_itself_valid(role: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(TEXTS[f"{role}.schema.json"]))


@pytest.mark.parametrize(("file", "role"), ROLES.items())
def test_good_files_pass_their_schema(file: str, role: str) -> None:
    text = (GOOD / file).read_text(encoding="utf-8").replace("unit: 220000", 'unit: "220000"')
    assert faults(role, data_of(text)) == []


def test_all_content_of_the_project_passes_its_schema(project_root: Path) -> None:
    checked = 0
    for pattern, role in (
        ("connectors/provinces/*.yaml", "connector"),
        ("connectors/national.yaml", "national"),
        ("mappings/*/*.yaml", "mapping"),
        ("mappings/*/cases/*.yaml", "case"),
        ("schemas/rules/*.yaml", "rules"),
    ):
        for path in project_root.glob(pattern):
            assert faults(role, data_of(path.read_text(encoding="utf-8"))) == [], path.name
            checked += 1
    assert checked or not (project_root / "connectors/provinces").is_dir()


SPOILT = [
    ("connectors/provinces/320000.yaml", "changed_at:", "changed-at:"),
    ("connectors/provinces/320000.yaml", "type: sql", "type: files"),
    ("connectors/provinces/320000.yaml", "overlap: 30m", "overlap: 30"),
    ("connectors/provinces/320000.yaml", "  certificate:", "  certificat:"),
    ("connectors/provinces/220000.yaml", "header_row: 2", "changed_at: x"),
    ("connectors/national.yaml", "algorithm: ed25519", "algorithm: rsa"),
    ("mappings/320000/certificate.yaml", "holder.uscc:", "holder.usc:"),
    ("mappings/320000/certificate.yaml", "{const: 江苏省市场监督管理局}", "{const: 江苏省市场监督管理局, from: A}"),
    ("mappings/320000/certificate.yaml", "clean: [brackets,", "clean: [bracket,"),
    ("mappings/320000/certificate.yaml", "{child: cp, fields", "{child: cp, json: A, fields"),
    ("mappings/320000/certificate.yaml", "name: CPMC", "nam: CPMC"),
    ("schemas/rules/certificate.yaml", "id: CERT-001", "id: cert-1"),
    ("mappings/320000/cases/ordinary.yaml", "expect:", "expected:"),
]


@pytest.mark.parametrize(("file", "was", "now"), SPOILT)
def test_what_the_loader_refuses_the_editor_underlines(file: str, was: str, now: str) -> None:
    text = (GOOD / file).read_text(encoding="utf-8").replace("unit: 220000", 'unit: "220000"')
    assert was in text
    assert faults(ROLES[file], data_of(text.replace(was, now))) != []


@pytest.mark.parametrize("role", sorted(SCHEMAS))
def test_every_key_is_described_and_every_table_is_closed(role: str) -> None:
    schema = json.loads(TEXTS[f"{role}.schema.json"])
    tables = [schema, *schema["$defs"].values()]
    tables += [part for table in tables for part in table.get("anyOf", ()) if "properties" in part]
    seen = 0
    for table in tables:
        for name, declared in table.get("properties", {}).items():
            assert declared.get("description", "").endswith("."), f"{table.get('title')}: {name}"
            seen += 1
        if "properties" in table:
            assert table["additionalProperties"] is False
    assert seen > 5


def test_the_editor_offers_national_fields_with_their_chinese_titles() -> None:
    schema = json.loads(TEXTS["mapping.schema.json"])
    branch = next(part for part in schema["allOf"] if part["if"]["properties"]["kind"]["const"] == "certificate")
    offered = branch["then"]["properties"]["fields"]["properties"]
    assert offered["number"]["title"] == "证书编号（必填）"
    assert (
        "name"
        in branch["then"]["properties"]["children"]["properties"]["products"]["properties"]["fields"]["properties"]
    )


def test_models_stay_frozen_and_closed() -> None:
    connector = ConnectorFile.model_validate(data_of((GOOD / "connectors/provinces/320000.yaml").read_text("utf-8")))
    with pytest.raises(ValueError, match="frozen"):
        connector.unit = "110000"  # type: ignore[misc]
    assert MappingFile.model_config.get("extra") == "forbid"
