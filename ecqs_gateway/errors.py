"""Every error the gateway raises, grouped by what to do about it.

    GatewayError
    ├── Terminal        will fail again however often it is tried: needs a person or another setting
    │   └── Misconfigured   the content, a setting or a credential is wrong: names file, line and column where it can
    ├── Transient       may pass when tried again: network, lock, headquarters busy
    ├── Conflict        two truths about one thing (same id, other bytes): stop, alarm, never overwrite
    └── RecordRejected  one record cannot go: becomes a dead letter, the others go on

Each error carries a stable code (``ECQS-1203``), where it happened, and the next step. None carries a value of
a record: source values may be personal data, and exceptions end in logs.

Code ranges: 10xx content and mapping files, 11xx expressions, 12xx fields and codes, 13xx rules,
14xx changes of content, 20xx sources,
30xx ledger and stage, 40xx batch and signature, 50xx transport, 51xx receipts, 60xx operations.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "Conflict",
    "GatewayError",
    "Misconfigured",
    "RecordRejected",
    "Terminal",
    "Transient",
]


class GatewayError(Exception):
    """Base of all errors; carries a stable code, the place and the next step, never a record's value."""

    retry: ClassVar[bool] = False
    """True when trying the same thing again may succeed without anyone acting."""

    def __init__(self, code: str, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        """Keep the parts apart, so that screens, logs and JSON can each show them their own way."""
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        """One line: code, place, message, next step."""
        place = f" {self.where}:" if self.where else ""
        step = f" Next: {self.hint}" if self.hint else ""
        return f"{self.code}{place} {self.message}{step}"

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, which Airflow does to exceptions that cross a process."""
        return _rebuild, (type(self), self.code, self.message, self.where, self.hint)


def _rebuild(kind: type[GatewayError], code: str, message: str, where: str | None, hint: str | None) -> GatewayError:
    return kind(code, message, where=where, hint=hint)


class Terminal(GatewayError):
    """Trying again cannot help: someone has to act first."""


class Misconfigured(Terminal):
    """A file of the content folders, a setting or a credential is wrong."""


class Transient(GatewayError):
    """Trying again later may succeed: nothing has to be changed."""

    retry: ClassVar[bool] = True


class Conflict(GatewayError):
    """Two truths about one thing, such as one batch id with other bytes: stop, never overwrite."""


class RecordRejected(GatewayError):
    """One record cannot be sent; it becomes a dead letter and the others go on."""
