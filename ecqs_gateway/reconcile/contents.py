"""What a stored package says of each of its records that the ledger does not: product, month, action.

The batch is our own canonical text, so its records are told apart by their first characters and their fields by
their tags: no character of a value can look like either.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.model.record import KindSpec
from ecqs_gateway.reconcile import digests

__all__ = ["UNKNOWN", "bodies_of", "elements_of", "places"]

UNKNOWN = "-"
"""Stands for the product or the month of a record that names none."""
_PRODUCT = "product_class"
_RECORD = "<record "


def places(package: bytes, spec: KindSpec) -> pl.DataFrame:
    """Give, in batch order, ``position``, ``month`` (path ``product/yyyy-mm``) and ``invalid`` (an invalidation).

    The product is the first product class in the body, the month that of the kind's own date.
    """
    records = pl.DataFrame({"text": _records(package)}, schema={"text": pl.String}).with_row_index("position")
    date = spec.date.rpartition(".")[2]
    product = pl.col("text").str.extract(rf"<{_PRODUCT}>([^<]*)</{_PRODUCT}>").fill_null(UNKNOWN)
    month = pl.col("text").str.extract(rf"<{date}>([0-9]{{4}}-[0-9]{{2}})-[0-9]{{2}}</{date}>").fill_null(UNKNOWN)
    return records.select(
        pl.col("position").cast(pl.Int64),
        digests.months(product, month).alias("month"),
        pl.col("text").str.contains(r'^[^>]* action="invalidate"').alias("invalid"),
    )


def _records(package: bytes) -> pl.Series:
    text = pl.Series([read_batch_xml(package).decode("utf-8")])
    return text.str.split(_RECORD).list.explode().slice(1).alias("text")


def elements_of(package: bytes, positions: Mapping[str, int]) -> dict[str, str]:
    """Give the ``record`` elements at these positions, as the texts that were sent, by the names of the positions."""
    texts = _records(package)
    return {key: _RECORD + texts[place].removesuffix("</batch>") for key, place in positions.items()}


def bodies_of(package: bytes, positions: Mapping[str, int]) -> dict[str, str]:
    """Give the bodies at these positions, without namespace and findings; an invalidation has none."""
    found = {}
    for key, text in elements_of(package, positions).items():
        inside = text.partition(">")[2].removesuffix("</record>")
        body = inside.partition("<finding ")[0]
        if body:
            found[key] = body
    return found
