"""Every night at 02:30: take what changed out of each unit's system, deliver it to headquarters, settle the receipts.

One mapped group per reporting unit, so that a failing unit neither stops nor hides the others. `deliver` runs even
when `collect` failed: what already waits in the outbox still goes out.
"""

from airflow.sdk import TriggerRule, dag, task, task_group

from ecqs_gateway.airflow import tasks
from ecqs_gateway.airflow.defaults import POOL, dag_arguments, unit_task


@dag(**dag_arguments("30 2 * * *"), doc_md=__doc__)
def ecqs_nightly_sync() -> None:
    @task(retries=0)
    def plan() -> list[tasks.Job]:
        return tasks.plan()

    @task(**unit_task(pool=POOL))
    def collect(job: tasks.Job) -> tasks.Outcome:
        return tasks.collect(job)

    @task(**unit_task(trigger_rule=TriggerRule.ALL_DONE))
    def deliver(job: tasks.Job) -> tasks.Outcome:
        return tasks.deliver(job)

    @task_group
    def unit(job: tasks.Job) -> None:
        collect(job) >> deliver(job)

    @task(retries=0, trigger_rule=TriggerRule.ALL_DONE)
    def close(jobs: list[tasks.Job] | None) -> None:
        tasks.close(jobs)

    jobs = plan()
    unit.expand(job=jobs) >> close(jobs)


ecqs_nightly_sync()
