"""The reference page of the mapping language, ``docs/reference/mapping.md``, made from the tables the compiler uses.

``python -m ecqs_gateway.mapping.reference <file>`` writes it; a test keeps the committed page equal and runs every
example on it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ecqs_gateway.content.key_table import keys, table
from ecqs_gateway.content.models_mapping import FieldMapping, ListMapping, MappingFile
from ecqs_gateway.mapping import faults
from ecqs_gateway.mapping.dateforms import DIRECTIVES
from ecqs_gateway.mapping.jsonlist import DEEPEST
from ecqs_gateway.mapping.words import FILLERS, WORDS, Word

__all__ = ["generate"]

_HEAD = """# The mapping language

<!-- Written by python -m ecqs_gateway.mapping.reference. Do not edit by hand. -->

A file `mappings/<unit>/<kind>.yaml` says how the columns of one unit become the fields of one record kind. It is a
closed vocabulary: what is not on this page does not exist, and `ecqs check` names file, line, column and the nearest
right spelling. What the vocabulary does not reach, one `expr:` does ([the expression language](expressions.md)).

```yaml
version: 1
unit: "320000"
kind: certificate
owner: 数据管理科
newest_by: [YXQZ, FZRQ]
ignore: [BZ, RKSJ]
fields:
  number: ZSBH
  holder.name: {from: QYMC, clean: [html, fillers]}
  valid_until: {from: YXQ, split: {by: 至, take: -1}}
  status: {from: ZT, codes: {table: zt, unmapped: reject}}
  authority.name: {const: 江苏省市场监督管理局}
  status_note: {join: {columns: [BZ1, BZ2], with: ；}}
  authority.area: {expr: "CASE WHEN length(XZQHDM) = 6 THEN XZQHDM ELSE '320000' END"}
  electronic_licence.id: {absent: {reason: 尚未发放电子证照, owner: 张三处, until: 2027-12-31}}
children:
  products: {child: cp, fields: {name: CPMC, unit: CPDY}}
  earlier_numbers: {split: {from: YZSBH, by: "[,，、;；]"}, fields: {number: item}}
```

## What a mapping sees of a source value

Every value first becomes one text, the same whatever database or file it came from:

| source | text |
|---|---|
| text | as it is; bytes are read as UTF-8, else as GB18030 |
| whole number, also `3.0` of a spreadsheet | `3` |
| other number | without trailing zeros; NaN is empty |
| date | `2026-11-23` |
| timestamp | `2026-11-23 10:30:00`, with `+08:00` where the source knows the zone |
| true, false | `1`, `0` |
| list or structure | JSON |

Then control and invisible characters go, line ends become one kind, blanks at both ends go, and an empty text is
no value. An expression sees text in this form too, but numbers, dates and timestamps in their own type.

## Where a field comes from

Exactly one of these. A bare text is short for `from`.

| word | gives |
|---|---|
| `from: ZSBH` | one source column; in a joined list `item`, in a JSON list `$.member` |
| `const: 320000` | the same value for every record; checked against its field when the mapping is compiled |
| `join: {columns: [A, B], with: ；}` | several columns put together, empty ones left out |
| `expr: "…"` | one SQL expression over source columns |
| `absent: {reason, owner, until}` | nothing, said openly; not for required fields, and a warning after `until` |

## What is done to it, in this order

`clean` → `split` → `parse` → `codes` → `default`, or `digest` in place of the last three → the field's own type reads
and checks it. With `join`, `clean` and `split` are done to each column before they are put together.

### clean

"""

_AFTER_WORDS = """
Words that mean nothing by default: {fillers}.

### split

`split: {{by: 至, take: 1}}` cuts the text at every match of a regular expression and takes one piece, counted from 1;
`-1` is the last. A piece that is not there is no value. Regular expressions have no look-around and no
back-references, and run in time proportional to the text.

### parse

Without it a date field reads every usual form. `parse: ["%Y%m%d"]` lets only the declared forms through; anything else
is a problem ({misfit}) instead of a guess.

| sign | is |
|---|---|
"""

_AFTER_FORMS = """
### codes

`codes: {{table: zt, unmapped: reject}}` looks the value up in `mappings/<unit>/codes/zt.csv`, a CSV file in UTF-8:

```csv
source,national,note
有效,01,
注销,04,含撤回后注销
```

Values match without regard to case, width and blanks, after the same cleaning as the column. Three columns may follow:

| column | holds |
|---|---|
| `equivalence` | `equal` (also when left out), `wider` (the national code means more), `narrower` (less), `none` |
| `valid_from`, `valid_until` | the business dates on which the line holds, both included; empty is open |

With `none` the national code stays empty. A source value may have several lines whose periods do not overlap. The
business date is the date field of the record kind, such as `issue_date`. A record without one gets the code on which
all lines of its value agree. `ecqs check` refuses lines of one value that hold at once (ECQS-1043) and warns of days
between two of them on which none does (ECQS-1046).

```csv
source,national,note,equivalence,valid_from,valid_until
有效,01,,,,
中止,05,2019 年起停用,narrower,,2018-12-31
中止,04,,wider,2019-01-01,
备案,,不是许可,none,,
```

`inexact: pass` (the default) sends a wider or narrower code in silence, `inexact: flag` with a finding ({inexact}),
`inexact: reject` keeps the record back. `ecqs mapping unmapped` lists the values that have no code, with counts, the
nearest national code and the line to add.

An unmapped value does what `unmapped` says:

