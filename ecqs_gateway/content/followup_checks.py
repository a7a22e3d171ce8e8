"""Checks the follow-ups: their fields and conditions exist, and their examples are due as they promise.

====  =========================================================
7201  no such record kind
7202  a field that is none, or none of that type
7203  ``when`` is no condition
7204  an example is due on another day than it says
7205  an example that should bring nothing about is due
7206  an example cannot be read
====  =========================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from ecqs_gateway.content.cross import at
from ecqs_gateway.content.models_followups import FollowUp, FollowUpsFile
from ecqs_gateway.content.places import Loaded
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.expr import ExprContext, ExpressionError
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.model.types import FieldProblem
from ecqs_gateway.rules.followups import CompiledFollowUps, compile_followups

__all__ = ["check_followups"]


def check_followups(file: Loaded, model: FollowUpsFile, context: ExprContext) -> Iterator[Problem]:
    """Check all follow-ups of a file; each mistake has its own place."""
    for place, one in enumerate(model.followups):
        path: Path = ("followups", place)
        try:
            compiled = compile_followups([model.model_copy(update={"followups": (one,)})], context)
        except ExpressionError as error:
            told = f"expression line {error.line} column {error.column}: {error.message}"
            yield at(file, (*path, "when"), error.code, told, error.hint)
        except Misconfigured as error:
            yield at(file, path, error.code, error.message, error.hint)
        else:
            yield from _examples(file, path, one, (compiled, context.codes))


def _examples(
    file: Loaded, path: Path, one: FollowUp, by: tuple[CompiledFollowUps, CodeTables | None]
) -> Iterator[Problem]:
    compiled, codes = by
    wanted: list[tuple[Path, Mapping[str, Any], date | None]] = [
        (("due", place), example.record, example.on) for place, example in enumerate(one.examples.due)
    ]
    wanted += [(("none", place), example, None) for place, example in enumerate(one.examples.none)]
    for below, record, expected in wanted:
        spot = (*path, "examples", *below)
        try:
            frame = _frame(one, compiled, record, codes)
        except FieldProblem as problem:
            yield at(file, spot, "ECQS-7206", f"this example cannot be read: {problem.message}")
            continue
        except KeyError as error:
            yield at(file, spot, "ECQS-7206", f"there is no field {error.args[0]} in {one.kind}")
            continue
        due, _ = compiled.of(one.kind, frame)
        found = due["due"][0] if due.height else None
        if expected is None and found is not None:
            yield at(file, spot, "ECQS-7205", f"this example should bring nothing about, and is due on {found}")
        elif expected is not None and found != expected:
            told = f"on {found}" if found is not None else "not at all"
            yield at(file, spot, "ECQS-7204", f"this example should be due on {expected}, and is due {told}")


def _frame(
    one: FollowUp, compiled: CompiledFollowUps, record: Mapping[str, Any], codes: CodeTables | None
) -> pl.DataFrame:
    """Read one example by the field types."""
    leaves = {leaf.path: leaf for leaf in spec(one.kind).leaves()}
    values = {name: leaves[name].type.read(str(text), codes) for name, text in record.items()}
    columns = [
        pl.Series(name, [values.get(name)], dtype=leaves[name].type.dtype)
        for name in sorted(compiled.columns(one.kind))
    ]
    return pl.DataFrame([pl.Series("key", ["example"]), *columns])
