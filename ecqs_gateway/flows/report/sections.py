"""All sections in the order in which they are read, and the whole report put together from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ecqs_gateway import __version__
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.report import electronic, findings, readers, rejects, timeliness, volumes
from ecqs_gateway.flows.report.context import Context, words
from ecqs_gateway.ledger import evidence
from ecqs_gateway.model.batch import SCHEMA_VERSION
from ecqs_gateway.report.data import FORMAT, Proof, Report, Section, Tie, Value

__all__ = ["SECTIONS", "Behind", "behind", "make"]

_LARGEST_NOTES = 200_000


SECTIONS: Sequence[Callable[[Context], Section]] = (
    volumes.section,
    timeliness.section,
    rejects.section,
    readers.reconciliation,
    readers.audits,
    readers.inspectors,
    readers.followups,
    findings.section,
    electronic.section,
)
"""What stands in the report before what people write; a part that is switched on takes its place here."""

_LISTS: dict[str, Callable[[Context, str, str, str, int], list[dict[str, Any]]]] = {
    "units": volumes.behind,
    "volumes": volumes.behind,
    "products": volumes.behind,
    "timeliness": timeliness.behind,
    "days": timeliness.behind,
    "trend": timeliness.behind,
    "letters": rejects.behind,
    "rejects": rejects.behind,
    "dead_letters": rejects.behind,
    "findings": findings.behind,
    "audits": readers.behind,
    "followups": readers.behind,
    "overdue": readers.behind,
    "electronic": electronic.behind,
    "electronic_products": electronic.behind,
}
_TIES = (volumes.ties, timeliness.ties, rejects.ties, readers.ties, findings.ties, electronic.ties)


def make(context: Context) -> Report:
    """Make the report; raises Terminal ECQS-8100 when its numbers do not tie out, ECQS-8103 for unusable notes."""
    notes, digest = _notes(context)
    ties: list[Tie] = [tie for one in _TIES for tie in one(context)]
    report = Report(
        format=FORMAT,
        month=context.month,
        units=context.units,
        created=context.created,
        engine=__version__,
        sections=(*(section(context) for section in SECTIONS), notes),
        ties=tuple(ties),
        proofs=tuple(_proofs(context, digest)),
    )
    return report.proven()


def _notes(context: Context) -> tuple[Section, str | None]:
    """Take in what people wrote: ``reports/<month>/notes.md``, and ``<unit>.md`` for each unit."""
    folder = context.gateway.content.root / "reports" / context.month
    texts = []
    for unit in ("notes", *(unit.code for unit in context.units)):
        file = folder / f"{unit}.md"
        if not file.is_file():
            continue
        data = file.read_bytes()
        text = _decoded(data)
        if text is None:
            hint = f"save it as UTF-8, at most {_LARGEST_NOTES} bytes"
            raise Terminal("ECQS-8103", "the notes of the month cannot be read", where=str(file), hint=hint)
        name = next((u.name for u in context.units if u.code == unit), None)
        texts.append(f"## {name}\n\n{text.strip()}" if name else text.strip())
    title = words("重大问题与好经验好做法", "Problems and good practice")
    where = f"reports/{context.month}/notes.md"
    if not texts:
        note = words(f"本月没有填写（{where}）。", f"Nothing was written this month ({where}).")
        return Section(id="notes", title=title, state="absent", note=note), None
    whole = "\n\n".join(texts)
    return Section(id="notes", title=title, text=whole), hashlib.sha256(whole.encode()).hexdigest()


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig") if len(data) <= _LARGEST_NOTES else None
    except UnicodeDecodeError:
        return None


def _proofs(context: Context, notes: str | None) -> list[Proof]:
    with context.gateway.database.read() as connection:
        entry, head = evidence.head(connection)
    found = [
        Proof(id="evidence_entry", title=words("存证链末条序号", "Last entry of the evidence chain"), value=str(entry)),
        Proof(id="evidence_head", title=words("存证链末条摘要", "Its hash"), value=head.hex()),
        Proof(id="content", title=words("内容包摘要", "Content bundle"), value=context.gateway.content.digest),
        Proof(
            id="schema", title=words("国家交换格式（本项目建议稿）", "Exchange schema (proposed)"), value=SCHEMA_VERSION
        ),
    ]
    if notes:
        found.append(Proof(id="notes", title=words("文字部分摘要", "Digest of the notes"), value=notes))
    return found


@dataclass(frozen=True)
class Behind:
    """A number and the records behind it."""

    value: Value
    rows: list[dict[str, Any]]


def behind(context: Context, address: str, limit: int) -> Behind:
    """List the records behind a number, given by its address; ``table.row`` means the sum of its row, where it has one.

    Raises Terminal ECQS-8101 for an address that is none, ECQS-8104 where a number has no records behind it.
    """
    parts = address.split(".")
    report = make(context)
    if len(parts) == 2:
        parts.append("all")
    value = report.cell(".".join(parts))
    table = next((one for one in report.tables() if one.id == parts[0]), None)
    column = next((one for one in table.columns if one.id == parts[2]), None) if table else None
    if table is None or column is None or column.kind != "count" or parts[0] not in _LISTS:
        hint = "ask for a count; a share is made of two of them, and text and digests are what they are"
        raise Terminal("ECQS-8104", "there are no records behind this cell", where=address, hint=hint)
    return Behind(value, _LISTS[parts[0]](context, parts[0], parts[1], parts[2], limit))
