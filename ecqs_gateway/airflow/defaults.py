"""What all our DAGs have in common: owner, retries by kind of error, time limits, one run at a time."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import CronDataIntervalTimetable, ExceptionRetryPolicy, RetryAction, RetryRule

__all__ = ["POOL", "RETRY_BY_ERROR", "dag_arguments", "unit_task"]

POOL = os.environ.get("ECQS_POOL", "default_pool")
"""Airflow pool that bounds how many provincial systems are read at once."""

RETRY_BY_ERROR = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="ecqs_gateway.errors.Terminal",
            action=RetryAction.FAIL,
            reason="trying again cannot help: someone has to act first",
        ),
        RetryRule(
            exception="ecqs_gateway.errors.Conflict",
            action=RetryAction.FAIL,
            reason="two truths about one thing: someone has to look first",
        ),
    ]
)
"""Errors that cannot pass by themselves fail at once; everything else is tried again."""


def dag_arguments(cron: str) -> dict[str, Any]:
    """Give the arguments of a scheduled DAG; ``cron`` is in Asia/Shanghai, where the provinces' nights are."""
    zone = "Asia/Shanghai"
    return {
        "schedule": CronDataIntervalTimetable(cron, timezone=zone),
        "start_date": pendulum.datetime(2026, 1, 1, tz=zone),
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["e-CQS"],
        "default_args": {
            "owner": "ecqs-gateway",
            "retries": 3,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=30),
            "execution_timeout": timedelta(hours=3),
        },
    }


def unit_task(**given: Any) -> dict[str, Any]:
    """Give the arguments of a task that is mapped over units: shown by unit, retried by kind of error, one result."""
    shown = "{{ task.op_kwargs['job']['unit'] if 'job' in task.op_kwargs else task.op_args[0]['unit'] }}"
    return {"retry_policy": RETRY_BY_ERROR, "map_index_template": shown, "multiple_outputs": False, **given}
