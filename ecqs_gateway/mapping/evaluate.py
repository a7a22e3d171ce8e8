"""A set of fields evaluated over whole columns: text → parse → codes → default → field type → check → problems.

The same code does the fields of a record and the fields of list items; ``where`` says which row (and item) each line
of the columns belongs to. Single values are looked at only to word the message of one that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from ecqs_gateway.mapping.codematch import CodeMatch
from ecqs_gateway.mapping.codenotes import coded
from ecqs_gateway.mapping.faults import MISSING, NOT_DECLARED_FORM
from ecqs_gateway.mapping.fields import FieldPlan, field_texts
from ecqs_gateway.mapping.mapped import FLAG, REJECT
from ecqs_gateway.mapping.problemlines import Place, ProblemLines
from ecqs_gateway.mapping.source import SourceColumns
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.columns import framed
from ecqs_gateway.model.record import Group, Leaf, Repeated
from ecqs_gateway.model.types import FieldProblem, FieldType

__all__ = ["FieldSet", "field_set"]

Node = Leaf | Group | Repeated


@dataclass
class _State:
    """One field on its way: its text (or dates, for a date type), and the lines on which it was already refused."""

    plan: FieldPlan
    text: pl.Series | None
    refused: pl.Series | None = None
    notes: list[tuple[pl.Series, str, str, str]] = field(default_factory=list)
    """Lines, code, severity and message of what parse and codes found."""

    def refuse(self, lines: pl.Series, rule: str, message: str) -> None:
        self.refused = lines if self.refused is None else self.refused | lines
        self.notes.append((lines, rule, REJECT, message))


@dataclass(frozen=True)
class FieldSet:
    """The fields of a record, or of the items of a list, ready to run."""

    plans: tuple[FieldPlan, ...]
    codes: CodeTables
    groups: Mapping[str, tuple[str, ...]]
    """Per optional group, the paths of all fields below it."""
    within: Mapping[str, str]
    """Per field, the innermost optional group it stands in; a required field is missing only where that is present."""
    date: str = ""
    """Field that holds the business date; empty for the items of lists."""

    @property
    def dated(self) -> bool:
        """Say whether a code file in use depends on the business date."""
        return any(plan.codes is not None and plan.codes.dated for plan in self.plans)

    @cached_property
    def _reads(self) -> Mapping[str, pl.Expr]:
        """How each field reads its text, made once: making an expression costs as much as running it on few rows."""
        return {p.path: p.leaf.type.read_expr(pl.col(p.path), self.codes).alias(p.path) for p in self.plans}

    @cached_property
    def _checks(self) -> Mapping[str, pl.Expr]:
        """How each field checks what was read, for the types that check anything."""
        checked = (plan for plan in self.plans if type(plan.leaf.type).check_expr is not FieldType.check_expr)
        return {p.path: p.leaf.type.check_expr(pl.col(p.path), self.codes).alias(p.path) for p in checked}

    @cached_property
    def _fixed(self) -> Mapping[str, pl.Series]:
        """Give for each field that the source does not give its one value, read from the constant or null."""
        return {plan.path: self._fixed_of(plan) for plan in self.plans}

    def _fixed_of(self, plan: FieldPlan) -> pl.Series:
        if plan.constant is None:
            return pl.Series(plan.path, [None], dtype=plan.leaf.type.dtype)
        return pl.DataFrame({plan.path: [plan.constant]}).select(self._reads[plan.path]).to_series()

    def finish(
        self, texts: Mapping[str, pl.Series], place: Place, problems: ProblemLines, days: pl.Series | None = None
    ) -> list[pl.Series]:
        """Read and check the fields; ``texts`` is what ``field_texts`` gave, one line per record or item of ``place``.

        ``days`` are the business dates of the records the items belong to. Gives the canonical columns in document
        order. Every text that is there is either read, or has a problem that rejects its record.
        """
        if self.date and self.dated:
            days = self._days(texts, place.height)
        states = {plan.path: _state(plan, texts.get(plan.path), days) for plan in self.plans}
        values = self._read(states, place.height)
        verdicts = self._verdicts(states, values)
        for plan in self.plans:
            state = states[plan.path]
            missing = self._missing(state, states, place.height)
            if missing is not None:
                where = place.fields(missing, plan.path)
                problems.add(where, plan.column, (MISSING, REJECT, f"{plan.leaf.title}：必填项为空"))
            if state.text is not None:
                self._found(state, values[plan.path], verdicts.get(plan.path), place, problems)
        return list(values.values())

    def business_dates(self, source: SourceColumns) -> pl.Series:
        """Give the business date of each record of a source, by which code files are read."""
        plan = next(plan for plan in self.plans if plan.path == self.date)
        return self._days(field_texts([plan], source, raw=True), source.height)

    def _days(self, texts: Mapping[str, pl.Series], height: int) -> pl.Series:
        """Give the business date of each record, by which code files are read; null where it cannot be read."""
        plan = next(plan for plan in self.plans if plan.path == self.date)
        state = _State(plan, texts.get(self.date)) if plan.plain else _state(plan, texts.get(self.date))
        if state.text is None:
            return self._fixed[plan.path].new_from_index(0, height)
        return state.text.to_frame().select_seq(self._reads[self.date]).to_series()

    def _read(self, states: Mapping[str, _State], height: int) -> dict[str, pl.Series]:
        texts = [state.text for state in states.values() if state.text is not None]
        exprs = [self._reads[plan.path] for plan in self.plans if states[plan.path].text is not None]
        # One after the other: field types are Python over arrays, and threads only fight over the interpreter lock.
        read = {series.name: series for series in framed(texts).select_seq(exprs).get_columns()} if texts else {}
        for path, series in read.items():
            state = states[path]
            if state.plan.plain and state.text is not None and series.null_count() != state.text.null_count():
                state.text = _without_blanks(state.text, series)
        fixed = self._fixed
        return {
            plan.path: read[plan.path] if plan.path in read else fixed[plan.path].new_from_index(0, height)
            for plan in self.plans
        }

    def _verdicts(self, states: Mapping[str, _State], values: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
        """Give the verdict of each field on which some value fails."""
        checked = [path for path in self._checks if states[path].text is not None]
        if not checked:
            return {}
        verdicts = framed([values[path] for path in checked]).select_seq(self._checks[path] for path in checked)
        return {series.name: series for series in verdicts.get_columns() if not bool(series.all())}

    def _missing(self, state: _State, states: Mapping[str, _State], height: int) -> pl.Series | None:
        """Give the lines on which a required field has no value; None where there are none."""
        plan = state.plan
        if not plan.leaf.required or plan.constant is not None:
            return None
        if state.text is not None and state.text.null_count() == 0:
            return None
        empty = _mask(height, value=True) if state.text is None else state.text.is_null()
        if state.refused is not None:
            empty &= ~state.refused
        group = self.within.get(plan.path)
        if group is not None:
            empty &= self._present(group, states, height)
        return empty if bool(empty.any()) else None

    def _present(self, group: str, states: Mapping[str, _State], height: int) -> pl.Series:
        present = _mask(height, value=False)
        for path in self.groups[group]:
            state = states[path]
            if state.plan.constant is not None:
                return _mask(height, value=True)
            if state.text is not None and state.text.null_count() < height:
                present |= state.text.is_not_null()
            if state.refused is not None:
                present |= state.refused
        return present

    def _found(
        self, state: _State, values: pl.Series, verdict: pl.Series | None, place: Place, problems: ProblemLines
    ) -> None:
        plan, text, wrong = state.plan, state.text, None
        if text is not None and values.null_count() != text.null_count():
            wrong = _unread(text, values)
            reasons = self._reasons(text.filter(wrong).to_list(), plan.leaf.type, readable=False)
            problems.add_each(place.fields(wrong, plan.path), plan.column, reasons)
        if verdict is not None:
            failed = (~verdict).fill_null(value=False)
            reasons = self._reasons(values.filter(failed).to_list(), plan.leaf.type, readable=True)
            problems.add_each(place.fields(failed, plan.path), plan.column, reasons)
            wrong = failed if wrong is None else wrong | failed
        for noted, rule, severity, message in state.notes:
            # A code passed on is worth a flag only when it is good for the field; else its own problem says more.
            told = noted & ~wrong if severity == FLAG and wrong is not None else noted
            problems.add(place.fields(told, plan.path), plan.column, (rule, severity, message))

    def _reasons(self, values: Sequence[object], field_type: FieldType, *, readable: bool) -> list[FieldProblem]:
        """Give what is wrong with each value, from the type's own single-value side; each distinct value once."""
        known: dict[object, FieldProblem] = {}
        for value in values:
            if value not in known:
                known[value] = self._why(value, field_type, readable=readable)
        return [known[value] for value in values]

    def _why(self, value: object, field_type: FieldType, *, readable: bool) -> FieldProblem:
        try:
            canonical = value if readable else field_type.read(str(value), self.codes)
        except FieldProblem as problem:
            return problem
        found = field_type.check(canonical, self.codes)
        # The two sides of a type agree (proven by its tests); should they ever not, the column's verdict stands.
        return found or FieldProblem(field_type.unreadable, f"无法作为{field_type.title}读取：{field_type.explain()}")


