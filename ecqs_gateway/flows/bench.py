"""One unit and kind made ready for work on its mapping, as far as its files allow.

A sync runs a unit only when all of its files are right. At the bench one kind of a unit must do while another is being
written, so only what this kind cannot do without stops it; everything else that is wrong is told beside the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecqs_gateway.content.cross import used_codes
from ecqs_gateway.content.load import Content
from ecqs_gateway.content.problems import Problem, did_you_mean
from ecqs_gateway.doors import clock
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.facts import FactPlan
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.model import kinds
from ecqs_gateway.rules import CompiledRules, compile_rules

__all__ = ["Bench", "Unusable", "open_bench", "require_unit"]


class Unusable(Misconfigured):
    """Files that are needed are broken; ``problems`` holds every one of their mistakes with its place."""

    def __init__(self, problems: Sequence[Problem], *, where: str) -> None:
        """Count the mistakes; a command prints each of them."""
        self.problems = tuple(problem for problem in problems if problem.blocking)
        count = len(self.problems)
        super().__init__(
            "ECQS-6060",
            f"{count} mistake{'' if count == 1 else 's'} must be mended first",
            where=where,
            hint="mend what is listed above; `ecqs check` shows the other files",
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling with the problems."""
        return _rebuild, (self.problems, self.where)


def _rebuild(problems: tuple[Problem, ...], where: str) -> Unusable:
    return Unusable(problems, where=where)


@dataclass(frozen=True)
class Bench:
    """A lane ready to try things with; ``problems`` are mistakes in its files that do not stop it."""

    lane: LanePlan
    problems: tuple[Problem, ...]


def require_unit(content: Content, unit: str) -> str:
    """Give the unit back when it has a connector; raises Misconfigured ECQS-6002 with the nearest one."""
    if unit in content.onboarded:
        return unit
    hint = did_you_mean(unit, content.onboarded) or "write its connector first: copy connectors/_template/"
    raise Misconfigured("ECQS-6002", f"no connector for {unit!r}", where="connectors/provinces", hint=hint)


def open_bench(content: Content, unit: str, kind: str) -> Bench:
    """Make a lane ready; raises Unusable with all mistakes of the files it needs, Misconfigured for a wrong name."""
    require_unit(content, unit)
    known = _kinds(content, unit)
    if kind not in known:
        hint = did_you_mean(kind, known) or f"write mappings/{unit}/{kind}.yaml"
        where = f"mappings/{unit}"
        raise Misconfigured("ECQS-6004", f"there is no mapping and no stream for {kind!r}", where=where, hint=hint)
    mapping_file = f"mappings/{unit}/{kind}.yaml"
    mine = _files_of(content, unit, kind)
    problems = [problem for problem in content.problems if problem.file in mine]
    connector = content.connectors.get(unit)
    compiled = content.compiled.get((unit, kind))
    if connector is None or compiled is None or kind not in connector.streams:
        needed = problems if any(problem.blocking for problem in problems) else [_no_mapping(mapping_file, kind)]
        raise Unusable(needed, where=mapping_file)
    facts = FactPlan.of(content, compiled.spec, clock.today())
    stream, rules = connector.streams[kind], _rules(content, kind)
    lane = LanePlan(unit, kind, compiled.spec, connector, stream, compiled, rules, facts)
    about_rules = [p for p in content.shared_problems if p.blocking and p.file.startswith("schemas/")]
    return Bench(lane, tuple(sorted({*problems, *about_rules}, key=lambda problem: problem.sort_key)))


def _no_mapping(file: str, kind: str) -> Problem:
    hint = "write it, or take the stream out of the connector"
    return Problem(file, 1, 1, "error", "ECQS-6004", f"there is no usable mapping for {kind}", hint)


def _kinds(content: Content, unit: str) -> list[str]:
    connector = content.connectors.get(unit)
    streams: Iterable[str] = connector.streams if connector is not None else ()
    mapped = (kind for owner, kind in content.mappings if owner == unit)
    unreadable = (
        problem.file.rsplit("/", 1)[-1].removesuffix(".yaml")
        for problem in content.unit_problems(unit)
        if problem.file.startswith(f"mappings/{unit}/") and problem.file.count("/") == 2
    )
    return list(dict.fromkeys([*streams, *mapped, *unreadable]))


def _files_of(content: Content, unit: str, kind: str) -> frozenset[str]:
    mapping = content.mappings.get((unit, kind))
    codes = used_codes(mapping) if mapping is not None else ()
    return frozenset(
        {
            f"connectors/provinces/{unit}.yaml",
            f"mappings/{unit}/{kind}.yaml",
            f"schemas/sources/{unit}.json",
            *(f"mappings/{unit}/codes/{name}.csv" for name in codes),
        }
    )


def _rules(content: Content, kind: str) -> CompiledRules:
    """Compile the rules; where they cannot be, the bench goes on without, and their mistakes are among the problems."""
    spec = kinds.spec(kind)
    try:
        context = ExprContext.of(content.codes, content.root / "schemas" / "calendar")
        return compile_rules(spec, list(content.rules.values()), context)
    except Misconfigured:
        return CompiledRules(spec, ())
