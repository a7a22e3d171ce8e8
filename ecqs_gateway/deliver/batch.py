"""A batch that is valid against the exchange schema, and the records that would have made it invalid.

Column checks let nothing through that the schema refuses, or so the property tests say; the schema is asked anyway,
for every batch. Where it objects, each record is tried alone, the bad ones are given back with the field and the
schema's reason, and the rest goes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.deliver.package import Compressed, Compressing
from ecqs_gateway.deliver.xml import assemble, pieces, record_texts
from ecqs_gateway.doors.xml import SchemaProblem, parse
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import BatchHeader
from ecqs_gateway.model.record import KindSpec

__all__ = ["REJECT_RULE", "ValidBatch", "valid_batch"]

REJECT_RULE = "ECQS-4005"
"""Rule id of a record that the XML schema refuses."""

REJECT_SCHEMA = {"index": pl.UInt32, "key": pl.String, "version": pl.String, "field": pl.String, "message": pl.String}

_REASONS: Mapping[str, str] = {
    "SCHEMAV_CVC_PATTERN_VALID": "不符合规定的格式",
    "SCHEMAV_CVC_ENUMERATION_VALID": "不在代码表内",
    "SCHEMAV_CVC_MINLENGTH_VALID": "长度不足",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "超过规定长度",
    "SCHEMAV_CVC_LENGTH_VALID": "长度不符合规定",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "小于规定范围",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "大于规定范围",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "位数超过规定",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "小数位数超过规定",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "不是规定的数据类型",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "缺少必填属性",
    "SCHEMAV_ELEMENT_CONTENT": "缺少必填内容，或者有格式未规定的内容",
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z_0-9]+)[^>]*>")


@dataclass(frozen=True)
class ValidBatch:
    """A batch and what had to be left out of it: ``rows`` and ``rejects`` are together the rows that came in.

    ``compressed`` is ``batch.xml`` as it goes into a package, and None when no record is left. ``rows`` are the rows
    that are in it, in order. ``rejects`` has a line per reason: ``index`` (position among the rows that came in),
    ``key``, ``version``, ``field`` (national path, null where it is unknown) and ``message`` (Chinese, never holds the
    value).
    """

    compressed: Compressed | None
    rows: pl.DataFrame
    rejects: pl.DataFrame


def valid_batch(
    header: BatchHeader, rows: pl.DataFrame, *, spec: KindSpec, schema: Schema, digest_algorithm: str
) -> ValidBatch:
    """Build ``batch.xml`` of these rows (columns of ``record_texts``) and give it with what the schema refused.

    ``digest_algorithm`` is that of the signature to come. Raises Terminal ECQS-4006 when the batch is refused though
    each of its records alone is good.
    """
    if rows.is_empty():
        return ValidBatch(None, rows, pl.DataFrame(schema=REJECT_SCHEMA))
    compressed, problems = _checked(header, rows, schema, digest_algorithm)
    if not problems:
        return ValidBatch(compressed, rows, pl.DataFrame(schema=REJECT_SCHEMA))
    texts = record_texts(rows)
    reasons = _find_bad(header, texts, spec, schema)
    bad = pl.Series(list(reasons), dtype=pl.UInt32)
    keep = ~pl.int_range(rows.height, dtype=pl.UInt32, eager=True).is_in(bad.implode())
    kept = rows.filter(keep)
    if kept.is_empty():
        return ValidBatch(None, kept, _rejects(rows, reasons))
    compressed, problems = _checked(header, kept, schema, digest_algorithm)
    if problems:
        raise Terminal(
            "ECQS-4006",
            f"the schema refuses the batch, but none of its records: {problems[0].kind}",
            where=header.id,
            hint="compare schemas/ecqs with the engine's version; nothing was sent",
        )
    return ValidBatch(compressed, kept, _rejects(rows, reasons))


def _checked(
    header: BatchHeader, rows: pl.DataFrame, schema: Schema, digest_algorithm: str
) -> tuple[Compressed, tuple[SchemaProblem, ...]]:
    """Validate and compress a batch piece by piece: it is never whole in memory."""
    compressing = Compressing(digest_algorithm)
    with schema.checking() as check:
        for piece in pieces(header, rows):
            check.feed(piece)
            compressing.feed(piece)
        return compressing.done(), check.problems()


def _find_bad(
    header: BatchHeader, texts: pl.Series, spec: KindSpec, schema: Schema
) -> dict[int, list[tuple[str | None, str]]]:
    """Put each record into a batch of its own; give what is wrong with those the schema refuses, by index."""
    found: dict[int, list[tuple[str | None, str]]] = {}
    for index in range(texts.len()):
        document = assemble(header, texts.slice(index, 1))
        if schema.check(document) and (reasons := _reasons(document, spec, schema)):
            found[index] = reasons
    return found


def _rejects(rows: pl.DataFrame, reasons: Mapping[int, list[tuple[str | None, str]]]) -> pl.DataFrame:
    lines = [
        {"index": index, "key": rows["key"][index], "version": rows["version"][index], "field": field, "message": text}
        for index, found in reasons.items()
        for field, text in found
    ]
    return pl.DataFrame(lines, schema=REJECT_SCHEMA)


def _reasons(document: bytes, spec: KindSpec, schema: Schema) -> list[tuple[str | None, str]]:
    """Give field and message of everything wrong with the one record of a document."""
    text = document.decode("utf-8")
    control = _CONTROL.search(text)
    if control is not None:
        return [(_field(_open_elements(text[: control.start()]), spec), "含有 XML 不允许的控制字符")]
    found: dict[str | None, str] = {}
    for problem in schema.check_tree(parse(document, limits=None, where="own record")):
        if len(problem.path) == 1:
            continue  # something about the batch element itself, which no record is to blame for
        message = _REASONS.get(problem.kind, f"不符合交换格式（{problem.kind}）")
        # A facet that fails is followed by "not a valid value of the type": the first says more.
        found.setdefault(_field(_steps(problem), spec), message)
    return list(found.items())


def _steps(problem: SchemaProblem) -> list[tuple[str, int]]:
    return list(zip(problem.path, problem.positions, strict=True))


def _open_elements(text: str) -> list[tuple[str, int]]:
    """Give the elements that are open at the end of a text of ours, each with its position among its like."""
    stack: list[tuple[str, int]] = []
    counts: list[dict[str, int]] = [{}]
    for tag in _TAG.finditer(text):
        name = tag["name"]
        if tag["end"]:
            stack.pop()
            counts.pop()
        else:
            counts[-1][name] = counts[-1].get(name, 0) + 1
            stack.append((name, counts[-1][name]))
            counts.append({})
    return stack


def _field(steps: list[tuple[str, int]], spec: KindSpec) -> str | None:
    """Turn the elements down to the place of a problem into a national path, such as ``products[2].name``."""
    inside = steps[3:]  # after batch, record and the body's own element
    lists = {node.name: node.item for node in spec.repeated()}
    names = [name for name, _ in inside]
    if len(inside) > 1 and lists.get(names[0]) == names[1]:
        names = [f"{names[0]}[{inside[1][1]}]", *names[2:]]
    return ".".join(names) or None