def _state(plan: FieldPlan, text: pl.Series | None, days: pl.Series | None = None) -> _State:
    """Put one field's text through parse, codes and default."""
    state = _State(plan, text)
    if text is None or plan.plain:
        return state
    if plan.parse is not None:
        text, misfits = plan.parse.read(text)
        if misfits is not None:
            state.refuse(misfits, NOT_DECLARED_FORM, f"{plan.leaf.title}：不符合映射中 parse 声明的日期格式")
    if plan.codes is not None:
        text = _coded(state, text, plan.codes.match(text, days))
    if plan.default is not None and text.null_count():
        empty = text.is_null() if state.refused is None else text.is_null() & ~state.refused
        text = text.set(empty, plan.default)
    state.text = text.alias(plan.path)
    return state


def _coded(state: _State, source: pl.Series, match: CodeMatch) -> pl.Series:
    """Give the national codes, with whatever the policy of the field puts in place of those that are missing."""
    plan = state.plan
    for lines, rule, severity, message in coded(plan, match):
        if severity == REJECT:
            state.refuse(lines, rule, message)
        else:
            state.notes.append((lines, rule, severity, message))
    policy = plan.unmapped
    if match.unmapped is None or policy is None or policy.policy == "reject":
        return match.national
    if policy.policy == "pass":
        return match.national.zip_with(~match.unmapped, source)
    return match.national.set(match.unmapped, policy.default)


