"""The report as data: the one place its numbers stand, from which workbook, page and JSON are written.

Every number has an address ``table.row.column``. What it means stands beside it, in both languages. ``proven`` asserts
that all that is shown ties out, before anything is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ecqs_gateway.errors import Terminal

__all__ = ["FORMAT", "TOTAL", "Chart", "Column", "Figure", "Proof", "Report", "Row", "Section", "Table", "Tie"]
__all__ += ["Unit", "Value", "Words", "share"]

FORMAT: Literal["ecqs-report-1"] = "ecqs-report-1"
"""Name of this form of the data; a later one has another name."""
TOTAL = "total"
"""Id of the row of totals."""

Value = int | float | str | None
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
"""A part of an address."""
Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Part):
    """A text in Chinese and in English."""

    zh: str
    en: str

    def said(self, language: str) -> str:
        """Give it in a language, ``zh`` or ``en``."""
        return self.en if language == "en" else self.zh

    @classmethod
    def same(cls, text: str) -> Self:
        """Make it of a name, which is the same in both."""
        return cls(zh=text, en=text)


class Column(_Part):
    """A column: what kind of value it holds, and what must be true of it.

    ``sum_of`` names the columns it is the sum of in every row; a share is ``part`` divided by ``whole``.
    """

    id: Name
    title: Words
    kind: Literal["count", "share", "text"] = "count"
    sum_of: tuple[Name, ...] = ()
    part: Name | None = None
    whole: Name | None = None


class Row(_Part):
    """A row of a table; a value that is not known, or does not exist, is null."""

    id: Name
    title: Words
    cells: Mapping[str, Value]


class Chart(_Part):
    """How a table is drawn beside it: which of its columns, as bars, stacked bars or a line."""

    form: Literal["bars", "stacked", "line"]
    columns: tuple[Name, ...]
    title: Words


class Table(_Part):
    """A table with what its numbers mean (口径); counts add up to the row of totals where there is one."""

    id: Name
    title: Words
    definition: Words
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    chart: Chart | None = None
    first: Words = Words(zh="", en="")
    """Heading of the column of row titles."""
    listed: bool = False
    """Whether `ecqs report list` can list the records behind its counts."""

    @classmethod
    def summed(cls, *, columns: Sequence[Column], rows: Sequence[Row], **given: object) -> Self:
        """Make a table with its row of totals; shares are those of the totals."""
        cells: dict[str, Value] = {
            column.id: sum(int(row.cells.get(column.id) or 0) for row in rows)
            for column in columns
            if column.kind == "count"
        }
        total = Row(id=TOTAL, title=Words(zh="合计", en="Total"), cells=cells)
        filled = tuple(_with_shares(row, columns) for row in rows)
        shown = {"columns": tuple(columns), "rows": filled, "total": _with_shares(total, columns), **given}
        return cls.model_validate(shown)


def _with_shares(row: Row, columns: Sequence[Column]) -> Row:
    shares = {c.id: share(row.cells.get(c.part or ""), row.cells.get(c.whole or "")) for c in columns if c.part}
    return Row(id=row.id, title=row.title, cells={**row.cells, **shares}) if shares else row


def share(part: Value, whole: Value) -> float | None:
    """Divide; nothing is known of a part of nothing."""
    return round(float(part or 0) / float(whole), 6) if whole else None


class Figure(_Part):
    """A number that is shown large: the sum of cells, or the share two cells have to one another."""

    id: Name
    title: Words
    kind: Literal["count", "share"] = "count"
    value: int | float | None
    cells: tuple[Address, ...]
    """Cells it is the sum of; of a share first the part, then the whole."""


class Section(_Part):
    """A chapter of the report. Without data it says why, and shows no numbers."""

    id: Name
    title: Words
    state: Literal["given", "absent"] = "given"
    note: Words | None = None
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    text: str | None = None
    """Markdown a person wrote."""


class Tie(_Part):
    """Cells of different tables whose sums must be equal."""

    what: Words
    left: tuple[Address, ...]
    right: tuple[Address, ...]


class Proof(_Part):
    """A digest or number that ties the report to what can be verified."""

    id: Name
    title: Words
    value: str


class Unit(_Part):
    """A reporting unit the report is about."""

    code: str
    name: str


class Report(_Part):
    """The whole report."""

    format: Literal["ecqs-report-1"] = FORMAT
    month: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    units: tuple[Unit, ...]
    created: datetime
    engine: str
    sections: tuple[Section, ...]
    ties: tuple[Tie, ...] = ()
    proofs: tuple[Proof, ...] = Field(default=())

    def json_bytes(self) -> bytes:
        """Write the data; the same data gives the same bytes."""
        plain = self.model_dump(mode="json")
        return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the data, which page and workbook show."""
        return hashlib.sha256(self.json_bytes()).hexdigest()

    def tables(self) -> Iterator[Table]:
        """Walk all tables."""
        for section in self.sections:
            yield from section.tables

    def cell(self, address: str) -> Value:
        """Give a value by its address; raises Terminal ECQS-8101 where there is none."""
        table_id, _, rest = address.partition(".")
        row_id, _, column = rest.partition(".")
        for table in self.tables():
            if table.id == table_id:
                for row in (*table.rows, *((table.total,) if table.total else ())):
                    if row.id == row_id and column in row.cells:
                        value: Value = row.cells[column]
                        return value
        raise Terminal(
            "ECQS-8101", "the report has no such number", where=address, hint="an address is table.row.column"
        )

    def counted(self) -> int:
        """Count the numbers in all tables."""
        return sum(
            isinstance(row.cells.get(column.id), int | float)
            for table in self.tables()
            for row in (*table.rows, *((table.total,) if table.total else ()))
            for column in table.columns
        )

    def proven(self) -> Self:
        """Give the report back when everything in it ties out; raises Terminal ECQS-8100 naming what does not."""
        ids = [table.id for table in self.tables()]
        if len(ids) != len(set(ids)):
            raise _untied("two tables have one id", ", ".join(ids))
        for table in self.tables():
            _prove_table(table)
        for section in self.sections:
            for figure in section.figures:
                self._prove_figure(figure)
        for tie in self.ties:
            left, right = self._sum(tie.left), self._sum(tie.right)
            if left != right:
                raise _untied(f"{tie.what.en}: {left} and {right}", " ".join((*tie.left, *tie.right)))
        return self

    def _sum(self, addresses: Sequence[str]) -> int:
        return sum(int(self.cell(address) or 0) for address in addresses)

    def _prove_figure(self, figure: Figure) -> None:
        if figure.kind == "share":
            wanted: Value = share(self.cell(figure.cells[0]), self.cell(figure.cells[1]))
        else:
            wanted = self._sum(figure.cells)
        if figure.value != wanted:
            raise _untied(f"it shows {figure.value}, its cells give {wanted}", figure.id)


