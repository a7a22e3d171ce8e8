"""Lists: items in a child table, joined in one column, in a JSON column, or in columns of the row itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from ecqs_gateway.content.todos import MARK
from ecqs_gateway.extract.survey import Surveyed, SurveyedColumn
from ecqs_gateway.flows.onboard.assign import Assignment, Choice, Confidence, assign
from ecqs_gateway.flows.onboard.draft import Line, ListLine, field_line
from ecqs_gateway.flows.onboard.evidence import Seen, leaves_of
from ecqs_gateway.flows.onboard.profile import Profile, profiles
from ecqs_gateway.flows.onboard.tables import Child, Knowledge, Reading
from ecqs_gateway.mapping.codes import fold
from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.model.record import Leaf, Repeated

__all__ = ["OWN", "item_frame", "list_lines"]

OWN = "own_row"
"""Name of a child table that is the stream's table itself: each row is one item."""

_SIGNS = (("[;；]", ";；"), ("\\n", "\n"), ("[,，]", ",，"), ("、", "、"))


def list_lines(
    reading: Reading, children: Sequence[Child], knowledge: Knowledge, key: Sequence[str]
) -> tuple[list[ListLine], Child | None]:
    """Make the lines of every list something was found for, and the child table that is the row itself, if any."""
    by_list = {child.list: child for child in children}
    own: Child | None = None
    made: list[ListLine] = []
    for node in reading.kind.repeated():
        child = by_list.get(node.path)
        if child is not None:
            made.append(_from_child(node, child, knowledge))
            continue
        found = _in_row(reading, node)
        line = _from_row(reading, node, found, knowledge)
        if line is None and len(found) > 1 and reading.table.stream is None and key:
            own = _own(reading, node, found, key)
            line = _from_child(node, own, knowledge, name=OWN)
        line = line or (_split(reading, node, found[0], knowledge) if found else None)
        if line is None and node.required:
            line = _missing(node)
        if line is not None:
            made.append(line)
    return made, own


def _in_row(reading: Reading, node: Repeated) -> list[Choice]:
    """Give the columns of the row that are fields of the list, those the list must have first."""
    needed = {f"{node.path}.{leaf.path}" for leaf in node.leaves() if leaf.required}
    found = [choice for target, choice in reading.made.fields.items() if target.startswith(f"{node.path}.")]
    return sorted(found, key=lambda choice: (choice.target not in needed, -choice.score))


def _leaf(node: Repeated, target: str) -> Leaf:
    return next(leaf for leaf in node.leaves() if f"{node.path}.{leaf.path}" == target)


def _from_child(node: Repeated, child: Child, knowledge: Knowledge, *, name: str | None = None) -> ListLine:
    known = knowledge.profiles(child.table)
    fields = tuple(
        field_line(target, _leaf(node, target), choice, known[choice.column])
        for target, choice in child.made.fields.items()
    )
    notes = tuple(f"{column} of {child.table.name} is not used: {why}" for column, why in child.made.left.items())
    return ListLine(
        node.path, node.title, node.required, {"child": name or node.path}, child.confidence, child.why,
        _in_order(node, fields), None, notes,
    )  # fmt: skip


def _in_order(node: Repeated, fields: Iterable[Line]) -> tuple[Line, ...]:
    order = {f"{node.path}.{leaf.path}": place for place, leaf in enumerate(node.leaves())}
    return tuple(sorted(fields, key=lambda line: order[line.path]))


def _from_row(reading: Reading, node: Repeated, found: Sequence[Choice], knowledge: Knowledge) -> ListLine | None:
    """Read a JSON column, or one column that holds several items; None where the row itself may be the item."""
    if not found:
        return None
    first, known = found[0], knowledge.profiles(reading.table)
    profile = known[first.column]
    if profile.share("json") >= 0.6:
        return _json(reading, node, first, knowledge)
    if len(found) == 1 or profile.share("separated") > 0.2:
        return _split(reading, node, first, knowledge)
    return None


def _split(reading: Reading, node: Repeated, choice: Choice, knowledge: Knowledge) -> ListLine:
    profile = knowledge.profiles(reading.table)[choice.column]
    by, confidence, why = _separators(reading, node, choice, knowledge)
    leaf = _leaf(node, choice.target)
    line = field_line(choice.target, leaf, choice, profile, name="item")
    if choice.confidence != "high":
        confidence = choice.confidence
    origin = {"split": {"from": choice.column, "by": by}}
    fields = (Line(**{**line.__dict__, "confidence": "high", "why": "each piece"}),)
    if node.path == "earlier_numbers" and profile.fillers:
        fields = (Line(**{**line.__dict__, "confidence": "high", "why": "each piece; 无 and / mean nothing"}),)
    return ListLine(
        node.path, node.title, node.required, origin, confidence, f"{choice.why}; {why}", fields, choice.column
    )


