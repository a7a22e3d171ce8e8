"""Checks the rule catalogue by the rules engine, and gives its findings their place in the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecqs_gateway.content.cross import at
from ecqs_gateway.content.models import RulesFile
from ecqs_gateway.content.places import Loaded
from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.rules.calendar import WorkingCalendar
from ecqs_gateway.rules.check import RuleProblem, check_rules

__all__ = ["check_catalogue"]

_PLACES = {"ECQS-1304": ("effective", "by"), "ECQS-1305": ("products",)}
"""Where these findings belong when the engine meets them while compiling the expression."""


def check_catalogue(files: Iterable[Loaded], codes: CodeTables, calendar: WorkingCalendar) -> Iterator[Problem]:
    """Check the rules of all files: ids, kinds, fields, products, expressions, and examples as they promise."""
    by_path = {file.path: file for file in files if isinstance(file.model, RulesFile)}
    models = {path: file.model for path, file in by_path.items() if isinstance(file.model, RulesFile)}
    for found in check_rules(models, ExprContext(codes, calendar)):
        file, model = by_path[found.file], models[found.file]
        yield at(file, _place(found), found.code, found.message, found.hint or _meant(file, model, found))


def _place(found: RuleProblem) -> Path:
    if found.path[2:] == ("expr",) and found.code in _PLACES:
        return (*found.path[:2], *_PLACES[found.code])
    return found.path


def _meant(file: Loaded, model: RulesFile, found: RuleProblem) -> str | None:
    """Find the national field that was probably meant."""
    path = _place(found)
    rule = model.rules[int(path[1])]
    if file.document is None or rule.kind not in KINDS or found.code not in {"ECQS-1302", "ECQS-1304", "ECQS-1308"}:
        return None
    kind = spec(rule.kind)
    names = [leaf.path for leaf in kind.leaves()]
    lists = {node.path: [leaf.path for leaf in node.leaves()] for node in kind.repeated()}
    if found.code == "ECQS-1308":
        written = str(path[-1])
        below = next((lists[str(step)] for step in path[:-1] if step in lists), None)
        known = below if below is not None else [*names, *lists]
        return did_you_mean(written, known) if written not in known else None
    written = file.document.mark(path).text or ""
    return did_you_mean(written, [*names, *(f"{name}.{leaf}" for name, leaves in lists.items() for leaf in leaves)])
