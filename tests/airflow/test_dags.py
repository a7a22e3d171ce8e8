"""The DAGs as Airflow sees them, and whole runs of them, each in a process and an AIRFLOW_HOME of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
UNIT, OTHER = "320000", "370000"

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(240), pytest.mark.xdist_group("airflow")]

_INSPECT = """
import json, sys
from pathlib import Path
from ecqs_gateway.airflow.local import prepare_environment
home, dags = Path(sys.argv[1]), Path(sys.argv[2])
prepare_environment(dags, home)
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
initdb()
bag = DagBag(str(dags), bundle_path=dags, bundle_name="dags-folder")
found = {}
for name, dag in bag.dags.items():
    found[name] = {
        "file": dag.fileloc, "tags": sorted(dag.tags), "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
        "zone": str(dag.timezone),
        "schedule": [str(getattr(dag.timetable, name, None)) for name in ("expression", "timezone")],
        "doc": dag.doc_md,
        "tasks": {
            task.task_id: {
                "owner": task.owner, "retries": task.retries,
                "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "trigger": getattr(task.trigger_rule, "value", task.trigger_rule),
                "mapped": task.is_mapped or task.get_closest_mapped_task_group() is not None,
                "shown": getattr(task, "map_index_template", None), "upstream": sorted(task.upstream_task_ids),
                "policy": bool(task.partial_kwargs.get("retry_policy") if task.is_mapped else task.retry_policy),
            }
            for task in dag.tasks
        },
    }
