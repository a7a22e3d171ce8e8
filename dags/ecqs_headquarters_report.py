"""On the third of each month at 06:00: make each unit's report of the month before and send it to headquarters.

One mapped task per reporting unit, so that a failing unit neither stops nor hides the others. What headquarters has
accepted of a month is not sent again by a run that is repeated.
"""

from airflow.sdk import dag, task

from ecqs_gateway.airflow import report_tasks
from ecqs_gateway.airflow.defaults import dag_arguments, unit_task


@dag(**dag_arguments("0 6 3 * *"), doc_md=__doc__)
def ecqs_headquarters_report() -> None:
    @task(retries=0)
    def plan() -> list[report_tasks.ReportJob]:
        return report_tasks.plan()

    @task(**unit_task())
    def send(job: report_tasks.ReportJob) -> report_tasks.ReportOutcome:
        return report_tasks.send(job)

    send.expand(job=plan())


ecqs_headquarters_report()
