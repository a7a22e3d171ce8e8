"""The reference pages of ``connectors/``: ``docs/reference/connector.md`` and ``docs/reference/national.md``.

Tables are made from the models; the examples are files, which a test puts through the loader.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from ecqs_gateway.content.key_table import keys, shown, table
from ecqs_gateway.content.models_audits import AuditFolder, AuditTable
from ecqs_gateway.content.models_connector import ConnectorFile, NationalFile
from ecqs_gateway.content.models_http import HttpSource, HttpStream
from ecqs_gateway.content.models_inspectors import InspectorFile, InspectorTable
from ecqs_gateway.content.models_tables import FilesSource, FileStream, SqlSource, SqlStream
from ecqs_gateway.model.kinds import KINDS

__all__ = ["EXAMPLES", "generate"]

_MARK = "<!-- Written by ecqs generate from the models in ecqs_gateway/content. Do not edit by hand. -->"
_READING = """## How to read the tables

- A dot is one step to the right in the file: `source.connection` is `connection` below `source`.
- **required**: must stand wherever its block stands. Everything else may be left out; the default is then in force,
  and where there is none, the meaning says what happens.
- A block holds further keys. A duration is a number with its unit: `500ms`, `30s`, `30m`, `2h`, `1d`.
- A text needs no quotes, even if it looks like a number: `01` stays `01`. Keys that are not listed are mistakes.
"""
_CONNECTOR_HEAD = f"""# The connector of a unit

{_MARK}

A file `connectors/provinces/<unit>.yaml` says where the records of one reporting unit are read. It holds no password:
`connection` names an Airflow connection. `ecqs check` names every mistake in it by line and column, `ecqs onboard`
writes a first one from the source itself, and `connectors/_template/connector.yaml` is one to copy. How records are
delivered is said once for all units, in [connectors/national.yaml](national.md).

{_READING}"""
_NATIONAL_HEAD = f"""# The way to headquarters

{_MARK}

The file `connectors/national.yaml` says how batches reach headquarters and receipts come back, for all units, and what
decisions take. It holds no password: `transport.connection` names an Airflow connection. Where records are read is
said by [the connector of each unit](connector.md).

{_READING}"""

EXAMPLES = {
    "sql": """version: 1
unit: "320000"
owner: 数据管理科
source:
  type: sql
  connection: ecqs_320000
streams:
  certificate:
    table: T_XK_ZS
    key: [ZSID]
    changed_at: GXSJ              # leave it out to read the whole table each run
    overlap: 30m
    children:                     # several rows for one certificate
      cp: {table: T_XK_ZS_CP, parent_key: [ZSID], key: [ZSID], order_by: [XH]}
audits: {type: table, table: T_XK_CC}
""",
    "files": """version: 1
unit: "220000"
owner: 数据管理科
source:
  type: files
  connection: ecqs_220000         # of type fs; its extra holds the folder as path
streams:
  sampling_inspection:
    files: jilin-*.csv
    format: csv
    encoding: gb18030
    header_row: 2                 # a title stands above the column names
    key: [公布日期, 序号]
audits: {type: folder, connection: ecqs_220000, folder: 抽查}
""",
    "http": """version: 1
unit: "330000"
owner: 数据管理科
source:
  type: http
  connection: ecqs_330000         # of type http: host, port and credentials
streams:
  certificate:
    path: /api/certificates
    rows: data.list
    pages: {by: page, parameter: page, size_parameter: size, size: 500, total: data.total}
    success: {field: code, values: ["0", "200"]}
    key: [id]
    changed_at: gxsj
    since: {parameter: updatedSince, format: "%Y-%m-%d %H:%M:%S"}
    items: {products: cpList}     # a list inside a row, mapped as child rows
""",
    "inspectors": """inspectors:
  type: file
  connection: ecqs_220000
  file: national-inspectors.csv
  format: csv
  encoding: gb18030
  columns: {证书编号: number, 姓名: name, 有效期至: valid_until, 状态: status_name}
""",
    "national": """version: 1
