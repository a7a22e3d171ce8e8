"""A record the schema refuses leaves the batch, with its reason; the others go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ecqs_gateway.deliver import batch as module
from ecqs_gateway.deliver.batch import ValidBatch
from ecqs_gateway.doors.archive import gunzip
from ecqs_gateway.doors.xml_schema import ENGINE_VARIABLE, Schema, load_schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import BatchHeader, BatchId
from ecqs_gateway.model.record import KindSpec

Records = Callable[..., pl.DataFrame]
valid_batch = partial(module.valid_batch, digest_algorithm="sha-256")
ENTRY = Path(__file__).parents[2] / "schemas" / "ecqs" / "1.0" / "batch.xsd"
STOCK = etree.XMLSchema(etree.parse(ENTRY))  # lxml by itself, without a line of ours


@pytest.fixture(params=["stream", "lxml"])
def schema(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Schema:
    monkeypatch.setenv(ENGINE_VARIABLE, request.param)
    return load_schema(ENTRY)


def text_of(batch: ValidBatch) -> bytes:
    assert batch.compressed is not None
    return gunzip(batch.compressed.data)


def stock_accepts(batch: ValidBatch) -> bool:
    return bool(STOCK.validate(etree.fromstring(text_of(batch))))


def test_good_records_make_a_valid_batch_as_they_are(
    schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec
) -> None:
    rows = records(["甲&乙", "丙", "丁"])
    batch = valid_batch(header, rows, spec=certificate, schema=schema)
    assert stock_accepts(batch)
    assert batch.rows.equals(rows)
    assert batch.rejects.is_empty()


@pytest.mark.parametrize("bad", [[0], [4], [2], [0, 4], [1, 2, 3]])
def test_bad_records_leave_and_the_rest_goes(
    schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec, bad: list[int]
) -> None:
    codes = ["9144030019231745-F" if index in bad else "91440300192317458F" for index in range(5)]
    rows = records([f"企业{index}" for index in range(5)], holder__uscc=codes)
    batch = valid_batch(header, rows, spec=certificate, schema=schema)
    assert stock_accepts(batch)
    assert batch.rejects["index"].to_list() == bad
    assert batch.rejects["field"].to_list() == ["holder.uscc"] * len(bad)
    assert batch.rejects["key"].to_list() == [rows["key"][index] for index in bad]
    assert_all_accounted_for(rows, batch)


def assert_all_accounted_for(rows: pl.DataFrame, batch: ValidBatch) -> None:
    assert sorted([*batch.rows["key"], *batch.rejects["key"].unique()]) == sorted(rows["key"])


@pytest.mark.parametrize(
    "case",
    [
        ("status", ["01", "XX"], "status", "不在代码表内"),
        ("holder__name", ["好", "长" * 5000], "holder.name", "超过规定长度"),
        ("number", ["(苏)XK06-001-00001", "nonsense"], "number", "不符合规定的格式"),
        ("authority__name", ["局", None], "authority", "缺少必填内容"),
        ("status_note", ["好", "坏\x01"], "status_note", "控制字符"),
        ("status_note", ["好", "坏\uffff"], "status_note", "控制字符"),
    ],
    ids=["unknown code", "too long", "pattern", "missing", "control character", "no character at all"],
)
def test_the_reason_names_the_field_and_never_the_value(
    schema: Schema,
    header: BatchHeader,
    records: Records,
    certificate: KindSpec,
    case: tuple[str, list[str], str, str],
) -> None:
    column, values, field, reason = case
    rows = records(["甲", "乙"], **{column: values})
    batch = valid_batch(header, rows, spec=certificate, schema=schema)
    assert batch.rejects["field"].to_list()[0] == field
    assert reason in batch.rejects["message"][0]
    assert values[1] is None or values[1] not in "".join(batch.rejects["message"])
    assert batch.rows["key"].to_list() == rows["key"].to_list()[:1]


def test_items_of_a_list_are_named_by_their_position(
    schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec
) -> None:
    rows = records(["甲", "乙"], [["好"], ["好", "坏\x02", "长" * 5000]])
    assert valid_batch(header, rows, spec=certificate, schema=schema).rejects["field"].to_list() == ["products[2].name"]
    rows = records(["甲"], [["好", "长" * 5000]])
    assert valid_batch(header, rows, spec=certificate, schema=schema).rejects["field"].to_list() == ["products[2].name"]


def test_a_list_that_must_not_be_empty_is_refused(
    schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec
) -> None:
    batch = valid_batch(header, records(["甲"], [[]]), spec=certificate, schema=schema)
    assert batch.compressed is None
    assert batch.rows.is_empty()
    assert batch.rejects["field"].to_list() == ["products"]


def test_no_records_make_no_batch(schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec) -> None:
    assert valid_batch(header, records([]), spec=certificate, schema=schema).compressed is None


def test_records_are_not_blamed_for_a_bad_header(schema: Schema, records: Records, certificate: KindSpec) -> None:
    created = BatchHeader.of(
        BatchId("999999", "certificate", 1),
        created=datetime.fromisoformat("2026-11-23T02:30:00+08:00"),
        content="sha256:" + "0" * 64,
    )
    with pytest.raises(Terminal) as error:
        valid_batch(created, records(["甲", "乙"]), spec=certificate, schema=schema)
    assert error.value.code == "ECQS-4006"


@given(st.lists(st.sampled_from(["甲", "乙&", "", " ", "长" * 300, "\x0b", "<x>"]), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_in_goes_out_or_is_rejected(
    batch_schema: Schema, header: BatchHeader, records: Records, certificate: KindSpec, holders: Sequence[str]
) -> None:
    rows = records(holders)
    batch = valid_batch(header, rows, spec=certificate, schema=batch_schema)
    assert_all_accounted_for(rows, batch)
    assert (batch.compressed is None) == batch.rows.is_empty()
    assert batch.compressed is None or stock_accepts(batch)
