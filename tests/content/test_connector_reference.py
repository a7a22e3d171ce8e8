"""The reference of connectors and mappings: it names every key with its true type, range and default, and its example
connectors load."""

from __future__ import annotations

import copy
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel

from ecqs_gateway.content import connector_reference, jsonschema
from ecqs_gateway.content.key_table import Key, keys, table
from ecqs_gateway.content.load import load
from ecqs_gateway.content.models import ConnectorFile, NationalFile
from ecqs_gateway.content.scalars import Text
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.mapping import reference as mapping_reference

TODAY = date(2026, 11, 23)
PAGES = connector_reference.generate()
SCHEMAS = {name.partition(".")[0]: json.loads(text) for name, text in jsonschema.generate().items()}
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| ([^|]*?) \| (.+) \|$")
STREAMS = {"sql": "SqlStream", "files": "FileStream", "http": "HttpStream"}


def page(name: str) -> str:
    if name == "mapping":
        return mapping_reference.generate().partition("## Every key")[2]
    return PAGES[f"docs/reference/{name}.md"]


def rows(name: str) -> list[tuple[str, str, str, str]]:
    """The rows of a page's tables: path, type, default, meaning."""
    found = [ROW.match(line.replace("\\|", "¦")) for line in page(name).splitlines()]
    return [match.groups() for match in found if match and match[1] != "key"]  # type: ignore[misc]


