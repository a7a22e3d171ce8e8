"""What a lane's fingerprint counts and what not, tried on the sample provinces, file by file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ecqs_gateway.content.edits import lane_edits
from ecqs_gateway.content.fingerprint import fingerprint, lane_parts
from ecqs_gateway.content.load import Content, load

UNIT = "320000"
LANES = ((UNIT, "certificate"), (UNIT, "approval"), ("370000", "certificate"))
MAP = f"mappings/{UNIT}/certificate.yaml"
APPROVAL = f"mappings/{UNIT}/approval.yaml"
CODES = f"mappings/{UNIT}/codes/zt.csv"
CONNECTOR = f"connectors/provinces/{UNIT}.yaml"

Edits = tuple[tuple[str, str, str], ...]

SILENT: dict[str, Edits] = {
    "a comment, an owner": ((MAP, "owner: 示例", "owner: 证书科  # 问过的"),),
    "a column ignored": ((MAP, "  - RKSJ ", "  - RKSJ\n  - NEU "),),
    "the reason of a default": ((MAP, "系统中自定义的检验方式，国家代码表没有对应项", "没有对应项"),),
    "the short and the long form": ((MAP, "holder.uscc: TYSHXYDM", "holder.uscc: {from: TYSHXYDM}"),),
    "what is the case anyway": (
        (MAP, "codes: {table: zt, unmapped: reject}", "codes: {table: zt, unmapped: reject, inexact: pass}"),
    ),
    "a declaration of absence": (
        (
            "mappings/370000/certificate.yaml",
            "  electronic_licence.id: {absent: {reason: 回流表没有电子证照标识, owner: 示例, until: 2027-12-31}}\n",
            "",
        ),
    ),
    "when and how much is read": ((CONNECTOR, "    overlap: 30m\n", "    overlap: 1h\n    batch_rows: 10000\n"),),
    "another connection": ((CONNECTOR, "connection: ecqs_320000", "connection: ecqs_js"),),
    "how it is sent": (("connectors/national.yaml", "records: 8000", "records: 100"),),
    "a rule's words": (("schemas/rules/certificate.yaml", "    zh: ", "    zh: 请注意："),),
    "notes and order of codes": ((CODES, "1,01,有效\n2,04,注销\n", "2,04,已注销\n1,01,\n"),),
}

LOUD: dict[str, tuple[Edits, set[tuple[str, str]], str]] = {
    "another column": (((MAP, "holder.uscc: TYSHXYDM", "holder.uscc: FZJG_TYXYDM"),), {LANES[0]}, "holder.uscc"),
    "the order of cleaning": (
        ((MAP, "clean: [upper, width, dashes]", "clean: [width, upper, dashes]"),),
        {LANES[0]},
        "products.product_class",
    ),
    "a list's items": (
        ((MAP, 'split: {from: YZSBH, by: "[,，、;；]"}', 'split: {from: YZSBH, by: "[,，]"}'),),
        {LANES[0]},
        "earlier_numbers",
    ),
    "a new code": (
        ((f"mappings/{UNIT}/codes/cplb.csv", "source,national,note\n", "source,national,note\nNEU,01,\n"),),
        {LANES[0]},
        "codes cplb: NEU",
    ),
    "another table": (((CONNECTOR, "table: T_XK_ZS\n", "table: V_XK_ZS\n"),), {LANES[0]}, "stream table"),
    "the order of child rows": (
        (
            (
                CONNECTOR,
                "cp: {table: T_XK_ZS_CP, parent_key: [ZSID], key: [ZSID], order_by: [XH]}",
                "cp: {table: T_XK_ZS_CP, parent_key: [ZSID], key: [ZSID]}",
            ),
        ),
        {LANES[0]},
        "stream children",
    ),
    "the time zone": (
        ((CONNECTOR, "time_zone: Asia/Shanghai", "time_zone: Asia/Urumqi"),),
        {LANES[0], LANES[1]},
        "stream time_zone",
    ),
    "a rule's severity": (
        (("schemas/rules/certificate.yaml", "severity: flag", "severity: reject"),),
        {LANES[0], LANES[2]},
        "rule CERT-",
    ),
    "a national code": (
        (("schemas/codes/status_causes.csv", "\n", "\n77,新原因,,,proposed by this project,,04\n"),),
        {LANES[0], LANES[2]},
        "national codes status_causes",
    ),
}


@pytest.fixture(scope="module")
def before() -> Content:
    return load(Path(__file__).resolve().parents[2])


def changed(root: Path, tmp_path: Path, edits: Edits) -> Content:
    for folder in ("connectors", "mappings", "schemas"):
        shutil.copytree(root / folder, tmp_path / folder)
    for name, was, now in edits:
        path = tmp_path / name
        text = path.read_text(encoding="utf-8")
        assert was in text, (name, was)
        path.write_text(text.replace(was, now, 1), encoding="utf-8")
    content = load(tmp_path)
    assert content.errors == ()
    return content


def prints(content: Content) -> dict[tuple[str, str], str]:
    return {lane: fingerprint(lane_parts(content, *lane)) for lane in LANES}


@pytest.mark.parametrize("edits", SILENT.values(), ids=SILENT.keys())
def test_what_does_not_decide_about_records_leaves_every_fingerprint(before, project_root, tmp_path, edits):
    after = changed(project_root, tmp_path, edits)
    assert prints(after) == prints(before)
    assert [lane_edits(before, after, *lane) for lane in LANES] == [(), (), ()]


@pytest.mark.parametrize(("edits", "lanes", "told"), LOUD.values(), ids=LOUD.keys())
def test_what_decides_changes_the_fingerprints_of_its_lanes_only_and_is_told(
    before, project_root, tmp_path, edits, lanes, told
):
    after = changed(project_root, tmp_path, edits)
    differ = {lane for lane in LANES if prints(after)[lane] != prints(before)[lane]}
    assert differ == lanes
    for lane in LANES:
        found = [edit.what for edit in lane_edits(before, after, *lane)]
        assert bool(found) == (lane in lanes)
        assert all(what.startswith(told) for what in found), found


def test_a_calendar_counts_where_working_days_are_counted(before, project_root, tmp_path):
    edit = ("schemas/calendar/2026.csv", "2026-01-01,no", "2026-01-01,yes")
    after = changed(project_root, tmp_path, (edit,))
    assert {lane for lane in LANES if prints(after)[lane] != prints(before)[lane]} == {LANES[1]}
    assert [one.what for one in lane_edits(before, after, *LANES[1])] == ["calendar 2026"]