def _separators(reading: Reading, node: Repeated, choice: Choice, knowledge: Knowledge) -> tuple[str, Confidence, str]:
    """Find the signs between items; a 、 or a comma may also stand inside one."""
    values = text_column(reading.table.sample[choice.column]).drop_nulls()
    seen = [(by, signs) for by, signs in _SIGNS if len(values) and values.str.contains(f"[{signs}]").any()]
    sure = [by for by, _ in seen[:2] if by in {"[;；]", "\\n"}]
    if sure or not seen:
        signs = ";；" + ("\\n" if "\\n" in sure else "")
        return f"[{signs}]", "high", f"items between {' '.join(sure)}" if sure else "one item a row in the sample"
    if node.path == "earlier_numbers":
        return "[,，、;；]", "high", "numbers hold no comma"
    signs = seen[0][1]
    names = knowledge.witness(reading.kind.kind).book.words("product_classes")
    inside = values.filter(values.str.contains(f"[{signs}]") & values.map_elements(fold, pl.String).is_in(list(names)))
    if node.path == "products" and len(inside):
        return "[;；]", "high", f"{signs} stands inside names of products"
    return f"[;；{signs}]", "medium", f"items between {signs}: may also stand inside an item"


def item_frame(values: pl.Series, members: Sequence[str]) -> pl.DataFrame:
    """Give the members of the objects in a JSON column as columns."""
    found: dict[str, list[str | None]] = {member: [] for member in members}
    for text in text_column(values).drop_nulls().to_list():
        try:
            items = json.loads(text)
        except ValueError:
            continue
        for item in items if isinstance(items, list) else ():
            given = item if isinstance(item, dict) else {"$": item}
            for member, column in found.items():
                value = given.get(member)
                column.append(None if value is None else value if isinstance(value, str) else json.dumps(value))
    return pl.DataFrame({name: pl.Series(column, dtype=pl.String) for name, column in found.items()})


def _json(reading: Reading, node: Repeated, choice: Choice, knowledge: Knowledge) -> ListLine:
    profile = knowledge.profiles(reading.table)[choice.column]
    frame = item_frame(reading.table.sample[choice.column], profile.members)
    known: Mapping[str, Profile] = profiles(frame, knowledge.codes)
    seen = [Seen(SurveyedColumn(name, "TEXT"), known[name]) for name in frame.columns]
    made: Assignment = assign(seen, knowledge.witness(reading.kind.kind), node.path)
    fields = [
        field_line(target, _leaf(node, target), one, known[one.column], name=f"$.{one.column}")
        for target, one in made.fields.items()
    ]
    if profile.members == ("$",):
        target = choice.target
        fields = [field_line(target, _leaf(node, target), choice, profile, name="$")]
    notes = tuple(f"member {name} is not used: {why}" for name, why in made.left.items())
    return ListLine(
        node.path, node.title, node.required, {"json": choice.column}, choice.confidence,
        f"{choice.why}; members {', '.join(profile.members)}", _in_order(node, fields), choice.column, notes,
    )  # fmt: skip


def _own(reading: Reading, node: Repeated, found: Sequence[Choice], key: Sequence[str]) -> Child:
    """Let the table be its own child: by the key each row has one item, by the number all rows of it together."""
    number = reading.made.column_of(reading.kind.key)
    sample = reading.table.sample
    repeats = number is not None and bool(sample[number].drop_nulls().is_duplicated().any())
    column = number if repeats and number is not None else key[0]
    why = f"each row holds one item in {len(found)} columns, so the table is read a second time as its own child table"
    confidence: Confidence = "high"
    if repeats:
        why += f"; {number} repeats: the rows of one number are its items"
        confidence = "medium"
    made = Assignment({choice.target: choice for choice in found})
    order = tuple(reading.table.primary_key)
    return Child(reading.table, node.path, column, column, sample, made, confidence, why, order)


def _missing(node: Repeated) -> ListLine:
    leaf = next(leaf for leaf in node.leaves() if leaf.required)
    line = Line(f"{node.path}.{leaf.path}", leaf.title, leaf.required, {"from": "item"}, "high", "each piece")
    origin = {"split": {"from": MARK, "by": "[;；]"}}
    why = "nothing in the source looks like it: name a column, a child table (child: x) or a JSON column (json: x)"
    return ListLine(node.path, node.title, node.required, origin, "low", why, (line,))


def known_table(children: Sequence[Child], name: str) -> Surveyed | None:
    """Give the child table of a list."""
    return next((child.table for child in children if child.list == name), None)


def all_leaves(reading: Reading) -> dict[str, Leaf]:
    """Give every field of the reading's kind."""
    return leaves_of(reading.kind)
