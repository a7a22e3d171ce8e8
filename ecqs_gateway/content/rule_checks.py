"""Checks the rule catalogue: ids, kinds and fields here; expressions and examples by the rules engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ecqs_gateway.content.cross import at
from ecqs_gateway.content.models import Rule, RulesFile
from ecqs_gateway.content.places import Loaded
from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.content.yaml_reader import Path
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import KindSpec

__all__ = ["check_catalogue"]


def check_catalogue(files: Iterable[Loaded], codes: CodeTables) -> Iterator[Problem]:
    """Check the rules of all files."""
    del codes
    first: dict[str, str] = {}
    for file in files:
        if not isinstance(file.model, RulesFile):
            continue
        for place, rule in enumerate(file.model.rules):
            path: Path = ("rules", place)
            here = f"{file.path}:{file.document.mark((*path, 'id')).line}" if file.document is not None else file.path
            if rule.id in first:
                message = f"the rule id {rule.id} is already used in {first[rule.id]}"
                yield at(file, (*path, "id"), "ECQS-1060", message, "ids are never used twice: take the next number")
            first.setdefault(rule.id, here)
            yield from _check_rule(file, path, rule)


def _check_rule(file: Loaded, path: Path, rule: Rule) -> Iterator[Problem]:
    if rule.kind not in KINDS:
        message = f"there is no record kind {rule.kind!r}"
        yield at(file, (*path, "kind"), "ECQS-1022", message, did_you_mean(rule.kind, KINDS))
        return
    kind = spec(rule.kind)
    names = [leaf.path for leaf in kind.leaves()] + [node.path for node in kind.repeated()]
    for place, name in enumerate(rule.fields):
        if name.split(".")[0] not in {node.path for node in kind.repeated()} and name not in names:
            yield _unknown(file, (*path, "fields", place), name, rule.kind, names)
    if rule.effective.by is not None and rule.effective.by not in names:
        yield _unknown(file, (*path, "effective", "by"), rule.effective.by, rule.kind, names)
    for side, examples in (("pass", rule.examples.pass_), ("fail", rule.examples.fail)):
        for place, example in enumerate(examples):
            yield from _check_example(file, (*path, "examples", side, place), example, kind)


def _check_example(file: Loaded, path: Path, example: Mapping[str, object], kind: KindSpec) -> Iterator[Problem]:
    leaves = [leaf.path for leaf in kind.leaves()]
    lists = {node.path: [leaf.path for leaf in node.leaves()] for node in kind.repeated()}
    for name, value in example.items():
        if name not in leaves and name not in lists:
            yield _unknown(file, (*path, name), name, kind.kind, [*leaves, *lists], at_key=True)
        elif name in lists and isinstance(value, tuple):
            for place, item in enumerate(value):
                for below in item:
                    if below not in lists[name]:
                        yield _unknown(file, (*path, name, place, below), below, kind.kind, lists[name], at_key=True)


def _unknown(file: Loaded, path: Path, name: str, kind: str, known: Iterable[str], *, at_key: bool = False) -> Problem:
    message = f"there is no national field {name!r} in {kind}"
    found = at(file, path, "ECQS-1061", message, did_you_mean(name, known))
    if not at_key or file.document is None:
        return found
    mark = file.document.mark(path)
    return Problem(file.path, mark.key_line, mark.key_column, "error", found.code, message, found.hint, name)
