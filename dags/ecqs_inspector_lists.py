"""Every day at 05:30: fetch the national list of inspectors, verify it, and write it back to each province.

What is not believed is kept as evidence and changes nothing; the version held before is written to the provinces that
do not have it yet all the same. One mapped task per reporting unit, so that a locked table neither stops nor hides the
others.
"""

from typing import Any

from airflow.sdk import TriggerRule, dag, task

from ecqs_gateway.airflow import inspector_tasks as tasks
from ecqs_gateway.airflow.defaults import POOL, RETRY_BY_ERROR, dag_arguments, unit_task


@dag(**dag_arguments("30 5 * * *"), doc_md=__doc__)
def ecqs_inspector_lists() -> None:
    @task(retry_policy=RETRY_BY_ERROR, multiple_outputs=False)
    def pull() -> dict[str, Any]:
        return tasks.pull()

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def plan() -> list[tasks.Target]:
        return tasks.plan()

    @task(**unit_task(pool=POOL))
    def write_back(job: tasks.Target) -> dict[str, Any]:
        return tasks.write_back(job)

    @task(retries=0, trigger_rule=TriggerRule.ALL_DONE)
    def close(pulled: dict[str, Any] | None) -> None:
        tasks.close(pulled)

    pulled, jobs = pull(), plan()
    pulled >> jobs
    write_back.expand(job=jobs) >> close(pulled)


ecqs_inspector_lists()
