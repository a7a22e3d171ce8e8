"""Batch ids, headers and manifests refuse what they could not mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import (
    BatchHeader,
    BatchId,
    BatchState,
    Manifest,
    PackagePart,
    make_batch_id,
    parse_batch_id,
)

HEADER = BatchHeader(
    id="320000-certificate-00000001",
    unit="320000",
    kind="certificate",
    sequence=1,
    created=datetime(2026, 11, 23, 2, 30, tzinfo=timezone(timedelta(hours=8))),
    content="sha256:" + "a" * 64,
)
PART = PackagePart("batch.xml.gz", "application/gzip", "sha-256", "0" * 64, 10, 100)
MANIFEST = Manifest(HEADER, "0.1.0", 5000, "ed25519", "0123456789abcdef", (PART,))


@given(
    unit=st.from_regex(r"[0-9]{6}", fullmatch=True),
    kind=st.sampled_from(["certificate", "approval", "sampling_inspection"]),
    sequence=st.integers(1, 99_999_999),
)
def test_an_id_is_read_back_as_what_it_was_made_of(unit, kind, sequence):
    assert parse_batch_id(make_batch_id(unit, kind, sequence)) == BatchId(unit, kind, sequence)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "320000-certificate-1",
        "320000-certificate-00000000",
        "320000-certificate-000000001",
        "32000-certificate-00000001",
        "320000-Certificate-00000001",
        "320000-_certificate-00000001",
        "320000--00000001",
        "320000-certificate-00000001\n",
        " 320000-certificate-00000001",
        "320000-certificate-٠٠٠٠٠٠٠١",
        "３２００００-certificate-00000001",
        "../320000-certificate-00000001",
        "320000-certificate-00000001.zip",
    ],
)
def test_anything_else_is_not_a_batch_id(text):
    with pytest.raises(Terminal, match="ECQS-4091"):
        parse_batch_id(text)


@pytest.mark.parametrize("sequence", [0, -1, 100_000_000])
def test_a_sequence_outside_eight_digits_makes_no_id(sequence):
    with pytest.raises(Terminal, match="ECQS-4091"):
        make_batch_id("320000", "certificate", sequence)


def test_ids_of_one_lane_sort_by_sequence():
    ids = [BatchId("320000", "certificate", number) for number in (10, 9, 1)]
    assert [item.sequence for item in sorted(ids)] == [1, 9, 10]


def test_a_header_can_be_made_from_the_id():
    made = BatchHeader.of(parse_batch_id(HEADER.id), created=HEADER.created, content=HEADER.content)
    assert made == HEADER


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "330000"},
        {"kind": "approval"},
        {"sequence": 2},
        {"created": HEADER.created.replace(tzinfo=None)},
        {"content": "a" * 64},
        {"content": "sha256:" + "A" * 64},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(change):
    with pytest.raises(Terminal, match="ECQS-409"):
        replace(HEADER, **change)


@pytest.mark.parametrize("change", [{"digest": "0" * 63}, {"digest": "G" * 64}, {"size": -1}, {"inflated": -1}])
def test_a_part_needs_a_digest_and_sizes(change):
    with pytest.raises(Terminal, match="ECQS-4092"):
        replace(PART, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"previous": "x"},
        {"evidence": ""},
        {"evidence": None, "evidence_entry": 3},
        {"evidence": "a" * 64, "evidence_entry": -1},
        {"parts": (PART, PART)},
        {"records": -1},
    ],
)
def test_a_manifest_with_broken_links_or_two_parts_of_one_name_is_refused(change):
    with pytest.raises(Terminal, match="ECQS-4092"):
        replace(MANIFEST, **change)


def test_only_loaded_and_rejected_are_final():
    assert {state for state in BatchState if state.final} == {BatchState.LOADED, BatchState.REJECTED}


def test_another_time_zone_is_still_an_aware_time():
    assert replace(HEADER, created=HEADER.created.astimezone(UTC)).created == HEADER.created
