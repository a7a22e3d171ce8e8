"""A source that changes under our feet: what is held, what is told, what is lost (nothing), and the ways on."""

from __future__ import annotations

import json
import sys
from datetime import date

import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.drift import accept as acceptance
from ecqs_gateway.flows.drift.look import look
from ecqs_gateway.flows.release import release

UNIT, OTHER, KIND = "320000", "370000", "certificate"
MAP = f"mappings/{UNIT}/{KIND}.yaml"
LANE = f"{UNIT} {KIND}"
ROWS = 60
NEWEST = "2026-11-22 08:00:00"
"""When the last row changed: it alone is read again in each run, for it lies inside the overlap."""
LATER = "2026-11-23 01:00:00"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Two units whose rows were sent and whose sources were described, once for all tests."""
    w = sys.modules["ecqs_test_support_world"]
    world = w.World(tmp_path_factory.mktemp("drift"))
    world.build()
    world.without_rules()
    (world.content / "schemas" / "sources").unlink()
    (world.content / "schemas" / "sources").mkdir()
    with world.headquarters():
        for unit in (UNIT, OTHER):
            world.province(unit, [*(w.licence(unit, n) for n in range(1, ROWS)), w.licence(unit, ROWS, gxsj=NEWEST)])
        assert world.sync().failed == {}
        for unit in (UNIT, OTHER):
            agree(world, unit)
    return world


@pytest.fixture
def source(base, w, tmp_path):
    """A copy of it for one test, with headquarters."""
    world = w.clone(base, tmp_path / "world")
    with world.headquarters():
        yield world


def agree(world, unit=UNIT, reason="说明"):
    with world.gateway() as gateway:
        found = acceptance.plan(gateway, unit, [KIND])
        return found, acceptance.accept(gateway, found, by="李四", reason=reason)


def described(world, unit=UNIT):
    file = world.content / "schemas" / "sources" / f"{unit}.json"
    return json.loads(file.read_text(encoding="utf-8"))["tables"]["zs"]


def change(world, w, numbers, unit=UNIT, **cells):
    world.put(unit, [w.licence(unit, n, **{"gxsj": LATER, **cells}) for n in numbers])


def sql(world, *statements):
    with world.table(UNIT) as db:
        for statement in statements:
            db.execute(statement)


def lane_state(world):
    return world.rows("SELECT watermark, next_sequence FROM lane WHERE unit = '320000'")


def events(world):
    return [event for (event,) in world.rows("SELECT event FROM evidence WHERE event LIKE 'drift%' ORDER BY sequence")]


def settings(world, text):
    file = world.content / f"connectors/provinces/{UNIT}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + f"drift: {text}\n", encoding="utf-8")


def place_of(world, text):
    for number, line in enumerate((world.content / MAP).read_text(encoding="utf-8").splitlines(), 1):
        if text in line:
            return f"{MAP}:{number}:{line.index(text) + 1}"
    raise AssertionError(text)


def test_the_description_says_how_columns_are_filled_and_which_codes_there_are(base):
    table = described(base)
    columns = {column["name"]: column for column in table["columns"]}
    assert table["rows"] == ROWS
    assert columns["qymc"]["filled"] == ROWS
    assert columns["zt"]["codes"] == ["有效"]
    assert "codes" not in columns["qymc"]
    assert events(base) == ["drift accepted"] * 2


def test_a_source_as_described_is_taken_as_ever(source, w, caplog):
    change(source, w, range(1, 40))
    assert source.sync().failed == {}
    assert "drift" not in caplog.text
    assert source.rows("SELECT COUNT(*) FROM drift") == [(0,)]


def test_a_column_that_is_gone_stops_its_record_kind_before_reading_and_names_the_line(source, w):
    change(source, w, range(1, 6), qymc="新名称有限公司")
    change(source, w, range(1, 6), unit=OTHER, qymc="新名称有限公司")
    before = lane_state(source)
    sql(source, "ALTER TABLE zs RENAME COLUMN qymc TO qymc2")
    summary = source.sync()
    assert list(summary.failed) == [LANE]
    message = summary.failed[LANE]
    assert "ECQS-1450" in message
    assert f"used by holder.name at {place_of(source, 'qymc')}" in message
    assert "is it qymc2 now?" in message
    assert f"`ecqs drift {UNIT} --kind {KIND} --accept" in message
    assert lane_state(source) == before
    assert w.counts(summary, OTHER)["sent"] == 5  # the other unit is not held

    assert list(source.sync().failed) == [LANE]  # met again, it is still one hold
    assert source.rows("SELECT state FROM drift") == [("held",)]
    sql(source, "ALTER TABLE zs RENAME COLUMN qymc2 TO qymc")
    summary = source.sync()
    assert summary.failed == {}
    assert w.counts(summary)["sent"] == 5  # nothing was lost meanwhile
    assert source.rows("SELECT state FROM drift") == [("gone",)]
    assert events(source)[2:] == ["drift held", "drift gone"]


def test_a_column_the_mapping_uses_cannot_be_accepted_as_gone_until_the_mapping_is_mended(source):
    sql(source, "ALTER TABLE zs RENAME COLUMN qymc TO mc")
    with pytest.raises(Terminal) as found:
        agree(source)
    assert (found.value.code, found.value.where) == ("ECQS-1452", place_of(source, "qymc"))
    file = source.content / MAP
    file.write_text(file.read_text(encoding="utf-8").replace("qymc", "mc"), encoding="utf-8")
    plan, _ = agree(source)  # the mapping does not fit the old description, so only the structure is taken
    assert plan.remarks
    assert "mc" in {column["name"] for column in described(source)["columns"]}
    assert source.sync().failed == {}


def test_a_new_column_is_told_and_goes_on_until_it_is_accepted(source, w, caplog):
    sql(source, "ALTER TABLE zs ADD COLUMN bz TEXT")
    with source.table(UNIT) as db:
        db.execute("UPDATE zs SET gxsj = ?, qymc = '某公司' WHERE id <= 3", (LATER,))
    summary = source.sync()
    assert summary.failed == {}
    assert w.counts(summary)["sent"] == 3
    assert "has a new column bz (TEXT)" in caplog.text
    plan, held = agree(source)
    assert '+          "name": "bz",' in plan.diff
    assert held == []
    caplog.clear()
    source.sync()
    assert "new column" not in caplog.text


def _with_types(world, types):
    columns = ", ".join(f"{name} {types.get(name, '')}" for name in ("id", "zsbh", "qymc", "tyshxydm", "cpmc", "fzrq"))
    sql(
        world,
        "ALTER TABLE zs RENAME TO old",
        f"CREATE TABLE zs ({columns}, yxqz, zt, gxsj)",
        "INSERT INTO zs SELECT * FROM old",
    )


def test_a_column_of_another_type_holds_a_longer_text_is_told(source, caplog):
    _with_types(source, {"qymc": "VARCHAR(300)"})
    assert source.sync().failed == {}
    assert "zs.qymc was without type and is VARCHAR(300) now" in caplog.text
    sql(source, "DROP TABLE old")
    _with_types(source, {"fzrq": "INTEGER"})
    failed = source.sync().failed
    assert "zs.fzrq was without type and is INTEGER now, used by issue_date at" in failed[LANE]


def test_an_emptied_column_is_held_before_its_rows_are_stored(source, w):
    before = lane_state(source)
    change(source, w, range(1, 51), qymc="  ")
    summary = source.sync()
    assert "zs.qymc is filled in 1 of 51 rows; it used to be in 100%" in summary.failed[LANE]
    assert place_of(source, "qymc") in summary.failed[LANE]
    assert lane_state(source) == before
    assert w.counts(summary)["dead_new"] == 0


def test_old_rows_that_are_read_again_are_told_and_hold_nothing(source, w, caplog):
    change(source, w, range(1, ROWS), qymc=None)
    assert source.sync(since=date(2020, 1, 1)).failed == {}
    assert "drift, warn" in caplog.text
    assert "zs.qymc is filled in" in caplog.text


def test_few_empty_cells_are_no_drift(source, w):
    change(source, w, range(1, 11), qymc=None)
    change(source, w, range(11, 60), qymc="某公司")
    assert source.sync().failed == {}


def test_accepting_shows_a_diff_writes_the_file_and_lets_the_rows_come(source, w, monkeypatch):
    change(source, w, range(1, 51), qymc=None)
    source.sync()
    monkeypatch.chdir(source.root)
    for name, value in source.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)

    def ecqs(*arguments):
        return CliRunner().invoke(app, ["drift", UNIT, *arguments])

    told = ecqs()
    assert told.exit_code == 1
    assert "would be held; 51 rows wait" in told.stdout
    assert "hold        empty_column: zs.qymc" in told.stdout
    assert "is not taken from its source since" in told.stdout
    plain = json.loads(ecqs("--json").stdout)["lanes"][0]
    assert (plain["holds"], plain["found"][0]["place"]) == (True, place_of(source, "qymc"))
    assert plain["hold"]["found"][0]["column"] == "qymc"
    refused = ecqs("--accept")
    assert (refused.exit_code, "ECQS-1451" in refused.output) == (1, True)
    taken = ecqs("--accept", "--by", "李四", "--reason", "企业名称已移出")
    assert taken.exit_code == 0, taken.output
    assert '-          "filled": 60' in taken.stdout
    assert '+          "filled": 1' in taken.stdout
    assert f"No longer held: {KIND}" in taken.stdout
    [(facts,)] = source.rows("SELECT facts FROM evidence WHERE event = 'drift accepted' ORDER BY sequence DESC LIMIT 1")
    assert json.loads(facts)["by"] == "李四"
    assert "企业名称" not in facts
    summary = source.sync()
    assert summary.failed == {}
    assert w.counts(summary)["dead_new"] == 50
    after = ecqs()
    assert after.exit_code == 0, after.output


def test_other_codes_hold_when_they_are_many_and_are_told_when_they_are_few(source, w, caplog):
    change(source, w, range(1, 4), zt="暂停")
    change(source, w, range(4, 50), qymc="某公司")
    assert source.sync().failed == {}
    assert "3 of 50 rows hold 1 codes never seen before, used by status at" in caplog.text
    assert "暂停" not in caplog.text
    change(source, w, range(1, 50), zt="A1", gxsj="2026-11-23 01:30:00")
    failed = source.sync().failed[LANE]
    assert "has another meaning, it seems" in failed
    assert "A1" not in failed
    with source.gateway() as gateway:
        found = look(gateway, UNIT, KIND, rows=1000)
    assert [(one.drift.what, one.drift.codes) for one in found.found] == [("recoded_column", ("A1",))]
    agree(source)
    assert described(source)["columns"][7]["codes"] == ["A1", "暂停", "有效"]
    assert source.sync().failed == {}


def test_a_release_lets_drift_through_once_and_not_for_good(source, w):
    change(source, w, range(1, 51), qymc=None)
    source.sync()
    with source.gateway() as gateway:
        done = release(gateway, UNIT, KIND, reason="本次补传", by="李四")
        assert done.drift
        with pytest.raises(Terminal):
            release(gateway, UNIT, KIND, reason="本次补传", by="李四")
    summary = source.sync()
    assert summary.failed == {}
    assert w.counts(summary)["extracted"] >= 50
    assert source.rows("SELECT state, decided_by FROM drift") == [("passed", "李四")]
    change(source, w, range(1, 51), qymc="", cpmc="电缆", gxsj="2026-11-23 01:40:00")
    assert list(source.sync().failed) == [LANE]
    assert events(source)[2:] == ["drift held", "drift let through", "drift held"]


def test_far_too_many_rows_are_held_at_the_chunk_that_is_too_many_and_what_came_before_is_kept(source, w):
    settings(source, "{most_rows: 150}")
    source.put(UNIT, [w.licence(UNIT, n, gxsj=LATER) for n in range(1000, 1400)])
    summary = source.sync()
    assert "the run brings more than 150 rows of zs; it is declared so" in summary.failed[LANE]
    assert w.counts(summary)["sent"] == 99  # a chunk within the band
    agree(source)  # describes no volume, so it would be held again …
    with source.gateway() as gateway:
        assert look(gateway, UNIT, KIND, rows=1000).holds
    source.sync()
    with source.gateway() as gateway:
        release(gateway, UNIT, KIND, reason="年度更新", by="李四")  # … until somebody lets it through
    assert source.sync().failed == {}
    w.judged_faultless(source, {UNIT: ROWS + 400})


def test_far_too_few_rows_are_held_before_they_are_stored_and_come_with_the_rest(source, w):
    settings(source, "{least_rows: 20}")
    change(source, w, range(1, 6), qymc="某公司")
    before = lane_state(source)
    failed = source.sync().failed[LANE]
    assert "the run brings 6 rows of zs, fewer than 20" in failed
    assert lane_state(source) == before
    change(source, w, range(6, 31), qymc="某公司")
    summary = source.sync()
    assert summary.failed == {}
    assert w.counts(summary)["sent"] == 30


def test_a_night_without_changes_is_normal_unless_the_unit_says_otherwise(source, w):
    sql(source, "DELETE FROM zs")
    assert source.sync().failed == {}
    settings(source, "{quiet_runs: false}")
    assert "there are always some" in source.sync().failed[LANE]
    change(source, w, [1], qymc="某公司")
    assert source.sync().failed == {}


def test_what_a_unit_declares_decides(source, w, caplog):
    settings(source, "{empty_column: warn, new_column: ignore}")
    sql(source, "ALTER TABLE zs ADD COLUMN bz TEXT")
    with source.table(UNIT) as db:
        db.execute("UPDATE zs SET gxsj = ?, qymc = NULL", (LATER,))
    assert source.sync().failed == {}
    assert "zs.qymc is filled in 0 of 60 rows" in caplog.text
    assert "new column" not in caplog.text


def test_a_dry_run_says_so_and_writes_nothing(source, w):
    change(source, w, range(1, 51), qymc=None)
    summary = source.sync(dry_run=True)
    assert "ECQS-1450" in summary.failed[LANE]
    assert source.rows("SELECT COUNT(*) FROM drift") == [(0,)]


def test_a_source_nobody_described_is_judged_by_what_the_mapping_uses_alone(source):
    (source.content / "schemas" / "sources" / f"{UNIT}.json").unlink()
    sql(source, "ALTER TABLE zs ADD COLUMN bz TEXT")
    with source.table(UNIT) as db:
        db.execute("UPDATE zs SET gxsj = ?, qymc = NULL", (LATER,))
    assert source.sync().failed == {}
    sql(source, "ALTER TABLE zs DROP COLUMN cpmc")
    assert place_of(source, "cpmc, by") in source.sync().failed[LANE]


def test_the_header_of_a_file_is_judged_with_its_first_rows(source, w, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    connector = f"""version: 1
unit: "{UNIT}"
owner: 测试
source: {{type: files, connection: ecqs_{UNIT}}}
streams:
  certificate: {{files: "zs-*.csv", format: csv, key: [id], settle: 0s}}
