"""The last door before a log: what must not be read by everybody is masked, whoever wrote it there.

Nothing should log secrets or personal data in the first place; this catches what slips through, also from libraries
and in tracebacks. Masked are texts handed over as secret (passwords, keys), things that look like secrets (private
key blocks, ``password=…``, ``user:password@`` in addresses), citizens' id numbers and mobile numbers
(``ecqs_gateway.doors.personal``). Credit codes and certificate numbers are public and stay.

Messages of other people's exceptions are trusted less: a driver or a data frame quotes the cell it stumbled over, and
nobody can tell a person's name by its look. So in tracebacks what such a message quotes, and whatever of it is not
ASCII, is masked too; type, file, line and our own errors stay, which carry no values.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

from ecqs_gateway.doors.personal import MASK, mask_numbers
from ecqs_gateway.errors import GatewayError

__all__ = ["MASK", "RedactingFilter", "Redactor", "install", "install_hooks", "looks_secret"]
__all__ += ["redactor", "traceback_text"]

_SHORTEST_SECRET = 4  # masking shorter ones would garble every line and tell the secret by its gaps
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,200}:)[^\s@]{1,200}(?=@)", re.IGNORECASE)
_NAMES = r"password|passwd|passphrase|pwd|secret|token|api_?key|appsecret|private_?key|credential|authorization"
_SETTING = re.compile(
    rf"(?P<before>(?:{_NAMES})[\w-]{{0,40}}[\"']?\s{{0,8}}[=:]\s{{0,8}}(?:(?:bearer|basic)\s{{1,8}})?)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(rf"{_NAMES}|(?:^|_)keys?$", re.IGNORECASE)
_PUBLIC_NAME = re.compile(r"host_?key|key_?file|public", re.IGNORECASE)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[[^\[\]]*\]|\([^()]*\)|[^\x00-\x7f]+")
"""What a foreign message quotes: in quotes, brackets or parentheses (PostgreSQL's ``Key (id)=(17)``), or not ASCII."""


class Redactor:
    """Masks texts; knows the secrets that were handed over to it."""

    def __init__(self) -> None:
        """Begin without secrets."""
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Mask this text from now on, and each line of a secret of several lines; too short ones are ignored.

        Also as it stands quoted in a URL, in JSON and in Python's repr.
        """
        lines = {line.strip() for line in (secret, *secret.splitlines())}
        lines |= {form(line) for line in lines for form in _FORMS}
        with self._lock:
            if lines <= self._secrets:
                return
            self._secrets |= {line for line in lines if len(line) >= _SHORTEST_SECRET and not line.startswith("-----")}
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def mask(self, text: str) -> str:
        """Give the text with everything masked that must not be read."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _PRIVATE_KEY.sub(MASK, text)
        text = _ADDRESS.sub(rf"\g<before>{MASK}", text)
        text = _SETTING.sub(rf"\g<before>{MASK}", text)
        return mask_numbers(text)


_FORMS: tuple[Callable[[str], str], ...] = (
    lambda secret: quote(secret, safe=""),
    quote,
    quote_plus,
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    lambda secret: repr(secret)[1:-1],
)


def looks_secret(name: str) -> bool:
    """Say whether a setting of that name holds a secret: ``private_key`` and ``token`` do, ``host_key`` does not."""
    return bool(_SECRET_NAME.search(name)) and not _PUBLIC_NAME.search(name)


redactor = Redactor()
"""The one redactor of the process; connections add their secrets to it."""


class RedactingFilter(logging.Filter):
    """Masks a record's message, traceback and stack; belongs on handlers, as loggers do not inherit filters."""

    def __init__(self, redactor: Redactor = redactor) -> None:
        """Use the process's redactor unless given another."""
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, masked; one whose message cannot be built passes as its unfilled text."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = str(record.msg)
        record.msg, record.args = self._redactor.mask(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = traceback_text(record.exc_info[1]) if record.exc_info[1] else None
        if record.exc_text:
            record.exc_text = self._redactor.mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.mask(record.stack_info)
        return True


def traceback_text(error: BaseException) -> str:
    """Write an exception and what led to it, as Python does, without what its messages quote."""
    told = traceback.TracebackException.from_exception(error)
    lines: list[str] = []
    _tell(told, error, lines, set())
    return redactor.mask("".join(lines)).rstrip("\n")


def _tell(told: traceback.TracebackException, error: BaseException, lines: list[str], seen: set[int]) -> None:
    """Write causes first, like the traceback module, whose own formatting would print the messages as they are."""
    seen.add(id(error))
    before, joined = error.__cause__, "\nThe above exception was the direct cause of the following exception:\n\n"
    if before is None and not error.__suppress_context__:
        before, joined = error.__context__, "\nDuring handling of the above exception, another exception occurred:\n\n"
    if before is not None and id(before) not in seen:
        _tell(traceback.TracebackException.from_exception(before), before, lines, seen)
        lines.append(joined)
    if told.stack:
        lines.append("Traceback (most recent call last):\n")
        lines += told.stack.format()
    kind = type(error)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    message = _message(error)
    lines.append(f"{name}: {message}\n" if message else f"{name}\n")
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            _tell(traceback.TracebackException.from_exception(each), each, lines, seen)


def _message(error: BaseException) -> str:
    if isinstance(error, GatewayError):
        return str(error)
    try:
        return _QUOTED.sub(MASK, str(error))
    except Exception:  # noqa: BLE001  an exception whose text cannot be made must not hide itself
        return MASK


_installed: Callable[..., logging.LogRecord] | None = None


def install() -> None:
    """Mask every log record of the process as it is made, whatever handlers there are or will be; once is enough."""
    global _installed  # noqa: PLW0603 - logging itself has one record factory per process
    if _installed is not None and logging.getLogRecordFactory() is _installed:
        return
    make = logging.getLogRecordFactory()
    masking = RedactingFilter()

    def masked(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        masking.filter(record)
        return record

    _installed = masked
    logging.setLogRecordFactory(masked)


def install_hooks() -> None:
    """Mask what Python prints of an exception nobody caught, in the main thread and in others."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        sys.stderr.write(traceback_text(error.with_traceback(trace)) + "\n")

    def show_thread(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
            name = given.thread.name if given.thread else "?"
            sys.stderr.write(f"Exception in thread {name}\n{traceback_text(given.exc_value)}\n")

    sys.excepthook = show
    threading.excepthook = show_thread
