"""The XML text of records, built column by column: one expression per batch of rows, no loop over records.

The text is canonical as it is built (Canonical XML 1.0: no blanks between elements, no self-closing tags, ``& < >``
and CR escaped and nothing else), so a record's version digest is the SHA-256 of what is sent, and whoever receives
it can compute the same digest from the parsed document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain

import numpy as np
import polars as pl
import polars_hash

from ecqs_gateway.doors.arrow import text_bytes, text_column
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.model.batch import NAMESPACE, BatchHeader
from ecqs_gateway.model.columns import framed, in_item_order, placed, written_anew
from ecqs_gateway.model.record import Group, KindSpec, Leaf, Repeated

__all__ = ["assemble", "attribute", "bodies", "finding_texts", "moment", "pieces", "record_texts", "with_findings"]
__all__ += ["without_namespace"]

ROW, ITEM = "__row", "__item"

_TEXT_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_ATTRIBUTE_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#x9;",
    "\n": "&#xA;",
    "\r": "&#xD;",
}

_ATTRIBUTE_TABLE = {ord(character): escaped for character, escaped in _ATTRIBUTE_ESCAPES.items()}
_SPECIAL = "[&<>\r]"
_DECLARED = f' xmlns="{NAMESPACE}"'
_NO_FINDINGS = pl.Series("findings", [""])
_RECORDS_A_PIECE = 250
_END = b"</batch>"
_Piece = str | pl.Expr


def bodies(
    spec: KindSpec,
    frame: pl.DataFrame,
    lists: Mapping[str, pl.DataFrame],
    findings: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Give each row's business key, body element and version digest: what a record is, before it has a batch.

    ``frame`` has ``__row`` and one canonical column per ``spec.leaves()``; ``lists`` has, per list path, ``__row``,
    ``__item`` and the item's columns; ``findings`` has ``__row``, ``rule``, ``severity`` and ``field``.
    The result has ``__row``, ``key``, ``version`` (64 hex), ``body`` and ``findings`` (text, empty without any),
    in the order of ``frame``. A body is what its version digests: canonical XML, which has the namespace declared. No
    text of the result holds on to the memory of ``frame``.
    """
    joined, pieces = _body(spec, frame, lists)
    key = next(leaf for leaf in spec.leaves() if leaf.path == spec.key)
    body = _concat([f"<{spec.kind}{_DECLARED}>", *pieces, f"</{spec.kind}>"])
    rendered = joined.select_seq(ROW, written_anew(key.written).alias("key"), body.alias("body"))
    rendered = rendered.select_seq(ROW, "key", _sha256(pl.col("body")).alias("version"), "body")
    return with_findings(rendered, findings)


def with_findings(rows: pl.DataFrame, findings: pl.DataFrame | None) -> pl.DataFrame:
    """Add the texts of the findings to rows (``__row``), empty where there are none; no version digest covers them."""
    if findings is None or findings.is_empty():
        return rows.hstack([_NO_FINDINGS.new_from_index(0, rows.height)])
    texts = finding_texts(findings).with_columns(pl.col(ROW).cast(rows.schema[ROW]))
    joined = rows.join(texts, on=ROW, how="left", maintain_order="left")
    return joined.with_columns(pl.col("findings").fill_null(""))


def _sha256(text: pl.Expr) -> pl.Expr:
    digest: pl.Expr = polars_hash.concat_str([text]).chash.sha2_256()
    return digest


def _body(spec: KindSpec, frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, list[_Piece]]:
    """Give the frame with a text column per list added, and the pieces of the body's content in document order."""
    columns = _Columns.of(frame, spec.leaves())
    pieces: list[_Piece] = []
    for node in spec.nodes:
        if not isinstance(node, Repeated):
            pieces += columns.node(node)
            continue
        # A required list without items is invalid, and the schema will say so.
        empty = f"<{node.name}></{node.name}>" if node.required else ""
        if not lists[node.path].height:
            pieces += [empty] if empty else []
            continue
        column = f"__list.{node.path}"
        theirs, texts = _list_texts(node, lists[node.path], column).get_columns()
        found = placed(texts, theirs, frame[ROW])
        frame = frame.hstack([found])
        pieces.append(pl.col(column).fill_null(empty) if node.required and found.null_count() else pl.col(column))
    return frame, pieces


