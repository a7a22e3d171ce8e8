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


def _dag_run(world, home: Path) -> subprocess.CompletedProcess[str]:
    arguments = ["-m", "ecqs_gateway.airflow.local", "ecqs_nightly_sync", "--dags", str(DAGS), "--home", str(home)]
    return _run(arguments, world.environment())


def _instances(home: Path) -> dict[tuple[str, str | None], str]:
    """Read what Airflow itself kept: (task, shown name of its unit) → state."""
    import sqlite3

    with closing(sqlite3.connect(home / "airflow.db")) as db:
        rows = db.execute(
            "SELECT task_id, rendered_map_index, state FROM task_instance"
            " WHERE run_id = (SELECT run_id FROM dag_run ORDER BY id DESC LIMIT 1)"
        ).fetchall()
    return {(task, shown): state for task, shown, state in rows}


def test_a_run_loads_everything_and_shows_each_unit_by_its_code(world, w, tmp_path: Path) -> None:
    world.national(wait="20s")
    world.province(UNIT, 60)
    world.province(OTHER, 20)
    done = _dag_run(world, tmp_path / "airflow")
    assert done.returncode == 0, done.stdout + done.stderr
    w.judged_faultless(world, {UNIT: 60, OTHER: 20})
    assert _instances(tmp_path / "airflow") == {
        ("plan", None): "success",
        ("close", None): "success",
        **{(f"unit.{task}", unit): "success" for task in ("collect", "deliver") for unit in (UNIT, OTHER)},
    }
    assert world.rows("SELECT state FROM run") == [("done",)]


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
