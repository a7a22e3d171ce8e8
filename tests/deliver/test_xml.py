"""Batch XML built by column: canonical, escaped once, and the same record whoever reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ecqs_gateway.deliver.xml import assemble, attribute, bodies, finding_texts, moment, record_texts
from ecqs_gateway.doors.xml import c14n, parse
from ecqs_gateway.model.batch import NAMESPACE, BatchHeader
from ecqs_gateway.model.record import KindSpec

NS = {"e": NAMESPACE}
NASTY = st.text(
    st.one_of(
        st.sampled_from("&<>\"'\r\n\t;#x]!-"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"),
    ),
    min_size=1,
    max_size=40,
) | st.sampled_from(["&amp;", "&lt;b&gt;", "]]>", "<![CDATA[", "<!--", "&#xD;", "a\r\nb", " 两端 "])


def canonical(body: str) -> bytes:
    """Canonicalise by lxml what stands in the exchange namespace."""
    return c14n(parse(f'<x xmlns="{NAMESPACE}">{body}</x>'.encode())[0])


@given(st.lists(st.tuples(NASTY, st.none() | NASTY, st.lists(NASTY, max_size=3)), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_the_body_is_its_own_canonical_form_whatever_the_text(
    certificate: KindSpec, certificates: Callable[..., Any], rows: list[tuple[str, str | None, list[str]]]
) -> None:
    holders, notes, products = zip(*rows, strict=True)
    mapped = certificates(holders, products, status_note=list(notes))
    out = bodies(certificate, mapped.frame, mapped.lists)
    for index, (body, version) in enumerate(out.select("body", "version").iter_rows()):
        bytes_sent = canonical(body)
        assert bytes_sent == body.replace("<certificate>", f'<certificate xmlns="{NAMESPACE}">', 1).encode()
        assert version == hashlib.sha256(bytes_sent).hexdigest()
        root = parse(bytes_sent)
        assert root.findtext("e:holder/e:name", namespaces=NS) == holders[index]
        assert root.findtext("e:status_note", namespaces=NS) == notes[index]
        assert [e.text for e in root.iterfind("e:products/e:product/e:name", NS)] == products[index]


@given(st.lists(NASTY, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_keys_and_reasons_survive_as_attributes(header: BatchHeader, reasons: list[str]) -> None:
    rows = pl.DataFrame(
        {
            "key": reasons,
            "version": ["a" * 64] * len(reasons),
            "previous": [None, *["b" * 64] * (len(reasons) - 1)],
            "action": ["invalidate"] * len(reasons),
            "reason": reasons,
            "body": [None] * len(reasons),
            "findings": [""] * len(reasons),
        },
        schema_overrides={"previous": pl.String, "body": pl.String},
    )
    root = parse(assemble(header, record_texts(rows)))
    assert [e.get("key") for e in root] == reasons
    assert [e.get("reason") for e in root] == reasons
    assert [e.get("previous") for e in root] == rows["previous"].to_list()


@given(st.lists(st.tuples(NASTY, st.none() | NASTY), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_findings_survive_as_attributes(found: list[tuple[str, str | None]]) -> None:
    frame = pl.DataFrame(
        [(0, rule, "flag", field) for rule, field in found],
        schema={"__row": pl.UInt32, "rule": pl.String, "severity": pl.String, "field": pl.String},
        orient="row",
    )
    root = parse(f"<x>{finding_texts(frame)['findings'][0]}</x>".encode())
    assert [(e.get("rule"), e.get("field")) for e in root] == found


def test_the_digest_can_be_recomputed_from_the_parsed_batch(
    header: BatchHeader, records: Callable[..., pl.DataFrame]
) -> None:
    rows = records(["甲&乙", "丙<丁>", "戊"], [["a"], ["b", "c"], ["d"]])
    root = parse(assemble(header, record_texts(rows)))
    for record in root:
        assert hashlib.sha256(c14n(record[0])).hexdigest() == record.get("version")
    assert [record.get("version") for record in root] == rows["version"].to_list()


def test_list_items_stand_in_their_order_and_with_their_own_record(
    certificate: KindSpec, certificates: Callable[..., Any]
) -> None:
    mapped = certificates(["甲", "乙", "丙"], [["1", "2", "3"], [], ["4"]])
    shuffled = {**mapped.lists, "products": mapped.lists["products"].reverse()}
    backwards = bodies(certificate, mapped.frame.reverse(), shuffled)
    assert backwards["__row"].to_list() == [2, 1, 0]
    names = [
        [e.text for e in canonical_root(body).iterfind("e:products/e:product/e:name", NS)] for body in backwards["body"]
    ]
    assert names == [["4"], [], ["1", "2", "3"]]


def canonical_root(body: str) -> etree._Element:
    return parse(canonical(body))


def test_absent_fields_groups_and_lists_leave_no_element(
    certificate: KindSpec, certificates: Callable[..., Any]
) -> None:
    mapped = certificates(["甲"])
    (body,) = bodies(certificate, mapped.frame, mapped.lists)["body"]
    for name in ("electronic_licence", "earlier_numbers", "production_addresses", "valid_from", "address", "area"):
        assert f"<{name}" not in body


def test_an_optional_group_stands_where_any_of_its_fields_does(
    certificate: KindSpec, certificates: Callable[..., Any]
) -> None:
    mapped = certificates(["甲", "乙"], electronic_licence__file_digest=["f" * 64, None])
    first, second = bodies(certificate, mapped.frame, mapped.lists)["body"]
    assert f"<electronic_licence><file_digest>{'f' * 64}</file_digest></electronic_licence>" in first
    assert "electronic_licence" not in second


def test_a_required_list_without_items_stays_visible_to_the_schema(
    certificate: KindSpec, certificates: Callable[..., Any]
) -> None:
    mapped = certificates(["甲"], [[]])
    assert "<products></products>" in bodies(certificate, mapped.frame, mapped.lists)["body"][0]


def test_findings_follow_the_body_of_their_own_record(
    certificate: KindSpec, certificates: Callable[..., Any], header: BatchHeader
) -> None:
    mapped = certificates(["甲", "乙"])
    findings = pl.DataFrame(
        {"__row": [1, 1], "rule": ["CERT-001", "CERT-002"], "severity": ["flag"] * 2, "field": ["valid_until", None]},
        schema_overrides={"__row": pl.UInt32},
    )
    plain = bodies(certificate, mapped.frame, mapped.lists)
    out = bodies(certificate, mapped.frame, mapped.lists, findings)
    assert out["findings"].to_list() == [
        "",
        (
            '<finding rule="CERT-001" severity="flag" field="valid_until"></finding>'
            '<finding rule="CERT-002" severity="flag"></finding>'
        ),
    ]
    assert out["version"].to_list() == plain["version"].to_list()


def test_the_batch_begins_as_the_contract_writes_it(header: BatchHeader, records: Callable[..., pl.DataFrame]) -> None:
    rows = records(["甲"])
    text = assemble(header, record_texts(rows)).decode()
    assert text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<batch xmlns="urn:ecqs-gateway:exchange:1.0" '
        'id="320000-certificate-00000001" unit="320000" kind="certificate" sequence="1" '
        f'created="2026-11-23T02:30:00+08:00" schema="1.0" content="sha256:{"0" * 64}">'
        f'<record key="(苏)XK06-001-00001" version="{rows["version"][0]}" action="upsert"><certificate>'
    )
    assert text.endswith("</certificate></record></batch>")


def test_how_rows_are_cut_into_chunks_changes_no_digest(
    certificate: KindSpec, certificates: Callable[..., Any]
) -> None:
    holders = [f"企业{index}" + ("&" if index == 17 else "") for index in range(40)]
    notes = [None if index % 3 else "备注" for index in range(40)]
    mapped = certificates(holders, status_note=notes)
    whole = bodies(certificate, mapped.frame, mapped.lists)
    pieces = pl.concat(
        bodies(certificate, piece, mapped.lists).select("__row", "version")
        for piece in (mapped.frame[:1], mapped.frame[1:18], mapped.frame[18:])
    )
    assert pieces.equals(whole.select("__row", "version"))


def test_columns_of_one_value_give_one_text_per_row(certificate: KindSpec, certificates: Callable[..., Any]) -> None:
    # Polars keeps such a column as one value and a length, and some expressions then give one row instead of all.
    mapped = certificates(["甲"])
    frame = pl.DataFrame({"__row": pl.Series(range(3), dtype=pl.UInt32)}).with_columns(
        pl.lit(mapped.frame[leaf.path][0], dtype=leaf.type.dtype).alias(leaf.path) for leaf in certificate.leaves()
    )
    out = bodies(certificate, frame, mapped.lists)
    assert out.height == 3
    rows = out.select("body", "findings", "version", key=pl.lit("k"), action=pl.lit("upsert")).with_columns(
        previous=pl.lit(None, pl.String), reason=pl.lit(None, pl.String)
    )
    assert len(record_texts(rows)) == 3
    assert len(record_texts(rows.with_columns(body=pl.lit("x"), version=pl.lit("v"), findings=pl.lit("")))) == 3


def test_no_rows_give_no_bodies(certificate: KindSpec, certificates: Callable[..., Any]) -> None:
    mapped = certificates([])
    out = bodies(certificate, mapped.frame, mapped.lists)
    assert out.columns == ["__row", "key", "version", "body", "findings"]
    assert out.height == 0


def test_dates_and_times_are_written_as_the_contract_has_them(
    certificate: KindSpec, certificates: Callable[..., Any], header: BatchHeader
) -> None:
    mapped = certificates(["甲"], issue_date=[date(2024, 1, 5)])
    assert "<issue_date>2024-01-05</issue_date>" in bodies(certificate, mapped.frame, mapped.lists)["body"][0]
    assert moment(header.created) == "2026-11-23T02:30:00+08:00"


@pytest.mark.parametrize("text", ['a"b', "a&b", "a<b", "a\tb\nc\rd"])
def test_an_attribute_reads_back_as_it_was(text: str) -> None:
    assert parse(f'<x y="{attribute(text)}"/>'.encode()).get("y") == text
