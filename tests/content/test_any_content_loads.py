"""Whatever stands in the files of one unit: loading does not raise, tells a place, and leaves the other unit alone."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.load import load

TODAY = date(2026, 11, 23)
FILES = (
    "connectors/provinces/320000.yaml",
    "mappings/320000/certificate.yaml",
    "mappings/320000/cases/ordinary.yaml",
    "schemas/sources/320000.json",
    "schemas/rules/certificate.yaml",
    "connectors/national.yaml",
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates(),
    st.sampled_from(["", " ", "TODO", "~", "certificate", "__file", "$.a[", "item", "(", "{unit}", "zt", "\u3000"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
    st.lists(st.sampled_from(["a", "ZSID", 1, None]), max_size=3),
    st.dictionaries(st.sampled_from(["from", "const", "type", "x", "child"]), st.sampled_from(["A", 1, None])),
)  # fmt: skip


def places(node: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path]
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            found += places(value, (*path, place))
    return found


def put(node: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)  # type: ignore[call-overload]
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Path(__file__).resolve().parents[2]
    found = tmp_path_factory.mktemp("any") / "bundle"
    shutil.copytree(Path(__file__).parent / "cases" / "good", found)
    for folder in ("codes", "calendar"):
        shutil.copytree(project / "schemas" / folder, found / "schemas" / folder)
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_at_any_place_is_told_or_taken(root: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    path = root / file
    original = path.read_bytes()
    tree = yaml.safe_load(original)
    place = data.draw(st.sampled_from(places(tree)))
    spoilt = yaml.safe_dump(put(tree, place, data.draw(ODD)), allow_unicode=True)
    try:
        path.write_text(spoilt, encoding="utf-8")
        content = load(root, today=TODAY, cases=True)
    finally:
        path.write_bytes(original)
    lines = spoilt.count("\n") + 1
    for problem in content.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert "pydantic" not in problem.message
        assert "Input should" not in problem.message, problem
        if problem.file == file:
            assert problem.line <= lines
    if "320000" in file:
        assert not content.broken("220000")
        assert ("220000", "sampling_inspection") in content.lanes()
