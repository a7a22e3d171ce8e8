"""The register of checks, and running them side by side within a time that is bounded whatever hangs.

A check is a generator of findings about one subject. It gets a ``Context`` and changes nothing. An exception in it is
a finding of its own; one that does not come back in time is told as such, and its thread is left behind.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models import NationalFile
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.connections import Resolver, connection
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.settings import Settings

__all__ = [
    "Check",
    "Context",
    "Finding",
    "Job",
    "NotChecked",
    "Options",
    "Report",
    "Verdict",
    "check",
    "registered",
    "run_jobs",
]


class Verdict(StrEnum):
    """How a check came out, best first."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the answer: what was looked at, how it is, and the next step where there is one."""

    check: str
    """Stable id, such as ``ledger.integrity``."""
    verdict: Verdict
    message: str
    place: str = ""
    """Unit, lane, file or address it is about; empty where the check has one subject only."""
    next: str = ""


@dataclass(frozen=True)
class Options:
    """What to look at: ``offline`` contacts neither sources nor headquarters, ``deep`` reads every byte.

    ``quick`` leaves out what reads whole tables. ``limit`` is the longest time for everything, in seconds.
    """

    offline: bool = False
    unit: str | None = None
    quick: bool = False
    deep: bool = False
    limit: float = 18.0


class NotChecked(Exception):
    """Something a check needs is not there; the reason is shown, and another check says what is wrong with it."""


@dataclass(frozen=True)
class Context:
    """What checks may look at. Nothing in it writes."""

    settings: Settings
    options: Options = field(default_factory=Options)
    content: Content | None = None
    engine: sa.Engine | None = None
    """The ledger, opened for reading; None where there is none or it cannot be opened."""
    revision: str | None = None
    resolve: Resolver = connection
    clock: Clock = now

    @property
    def the_content(self) -> Content:
        """Give the content; raises NotChecked without it."""
        if self.content is None:
            raise NotChecked("the content could not be read")
        return self.content

    @property
    def national(self) -> NationalFile:
        """Give the national settings; raises NotChecked without them."""
        if self.the_content.national is None:
            raise NotChecked("connectors/national.yaml is missing or cannot be read")
        return self.the_content.national

    def ledger(self, *, newest: bool = True) -> sa.Connection:
        """Open the ledger for reading; raises NotChecked without one, or one of another schema than ours."""
        from ecqs_gateway.ledger.database import HEAD  # noqa: PLC0415  a slow import, not needed to say "offline"

        if self.engine is None:
            raise NotChecked("there is no ledger to read")
        if newest and self.revision != HEAD:
            raise NotChecked(f"the ledger has schema {self.revision or 'none'}, not {HEAD}")
        return self.engine.connect()

    def read(self) -> sa.Connection:
        """Open the ledger as the readers of ``ecqs_gateway.ledger`` want it; raises NotChecked as ``ledger`` does."""
        return self.ledger()

    def units(self) -> list[str]:
        """List the onboarded units this examination is about."""
        return [unit for unit in self.the_content.onboarded if self.options.unit in (None, unit)]

    def concerns(self, unit: str) -> bool:
        """Say whether a unit is asked about."""
        return self.options.unit in (None, unit)


