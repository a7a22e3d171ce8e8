"""Runs one of our DAGs in this process, on SQLite, without an Airflow server: what `make demo` does.

The DAG, its tasks, mapping, trigger rules and retries are Airflow's own; only scheduler, API server and executor are
left out (``dag.test()``). Airflow's home lies under ECQS_HOME, so that a later ``airflow standalone`` on the same home
shows the runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

__all__ = ["main", "prepare_environment"]


def prepare_environment(dags: Path, home: Path) -> None:
    """Set Airflow's environment; must happen before Airflow is imported for the first time."""
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    home.mkdir(parents=True, exist_ok=True)
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def run(dag_id: str, dags: Path) -> bool:
    """Run a DAG to its end and say whether it succeeded."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415  only after the environment is set
    from airflow.utils.db import initdb  # noqa: PLC0415

    initdb()
    bag = DagBag(str(dags), bundle_path=dags, bundle_name="dags-folder")
    for file, error in bag.import_errors.items():
        sys.stderr.write(f"{file} could not be read:\n{error}\n")
    found = bag.get_dag(dag_id)
    if found is None:
        return False
    return str(found.test().state) == "success"


def main() -> int:
    """Command line: ``python -m ecqs_gateway.airflow.local DAG_ID --dags FOLDER --home FOLDER``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("dag_id")
    parser.add_argument("--dags", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    given = parser.parse_args()
    prepare_environment(given.dags.resolve(), given.home.resolve())
    return 0 if run(given.dag_id, given.dags.resolve()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