def _prove_table(table: Table) -> None:
    for row in (*table.rows, *((table.total,) if table.total else ())):
        for column in table.columns:
            where = f"{table.id}.{row.id}.{column.id}"
            value = row.cells.get(column.id)
            if column.sum_of and value != sum(int(row.cells.get(one) or 0) for one in column.sum_of):
                raise _untied(f"{value} is not the sum of {', '.join(column.sum_of)}", where)
            if column.part and value != share(row.cells.get(column.part), row.cells.get(column.whole or "")):
                raise _untied(f"{value} is not {column.part} divided by {column.whole}", where)
    if len({row.id for row in table.rows} | {TOTAL}) != len(table.rows) + 1:
        raise _untied("two rows have one id", table.id)
    for column in table.columns if table.total else ():
        shown = table.total.cells.get(column.id) if table.total else None
        if column.kind == "count" and shown != sum(int(row.cells.get(column.id) or 0) for row in table.rows):
            raise _untied(f"the total {shown} is not the sum of its rows", f"{table.id}.{TOTAL}.{column.id}")


def _untied(why: str, where: str) -> Terminal:
    hint = "this is a defect of the gateway: nothing was written; report it with this message"
    return Terminal("ECQS-8100", f"the report's numbers do not tie out: {why}", where=where, hint=hint)
