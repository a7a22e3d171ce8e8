"""Drawing again: from the population and seed headquarters published, the cases must come out that it asks for.

Columns from end to end, since a population is all records of a unit. The way of drawing is specified in
docs/reference/audits.md; headquarters and the verifier each have their own code for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.audits import METHOD, AuditRequest

__all__ = ["COLUMNS", "Drawn", "check_draw", "draw", "read_population"]

COLUMNS = ("kind", "product", "key", "version")
_STRATUM = ("kind", "product")
_FAULTS = {"cells": "a line has not four columns", "sorted": "it is not sorted", "unique": "a line stands twice"}


@dataclass(frozen=True)
class Drawn:
    """A draw: ``strata`` with kind, product, records, drawn; ``items`` in the order of a request."""

    strata: pl.DataFrame
    items: pl.DataFrame


def read_population(text: bytes) -> pl.DataFrame:
    """Read a population, one row a line: ``line`` and its four columns; raises Terminal ECQS-7010 for anything else."""
    if not text.endswith(b"\n"):
        raise _bad("it does not end with a line end")
    try:
        lines = pl.Series("line", text[:-1].decode("utf-8").split("\n"), dtype=pl.String)
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    frame = lines.to_frame().with_columns(
        pl.col("line").str.split("\t").list.to_struct(fields=list(COLUMNS)).alias("cells"),
        pl.col("line").str.count_matches("\t").alias("tabs"),
    )
    right = frame.select(
        (pl.col("tabs") == len(COLUMNS) - 1).all().alias("cells"),
        pl.col("line").is_sorted().alias("sorted"),
        (pl.col("line").n_unique() == pl.len()).alias("unique"),
    ).row(0, named=True)
    for name, why in _FAULTS.items():
        if not right[name]:
            raise _bad(why)
    return frame.select("line", "cells").unnest("cells")


def draw(population: pl.DataFrame, digest: str, *, seed: str, rate: int, least: int) -> Drawn:
    """Draw ``rate`` per thousand of each stratum, rounded up, and at least ``least``, all where there are fewer.

    ``population`` is that of ``read_population``, ``digest`` the SHA-256 of its text, lowercase hex like the seed.
    """
    import polars_hash as plh  # noqa: PLC0415  only this needs it here

    text = pl.concat_str(pl.lit(f"{seed}\n{digest}\n"), "line").alias("text")
    turned = population.with_columns(text).with_columns(plh.col("text").chash.sha2_256().alias("turn"))
    size = pl.len().over(_STRATUM)
    wanted = pl.max_horizontal(pl.lit(least), (size * rate + 999) // 1000)
    ordered = turned.sort(*_STRATUM, "turn", "line").with_columns(
        pl.int_range(pl.len()).over(_STRATUM).alias("place"), size.alias("records"), wanted.alias("wanted")
    )
    items = ordered.filter(pl.col("place") < pl.col("wanted"))
    strata = (
        items.group_by(_STRATUM, maintain_order=True)
        .agg(pl.col("records").first().cast(pl.Int64), pl.len().cast(pl.Int64).alias("drawn"))
        .select(*_STRATUM, "records", "drawn")
    )
    return Drawn(strata, items.select(COLUMNS))


def check_draw(request: AuditRequest, text: bytes) -> pl.DataFrame:
    """Give the population when the request's draw comes out of it again.

    Raises Terminal: ECQS-7010 no population, ECQS-7011 not the one the request was drawn from, ECQS-7012 other cases
    come out, ECQS-7013 a way of drawing we do not know.
    """
    if request.method != METHOD:
        raise Terminal("ECQS-7013", "the request was drawn in a way this version does not know", where="method")
    if hashlib.sha256(text).hexdigest() != request.population:
        raise _differs("ECQS-7011", "the population is not the one the request states")
    population = read_population(text)
    if population.height != request.records:
        raise _differs("ECQS-7011", "the population has another number of records than the request states")
    counts = dict(population.group_by("kind").len().iter_rows())
    if {lane.kind: lane.records for lane in request.lanes if lane.records} != counts:
        raise _differs("ECQS-7011", "the population has other numbers of records per kind than the request states")
    drawn = draw(population, request.population, seed=request.seed, rate=request.rate, least=request.least)
    if drawn.strata.rows() != [(s.kind, s.product, s.records, s.drawn) for s in request.strata]:
        raise _differs("ECQS-7012", "other strata come out of the published seed than the request states")
    if drawn.items.rows() != [(i.kind, i.product, i.key, i.version) for i in request.items]:
        raise _differs("ECQS-7012", "other cases come out of the published seed than the request asks for")
    return population


def _bad(why: str) -> Terminal:
    return Terminal("ECQS-7010", f"the population cannot be read: {why}", where="population.tsv", hint=_ASK)


def _differs(code: str, why: str) -> Terminal:
    return Terminal(code, why, where="audit_request.xml", hint=_ASK)


_ASK = "the request is refused and headquarters is told; ask it how the cases were drawn"