Work = Callable[[Context], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A registered check. ``parts`` splits it into subjects (units) that are looked at side by side."""

    id: str
    work: Callable[..., Iterable[Finding]]
    online: bool
    reads_much: bool
    parts: Callable[[Context], Iterable[str]] | None


_CHECKS: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    online: bool = False,
    reads_much: bool = False,
    parts: Callable[[Context], Iterable[str]] | None = None,
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check: a function of the context (and, with ``parts``, of one part) that yields findings.

    ``online`` checks are left out offline, and hanging is a problem there; ``reads_much`` ones are left out by quick.
    """

    def register(work: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        if check_id in _CHECKS:
            raise ValueError(f"two checks are called {check_id}")
        _CHECKS[check_id] = Check(check_id, work, online, reads_much, parts)
        return work

    return register


def registered() -> tuple[Check, ...]:
    """Give all checks in the order they were registered."""
    return tuple(_CHECKS.values())


@dataclass(frozen=True)
class Job:
    """One check about one subject, ready to run in a thread of its own."""

    check: Check
    part: str | None

    def run(self, context: Context) -> list[Finding]:
        """Do it; whatever goes wrong becomes a finding."""
        skipped = self._skipped(context)
        if skipped is not None:
            return [self._finding(Verdict.NOT_CHECKED, skipped)]
        given = () if self.part is None else (self.part,)
        try:
            return list(self.check.work(context, *given))
        except NotChecked as reason:
            return [self._finding(Verdict.NOT_CHECKED, str(reason))]
        except GatewayError as error:
            return [self._finding(Verdict.PROBLEM, f"{error.code} {error.message}", error.hint or "", error.where)]
        except Exception as error:  # noqa: BLE001  the border: no check may take the others with it
            text = f"the check itself failed ({type(error).__name__})"
            return [self._finding(Verdict.PROBLEM, text, "report it with the output of `ecqs doctor --json`")]

    def late(self, seconds: float) -> Finding:
        """Say that it did not come back in time."""
        if self.check.online:
            return self._finding(
                Verdict.PROBLEM, f"no answer within {seconds:.0f} s", "check address, firewall and the system there"
            )
        return self._finding(
            Verdict.NOT_CHECKED, f"not done within {seconds:.0f} s", "give it time with `ecqs doctor --deep`"
        )

    def _skipped(self, context: Context) -> str | None:
        if self.check.online and context.options.offline:
            return "left out by --offline"
        return "left out by --quick" if self.check.reads_much and context.options.quick else None

    def _finding(self, verdict: Verdict, message: str, step: str = "", place: str | None = None) -> Finding:
        return Finding(self.check.id, verdict, message, self.part or place or "", step)


def jobs_of(context: Context, checks: Iterable[Check]) -> Iterator[Job]:
    """Split checks into jobs; where the parts are not known the check itself says why."""
    for found in checks:
        try:
            parts = list(found.parts(context)) if found.parts is not None else [None]
        except NotChecked as reason:
            parts, message = [None], str(reason)

            def why(_: Context, *, message: str = message) -> Iterable[Finding]:
                raise NotChecked(message)

            found = Check(found.id, why, found.online, found.reads_much, None)  # noqa: PLW2901
        yield from (Job(found, part) for part in parts)


def run_jobs(context: Context, jobs: Iterable[Job], *, until: float) -> list[Finding]:
    """Run jobs side by side until a moment (``time.monotonic``), and give the findings in the order of the jobs."""
    waiting = list(jobs)
    started = time.monotonic()
    answers: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()

    def work(number: int, job: Job) -> None:
        answers.put((number, job.run(context)))

    for number, job in enumerate(waiting):
        # Daemons: one that hangs in a driver must not keep the process from ending.
        threading.Thread(target=work, args=(number, job), name=f"doctor-{job.check.id}", daemon=True).start()
    found: dict[int, list[Finding]] = {}
    while len(found) < len(waiting):
        try:
            number, findings = answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        found[number] = findings
    seconds = time.monotonic() - started
    return [
        finding
        for number, job in enumerate(waiting)
        for finding in (found[number] if number in found else [job.late(seconds)])
    ]


@dataclass(frozen=True)
class Report:
    """The whole answer."""

    checked_at: str
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Give the worst verdict of all; what was not checked does not make it worse."""
        worst = [v for v in (Verdict.PROBLEM, Verdict.WARNING) if any(f.verdict is v for f in self.findings)]
        return worst[0] if worst else Verdict.OK

    def count(self, verdict: Verdict) -> int:
        """Count the findings of a verdict."""
        return sum(finding.verdict is verdict for finding in self.findings)


def age(span: timedelta) -> str:
    """Say a length of time the way a person would."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"
