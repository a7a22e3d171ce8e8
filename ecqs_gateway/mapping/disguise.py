"""Source rows with their personal data replaced: which columns hold any, and what takes its place.

Replaced are enterprises and persons: names, credit codes, addresses, certificate numbers, whatever feeds a field marked
as personal, and columns said to hold names of persons; offices that issue are public and stay. In every other text id
and telephone numbers are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.fakes import Faker
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.preview import Cells, RowsOfParents
from ecqs_gateway.mapping.render import render
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import CertificateNumber, OrgName, PersonName, Uscc

__all__ = ["Disguise"]

Replace = Callable[[str], str]
_OFFICES = ("authority.", "issuer.", "decider.")
_ENTERPRISES = ("holder.name", "producer.name", "enterprise.name", "applicant.name")
_FREE_TEXT = ("note", "remark", "opinion", "reason", "mark")


@dataclass(frozen=True)
class Disguise:
    """Replaces the personal data of one lane's rows; columns of child tables are named ``cp.XM``."""

    columns: Mapping[str, Replace]
    """What is done to each column that holds personal data."""
    members: Mapping[str, Mapping[str, Replace]]
    """The same for members of JSON columns."""
    faker: Faker
    persons: frozenset[str] = frozenset()
    """Columns of any table that hold names of persons, whatever they feed."""

    @classmethod
    def of(
        cls, compiled: CompiledMapping, secret: bytes, keep: Collection[str] = (), persons: Collection[str] = ()
    ) -> Disguise:
        """Find the columns by what they feed, and take ``persons`` besides; those in ``keep`` stay as they are."""
        faker = Faker(secret, _own_fillers(compiled))
        columns: dict[str, Replace] = {}
        members: dict[str, dict[str, Replace]] = {}
        for plan, column, member in _uses(compiled):
            replace = _replacement(plan.leaf, faker)
            if replace is None or column in keep:
                continue
            if member:
                members.setdefault(column, {})[member] = replace
            else:
                columns.setdefault(column, replace)
        return cls(columns, members, faker, frozenset(persons) - frozenset(keep))

    def without(self, column: str) -> Disguise:
        """Give the same, but with one column left as it is."""
        columns = {name: replace for name, replace in self.columns.items() if name != column}
        members = {name: found for name, found in self.members.items() if name != column}
        return Disguise(columns, members, self.faker, self.persons - {column})

    def rows(self, cells: Cells) -> Cells:
        """Give the rows with stand-ins; values that are no text keep their type."""
        children = {
            name: RowsOfParents(self._frame(child.frame, f"{name}."), child.parent_key, child.key)
            for name, child in cells.children.items()
        }
        return Cells(self._frame(cells.frame, ""), children)

    def _frame(self, frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
        return pl.DataFrame([self._series(series, f"{prefix}{series.name}") for series in frame.get_columns()])

    def _series(self, series: pl.Series, column: str) -> pl.Series:
        person = series.name in self.persons and not series.name.startswith("__")
        if column in self.columns or column in self.members or person:
            texts = render(series).to_list()
            made = [None if text is None else self._cell(column, text) for text in texts]
            return series if made == texts else _typed(pl.Series(series.name, made, dtype=pl.String), series.dtype)
        if series.dtype != pl.String:
            return series
        numbers = self.faker.numbers
        return pl.Series(series.name, [None if t is None else numbers(t) for t in series.to_list()], dtype=pl.String)

    def _cell(self, column: str, text: str) -> str:
        if column in self.members:
            return self._json(text, self.members[column])
        return self.columns.get(column, self.faker.words)(text)

    def _json(self, text: str, members: Mapping[str, Replace]) -> str:
        try:
            items = json.loads(text)
        except ValueError:
            return self.faker.words(text)
        for item in items if isinstance(items, list) else ():
            for path, replace in members.items():
                _at(item, path.removeprefix("$").strip(".").split("."), replace)
        return json.dumps(items, ensure_ascii=False)


def _typed(made: pl.Series, dtype: pl.DataType) -> pl.Series:
    return made.cast(dtype, strict=False) if dtype.is_integer() else made


def _at(item: Any, steps: list[str], replace: Replace) -> None:
    for step in steps[:-1]:
        item = item.get(step) if isinstance(item, dict) else None
    if isinstance(item, dict) and isinstance(value := item.get(steps[-1]), str):
        item[steps[-1]] = replace(value)


def _uses(compiled: CompiledMapping) -> Iterator[tuple[FieldPlan, str, str]]:
    """Walk fields with each column they read, and the member where the column holds JSON."""
    for plan in compiled.record.plans:
        yield from ((plan, name, "") for name in plan.columns)
    for one in compiled.lists:
        for plan in one.fields.plans:
            for name in plan.columns:
                if one.origin == "child":
                    yield plan, f"{one.source}.{name}", ""
                else:
                    yield plan, one.source, name if one.origin == "json" else ""


def _replacement(leaf: Leaf, faker: Faker) -> Replace | None:
    if isinstance(leaf.type, CertificateNumber):
        return faker.certificate
    if leaf.personal or isinstance(leaf.type, PersonName):
        return faker.words
    if leaf.path.startswith(_OFFICES):
        return None
    if isinstance(leaf.type, Uscc):
        return faker.credit_code
    free = any(leaf.name == word or leaf.name.endswith(f"_{word}") for word in _FREE_TEXT)
    if free or isinstance(leaf.type, OrgName) or leaf.path in _ENTERPRISES:
        return faker.words
    return faker.address if leaf.name == "address" else None


def _own_fillers(compiled: CompiledMapping) -> list[str]:
    """Give the words this mapping takes for nothing; a column would mean something without them."""
    given = [*compiled.mapping.fields.values()]
    given += [one for part in compiled.mapping.children.values() for one in part.fields.values()]
    return [
        word for one in given for step in one.clean if isinstance(step, Mapping) for word in step.get("fillers", ())
    ]