| `unmapped` | the value | the record |
|---|---|---|
| `reject` | goes nowhere | is kept back ({unmapped}, {none} or {outside}: not listed, none, not on this date) |
| `pass` | goes on as it is | goes with a finding ({passed}), if the field takes the value |
| `{{default: "99", reason: …}}` | becomes the default | goes with a finding that gives the reason ({defaulted}) |

### digest

`{{from: SFZHM, digest: id_number}}` makes the salted digest of an id number. Blanks, dashes and full-width digits do
not matter, and the 15 digits of old cards count as their 18. What is no id number ({not_a_number}: digits, day of birth
or check character wrong) keeps the record back. The salt is the unit's own (`ecqs keys salt <unit>`); cases and
previews use a public one, so that a case says the same on every machine.

### default

`default: 未知` stands in where there is no value, after `codes`. It does not stand in for a value that was refused.

## Lists

| word | an item is |
|---|---|
| `child: cp` | a row of the child table of that name in the connector, in the connector's order |
| `split: {{from: YZSBH, by: "[,，、]"}}` | a piece of one column between separators; fields name it `item` |
| `split: {{from: BHG, each: "[^、（]+(（[^）]*）)?"}}` | a match of a pattern; for separators inside items |
| `json: CLMX` | an element of a JSON array in one column; fields name its members `$.a` or `$.a.b` |
| `absent: {{reason, owner, until}}` | the unit has no such list |

Members lie at most {deepest} levels deep; `$` is the element itself, for arrays of plain texts or numbers.

Items in which every mapped column is empty are left out; a constant or default alone makes no item. Equal items stay.
Keys of parent and child rows are compared as text. A child row whose parent was not read is counted as an orphan.

## Columns left out

`ignore: [BZ, cp.CPBZ]` lists source columns left out on purpose, those of a child table with its name. A column that is
neither used nor ignored is one nobody looked at: `ecqs check` warns of it, `ecqs mapping coverage` lists it.

## Which row goes

`newest_by: [YXQZ, FZRQ]`: of several rows with one business key the one with the greatest values goes, the others are
counted as superseded. Numbers, dates and texts are told apart value by value; an empty value is the lowest. Among
equals, and without `newest_by`, the later row goes, but only within what is read at once: two such rows farther apart
go out by turns, as long as both are read again.

`ecqs check` asks for it (ECQS-1052) where the business key is not made of the whole key of the connector's stream, so
that several rows may carry the same one; a piece of it (`split`) is not the whole. `newest_by: []` answers that no two
rows ever carry the same one.

## Problems a mapping gives

Those of field types are in [field-types.md](field-types.md).

| code | severity | means |
|---|---|---|
"""

_PROBLEMS = (
    (faults.MISSING, "reject", "a required field has no value"),
    (faults.LIST_EMPTY, "reject", "a required list has no item"),
    (faults.UNMAPPED, "reject", "a code is not in the unit's code file"),
    (faults.PASSED_ON, "flag", "a code is not in the unit's code file and was passed on as it is"),
    (faults.DEFAULTED, "flag", "a code is not in the unit's code file and became the declared default"),
    (faults.NOT_DECLARED_FORM, "reject", "a date is in none of the forms `parse` declares"),
    (faults.BAD_JSON, "reject", "a column that should hold a JSON array does not"),
    (faults.NO_EQUIVALENT, "reject", "the unit's code file says that a code has no national code"),
    (faults.INEXACT, "flag or reject", "the national code means more, or less, than the source code"),
    (faults.OUT_OF_PERIOD, "reject", "a code is in the unit's code file, but not for the record's business date"),
)


_EVERY_KEY = f"""
## Every key

A dot is one step to the right in the file; a block holds further keys. **required**: must stand wherever its block
stands. Columns and texts need no quotes, even if they look like numbers: `01` stays `01`.

- `fields.<field>`: {FieldMapping.__doc__}
- `children.<name>`: {ListMapping.__doc__}

"""


def generate() -> str:
    """Write the page."""
    words = "".join(_row(word) for word in WORDS.values())
    forms = "".join(f"| `{sign}` | {meaning} |\n" for sign, meaning in DIRECTIVES.items())
    problems = "".join(f"| {code} | {severity} | {meaning} |\n" for code, severity, meaning in _PROBLEMS)
    return (
        _HEAD
        + "Done in the order written.\n\n| word | 中文 | does | example | gives |\n|---|---|---|---|---|\n"
        + words
        + _AFTER_WORDS.format(fillers=" ".join(_code(one) for one in FILLERS), misfit=faults.NOT_DECLARED_FORM)
        + forms
        + _AFTER_FORMS.format(
            unmapped=faults.UNMAPPED,
            passed=faults.PASSED_ON,
            defaulted=faults.DEFAULTED,
            none=faults.NO_EQUIVALENT,
            outside=faults.OUT_OF_PERIOD,
            inexact=faults.INEXACT,
            deepest=DEEPEST,
            not_a_number="ECQS-1277",
        )
        + problems
        + _EVERY_KEY
        + table(keys(MappingFile))
    )


def _row(word: Word) -> str:
    given, gives = word.example
    shown = "nothing" if gives is None else _code(gives)
    return f"| `{word.name}` | {word.title} | {word.doc} | {_code(given)} | {shown} |\n"


def _code(text: str) -> str:
    """Show a text as code in a table cell; what a cell cannot show is written as an escape."""
    shown = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("|", "\\|")
    return f"`{shown}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(generate(), encoding="utf-8")