@dataclass(frozen=True)
class _Columns:
    """What must be known of a frame's columns before its expression is made: nulls, and characters to escape.

    Looking first is cheap beside escaping every text column, and most columns of most batches need none.
    """

    nulls: Mapping[str, int]
    height: int
    escaped: frozenset[str]

    @classmethod
    def of(cls, frame: pl.DataFrame, leaves: Iterable[Leaf]) -> _Columns:
        leaves = list(leaves)
        nulls = {column.name: column.null_count() for column in frame.get_columns()}
        suspects = [leaf for leaf in leaves if not leaf.type.xml_safe and nulls[leaf.path] < frame.height]
        found = frame.select_seq(map(_special, suspects))
        special = found.row(0) if suspects else ()
        escaped = frozenset(leaf.path for leaf, hit in zip(suspects, special, strict=True) if hit)
        return cls(nulls, frame.height, escaped)

    def node(self, node: Leaf | Group) -> list[_Piece]:
        return self.leaf(node) if isinstance(node, Leaf) else self.group(node)

    def leaf(self, leaf: Leaf) -> list[_Piece]:
        nulls = self.nulls[leaf.path]
        if nulls == self.height:
            return []
        text = leaf.written
        if leaf.path in self.escaped:
            text = _escape(text, _TEXT_ESCAPES)
        pieces: list[_Piece] = [f"<{leaf.name}>", text, f"</{leaf.name}>"]
        # One null makes the whole concatenation null, and the outer one then leaves the element out.
        return pieces if nulls == 0 else [pl.concat_str([_expression(piece) for piece in pieces])]

    def group(self, group: Group) -> list[_Piece]:
        inner = [piece for node in group.nodes for piece in self.node(node)]
        pieces: list[_Piece] = [f"<{group.name}>", *inner, f"</{group.name}>"]
        paths = [leaf.path for leaf in group.leaves()]
        if group.required or any(self.nulls[path] == 0 for path in paths):
            return pieces
        return [pl.when(pl.any_horizontal(pl.col(path).is_not_null() for path in paths)).then(_concat(pieces))]


def _list_texts(node: Repeated, items: pl.DataFrame, column: str) -> pl.DataFrame:
    """Give per row the whole list element; rows without items are not there."""
    items = in_item_order(items, ROW, ITEM)
    columns = _Columns.of(items, node.leaves())
    inner = [piece for child in node.nodes for piece in columns.node(child)]
    start, end = f"<{node.name}>", f"</{node.name}>"
    one = [f"<{node.item}>", *inner, f"</{node.item}>"]
    if items[ITEM].max() == 1:  # positions count from 1: no row has two items
        return items.select_seq(ROW, _concat([start, *one, end]).alias(column))
    texts = _joined(items.select_seq(ROW, _concat(one).alias(column)), column)
    return texts.select_seq(ROW, pl.concat_str(pl.lit(start), column, pl.lit(end)).alias(column))


def _joined(texts: pl.DataFrame, column: str) -> pl.DataFrame:
    """Join the texts of neighbouring lines of one row, without copying any.

    All texts lie one behind the other in one piece, so the joined text of a row is what lies between the start of its
    first and the end of its last.
    """
    data, places, _ = text_bytes(texts[column])
    rows = texts[ROW].to_numpy()
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    bounds = np.append(places[starts], places[-1])
    return framed([pl.Series(ROW, rows[starts]), text_column(data, bounds).alias(column)])


def finding_texts(findings: pl.DataFrame) -> pl.DataFrame:
    """Give per row (``__row``) the ``finding`` elements of its flags as one text, in the order they stand in."""
    fields = findings["field"].replace("", None)
    text = _concat(
        [
            '<finding rule="',
            _escape(pl.col("rule"), _ATTRIBUTE_ESCAPES),
            '" severity="',
            pl.col("severity"),
            '"',
            *_optional(" field", fields),
            "></finding>",
        ]
    )
    texts = findings.with_columns(fields).select(ROW, text.alias("findings"))
    return texts.group_by(ROW, maintain_order=True).agg(pl.col("findings").str.join(""))


def without_namespace(body: str) -> str:
    """Give a body as it stands in a batch, which declares the namespace for all of them."""
    return body.replace(_DECLARED, "", 1)


def record_texts(rows: pl.DataFrame) -> pl.Series:
    """Give the ``record`` elements, one text per row.

    ``rows`` has ``key``, ``version``, ``previous`` (null for a first version), ``action``, ``reason`` (null unless
    the action is ``invalidate``), ``body`` (null or empty then) and ``findings``.
    """
    return rows.select_seq(pl.concat_str(_record_parts(rows)).alias("record")).to_series()


