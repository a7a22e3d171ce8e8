"""Names of columns that try to be SQL, code, paths or templates: they are names, or mistakes that are told."""

from __future__ import annotations

import json
from pathlib import Path

import ecqs_test_support_soak as soak
import polars as pl
import pytest
from ecqs_test_support_watching import Watching
from pydantic import ValidationError

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExpressionError, compile_expr
from ecqs_gateway.mapping.mapped import ROW

NAMES = json.loads((Path(__file__).parent / "cases" / "hostile_identifiers.json").read_text(encoding="utf-8"))
WAYS = ("from", "join", "expr", "ignore", "newest_by", "split", "json")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def mapping(bench, way: str, name: str):
    """Write a mapping that names the column in one of the places where a column may be named."""
    fields = {
        "from": {"note": {"from": name}},
        "join": {"note": {"join": {"columns": [name, "P"], "with": "/"}}},
        "expr": {"note": {"expr": quoted(name)}},
    }.get(way, {})
    lists = {
        "split": {"products": {"split": {"from": name, "by": ";"}, "fields": {"name": "item"}}},
        "json": {"products": {"json": name, "fields": {"name": "$.a"}}},
    }.get(way)
    more = {way: [name]} if way in {"ignore", "newest_by"} else {}
    return bench.file(fields, lists, **more)


def compiled(bench, way: str, name: str, columns=None):
    try:
        return bench.inspect(mapping(bench, way, name), columns)
    except ValidationError:
        return None  # not even a name in our files


@pytest.fixture(scope="module", autouse=True)
def _warm():
    """Do beforehand what numpy and pydantic do at their first use, which is no name's doing."""
    import numpy.ma  # noqa: F401

    MappingFile.model_rebuild()


def test_there_are_enough_of_them():
    assert len(set(NAMES)) > 150


def test_a_hostile_name_is_a_column_like_any_other_where_the_source_has_it(bench):
    done = 0
    with Watching() as seen:
        for name in NAMES:
            for way in WAYS:
                frame = pl.DataFrame({"P": ["水泥"], name: ['[{"a": "钢"}]' if way == "json" else "值"]})
                found = compiled(bench, way, name, dict(frame.schema))
                if found is None or found.mapping is None:
                    continue
                if name == ROW:
                    with pytest.raises(Misconfigured, match="ECQS-1413"):
                        found.mapping.apply(frame)
                    continue
                made = found.mapping.apply(frame)
                done += 1
                if way in {"from", "expr"}:
                    assert made.frame["note"].to_list() == ["值"], (way, name)
                if way == "newest_by":
                    assert made.frame["__order"].to_list() == ["4值"], name
                if way == "join":
                    assert made.frame["note"].to_list() == ["值/水泥"], name
    assert seen == []
    assert done > len(NAMES) * len(WAYS) * 0.8, "this proves nothing: most names were refused before anything was done"
    soak.report("hostile names", texts=len(NAMES), tried=done, ways=len(WAYS), events=len(seen))


@pytest.mark.parametrize("way", WAYS)
def test_a_hostile_name_the_source_does_not_have_is_a_mistake_that_is_told(bench, way):
    frame = pl.DataFrame({"P": ["水泥"]})
    with Watching() as seen:
        for name in NAMES:
            found = compiled(bench, way, name, dict(frame.schema))
            if found is None:
                continue
            assert found.problems or name.startswith("__"), name  # such as __file: known when rows come
            loose = compiled(bench, way, name)
            if loose is not None and loose.mapping is not None and way != "ignore":
                with pytest.raises(Misconfigured):
                    loose.mapping.apply(frame)
    assert seen == []


def test_a_hostile_name_without_quotes_is_never_more_than_an_expression(bench):
    with Watching() as seen:
        for name in NAMES:
            try:
                found = compile_expr(name, {name: pl.String()})
            except ExpressionError:
                continue
            assert pl.DataFrame({name: ["值"]}).with_columns(__v=found.expr).height == 1
    assert seen == []
