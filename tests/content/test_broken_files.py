"""Files that are wrong in exactly one way, and what the reader is told of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ecqs_gateway.content.load import load

TODAY = date(2026, 11, 23)

NATIONAL = "connectors/national.yaml"
JS = "connectors/provinces/320000.yaml"
JL = "connectors/provinces/220000.yaml"
MAP = "mappings/320000/certificate.yaml"
JL_MAP = "mappings/220000/sampling_inspection.yaml"
CODES = "mappings/320000/codes/zt.csv"
CASE = "mappings/320000/cases/ordinary.yaml"
RULES = "schemas/rules/certificate.yaml"
SOURCE = "schemas/sources/320000.json"


@dataclass(frozen=True)
class Broken:
    """One mistake: in which file, what was and what is written, and the one problem it must cause."""

    name: str
    file: str
    was: str
    now: str
    line: int
    column: int
    code: str
    message: str
    hint: str | None = None
    severity: str = "error"


BROKEN = [
    # --- YAML itself
    Broken(
        "tab", JS, "  type: sql", "\ttype: sql", 6, 1, "ECQS-1003", "a tab stands where only spaces may", "use spaces"
    ),
    Broken(
        "full-width-colon", JS, "owner: 数", "owner：数", 5, 1, "ECQS-1003", "the colon after a key is missing",
        "write the colon as : and a blank, not as ：",
    ),
    Broken(
        "open-bracket", JS, "key: [ZSID]\n    changed", "key: [ZSID\n    changed", 13, 10, "ECQS-1003",
        "a [ is opened here and not closed", "close it with ]",
    ),
    Broken(
        "duplicate-key", JS, "    overlap: 30m\n", "    overlap: 30m\n    overlap: 1h\n", 16, 5, "ECQS-1004",
        "'overlap' stands twice in this table, first in line 15", "keep one of the two",
    ),
    Broken("tag", JS, 'unit: "320000"', "unit: !!str 320000", 3, 7, "ECQS-1005", "tags (!…) are not used here"),
    # --- keys
    Broken(
        "unknown-key", JS, "changed_at:", "changed-at:", 14, 5, "ECQS-1010",
        "unknown key 'changed-at' in streams.certificate", "did you mean 'changed_at'?",
    ),
    Broken(
        "unknown-key-far-from-all", JS, "time_zone: Asia/Shanghai", "pool: 5", 8, 3, "ECQS-1010",
        "unknown key 'pool' in source", "allowed: type, connection, time_zone, statement_timeout",
    ),
    Broken(
        "misspelt-required-key", JS, "    key: [ZSID]", "    keys: [ZSID]", 13, 5, "ECQS-1010",
        "unknown key 'keys' in streams.certificate", "did you mean 'key'?",
    ),
    Broken(
        "password-in-content", JS, "  connection: ecqs_320000", "  connection: ecqs_320000\n  password: x", 8, 3,
        "ECQS-1010", "unknown key 'password' in source",
    ),
    Broken(
        "missing-key", JS, "owner: 数据管理科\n", "", 2, 1, "ECQS-1011", "the key 'owner' is missing",
        "owner: Office that answers for this file.",
    ),
    Broken(
        "missing-key-below", JS, "    table: T_XK_ZS\n", "", 11, 3, "ECQS-1011",
        "the key 'table' is missing in streams.certificate",
    ),
    Broken("missing-type", JS, "  type: sql\n", "", 5, 1, "ECQS-1011", "the key 'type' is missing in source"),
    # --- values
    Broken(
        "list-wanted", JS, "    key: [ZSID]", "    key: ZSID", 13, 10, "ECQS-1012",
        "streams.certificate.key must be a list, such as [A, B]", "write [ZSID]",
    ),
    Broken(
        "duration-without-unit", JS, "overlap: 30m", "overlap: 30", 15, 14, "ECQS-1012",
        "streams.certificate.overlap must be a duration with its unit", "write 30s for seconds or 30m for minutes",
    ),
    Broken(
        "number-in-quotes", JS, "batch_rows: 20000", 'batch_rows: "20000"', 16, 17, "ECQS-1012",
        "streams.certificate.batch_rows must be a whole number, written without quotes",
    ),
    Broken(
        "number-too-large", JS, "batch_rows: 20000", "batch_rows: 2000000", 16, 17, "ECQS-1012",
        "streams.certificate.batch_rows must be at most 1000000",
    ),
    Broken(
        "empty-value", JS, "table: T_XK_ZS\n", "table:\n", 12, 11, "ECQS-1012",
        "streams.certificate.table is empty",
    ),
    Broken("unit-form", JS, 'unit: "320000"', "unit: 32", 3, 7, "ECQS-1012", "unit must be the six digits"),
    Broken("table-for-text", JS, "owner: 数据管理科", "owner: {a: b}", 4, 8, "ECQS-1012", "owner must be a text"),
    Broken(
        "time-zone", JS, "Asia/Shanghai", "Asia/Peking", 8, 14, "ECQS-1012",
        "source.time_zone is not a known time zone",
    ),
    Broken(
        "encoding", JL, "encoding: gb18030", "encoding: gb18031", 9, 15, "ECQS-1012",
        "streams.sampling_inspection.encoding is not a known text encoding",
    ),
    Broken(
        "path-out-of-the-folder", JL, '"jilin-*.csv"', '"../*.csv"', 7, 12, "ECQS-1012",
        "streams.sampling_inspection.files must stay inside the folder of the connection",
    ),
    Broken(
        "yes-is-not-true", JL, "header_row: 2", "skip_empty: yes", 10, 17, "ECQS-1012",
        "streams.sampling_inspection.skip_empty must be true or false, written without quotes",
    ),
    Broken(
        "inbox-without-unit", NATIONAL, "inbox: inbox/{unit}", "inbox: inbox", 7, 10, "ECQS-1012",
        "transport.inbox must name the unit once as {unit}",
    ),
    Broken(
        "not-a-day", MAP, "2099-12-31", "2099-02-30", 20, 53, "ECQS-1012",
        "fields.electronic_licence.id.absent.until is not a day of the calendar",
    ),
    Broken(
        "not-a-date", MAP, "2099-12-31", "31.12.2099", 20, 53, "ECQS-1012",
        "fields.electronic_licence.id.absent.until must be a date written as YYYY-MM-DD",
    ),
    Broken(
        "field-name-form", MAP, "  holder.uscc:", "  Holder.USCC:", 11, 3, "ECQS-1012",
        "the key 'Holder.USCC' must be a national field, such as holder.name",
    ),
    Broken(
        "empty-field", MAP, "  holder.uscc: TYSHXYDM", "  holder.uscc:", 11, 15, "ECQS-1012",
        "fields.holder.uscc is empty",
    ),
    # --- choices
    Broken(
        "source-type", JS, "  type: sql", "  type: sqll", 6, 9, "ECQS-1013",
        "source.type must be one of sql, files", "did you mean 'sql'?",
    ),
    Broken(
        "version", JS, "version: 1", "version: 2", 2, 10, "ECQS-1013", "version must be 1",
        "version: Version of this file format; 1.",
    ),
    Broken(
        "cleaning-word", MAP, "clean: [brackets,", "clean: [bracket,", 10, 37, "ECQS-1013",
        "fields.holder.name.clean[1] must be one of trim, ", "did you mean 'brackets'?",
    ),
    Broken(
        "unmapped-policy", MAP, "unmapped: reject", "unmapped: drop", 15, 51, "ECQS-1013",
        "fields.status.codes.unmapped must be one of reject, pass",
        "unmapped: What happens to a value that is not in the file: reject the record, pass it on with a finding, "
        "or a default.",
    ),
    Broken(
        "algorithm", NATIONAL, "algorithm: ed25519", "algorithm: rsa", 9, 24, "ECQS-1013",
        "signature.algorithm must be one of ed25519, sm2-sm3",
    ),
    # --- keys that do not go together
    Broken(
        "from-and-const", MAP, "{const: 江苏省市场监督管理局}", "{const: 江苏省市场监督管理局, from: FZJG}",
        16, 3, "ECQS-1014",
        "fields.authority.name needs exactly one of from, const, join, expr, absent; from and const are given",
    ),
    Broken(
        "nothing-given", MAP, "{const: 江苏省市场监督管理局}", "{clean: [trim]}", 16, 3, "ECQS-1014",
        "fields.authority.name needs exactly one of from, const, join, expr, absent; none is given",
    ),
    Broken(
        "codes-with-const", MAP, "{const: 江苏省市场监督管理局}", "{const: 江苏省市场监督管理局, clean: [trim]}", 16, 3,
        "ECQS-1014", "fields.authority.name clean cannot go with const",
    ),
    Broken(
        "two-kinds-of-list", MAP, "{child: cp, fields", "{child: cp, json: CPMX, fields", 22, 3, "ECQS-1014",
        "children.products needs exactly one of child, split, json, absent; child and json are given",
    ),
    Broken(
        "keys-of-unlike-length", JS, "parent_key: [ZSID]", "parent_key: [ZSID, XH]", 18, 7, "ECQS-1014",
        "streams.certificate.children.cp parent_key and key must name the same number of columns",
    ),
    Broken(
        "overlap-without-time", JS, "    changed_at: GXSJ\n", "", 11, 3, "ECQS-1014",
        "streams.certificate overlap has no meaning without changed_at",
    ),
    Broken(
        "sheet-of-csv", JL, "header_row: 2", "sheet: 0", 6, 3, "ECQS-1014",
        "streams.sampling_inspection sheet only has a meaning for format: xlsx",
    ),
    # --- names that contradict each other
    Broken(
        "unit-of-another-file", JS, 'unit: "320000"', 'unit: "330000"', 3, 7, "ECQS-1020",
        "unit is 330000, but the file lies at connectors/provinces/320000.yaml", "make the two agree",
    ),
    Broken(
        "kind-of-another-file", MAP, "kind: certificate", "kind: approval", 4, 7, "ECQS-1020",
        "kind is approval, but the file is named certificate.yaml", "make the two agree",
    ),
    Broken(
        "kind-unknown", RULES, "kind: certificate", "kind: certificat", 4, 11, "ECQS-1302",
        "there is no record kind certificat", "kinds are approval, certificate",
    ),
    # --- national fields
    Broken(
        "unknown-field", MAP, "  authority.area:", "  authority.aria:", 17, 3, "ECQS-1030",
        "there is no national field 'authority.aria' in certificate", "did you mean 'authority.area'?",
    ),
    Broken(
        "required-field-not-mapped", MAP, "  holder.uscc: TYSHXYDM\n", "", 8, 1, "ECQS-1031",
        "holder.uscc (统一社会信用代码) is required and not mapped",
    ),
    Broken(
        "required-field-absent", MAP, "holder.uscc: TYSHXYDM",
        "holder.uscc: {absent: {reason: 无, owner: 张三处, until: 2099-01-01}}", 11, 17, "ECQS-1032",
        "holder.uscc (统一社会信用代码) is required and cannot be absent",
    ),
    Broken(
        "absence-expired", MAP, "2099-12-31", "2025-12-31", 20, 53, "ECQS-1033",
        "declared absent until 2025-12-31, which is past", severity="warning",
    ),
    Broken(
        "list-as-field", MAP, "  authority.area:", "  products:", 17, 3, "ECQS-1034", "products",
        "map it under children",
    ),
    Broken(
        "child-table", MAP, "child: cp,", "child: cpp,", 22, 21, "ECQS-1035",
        "the connector has no child table 'cpp'", "did you mean 'cp'?",
    ),
    # --- codes
    Broken(
        "code-file-missing", MAP, "table: zt,", "table: ztt,", 15, 37, "ECQS-1040",
        "there is no code file ztt.csv for this unit", "did you mean 'zt'?",
    ),
    Broken(
        "national-code-unknown", CODES, "注销,04,", "注销,4,", 3, 1, "ECQS-1042", "national is not valid for status",
        "did you mean '04' (注销)?",
    ),
    Broken(
        "name-in-place-of-code", CODES, "注销,04,", "注销,注销,", 3, 1, "ECQS-1042", "national is not valid for status",
        "did you mean '04' (注销)?",
    ),
    Broken(
        "source-value-twice", CODES, "注销,04,", "有效,04,", 3, 1, "ECQS-1043", "source is already in line 2"
    ),
    Broken(
        "code-file-row", CODES, "注销,04,", "注销,04", 3, 1, "ECQS-1041", "has 2 cells, the first line has 3",
    ),
    # --- columns
    Broken(
        "source-column-of-a-field", MAP, "holder.uscc: TYSHXYDM", "holder.uscc: TYXYDM", 11, 16, "ECQS-1050",
        "there is no source column 'TYXYDM'", "did you mean 'TYSHXYDM'?",
    ),
    Broken(
        "source-column-of-the-connector", JS, "changed_at: GXSJ", "changed_at: GXRQ", 14, 17, "ECQS-1050",
        "there is no source column 'GXRQ'", "allowed: ZSID, ZSBH, QYMC,",
    ),
    Broken(
        "source-column-of-a-child", JS, "order_by: [XH]", "order_by: [HX]", 18, 75, "ECQS-1050",
        "there is no source column 'HX'", "allowed: ZSID, XH, CPMC, CPDY",
    ),
    Broken(
        "column-nobody-looked-at", MAP, "ignore: [BZ]", "ignore: []", 7, 1, "ECQS-1051",
        "the source column BZ is neither used nor ignored", "map it, or add it to ignore", severity="warning",
    ),
    Broken(
        "observed-column", SOURCE, '"BZ", "type": "VARCHAR(400)", "nullable": true', '"BZ", "nullable": true', 24, 9,
        "ECQS-1011", "the key 'type' is missing in tables.T_XK_ZS.columns[12]",
    ),
    # --- rules
    Broken(
        "rule-id-form", RULES, "id: CERT-001", "id: cert-1", 3, 9, "ECQS-1012", "rules[1].id must look like CERT-001"
    ),
    Broken(
        "rule-field-unknown", RULES, "fields: [valid_until]", "fields: [valid_unti]", 7, 14, "ECQS-1302",
        "certificate has no field valid_unti", "did you mean 'valid_until'?",
    ),
    Broken(
        "rule-date-unknown", RULES, "by: issue_date", "by: issued", 9, 52, "ECQS-1304",
        "issued is not a date field of certificate", "did you mean 'issue_date'?",
    ),
    Broken(
        "rule-example-field-unknown", RULES, "pass: [{valid_from: 2020", "pass: [{valid: 2020", 13, 22, "ECQS-1308",
        "there is no field valid here", "did you mean 'valid_from'?",
    ),
    Broken(
        "rule-without-failing-example", RULES, "fail: [{valid_from: 2025-01-05, valid_until: 2020-01-04}]", "fail: []",
        14, 13, "ECQS-1012", "rules[1].examples.fail needs at least 1",
    ),
    Broken(
        "rule-expression", RULES, "valid_until > valid_from", "valid_until > valid_form", 10, 11, "ECQS-11",
        "valid_form",
    ),
    Broken(
        "rule-example-that-fails", RULES, "pass: [{valid_from: 2020-01-05", "pass: [{valid_from: 2030-01-05", 13, 14,
        "ECQS-1306", "this example should keep the rule and breaks it",
    ),
    Broken(
        "rule-example-that-passes", RULES, "valid_until: 2020-01-04}]", "valid_until: 2026-01-04}]", 14, 14,
        "ECQS-1307", "this example should break the rule and keeps it",
    ),
    # --- expressions
    Broken(
        "expression-with-an-unknown-function", MAP, "CASE WHEN length(", "CASE WHEN lenght(", 17, 26, "ECQS-11",
        "lenght",
    ),
    # --- cases
    Broken(
        "case-child", CASE, "  cp:\n", "  cpp:\n", 8, 3, "ECQS-1035", "the connector has no child table 'cpp'",
        "did you mean 'cp'?",
    ),
    Broken(
        "case-proves-nothing", CASE,
        "expect:\n  records:\n    - number: (苏)XK06-001-00238\n      issue_date: 2020-01-05\n"
        "      products:\n        - {name: 电线电缆}\n",
        "expect: {records: []}\n", 1, 1, "ECQS-1014",
        "the file expect must hold at least one record or one problem, or the case proves nothing",
    ),
    # --- drafts
    Broken(
        "still-to-do", MAP, "holder.uscc: TYSHXYDM", "holder.uscc: TODO", 11, 16, "ECQS-1080",
        "fields.holder.uscc is still to be filled in", severity="todo",
    ),
]  # fmt: skip


def test_the_bundle_the_cases_start_from_is_right(bundle: Path) -> None:
    assert load(bundle, today=TODAY).problems == ()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_one_mistake_gives_one_problem_at_its_place(bundle: Path, broken: Broken) -> None:
    path = bundle / broken.file
    text = path.read_text(encoding="utf-8")
    assert text.count(broken.was) == 1, "the case must change exactly one place"
    path.write_text(text.replace(broken.was, broken.now), encoding="utf-8")

    problems = [
        p for p in load(bundle, today=TODAY).problems if (p.severity == "warning") <= (broken.severity == "warning")
    ]

    assert [(p.file, p.line, p.column, p.severity) for p in problems] == [
        (broken.file, broken.line, broken.column, broken.severity)
    ], [str(p) for p in problems]
    found = problems[0]
    assert found.code.startswith(broken.code)
    assert broken.message in found.message
    if broken.hint is not None:
        assert found.hint is not None
        assert found.hint.startswith(broken.hint)


def test_two_mistakes_in_one_file_give_two_problems(bundle: Path) -> None:
    path = bundle / JS
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("changed_at:", "changed-at:").replace("overlap: 30m", "overlap: 30"), encoding="utf-8")
    found = load(bundle, today=TODAY).unit_problems("320000")
    assert [(p.line, p.code) for p in found] == [(14, "ECQS-1010"), (15, "ECQS-1012")]


def test_every_mistake_of_every_file_is_told_in_reading_order(bundle: Path) -> None:
    chosen = [b for b in BROKEN if b.name in {"unknown-key", "encoding", "unknown-field", "algorithm", "rule-id-form"}]
    for broken in chosen:
        path = bundle / broken.file
        path.write_text(path.read_text(encoding="utf-8").replace(broken.was, broken.now), encoding="utf-8")
    found = load(bundle, today=TODAY).problems
    assert [(p.file, p.line) for p in found] == sorted((b.file, b.line) for b in chosen)


def test_case_names_are_unique() -> None:
    assert len({b.name for b in BROKEN}) == len(BROKEN) >= 40
