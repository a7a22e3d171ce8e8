"""Runs all checks: first what others need (settings, content, ledger), then everything else side by side."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.connections import Resolver, connection
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.doctor.core import (
    Check,
    Context,
    Finding,
    Options,
    Report,
    Verdict,
    jobs_of,
    registered,
    run_jobs,
)
from ecqs_gateway.ledger.database import revision_of
from ecqs_gateway.settings import Settings, load_settings

__all__ = ["all_checks", "context_of", "examine"]

_CONTENT_SECONDS = 7.0
_LEDGER_SECONDS = 5.0
_DEEP_SECONDS = 3600.0
_MODULES = (
    "content",
    "changes",
    "disk",
    "ledger",
    "stage",
    "times",
    "keys",
    "headquarters",
    "sources",
    "work",
    "audits",
    "inspectors",
    "reconciled",
    "programs",
)
"""The modules of checks, in the order in which they are shown."""
_Result = TypeVar("_Result")


def examine(
    settings: Settings | None = None,
    options: Options | None = None,
    *,
    connections: Resolver = connection,
    clock: Clock = now,
) -> Report:
    """Look at everything and give the findings; never raises for what it finds, and changes nothing."""
    options = options or Options()
    started = time.monotonic()
    until = started + (_DEEP_SECONDS if options.deep else options.limit)
    try:
        settings = settings or load_settings()
    except GatewayError as error:
        finding = Finding(
            "settings", Verdict.PROBLEM, f"{error.code} {error.message}", error.where or "", error.hint or ""
        )
        return Report(clock().isoformat(), time.monotonic() - started, (finding,))
    context, findings = context_of(settings, options, connections, clock)
    try:
        findings += run_jobs(context, jobs_of(context, all_checks()), until=until)
    finally:
        if context.engine is not None:
            context.engine.dispose()
    return Report(clock().isoformat(), round(time.monotonic() - started, 1), tuple(findings))


def all_checks() -> tuple[Check, ...]:
    """Import every module of checks, each of which registers its own, and give them all."""
    for name in _MODULES:
        import_module(f"ecqs_gateway.flows.doctor.{name}")
    return registered()


def context_of(
    settings: Settings, options: Options, connections: Resolver = connection, clock: Clock = now
) -> tuple[Context, list[Finding]]:
    """Open what the checks share, side by side and each within its time; say what could not be."""
    context = Context(settings, options, resolve=connections, clock=clock)
    findings = [Finding("settings", Verdict.OK, f"home {settings.home}, content {settings.content}")]
    content_answer = _within(_CONTENT_SECONDS, lambda: load(settings.content, today=clock().date()))
    ledger_answer = _within(_LEDGER_SECONDS, lambda: _open(settings))
    loaded = content_answer()
    if isinstance(loaded, Content):
        context = replace(context, content=loaded)
    else:
        findings.append(_unread("content.files", loaded, "run `ecqs check`", "the content"))
    opened = ledger_answer()
    if isinstance(opened, tuple):
        context = replace(context, engine=opened[0], revision=opened[1])
    else:
        step = "check that the database runs and is reachable, or the permissions of its file"
        findings.append(_unread("ledger.open", opened, step, "the ledger"))
    return context, findings


def _unread(check: str, failure: object, step: str, what: str) -> Finding:
    if failure is None:
        return Finding(check, Verdict.PROBLEM, f"{what} could not be read in time: disk or database hangs", "", step)
    if isinstance(failure, GatewayError):
        return Finding(
            check, Verdict.PROBLEM, f"{failure.code} {failure.message}", failure.where or "", failure.hint or step
        )
    return Finding(check, Verdict.PROBLEM, f"{what} cannot be read ({type(failure).__name__})", "", step)


def _within(seconds: float, work: Callable[[], _Result]) -> Callable[[], _Result | Exception | None]:
    """Start work in a thread; what is given back waits for its result, its exception, or None when time is up."""
    answer: list[Any] = []

    def run() -> None:
        try:
            answer.append(work())
        except Exception as error:  # noqa: BLE001  shown as a finding
            answer.append(error)

    until = time.monotonic() + seconds
    thread = threading.Thread(target=run, name="doctor-opening", daemon=True)
    thread.start()

    def result() -> _Result | Exception | None:
        thread.join(max(0.0, until - time.monotonic()))
        return answer[0] if answer else None

    return result


def _open(settings: Settings) -> tuple[sa.Engine | None, str | None]:
    """Open the ledger for reading only; None where there is none yet."""
    url = sa.make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.exists():
            return None, None
        engine = sa.create_engine("sqlite://", creator=lambda: _read_only(path), poolclass=sa.pool.NullPool)
    else:
        limits = "-c statement_timeout=15000 -c default_transaction_read_only=on"
        arguments = {"connect_timeout": 4, "options": limits}
        engine = sa.create_engine(url, connect_args=arguments, poolclass=sa.pool.NullPool, hide_parameters=True)
    with engine.connect() as opened:
        return engine, revision_of(opened)


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=5, check_same_thread=False)
