"""What headquarters and a unit tell each other about a random inspection of approvals (notice 三（一）, 本项目拟定).

Four documents: the request with its draw, the acknowledgement that it came, the answer with the dossiers, and
headquarters' receipt for the answer. The field names of the XML stand in the aliases; the elements themselves in
``model.xsd_audits``. How cases are drawn is specified in docs/reference/audits.md.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ecqs_gateway.errors import Terminal

__all__ = [
    "ACKNOWLEDGEMENT_FILES",
    "ANSWER_FILES",
    "AUDIT_KIND",
    "METHOD",
    "POPULATION_FILE",
    "RECEIPT_FILES",
    "REQUEST_FILES",
    "Absent",
    "Acknowledgement",
    "AnswerCase",
    "AnswerFile",
    "AuditAnswer",
    "AuditReceipt",
    "AuditRequest",
    "Demand",
    "DrawnItem",
    "GivenPaper",
    "LaneCut",
    "Message",
    "MessageName",
    "Outcome",
    "Remark",
    "SentIn",
    "Stratum",
    "parse_message_name",
]

METHOD = "sha-256-order-1"
"""Name of the one way of drawing this version knows."""
AUDIT_KIND = "audit"
"""Stands in request ids where a batch id has its record kind; no record kind may be called so."""
REQUEST_FILES = ("audit_request.xml", "audit_request.sig")
POPULATION_FILE = "population.tsv.gz"
ACKNOWLEDGEMENT_FILES = ("audit_acknowledgement.xml", "audit_acknowledgement.sig")
ANSWER_FILES = ("audit_answer.xml", "audit_answer.sig")
RECEIPT_FILES = ("audit_receipt.xml", "audit_receipt.sig")

_NAME = re.compile(
    r"(?P<request>(?P<unit>[0-9]{6})-audit-(?!0{8})[0-9]{8})"
    r"(?:\.(?P<number>[1-9][0-9]{0,3}))?\.(?P<message>request|acknowledgement|answer|receipt)\.zip",
    re.ASCII,
)

RequestId = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}-audit-[0-9]{8}$")]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Message(StrEnum):
    """The four messages, as they stand in file names."""

    REQUEST = "request"
    ACKNOWLEDGEMENT = "acknowledgement"
    ANSWER = "answer"
    RECEIPT = "receipt"


class Outcome(StrEnum):
    """What a unit says of one drawn case."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"


class MessageName(BaseModel):
    """The parts of a message's file name; ``number`` counts the answers to a request and goes with their receipts."""

    model_config = ConfigDict(frozen=True)

    request: str
    message: Message
    number: int | None = None

    @property
    def unit(self) -> str:
        """Give the unit the request is for."""
        return self.request[:6]

    def __str__(self) -> str:
        """Write the file name."""
        number = "" if self.number is None else f".{self.number}"
        return f"{self.request}{number}.{self.message}.zip"


def parse_message_name(name: str) -> MessageName:
    """Read a file name strictly; raises ``Terminal`` (ECQS-7001) for any other name."""
    found = _NAME.fullmatch(name)
    if found is not None:
        message, number = Message(found["message"]), found["number"]
        if (number is not None) == (message in {Message.ANSWER, Message.RECEIPT}):
            return MessageName(request=found["request"], message=message, number=int(number) if number else None)
    raise Terminal("ECQS-7001", "this is not the file name of an audit message")


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)


class LaneCut(_Document):
    """Up to which batch of a record kind the population reaches, and how many records of it were held then."""

    kind: str
    sequence: Annotated[int, Field(ge=1)]
    records: Count


class Stratum(_Document):
    """One stratum of the draw: record kind and product, its size, and how many cases were drawn from it."""

    kind: str
    product: str
    records: Annotated[int, Field(ge=1)]
    drawn: Annotated[int, Field(ge=1)]


class Demand(_Document):
    """A paper that is demanded of every drawn case of a record kind; ``type`` is a code of ``paper_types``."""

    kind: str
    type: str


class DrawnItem(_Document):
    """One drawn case: the record version headquarters held, and the stratum it was drawn from."""

    kind: str
    product: str
    key: str
    version: Hex64


