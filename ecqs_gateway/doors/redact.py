"""The last door before a log: what must not be read by everybody is masked, whoever wrote it there.

Nothing should log secrets or personal data in the first place; this catches what slips through, also from libraries
and in tracebacks. Masked are texts handed over as secret (passwords, keys), things that look like secrets (private
key blocks, ``password=…``, ``user:password@`` in addresses), citizens' id numbers (GB 11643, with valid date and check
character) and mobile numbers. Credit codes and certificate numbers are public and stay.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["MASK", "RedactingFilter", "Redactor", "install", "redactor"]

MASK = "***"

_SHORTEST_SECRET = 4  # masking shorter ones would garble every line and tell the secret by its gaps
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(?P<before>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,200}:)[^\s@]{1,200}(?=@)", re.IGNORECASE)
_NAMES = r"password|passwd|passphrase|pwd|secret|token|api_?key|appsecret|private_?key|credential|authorization"
_SETTING = re.compile(
    rf"(?P<before>(?:{_NAMES})[\w-]{{0,40}}[\"']?\s{{0,8}}[=:]\s{{0,8}}(?:(?:bearer|basic)\s{{1,8}})?)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)",
    re.IGNORECASE,
)
_CITIZEN = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])",
    re.ASCII,
)
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+?86[ -]?)?1[3-9]\d(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?![0-9A-Za-z])", re.ASCII
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Redactor:
    """Masks texts; knows the secrets that were handed over to it."""

    def __init__(self) -> None:
        """Begin without secrets."""
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Mask this text from now on, and each line of a secret of several lines; too short ones are ignored."""
        lines = {line.strip() for line in (secret, *secret.splitlines())}
        with self._lock:
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
        text = _CITIZEN.sub(_mask_citizen, text)
        return _MOBILE.sub(MASK, text)


def _mask_citizen(found: re.Match[str]) -> str:
    number = found.group()
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]
    return MASK if number[-1].upper() == check else number


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
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._redactor.mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.mask(record.stack_info)
        return True


_formatter = logging.Formatter()
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
