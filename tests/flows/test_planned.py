"""Changes of content: what a plan says of stored and live rows, who accepts it, and the gate that asks for it."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from ecqs_gateway.airflow import tasks
from ecqs_gateway.content.fingerprint import fingerprint, lane_parts
from ecqs_gateway.content.load import load
from ecqs_gateway.errors import Conflict, Misconfigured, Terminal
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.bench import Unusable
from ecqs_gateway.flows.doctor import Finding, Options, Verdict, examine
from ecqs_gateway.flows.planned.accept import accept
from ecqs_gateway.flows.planned.base import Bases
from ecqs_gateway.flows.planned.forecast import Wish, forecast_lane
from ecqs_gateway.ledger import bundles, plans

UNIT, OTHER, KIND = "320000", "370000", "certificate"
MAP = f"mappings/{UNIT}/{KIND}.yaml"
CODES = f"mappings/{UNIT}/codes/zt.csv"
REQUIRED = "changes: {accept: required}\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Two units; one with six good rows and one refused for its code. Synced once, and once more with a changed row."""
    w = sys.modules["ecqs_test_support_world"]
    world = w.World(tmp_path_factory.mktemp("planned"))
    world.build()
    (world.content / "schemas").unlink()
    without = shutil.ignore_patterns("rules", "onboarding", "sources")  # what costs each start a quarter of a second
    shutil.copytree(w.ROOT / "schemas", world.content / "schemas", ignore=without)
    with world.headquarters():
        world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 7)), w.licence(UNIT, 7, zt="暂停")])
        world.province(OTHER, 2)
        world.sync()
        world.clock.forward(days=1)
        world.put(UNIT, [w.licence(UNIT, 2, qymc="新名电缆有限公司", gxsj="2026-11-21 08:00:00")])
        world.sync()
    return world


@pytest.fixture
def world(base, w, tmp_path):
    """A copy of it for one test."""
    return w.clone(base, tmp_path / "world")


@pytest.fixture
def strict(world):
    """The same where every change must be accepted."""
    ask(world)
    return world


def ask(world) -> None:
    path = world.content / "connectors/national.yaml"
    path.write_text(path.read_text(encoding="utf-8") + REQUIRED, encoding="utf-8")


def edit(world, was: str, now: str, file: str = MAP) -> None:
    path = world.content / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now), encoding="utf-8")


def plan(world, unit: str = UNIT, *, digest=None, folder=None, **wish):
    with world.gateway() as gateway, Bases.of(gateway, digest=digest, folder=folder) as bases:
        return forecast_lane(gateway, unit, KIND, bases.base(unit, KIND), Wish(**wish))


def accepted(world, unit: str = UNIT, **how) -> int | None:
    with world.gateway() as gateway, Bases.of(gateway, **how) as bases:
        found = forecast_lane(gateway, unit, KIND, bases.base(unit, KIND), Wish())
        return accept(gateway, found, by="李四", reason="按省局通知")


def sync(world, **options):
    world.clock.forward(days=1)
    with world.headquarters():
        return world.sync(**options)


def cancel(world) -> None:
    """Let 注销 and 有效 mean something else: five of six records change."""
    edit(world, "有效,01,", "有效,05,", CODES)


def test_each_source_row_is_looked_at_once_as_it_was_read_last(world):
    edit(world, "holder.name: qymc", "holder.name: {expr: \"replace(qymc, '新名', '旧名')\"}")
    found = plan(world)
    assert (found.verdict, found.forecast.rows, found.forecast.changed) == ("changes", 7, 1)
    (field,) = found.forecast.fields
    assert (field.path, field.pairs[0].old, field.pairs[0].new) == (
        "holder.name",
        "新名电缆有限公司",
        "旧名电缆有限公司",
    )
    assert field.place == f"{MAP}:8"
    assert [edit_.what for edit_ in found.edits] == ["holder.name"]


def test_the_newest_rows_are_looked_at_first_and_what_is_left_out_is_said(world):
    cancel(world)
    found = plan(world, limit=1)
    assert found.notes == ("7 rows stored before were not looked at; --limit takes more.",)


def test_newly_passing_and_newly_refused_rows_are_named_with_why(world):
    edit(world, "有效,01,", "暂停,01,", CODES)
    forecast = plan(world).forecast
    assert (forecast.refused, forecast.passing, forecast.removed, forecast.added) == (6, 1, 6, 1)
    assert forecast.examples["refused"][0].why == "ECQS-1291 status"
    assert forecast.examples["passing"][0].source_key == "7"
    (rule,) = [one for one in forecast.rules if one.rule == "ECQS-1291"]
    assert (rule.before, rule.after, rule.gained, rule.lost) == (1, 6, 6, 1)