print("RESULT" + json.dumps({"errors": {str(k): v for k, v in bag.import_errors.items()}, "dags": found}))
"""


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    import os

    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "ECQS_"))}
    done = _run(["-c", _INSPECT, str(tmp_path_factory.mktemp("airflow")), str(DAGS)], {**kept, "PYTHONPATH": str(ROOT)})
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[-1].removeprefix("RESULT"))


def test_every_dag_file_can_be_imported(bag: dict) -> None:
    assert bag["errors"] == {}
    assert {Path(dag["file"]).stem for dag in bag["dags"].values()} == {file.stem for file in DAGS.glob("*.py")}
    assert "ecqs_nightly_sync" in bag["dags"]


def test_every_dag_keeps_the_policy(bag: dict) -> None:
    for name, dag in bag["dags"].items():
        assert name == Path(dag["file"]).stem
        assert name.startswith("ecqs_")
        assert dag["tags"], name
        assert dag["doc"], name
        assert dag["catchup"] is False, name
        assert dag["max_active_runs"] == 1, name
        assert dag["zone"] == "Asia/Shanghai", name
        assert dag["schedule"][1] == "Asia/Shanghai", name
        for task_id, task in dag["tasks"].items():
            assert task["owner"] not in ("airflow", ""), (name, task_id)
            assert task["timeout"], (name, task_id)
            if task["mapped"]:
                assert task["retries"] >= 1, (name, task_id)
                assert task["policy"], (name, task_id)
                assert "unit" in task["shown"], (name, task_id)


def test_a_unit_is_delivered_also_when_it_could_not_be_collected(bag: dict) -> None:
    tasks = bag["dags"]["ecqs_nightly_sync"]["tasks"]
    assert set(tasks) == {"plan", "unit.collect", "unit.deliver", "close"}
    assert tasks["unit.deliver"]["upstream"] == ["plan", "unit.collect"]
    assert tasks["unit.deliver"]["trigger"] == "all_done"
    assert tasks["close"]["trigger"] == "all_done"


def test_each_unit_sends_its_own_report_by_itself(bag: dict) -> None:
    dag = bag["dags"]["ecqs_headquarters_report"]
    assert dag["schedule"][0] == "0 6 3 * *"
    assert set(dag["tasks"]) == {"plan", "send"}
    assert dag["tasks"]["send"]["mapped"]
    assert dag["tasks"]["send"]["upstream"] == ["plan"]


def test_the_list_held_is_written_back_also_when_a_new_one_was_not_believed(bag: dict) -> None:
    tasks = bag["dags"]["ecqs_inspector_lists"]["tasks"]
    assert set(tasks) == {"pull", "plan", "write_back", "close"}
    assert tasks["plan"]["upstream"] == ["pull"]
    assert tasks["plan"]["trigger"] == "all_done"
    assert tasks["write_back"]["mapped"]
    assert tasks["write_back"]["upstream"] == ["plan"]
    assert tasks["close"]["upstream"] == ["pull", "write_back"]
    assert tasks["close"]["trigger"] == "all_done"
    assert tasks["pull"]["policy"]


def test_units_are_compared_one_by_one_and_the_run_is_closed_whatever_became_of_them(bag: dict) -> None:
    tasks = bag["dags"]["ecqs_reconciliation"]["tasks"]
    assert set(tasks) == {"plan", "compare", "close"}
    assert tasks["compare"]["mapped"]
    assert tasks["close"]["trigger"] == "all_done"


def _dag_run(world, home: Path, dag: str = "ecqs_nightly_sync", **variables: str) -> subprocess.CompletedProcess[str]:
    arguments = ["-m", "ecqs_gateway.airflow.local", dag, "--dags", str(DAGS), "--home", str(home)]
    return _run(arguments, world.environment() | variables)


def _instances(home: Path) -> dict[tuple[str, str | None], str]:
    """Read what Airflow itself kept: (task, shown name of its unit) → state."""
    import sqlite3

    with closing(sqlite3.connect(home / "airflow.db")) as db:
        rows = db.execute(
            "SELECT task_id, rendered_map_index, state FROM task_instance"
            " WHERE run_id = (SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)"
        ).fetchall()
    return {(task, shown): state for task, shown, state in rows}


def test_a_run_loads_everything_shows_each_unit_by_its_code_and_tells_openlineage(world, w, tmp_path: Path) -> None:
    world.national(wait="20s")
    world.province(UNIT, 60)
    world.province(OTHER, 20)
    events = tmp_path / "events.jsonl"
    transport = json.dumps({"type": "file", "log_file_path": str(events), "append": True})
    done = _dag_run(world, tmp_path / "airflow", AIRFLOW__OPENLINEAGE__TRANSPORT=transport)
    assert done.returncode == 0, done.stdout + done.stderr
    w.judged_faultless(world, {UNIT: 60, OTHER: 20})
    assert _instances(tmp_path / "airflow") == {
        ("plan", None): "success",
        ("close", None): "success",
        **{(f"unit.{task}", unit): "success" for task in ("collect", "deliver") for unit in (UNIT, OTHER)},
    }
    assert world.rows("SELECT state FROM run") == [("done",)]
    _judge_lineage(world, [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()])


def _judge_lineage(world, events: list[dict]) -> None:
    """The task's own run tells which column each national field is made of; no value of a row and no secret is told."""
    told = [(event, made) for event in events for made in event.get("outputs", ()) if made["namespace"] == "ecqs"]
    assert sorted({made["name"] for _, made in told}) == [f"{UNIT}.certificate", f"{OTHER}.certificate"]
    event, made = next(pair for pair in told if pair[1]["name"] == f"{UNIT}.certificate")
    assert event["job"]["name"] == "ecqs_nightly_sync.unit.collect"
    lineage = made["facets"]["columnLineage"]
    assert "ColumnLineageDatasetFacet" in lineage["_schemaURL"]
    (came,) = lineage["fields"]["status"]["inputFields"]
    table = {"namespace": "file", "name": f"{world.source(UNIT)}/zs"}
    assert {k: came[k] for k in ("namespace", "name", "field")} == {**table, "field": "zt"}
    (how,) = came["transformations"]
    assert (how["type"], how["subtype"], how["masking"]) == ("DIRECT", "TRANSFORMATION", False)
    assert "zt" in how["description"]
    plain = lineage["fields"]["holder.name"]["inputFields"][0]["transformations"][0]
    assert plain["subtype"] == "IDENTITY"
    assert [one["field"] for one in lineage["dataset"]] == ["gxsj"]
    assert lineage["fields"]["products[].name"]["inputFields"][0]["field"] == "cpmc"
    assert {k: event["inputs"][0][k] for k in table} == table
    assert "远山电缆" not in json.dumps(events, ensure_ascii=False)


