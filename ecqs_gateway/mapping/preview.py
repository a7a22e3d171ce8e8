"""One source row beside the national record it becomes: fields with their way, findings, and unused columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.lists import ChildRows
from ecqs_gateway.mapping.mapped import FLAG, REASON, Checked
from ecqs_gateway.mapping.masking import Veil
from ecqs_gateway.mapping.render import render
from ecqs_gateway.mapping.trace import FieldTrace, trace
from ecqs_gateway.rules.catalogue import CompiledRules

__all__ = ["Cells", "ColumnUse", "Finding", "RowPreview", "RowsOfParents", "of_rows", "preview"]

_CODES = "ECQS-"


@dataclass(frozen=True)
class Cells:
    """Some rows of a lane with their child rows, as extraction gives them."""

    frame: pl.DataFrame
    children: Mapping[str, ChildRows]


@dataclass(frozen=True)
class Finding:
    """What a rule says of a record."""

    rule: str
    severity: str
    field: str
    column: str | None
    clause: str | None
    message: str


@dataclass(frozen=True)
class ColumnUse:
    """One column of a source row: what stands in it, and what becomes of it."""

    column: str
    text: str | None
    use: str
    """used, key, ignored (on purpose) or unused (nobody looked at it)."""


@dataclass(frozen=True)
class RowPreview:
    """What becomes of one source row."""

    source_key: str
    key: str | None
    verdict: str
    """goes, flagged (goes with findings) or refused (becomes a dead letter)."""
    fields: tuple[FieldTrace, ...]
    findings: tuple[Finding, ...]
    columns: tuple[ColumnUse, ...]
    problems: int
    """How many problems keep it back or travel with it, those of fields and those of rules."""


@dataclass(frozen=True)
class RowsOfParents:
    """Rows of a child table that belong to some parents."""

    frame: pl.DataFrame
    parent_key: tuple[str, ...]
    key: tuple[str, ...]


def preview(
    compiled: CompiledMapping, rules: CompiledRules | None, rows: Cells, *, key: Sequence[str], veil: Veil
) -> Iterator[RowPreview]:
    """Follow some rows, one by one; ``key`` are the columns that tell source rows apart.

    Slow, and meant for a few rows. Raises what ``CompiledMapping.apply`` raises.
    """
    for place in range(rows.frame.height):
        row = rows.frame.slice(place, 1)
        yield _one(compiled, rules, Cells(row, of_rows(Cells(row, rows.children))), key, veil)


def of_rows(rows: Cells) -> dict[str, RowsOfParents]:
    """Give the child rows of these parents only: keys are compared as text, as the mapping does."""
    found: dict[str, RowsOfParents] = {}
    for name, child in rows.children.items():
        marks = [f"__key{place}" for place in range(len(child.key))]
        parents = pl.DataFrame(
            [render(rows.frame[column]).alias(m) for column, m in zip(child.key, marks, strict=True)]
        )
        mine = child.frame.with_columns(
            render(child.frame[column]).alias(m) for column, m in zip(child.parent_key, marks, strict=True)
        )
        frame = mine.join(parents.unique(), on=marks, how="semi", maintain_order="left").drop(marks)
        found[name] = RowsOfParents(frame, child.parent_key, child.key)
    return found


def _one(
    compiled: CompiledMapping, rules: CompiledRules | None, row: Cells, key: Sequence[str], veil: Veil
) -> RowPreview:
    checked = check(compiled.apply(row.frame, row.children), rules)
    told = tuple(_findings(checked))
    lineage = compiled.lineage()
    fields = tuple(
        veil.field(one, lineage.get(_plain(one.field), ())) for one in trace(compiled, row.frame, row.children)
    )
    number = next(one.value for one in fields if one.field == compiled.spec.key)
    texts = {name: render(row.frame[name])[0] for name in row.frame.columns}
    source_key = "|".join(texts.get(name) or "" for name in key)
    verdict = "refused" if checked.bad.height else "flagged" if checked.flags.height else "goes"
    rules_only = tuple(one for one in told if not one.rule.startswith(_CODES))
    columns = tuple(_columns(compiled, texts, key, veil))
    return RowPreview(source_key, number, verdict, fields, rules_only, columns, len(told))


def _plain(path: str) -> str:
    """Give the path of a list field as the lineage has it: ``products.name`` for ``products[2].name``."""
    before, bracket, after = path.partition("[")
    return before + after.partition("]")[2] if bracket else path


def _findings(checked: Checked) -> Iterator[Finding]:
    reasons = checked.bad.select(pl.col("reasons").cast(pl.List(REASON))).explode("reasons").unnest("reasons")
    flags = checked.flags.filter(pl.col("severity") == FLAG)
    names = ("rule", "severity", "field", "column", "clause", "message")
    for frame in (reasons, flags):
        for line in frame.select(names).iter_rows():
            yield Finding(*line)


def _columns(
    compiled: CompiledMapping, texts: Mapping[str, str | None], key: Sequence[str], veil: Veil
) -> Iterator[ColumnUse]:
    for name, text in texts.items():
        if name in compiled.used_columns:
            use = "used"
        elif name in key:
            use = "key"
        else:
            use = "ignored" if name in compiled.mapping.ignore else "unused"
        yield ColumnUse(name, veil.cell(name, text), use)