"""
    source.write(f"connectors/provinces/{UNIT}.yaml", connector)
    source.connections[f"ecqs_{UNIT}"] = {"conn_type": "fs", "extra": {"path": str(folder)}}

    def drop(name, columns):
        rows = [w.licence(UNIT, n, qymc=name) for n in range(1, 41)]
        lines = [",".join(columns), *(",".join(str(getattr(row, c)) for c in columns) for row in rows)]
        (folder / f"zs-{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    drop("甲", w.COLUMNS)
    agree(source)
    assert source.sync().failed == {}
    drop("乙", [c for c in w.COLUMNS if c != "fzrq"])
    failed = source.sync().failed[LANE]
    assert f"zs-*.csv has no column fzrq any more, used by issue_date at {place_of(source, 'fzrq')}" in failed
    (folder / "zs-乙.csv").unlink()
    drop("丙", w.COLUMNS)
    assert source.sync().failed == {}


def test_status_and_doctor_tell_of_it(source, w, monkeypatch):
    change(source, w, range(1, 51), qymc=None)
    source.sync()
    for name, value in source.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(source.root)
    told = CliRunner().invoke(app, ["status"]).stdout
    assert f"Drift: {LANE} is not taken from its source since" in told
    doctor = CliRunner().invoke(app, ["doctor", "--offline"]).stdout
    assert "nothing is taken from its source since" in doctor