def test_a_run_with_one_broken_unit_fails_and_the_others_are_loaded(world, w, tmp_path: Path) -> None:
    world.national(wait="20s")
    world.province(UNIT, 30)
    world.province(OTHER, 20)
    file = world.content / f"mappings/{OTHER}/certificate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("issue_date: fzrq", "issue_dat: fzrq"), encoding="utf-8")
    done = _dag_run(world, tmp_path / "airflow")
    assert done.returncode == 1, done.stdout + done.stderr
    w.judged_faultless(world, {UNIT: 30, OTHER: 0})
    states = _instances(tmp_path / "airflow")
    assert states[("unit.collect", OTHER)] == "failed"
    assert states[("unit.collect", UNIT)] == states[("unit.deliver", UNIT)] == "success"
    assert states[("close", None)] == "failed"
    assert world.rows("SELECT state, message FROM run") == [("failed", f"{OTHER} certificate")]
    told = done.stdout + done.stderr
    assert "ECQS-6001" in told
    assert f"mappings/{OTHER}/certificate.yaml" in told


def test_audit_requests_are_pulled_by_unit_and_an_overdue_one_fails_its_task_only(world, w, tmp_path: Path) -> None:
    from datetime import date

    from ecqs_gateway.sandbox.audit_desk import Order, open_desk

    world.without_rules()
    for unit in (UNIT, OTHER):
        world.province(unit, 5)
    assert world.sync().failed == {}
    world.running.wait_idle()
    with open_desk(world.hq_home, ROOT / "schemas" / "calendar") as desk:
        late = desk.draw(UNIT, Order(due=date(2020, 1, 2))).id
        fine = desk.draw(OTHER, Order(due=date(2099, 12, 31))).id
        done = _dag_run(world, tmp_path / "airflow", "ecqs_audit_requests")
        world.running.wait_idle()
        assert done.returncode == 1, done.stdout + done.stderr
        assert "ECQS-7070" in done.stdout + done.stderr
        assert late in done.stdout + done.stderr
        assert [desk.audits.find(each).state for each in (late, fine)] == ["acknowledged", "acknowledged"]
    assert _instances(tmp_path / "airflow") == {
        ("units", None): "success",
        ("pull", UNIT): "failed",
        ("pull", OTHER): "success",
    }


def test_the_pool_and_nothing_else_comes_from_the_environment_of_the_dag_files() -> None:
    """A DAG file is read every few seconds: it opens no ledger, no source and no content."""
    for file in DAGS.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for word in ("open_gateway", "load_settings", "Variable", "Connection", "os.environ"):
            assert word not in text, f"{file.name} uses {word}"


def test_a_run_that_could_not_be_planned_is_a_failed_run() -> None:
    from ecqs_gateway.airflow import tasks
    from ecqs_gateway.errors import Terminal

    with pytest.raises(Terminal, match="could not be planned"):
        tasks.close(None)


def test_an_order_to_stop_is_obeyed_by_the_dag_and_is_no_failure_of_it(world, w, tmp_path: Path) -> None:
    from ecqs_gateway.ledger import stops

    world.province(UNIT, 5)
    world.province(OTHER, 5)
    with world.ledger() as database:
        database.upgrade()
        stops.order(database, stops.Scope(UNIT), reason="端口切换", by="李工")
    done = _dag_run(world, tmp_path / "airflow")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stopped by order" in done.stdout + done.stderr
    assert "李工" in done.stdout + done.stderr
    w.judged_faultless(world, {UNIT: 0, OTHER: 5})
    [(state, message)] = world.rows("SELECT state, message FROM run")
    assert state == "done"
    assert "端口切换" in message


def test_a_run_of_the_reconciliation_mends_what_headquarters_lost(world, w, tmp_path: Path) -> None:
    from ecqs_gateway.sandbox.tamper import tamper

    world.without_rules()
    world.national(wait="20s")
    world.province(UNIT, 12)
    assert world.sync().failed == {}
    tamper(world.hq_home, "lose", UNIT, "certificate", [w.key(UNIT, 3)])
    arguments = ["-m", "ecqs_gateway.airflow.local", "ecqs_reconciliation", "--dags", str(DAGS), "--home"]
    done = _run([*arguments, str(tmp_path / "airflow")], world.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert w.key(UNIT, 3) in world.held(UNIT)
    states = _instances(tmp_path / "airflow")
    assert states[("compare", UNIT)] == "success"
    assert world.rows("SELECT state FROM run WHERE flow = 'reconciliation'") == [("done",)]
