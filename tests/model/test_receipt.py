"""Receipts must make sense by themselves and come in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import BatchState
from ecqs_gateway.model.receipt import (
    Counts,
    Level,
    Receipt,
    ReceiptPart,
    Rejection,
    follows,
    parse_receipt_name,
    receipt_name,
)

RECEIVED = Receipt(
    id="HQ-000000001",
    level=Level.RECEIVED,
    batch="320000-certificate-00000001",
    unit="320000",
    kind="certificate",
    sequence=1,
    issued=datetime(2026, 11, 23, 2, 31, tzinfo=timezone(timedelta(hours=8))),
    issuer="总局（模拟）",
    manifest="1" * 64,
    signature="ed25519",
    key="0123456789abcdef",
    number=1,
    parts=(ReceiptPart("batch.xml.gz", "sha-256", "0" * 64),),
)
VALIDATED = replace(RECEIVED, level=Level.VALIDATED, counts=Counts(10, valid=9, invalid=1))
ONE_REFUSED = Rejection("HQ-201", "企业名称与登记不符", key="XK06-001-00238", version="2" * 64, field="holder.name")
LOADED = replace(
    RECEIVED,
    level=Level.LOADED,
    counts=Counts(10, loaded=9, rejected=1),
    loaded_digest="3" * 64,
    rejections=(ONE_REFUSED,),
)
REJECTED = replace(RECEIVED, level=Level.REJECTED, rejections=(Rejection("HQ-101", "签名不符"),))


def test_each_level_sets_the_state_of_its_name():
    assert [level.state for level in Level] == [
        BatchState.RECEIVED,
        BatchState.VALIDATED,
        BatchState.LOADED,
        BatchState.REJECTED,
    ]


@pytest.mark.parametrize(
    ("state", "levels"),
    [
        (BatchState.SEALED, {Level.RECEIVED, Level.REJECTED}),
        (BatchState.SENT, {Level.RECEIVED, Level.REJECTED}),
        (BatchState.RECEIVED, {Level.VALIDATED, Level.REJECTED}),
        (BatchState.VALIDATED, {Level.LOADED}),
        (BatchState.LOADED, set()),
        (BatchState.REJECTED, set()),
    ],
)
def test_levels_come_in_their_order_only(state, levels):
    assert {level for level in Level if follows(state, level)} == levels


@pytest.mark.parametrize("receipt", [RECEIVED, VALIDATED, LOADED, REJECTED], ids=lambda r: r.level)
def test_a_file_name_is_read_back(receipt):
    name = receipt_name(receipt.batch, receipt.level)
    batch, level = parse_receipt_name(name)
    assert (str(batch), level) == (receipt.batch, receipt.level)


@pytest.mark.parametrize(
    "name",
    [
        "320000-certificate-00000001.zip",
        "320000-certificate-00000001.lost.zip",
        "320000-certificate-00000001.loaded.zip.part",
        ".320000-certificate-00000001.loaded.zip",
        "../320000-certificate-00000001.loaded.zip",
        "320000-certificate-1.loaded.zip",
        "",
    ],
)
def test_another_file_name_is_no_receipt(name):
    with pytest.raises(Terminal):
        parse_receipt_name(name)


@pytest.mark.parametrize(
    ("receipt", "change"),
    [
        (RECEIVED, {"batch": "320000-certificate-00000002"}),
        (RECEIVED, {"issued": RECEIVED.issued.replace(tzinfo=None)}),
        (RECEIVED, {"counts": Counts(10)}),
        (RECEIVED, {"manifest": None}),
        (RECEIVED, {"parts": ()}),
        (VALIDATED, {"counts": None}),
        (VALIDATED, {"counts": Counts(10, valid=9, invalid=2)}),
        (LOADED, {"counts": Counts(10, loaded=10, rejected=1)}),
        (LOADED, {"counts": Counts(10, loaded=8, rejected=2)}),
        (LOADED, {"loaded_digest": None}),
        (LOADED, {"rejections": (replace(ONE_REFUSED, key=None),)}),
        (LOADED, {"manifest": None}),
        (REJECTED, {"rejections": ()}),
        (REJECTED, {"loaded_digest": "3" * 64}),
    ],
)
def test_a_receipt_that_contradicts_itself_is_refused(receipt, change):
    with pytest.raises(Terminal, match="ECQS-5191"):
        replace(receipt, **change)


def test_a_package_nobody_could_read_may_be_rejected_without_naming_its_parts():
    assert replace(REJECTED, manifest=None, parts=()).level is Level.REJECTED