def test_another_business_key_is_told_as_removed_and_added(world, w):
    edit(world, "number: {from: zsbh, clean: [width, spaces]}", "number: {expr: \"replace(zsbh, '苏', '浙')\"}")
    forecast = plan(world).forecast
    assert (forecast.rekeyed, forecast.removed, forecast.added, forecast.changed) == (6, 6, 6, 0)
    first = forecast.examples["rekeyed"][0]
    assert first.before == w.key(UNIT, int(first.source_key))
    assert first.after.startswith("(浙)")


@pytest.mark.parametrize("live", [False, True])
def test_stored_and_live_rows_give_the_same_answer(world, live):
    cancel(world)
    found = plan(world, live=live)
    assert (found.forecast.rows, found.forecast.changed) == (7, 6)
    assert found.base_bundle != found.bundle


def test_a_column_the_stored_rows_do_not_have_can_only_be_answered_live(world):
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE zs ADD COLUMN xm TEXT DEFAULT '增加'")
    edit(world, "holder.name: qymc", "holder.name: xm")
    with pytest.raises(Misconfigured) as caught:
        plan(world)
    assert caught.value.code == "ECQS-1412"
    assert (caught.value.where, "--live" in (caught.value.hint or "")) == (f"{MAP}:8", True)
    assert plan(world, live=True).forecast.changed == 6


def test_a_column_the_source_lost_leaves_nothing_to_compare_with_and_says_so(world):
    edit(world, "holder.name: qymc", "holder.name: {const: 某公司}")
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE zs DROP COLUMN qymc")
    found = plan(world, live=True)
    assert (found.verdict, found.forecast.before, found.forecast.after.goes) == ("first", None, 6)
    assert found.notes == ("No comparison: these rows lack column qymc, which the content in use reads.",)


def test_personal_data_is_veiled_in_every_example(world):
    edit(world, "  status: {from", "  status_note: {expr: \"concat(tyshxydm, ' 13812345678')\"}\n  status: {from")
    edit(world, "  status_note: {absent: {reason: 没有, owner: 测试, until: 2099-12-31}}\n", "")
    text = str(plan(world).forecast)
    assert "13812345678" not in text
    assert "***" in text


def test_mistakes_of_the_new_mapping_are_told_with_their_lines(world):
    edit(world, "holder.name: qymc", "holder.nmae: qymc")
    with pytest.raises(Unusable) as caught:
        plan(world)
    assert (MAP, 8, "ECQS-1030") in [(p.file, p.line, p.code) for p in caught.value.problems]


def test_a_broken_rule_stops_the_plan_instead_of_being_left_out(world, project_root):
    shutil.rmtree(world.content / "schemas")
    shutil.copytree(project_root / "schemas", world.content / "schemas")
    edit(world, "valid_until", "valid_untill", "schemas/rules/certificate.yaml")
    with pytest.raises(Unusable):
        plan(world)


def test_nothing_that_concerns_the_lane_changed_needs_no_rows(world):
    edit(world, "owner: 测试\n", "owner: 另一个科室 # 备注\n")
    edit(world, "有效,01,\n注销,04,\n", "注销,04,说明\n有效,01,\n", CODES)
    edit(world, "注销,04,", "注销,07,", f"mappings/{OTHER}/codes/zt.csv")
    assert plan(world).verdict == "same"
    assert plan(world, OTHER).verdict == "nothing"  # nothing there is 注销


def test_a_base_may_be_named_by_digest_or_folder(world, tmp_path):
    shutil.copytree(world.content, tmp_path / "old", symlinks=True)
    digest = load(world.content).digest
    cancel(world)
    for how in ({"digest": digest[7:15]}, {"digest": digest}, {"folder": tmp_path / "old"}):
        assert plan(world, **how).forecast.changed == 6
    for how, code in (
        ({"digest": "ffff"}, "ECQS-1402"),
        ({"digest": ""}, "ECQS-1402"),
        ({"folder": tmp_path / "nothing"}, "ECQS-1404"),
        ({"folder": tmp_path, "digest": "a"}, "ECQS-1401"),
    ):
        with pytest.raises(Misconfigured) as caught:
            plan(world, **how)
        assert caught.value.code == code


def test_an_archive_that_was_exchanged_is_not_compared_with(world):
    digest = load(world.content).digest
    cancel(world)
    with world.gateway() as gateway:
        kept = bundles.find(gateway.database, digest)
        data = gateway.stage.get(kept.file.name, kept.file.digest)
        forged = gateway.stage.put(kept.file.name, data.replace("测试".encode(), "假的".encode()))
    with world.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE content_bundle SET file_digest = ?", (bytes.fromhex(forged.digest),))
    with pytest.raises((Conflict, Terminal)) as caught:
        plan(world)
    assert caught.value.code in {"ECQS-1410", "ECQS-4011"}


