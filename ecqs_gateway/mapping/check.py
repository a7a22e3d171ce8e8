"""The check stage: problems of mapping and rules together decide which records go and which become dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from ecqs_gateway.mapping.deadletters import bad_rows
from ecqs_gateway.mapping.mapped import FLAG, PROBLEM_SCHEMA, REJECT, ROW, Checked, Mapped, by_row, detach, no_problems
from ecqs_gateway.mapping.order import supersede
from ecqs_gateway.model.columns import looked_up, rows_where
from ecqs_gateway.rules.catalogue import CompiledRules
from ecqs_gateway.rules.evaluate import evaluate

__all__ = ["all_problems", "check", "shaped", "supersede"]


def check(mapped: Mapped, rules: CompiledRules | None = None) -> Checked:
    """Set the records that cannot go apart from those that can; asserts that none is lost.

    All problems of a row are told at once: those of fields, codes and lists that mapping found, and the findings of
    the rules. One ``reject`` among them keeps the record back.
    """
    problems = all_problems(mapped, rules)
    if problems.is_empty():
        return Checked(replace(mapped, problems=no_problems()), bad_rows(mapped, problems[ROW]), no_problems())
    rejected = _rows(problems, problems["severity"] == REJECT)
    good = mapped.without(rejected)
    bad = bad_rows(replace(mapped, problems=problems), rejected)
    if good.rows + bad.height != mapped.rows:
        raise AssertionError(f"{mapped.rows} rows in, {good.rows} good and {bad.height} bad out")
    own = np.isin(problems[ROW].to_numpy(), rejected.to_numpy(), invert=True)
    flags = rows_where(problems, (problems["severity"] == FLAG) & pl.Series(own))
    flags = detach(flags) if flags.height else no_problems()
    return Checked(replace(good, problems=flags), bad, flags)


def _rows(problems: pl.DataFrame, some: pl.Series) -> pl.Series:
    """Give the rows of some problems, each once, in order."""
    return pl.Series(ROW, np.unique(problems[ROW].filter(some).to_numpy()))


def all_problems(mapped: Mapped, rules: CompiledRules | None = None) -> pl.DataFrame:
    """Give what mapping found and what the rules find, in the order of the rows (``PROBLEM_SCHEMA``)."""
    if rules is None:
        return mapped.problems
    given = {path for path, columns in mapped.columns.items() if columns} if mapped.columns else None
    found = shaped(evaluate(rules, mapped.frame, _delivered(mapped), given), mapped.columns)
    return by_row([mapped.problems, found])


def _delivered(mapped: Mapped) -> Mapping[str, pl.DataFrame]:
    """Give the lists the mapping makes: of a list nobody delivers a rule must not conclude that it is empty."""
    return {path: items for path, items in mapped.lists.items() if mapped.columns.get(path, path)}


def shaped(found: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """Give findings the shape of problems; a rule knows national fields, the source columns come from the lineage."""
    if found.is_empty():
        return no_problems()
    shaped = found.select_seq(
        pl.col(name).cast(dtype) if name in found.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in PROBLEM_SCHEMA.items()
    )
    if not shaped["column"].null_count():
        return shaped
    told = {field: _columns_of(field, columns) for field in shaped["field"].unique().drop_nulls().to_list()}
    return shaped.with_columns(pl.col("column").fill_null(looked_up(pl.col("field"), told)))


def _columns_of(field: str, columns: Mapping[str, str]) -> str | None:
    """Give the source columns of one finding's fields, such as ``valid_from, valid_until`` or ``products[2].name``."""
    found: dict[str, None] = {}
    for one in field.split(","):
        path = one.strip()
        if "[" in path:
            before, _, after = path.partition("[")
            path = before + after.partition("]")[2]
        found.update(dict.fromkeys(name for name in columns.get(path, "").split(", ") if name))
    return ", ".join(found) or None
