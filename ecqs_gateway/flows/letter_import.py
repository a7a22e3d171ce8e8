"""Taking back a workbook of dead letters: what people edited becomes proposed corrections, what they chose is done.

Everything is checked first, and every mistake told at once with its sheet, row and column; while there is one, nothing
is done. The file says only what is wanted: what a cell held before is looked up in the ledger.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from ecqs_gateway.doors.workbook import column_name, neutral, plain, read_book
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows import approvals, retry
from ecqs_gateway.flows.corrections import Wish, examine, person, propose, require_open, still_refused
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_book import (
    CORRECT,
    DISCARD,
    FIXED,
    META,
    NOT_HERE,
    RETRY,
    Texts,
    heading,
    mark_of,
    meta,
    shown,
    texts_of,
)
from ecqs_gateway.ledger import corrections, evidence, letters
from ecqs_gateway.ledger.letters import Filter, Letter
from ecqs_gateway.ledger.tables import evidence as evidence_table

__all__ = ["Mistake", "Report", "take_back"]

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00")
_ID, _MARK, _DECISION, _REASON = 0, 1, 6, 7


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with a file: where, and what to do."""

    sheet: str
    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Report:
    """What an import did, per row (``sheet``, ``row``, ``letter``, ``what``), or why it did nothing."""

    mistakes: tuple[Mistake, ...] = ()
    done: tuple[Mapping[str, object], ...] = ()
    before: str | None = None
    """When this very file was imported before; then nothing was done."""

    @property
    def counts(self) -> dict[str, int]:
        """Count the rows by what was done."""
        return dict(Counter(str(row["did"]) for row in self.done))


@dataclass
class _Line:
    """One row of the file: where it stands and what it asks for."""

    sheet: str
    row: int
    letter: Letter
    action: str | None
    reason: str
    changes: dict[str, str | None] = field(default_factory=dict)
    first_edit: int = _ID


@dataclass
class _Reading:
    """A file on its way: lines that make sense, and mistakes."""

    lines: list[_Line] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, sheet: str, row: int, place: int, message: str) -> None:
        self.mistakes.append(Mistake(sheet, row, column_name(place), message))


def take_back(
    gateway: Gateway, data: bytes, *, author: str, reason: str = "", anyway: bool = False, place: str = "the file"
) -> Report:
    """Do what a workbook asks for: propose corrections, discard, put in line again.

    ``reason`` stands for rows that give none. Raises Terminal ECQS-6121 or 6122 for a file that cannot be read,
    ECQS-6123 for one that was not exported from this ledger.
    """
    name = person(author)
    digest = hashlib.sha256(data).hexdigest()
    before = _imported(gateway, digest)
    if before is not None:
        return Report(before=before)
    book = read_book(data, place=place)
    _require_ours(gateway, book, place)
    reading = _Reading()
    for sheet, rows in book.items():
        if sheet != META:
            _read_sheet(gateway, sheet, rows, reason, reading)
    _check(gateway, reading, anyway=anyway)
    if reading.mistakes:
        return Report(mistakes=tuple(sorted(reading.mistakes, key=lambda m: (m.sheet, m.row, m.column))))
    done = [*_correct(gateway, reading.lines, name, anyway=anyway), *_discard(gateway, reading.lines, name)]
    done += _retry(gateway, reading.lines, name, anyway=anyway)
    report = Report(done=tuple(sorted(done, key=lambda row: (str(row["sheet"]), int(str(row["row"]))))))
    with gateway.database.write() as connection:
        facts = {"file": digest, "author": name, **report.counts}
        evidence.append(connection, "letters imported", "dead letters", facts, clock=gateway.clock)
    return report


def _imported(gateway: Gateway, digest: str) -> str | None:
    same = (evidence_table.c.event == "letters imported", evidence_table.c.facts.contains(digest))
    with gateway.database.read() as connection:
        found = connection.execute(sa.select(evidence_table.c.at).where(*same)).scalar()
    return str(found) if found is not None else None


def _require_ours(gateway: Gateway, book: Mapping[str, Sequence[Sequence[str | None]]], place: str) -> None:
    told = [list(row[:2]) for row in book.get(META, ())[1:3]]
    if told != meta(gateway):
        raise Terminal(
            "ECQS-6123",
            "the workbook was not exported from this ledger, or its hidden sheet was changed",
            where=place,
            hint="export the list anew with `ecqs dead-letters export`, and edit that file",
        )


