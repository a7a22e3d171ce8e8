"""Asking headquarters about certificates: a small signed file goes there, a small signed file comes back.

No public interface for this is known: both files are proposed by this project. Each is a ZIP of a JSON document and the
signature over its exact bytes, as with batches and receipts. What is believed of an answer is what the signature of a
trusted key covers, if it names the very enquiry it answers and speaks of nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecqs_gateway.deliver.signing import Signer, Trust, seal
from ecqs_gateway.doors.archive import ArchiveLimits, build_zip, read_zip
from ecqs_gateway.errors import GatewayError, Terminal

__all__ = ["About", "Answer", "Enquiries", "Said", "answer_name", "file_name", "read_answer", "write_enquiry"]

_ENQUIRY, _ANSWER = "ecqs-enquiry/1", "ecqs-answer/1"
_ENQUIRY_FILES = ("enquiry.json", "enquiry.sig")
_ANSWER_FILES = ("answer.json", "answer.sig")
_LIMITS = ArchiveLimits(archive=8_000_000, entries=2, inflated=8_000_000)
_NAME = re.compile(r"(?P<unit>[0-9]{6})-[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", re.ASCII)

About = tuple[str, str]
"""What is asked: the number of a certificate, and the case that replaces it."""


class Enquiries(Protocol):
    """A way to headquarters that can ask; raises like ``Transport``."""

    def ask(self, unit: str, name: str, data: bytes) -> None:
        """Bring an enquiry; whole or not at all."""

    def list_answers(self, unit: str) -> list[tuple[str, int]]:
        """List the answers that wait for a unit: file name and size."""

    def fetch_answer(self, unit: str, name: str, size: int) -> bytes:
        """Give an answer's exact bytes."""

    def take_answer(self, unit: str, name: str) -> None:
        """Mark an answer as taken, so that it is not listed again."""

    def close(self) -> None:
        """End the connection."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Use(_Strict):
    unit: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    case: Annotated[str, Field(min_length=1, max_length=64)]


Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{1,2}$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Said(_Strict):
    """What headquarters says of one certificate; all but ``number`` and ``known`` may be missing."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    known: bool
    status: Code | None = None
    status_cause: Code | None = None
    issue_date: Day | None = None
    closing_date: Day | None = None
    valid_until: Day | None = None
    replaced_by: tuple[_Use, ...] = ()

    @property
    def facts(self) -> str | None:
        """Give status, cause and dates as the ledger keeps facts; None where the certificate is not known."""
        if not self.known:
            return None
        told = self.model_dump(exclude={"number", "known", "replaced_by"})
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


class Answer(_Strict):
    """The document answer.json."""

    format: Literal["ecqs-answer/1"]
    enquiry: str
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    issuer: str
    answered: str
    about: Annotated[tuple[Said, ...], Field(max_length=20_000)]


def file_name(enquiry: str) -> str:
    """Name the file of an enquiry."""
    return f"{enquiry}.zip"


def answer_name(name: str, unit: str) -> str | None:
    """Read the id of the enquiry off the name of an answer; None for whatever is no answer for this unit."""
    stem = name.removesuffix(".answer.zip")
    found = _NAME.fullmatch(stem) if stem != name else None
    return stem if found is not None and found["unit"] == unit else None


def write_enquiry(
    enquiry: str, unit: str, about: Sequence[About], *, asked: datetime, signer: Signer
) -> tuple[str, bytes]:
    """Give the SHA-256 (hex) of enquiry.json, which the answer must name, and the exact bytes to send."""
    document = {
        "format": _ENQUIRY,
        "id": enquiry,
        "unit": unit,
        "asked": asked.isoformat(timespec="seconds"),
        "about": [{"number": number, "case": case} for number, case in about],
    }
    data = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    members = zip(_ENQUIRY_FILES, (data, seal(data, signer)), strict=True)
    return hashlib.sha256(data).hexdigest(), build_zip(members)


@dataclass(frozen=True)
class _Expected:
    enquiry: str
    digest: str
    numbers: frozenset[str]


def read_answer(
    data: bytes, *, enquiry: str, digest: str, numbers: frozenset[str], trust: Trust, issuer: str
) -> dict[str, Said]:
    """Give what an answer says, by certificate number; raises Terminal ECQS-1353 with why it is not believed."""
    try:
        members = read_zip(data, _ANSWER_FILES, limits=_LIMITS)
        verified = trust.verify(members["answer.json"], members["answer.sig"])
        answer = Answer.model_validate_json(verified.data)
        datetime.fromisoformat(answer.answered)
        for said in answer.about:
            for day in (said.issue_date, said.closing_date, said.valid_until):
                date.fromisoformat(day or "2020-01-01")
    except GatewayError as error:
        raise _refused(f"{error.code} {error.message}", enquiry) from None
    except KeyError:
        raise _refused("a member is missing", enquiry) from None
    except (ValidationError, ValueError):
        raise _refused("the document is not an answer", enquiry) from None
    _check(answer, _Expected(enquiry, digest, numbers), issuer)
    return {said.number: said for said in answer.about}


def _check(answer: Answer, wanted: _Expected, issuer: str) -> None:
    told = [said.number for said in answer.about]
    if (answer.enquiry, answer.digest) != (wanted.enquiry, wanted.digest):
        raise _refused("it answers another enquiry", wanted.enquiry)
    if answer.issuer != issuer:
        raise _refused("another office issued it", wanted.enquiry)
    if sorted(told) != sorted(wanted.numbers):
        raise _refused("it speaks of other certificates than were asked about", wanted.enquiry)


def _refused(why: str, enquiry: str) -> Terminal:
    return Terminal(
        "ECQS-1353",
        f"an answer of headquarters is not believed: {why}",
        where=enquiry,
        hint="the records stay held and are asked about anew; tell headquarters when it happens again",
    )
