"""The mapping table bureaux exchange and sign: what stands in it, independent of the form it is written in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecqs_gateway import __version__
from ecqs_gateway.content.cross import used_codes
from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models_sources import SourceTable
from ecqs_gateway.content.yaml_reader import Document, read_yaml
from ecqs_gateway.mapping.codes import EQUIVALENCES, LocalCodeTable
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.in_words import FieldLine, field_lines
from ecqs_gateway.model.batch import SCHEMA_VERSION

__all__ = ["CODE_COLUMNS", "FIELD_COLUMNS", "GROUPS", "CodeSheet", "Line", "Table", "mapping_table"]

FIELD_COLUMNS = (
    "序号",
    "字段代码",
    "字段名称",
    "类型",
    "长度",
    "约束条件",
    "字段出处",
    "对应情况",
    "来源表",
    "来源字段",
    "转换规则",
    "代码对照表",
)
"""Headings of the table of fields, in order; what is read back is found by them."""
CODE_COLUMNS = ("序号", "本单位代码", "国家代码", "国家代码名称", "对应关系", "生效日期", "失效日期", "说明")
GROUPS = {"mapped": "直接对应", "derived": "计算得出", "constant": "固定值", "absent": "本单位没有", "open": "未对应"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Line:
    """One row of a table, and the line of the file it comes from."""

    cells: tuple[str, ...]
    file: str
    line: int


@dataclass(frozen=True)
class CodeSheet:
    """One code file, with equivalences and periods."""

    name: str
    file: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """The whole table of one unit and kind."""

    unit: str
    unit_name: str
    kind: str
    kind_title: str
    owner: str
    file: str
    fields: tuple[Line, ...]
    absent: tuple[Line, ...]
    """Fields and lists the unit does not have: code, name, reason, owner, day of review."""
    codes: tuple[CodeSheet, ...]
    digest: str
    """Of the mapping file and the code files it uses: the same as long as these say the same."""
    bundle: str
    """Digest of the whole content bundle."""

    @property
    def title(self) -> str:
        """Give the heading."""
        return f"{self.unit_name}（{self.unit}）{self.kind_title}数据项对照表"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give what identifies the table, as pairs of name and value."""
        return (
            ("报送单位", f"{self.unit_name} {self.unit}"),
            ("记录类型", f"{self.kind_title} {self.kind}"),
            ("责任科室", self.owner),
            ("国家交换格式", f"{SCHEMA_VERSION}（本项目建议稿，非官方接口）"),
            ("映射文件", self.file),
            ("映射摘要", self.digest),
            ("内容包摘要", self.bundle),
            ("程序版本", __version__),
        )


def mapping_table(content: Content, compiled: CompiledMapping) -> Table:
    """Make the table of one lane from the content as it is."""
    mapping = compiled.mapping
    unit, kind = mapping.unit, mapping.kind
    file = f"mappings/{unit}/{kind}.yaml"
    document, _ = read_yaml(file, (content.root / file).read_bytes())
    tables = _tables(content, compiled)
    lines = field_lines(compiled)
    codes = content.local_codes.get(unit, {})
    used = [codes[name] for name in sorted(used_codes(mapping)) if name in codes]
    return Table(
        unit,
        shown(content.units.get(unit, "")),
        kind,
        compiled.spec.title,
        shown(mapping.owner),
        file,
        tuple(_fields(lines, tables, document, file)),
        tuple(_absent(lines, document, file)),
        tuple(_code_sheet(content, one, lines) for one in used),
        _digest(content, file, used),
        content.digest,
    )


def shown(text: str) -> str:
    """Give a text as every form can hold it: what cannot be printed becomes �."""
    return _CONTROL.sub("�", text)


def _digest(content: Content, file: str, codes: list[LocalCodeTable]) -> str:
    digest = hashlib.sha256()
    for path in (file, *(one.file for one in codes)):
        data = (content.root / path).read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return f"sha256:{digest.hexdigest()}"


@dataclass(frozen=True)
class _Tables:
    """Tables of the source: name by child table (empty: the main one), and comments of columns."""

    names: Mapping[str, str]
    comments: Mapping[str, str]


def _tables(content: Content, compiled: CompiledMapping) -> _Tables:
    unit, kind = compiled.mapping.unit, compiled.mapping.kind
    connector, source = content.connectors.get(unit), content.sources.get(unit)
    stream = connector.streams.get(kind) if connector is not None else None
    if stream is None:
        return _Tables({}, {})
    names = {"": stream.origin}
    comments = _comments("", source.table(stream) if source is not None else None)
    for name, child in stream.children.items():
        names[name] = child.table
        comments |= _comments(f"{name}.", source.tables.get(child.table) if source is not None else None)
    return _Tables(names, comments)


def _comments(prefix: str, table: SourceTable | None) -> dict[str, str]:
    return {f"{prefix}{column.name}": column.comment for column in table.columns} if table is not None else {}


def _fields(lines: tuple[FieldLine, ...], tables: _Tables, document: Document | None, file: str) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        owners = dict.fromkeys(_owner(column, tables) for column in line.columns)
        columns = "\n".join(_column(column, tables) for column in line.columns)
        cells = (
            str(number), line.path, line.title, line.type, line.length, line.constraint, line.source,
            GROUPS[line.group], "\n".join(filter(None, owners)), columns, line.rule, line.codes or "",
        )  # fmt: skip
        yield Line(tuple(map(shown, cells)), file, _line_of(document, line))


def _line_of(document: Document | None, line: FieldLine) -> int:
    return document.mark(line.yaml).key_line if document is not None else 1


def _owner(column: str, tables: _Tables) -> str:
    child, dot, _ = column.partition(".")
    if column in tables.names:
        return tables.names[column]
    return tables.names.get(child if dot and child in tables.names else "", "")


def _column(column: str, tables: _Tables) -> str:
    if column in tables.names:
        return ""
    child, dot, name = column.partition(".")
    comment = tables.comments.get(column, "")
    return (name if dot and child in tables.names else column) + (f"（{comment}）" if comment else "")


def _absent(lines: tuple[FieldLine, ...], document: Document | None, file: str) -> Iterator[Line]:
    for line in lines:
        if line.absent is not None:
            one = line.absent
            cells = (line.path, line.title, one.reason, one.owner, one.until.isoformat())
            yield Line(tuple(map(shown, cells)), file, _line_of(document, line))


def _code_sheet(content: Content, table: LocalCodeTable, lines: tuple[FieldLine, ...]) -> CodeSheet:
    national = next((line.national_table for line in lines if line.codes == table.name and line.national_table), None)
    names: dict[str, str] = {}
    if national is not None and national in content.codes:
        rows = content.codes[national].rows
        names = dict(zip(rows["code"].to_list(), rows["name"].to_list(), strict=True))
    found = []
    for number, code in enumerate(table.codes, 1):
        cells = (
            str(number), code.source, code.national or "", names.get(code.national or "", ""),
            EQUIVALENCES[code.equivalence], code.valid_from.isoformat() if code.valid_from else "",
            code.valid_until.isoformat() if code.valid_until else "", code.note,
        )  # fmt: skip
        found.append(Line(tuple(map(shown, cells)), table.file, code.line))
    return CodeSheet(table.name, table.file, tuple(found))