class AuditRequest(_Document):
    """A request to lay open drawn cases, as headquarters signed it.

    ``due`` is the last day on which the answer is in time, ``working_days`` the period it was computed from;
    ``rate`` is per thousand of a stratum, ``least`` the least number drawn from each.
    """

    id: RequestId
    unit: str
    issued: datetime
    issuer: str
    due: date
    working_days: Annotated[int, Field(alias="working-days", ge=1, le=250)]
    method: str
    seed: Hex64
    population: Hex64
    records: Annotated[int, Field(ge=1)]
    rate: Annotated[int, Field(ge=0, le=1000)]
    least: Annotated[int, Field(ge=1)]
    signature: str
    key: str
    lanes: tuple[LaneCut, ...] = Field(alias="lane", min_length=1)
    strata: tuple[Stratum, ...] = Field(alias="stratum", min_length=1)
    demands: tuple[Demand, ...] = Field(alias="demand", default=())
    items: tuple[DrawnItem, ...] = Field(alias="item", min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse a request that contradicts itself."""
        if not self.id.startswith(f"{self.unit}-"):
            raise ValueError("the request id does not fit the unit")
        if self.issued.tzinfo is None:
            raise ValueError("the time of issue has no time zone")
        if len({(item.kind, item.key) for item in self.items}) != len(self.items):
            raise ValueError("a case stands in it twice")
        if len({lane.kind for lane in self.lanes}) != len(self.lanes):
            raise ValueError("a record kind stands in it twice")
        return self

    def papers_of(self, kind: str) -> tuple[str, ...]:
        """List the codes of the papers that are demanded of cases of a record kind."""
        return tuple(demand.type for demand in self.demands if demand.kind == kind)


class Acknowledgement(_Document):
    """That a request came, whether it was accepted, and what checking its draw gave.

    ``draw``: reproduced or differs. ``population``: agrees, differs, or unchecked where the ledger cannot tell.
    """

    request: RequestId
    unit: str
    package: Hex64
    received: datetime
    verdict: str
    code: str | None = None
    draw: str
    population: str
    engine: str
    signature: str
    key: str


class AnswerFile(_Document):
    """A file of the answer: its name in the package, media type, SHA-256 and size in bytes."""

    name: str
    media: str
    digest: Hex64
    size: Count


class SentIn(_Document):
    """The stored evidence of a case: the batch its version went out in, its place there, and files of the answer."""

    batch: str
    position: Count
    package: str | None = None
    """Name of the file with the batch's exact bytes; none where the retention removed it."""
    receipt: str | None = None
    """Name of the file with headquarters' last receipt for the batch."""


class GivenPaper(_Document):
    """A paper the province adds: its type, the file of the answer it is, and what the province calls it."""

    type: str
    file: str
    title: str | None = None


class Absent(_Document):
    """A demanded paper that is not there, and why."""

    type: str
    text: str


class AnswerCase(_Document):
    """The dossier of one drawn case; ``number`` is its place in the request, from 1."""

    number: Annotated[int, Field(ge=1)]
    kind: str
    key: str
    version: Hex64
    outcome: Outcome
    newest: Hex64 | None = None
    """The version sent last, where that is a later one than the version drawn."""
    reason: str | None = None
    sent: SentIn | None = None
    papers: tuple[GivenPaper, ...] = Field(alias="paper", default=())
    absent: tuple[Absent, ...] = ()


class AuditAnswer(_Document):
    """The dossiers of all drawn cases; ``package`` is the SHA-256 of the request it answers."""

    request: RequestId
    unit: str
    package: Hex64
    number: Annotated[int, Field(ge=1)]
    created: datetime
    engine: str
    evidence: Hex64 | None = None
    evidence_entry: Annotated[int | None, Field(alias="evidence-entry")] = None
    signature: str
    key: str
    files: tuple[AnswerFile, ...] = Field(alias="file", default=())
    cases: tuple[AnswerCase, ...] = Field(alias="case", min_length=1)


class Remark(_Document):
    """What headquarters has to say of one case (by its number) or, without a number, of the whole answer."""

    case: int | None = None
    code: str
    text: str


class AuditReceipt(_Document):
    """What headquarters made of an answer: ``closed``, or ``again`` with remarks and a new due date."""

    request: RequestId
    unit: str
    answer: Hex64
    number: Annotated[int, Field(ge=1)]
    outcome: Annotated[str, StringConstraints(pattern="^(closed|again)$")]
    due: date | None = None
    issued: datetime
    issuer: str
    signature: str
    key: str
    remarks: tuple[Remark, ...] = Field(alias="remark", default=())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.outcome == "again") != (self.due is not None):
            raise ValueError("only an answer that is asked for again has a new due date")
        return self
