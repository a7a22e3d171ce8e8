"""A list of dead letters as a workbook, one sheet per unit and kind, to be passed around and handed back.

People edit cells of the source columns (proposed corrections) or choose what to do. What a cell held is never taken
from the file that comes back: it is looked up in the ledger again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from ecqs_gateway.doors.workbook import MOST_ROWS, Column, Sheet, holds, sheet_name, write_book
from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.letter_rows import gather
from ecqs_gateway.ledger import evidence, letters
from ecqs_gateway.ledger.letters import Letter
from ecqs_gateway.mapping.deadletters import source_json

__all__ = ["CORRECT", "DISCARD", "FIXED", "META", "NOT_HERE", "RETRY", "Texts", "export"]
__all__ += ["heading", "mark_of", "meta", "shown", "texts_of"]

CORRECT, DISCARD, RETRY = "更正", "放弃", "重试"
FIXED = (
    Column("编号", 8),
    Column("校验", 10),
    Column("状态", 8),
    Column("业务主键", 24),
    Column("来源主键", 16),
    Column("未通过原因", 60),
    Column("处理", 8, editable=True, choices=(CORRECT, DISCARD, RETRY)),
    Column("理由", 24, editable=True),
)
"""The columns before those of the source."""
META = "_ecqs"
"""Name of the hidden sheet that says what file this is."""
NOT_HERE = "〔此值不能在表格中编辑〕"
"""Stands for a value no cell can hold as it is."""

_STATES = {"open": "待处理", "corrected": "已更正", "resolved": "已解决", "discarded": "已放弃"}
_MOST_CHILDREN = 30
_MOST_COLUMNS = 2_000

Texts = Mapping[str, str | None]
"""Source columns of a row, child rows included (``cp[2].CPMC``), with their text."""


def texts_of(gateway: Gateway, found: Sequence[Letter]) -> dict[int, Texts]:
    """Give the source columns of letters; a letter whose row is not at hand has none."""
    texts: dict[int, Texts] = {}
    elsewhere: list[Letter] = []
    for letter in found:
        source = letters.opened(letter, gateway.vault).source
        if source is None:
            elsewhere.append(letter)
        else:
            texts[letter.id] = _flat(json.loads(source))
    gathered = gather(gateway, elsewhere)
    for piece in gathered.pieces:
        mapped = piece.lane.mapping.apply(piece.chunk.frame, piece.chunk.children, table=piece.lane.table)
        rows = source_json(mapped)["source"].to_list()
        texts.update((letter.id, _flat(json.loads(row))) for letter, row in zip(piece.letters, rows, strict=True))
    return texts


def _flat(source: Mapping[str, object]) -> Texts:
    flat: dict[str, str | None] = {}
    for name, value in source.items():
        if isinstance(value, list):
            for number, row in enumerate(value[:_MOST_CHILDREN], 1):
                flat.update((f"{name}[{number}].{column}", text) for column, text in row.items())
        else:
            flat[name] = None if value is None else str(value)
    return flat


def mark_of(letter: Letter) -> str:
    """Give the mark that shows whether a number in a file still belongs to its row."""
    return hashlib.sha256(f"{letter.lane_id}|{letter.id}|{letter.identity}".encode()).hexdigest()[:10]


def meta(gateway: Gateway) -> list[list[str | None]]:
    """Give the first rows of the hidden sheet: what file this is and which ledger it came from."""
    with gateway.database.read() as connection:
        first = next(evidence.entries(connection), None)
    return [["ecqs dead letters", "1"], ["ledger", first.hash.hex() if first else ""]]


def export(gateway: Gateway, found: Sequence[Letter]) -> bytes:
    """Write letters as a workbook; raises Terminal ECQS-6120 for more than people can look through."""
    lanes: dict[str, list[Letter]] = {}
    for letter in found:
        lanes.setdefault(f"{letter.unit} {letter.kind}", []).append(letter)
    texts = texts_of(gateway, found)
    sheets: list[Sheet] = []
    for name, mine in lanes.items():
        if len(mine) > MOST_ROWS:
            raise Terminal(
                "ECQS-6120",
                f"{len(mine)} dead letters of {name} are more than a sheet is good for ({MOST_ROWS})",
                hint="export a part: --rule, --since or --origin",
            )
        sheets.append(_sheet(sheet_name(name, [sheet.name for sheet in sheets]), mine, texts))
    made = gateway.clock()
    about: list[list[str | None]] = [*meta(gateway), ["made", made.isoformat()]]
    hidden = Sheet(META, (Column("key"), Column("value", 70)), about, hidden=True)
    return write_book([*sheets, hidden], made=made)


def _sheet(name: str, found: Sequence[Letter], texts: Mapping[int, Texts]) -> Sheet:
    columns = list(dict.fromkeys(column for letter in found for column in texts.get(letter.id, {})))
    # Child rows of one number stand together, behind the columns of the row itself.
    columns = sorted(columns, key=lambda column: "]." in column)[:_MOST_COLUMNS]
    rows = [_row(letter, texts.get(letter.id, {}), columns) for letter in found]
    return Sheet(name, (*FIXED, *(Column(heading(column), 18, editable=True) for column in columns)), rows)


def heading(column: str) -> str:
    """Give the heading of a source column."""
    return shown(column) or NOT_HERE


def _row(letter: Letter, texts: Texts, columns: Sequence[str]) -> list[str | None]:
    why = "\n".join(
        f"{r.get('field') or ''}（{r.get('column') or '—'}）{r.get('message')} [{r.get('rule')}]"
        for r in letter.reasons
    )
    fixed = [
        str(letter.id),
        mark_of(letter),
        _STATES[letter.state],
        letter.key,
        letter.source_key,
        why[:32_000],
        None,
        None,
    ]
    return [shown(text) for text in fixed] + [shown(texts.get(column)) for column in columns]


def shown(text: str | None) -> str | None:
    """Give what stands in the cell of a value; an empty text and no value are one."""
    if text is None or not text:
        return None
    return text if holds(text) else NOT_HERE
