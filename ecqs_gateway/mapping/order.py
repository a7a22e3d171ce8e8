"""``newest_by``: one sortable text per row, and of rows with one business key only the newest goes on.

A column of numbers is compared as numbers; any other is read value by value as date, number or text, so that a row's
place never depends on its neighbours:

====================  =========================================================
value                 sortable text
====================  =========================================================
empty                 nothing: the lowest
negative number       ``1`` and the digits, complemented
other number          ``2``, 30 digits before the point and the fraction
date, timestamp       ``3`` and ``20200105103000`` with fraction
any other text        ``4`` and the text
====================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ecqs_gateway.mapping.mapped import ORDER, ROW, Mapped, detach
from ecqs_gateway.model.columns import exactly
from ecqs_gateway.model.types import BusinessDate

__all__ = ["SEPARATOR", "order_key", "supersede"]

SEPARATOR = "\t"
"""Between columns: lower than any character a tidied value begins with, so that shorter sorts first."""

_NUMBER = r"^[+-]?[0-9]{1,30}(\.[0-9]{1,30})?$"
_CLOCK = r"([0-9]{1,2})[:：时]([0-9]{2})(?:[:：分]([0-9]{2})(?:\.([0-9]{1,9}))?)?"
_COMPACT_CLOCK = r"^[0-9]{8}([0-9]{2})([0-9]{2})([0-9]{2})$"
_DIGITS = "0123456789"


def order_key(texts: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.Series:
    """Give the sortable text of every row; ``columns`` names the columns with the types they have in the source."""
    parts = []
    for name, dtype in columns.items():
        sortable = _number(exactly(name)) if dtype.is_numeric() else _any(exactly(name))
        parts.append(sortable.fill_null(""))
    return texts.select(pl.concat_str(parts, separator=SEPARATOR).alias(ORDER)).to_series()


def _number(text: pl.Expr) -> pl.Expr:
    whole = text.str.strip_prefix("+").str.strip_prefix("-").str.extract(r"^([0-9]+)", 1).str.zfill(30)
    digits = whole + text.str.extract(r"(\.[0-9]+)$", 1).fill_null("")
    # "~" ends a negative number: -1.25 is below -1.2, so of two equal beginnings the longer comes first.
    complement = digits.str.replace_many(list(_DIGITS), list(reversed(_DIGITS))) + "~"
    signed = pl.when(text.str.starts_with("-")).then("1" + complement).otherwise("2" + digits)
    return pl.when(text.str.contains(_NUMBER)).then(signed).when(text.is_not_null()).then("4" + text)


def _any(text: pl.Expr) -> pl.Expr:
    day = BusinessDate().read_expr(text.str.extract(r"^([^ T]+)", 1)).dt.strftime("%Y%m%d")
    compact = text.str.contains(_COMPACT_CLOCK)
    compact_day = BusinessDate().read_expr(text.str.slice(0, 8)).dt.strftime("%Y%m%d")
    clock = pl.concat_str([text.str.extract(_CLOCK, part).fill_null("0").str.zfill(2) for part in (1, 2, 3)])
    fraction = text.str.extract(_CLOCK, 4).fill_null("")
    return (
        pl.when(compact & compact_day.is_not_null())
        .then("3" + compact_day + text.str.slice(8))
        .when(day.is_not_null())
        .then("3" + day + clock + fraction)
        .otherwise(_number(text))
    )


_NONE_LOST = pl.DataFrame(schema={ROW: pl.UInt32, "key": pl.String, "kept": pl.UInt32})


def supersede(good: Mapped) -> tuple[Mapped, pl.DataFrame]:
    """Keep the newest row of each business key of the chunk.

    The last by ``__order`` wins, among equals (and without ``newest_by``) the later row. Gives what is kept, and one
    line per row that gave way: ``__row``, ``key``, and ``kept``, the row it gave way to.
    """
    if good.frame[good.kind.key].n_unique() == good.rows:
        return good, _NONE_LOST
    columns = [ROW, good.kind.key] + ([ORDER] if ORDER in good.frame.columns else [])
    rows = good.frame.select(columns).rename({good.kind.key: "key"})
    ranked = rows.sort([name for name in (ORDER, ROW) if name in rows.columns]).with_columns(
        kept=pl.col(ROW).last().over("key")
    )
    lost = _given_way(ranked.filter(pl.col(ROW) != pl.col("kept")).sort(ROW))
    return good.without(lost[ROW]), lost


def _given_way(rows: pl.DataFrame) -> pl.DataFrame:
    return detach(rows.select(pl.col(ROW), pl.col("key").cast(pl.String), pl.col("kept").cast(pl.UInt32)))