def test_before_its_first_rows_a_lane_has_nothing_to_compare_with(world):
    world.province("210000", 2)
    found = plan(world, "210000")
    assert (found.verdict, found.forecast) == ("first", None)
    found = plan(world, "210000", live=True)
    assert (found.verdict, found.base, found.forecast.after.goes) == ("first", None, 2)


def test_where_the_rows_were_pruned_a_plan_says_how_to_get_some(world):
    with world.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE extraction SET pruned_at = '2027-01-01'")
    cancel(world)
    with pytest.raises(Misconfigured) as caught:
        plan(world)
    assert (caught.value.code, caught.value.hint) == ("ECQS-1411", "read some from the source: --live")


# -- acceptance and the gate


def test_a_change_nobody_accepted_holds_only_its_own_lane(strict, w):
    cancel(strict)
    strict.put(UNIT, [w.licence(UNIT, 8, gxsj="2026-11-22 08:00:00")])
    strict.put(OTHER, [w.licence(OTHER, 3, gxsj="2026-11-22 08:00:00")])
    summary = sync(strict)
    assert list(summary.failed) == [f"{UNIT} {KIND}"]
    why = summary.failed[f"{UNIT} {KIND}"]
    assert "ECQS-1400" in why
    assert f"ecqs mapping plan {UNIT} {KIND}" in why
    assert "--accept" in why
    assert [row["sent"] for row in summary.rows if row["unit"] == OTHER] == [1]
    assert strict.held(UNIT).keys().isdisjoint({w.key(UNIT, 8)})


def test_an_accepted_change_runs_and_what_was_accepted_is_kept(strict, w):
    cancel(strict)
    strict.put(UNIT, [w.licence(UNIT, 8, gxsj="2026-11-22 08:00:00")])
    number = accepted(strict)
    assert number == 1
    assert sync(strict).failed == {}
    assert strict.held(UNIT)[w.key(UNIT, 8)].key
    facts = {row[0]: json.loads(row[1]) for row in strict.rows("SELECT event, facts FROM evidence ORDER BY sequence")}
    assert facts["plan accepted"]["by"] == "李四"
    assert facts["plan accepted"]["counts"] == {"changed": 6}
    assert "按省局通知" not in str(facts)
    assert facts["content changed"]["after"] == facts["plan accepted"]["after"]
    assert sync(strict).failed == {}


def test_an_acceptance_is_good_for_that_change_only(strict, w):
    cancel(strict)
    accepted(strict)
    edit(strict, "有效,05,", "有效,07,", CODES)
    strict.put(UNIT, [w.licence(UNIT, 8, gxsj="2026-11-22 08:00:00")])
    assert "ECQS-1400" in str(sync(strict).failed)
    edit(strict, "有效,07,", "有效,05,", CODES)
    assert sync(strict).failed == {}
    edit(strict, "有效,05,", "有效,01,", CODES)  # the way back is a change, too
    assert "ECQS-1400" in str(sync(strict).failed)


def told(world, **options) -> list[Finding]:
    """What the doctor says of changes that wait."""
    report = examine(world.settings(), Options(offline=True, quick=True, **options), clock=world.clock)
    return [finding for finding in report.findings if finding.check == "content.accepted"]


def test_the_doctor_names_a_change_that_waits_until_it_is_accepted(strict):
    assert [finding.verdict for finding in told(strict)] == [Verdict.OK]
    cancel(strict)
    (waiting,) = told(strict)
    assert (waiting.verdict, waiting.place) == (Verdict.PROBLEM, f"{UNIT} {KIND}")
    assert waiting.next in str(sync(strict, dry_run=True).failed), "the gate says the same"
    assert f"`ecqs mapping plan {UNIT} {KIND}`" in waiting.next
    assert [finding.verdict for finding in told(strict, unit=OTHER)] == [Verdict.OK]
    accepted(strict)
    assert [finding.verdict for finding in told(strict)] == [Verdict.OK]
    edit(strict, "有效,05,", "有效,07,", CODES)
    assert [finding.verdict for finding in told(strict)] == [Verdict.PROBLEM], "good for that change alone"


