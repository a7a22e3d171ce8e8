"""Child tables of a stream: checked against the catalogue, read for the parents of one chunk, put into one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.models import ChildTable
from ecqs_gateway.extract.catalogue import Table, read_table
from ecqs_gateway.extract.chunk import BAD_CELLS, ChildFrame, no_bad_cells
from ecqs_gateway.extract.decode import Batch, Decoder
from ecqs_gateway.extract.notes import Notes
from ecqs_gateway.extract.readers import Reader
from ecqs_gateway.extract.rows import joined
from ecqs_gateway.extract.sessions import Session
from ecqs_gateway.extract.statements import ChildQuery, bindable
from ecqs_gateway.extract.window import find_stamp

__all__ = ["Family", "open_family"]


@dataclass(frozen=True)
class Family:
    """A stream's table with its child tables."""

    parent: Table
    children: Mapping[str, ChildQuery]
    zone: ZoneInfo
    notes: Notes
    place: str

    def read(self, reader: Reader, parents: pl.DataFrame) -> tuple[dict[str, ChildFrame], pl.DataFrame]:
        """Give the child rows of these parents, and the bad cells among them under the rows of their parents."""
        frames: dict[str, ChildFrame] = {}
        bad = [no_bad_cells()]
        for name, child in self.children.items():
            keys = parents.select(child.key).unique(maintain_order=True).drop_nulls()
            columns = [self.parent[key] for key in child.key]
            values = [tuple(map(bindable, row, columns)) for row in keys.rows()]
            batches = reader.children(child, values) if values else []
            batch = joined(batches) if batches else Decoder(child.columns, self.zone).batch(())
            frame = self._keyed(batch.frame, child, keys)
            bad.append(_of_parents(Batch(frame, batch.bad_cells), child, parents))
            frames[name] = ChildFrame(_in_order(frame, child), child.parent_key, child.key)
        return frames, pl.concat(bad)

    def _keyed(self, frame: pl.DataFrame, child: ChildQuery, keys: pl.DataFrame) -> pl.DataFrame:
        """Give child rows with the keys of their parents; tells where one still has another: a parent asked for it."""
        frame = _of_type(frame, child, keys)
        if not _strange(frame, child, keys):
            return frame
        frame = _respelled(frame, child, keys)
        if _strange(frame, child, keys):
            message = (
                f"rows of child table {child.table.full_name} are left out: the database takes their"
                f" {', '.join(child.parent_key)} for a parent's {', '.join(child.key)} that is spelled otherwise;"
                " give both columns one type, or read a view in which they are spelled alike"
            )
            self.notes.add("ECQS-2084", self.place, message)
        return frame


def open_family(
    session: Session, parent: Table, wanted: Mapping[str, ChildTable], *, place: str, notes: Notes
) -> Family:
    """Check every child table and its columns; raises Misconfigured ECQS-2011, 2012, 2013 or 2016."""
    found: dict[str, ChildQuery] = {}
    for name, child in wanted.items():
        here = f"{place}.children.{name}"
        table = read_table(session.connection, child.table, here)
        parent.require_key(child.key, here)
        table.require_key(child.parent_key, here)
        changed_at = child.changed_at
        table.require([*child.order_by, *([changed_at] if changed_at else [])], here)
        stamp = find_stamp(session.reader, table, changed_at, session.zone, place=here) if changed_at else None
        if not table.has_index(child.parent_key):
            columns = ", ".join(child.parent_key)
            message = f"child table {table.full_name} has no index on {columns}: every chunk reads the whole table"
            notes.add("ECQS-2052", here, message)
        dialect, pair = session.connection.dialect.name, (changed_at, stamp) if changed_at and stamp else None
        found[name] = ChildQuery(name, table, child.parent_key, child.key, child.order_by, dialect, pair)
    return Family(parent, found, session.zone, notes, place)


