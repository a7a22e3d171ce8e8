"""What a change of content would do, put into words and tables once: for the terminal and for reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecqs_gateway.mapping.forecast import Example, FieldChange, Forecast, LaneForecast

__all__ = ["Line", "Section", "headline", "lines", "sections"]

_TITLES = {
    "refused": "Rows that would be refused",
    "passing": "Rows that were refused and would go",
    "rekeyed": "Rows with another business key",
    "displaced": "Rows that would give way to another row of the same key",
    "surfaced": "Rows that gave way to another row and would go",
}
_NONE = "—"


@dataclass(frozen=True)
class Line:
    """One sentence; ``tone`` is plain, good, change or alarm."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Section:
    """One table: key → heading, rows, and the keys set to the right."""

    title: str
    columns: Mapping[str, str]
    rows: list[dict[str, Any]]
    numbers: tuple[str, ...] = ()


def headline(one: LaneForecast) -> Line:
    """Say in one sentence what the change does."""
    lane = f"{one.unit} {one.kind}"
    if one.verdict == "same":
        return Line(f"{lane}: nothing that decides about its records changed since {one.base}.", "good")
    found = one.forecast
    if found is None:
        return Line(
            f"{lane}: nothing to compare with, and no rows are stored; --live tries rows of the source.", "change"
        )
    if one.verdict == "first":
        told = f"{found.after.goes} of {found.rows} rows would go, {found.after.refused} would be refused"
        why = "nothing to compare with" if one.base is None else "no comparison on these rows"
        return Line(f"{lane}: {why}; {told}.", "change")
    if one.verdict == "nothing":
        return Line(f"{lane}: the content changed, and all {found.rows} rows come out the same.", "good")
    parts = [f"{count} {word}" for count, word in _counts(found) if count]
    return Line(f"{lane}: of {found.rows} rows, {', '.join(parts)}.", "change")


def _counts(found: Forecast) -> Iterator[tuple[int, str]]:
    yield found.changed, "records change"
    yield found.refused, "newly refused"
    yield found.passing, "newly passing"
    yield found.rekeyed, "with another business key"
    yield found.removed, "keys gone"
    yield found.added, "keys new"
    yield found.flags_gained, "with new findings"
    yield found.flags_lost, "without findings they had"
    if not found.changed + found.refused + found.passing + found.removed + found.added:
        yield sum(one.gained for one in found.rules), "problems new"
        yield sum(one.lost for one in found.rules), "problems gone"


def lines(one: LaneForecast) -> Iterator[Line]:
    """Give what stands below the headline, before the tables."""
    if one.forecast is None:
        return
    compared = f"Compared with {one.base}, on " if one.base is not None else "Looked at: "
    yield Line(f"{compared}{one.origin}.")
    yield from (Line(note, "alarm") for note in one.notes)
    found = one.forecast
    if found is not None and found.rekeyed:
        yield Line(
            f"ANOTHER BUSINESS KEY for {found.rekeyed} rows: headquarters would see them as new records, and what it "
            "has under the old keys would stay there as it is. Nothing takes it back by itself.",
            "alarm",
        )
    if one.accepted is not None:
        yield Line(f"Accepted as {one.accepted}", "good")
    elif one.asked:
        yield Line("Runs hold this record kind of this unit until somebody accepts the change.", "alarm")
    if one.verdict == "first" and one.base is None:
        yield Line("The first rows of a lane need no acceptance: there is nothing to compare with.")


def sections(one: LaneForecast) -> Iterator[Section]:
    """Give the tables, those with nothing in them left out."""
    edits = [
        {"what": e.what, "before": e.before or _NONE, "after": e.after or _NONE, "place": e.place} for e in one.edits
    ]
    columns = {"what": "what changed", "before": "before", "after": "after", "place": "where"}
    yield from _filled(Section("What changed", columns, edits))
    found = one.forecast
    if found is None:
        return
    yield _sides(found)
    yield from _filled(_fields(found))
    yield from _filled(_rules(found))
    for name, title in _TITLES.items():
        yield from _filled(_examples(title, getattr(found, name), found.examples.get(name, ())))


def _filled(section: Section) -> Iterator[Section]:
    if section.rows:
        yield section


def _sides(found: Forecast) -> Section:
    words = {"goes": "records that go", "flagged": "… of them with findings", "superseded": "rows that give way to a "
             "newer one", "refused": "rows refused (dead letters)"}  # fmt: skip
    rows = []
    for name, word in words.items():
        before = getattr(found.before, name) if found.before is not None else None
        after = getattr(found.after, name)
        if before or after or name in {"goes", "refused"}:
            moved = "" if before is None or before == after else f"{after - before:+}"
            rows.append({"what": word, "before": _NONE if before is None else before, "after": after, "moved": moved})
    columns = {"what": "rows", "before": "before", "after": "after", "moved": ""}
    return Section("", columns, rows, ("before", "after", "moved"))


def _fields(found: Forecast) -> Section:
    columns = {"field": "national field", "records": "records", "old": "before", "new": "after", "times": "times",
               "key": "for example", "place": "mapped in"}  # fmt: skip
    rows = [row for one in found.fields for row in _ways(one)]
    return Section("Fields that differ", columns, rows, ("records", "times"))


def _ways(one: FieldChange) -> Iterator[dict[str, Any]]:
    told = len(one.pairs)
    for number, pair in enumerate(one.pairs):
        first = {"field": f"{one.path} {one.title}", "records": one.records, "place": one.place} if not number else {}
        times = "" if pair.count is None else pair.count
        yield first | {"old": pair.old or _NONE, "new": pair.new or _NONE, "times": times, "key": pair.key}
    if one.kinds is None:
        yield {"old": "… many different ones", "times": one.count}
    elif one.kinds > told:
        yield {"old": f"… {one.kinds - told} other ways", "times": one.count - sum(p.count or 0 for p in one.pairs)}


def _rules(found: Forecast) -> Section:
    moved = [one for one in found.rules if found.before is None or one.gained or one.lost]
    columns = {"rule": "rule", "field": "field", "severity": "", "before": "before", "after": "after",
               "gained": "new", "lost": "gone", "message": "says", "keys": "source rows"}  # fmt: skip
    rows = []
    for one in moved:
        new, gone = ("、".join(keys) for keys in (one.keys_gained, one.keys_lost))
        told = [f"new: {new}" if new else "", f"gone: {gone}" if gone else ""]
        counts = {name: getattr(one, name) for name in ("before", "after", "gained", "lost")}
        rows.append({"rule": one.rule, "field": one.field, "severity": one.severity, **counts,
                     "message": one.message, "keys": "; ".join(part for part in told if part)})  # fmt: skip
    title = "Rules and checks that find something else" if found.before is not None else "What rules and checks find"
    return Section(title, columns, rows, ("before", "after", "gained", "lost"))


def _examples(title: str, count: int, examples: tuple[Example, ...]) -> Section:
    columns = {"source_key": "source key", "before": "business key before", "after": "after", "why": "because"}
    rows = [{**vars(one), "before": one.before or _NONE, "after": one.after or _NONE} for one in examples]
    more = f" ({len(rows)} of {count})" if count > len(rows) else ""
    return Section(f"{title}{more}", columns, rows)
