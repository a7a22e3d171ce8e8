"""A row beside its record: what is told of each field, and what nobody may see unasked."""

from __future__ import annotations

import polars as pl
import pytest

from ecqs_gateway.mapping.in_words import field_lines
from ecqs_gateway.mapping.masking import Veil, personal_columns, veil
from ecqs_gateway.mapping.preview import Cells, preview

FIELDS = {
    "number": "A",
    "holder.name": {"from": "B", "clean": ["html", "fillers"]},
    "issue_date": {"from": "D", "parse": ["%Y%m%d"]},
    "status": {"from": "Z", "codes": {"table": "zt", "unmapped": "pass"}},
}
ROW = {
    "A": "a1",
    "B": "<b>某</b>",
    "D": "20200105",
    "Z": "99",
    "P": "水泥",
    "LXR": "李四光",
    "DH": "13812345678",
    "NEW": "x",
}


def one(bench, *, on=True, **row):
    frame = pl.DataFrame([ROW | row])
    compiled = bench.compile(FIELDS, ignore=["LXR"])
    veil_ = Veil.of(compiled, ["A"], on=on)
    (found,) = preview(compiled, None, Cells(frame, {}), key=["A"], veil=veil_)
    return found


def test_a_row_is_told_with_verdict_fields_and_columns(bench):
    found = one(bench)
    assert (found.source_key, found.key, found.verdict, found.problems) == ("a1", "a1", "flagged", 1)
    assert {c.column: c.use for c in found.columns} == {
        "A": "used", "B": "used", "D": "used", "Z": "used", "P": "used", "LXR": "ignored", "DH": "unused",
        "NEW": "unused",
    }  # fmt: skip
    assert one(bench, D="2020年").verdict == "refused"
    assert one(bench, Z="有效").verdict == "goes"


def test_columns_nobody_vouched_for_are_veiled_unless_asked(bench):
    shown = {c.column: c.text for c in one(bench).columns}
    assert (shown["LXR"], shown["DH"], shown["NEW"], shown["A"]) == ("李**", "***********", "*", "a1")
    assert {c.column: c.text for c in one(bench, on=False).columns}["LXR"] == "李四光"


def test_numbers_of_persons_are_masked_also_in_used_columns(bench):
    found = one(bench, B="某厂 13812345678")
    name = next(field for field in found.fields if field.field == "holder.name")
    assert "13812345678" not in f"{name.source}{name.steps}{name.value}"


def test_a_field_marked_personal_veils_its_columns_wherever_they_feed(bench):
    compiled = bench.compile(FIELDS)
    plans = tuple(compiled.record.plans)
    leaf = plans[1].leaf
    assert personal_columns(compiled) == frozenset()
    assert leaf.path == "holder.name"
    veiled = Veil(frozenset({"B"}), compiled.used_columns)
    (found,) = preview(compiled, None, Cells(pl.DataFrame([ROW]), {}), key=["A"], veil=veiled)
    name = next(field for field in found.fields if field.field == "holder.name")
    assert (name.source, name.value) == ({"B": "<*>*</*>"}, "*")


@pytest.mark.parametrize(
    ("text", "shown"), [(None, None), ("李四", "李*"), ("Ab-12", "**-**"), ("某某有限公司", "******")]
)
def test_a_veil_keeps_the_shape(text, shown):
    assert veil(text) == shown


def test_every_field_of_the_kind_has_one_line_in_words(bench):
    lines = {line.path: line for line in field_lines(bench.compile(FIELDS))}
    assert lines["holder.name"].rule == "取 B；去 HTML；去占位词"
    assert lines["issue_date"].rule == "取 D；只认日期格式 %Y%m%d"
    assert lines["status"].rule == "取 Z；按代码对照表 zt 转换，未列值按原值报送并标记"
    assert (lines["products[].name"].constraint, lines["products[]"].constraint) == ("C", "M")
    assert (lines["paper.id"].group, lines["paper.id"].constraint) == ("open", "C")
    wanted = [leaf.path for leaf in bench.spec.leaves()]
    wanted += [f"{node.path}[].{leaf.path}" for node in bench.spec.repeated() for leaf in node.leaves()]
    assert sorted(path for path in lines if not path.endswith("[]")) == sorted(wanted)
