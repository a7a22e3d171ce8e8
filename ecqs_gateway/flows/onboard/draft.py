"""Mapping lines: what each national field is made from, as it will stand in the file, with confidence and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.content.todos import MARK
from ecqs_gateway.content.yaml_write import Value
from ecqs_gateway.flows.onboard.assign import Choice, Confidence
from ecqs_gateway.flows.onboard.profile import DAY, Profile
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.model.record import Leaf
from ecqs_gateway.model.types import AreaCode, BusinessDate, Code

__all__ = ["Body", "Line", "ListLine", "both_ends", "day_and_batch", "field_line", "gap", "quoted"]

Body = Mapping[str, Value]
"""How a field is made, in the mapping language: ``{"from": "zsbh", "clean": ["fillers"]}``."""


@dataclass(frozen=True)
class Line:
    """One national field: how it is made, how sure, why. A line that is not sure is written as TODO."""

    path: str
    title: str
    required: bool
    body: Body
    confidence: Confidence
    why: str
    column: str | None = None
    codes: str | None = None
    """Name of the code file it uses."""

    @property
    def sure(self) -> bool:
        """Say whether it goes into the file as it is."""
        return self.confidence == "high"

    @property
    def empty(self) -> bool:
        """Say whether nothing was found."""
        return not self.body

    def written(self) -> Value:
        """Give the value as it stands in the file: short where a column is all there is, TODO where not sure."""
        if self.empty:
            return MARK
        body = dict(self.body)
        if not self.sure:
            first = next(iter(body))
            body[first] = f"{MARK} {body[first]}" if isinstance(body[first], str) else body[first]
        return body["from"] if set(body) == {"from"} else body


@dataclass(frozen=True)
class ListLine:
    """One list: where its items come from, and its fields."""

    path: str
    title: str
    required: bool
    origin: Body
    """``{"child": "products"}``, ``{"split": {"from": …}}`` or ``{"json": …}``."""
    confidence: Confidence
    why: str
    fields: tuple[Line, ...] = ()
    column: str | None = None
    notes: tuple[str, ...] = field(default=())

    def written(self) -> dict[str, Value]:
        """Give what says where the items come from, TODO where not sure."""
        if self.confidence == "high":
            return dict(self.origin)
        return {name: _marked(value) for name, value in self.origin.items()}


def _marked(value: Value) -> Value:
    if isinstance(value, str):
        return value if value == MARK else f"{MARK} {value}"
    if isinstance(value, Mapping):
        return {name: _marked(one) if name == "from" else one for name, one in value.items()}
    return value


def gap(path: str, leaf: Leaf) -> Line:
    """Give the line of a field nothing was found for."""
    return Line(path, leaf.title, leaf.required, {}, "low", "nothing in the source looks like it")


def quoted(name: str) -> str:
    """Write a column's name in an expression."""
    return '"' + name.replace('"', '""') + '"'


def field_line(path: str, leaf: Leaf, choice: Choice, profile: Profile, *, name: str | None = None) -> Line:
    """Make the line of a field from the column chosen for it; ``name`` is how the mapping speaks of the column."""
    column = name if name is not None else choice.column
    body: dict[str, Value] = {"from": column}
    clean = _clean(profile)
    if clean:
        body["clean"] = clean
    codes = None
    if isinstance(leaf.type, Code):
        codes = path.replace(".", "_")
        body["codes"] = {"table": codes, "unmapped": "reject"}
    if isinstance(leaf.type, AreaCode) and profile.share("area_long") > 0.2 and name is None:
        body = {"expr": f"left({quoted(column)}, 6)"}
    return Line(path, leaf.title, leaf.required, body, choice.confidence, choice.why, choice.column, codes)


def _clean(profile: Profile) -> list[Value]:
    words: list[Value] = []
    if profile.share("html") > 0:
        words.append("html")
    if profile.fillers:
        words.append("fillers")
    return words


_SEPARATORS = ("至", "[~～]", "到", "—+", "－", r"\s-\s", "--")
_FIRST_DAY = "regexp_extract(half_width({column}), '{day}')"
_LAST_DAY = "regexp_extract(half_width({column}), '^.*({day})', 1)"


def both_ends(choice: Choice, leaves: Mapping[str, Leaf], sample: pl.Series) -> list[Line]:
    """Make the lines of two fields in one column: by the sign between them, else by what looks like a day."""
    first, last = choice.target.split("+")
    by = _separator(sample)
    if by is not None:
        why = f"{choice.why}; both ends, separated by {by}"
        bodies: Sequence[Body] = [
            {"from": choice.column, "split": {"by": by, "take": 1}},
            {"from": choice.column, "split": {"by": by, "take": 2}},
        ]
    else:
        column = quoted(choice.column)
        why = f"{choice.why}; both ends in more than one form: the first and the last day in it"
        bodies = [{"expr": form.format(column=column, day=DAY)} for form in (_FIRST_DAY, _LAST_DAY)]
        choice = choice.weaker("medium", "look at odd values")
    return [
        Line(path, leaves[path].title, leaves[path].required, body, choice.confidence, why, choice.column)
        for path, body in zip((first, last), bodies, strict=True)
    ]


def _separator(sample: pl.Series) -> str | None:
    """Give the sign that cuts every period into two readable days."""
    values = text_column(sample).drop_nulls().alias("x").to_frame()
    both = values.filter(pl.col("x").str.contains(r"[0-9]{4}.*[0-9]{4}"))
    if both.is_empty():
        return None
    for by in _SEPARATORS:
        cut = both.select(pl.col("x").str.replace_all(f"(?:{by})", "\x1f").str.split("\x1f").alias("p")).select(
            n=pl.col("p").list.len(), a=pl.col("p").list.get(0), b=pl.col("p").list.get(1, null_on_oob=True)
        )
        reader = BusinessDate()
        good = cut.select((pl.col("n") == 2) & reader.read_expr(pl.col("a").str.strip_chars()).is_not_null())
        good_last = cut.select(reader.read_expr(pl.col("b").str.strip_chars()).is_not_null())
        if float((good.to_series() & good_last.to_series()).mean() or 0.0) >= 0.95:  # type: ignore[arg-type]
            return by
    return None


_DAY_IN = r"\d{4}[-./年]\d{1,2}[-./月]\d{1,2}日?|\b20\d{6}\b"


def day_and_batch(choice: Choice, leaves: Mapping[str, Leaf]) -> list[Line]:
    """Make the lines of production day and batch that stand in one column in either order."""
    first, last = choice.target.split("+")
    column = quoted(choice.column)
    bodies: list[Body] = [
        {"expr": f"regexp_extract({column}, '{_DAY_IN}')"},
        {"expr": f"nullif(trim(regexp_replace({column}, '{_DAY_IN}', ''), ' /'), '')"},
    ]
    made = zip((first, last), bodies, strict=True)
    return [
        Line(path, leaves[path].title, leaves[path].required, body, choice.confidence, choice.why, choice.column)
        for path, body in made
    ]
