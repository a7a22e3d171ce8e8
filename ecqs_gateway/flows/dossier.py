"""The dossier of each drawn case: the stored evidence of what was sent, and the papers the province adds.

The evidence is what lies in ledger and stage since the record was sent: the package, the receipt. The province's
database is not asked again, for it may have changed since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ecqs_gateway import __version__
from ecqs_gateway.content.models import AuditFolder
from ecqs_gateway.doors import media
from ecqs_gateway.doors.connections import folder as folder_of
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.inbound.answer import Files, pack_answer
from ecqs_gateway.inbound.audit_check import load_audit_schema
from ecqs_gateway.ledger import audits, dossiers, evidence, proofs, query
from ecqs_gateway.ledger.dossiers import Outgoing, Paper
from ecqs_gateway.ledger.proofs import KeptBatch
from ecqs_gateway.model.audits import Absent, AnswerCase, AuditAnswer, GivenPaper, Outcome, SentIn
from ecqs_gateway.model.batch import SCHEMA_VERSION

__all__ = ["Adding", "Dossier", "DossierCase", "answer", "assemble", "find", "papers_in", "view"]

_PAPER_NAME = re.compile(r"(?P<type>[0-9]{2})(?:[-_. ].*)?\.[A-Za-z]+", re.DOTALL)


@dataclass(frozen=True)
class Adding:
    """A paper to add to a case: a file, or the reason why there is none."""

    number: int
    type: str
    path: Path | None = None
    absent: str | None = None


@dataclass(frozen=True)
class DossierCase:
    """One case as it would be answered now."""

    number: int
    kind: str
    key: str
    product: str
    version: str
    unknown: str | None
    newest: str | None
    """Digest of the version sent last, where that is a later one."""
    batch: KeptBatch | None
    position: int
    demanded: tuple[str, ...]
    papers: tuple[Paper, ...]
    evidence_missing: tuple[str, ...]
    """Stored evidence that is not there any more, and why."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """List the demanded papers that are neither there nor declared absent."""
        there = {paper.type for paper in self.papers}
        return () if self.unknown else tuple(code for code in self.demanded if code not in there)

    @property
    def complete(self) -> bool:
        """Say whether nothing that was demanded is lacking without a reason."""
        return not self.lacking


@dataclass(frozen=True)
class Dossier:
    """All cases of a request, and how complete they are."""

    request: audits.Row
    cases: tuple[DossierCase, ...] = field(default=())

    @property
    def lacking(self) -> int:
        """Count the demanded papers that are lacking without a reason."""
        return sum(len(case.lacking) for case in self.cases)


def find(gateway: Gateway, request: str) -> audits.Row:
    """Give a request; raises Terminal ECQS-7060 where there is none of that id."""
    found = audits.find(gateway.database, request)
    if found is None:
        raise Terminal("ECQS-7060", "there is no such audit request", where=request, hint="see `ecqs audits list`")
    return found


def view(gateway: Gateway, request: str) -> Dossier:
    """Put the dossier together as it stands; changes nothing."""
    found = find(gateway, request)
    demands: dict[str, list[str]] = json.loads(found["demands"])
    kept = dossiers.papers(gateway.database, request)
    cases = audits.cases(gateway.database, request)
    return Dossier(found, tuple(_case(gateway, found["unit"], case, demands, kept) for case in cases))


def _case(
    gateway: Gateway, unit: str, case: audits.Row, demands: dict[str, list[str]], kept: Sequence[Paper]
) -> DossierCase:
    sent = query.find_record(gateway.database, case["key"], unit=unit, kind=case["kind"])["versions"]
    mine = [version for version in sent if version["digest"] == case["version"]]
    place = next((v for v in reversed(mine) if v["state"] == "loaded"), mine[-1] if mine else None)
    batch = proofs.kept_batches(gateway.database, [place["batch_id"]])[place["batch_id"]] if place else None
    return DossierCase(
        number=case["number"],
        kind=case["kind"],
        key=case["key"],
        product=case["product"],
        version=case["version"],
        unknown=case["unknown"] if place is None else None,
        newest=sent[-1]["digest"] if place and sent[-1]["digest"] != case["version"] else None,
        batch=batch,
        position=place["position"] if place else 0,
        demanded=tuple(demands.get(case["kind"], ())),
        papers=tuple(paper for paper in kept if paper.number == case["number"]),
        evidence_missing=tuple(_missing(batch)),
    )


def _missing(batch: KeptBatch | None) -> Iterator[str]:
    if batch is not None and batch.pruned_at is not None:
        yield f"the package of batch {batch.id} was removed under the retention on {batch.pruned_at[:10]}"
    if batch is not None and not batch.receipts:
        yield f"batch {batch.id} has no receipt yet"


# -- Papers


def papers_in(place: Path) -> list[Adding]:
    """List the papers of a folder laid out as ``<case number>/<paper code>-anything.pdf``.

    Raises Terminal ECQS-7061 for a file whose place or name does not say what it is.
    """
    found = []
    for path in sorted(place.glob("*/*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        name = _PAPER_NAME.fullmatch(path.name)
        if name is None or not path.parent.name.isdecimal():
            where = f"{path.parent.name}/{path.name}"
            hint = "call it <case number>/<two digits of the paper's code>-anything.pdf, such as 3/02-营业执照.pdf"
            raise Terminal("ECQS-7061", "this file's name does not say which paper it is", where=where, hint=hint)
        found.append(Adding(int(path.parent.name), name["type"], path))
    return found


def _routed_folder(gateway: Gateway, request: audits.Row) -> Path | None:
    """Give the folder the province was told of the request in, where its connector says folder."""
    connector = gateway.content.connectors.get(request["unit"])
    if connector is None or not isinstance(connector.audits, AuditFolder):
        return None
    place = folder_of(gateway.resolve(connector.audits.connection)) / connector.audits.folder / request["id"]
    return place if place.is_dir() else None


def assemble(
    gateway: Gateway, request: str, adding: Iterable[Adding] = (), *, papers: Path | None = None, by: str
) -> tuple[Dossier, int]:
    """Add papers to a request's cases and give the dossier with how many were new.

    Without ``papers`` those are taken that the province put into the folder it was told in. All are looked at before
    the first is kept: raises Terminal ECQS-705x for a file that cannot be filed, ECQS-7062 for an unknown case or code,
    ECQS-7061 for a name that says nothing, ECQS-7063 for two files of one paper; Conflict ECQS-7041 when not open.
    """
    found = find(gateway, request)
    place = papers or _routed_folder(gateway, found)
    wanted = [*(papers_in(place) if place else ()), *adding]
    _check(gateway, request, wanted)
    read = [(each, *media.read_paper(each.path)) if each.path else (each, b"", None) for each in wanted]
    new = 0
    for each, data, form in read:
        digest = hashlib.sha256(data).hexdigest()
        file = gateway.stage.put_sealed(f"papers/{digest[:2]}/{digest}", data) if form else None
        title = redactor.mask(each.path.name) if each.path else None
        paper = Paper(each.number, each.type, title, form.type if form else None, file, each.absent)
        new += dossiers.keep_paper(gateway.database, request, paper, by, clock=gateway.clock)
    return view(gateway, request), new


def _check(gateway: Gateway, request: str, wanted: Sequence[Adding]) -> None:
    numbers = {case["number"] for case in audits.cases(gateway.database, request)}
    codes = set(gateway.content.codes["paper_types"].rows["code"])
    seen: set[tuple[int, str]] = set()
    for each in wanted:
        where = f"{each.number}:{each.type}"
        if each.number not in numbers or each.type not in codes:
            hint = f"cases are numbered 1 to {max(numbers, default=0)}; codes stand in schemas/codes/paper_types.csv"
            raise Terminal("ECQS-7062", "there is no such case, or no such code of a paper", where=where, hint=hint)
        if (each.number, each.type) in seen:
            hint = "put several pages into one file; one file stands for one paper"
            raise Terminal("ECQS-7063", "two files are given for one paper of one case", where=where, hint=hint)
        seen.add((each.number, each.type))


# -- Answering


def answer(gateway: Gateway, request: str, *, by: str) -> Outgoing:
    """Seal the answer to a request: it is stored, and sent by the next pull, the same bytes however often.

    Raises Terminal ECQS-7064 while a demanded paper is lacking without a reason, ECQS-7065 or Conflict ECQS-7041 when
    it is not open.
    """
    dossier = view(gateway, request)
    if dossier.request["state"] not in audits.OPEN:
        raise Terminal(
            "ECQS-7065",
            f"the request is {dossier.request['state']}, so there is nothing to answer",
            where=request,
            hint="`ecqs audits show` says where it stands; `ecqs audits pull` sends what is sealed",
        )
    if dossier.lacking:
        first = next(case for case in dossier.cases if case.lacking)
        raise Terminal(
            "ECQS-7064",
            f"{dossier.lacking} demanded papers are lacking, first {first.lacking[0]} of case {first.number}",
            where=request,
            hint="add them with `ecqs audits assemble`, or say why there is none with --absent CASE:CODE:REASON",
        )
    files = Files()
    number = dossiers.answers(gateway.database, request) + 1
    cases = tuple(_answered(gateway, case, files) for case in dossier.cases)
    document = _document(gateway, dossier, number, files, cases)
    schema = load_audit_schema(gateway.content.root / "schemas" / "ecqs" / SCHEMA_VERSION)
    data = pack_answer(document, files.data, gateway.signer, schema)
    digest = hashlib.sha256(data).hexdigest()
    staged = gateway.stage.put_sealed(f"audits/{dossier.request['unit']}/{digest}.zip", data)
    message = Outgoing(request, "answer", number, staged)
    dossiers.seal_answer(gateway.database, message, _counts(dossier), by, clock=gateway.clock)
    return message


def _document(
    gateway: Gateway, dossier: Dossier, number: int, files: Files, cases: tuple[AnswerCase, ...]
) -> AuditAnswer:
    with gateway.database.read() as connection:
        entry, head = evidence.head(connection)
    return AuditAnswer(
        request=dossier.request["id"],
        unit=dossier.request["unit"],
        package=dossier.request["digest"],
        number=number,
        created=gateway.clock(),
        engine=__version__,
        evidence=head.hex(),
        evidence_entry=entry,
        signature=gateway.signer.algorithm,
        key=gateway.signer.key_id,
        files=files.listed(),
        cases=cases,
    )


def _counts(dossier: Dossier) -> dict[str, int]:
    given = [paper for case in dossier.cases for paper in case.papers]
    return {
        "cases": len(dossier.cases),
        "unknown": sum(case.unknown is not None for case in dossier.cases),
        "papers": sum(paper.file is not None for paper in given),
        "absent": sum(paper.absent is not None for paper in given),
    }


def _answered(gateway: Gateway, case: DossierCase, files: Files) -> AnswerCase:
    """Make the case of the answer, and put the files it stands on in."""
    facts: dict[str, Any] = {"number": case.number, "kind": case.kind, "key": case.key, "version": case.version}
    if case.unknown is not None or case.batch is None:
        return AnswerCase(**facts, outcome=Outcome.UNKNOWN, reason=case.unknown)
    papers = [_paper(gateway, paper, files) for paper in case.papers if paper.file is not None]
    absent = [Absent(type=paper.type, text=paper.absent) for paper in case.papers if paper.absent is not None]
    return AnswerCase(
        **facts,
        outcome=Outcome.ANSWERED,
        newest=case.newest,
        sent=_sent(gateway, case.batch, case.position, files),
        papers=tuple(papers),
        absent=tuple(absent),
    )


def _sent(gateway: Gateway, batch: KeptBatch, position: int, files: Files) -> SentIn:
    package = receipt = None
    if batch.pruned_at is None:
        stored = partial(gateway.stage.get, batch.package, batch.package_digest)
        package = files.once(f"packages/{batch.id}.zip", stored, "application/zip")
    if batch.receipts:
        last = batch.receipts[-1]
        stored = partial(gateway.stage.get, last.file, last.digest)
        receipt = files.once(f"receipts/{batch.id}.{last.level}.zip", stored, "application/zip")
    return SentIn(batch=batch.id, position=position, package=package, receipt=receipt)


def _paper(gateway: Gateway, paper: Paper, files: Files) -> GivenPaper:
    if paper.file is None:  # the caller asked for those with one
        raise Terminal("ECQS-7066", "a paper has no file")
    data = gateway.stage.get(paper.file.name, paper.file.digest)
    form = media.media_of(data)
    if form is None:
        raise Terminal("ECQS-7052", "a kept paper is no file of a known form any more", where=paper.file.name)
    return GivenPaper(
        type=paper.type, file=files.add(f"papers/{paper.file.digest}.{form.ending}", data, form.type), title=paper.title
    )
