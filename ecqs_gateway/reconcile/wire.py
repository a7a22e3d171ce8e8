"""Questions to headquarters and its answers: JSON in a ZIP with a signature beside it, both ways.

A question asks for any number of nodes, buckets and records at once. An answer names the SHA-256 of the question it
answers, so none can stand for another. The format is ``docs/reference/digest-tree.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecqs_gateway.deliver.signing import Signer, Trust, seal
from ecqs_gateway.doors.archive import build_zip, read_zip
from ecqs_gateway.errors import Terminal
from ecqs_gateway.reconcile.digests import FORMAT

__all__ = ["Answer", "Answered", "Believed", "Item", "Node", "Question", "Record", "read_answer", "write_question"]

QUESTION, QUESTION_SIGNATURE = "question.json", "question.sig"
ANSWER, ANSWER_SIGNATURE = "answer.json", "answer.sig"


@dataclass(frozen=True)
class Item:
    """One thing asked: the nodes below a path, the leaves of a bucket, or the record of a key, as of a cut-off.

    ``depth`` is how deep the asker splits the month the path lies in; None above months.
    """

    kind: str
    cutoff: int
    want: Literal["nodes", "leaves", "record"]
    path: str = ""
    depth: int | None = None
    key: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as it stands in the question; what is None is left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Question:
    """A question as it is sent; ``name`` is its file name, ``digest`` the SHA-256 of its JSON."""

    unit: str
    name: str
    items: Sequence[Item]
    data: bytes = field(repr=False)
    digest: str = ""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_Hex = Field(pattern=r"^[0-9a-f]{64}$")
_Count = Field(ge=0, le=10**12)


class Node(_Strict):
    """A node headquarters holds: last piece of its path, records below, digest."""

    name: str = Field(max_length=200)
    count: int = _Count
    digest: str = _Hex


class Leaf(_Strict):
    """A record headquarters holds."""

    key: str = Field(max_length=1000)
    version: str = _Hex


class Record(_Strict):
    """A record as headquarters holds it; ``body`` is its canonical text, absent where it has none."""

    version: str = _Hex
    body: str | None = None


class Answered(_Strict):
    """The answer to one item: what was asked, or ``refused`` with a code of headquarters.

    ``count`` and ``digest`` are those of the node itself where nodes were asked for.
    """

    count: int | None = Field(default=None, ge=0)
    digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    nodes: list[Node] | None = None
    leaves: list[Leaf] | None = None
    records: list[Record] | None = None
    refused: str | None = None


class Answer(_Strict):
    """What headquarters says to a question, item by item in the same order; ``unit`` digests the kinds asked for."""

    format: Literal["ecqs-tree-1"]
    unit: str
    question: str = _Hex
    issuer: str
    answered: str
    refused: str | None = None
    unit_digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    items: list[Answered]


def write_question(unit: str, name: str, items: Sequence[Item], *, signer: Signer, asked: datetime) -> Question:
    """Write and sign a question; ``name`` is its file name."""
    content = {
        "format": FORMAT,
        "id": name.removesuffix(".zip"),
        "unit": unit,
        "asked": asked.isoformat(),
        "items": [item.as_json() for item in items],
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    data = build_zip([(QUESTION, text), (QUESTION_SIGNATURE, seal(text, signer))])
    return Question(unit, name, items, data, hashlib.sha256(text).hexdigest())


@dataclass(frozen=True)
class Believed:
    """Whom an answer is believed from: headquarters' keys, and the name it answers under."""

    trust: Trust
    issuer: str


def read_answer(data: bytes, question: Question, *, believed: Believed) -> Answer:
    """Give a verified answer to this very question.

    Raises Terminal ECQS-8021 when it cannot be read, ECQS-8022 when it answers something else, ECQS-8023 when
    headquarters refuses the question, ECQS-402x when the signature does not hold.
    """
    members = read_zip(data, (ANSWER, ANSWER_SIGNATURE))
    if set(members) != {ANSWER, ANSWER_SIGNATURE}:
        raise _bad("a member is missing", question)
    believed.trust.verify(members[ANSWER], members[ANSWER_SIGNATURE])
    try:
        answer = Answer.model_validate_json(members[ANSWER])
    except ValidationError as error:
        raise _bad(f"{error.error_count()} mistakes, the first at {_place(error)}", question) from None
    if (answer.unit, answer.question, answer.issuer) != (question.unit, question.digest, believed.issuer):
        raise Terminal(
            "ECQS-8022",
            "the answer is to another question, or of another headquarters",
            where=question.name,
            hint="nothing was taken from it; ask headquarters what it answers under this name",
        )
    if answer.refused is not None:
        raise _refused(answer.refused, question)
    if len(answer.items) != len(question.items):
        raise _bad("it answers another number of items", question)
    for asked, told in zip(question.items, answer.items, strict=True):
        if told.refused is not None:
            raise _refused(told.refused, question)
        if getattr(told, {"record": "records"}.get(asked.want, asked.want)) is None:
            raise _bad(f"an item has no {asked.want}", question)
    return answer


def _place(error: ValidationError) -> str:
    return ".".join(str(piece) for piece in error.errors(include_input=False, include_url=False)[0]["loc"])


def _bad(why: str, question: Question) -> Terminal:
    hint = "compare headquarters' format with docs/reference/digest-tree.md"
    return Terminal("ECQS-8021", f"headquarters' answer cannot be read: {why}", where=question.name, hint=hint)


def _refused(code: str, question: Question) -> Terminal:
    texts: Mapping[str, str] = {
        "HQ-301": "it cannot read the question",
        "HQ-302": "the signature on the question does not hold, or its key is not registered for the unit",
        "HQ-303": "it asks about another unit than the folder it lay in",
        "HQ-304": "it asks for something headquarters does not know",
    }
    return Terminal(
        "ECQS-8023",
        f"headquarters refuses the question: {code[:20]} {texts.get(code, 'no reason known here')}",
        where=question.name,
        hint="settle it with headquarters; until then `ecqs reconcile --source` compares source and ledger",
    )
