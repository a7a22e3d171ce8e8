"""Adds up what pieces of rows came to under two mappings; the pieces themselves are let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.mapping.compare import GOES, REFUSED, SUPERSEDED, Difference, Verdicts
from ecqs_gateway.mapping.forecast import Example, FieldChange, Forecast, Pair, RuleChange, Side
from ecqs_gateway.mapping.mapped import FLAG, REJECT, ROW
from ecqs_gateway.model.record import KindSpec

__all__ = ["Tally"]

_MANY = 2_000
"""Different changes of one field that are counted one by one; beyond it only examples are kept."""
_PAIRS = 5
_COUNTED = ("changed", "removed", "added", "rekeyed", "refused", "passing", "displaced", "surfaced")
_SHOWN = ("rekeyed", "refused", "passing", "displaced", "surfaced")

_Place = tuple[str, str, str]
"""Rule, field without item numbers, severity."""


@dataclass
class _Ways:
    """The changes of one field."""

    records: int = 0
    count: int = 0
    pairs: dict[tuple[str | None, str | None], tuple[int, str | None]] = field(default_factory=dict)
    """Per old and new value how often, and the business key of the first record."""
    many: bool = False

    def add(self, lines: pl.DataFrame, keys: pl.Series) -> None:
        self.records += lines[ROW].n_unique()
        self.count += lines.height
        if self.many:
            return
        ways = lines.group_by("old", "new", maintain_order=True).agg(pl.len().alias("n"), pl.col(ROW).first())
        for old, new, number, row in ways.head(_MANY + 1).iter_rows():
            before, key = self.pairs.get((old, new), (0, keys[row]))
            self.pairs[old, new] = before + number, key
        self.many = len(self.pairs) > _MANY

    def most(self) -> tuple[Pair, ...]:
        if self.many:
            first = list(self.pairs.items())[:_PAIRS]
            return tuple(Pair(old, new, None, key) for (old, new), (_, key) in first)
        ordered = sorted(self.pairs.items(), key=lambda item: -item[1][0])
        return tuple(Pair(old, new, number, key) for (old, new), (number, key) in ordered[:_PAIRS])


@dataclass
class _Problems:
    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0
    message: str = ""
    clause: str | None = None
    keys: dict[str, list[str]] = field(default_factory=lambda: {"gained": [], "lost": []})


@dataclass
class Tally:
    """The sums so far; ``examples`` is how many rows of each sort are kept."""

    spec: KindSpec
    examples: int = 3
    rows: int = 0
    before: Side | None = None
    after: Side = field(default_factory=Side)
    counts: Counter[str] = field(default_factory=Counter)
    fields: dict[str, _Ways] = field(default_factory=dict)
    problems: dict[_Place, _Problems] = field(default_factory=dict)
    shown: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, before: Verdicts, after: Verdicts, found: Difference, source_keys: pl.Series) -> None:
        """Add one piece seen from both sides."""
        self.before = (self.before or Side()) + _side(before)
        self._after(after)
        for name in _COUNTED:
            self.counts[name] += getattr(found, name).len()
        stay = (before.goes & after.goes).arg_true().cast(pl.UInt32).implode()
        for name, lines in (("gained", found.gained), ("lost", found.lost)):
            flags = lines.filter((pl.col("severity") == FLAG) & pl.col(ROW).is_in(stay))
            self.counts[f"flags_{name}"] += flags[ROW].n_unique()
            self._problems(lines, name, source_keys)
        self._problems(before.problems, "before", source_keys)
        for path, lines in found.fields.items():
            self.fields.setdefault(path, _Ways()).add(lines, after.keys)
        self._examples(before, after, found, source_keys)

    def add_alone(self, after: Verdicts, source_keys: pl.Series) -> None:
        """Add one piece there is nothing to compare with."""
        self._after(after)
        if len(self.shown.setdefault("refused", [])) < self.examples:
            rows = (after.states == REFUSED).arg_true()
            self._keep("refused", rows.cast(pl.UInt32), None, after, source_keys)

    def _after(self, after: Verdicts) -> None:
        self.rows += after.mapped.rows
        self.after += _side(after)
        self._problems(after.problems, "after", None)

    def _problems(self, lines: pl.DataFrame, what: str, source_keys: pl.Series | None) -> None:
        if lines.is_empty():
            return
        plain = lines.with_columns(pl.col("field").fill_null("").str.replace_all(r"\[\d+\]", ""))
        grouped = plain.group_by("rule", "field", "severity", maintain_order=True).agg(
            pl.len().alias("n"), pl.col("message", "clause").first(), pl.col(ROW).unique(maintain_order=True).head(3)
        )
        for rule, path, severity, number, message, clause, rows in grouped.iter_rows():
            known = self.problems.setdefault((rule, path, severity), _Problems())
            setattr(known, what, getattr(known, what) + number)
            known.message, known.clause = message, clause
            if what in known.keys and source_keys is not None:
                room = self.examples - len(known.keys[what])
                known.keys[what] += [source_keys[row] for row in rows[: max(0, room)]]

    def _examples(self, before: Verdicts, after: Verdicts, found: Difference, source_keys: pl.Series) -> None:
        for name in _SHOWN:
            self._keep(name, getattr(found, name), before, after, source_keys)

    def _keep(
        self, name: str, rows: pl.Series, before: Verdicts | None, after: Verdicts, source_keys: pl.Series
    ) -> None:
        kept = self.shown.setdefault(name, [])
        for row in rows.head(max(0, self.examples - len(kept))).to_list():
            why = _why(after, row) if name == "refused" else _why(before, row) if before else ""
            kept.append(Example(source_keys[row], before.keys[row] if before else None, after.keys[row], why))

    def forecast(self, places: Mapping[str, str]) -> Forecast:
        """Give the sums; ``places`` says where the mapping's lines are, by national path."""
        return Forecast(
            rows=self.rows,
            before=self.before,
            after=self.after,
            **{name: self.counts[name] for name in (*_COUNTED, "flags_gained", "flags_lost")},
            fields=tuple(self._fields(places)),
            rules=tuple(self._rules()),
            examples={name: tuple(found) for name, found in self.shown.items() if found},
        )

    def _fields(self, places: Mapping[str, str]) -> Iterator[FieldChange]:
        for path, title in _paths(self.spec):
            ways = self.fields.get(path)
            if ways is not None:
                kinds = None if ways.many else len(ways.pairs)
                place = places.get(path.removesuffix("[]"), "")
                yield FieldChange(path, title, ways.records, ways.count, ways.most(), kinds, place)

    def _rules(self) -> Iterator[RuleChange]:
        def moved(item: tuple[_Place, _Problems]) -> tuple[int, _Place]:
            return -(item[1].gained + item[1].lost), item[0]

        for (rule, path, severity), one in sorted(self.problems.items(), key=moved):
            keys = (tuple(one.keys["gained"]), tuple(one.keys["lost"]))
            counts = (one.before, one.after, one.gained, one.lost)
            yield RuleChange(rule, path, severity, *counts, one.message, *keys, one.clause)


def _side(one: Verdicts) -> Side:
    counts = dict(one.states.value_counts().iter_rows())
    flags = one.problems.filter(pl.col("severity") == FLAG)[ROW].unique()
    flagged = int(one.goes.gather(flags).sum() or 0) if flags.len() else 0
    return Side(counts.get(GOES, 0), counts.get(SUPERSEDED, 0), counts.get(REFUSED, 0), flagged)


def _why(one: Verdicts, row: int) -> str:
    """Name the rules that refuse a row, each with its field."""
    mine = one.problems.filter((pl.col(ROW) == row) & (pl.col("severity") == REJECT))
    return ", ".join(f"{rule} {path or ''}".strip() for path, rule in mine.select("field", "rule").iter_rows())


def _paths(spec: KindSpec) -> Iterator[tuple[str, str]]:
    yield from ((leaf.path, leaf.title) for leaf in spec.leaves())
    for node in spec.repeated():
        yield f"{node.path}[]", f"{node.title}（项数）"
        yield from ((f"{node.path}.{leaf.path}", f"{node.title}·{leaf.title}") for leaf in node.leaves())
