"""One dead letter as a person reads it: its source row beside the record made of it, every reason, and its history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.doors import xml
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import gather
from ecqs_gateway.ledger import corrections, letters
from ecqs_gateway.ledger.letters import Letter, Reason
from ecqs_gateway.ledger.tables import batch
from ecqs_gateway.mapping.deadletters import source_json
from ecqs_gateway.model import kinds
from ecqs_gateway.model.record import KindSpec

__all__ = ["brief", "describe", "source_of"]

Row = dict[str, Any]

_QUEUED = {"letters retried": "put in line again", "letters corrected": "corrected row put in line"}


def brief(letter: Letter) -> Row:
    """Give a letter in one line: what it is about and why it could not go, without its payloads."""
    return {
        "id": letter.id,
        "unit": letter.unit,
        "kind": letter.kind,
        "state": letter.state,
        "origin": letter.origin,
        "key": letter.key,
        "source_key": letter.source_key,
        "rules": letter.rules,
        "reasons": list(letter.reasons),
        "first_met": letter.created_at,
        "last_run": letter.last_run,
        "resolved_by": letter.resolved_by,
    }


def describe(gateway: Gateway, letter: Letter) -> Row:
    """Give everything the gateway holds of a letter.

    ``source`` is the source row with its child rows and ``mapped`` the record made of it, or a sentence that says why
    they are not at hand; ``fields`` puts the two beside each other with what is wrong; ``history`` is oldest first.
    """
    source = source_of(gateway, letter)
    mapped = _mapped(gateway, letter)
    shown = {
        **brief(letter),
        "batch": letter.batch_id,
        "version": letter.version,
        "extraction": letter.extraction_id,
        "source_row": letter.source_row,
        "read_from": letter.read_from,
        "bundle": letter.bundle,
        "engine": letter.engine,
        "note": letter.note,
        "source": source,
        "mapped": mapped,
        "fields": [],
        "history": _history(gateway, letter),
    }
    if isinstance(source, Mapping) and isinstance(mapped, Mapping):
        shown["fields"] = list(
            _fields(kinds.spec(letter.kind), _lineage(gateway, letter), letter.reasons, (source, mapped))
        )
    return shown


def source_of(gateway: Gateway, letter: Letter) -> Row | str | None:
    """Give the source row of a letter with its child rows, from the letter itself or from the stored extraction."""
    try:
        text = letters.opened(letter, gateway.vault).source
        if text is not None:
            found: Row = json.loads(text)
            return found
        gathered = gather(gateway, [letter])
        if letter.id in gathered.missing:
            return gathered.missing[letter.id]
        [piece] = gathered.pieces
        whole = source_json(piece.lane.mapping.apply(piece.chunk.frame, piece.chunk.children, table=piece.lane.table))
        stored: Row = json.loads(whole["source"][0])
    except GatewayError as error:
        return str(error)
    return stored


def _mapped(gateway: Gateway, letter: Letter) -> Row | str | None:
    try:
        text = letters.opened(letter, gateway.vault).mapped
        if text is None and letter.batch_id is not None and letter.key is not None:
            text = _body(gateway, letter)
        if text is None or not text.startswith("<"):
            return None if text is None else json.loads(text)
        return _record_of(text, kinds.spec(letter.kind))
    except GatewayError as error:
        return str(error)


def _body(gateway: Gateway, letter: Letter) -> str:
    with gateway.database.read() as connection:
        wanted = batch.select().where(batch.c.id == letter.batch_id)
        found = connection.execute(wanted).one()
    package = gateway.stage.get(found.package, bytes(found.package_digest).hex())
    return xml.record_body(read_batch_xml(package), letter.key or "")


def _record_of(body: str, spec: KindSpec) -> Row:
    """Read a record's body element into the same shape as the JSON of a mapped record."""
    lists = {node.path for node in spec.repeated()}
    found: Row = {}

    def walk(element: xml.Element, prefix: str, into: Row) -> None:
        for child in element:
            path = f"{prefix}{xml.local_name(child)}"
            if path in lists and into is found:
                items: list[Row] = []
                for item in child:
                    items.append({})
                    walk(item, "", items[-1])
                into[path] = items
            elif len(child):
                walk(child, f"{path}.", into)
            else:
                into[path] = child.text

    walk(xml.parse(body.encode(), limits=None, where="stored record"), "", found)
    return found


