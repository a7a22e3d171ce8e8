"""A province whose system only speaks HTTP, from its API to headquarters, child rows and corrections included."""

from __future__ import annotations

import ecqs_test_support_api as _api
import pytest

UNIT = "330000"
CONNECTOR = """version: 1
unit: "330000"
owner: 测试
source: {type: http, connection: ecqs_330000}
streams:
  certificate:
    path: /list
    rows: data.list
    pages: {by: page, parameter: page, size_parameter: size, size: 3, total: data.total}
    success: {field: code, values: ["0"]}
    key: [id]
    changed_at: gxsj
    since: {parameter: since}
    columns: [zt]
    items: {products: cp}
    batch_rows: 4
"""


@pytest.fixture
def api():
    with _api.serving() as running:
        yield running


def row(number: int, **cells):
    given = {
        "id": number, "zsbh": f"浙XK06-001-{number:05d}", "qy": {"mc": "远山电缆有限公司", "dm": "91440300192203821A"},
        "fzrq": "2024-03-01", "yxqz": "2029-02-28", "zt": "有效", "gxsj": f"2026-11-20 09:00:{number:02d}",
        "cp": [{"mc": "架空绞线"}, {"mc": "水泥"}],
    }  # fmt: skip
    return given | cells


@pytest.fixture
def unit(world, w, api):
    world.build() if not world.content.exists() else None
    world.province(UNIT)
    world.write(f"connectors/provinces/{UNIT}.yaml", CONNECTOR)
    file = world.content / f"mappings/{UNIT}/certificate.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("holder.name: qymc", "holder.name: qy_mc").replace(
        "holder.uscc: tyshxydm", "holder.uscc: qy_dm"
    )
    text = text.replace(
        '{split: {from: cpmc, by: "[;；]"}, fields: {name: item}}', "{child: products, fields: {name: mc}}"
    )
    file.write_text(text, encoding="utf-8")
    world.connections[f"ecqs_{UNIT}"] = {"conn_type": "http", "host": "127.0.0.1", "port": api.port, "schema": "http"}
    api.rows = [row(n, qy={"mc": "远山电缆有限公司", "dm": w.USCC}) for n in range(1, 11)]
    return world


def test_an_api_reaches_headquarters_and_only_changes_follow(unit, w, api):
    assert unit.sync().failed == {}
    w.judged_faultless(unit, {UNIT: 10})
    api.asked.clear()
    assert unit.sync().failed == {}
    assert api.asked[0]["since"] == "2026-11-20 08:30:10"
    api.rows[3] |= {"yxqz": "2029-03-01", "gxsj": "2026-11-21 08:00:00"}
    assert unit.sync().failed == {}
    assert len(unit.rows("SELECT * FROM record_version")) == 11


def test_a_row_that_is_wrong_is_a_dead_letter_and_goes_when_the_api_gives_it_right(unit, w, api):
    api.rows[2] |= {"zt": "不明"}
    api.rows[4] |= {"cp": "架空绞线"}
    assert unit.sync().failed == {}
    assert sorted(unit.rows("SELECT origin, state FROM dead_letter")) == [("mapping", "open"), ("source", "open")]
    api.rows[2] |= {"zt": "有效", "gxsj": "2026-11-21 08:00:00"}
    api.rows[4] |= {"cp": [{"mc": "架空绞线"}], "gxsj": "2026-11-21 08:00:00"}
    assert unit.sync().failed == {}
    assert unit.rows("SELECT count(*) FROM record_version") == [(10,)]


def test_rows_a_crash_left_behind_are_finished_with_their_child_rows(unit, w, api):
    from ecqs_gateway.errors import Transient
    from ecqs_gateway.flows import nightly

    def listen(step) -> None:
        if step.event == "extracted":
            raise Transient("ECQS-3003", "the ledger went away just now")

    with unit.gateway() as gateway:
        assert nightly.sync(gateway.listening(listen), nightly.EVERYTHING).failed
    assert unit.rows("SELECT state FROM extraction") == [("stored",)]
    assert unit.sync().failed == {}
    w.judged_faultless(unit, {UNIT: 10})


def test_an_api_that_is_down_fails_its_unit_only(unit, w, api):
    unit.province("320000", 3)
    api.instead = [lambda handler: _api.answer(handler, b"{}", 401)]
    failed = unit.sync().failed
    assert list(failed) == [f"{UNIT} certificate"]
    assert "ECQS-2062" in str(failed)
    assert unit.rows("SELECT count(*) FROM record_version") == [(3,)]


def test_a_field_the_mapping_uses_and_no_row_has_any_more_holds_before_anything_is_stored(unit, w, api):
    assert unit.sync().failed == {}
    before = unit.rows("SELECT watermark FROM lane")
    for number, each in enumerate(api.rows):
        each |= {"gxsj": f"2026-11-21 09:00:{number:02d}", "beizhu": "x"}
        del each["fzrq"]
    failed = unit.sync().failed[f"{UNIT} certificate"]
    assert "ECQS-1450" in failed
    assert "/list has no column fzrq any more, used by issue_date at mappings/330000/certificate.yaml:" in failed
    assert unit.rows("SELECT watermark FROM lane") == before
    for each in api.rows:
        each |= {"fzrq": "2024-03-01", "yxqz": "2029-03-01"}
    assert unit.sync().failed == {}
    w.judged_faultless(unit, {UNIT: 10})
