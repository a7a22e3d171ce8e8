from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from ecqs_gateway.content.models_sources import SourceFile, observed_text, read_dtype, write_dtype

TYPES = [
    pl.String(), pl.Boolean(), pl.Int8(), pl.Int64(), pl.UInt32(), pl.Float64(), pl.Date(), pl.Time(), pl.Binary(),
    pl.Null(), pl.Decimal(18, 2), pl.Datetime("us"), pl.Datetime("us", "Asia/Shanghai"),
]  # fmt: skip


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_column_types_are_read_as_they_were_written(dtype: pl.DataType) -> None:
    assert read_dtype(write_dtype(dtype)) == dtype


def test_types_the_file_does_not_know_are_seen_as_text() -> None:
    assert write_dtype(pl.List(pl.Int64())) == "String"
    assert write_dtype(pl.Categorical()) == "String"
    with pytest.raises(ValueError, match="is not a column type"):
        read_dtype("Text")


def test_what_was_observed_can_be_loaded() -> None:
    columns = {"ZSID": pl.Int64(), "GXSJ": pl.Datetime("ms")}
    text = observed_text("320000", date(2026, 11, 23), {"certificate": (columns, {"cp": {"XH": pl.Int32()}})})
    found = SourceFile.model_validate(json.loads(text))
    assert found.streams["certificate"].dtypes() == {"ZSID": pl.Int64(), "GXSJ": pl.Datetime("us")}
    assert found.streams["certificate"].children["cp"].dtypes() == {"XH": pl.Int32()}
    assert found.observed == date(2026, 11, 23)