def _lineage(gateway: Gateway, letter: Letter) -> Mapping[str, tuple[str, ...]]:
    try:
        return gateway.lane(letter.unit, letter.kind).mapping.lineage()
    except GatewayError:
        return {}  # the content is broken today; what was stored can be shown all the same


def _fields(
    spec: KindSpec, lineage: Mapping[str, tuple[str, ...]], reasons: Sequence[Reason], both: tuple[Row, Row]
) -> Iterator[Row]:
    """Give per national field its value, the source columns it is made of with theirs, and what is wrong."""
    source, mapped = both
    lists = list(spec.repeated())
    for leaf in spec.leaves():
        columns = lineage.get(leaf.path, ())
        yield from _line(leaf.path, mapped.get(leaf.path), {c: source.get(c) for c in columns}, reasons)
    for node in lists:
        items = mapped.get(node.path) or []
        yield from _line(node.path, None, {}, [r for r in reasons if r.get("field") == node.path])
        for number, item in enumerate(items, 1):
            for leaf in node.leaves():
                columns = lineage.get(f"{node.path}.{leaf.path}", ())
                values = dict(_of_item(source, columns, number, len(items)))
                yield from _line(f"{node.path}[{number}].{leaf.path}", item.get(leaf.path), values, reasons)


def _of_item(source: Row, columns: Sequence[str], number: int, items: int) -> Iterator[tuple[str, Any]]:
    """Give the source values of a list item: of its child row where items and child rows go together one by one."""
    for column in columns:
        table, dot, inside = column.partition(".")
        rows = source.get(table)
        if dot and isinstance(rows, list):
            if len(rows) == items:
                yield f"{table}[{number}].{inside}", rows[number - 1].get(inside)
        else:
            yield column, source.get(column)


def _line(path: str, value: Any, columns: Mapping[str, Any], reasons: Sequence[Reason]) -> Iterator[Row]:
    wrong = [r for r in reasons if path in [part.strip() for part in (r.get("field") or "").split(",")]]
    if value is not None or wrong or any(v is not None for v in columns.values()):
        yield {"field": path, "value": value, "source": dict(columns), "wrong": [str(r.get("rule")) for r in wrong]}


def _history(gateway: Gateway, letter: Letter) -> list[Row]:
    """Give what happened to a letter: met, proposed, decided, retried, settled."""
    found: list[Row] = [{"at": letter.created_at, "what": f"met for the first time, in run {letter.first_run}"}]
    if letter.last_run != letter.first_run:
        found.append({"at": _moment(letter.last_run), "what": f"met last in run {letter.last_run}"})
    for done in letters.events_of(gateway.database, letter):
        by = f" by {done.facts['by']}" if done.facts.get("by") else ""
        where = f", extraction {done.subject.rpartition('/')[2]}" if done.event in _QUEUED else ""
        what = _QUEUED.get(done.event) or done.event.removeprefix("letters ")
        found.append({"at": done.at, "what": f"{what}{by}{where}"})
    for proposal in corrections.find(gateway.database, gateway.vault, letters=[letter.id]):
        names = ", ".join(proposal.changes) or "as it is"
        what = f"correction {proposal.id} ({proposal.action}: {names}) proposed by {proposal.author}: {proposal.reason}"
        found.append({"at": proposal.created_at, "what": what})
        if proposal.decided_at:
            by = f" by {proposal.decided_by}" if proposal.decided_by else ""
            why = f": {proposal.decision}" if proposal.decision else ""
            state = "approved" if proposal.state == "failed" else proposal.state
            failed = f"; it failed{why}" if proposal.state == "failed" else why
            found.append({"at": proposal.decided_at, "what": f"correction {proposal.id} {state}{by}{failed}"})
    if letter.resolved_at:
        found.append({"at": letter.resolved_at, "what": f"{letter.state}: {letter.resolved_by}"})
    return sorted(found, key=lambda row: str(row["at"]))


def _moment(run_id: str) -> str:
    """Give the start of a run, which its id begins with, as the ledger writes times."""
    day, clock = run_id[:8], run_id[9:15]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
