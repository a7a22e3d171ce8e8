"""Every morning at 05:30: compare what headquarters holds with what was sent, and send again what it lost.

On Sundays the sources are swept too: rows that slipped under the watermark are queued for the next sync, and records
a source no longer has are listed for a person. One mapped task per reporting unit.
"""

from typing import Any

from airflow.sdk import TriggerRule, dag, task

from ecqs_gateway.airflow import reconciliation
from ecqs_gateway.airflow.defaults import POOL, dag_arguments, unit_task


@dag(**dag_arguments("30 5 * * *"), doc_md=__doc__, params={"source": None, "repair": True})
def ecqs_reconciliation() -> None:
    @task(retries=0)
    def plan(params: Any = None, data_interval_end: Any = None) -> list[reconciliation.Job]:
        return reconciliation.plan(params, data_interval_end)

    @task(**unit_task(pool=POOL))
    def compare(job: reconciliation.Job) -> reconciliation.Outcome:
        return reconciliation.compare(job)

    @task(retries=0, trigger_rule=TriggerRule.ALL_DONE)
    def close(jobs: list[reconciliation.Job] | None) -> None:
        reconciliation.close(jobs)

    jobs = plan()
    compare.expand(job=jobs) >> close(jobs)


ecqs_reconciliation()