owner: e-CQS 对接组
transport:
  type: sftp
  connection: ecqs_national       # host, port, login, key and host_key
receipts:
  issuer: ecqs-sandbox
  wait: 60s
signature: {algorithm: sm2-sm3}
retry: {attempts: 6, first_delay: 2s, longest_delay: 5m}
changes: {accept: required}
retention: {extractions: 180d}
""",
}
"""Whole files by what they show; ``inspectors`` is a piece that is put below one."""

_SOURCES: tuple[tuple[str, str, type[BaseModel], type[BaseModel], str], ...] = (
    ("sql", "A database", SqlSource, SqlStream, ""),
    ("files", "A folder of files", FilesSource, FileStream, ""),
    ("http", "An HTTP API", HttpSource, HttpStream, "More: [read an HTTP API](../how-to/read-an-http-api.md).\n\n"),
)
_MORE = {
    "drift": "[know what to do when a source changes](../how-to/drift.md)",
    "changes": "[change a mapping](../how-to/change-a-mapping.md)",
    "audits": "[answer what headquarters drew](../how-to/answer-audits.md)",
    "inspectors": "[inspectors](../how-to/inspectors.md)",
    "signature": "[keys](../how-to/keys.md)",
    "four_eyes": "[dead letters](../how-to/dead-letters.md)",
    "retention": "[remove what is no longer needed](../how-to/retention.md)",
    "enquiries": "[what is held and why](../how-to/write-a-rule.md)",
}
"""The how-to of a block, by its key."""


def generate() -> dict[str, str]:
    """Give the text of both pages by path below the checkout."""
    return {"docs/reference/connector.md": _connector(), "docs/reference/national.md": _national()}


def _connector() -> str:
    parts = [_CONNECTOR_HEAD, "\n## The file\n\n", _top(ConnectorFile)]
    parts.append(f"\nRecord kinds, the names below `streams`: {', '.join(f'`{kind}`' for kind in sorted(KINDS))}.\n")
    for name, title, source, stream, more in _SOURCES:
        parts.append(f"\n## {title}: `type: {name}`\n\n{_promise(source)}\n\n{more}{_yaml(EXAMPLES[name])}\n")
        parts.append(table([*keys(source, "source."), *keys(stream, "streams.<kind>.")]))
    parts += _blocks(ConnectorFile)
    parts.append(_variants("audits", {"table": AuditTable, "folder": AuditFolder}))
    parts.append(_variants("inspectors", {"table": InspectorTable, "file": InspectorFile}))
    return "".join([*parts, "\n", _yaml(EXAMPLES["inspectors"])])


def _national() -> str:
    example = f"\n{_yaml(EXAMPLES['national'])}\n"
    return "".join([_NATIONAL_HEAD, "\n## The file\n", example, _top(NationalFile), *_blocks(NationalFile)])


def _top(model: type[BaseModel]) -> str:
    return table(key for key in keys(model) if "." not in key.path)


def _blocks(model: type[BaseModel]) -> Iterator[str]:
    """Give a section for each block that has keys of one kind."""
    rows = list(keys(model))
    for block in rows:
        below = [key for key in rows if key.path.startswith(f"{block.path}.")]
        if below and "." not in block.path:
            yield f"\n## `{block.path}`\n\n{shown(block.doc)}{_more(block.path)}\n\n{table(below)}"


def _variants(block: str, models: dict[str, type[BaseModel]]) -> str:
    doc = next(key.doc for key in keys(ConnectorFile) if key.path == block)
    parts = [f"\n## `{block}`\n\n{shown(doc)}{_more(block)}\n"]
    for name, model in models.items():
        parts.append(f"\n`type: {name}`. {_promise(model)}\n\n{table(keys(model, f'{block}.'))}")
    return "".join(parts)


def _more(block: str) -> str:
    return f" More: {_MORE[block]}." if block in _MORE else ""


def _promise(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n")[0]


def _yaml(text: str) -> str:
    return f"```yaml\n{text}```\n"