def _read_sheet(
    gateway: Gateway, sheet: str, rows: Sequence[Sequence[str | None]], reason: str, reading: _Reading
) -> None:
    head = [text or "" for text in rows[0]] if rows else []
    for place, column in enumerate(FIXED):
        if place >= len(head) or head[place] != column.title:
            reading.wrong(
                sheet, 1, place, f"这一列的标题应为“{column.title}”；请勿改动前 {len(FIXED)} 列，也不要添加工作表"
            )
            return
    body = {number: row for number, row in enumerate(rows[1:], 2) if any(text for text in row)}
    numbers = {int(row[_ID] or "") for row in body.values() if (row[_ID] or "").isdecimal()}
    found = {letter.id: letter for letter in letters.find(gateway.database, Filter(ids=tuple(sorted(numbers))))}
    texts = texts_of(gateway, list(found.values()))
    seen: set[int] = {line.letter.id for line in reading.lines}
    for number, row in body.items():
        letter = _letter(sheet, number, row, found, reading)
        if letter is None:
            continue
        if letter.id in seen:
            reading.wrong(sheet, number, _ID, f"死信 {letter.id} 在文件中出现了两次")
            continue
        seen.add(letter.id)
        line = _Line(sheet, number, letter, (row[_DECISION] or "").strip() or None, (row[_REASON] or reason).strip())
        _edits(line, head, row, texts.get(letter.id), reading)
        _decide(line, reading)


def _letter(
    sheet: str, number: int, row: Sequence[str | None], found: Mapping[int, Letter], reading: _Reading
) -> Letter | None:
    text = (row[_ID] or "").strip()
    letter = found.get(int(text)) if text.isdecimal() else None
    if letter is None:
        reading.wrong(sheet, number, _ID, "没有这个编号的死信；编号不能改动")
    elif (row[_MARK] or "").strip() != mark_of(letter):
        reading.wrong(sheet, number, _MARK, "编号与校验不符：编号被改动，或整行被移动；请重新导出")
        return None
    return letter


def _edits(line: _Line, head: Sequence[str], row: Sequence[str | None], texts: Texts | None, reading: _Reading) -> None:
    """Find the cells that do not hold what was exported."""
    columns = {neutral(heading(column)): column for column in texts or {}}
    for place in range(len(FIXED), len(head)):
        cell = _normal(row[place])
        column = columns.get(head[place])
        if column is None or head[place] == NOT_HERE:
            if cell and head[place] != NOT_HERE:
                why = "来源行中没有这一列" if texts is not None else "来源行已不在本机，不能更正"
                reading.wrong(line.sheet, line.row, place, why)
            continue
        held = (texts or {})[column]
        exported = _normal(neutral(shown(held) or ""))
        if cell == exported or _DAY.sub(r"\1", cell) == exported:
            continue
        if exported == NOT_HERE:
            reading.wrong(line.sheet, line.row, place, "此值不能在表格中编辑，请用 ecqs dead-letters correct")
            continue
        if not line.changes:
            line.first_edit = place
        line.changes[column] = plain(_DAY.sub(r"\1", cell)) if cell else None


