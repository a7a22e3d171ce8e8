"""Rewrites what a case expects to what came out, in the file's own text: comments, order and the rest stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ecqs_gateway.content.case_outcome import Made, Outcome
from ecqs_gateway.content.case_runs import compare
from ecqs_gateway.content.models import ANY_PROBLEM, CaseCheck, CaseFile
from ecqs_gateway.content.yaml_reader import Path, read_yaml
from ecqs_gateway.content.yaml_spans import Edit, Span, apply_edits, line_end, line_start, spans_of
from ecqs_gateway.content.yaml_write import flow, scalar
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.record import KindSpec

__all__ = ["expected_record", "problem_line", "updated"]

_RECORDS: Path = ("expect", "records")
_PROBLEMS: Path = ("expect", "problems")


def updated(text: str, case: CaseFile, kind: KindSpec, made: Outcome, *, file: str) -> str:
    """Give the text of a case file that expects what came out; what fits already is not touched.

    Raises Misconfigured ECQS-6065 where the result would not say that, such as for a field that does not exist.
    """
    desk = _Desk(text, spans_of(text), kind)
    try:
        edits = [*desk.records(case, made), *desk.problems(case, made), *desk.superseded(case, made.superseded)]
        result = apply_edits(text, _merged(edits))
        document, _ = read_yaml(file, result.encode())
        anew = CaseFile.model_validate(document.data) if document is not None else None
    except (KeyError, ValueError):  # a piece written as an alias has no place of its own
        anew = None
    if anew is not None and not list(compare(anew, kind, made)):
        return result
    raise Misconfigured(
        "ECQS-6065",
        "the expectations of this case cannot be rewritten",
        where=file,
        hint="correct the fields that do not exist by hand first; the file was left as it is",
    )


def _merged(edits: Iterable[Edit]) -> list[Edit]:
    """Put insertions at one place behind each other, in order."""
    found: dict[tuple[int, int], str] = {}
    for edit in edits:
        found[edit.start, edit.end] = found.get((edit.start, edit.end), "") + edit.text
    return [Edit(start, end, text) for (start, end), text in found.items()]


def expected_record(made: Made, names: Sequence[str] | None = None) -> dict[str, str | None]:
    """Give the fields of a record as a case writes them: those that are filled, or the named ones."""
    return {
        path: value for path, value in made.fields.items() if (value is not None if names is None else path in names)
    }


def problem_line(row: int, place: str, rule: str, severity: str) -> str:
    """Give a problem as a case writes it."""
    table: dict[str, str | int] = {"row": row, "field": place, "rule": rule}
    return flow(table | ({"severity": severity} if severity != "reject" else {}))


@dataclass
class _Desk:
    text: str
    spans: Mapping[Path, Span]
    kind: KindSpec
    lists: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lists = {node.path for node in self.kind.repeated()}

    # -- records

    def records(self, case: CaseFile, made: Outcome) -> Iterator[Edit]:
        """Walk the edits that make the records right."""
        pairs = list(self._aligned(case, made))
        if [place for place, _ in pairs] == list(range(len(case.expect.records))):
            for place, record in pairs:
                yield from self._record(case, place or 0, record)
            return
        chunks: list[str | None] = []
        edits: dict[int, list[Edit]] = {}
        for place, record in pairs:
            if place is not None:
                edits[place] = list(self._record(case, place, record))
            chunks.append(self._new_record(record) if place is None else None)
        yield from self._relisted(_RECORDS, [place for place, _ in pairs], chunks, edits)

    def _aligned(self, case: CaseFile, made: Outcome) -> Iterator[tuple[int | None, Made]]:
        """Find for each record that came out the one the case had for it: by business key, else by place."""
        expected = case.expect.records
        if len(expected) == len(made.records):
            yield from enumerate(made.records)
            return
        by_key = {
            value: place for place, one in enumerate(expected) if isinstance(value := one.get(self.kind.key), str)
        }
        free = [place for place, one in enumerate(expected) if not isinstance(one.get(self.kind.key), str)]
        for record in made.records:
            place = by_key.pop(record.fields[self.kind.key] or "", None)
            if place is None and free and not by_key:
                place = free.pop(0)
            yield place, record

    def _record(self, case: CaseFile, place: int, record: Made) -> Iterator[Edit]:
        for name, wanted in case.expect.records[place].items():
            path = (*_RECORDS, place, name)
            if name in record.fields and not isinstance(wanted, tuple):
                yield from self._value(path, wanted, record.fields[name])
            elif name in self.lists and isinstance(wanted, tuple | None):
                yield from self._items(path, wanted or (), record.lists[name])
            elif name in self.lists and isinstance(wanted, CaseCheck) and wanted.present != bool(record.lists[name]):
                yield self._replace(path, flow({"present": bool(record.lists[name])}))

    def _value(self, path: Path, wanted: str | CaseCheck | None, value: str | None) -> Iterator[Edit]:
        fits = wanted.holds(value) if isinstance(wanted, CaseCheck) else wanted == value
        if not fits:
            yield self._replace(path, scalar(value, dates_as_text=True))

    def _items(
        self,
        path: Path,
        wanted: Sequence[Mapping[str, str | CaseCheck | None]],
        items: Sequence[Mapping[str, str | None]],
    ) -> Iterator[Edit]:
        edits: dict[int, list[Edit]] = {}
        for place, (expected, item) in enumerate(zip(wanted, items, strict=False)):
            edits[place] = [
                edit
                for name, value in expected.items()
                if name in item
                for edit in self._value((*path, place, name), value, item[name])
            ]
        if len(wanted) == len(items):
            for found in edits.values():
                yield from found
            return
        names = list(dict.fromkeys(name for expected in wanted for name in expected))
        order = [place if place < len(wanted) else None for place in range(len(items))]
        chunks = [None if place is not None else _item(item, names) for place, item in zip(order, items, strict=True)]
        yield from self._relisted(path, order, chunks, edits)

    def _new_record(self, record: Made) -> str:
        """Write a record over several lines, without indentation; lists on lines of their own."""
        lines = [f"{name}: {scalar(value, dates_as_text=True)}" for name, value in expected_record(record).items()]
        for name, items in record.lists.items():
            if items:
                lines.append(f"{name}:")
                lines += [f"  - {_item(item, [])}" for item in items]
        return "\n".join(lines)

    # -- problems and superseded

    def problems(self, case: CaseFile, made: Outcome) -> Iterator[Edit]:
        """Walk the edits that make the problems right."""
        came = made.problems
        kept, covered = [], set()
        for place, one in enumerate(case.expect.problems):
            mine = {
                told
                for told in came
                if told[:2] == (one.row, one.field) and told[3] == one.severity and one.rule in (told[2], ANY_PROBLEM)
            }
            if mine:
                kept.append(place)
                covered |= mine
        fresh = [problem_line(*told) for told in sorted(set(came) - covered)]
        if len(kept) == len(case.expect.problems) and not fresh:
            return
        order: list[int | None] = [*kept, *([None] * len(fresh))]
        chunks: list[str | None] = [*([None] * len(kept)), *fresh]
        yield from self._relisted(_PROBLEMS, order, chunks, {})

    def superseded(self, case: CaseFile, count: int) -> Iterator[Edit]:
        """Walk the edits that make the number of rows that gave way right."""
        if case.expect.superseded == count:
            return
        path: Path = ("expect", "superseded")
        if path in self.spans:
            yield self._replace(path, str(count))
        else:
            yield self._insert("superseded", str(count))

    # -- pieces of text

    def _replace(self, path: Path, text: str) -> Edit:
        span = self.spans[path]
        if span.kind != "scalar" and not span.flow:
            # A block value begins on a line of its own: the new one goes behind the key's colon.
            colon = self.text.index(":", span.key if span.key is not None else span.start)
            return Edit(colon + 1, span.end, f" {text}")
        gap = " " if span.start == span.end and self.text[span.start - 1 : span.start] == ":" else ""
        return Edit(span.start, span.end, gap + text)

    def _insert(self, key: str, value: str) -> Edit:
        """Put a new key at the end of ``expect``."""
        span = self.spans[("expect",)]
        if span.flow:
            comma = "" if self.text[span.start + 1 : span.end - 1].strip() == "" else ", "
            return Edit(span.end - 1, span.end - 1, f"{comma}{key}: {value}")
        place = line_end(self.text, span.end)
        gap = "" if value.startswith("\n") else " "
        return Edit(place, place, f"\n{self._indent(span.start)}{key}:{gap}{value}")

    def _relisted(
        self, path: Path, order: Sequence[int | None], chunks: Sequence[str | None], edits: Mapping[int, list[Edit]]
    ) -> Iterator[Edit]:
        """Give a list its new items: old ones by place with their own edits, new ones as text."""
        span = self.spans.get(path)
        if span is None or span.kind != "list" or self.spans.get((*path, 0)) is None:
            yield self._first_items(path, span, chunks)
        elif span.flow:
            parts = [
                self._old(self.spans[(*path, place)], edits.get(place, ()))
                if place is not None
                else _one_line(chunk or "")
                for place, chunk in zip(order, chunks, strict=True)
            ]
            yield Edit(span.start, span.end, f"[{', '.join(parts)}]")
        else:
            yield self._block(path, span, order, chunks, edits)

    def _first_items(self, path: Path, span: Span | None, chunks: Sequence[str | None]) -> Edit:
        """Write a list where there was none: in lines where its surroundings are lines, else in brackets."""
        outer = self.spans[path[:-1]]
        if outer.flow:
            inner = self._flowed(chunks)
        else:
            indent = self._indent(outer.start if span is None or span.key is None else span.key) + "  "
            items = ((chunk or "").replace("\n", f"\n{indent}  ") for chunk in chunks)
            inner = "".join(f"\n{indent}- {item}" for item in items) or "[]"
        if span is None:
            return self._insert(str(path[-1]), inner)
        edit = self._replace(path, inner)
        return edit if outer.flow or not chunks else self._without_blank(edit)

    def _without_blank(self, edit: Edit) -> Edit:
        """Leave no blank behind a colon whose value begins on the next line."""
        start = edit.start
        while self.text[start - 1] == " ":
            start -= 1
        return Edit(start, edit.end, edit.text.lstrip(" "))

    def _flowed(self, chunks: Sequence[str | None]) -> str:
        return "[" + ", ".join(_one_line(chunk or "") for chunk in chunks) + "]"

    def _old(self, span: Span, edits: Iterable[Edit]) -> str:
        moved = [Edit(e.start - span.start, e.end - span.start, e.text) for e in edits]
        return apply_edits(self.text[span.start : span.end], moved)

    def _block(
        self,
        path: Path,
        span: Span,
        order: Sequence[int | None],
        chunks: Sequence[str | None],
        edits: Mapping[int, list[Edit]],
    ) -> Edit:
        first = self.spans[(*path, 0)]
        indent = self._indent(self._dash(first))
        parts = []
        for place, chunk in zip(order, chunks, strict=True):
            if place is None:
                parts.append(f"{indent}- " + (chunk or "").replace("\n", f"\n{indent}  "))
                continue
            start, end = self._chunk(path, place)
            moved = [Edit(e.start - start, e.end - start, e.text) for e in edits.get(place, ())]
            parts.append(apply_edits(self.text[start:end], moved))
        begin, end = self._chunk(path, 0)[0], line_end(self.text, span.end)
        if not parts:
            colon = self.text.index(":", span.key if span.key is not None else span.start)
            return Edit(colon + 1, end, " []")
        return Edit(begin, end, "\n".join(parts))

    def _chunk(self, path: Path, place: int) -> tuple[int, int]:
        """Give the lines of one item of a block list, with the comment lines right above it."""
        span = self.spans[(*path, place)]
        start = line_start(self.text, self._dash(span))
        while start:
            above = line_start(self.text, start - 1)
            if not self.text[above : start - 1].lstrip().startswith("#"):
                break
            start = above
        return start, line_end(self.text, span.end)

    def _dash(self, span: Span) -> int:
        return self.text.rindex("-", 0, span.start)

    def _indent(self, offset: int) -> str:
        return " " * (offset - line_start(self.text, offset))


def _item(item: Mapping[str, str | None], names: Sequence[str]) -> str:
    chosen = {name: item[name] for name in names if name in item} or {k: v for k, v in item.items() if v is not None}
    return flow(chosen, dates_as_text=True)


def _one_line(chunk: str) -> str:
    """Write a record of several lines as one table in braces."""
    if chunk.startswith("{"):
        return chunk
    pairs: list[str] = []
    for line in chunk.split("\n"):
        if line.startswith("  - "):
            pairs[-1] = pairs[-1].removesuffix("]") + (", " if pairs[-1][-2:] != "[]" else "") + line[4:] + "]"
        else:
            pairs.append(f"{line} []" if line.endswith(":") else line)
    return "{" + ", ".join(pairs) + "}"