def _without_blanks(text: pl.Series, read: pl.Series) -> pl.Series:
    """Make null what the field type could not read because it was blank all along, in a column that was not tidied."""
    unread = _unread(text, read).arg_true()
    blank = unread.filter(text_column(text[unread]).is_null())
    return text if blank.is_empty() else text.clone().scatter(blank, None)


def _unread(text: pl.Series, read: pl.Series) -> pl.Series:
    """Mark the lines that have a text and no value, in one query."""
    unread = pl.col("read").is_null() & pl.col("text").is_not_null()
    return framed([text.alias("text"), read.alias("read")]).select_seq(unread).to_series()


_MASKS = {value: pl.Series([value]) for value in (False, True)}


def _mask(height: int, *, value: bool) -> pl.Series:
    return _MASKS[value].new_from_index(0, height)


def field_set(nodes: Iterable[Node], plans: Mapping[str, FieldPlan], codes: CodeTables, *, date: str = "") -> FieldSet:
    """Put the plans in document order and work out which fields are required within which optional group.

    ``date`` is the field with the business date, for the fields of a record.
    """
    found = _Walk(plans)
    found.walk(nodes, None)
    return FieldSet(tuple(found.ordered), codes, found.groups, found.within, date)


@dataclass
class _Walk:
    plans: Mapping[str, FieldPlan]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    within: dict[str, str] = field(default_factory=dict)
    ordered: list[FieldPlan] = field(default_factory=list)

    def walk(self, nodes: Iterable[Node], optional: str | None) -> None:
        for node in nodes:
            if isinstance(node, Leaf):
                self.ordered.append(self.plans.get(node.path) or FieldPlan(node, "none"))
                if optional is not None:
                    self.within[node.path] = optional
            elif isinstance(node, Group):
                self.groups[node.path] = tuple(leaf.path for leaf in node.leaves())
                self.walk(node.nodes, optional if node.required else node.path)