def _record_parts(rows: pl.DataFrame) -> list[pl.Expr]:
    """Give what stands before the bodies, the bodies, and what stands behind them; no part is null.

    A body stands in a batch without the namespace, which the batch has declared for all. Cut where the declaration
    ends, it goes on in the text that is there already: only its start is written anew.
    """
    bodies = rows["body"]
    name, declared, _ = (bodies.filter(bodies != "").head(1).to_list() or [""])[0].partition(_DECLARED)
    before: list[_Piece] = [
        '<record key="',
        _escape(pl.col("key"), _ATTRIBUTE_ESCAPES),
        '" version="',
        pl.col("version"),
        '"',
        *_optional(" previous", rows["previous"]),
        ' action="',
        pl.col("action"),
        '"',
        *_optional(" reason", rows["reason"]),
        ">",
    ]
    body = pl.col("body").fill_null("")
    if declared:
        before.append(pl.when(body != "").then(pl.lit(name)))
        body = body.str.slice(len(name) + len(declared))
    return [_concat(before), body, _concat([pl.col("findings"), "</record>"])]


def assemble(header: BatchHeader, records: pl.Series) -> bytes:
    """Give the bytes of ``batch.xml`` from the header and the texts of the records, in their order."""
    return b"".join([_start(header), *records.cast(pl.Binary).to_list(), _END])


def pieces(header: BatchHeader, rows: pl.DataFrame) -> Iterator[bytes]:
    """Give the bytes of ``batch.xml`` of these rows (columns of ``record_texts``) piece by piece.

    Each is of a size that stays in a processor's cache, and the records are nowhere written a second time.
    """
    yield _start(header)
    parts = [part.cast(pl.Binary).alias(str(number)) for number, part in enumerate(_record_parts(rows))]
    for some in rows.select_seq(parts).iter_slices(_RECORDS_A_PIECE):
        # Never a Python string, of two or four bytes a character; and joined here, for Polars would fault in new pages
        # for its copy, which costs more than the copying.
        columns = [column.to_list() for column in some.get_columns()]
        yield b"".join(chain.from_iterable(zip(*columns, strict=True)))
    yield _END


def _start(header: BatchHeader) -> bytes:
    """Write the declaration and the start of the batch element."""
    attributes = {
        "id": header.id,
        "unit": header.unit,
        "kind": header.kind,
        "sequence": str(header.sequence),
        "created": moment(header.created),
        "schema": header.schema,
        "content": header.content,
    }
    start = "".join(f' {name}="{attribute(value)}"' for name, value in attributes.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<batch{_DECLARED}{start}>'.encode()


def attribute(value: str) -> str:
    """Escape one attribute value."""
    return value.translate(_ATTRIBUTE_TABLE)


def moment(time: datetime) -> str:
    """Write an aware time as the exchange has it: Beijing time with its offset."""
    return time.astimezone(SHANGHAI).isoformat()


def _optional(start: str, values: pl.Series) -> list[_Piece]:
    """Write an attribute, the column of this name, that is left out where its value is null."""
    if values.null_count() == len(values):
        return []
    return [pl.concat_str(pl.lit(f'{start}="'), _escape(pl.col(values.name), _ATTRIBUTE_ESCAPES), pl.lit('"'))]


def _escape(text: pl.Expr, escapes: Mapping[str, str]) -> pl.Expr:
    # All at once, so that the ampersands it writes are not escaped again.
    return text.str.replace_many(list(escapes), list(escapes.values()))


def _concat(pieces: Sequence[_Piece]) -> pl.Expr:
    """Join the pieces, leaving out nulls; neighbouring literals are joined beforehand."""
    return pl.concat_str([_expression(piece) for piece in _merged(pieces)], ignore_nulls=True)


def _merged(pieces: Iterable[_Piece]) -> list[_Piece]:
    merged: list[_Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, str) and isinstance(last, str):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    return merged


def _expression(piece: _Piece) -> pl.Expr:
    return _literal(piece) if isinstance(piece, str) else piece


@cache
def _literal(text: str) -> pl.Expr:
    """Make the texts between the values, which are the same in every chunk, once."""
    return pl.lit(text)


@cache
def _special(leaf: Leaf) -> pl.Expr:
    """Say whether any text of a column needs escaping."""
    return leaf.written.str.contains(_SPECIAL).any().alias(leaf.path)
