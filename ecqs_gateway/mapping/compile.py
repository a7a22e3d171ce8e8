"""A mapping file compiled: every mistake in it at once, or a ``CompiledMapping`` that maps whole chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import polars as pl

from ecqs_gateway.content.models import FieldMapping, ListMapping, MappingFile
from ecqs_gateway.content.problems import did_you_mean
from ecqs_gateway.mapping.codes import LocalCodeTable
from ecqs_gateway.mapping.compile_fields import Desk, Path, Scope, compile_field, usable_regex
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.evaluate import field_set
from ecqs_gateway.mapping.faults import MappingErrors, MappingProblem
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.jsonlist import MemberError, member_path
from ecqs_gateway.mapping.lists import ITEM_WORD, ListPlan
from ecqs_gateway.mapping.source import Wanted
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.record import Group, KindSpec, Leaf, Repeated

__all__ = ["Columns", "Compilation", "compile_mapping", "inspect_mapping"]

Columns = Mapping[str, pl.DataType]
"""Columns of one table with their Polars types."""


@dataclass(frozen=True)
class Compilation:
    """What came of compiling: the mistakes found, and the compiled mapping where none of them is an error."""

    mapping: CompiledMapping | None
    problems: tuple[MappingProblem, ...]


def compile_mapping(  # noqa: PLR0913 - the two last have defaults and names
    mapping: MappingFile,
    spec: KindSpec,
    codes: CodeTables,
    local_codes: Mapping[str, LocalCodeTable],
    source_columns: Columns | None = None,
    *,
    children: Mapping[str, Columns | None] | None = None,
    today: date | None = None,
) -> CompiledMapping:
    """Compile a mapping; raises MappingErrors with every mistake.

    ``source_columns`` and ``children`` (the connector's child tables by name) are what the source shows; None where
    that is not known, and then columns are only checked when a chunk arrives. ``today`` is for declarations of absence.
    """
    found = inspect_mapping(mapping, spec, codes, local_codes, source_columns, children=children, today=today)
    if found.mapping is None:
        raise MappingErrors(found.problems, where=f"{mapping.unit}/{mapping.kind}")
    return found.mapping


def inspect_mapping(  # noqa: PLR0913 - as compile_mapping
    mapping: MappingFile,
    spec: KindSpec,
    codes: CodeTables,
    local_codes: Mapping[str, LocalCodeTable],
    source_columns: Columns | None = None,
    *,
    children: Mapping[str, Columns | None] | None = None,
    today: date | None = None,
) -> Compilation:
    """Compile a mapping as ``compile_mapping`` does, but give the mistakes, warnings too, instead of raising."""
    desk = Desk(f"{mapping.unit}/{mapping.kind}", codes, local_codes, today)
    work = _Work(mapping, spec, desk, source_columns, children)
    compiled = work.run()
    problems = tuple(desk.problems)
    failed = any(problem.severity == "error" for problem in problems)
    return Compilation(None if failed else compiled, problems)


@dataclass(frozen=True)
class _Work:
    mapping: MappingFile
    spec: KindSpec
    desk: Desk
    columns: Columns | None
    children: Mapping[str, Columns | None] | None

    def run(self) -> CompiledMapping:
        scope = Scope(("fields",), self.columns, lambda name: name)
        plans = self._fields(self.mapping.fields, self.spec.nodes, scope)
        for place, name in enumerate(self.mapping.newest_by):
            self.desk.column(name, scope, ("newest_by", place))
        lists = tuple(self._lists())
        record = field_set(self.spec.nodes, plans, self.desk.codes, date=self.spec.date)
        wanted = dict(self._wanted(plans.values(), lists))
        self._ignored(wanted)
        return CompiledMapping(self.mapping, self.spec, self.desk.codes, record, lists, MappingProxyType(wanted))

    def _fields(self, given: Mapping[str, FieldMapping], nodes: Iterable[object], scope: Scope) -> dict[str, FieldPlan]:
        nodes = tuple(nodes)
        leaves = dict(_leaves(nodes))
        plans: dict[str, FieldPlan] = {}
        for path, one in given.items():
            leaf = leaves.get(path)
            if leaf is None:
                self._unknown_field(path, nodes, leaves, scope)
            else:
                plans[path] = compile_field(one, leaf, scope, self.desk)
        self._uncovered(nodes, plans, scope)
        return plans

    def _unknown_field(self, path: str, nodes: Iterable[object], leaves: Iterable[str], scope: Scope) -> None:
        place = (*scope.path, path)
        for node in nodes:
            if isinstance(node, Repeated) and path.split(".", maxsplit=1)[0] == node.path:
                message, hint = f"{node.path} ({node.title}) is a list", f"map it under children: {node.path}"
                self.desk.report("ECQS-1034", place, message, hint)
                return
        below = [leaf for leaf in leaves if leaf.startswith(f"{path}.")]
        if below:
            message = f"{path} holds several fields"
            self.desk.report("ECQS-1034", place, message, f"map them one by one: {', '.join(below)}")
            return
        message = f"there is no national field {path!r} in {self.spec.kind}"
        self.desk.report("ECQS-1030", place, message, did_you_mean(path, leaves))

    def _uncovered(self, nodes: Iterable[object], plans: Mapping[str, FieldPlan], scope: Scope) -> None:
        """Note required fields that nothing gives; those of an optional group only where the group is mapped at all."""
        for node in nodes:
            if isinstance(node, Group):
                mapped = any(leaf.path in plans and plans[leaf.path].mapped for leaf in node.leaves())
                if node.required or mapped:
                    self._uncovered(node.nodes, plans, scope)
            elif isinstance(node, Leaf) and node.required:
                self._uncovered_leaf(node, plans.get(node.path), scope)

    def _uncovered_leaf(self, leaf: Leaf, plan: FieldPlan | None, scope: Scope) -> None:
        if plan is None:
            message = f"{leaf.path} ({leaf.title}) is required and not mapped"
            self.desk.report("ECQS-1031", scope.path, message, f"add a line for {leaf.path}")
        elif plan.origin == "absent":
            message = f"{leaf.path} ({leaf.title}) is required and cannot be absent: every record would be rejected"
            self.desk.report("ECQS-1032", (*scope.path, leaf.path, "absent"), message)

    def _lists(self) -> Iterator[ListPlan]:
        known = {node.path: node for node in self.spec.repeated()}
        for name in self.mapping.children:
            if name not in known:
                message = f"there is no list {name!r} in {self.spec.kind}"
                self.desk.report("ECQS-1030", ("children", name), message, did_you_mean(name, known))
        for node in known.values():
            given_list = self.mapping.children.get(node.path)
            if given_list is None:
                if node.required:
                    message = f"{node.path} ({node.title}) is required and not mapped"
                    self.desk.report("ECQS-1031", ("children",), message, f"add {node.path} under children")
                yield self._plan(node, "none", {})
            else:
                yield self._list(node, given_list, ("children", node.path))

    def _plan(self, node: Repeated, origin: str, plans: Mapping[str, FieldPlan], **more: str) -> ListPlan:
        fields = field_set(node.nodes, plans, self.desk.codes)
        wanted: dict[str, tuple[str, ...]] = {}
        for plan in plans.values():
            for name in plan.columns:
                wanted[name] = (*wanted.get(name, ()), f"{node.path}.{plan.path}")
        return ListPlan(node, fields, origin, wanted=wanted, **more)

    def _list(self, node: Repeated, given: ListMapping, path: Path) -> ListPlan:
        if given.absent is not None:
            self.desk.absent(given.absent, (*path, "absent", "until"))
            if node.required:
                message = f"{node.path} ({node.title}) is required and cannot be absent: every record would be rejected"
                self.desk.report("ECQS-1032", (*path, "absent"), message)
            return self._plan(node, "absent", {}, reason=given.absent.reason)
        place = (*path, "fields")
        if given.child is not None:
            return self._child(node, given, given.child, Scope(place, None, lambda name: f"{given.child}.{name}"))
        main = Scope(path, self.columns, lambda name: name)
        if given.split is not None:
            column = given.split.from_
            self.desk.column(column, main, (*path, "split", "from"))
            word, pattern = ("by", given.split.by) if given.split.by is not None else ("each", given.split.each or "")
            usable_regex(pattern, self.desk, (*path, "split", word))
            scope = Scope(place, {ITEM_WORD: pl.String()}, lambda _: column)
            plans = self._fields(given.fields, node.nodes, scope)
            return self._plan(node, "split", plans, source=column, **{word: pattern})
        column = given.json_ or ""
        self.desk.column(column, main, (*path, "json"))
        scope = Scope(place, None, lambda _: column, _member_fault)
        return self._plan(node, "json", self._fields(given.fields, node.nodes, scope), source=column)

    def _child(self, node: Repeated, given: ListMapping, child: str, scope: Scope) -> ListPlan:
        columns: Columns | None = None
        if self.children is not None:
            if child in self.children:
                columns = self.children[child]
            else:
                message = f"the connector has no child table {child!r}"
                place = (*scope.path[:-1], "child")
                self.desk.report("ECQS-1035", place, message, did_you_mean(child, self.children))
        scope = Scope(scope.path, columns, scope.lineage)
        return self._plan(node, "child", self._fields(given.fields, node.nodes, scope), source=child)

    def _wanted(self, plans: Iterable[FieldPlan], lists: Iterable[ListPlan]) -> Iterator[tuple[str, tuple[str, ...]]]:
        users: dict[str, list[str]] = {}
        for plan in plans:
            for name in plan.columns:
                users.setdefault(name, []).append(plan.path)
        for one in lists:
            if one.origin in {"split", "json"}:
                users.setdefault(one.source, []).append(one.path)
        for name in self.mapping.newest_by:
            users.setdefault(name, []).append("newest_by")
        for name, paths in users.items():
            yield name, tuple(paths)

    def _ignored(self, wanted: Wanted) -> None:
        for place, name in enumerate(self.mapping.ignore):
            if name in wanted:
                message = f"{name} is ignored here, but used by {', '.join(wanted[name])}"
                self.desk.report("ECQS-1066", ("ignore", place), message, "take it out of ignore", warning=True)
            elif not self._known(name):
                message, hint = f"there is no source column {name!r}", did_you_mean(name, self.columns or ())
                self.desk.report("ECQS-1050", ("ignore", place), message, hint, warning=True)

    def _known(self, name: str) -> bool:
        """Say whether a column is there, or may be: those of child tables are named ``cp.XH``."""
        child, dot, column = name.partition(".")
        below = (self.children or {}).get(child)
        if dot and self.children is not None and child in self.children:
            return below is None or column in below
        return self.columns is None or name in self.columns


def _leaves(nodes: Iterable[object]) -> Iterator[tuple[str, Leaf]]:
    for node in nodes:
        if isinstance(node, Leaf):
            yield node.path, node
        elif isinstance(node, Group):
            yield from ((leaf.path, leaf) for leaf in node.leaves())


def _member_fault(name: str) -> str | None:
    if name == ITEM_WORD:
        return "the item of a JSON list is written $, a member of it $.name"
    try:
        member_path(name)
    except MemberError as error:
        return str(error)
    return None
