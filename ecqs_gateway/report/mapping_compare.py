"""A signed mapping table read back and compared with the mapping as it is: what each says, and where it says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.doors.workbook import plain, read_book, sheet_name
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.report.mapping_table import CODE_COLUMNS, FIELD_COLUMNS, Line, Table
from ecqs_gateway.report.mapping_xlsx import CODES_PREFIX, COVER, FIELDS_SHEET, cell_text

__all__ = ["Signed", "TableDifference", "compare_table", "read_table"]

_COMPARED = ("约束条件", "对应情况", "来源表", "来源字段", "转换规则", "代码对照表")
_COMPARED_CODES = ("国家代码", "对应关系", "生效日期", "失效日期", "说明")

Rows = Mapping[str, Mapping[str, str]]
"""Rows by what identifies them; cells by heading."""


@dataclass(frozen=True)
class Signed:
    """What a workbook says: whose table it is, its fields by code, and its code files by name."""

    unit: str
    kind: str
    digest: str
    fields: Rows
    codes: Mapping[str, Rows]


@dataclass(frozen=True)
class TableDifference:
    """One thing on which the signed table and the mapping do not agree; null where one of them has no such line."""

    subject: str
    what: str
    signed: str | None
    mapping: str | None
    file: str
    line: int


def read_table(data: bytes, *, place: str) -> Signed:
    """Read a workbook that ``mapping_xlsx`` wrote, also when somebody saved it anew.

    Raises Misconfigured ECQS-6069 for a workbook that is no mapping table, and what ``read_book`` raises.
    """
    sheets = read_book(data, place=place)
    if FIELDS_SHEET not in sheets or COVER not in sheets:
        raise _no_table(place, f"it has no sheet {FIELDS_SHEET!r} or {COVER!r}", did_you_mean(FIELDS_SHEET, sheets))
    facts = {str(row[0]): plain(row[1] or "") for row in sheets[COVER] if len(row) > 1 and row[0]}
    fields = {row["字段代码"]: row for row in _rows(sheets[FIELDS_SHEET], FIELD_COLUMNS, place)}
    codes = {
        name.removeprefix(CODES_PREFIX): {_code_key(row): row for row in _rows(sheet, CODE_COLUMNS, place)}
        for name, sheet in sheets.items()
        if name.startswith(CODES_PREFIX)
    }
    unit = facts.get("报送单位", "").rpartition(" ")[2]
    kind = facts.get("记录类型", "").rpartition(" ")[2]
    if not unit or not kind:
        raise _no_table(place, "its cover does not say unit and kind", None)
    return Signed(unit, kind, facts.get("映射摘要", ""), fields, codes)


def _rows(sheet: Sequence[Sequence[str | None]], columns: Sequence[str], place: str) -> Iterator[dict[str, str]]:
    """Give the rows below the headings, wherever these stand; blank rows are passed over."""
    start = next((n for n, row in enumerate(sheet) if set(columns) <= {str(cell) for cell in row if cell}), None)
    if start is None:
        raise _no_table(place, f"a sheet lacks its headings {'、'.join(columns)}", "do not rename or delete columns")
    at = {name: [str(cell) for cell in sheet[start]].index(name) for name in columns}
    for row in sheet[start + 1 :]:
        found = {name: _text(row[at[name]] if at[name] < len(row) else None) for name in columns}
        if any(found.values()):
            yield found


def _text(cell: str | None) -> str:
    # Spreadsheet programs make carriage returns of line ends.
    return plain(cell or "").replace("\r\n", "\n").replace("\r", "\n")


def _no_table(place: str, why: str, hint: str | None) -> Misconfigured:
    step = hint or "give the workbook `ecqs mapping docs` wrote"
    return Misconfigured("ECQS-6069", f"this is no mapping table: {why}", where=place, hint=step)


def compare_table(signed: Signed, table: Table) -> list[TableDifference]:
    """Give the differences, fields first and in the order of the mapping."""
    found = list(_compared(signed.fields, _by(table.fields, FIELD_COLUMNS), table, _COMPARED))
    sheets = _sheet_names(table)
    for one in table.codes:
        theirs = signed.codes.get(sheets[one.name])
        if theirs is None:
            found.append(TableDifference(f"代码对照表 {one.name}", "代码表", None, f"{len(one.lines)} 行", one.file, 1))
            continue
        mine = {_code_key(dict(zip(CODE_COLUMNS, map(_cell, line.cells), strict=True))): line for line in one.lines}
        found += _codes(one.name, theirs, mine, one.file)
    for name in signed.codes:
        if name not in sheets.values():
            rows = f"{len(signed.codes[name])} 行"
            found.append(TableDifference(f"代码对照表 {name}", "代码表", rows, None, table.file, 1))
    return found


def _sheet_names(table: Table) -> dict[str, str]:
    taken: list[str] = []
    names = {}
    for one in table.codes:
        taken.append(sheet_name(f"{CODES_PREFIX}{one.name}", taken))
        names[one.name] = taken[-1].removeprefix(CODES_PREFIX)
    return names


def _by(lines: Sequence[Line], columns: Sequence[str]) -> dict[str, Line]:
    place = columns.index("字段代码")
    return {line.cells[place]: line for line in lines}


def _compared(
    signed: Rows, mine: Mapping[str, Line], table: Table, columns: Sequence[str]
) -> Iterator[TableDifference]:
    for path, line in mine.items():
        theirs = signed.get(path)
        if theirs is None:
            rule = dict(zip(FIELD_COLUMNS, line.cells, strict=True))["转换规则"]
            yield TableDifference(path, "字段", None, rule or "未对应", line.file, line.line)
            continue
        cells = dict(zip(FIELD_COLUMNS, map(_cell, line.cells), strict=True))
        for name in columns:
            if theirs[name].strip() != cells[name].strip():
                yield TableDifference(path, name, theirs[name], cells[name], line.file, line.line)
    for path, theirs in signed.items():
        if path not in mine:
            yield TableDifference(path, "字段", theirs["转换规则"] or theirs["对应情况"], None, table.file, 1)


def _codes(name: str, signed: Rows, mine: Mapping[str, Line], file: str) -> Iterator[TableDifference]:
    for key, line in mine.items():
        theirs = signed.get(key)
        cells = dict(zip(CODE_COLUMNS, map(_cell, line.cells), strict=True))
        subject = f"代码对照表 {name} {cells['本单位代码']}"
        if theirs is None:
            yield TableDifference(subject, "代码", None, cells["国家代码"] or "无对应", line.file, line.line)
            continue
        for column in _COMPARED_CODES:
            if theirs[column].strip() != cells[column].strip():
                yield TableDifference(subject, column, theirs[column], cells[column], line.file, line.line)
    for key, theirs in signed.items():
        if key not in mine:
            said = theirs["国家代码"] or "无对应"
            yield TableDifference(f"代码对照表 {name} {theirs['本单位代码']}", "代码", said, None, file, 1)


def _code_key(row: Mapping[str, str]) -> str:
    """Tell the lines of one source value apart by the day they begin."""
    return f"{row['本单位代码']}\t{row['生效日期']}"


def _cell(text: str) -> str:
    """Give a text as it comes back from a cell."""
    return plain(cell_text(text))
