"""The files a newcomer copies: nothing wrong with them but what is still to be filled in."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from ecqs_gateway.content.load import load

TODAY = date(2026, 11, 23)
PLACES = {
    "connector.yaml": "connectors/provinces/330000.yaml",
    "mapping.yaml": "mappings/330000/certificate.yaml",
    "codes.csv": "mappings/330000/codes/zt.csv",
    "case.yaml": "mappings/330000/cases/first.yaml",
    "national.yaml": "connectors/national.yaml",
}


@pytest.fixture
def copied(bundle: Path, project_root: Path) -> Path:
    for name, place in PLACES.items():
        (bundle / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project_root / "connectors/_template" / name, bundle / place)
    return bundle


def fill(root: Path, name: str, *pairs: tuple[str, str]) -> None:
    path = root / PLACES[name]
    text = path.read_text(encoding="utf-8")
    for was, now in pairs:
        assert was in text, was
        text = text.replace(was, now, 1)
    path.write_text(text, encoding="utf-8")


def test_there_is_a_template_for_every_file_people_write(project_root: Path) -> None:
    assert {path.name for path in (project_root / "connectors/_template").iterdir()} == set(PLACES)


def test_a_fresh_copy_only_has_places_to_fill_in(copied: Path) -> None:
    content = load(copied, today=TODAY)
    blocking = [p for p in content.problems if p.blocking]
    assert {(p.severity, p.code) for p in blocking} == {("todo", "ECQS-1080")}
    assert {p.file for p in blocking} == set(PLACES.values())
    assert content.broken("330000")
    assert content.lanes() == (("220000", "sampling_inspection"), ("320000", "certificate"))


def test_the_template_itself_is_not_content(bundle: Path, project_root: Path) -> None:
    before = load(bundle, today=TODAY)
    shutil.copytree(project_root / "connectors/_template", bundle / "connectors/_template")
    assert load(bundle, today=TODAY).digest == before.digest


def test_a_filled_in_copy_is_right_in_everything(copied: Path) -> None:
    fill(
        copied, "connector.yaml", ('"TODO"', '"330000"'), ("owner: TODO", "owner: 甲科"),
        ("connection: TODO", "connection: ecqs_330000"), ("table: TODO", "table: T"), ("key: [TODO]", "key: [ID]"),
        ("changed_at: TODO", "changed_at: GXSJ"),
        ("{table: TODO, parent_key: [TODO], key: [TODO], order_by: [TODO]}", "{table: C, parent_key: [ID], key: [ID]}"),
    )  # fmt: skip
    fill(
        copied, "mapping.yaml", ('"TODO"', '"330000"'), ("owner: TODO", "owner: 甲科"), ("number: TODO", "number: A"),
        ("newest_by: [TODO]", "newest_by: [GXSJ]"),
        ("holder.name: TODO", "holder.name: B"), ("holder.uscc: TODO", "holder.uscc: C"),
        ("holder.address: TODO", "holder.address: D"), ("issue_date: TODO", "issue_date: E"),
        ("valid_from: TODO", "valid_from: F"), ("valid_until: TODO", "valid_until: G"),
        ("{from: TODO, codes: {table: TODO,", "{from: H, codes: {table: zt,"),
        ("{const: TODO}", "{const: 浙江省市场监督管理局}"), ("{const: TODO}", '{const: "330000"}'),
        ("name: TODO", "name: I"),
    )  # fmt: skip
    fill(copied, "codes.csv", ("TODO", "有效"))
    fill(
        copied, "case.yaml", ('"TODO"', '"330000"'), ("title: TODO", "title: 一张"), ('TODO: "TODO"', 'A: "1"'),
        ("number: TODO", "number: (浙)XK06-001-00001"),
    )  # fmt: skip
    fill(
        copied, "national.yaml", ("owner: TODO", "owner: 甲科"), ("connection: TODO", "connection: ecqs_national"),
        ("issuer: TODO", "issuer: hq"),
    )  # fmt: skip
    content = load(copied, today=TODAY)
    assert [str(p) for p in content.problems] == []
    assert ("330000", "certificate") in content.lanes()


def test_every_line_of_help_in_the_mapping_template_is_true(copied: Path) -> None:
    """The examples in the comments are fields that compile."""
    text = (copied / PLACES["mapping.yaml"]).read_text(encoding="utf-8")
    examples = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    assert len(examples) == 8
    mapping = (copied / "mappings/320000/certificate.yaml").read_text(encoding="utf-8")
    (copied / "schemas/sources/320000.json").unlink()
    for example in examples:
        line = re.split(" {4,}", example)[0]
        name = line.partition(":")[0]
        kept = [one for one in mapping.splitlines() if not one.strip().startswith(f"{name}:")]
        if name == "electronic_licence.id":
            kept = [one for one in kept if "absent: {reason" not in one]
        where = kept.index("fields:") + 1
        kept.insert(where, f"  {line}")
        (copied / "mappings/320000/certificate.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
        assert [str(p) for p in load(copied, today=TODAY).unit_problems("320000") if p.blocking] == [], line