def _normal(text: str | None) -> str:
    """Give a cell's text with one kind of line end, for spreadsheet programs write their own."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


def _decide(line: _Line, reading: _Reading) -> None:
    """See what a line asks for; a line that asks for nothing is passed over."""
    action = line.action or (CORRECT if line.changes else None)
    if action is None:
        return
    line.action = action
    if action not in (CORRECT, DISCARD, RETRY):
        reading.wrong(line.sheet, line.row, _DECISION, f"“处理”只能是 {CORRECT}、{DISCARD} 或 {RETRY}")
    elif action == CORRECT and not line.changes:
        reading.wrong(line.sheet, line.row, _DECISION, "要更正，却没有改动任何来源列")
    elif action != CORRECT and line.changes:
        reading.wrong(line.sheet, line.row, line.first_edit, f"改动了来源列，但“处理”是 {action}；两者只能取一")
    elif action != RETRY and not line.reason:
        reading.wrong(line.sheet, line.row, _REASON, "没有写理由；在本行填写，或用 --reason 给出")
    else:
        reading.lines.append(line)


def _check(gateway: Gateway, reading: _Reading, *, anyway: bool) -> None:
    """Find what the ledger, the content and the state of the letters have against the lines."""
    _pass_over_done(gateway, reading)
    wishes = [line for line in reading.lines if line.action == CORRECT]
    looked = examine(gateway, [Wish(line.letter.id, line.changes, line.reason) for line in wishes])
    for line in wishes:
        error = looked.mistakes.get(line.letter.id)
        verdict = looked.verdicts.get(line.letter.id)
        if error is None and verdict is not None and not verdict.good and not anyway:
            error = still_refused(verdict)
        if error is not None:
            reading.wrong(line.sheet, line.row, line.first_edit, _told(error))
    others = [line for line in reading.lines if line.action == DISCARD]
    closed = require_open(gateway, [line.letter for line in others])
    for line in others:
        if line.letter.id in closed:
            reading.wrong(line.sheet, line.row, _DECISION, _told(closed[line.letter.id]))
    _check_retries(gateway, reading, anyway=anyway)


def _check_retries(gateway: Gateway, reading: _Reading, *, anyway: bool) -> None:
    again = {line.letter.id: line for line in reading.lines if line.action == RETRY}
    for verdict in retry.plan(gateway, [line.letter for line in again.values()]).verdicts:
        line = again[verdict.letter.id]
        if verdict.good or (anyway and verdict.outcome != "missing"):
            continue
        rules = ", ".join(dict.fromkeys(str(reason["rule"]) for reason in verdict.reasons))
        reading.wrong(line.sheet, line.row, _DECISION, f"重试仍不能通过：{verdict.why or rules}")


def _told(error: GatewayError) -> str:
    where = f"{error.where}: " if error.where else ""
    return f"{error.code} {where}{error.message}" + (f" ({error.hint})" if error.hint else "")


def _pass_over_done(gateway: Gateway, reading: _Reading) -> None:
    """Take out lines whose letter is in the wanted state already: the file was edited and handed in twice."""
    ids = [line.letter.id for line in reading.lines if line.action == CORRECT]
    made = {
        (p.letter, tuple(sorted(p.changes.items())))
        for p in corrections.find(gateway.database, gateway.vault, letters=ids, states=["approved"])
    }
    lanes = sorted({(x.letter.lane_id, x.letter.unit, x.letter.kind) for x in reading.lines if x.action == RETRY})
    waiting = {number for lane in lanes for number in letters.queued(gateway.database, *lane)}
    reading.lines = [line for line in reading.lines if not _is_done(line, made, waiting)]


def _is_done(line: _Line, made: set[tuple[int, tuple[tuple[str, str | None], ...]]], waiting: set[int]) -> bool:
    if line.action == CORRECT:
        return (line.letter.id, tuple(sorted(line.changes.items()))) in made
    if line.action == DISCARD:
        return line.letter.state == "discarded"
    return line.letter.id in waiting or line.letter.state == "resolved"


def _correct(gateway: Gateway, lines: Sequence[_Line], author: str, *, anyway: bool) -> Iterator[dict[str, object]]:
    mine = [line for line in lines if line.action == CORRECT]
    wishes = [Wish(line.letter.id, line.changes, line.reason) for line in mine]
    outcomes = propose(gateway, wishes, author=author, anyway=anyway) if wishes else []
    fresh = [outcome.correction for outcome in outcomes if not outcome.again]
    second = gateway.national.four_eyes.corrections
    if fresh and not second:
        approvals.approve(gateway, fresh, by=author, anyway=anyway)
    for line, outcome in zip(mine, outcomes, strict=True):
        did = "known" if outcome.again else "proposed" if second else "approved"
        yield _done(line, did, outcome.correction)


def _discard(gateway: Gateway, lines: Sequence[_Line], author: str) -> Iterator[dict[str, object]]:
    by_reason: dict[str, list[_Line]] = {}
    for line in lines:
        if line.action == DISCARD:
            by_reason.setdefault(line.reason, []).append(line)
    for reason, mine in by_reason.items():
        numbers = approvals.discard(gateway, [line.letter for line in mine], by=author, reason=reason)
        for line, (_, number) in zip(mine, numbers, strict=True):
            yield _done(line, "discarded" if number is None else "proposed", number)


def _retry(gateway: Gateway, lines: Sequence[_Line], author: str, *, anyway: bool) -> Iterator[dict[str, object]]:
    mine = [line for line in lines if line.action == RETRY]
    if not mine:
        return
    planned = retry.plan(gateway, [line.letter for line in mine])
    numbers = retry.ask(gateway, planned, by=author, reason=mine[0].reason or "导入的清单", every=anyway)
    for line in mine:
        yield _done(line, "retried" if line.letter.id not in numbers else "proposed", numbers.get(line.letter.id))


def _done(line: _Line, did: str, correction: int | None = None) -> dict[str, object]:
    return {"sheet": line.sheet, "row": line.row, "letter": line.letter.id, "did": did, "correction": correction}