def test_the_doctor_asks_for_nothing_where_changes_are_free(world):
    cancel(world)
    assert [finding.verdict for finding in told(world)] == [Verdict.NOT_CHECKED]
    connector = world.content / f"connectors/provinces/{UNIT}.yaml"
    connector.write_text(connector.read_text(encoding="utf-8") + REQUIRED, encoding="utf-8")
    assert [(finding.verdict, finding.place) for finding in told(world)] == [(Verdict.PROBLEM, f"{UNIT} {KIND}")]


def test_the_doctor_does_not_judge_a_lane_of_a_ledger_that_did_not_note_its_content(strict):
    with strict.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM lane_content")
    assert [finding.verdict for finding in told(strict)] == [Verdict.NOT_CHECKED, Verdict.NOT_CHECKED]


def test_what_does_not_decide_about_a_lane_asks_nobody(strict):
    edit(strict, "owner: 测试\n", "owner: 另一个科室 # 备注\n")
    edit(strict, "ignore: [id, gxsj]", "ignore: [id]")
    edit(strict, "注销,04,", "注销,07,", f"mappings/{OTHER}/codes/zt.csv")
    assert list(sync(strict).failed) == [f"{OTHER} {KIND}"]


def test_the_first_rows_of_a_lane_need_no_acceptance(strict):
    strict.province("210000", 2)
    assert sync(strict).failed == {}
    assert accepted(strict, "210000") is None


def test_a_dry_run_says_that_the_run_would_be_refused(strict):
    cancel(strict)
    assert "ECQS-1400" in str(sync(strict, dry_run=True).failed)


def test_a_connector_may_ask_for_more_but_not_for_less(world):
    connector = f"connectors/provinces/{UNIT}.yaml"
    edit(world, "owner: 测试", f"owner: 测试\n{REQUIRED.strip()}", connector)
    cancel(world)
    edit(world, "有效,01,", "有效,05,", f"mappings/{OTHER}/codes/zt.csv")
    assert list(sync(world).failed) == [f"{UNIT} {KIND}"]
    edit(world, "accept: required", "accept: free", connector)
    assert [problem.code for problem in load(world.content).errors] == ["ECQS-1013"]


def test_the_tasks_of_the_dag_refuse_the_same(strict, monkeypatch):
    cancel(strict)
    for name, value in strict.environment().items():
        if name.startswith(("ECQS_", "AIRFLOW")):
            monkeypatch.setenv(name, value)
    jobs = tasks.plan()
    (mine,) = [job for job in jobs if job["unit"] == UNIT]
    (other,) = [job for job in jobs if job["unit"] == OTHER]
    with pytest.raises(Misconfigured) as caught:
        tasks.collect(mine)
    assert caught.value.code == "ECQS-1400"
    assert tasks.collect(other)["unit"] == OTHER


def test_only_a_plan_against_what_is_in_use_can_be_accepted(strict, tmp_path):
    shutil.copytree(strict.content, tmp_path / "same", symlinks=True)
    cancel(strict)
    shutil.copytree(strict.content, tmp_path / "other", symlinks=True)
    edit(strict, "有效,05,", "有效,07,", CODES)
    with pytest.raises(Misconfigured) as caught:
        accepted(strict, folder=tmp_path / "other")
    assert caught.value.code == "ECQS-1407"
    assert accepted(strict, folder=tmp_path / "same") == 1  # another folder, but what it says is what is in use


def test_an_acceptance_needs_a_name_and_a_reason(strict):
    cancel(strict)
    with strict.gateway() as gateway, Bases.of(gateway) as bases:
        found = forecast_lane(gateway, UNIT, KIND, bases.base(UNIT, KIND), Wish())
        for by, reason in (("", "x"), ("x", " ")):
            with pytest.raises(Terminal) as caught:
                accept(gateway, found, by=by, reason=reason)
            assert caught.value.code == "ECQS-1406"


def test_rows_of_before_the_ledger_noted_what_is_in_use_are_judged_by_their_runs_bundle(strict):
    with strict.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM lane_content")
    edit(strict, "owner: 测试\n", "owner: 另一个科室\n")
    assert sync(strict).failed == {}
    cancel(strict)
    assert "ECQS-1400" in str(sync(strict).failed)
    assert plan(strict).forecast.changed == 6


def test_content_that_only_failed_to_fit_is_not_in_use(world, w):
    """A mapping under which no row was mapped leaves what is in use as it was: taking it back is no change."""
    ask(world)
    before = load(world.content)
    edit(world, "holder.name: qymc", "holder.name: nirgends")
    with world.headquarters(), world.gateway() as gateway:
        nightly.sync(gateway, nightly.Options())
        assert plans.in_use(gateway.database, UNIT, KIND).fingerprint == fingerprint(lane_parts(before, UNIT, KIND))