def _of_type(frame: pl.DataFrame, child: ChildQuery, keys: pl.DataFrame) -> pl.DataFrame:
    """Give the child's key the type of the parent's."""
    cast = [
        # An exact number arrives as its text, and 7.00 is no whole number until it is spelled as one.
        (_folded(frame, own) if keys.schema[other].is_integer() else pl.col(own))
        .cast(keys.schema[other], strict=False)
        .alias(own)
        for own, other in zip(child.parent_key, child.key, strict=True)
        if frame.schema[own] != keys.schema[other]
    ]
    return frame.with_columns(cast) if cast else frame


def _respelled(frame: pl.DataFrame, child: ChildQuery, keys: pl.DataFrame) -> pl.DataFrame:
    """Give the child's key the spelling of the parent's, which has its type.

    A database may hold a number here and its digits there, or take ``a1`` and ``A1 ``, ``007`` and ``7.00`` for equal;
    a join of columns does not, and the child row would be lost. Where two parents differ in zeros only, a child's
    number belongs to neither for certain, and it keeps its spelling.
    """
    pairs = list(zip(child.parent_key, child.key, strict=True))
    folds, plain = [f"__{other}" for other in child.key], [f"__plain_{other}" for other in child.key]
    spelled = keys.select(
        *(_folded(keys, other).alias(f"__{other}") for other in child.key),
        *(_plain(keys, other).alias(f"__plain_{other}") for other in child.key),
        pl.all().name.prefix("__as_"),
    ).filter(~pl.struct(folds).is_duplicated() | pl.struct(plain).is_duplicated())
    return (
        frame.with_columns(_folded(frame, own).alias(f"__{other}") for own, other in pairs)
        .join(
            keys.with_columns(__exact=True),
            left_on=child.parent_key,
            right_on=child.key,
            how="left",
            maintain_order="left",
        )
        .join(
            spelled.drop(plain).unique(folds, keep="first", maintain_order=True),
            on=folds,
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.when("__exact").then(pl.col(own)).otherwise(pl.coalesce(f"__as_{other}", own)).alias(own)
            for own, other in pairs
        )
        .select(frame.columns)
    )


def _strange(frame: pl.DataFrame, child: ChildQuery, keys: pl.DataFrame) -> bool:
    """Say whether a child row has a key that is no parent's, letter by letter."""
    return not frame.join(keys, left_on=child.parent_key, right_on=child.key, how="anti").is_empty()


def _plain(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars_end(" ").str.to_lowercase() if frame.schema[name] == pl.String else pl.col(name)


def _folded(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Give what keys have in common that a database may take for equal: exact numbers arrive as texts, too."""
    text = _plain(frame, name)
    if frame.schema[name] != pl.String:
        return text
    shorter = text.str.replace(r"^(-?)0+([0-9])", "${1}${2}").str.replace(r"^(-?[0-9]+)\.0+$", "${1}")
    shorter = shorter.str.replace(r"^(-?[0-9]+\.[0-9]*[1-9])0+$", "${1}")
    return pl.when(text.str.contains(r"^-?[0-9]+(\.[0-9]+)?$")).then(shorter).otherwise(text)


def _of_parents(batch: Batch, child: ChildQuery, parents: pl.DataFrame) -> pl.DataFrame:
    """Name a child's bad cells under the row numbers of its parents, as ``cp.CPMC``."""
    if batch.bad_cells.is_empty():
        return no_bad_cells()
    rows = batch.frame.select(child.parent_key).with_row_index("__child")
    numbers = parents.select(child.key).with_row_index("__parent")
    bad = batch.bad_cells.rename({"__row": "__child"}).join(rows, on="__child")
    named = bad.join(numbers, left_on=child.parent_key, right_on=child.key)
    return named.select(
        pl.col("__parent").cast(pl.UInt32).alias("__row"),
        pl.concat_str(pl.lit(f"{child.name}."), pl.col("column")).alias("column"),
        "reason",
    ).select(*BAD_CELLS)


def _in_order(frame: pl.DataFrame, child: ChildQuery) -> pl.DataFrame:
    """Sort by parent, then as the connector asks, then by whatever makes it the same in every run."""
    last = child.table.primary_key or [name for name in frame.columns if frame.schema[name] != pl.Binary]
    return frame.sort(
        list(dict.fromkeys([*child.parent_key, *child.order_by, *last])), nulls_last=True, maintain_order=True
    )
