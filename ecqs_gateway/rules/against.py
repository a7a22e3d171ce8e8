"""What cross-record rules look at beside the record: its version sent before, certificates it names, inspectors.

Everything is joined in columns. What is not at hand is null, so that a rule which needs it counts as kept: a preview or
a case file has no ledger, and must not be told of mistakes it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from ecqs_gateway.content.models import Rule
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.model.columns import framed
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.model.types import Flag, Integer

__all__ = ["ANSWERED", "ANSWER_SCHEMA", "BEFORE", "CERTIFICATE", "CERTIFICATE_FACTS", "INSPECTOR_SCHEMA", "NOTHING"]
__all__ += ["LookUp", "References", "certificate_leaves", "facts_expr", "joined", "kept_facts", "link_expr"]
__all__ += ["list_leaves", "read_facts", "record_leaves", "with_recognised"]

BEFORE, CERTIFICATE = "before.", "certificate."
_CERTIFICATE_KIND = "certificate"
CERTIFICATE_FACTS = ("closing_date", "issue_date", "status", "status_cause", "valid_until")
"""What is kept and asked of a certificate, by field."""
_INSPECTORS, _RECOGNISED = "inspectors", "recognised"
_OTHERS = f"{CERTIFICATE}others"
ANSWERED = f"{CERTIFICATE}answered"
"""Whether headquarters has answered about the certificate; null where it cannot be asked here at all."""

INSPECTOR_SCHEMA: Mapping[str, pl.DataType] = {
    "number": pl.String(), "product_class": pl.String(), "valid_from": pl.Date(), "valid_until": pl.Date(),
}  # fmt: skip
"""Who is recognised: number of the inspector's certificate, product class (null: all), first and last day (or null)."""

LookUp = Callable[[pl.DataFrame], pl.DataFrame]
"""Looks certificates up: row, key, number and whether the case counts in; ``ANSWER_SCHEMA`` of the same rows out."""


@dataclass(frozen=True)
class References:
    """What the rules of one chunk are judged against; what is None is not at hand.

    ``previous`` has ``key`` and ``facts`` (JSON, ``facts_expr``) of the versions sent before. ``certificates`` takes
    the cases that name a certificate and gives ``ANSWER_SCHEMA`` for the same rows. ``inspectors`` has
    ``INSPECTOR_SCHEMA``.
    """

    previous: pl.DataFrame | None = None
    certificates: LookUp | None = None
    inspectors: pl.DataFrame | None = None


NOTHING = References()


def _certificate_leaves() -> dict[str, Leaf]:
    return {leaf.path: leaf for leaf in spec(_CERTIFICATE_KIND).leaves() if leaf.path in CERTIFICATE_FACTS}


def certificate_leaves() -> list[Leaf]:
    """Give the fields of ``CERTIFICATE_FACTS``, in the order of their names."""
    return [leaf for _, leaf in sorted(_certificate_leaves().items())]


def _made(path: str, title: str, field_type: Integer | Flag) -> Leaf:
    return Leaf(path, path, title, field_type, required=False, source="本项目拟定", doc="", personal=False)


def record_leaves(kind: KindSpec, rule: Rule) -> list[Leaf]:
    """Give the fields a rule may name beside those of the record, from what it is judged against."""
    if rule.against == "previous_version":
        return [replace(leaf, path=BEFORE + leaf.path) for leaf in kind.leaves()]
    if rule.against == "certificates":
        named = [replace(leaf, path=CERTIFICATE + path) for path, leaf in sorted(_certificate_leaves().items())]
        return [*named, _made(_OTHERS, "置换同一证书的其他办件数", Integer(0, 2**31))]
    return []


def list_leaves(rule: Rule, path: str) -> list[Leaf]:
    """Give the fields a rule may name of an item of a list, beside the item's own."""
    if rule.against == "inspectors" and path == _INSPECTORS:
        return [_made(_RECOGNISED, "核查当日是否为全国互认的核查人员", Flag())]
    return []


_DECISION = "decision"
_NOT_GRANTED = ("2", "3", "4")
"""Decisions after which a case replaces nothing: not granted, not accepted, ended."""


def link_expr(kind: KindSpec, names: Iterable[str]) -> pl.Expr:
    """Give the certificate each record replaces, by the fields that name one; null for none, or if the case is over."""
    leaves = {leaf.path: leaf for leaf in kind.leaves()}
    numbers = [leaves[name].type.write_expr(pl.col(name)) for name in names]
    if not numbers:
        return pl.lit(None, pl.String)
    over = pl.col(_DECISION).is_in(_NOT_GRANTED).fill_null(value=False) if _DECISION in leaves else pl.lit(value=False)
    return pl.when(~over).then(pl.coalesce(numbers))


ANSWER_SCHEMA: Mapping[str, pl.DataType] = {
    ROW: pl.UInt32(),
    **{name: leaf.type.dtype for name, leaf in sorted(_certificate_leaves().items())},
    "others": pl.Int64(),
    "answered": pl.Boolean(),
}
"""What is known of a certificate: its facts, how many other cases replace it, and whether headquarters has answered."""


