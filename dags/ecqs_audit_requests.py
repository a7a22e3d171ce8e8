"""Every 30 minutes: fetch headquarters' audit requests, acknowledge them, tell the provinces, send sealed answers.

One mapped task per reporting unit, so that a failing unit neither stops nor hides the others. A task also fails when an
answer is overdue or a file in headquarters' folder was not believed: someone has to look, and everything else was done.
"""

from airflow.sdk import dag, task

from ecqs_gateway.airflow import tasks
from ecqs_gateway.airflow.defaults import dag_arguments, unit_task


@dag(**dag_arguments("*/30 * * * *"), doc_md=__doc__)
def ecqs_audit_requests() -> None:
    @task(retries=0)
    def units() -> list[tasks.AuditJob]:
        return tasks.audit_units()

    @task(**unit_task())
    def pull(job: tasks.AuditJob) -> tasks.AuditOutcome:
        return tasks.pull_audits(job)

    pull.expand(job=units())


ecqs_audit_requests()