def examples(name: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", page(name), re.DOTALL)


def data_of(text: str) -> Any:
    document, problems = read_yaml("x.yaml", text.encode())
    assert problems == []
    assert document is not None
    return copy.deepcopy(document.data)


Known = dict[str, tuple[dict[str, Any], bool]]


def in_schema(schema: dict[str, Any], node: dict[str, Any], at: str = "", done: set[str] | None = None) -> Known:
    """Every path pydantic's own JSON Schema knows, with what it says of it and whether it must be there.

    What is referred to a second time is not opened again.
    """
    done = set() if done is None else done
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in done:
            return {}
        done.add(name)
        node = schema["$defs"][name]
    options = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    options = [one for one in options if "$ref" in one or "properties" in one]
    if len(options) == 1:
        return in_schema(schema, options[0], at, done)
    found: Known = {}
    for name, below in node.get("properties", {}).items():
        path = f"{at}.{name}" if at else name
        found[path] = (below, name in node.get("required", ()))
        if path != "streams":
            found |= in_schema(schema, below, path, done)
    for below in node.get("patternProperties", {}).values():
        free = "<field>" if at.endswith("fields") else "<name>"
        found |= in_schema(schema, below, f"{at}.{free}", done)
    return found


def of_variants(schema: dict[str, Any], block: str, node: dict[str, Any]) -> Known:
    options = node.get("oneOf") or next(one["oneOf"] for one in node["anyOf"] if "oneOf" in one)
    found: Known = {}
    for option in options:
        found |= {f"{block}.{path}": what for path, what in in_schema(schema, option).items()}
    return found


def known(name: str) -> Known:
    schema = SCHEMAS[name]
    found = in_schema(schema, schema)
    if name == "connector":
        for block in ("source", "audits", "inspectors"):
            found |= of_variants(schema, block, schema["properties"][block])
        for stream in STREAMS.values():
            below = in_schema(schema, schema["$defs"][stream])
            found |= {f"streams.<kind>.{path}": what for path, what in below.items()}
    return found


def test_the_committed_pages_are_the_generated_ones(project_root: Path) -> None:
    for path, text in PAGES.items():
        assert (project_root / path).read_text(encoding="utf-8") == text, "run: ecqs generate"


@pytest.mark.parametrize("name", ["connector", "national", "mapping"])
def test_the_page_names_every_key_there_is_and_no_other(name: str) -> None:
    assert {path for path, *_ in rows(name)} == set(known(name))


@pytest.mark.parametrize("name", ["connector", "national", "mapping"])
def test_ranges_choices_and_what_is_required_are_those_of_the_schema(name: str) -> None:
    judged = 0
    schema = known(name)
    for path, words, default, meaning in rows(name):
        below, required = schema[path]
        options = [*below.get("anyOf", ()), *below.get("oneOf", ())]
        below = next((one for one in options if one.get("type") != "null"), below)
        if path != "audits.connection":  # not the same in both kinds
            assert (default == "**required**") is required, path
        for limit in ("minimum", "maximum"):
            if limit in below:
                assert re.search(rf"(?<!\S){below[limit]}\b", words), f"{path}: {limit}"
                judged += 1
        assert all(f"`{value}`" in words for value in below.get("enum", ())), path
        assert meaning[0].isupper() or meaning.startswith("required:"), path
        assert meaning.endswith("."), path
    assert judged >= (2 if name == "mapping" else 5)


CONNECTORS = {data_of(text)["unit"]: text for text in examples("connector") if text.startswith("version")}


def test_there_is_an_example_for_each_source() -> None:
    assert sorted(data_of(text)["source"]["type"] for text in CONNECTORS.values()) == ["files", "http", "sql"]
    assert len(examples("connector")) == 4
    assert len(examples("national")) == 1


@pytest.mark.parametrize("unit", CONNECTORS)
@pytest.mark.parametrize("inspectors", [False, True])
def test_the_examples_load_without_a_word(bundle: Path, unit: str, inspectors: bool) -> None:
    path = f"connectors/provinces/{unit}.yaml"
    text = CONNECTORS[unit] + (examples("connector")[-1] if inspectors else "")
    (bundle / path).write_text(text, encoding="utf-8")
    content = load(bundle, today=TODAY)
    # ECQS-1023: that a stream has no mapping yet is said at the connector.
    assert [str(p) for p in content.problems if p.file == path and p.code != "ECQS-1023"] == []
    assert content.connectors[unit].unit == unit
    assert (content.connectors[unit].inspectors is not None) is inspectors


def test_the_example_of_the_national_file_loads_without_a_word(bundle: Path) -> None:
    (bundle / "connectors/national.yaml").write_text(examples("national")[0], encoding="utf-8")
    content = load(bundle, today=TODAY)
    assert [str(p) for p in content.problems if p.file == "connectors/national.yaml"] == []
    assert content.national is not None
    assert content.national.signature.algorithm == "sm2-sm3"


def put(data: dict[str, Any], path: str, text: str) -> None:
    """Write a default into the data of a file, where its path says."""
    *steps, last = path.split(".")
    for step in steps:
        data = next(iter(data.values())) if step.startswith("<") else data.setdefault(step, {})
    data[last] = data_of(f"x: {text}\n")["x"]


@pytest.mark.parametrize("name", ["sql", "files", "http", "national"])
def test_every_default_is_what_stands_there_when_the_key_is_left_out(name: str) -> None:
    model = NationalFile if name == "national" else ConnectorFile
    text = connector_reference.EXAMPLES[name]
    parts = re.split(r"^## ", page("national" if name == "national" else "connector"), flags=re.MULTILINE)
    wanted = [part for part in parts if f"type: {name}`" in part.partition("\n")[0] or name == "national" or
              part.startswith("`drift`")]  # fmt: skip
    found = [match for part in wanted for line in part.splitlines() if (match := ROW.match(line))]
    tried = 0
    for path, _, default, _ in (match.groups() for match in found):
        data = data_of(text)
        if default.startswith("`") and not (path.endswith("sheet")):
            before = model.model_validate(data)
            *above, last = path.split(".")
            at: Any = data
            for step in above:
                at = next(iter(at.values())) if step.startswith("<") else at.get(step, {})
            if last in at:  # the example says otherwise: what is left out then is the default
                del at[last]
                before = model.model_validate(data)
            put(data, path, default[1:-1])
            assert model.model_validate(data).model_dump() == before.model_dump(), path
            tried += 1
    assert tried >= 10


def test_a_check_nobody_has_words_for_yet_cannot_be_written_down() -> None:
    def odd(value: str) -> str:
        return value

    class Some(BaseModel):
        key: Annotated[Text, AfterValidator(odd)]

    with pytest.raises(LookupError, match="odd"):
        list(keys(Some))


def test_markdown_takes_nothing_out_of_a_cell() -> None:
    written = table([Key("a.<b>", "`x|y`", required=False, default=None, doc="<unit> a|b __file `<c>`.")])
    assert written.splitlines()[-1] == "| `a.<b>` | `x\\|y` |  | \\<unit> a\\|b \\_\\_file `<c>`. |"