def kept_facts(kind: KindSpec, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Give the fields of a kind the ledger must keep of each version, because some rule may look back at them."""
    rules = list(rules)
    mine = [rule for rule in rules if rule.kind == kind.kind and rule.against == "previous_version"]
    names = {leaf.path for leaf in kind.leaves() if any(_mentions(r, BEFORE + leaf.path) for r in mine)}
    if kind.kind == _CERTIFICATE_KIND and any(rule.against == "certificates" for rule in rules):
        names |= set(CERTIFICATE_FACTS)
    return tuple(sorted(names))


def _mentions(rule: Rule, name: str) -> bool:
    return name in rule.expr


def facts_expr(kind: KindSpec, names: Iterable[str]) -> pl.Expr:
    """Write fields of a record as one JSON text, in the canonical spelling of each."""
    leaves = {leaf.path: leaf for leaf in kind.leaves()}
    members = [leaves[name].type.write_expr(pl.col(name)).alias(name) for name in names]
    return pl.struct(members).struct.json_encode() if members else pl.lit(None, pl.String)


def read_facts(texts: pl.Series, leaves: Iterable[Leaf]) -> pl.DataFrame:
    """Read facts back to typed columns, named by the paths of the leaves; what was not kept is null."""
    leaves = list(leaves)
    decoded = texts.str.json_decode(pl.Struct({leaf.path: pl.String() for leaf in leaves})).struct.unnest()
    return decoded.select(leaf.type.read_expr(pl.col(leaf.path), None).alias(leaf.path) for leaf in leaves)


def joined(kind: KindSpec, frame: pl.DataFrame, wanted: Mapping[str, str | None], given: References) -> pl.DataFrame:
    """Add the columns rules want beside the record's own; ``wanted`` maps each to the field with the number or None."""
    before = [name.removeprefix(BEFORE) for name in wanted if name.startswith(BEFORE)]
    if before:
        frame = frame.hstack(_before(kind, frame, before, given.previous))
    for match in sorted({field for field in wanted.values() if field is not None}):
        mine = [name.removeprefix(CERTIFICATE) for name, field in wanted.items() if field == match]
        frame = frame.hstack(_certificates(kind, frame, match, mine, given.certificates))
    return frame


def _before(kind: KindSpec, frame: pl.DataFrame, names: list[str], previous: pl.DataFrame | None) -> pl.DataFrame:
    leaves = [leaf for leaf in kind.leaves() if leaf.path in names]
    if previous is None or previous.is_empty():
        return _nulls(frame.height, {BEFORE + leaf.path: leaf.type.dtype for leaf in leaves})
    key = next(leaf for leaf in kind.leaves() if leaf.path == kind.key)
    known = previous.filter(pl.col("facts").is_not_null())
    facts = pl.concat([known.select("key"), read_facts(known["facts"], leaves)], how="horizontal")
    keys = frame.select(key.type.write_expr(pl.col(kind.key)).alias("key"))
    found = keys.join(
        facts.rename({n: BEFORE + n for n in facts.columns if n != "key"}), on="key", how="left", maintain_order="left"
    )
    return found.drop("key")


def _certificates(
    kind: KindSpec, frame: pl.DataFrame, match: str, names: list[str], look_up: LookUp | None
) -> pl.DataFrame:
    """Ask only about the records that name a certificate: they are few."""
    named = {name: f"{CERTIFICATE}{name}" for name in names}
    schema = {full: ANSWER_SCHEMA[name] for name, full in named.items()}
    leaves = {leaf.path: leaf for leaf in kind.leaves()}
    cases = frame.filter(pl.col(match).is_not_null()).select(
        ROW,
        leaves[kind.key].type.write_expr(pl.col(kind.key)).alias("key"),
        leaves[match].type.write_expr(pl.col(match)).alias("number"),
        link_expr(kind, [match]).is_not_null().alias("counts"),
    )
    if look_up is None or cases.is_empty():
        return _nulls(frame.height, schema)
    answers = look_up(cases).select(ROW, *(pl.col(name).alias(full) for name, full in named.items()))
    return frame.select(ROW).join(answers, on=ROW, how="left", maintain_order="left").drop(ROW)


def _nulls(height: int, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return framed([_null(name, dtype).new_from_index(0, height) for name, dtype in schema.items()])


@cache
def _null(name: str, dtype: pl.DataType) -> pl.Series:
    return pl.Series(name, [None], dtype=dtype)


def with_recognised(
    frame: pl.DataFrame, lists: Mapping[str, pl.DataFrame], inspectors: pl.DataFrame | None, day: str
) -> Mapping[str, pl.DataFrame]:
    """Add to the inspectors of each record whether they were recognised on a day, for one of its product classes.

    Where the classes are not known any will do; a record without the day has null: nobody can say.
    """
    items = lists.get(_INSPECTORS)
    if items is None:
        return lists
    if inspectors is None:
        return {**lists, _INSPECTORS: items.with_columns(pl.lit(None, pl.Boolean).alias(_RECOGNISED))}
    asked = items.select(ROW, "number").with_row_index("place")
    asked = asked.join(frame.select(ROW, pl.col(day).alias("day")), on=ROW, how="left", maintain_order="left")
    classes = lists["products"].select(ROW, "product_class").drop_nulls().unique() if "products" in lists else None
    if classes is None:
        classes = pl.DataFrame(schema={ROW: asked.schema[ROW], "product_class": pl.String})
    each = asked.join(classes.with_columns(pl.col(ROW).cast(asked.schema[ROW])), on=ROW, how="left")
    known = inspectors.rename({"product_class": "scope"})
    within = (
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day")))
        & (pl.col("valid_until").is_null() | (pl.col("valid_until") >= pl.col("day")))
        & (pl.col("scope").is_null() | pl.col("product_class").is_null() | (pl.col("scope") == pl.col("product_class")))
    )
    good = each.join(known, on="number").filter(within)["place"].unique()
    dateless = asked.filter(pl.col("day").is_null())["place"]
    verdict = pl.Series(_RECOGNISED, [False]).new_from_index(0, items.height)
    verdict = verdict.scatter(dateless, None).scatter(good, values=True)
    return {**lists, _INSPECTORS: items.with_columns(verdict)}
