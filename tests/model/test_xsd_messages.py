"""The XSDs of batch, manifest and receipt accept the wire format and nothing beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "ecqs" / "1.0"
NS = 'xmlns="urn:ecqs-gateway:exchange:1.0"'
LANE = 'unit="320000" kind="certificate" sequence="1"'
CREATED = 'created="2026-11-23T02:30:00+08:00" schema="1.0"'
CONTENT = f'content="sha256:{"a" * 64}"'
BODY = (
    "<certificate><number>(苏)XK06-001-00238</number><holder><name>苏州样例电缆有限公司</name>"
    "<uscc>91320500MA1EXAMP0X</uscc></holder><products><product><name>电线电缆</name></product></products>"
    "<authority><name>江苏省市场监督管理局</name></authority><issue_date>2021-01-05</issue_date>"
    "<valid_until>2026-01-04</valid_until><status>01</status></certificate>"
)
RECORD = f'<record key="(苏)XK06-001-00238" version="{"b" * 64}" action="upsert">{BODY}</record>'
WITHDRAWN = (
    f'<record key="K1" version="{"b" * 64}" previous="{"c" * 64}" action="invalidate" reason="重复录入"></record>'
)
FINDING = '<finding rule="CERT-001" severity="flag" field="valid_until"></finding>'
BATCH = f'<batch {NS} id="320000-certificate-00000001" {LANE} {CREATED} {CONTENT}>{RECORD}{WITHDRAWN}</batch>'
MANIFEST = (
    f'<manifest {NS} batch="320000-certificate-00000001" {LANE} {CREATED} {CONTENT} engine="0.1.0" records="5000" '
    f'signature="ed25519" key="0123456789abcdef" previous="{"d" * 64}" evidence="{"e" * 64}">'
    f'<part name="batch.xml.gz" media="application/gzip" digest-algorithm="sha-256" digest="{"f" * 64}" size="12" '
    'inflated="345"></part></manifest>'
)
HEAD = (
    f'batch="320000-certificate-00000001" {LANE} issued="2026-11-23T02:31:00+08:00" issuer="总局（模拟）" '
    f'manifest="{"1" * 64}" signature="sm2-sm3" key="0123456789abcdef" number="7"'
)
PART = f'<part name="batch.xml.gz" digest-algorithm="sm3" digest="{"f" * 64}"></part>'
LOADED = (
    f'<receipt {NS} id="HQ-000007" level="loaded" {HEAD}>{PART}<counts records="3" loaded="2" rejected="1"></counts>'
    f'<loaded digest="{"2" * 64}"></loaded><rejection key="K1" version="{"b" * 64}" code="HQ-201" '
    'field="holder.name">企业名称与登记不符</rejection></receipt>'
)
REJECTED = (
    f'<receipt {NS} id="HQ-000007" level="rejected" {HEAD}><rejection code="HQ-101">签名不符</rejection></receipt>'
)


def verdict(file: str, text: str) -> bool:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / f"{file}.xsd"))
    return bool(schema.validate(etree.fromstring(text.encode())))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("batch", BATCH),
        ("batch", BATCH.replace("</certificate>", f"</certificate>{FINDING}{FINDING}")),
        ("batch", BATCH.replace(' field="valid_until"', "")),
        ("batch", BATCH.replace("field=", "field=").replace('"valid_until"', '"products[2].name,valid_until"')),
        ("batch", BATCH.replace("02:30:00+08:00", "02:30:00.123456+08:00")),
        ("manifest", MANIFEST),
        ("manifest", MANIFEST.replace(f' previous="{"d" * 64}"', "").replace(f' evidence="{"e" * 64}"', "")),
        ("manifest", MANIFEST.replace('"ed25519"', '"sm2-sm3"').replace('"sha-256"', '"sm3"')),
        ("receipt", LOADED),
        ("receipt", REJECTED),
        ("receipt", REJECTED.replace(f' manifest="{"1" * 64}"', "")),
        ("receipt", LOADED.replace('level="loaded"', 'level="received"')),
        ("receipt", re.sub("<counts.*", "</receipt>", LOADED)),
    ],
)
def test_a_message_as_the_contract_writes_it_is_valid(file, text):
    assert verdict(file, text)


BAD_ATTRIBUTES = {
    "batch": [
        ('id="320000-', 'id="32000-'),
        ("-00000001", "-1"),
        ('unit="320000"', 'unit="999999"'),
        ('kind="certificate"', 'kind="fine"'),
        ('sequence="1"', 'sequence="0"'),
        ('sequence="1"', 'sequence="100000000"'),
        ("+08:00", "Z"),
        ("+08:00", ""),
        ("2026-11-23T", "2026-02-30T"),
        ('schema="1.0"', 'schema="1.1"'),
        ("sha256:a", "sha256:A"),
        ("sha256:", "md5:"),
        (f'version="{"b" * 64}"', f'version="{"B" * 64}"'),
        (f'version="{"b" * 64}"', f'version="{"b" * 63}"'),
        (f'previous="{"c" * 64}"', 'previous=""'),
        ('action="upsert"', 'action="delete"'),
        ('key="K1"', 'key=""'),
        ('key="K1"', f'key="{"K" * 129}"'),
        ('reason="重复录入"', 'reason=""'),
        ('reason="重复录入"', 'reason="重复录入" note="x"'),
        ("<certificate>", "<certificate version='1'>"),
        ("<certificate>", "<penalty></penalty><certificate>"),
        ("<record ", "text<record "),
        ("</certificate>", '</certificate><finding rule="CERT-001" severity="reject"></finding>'),
        ("</certificate>", '</certificate><finding rule="cert 1" severity="flag"></finding>'),
        ("</certificate>", '</certificate><finding rule="CERT-001" severity="flag" field="valid until"></finding>'),
        ("</certificate>", '</certificate><finding rule="CERT-001" severity="flag">text</finding>'),
        ("</certificate>", f"</certificate>{BODY}"),
        (BODY, FINDING + BODY),
    ],
    "manifest": [
        ("-00000001", "-1"),
        ('records="5000"', 'records="-1"'),
        ('engine="0.1.0"', 'engine="v1"'),
        ('signature="ed25519"', 'signature="Ed25519"'),
        ('key="0123456789abcdef"', 'key="0123456789ABCDEF"'),
        ('name="batch.xml.gz"', 'name="../batch.xml.gz"'),
        ('name="batch.xml.gz"', 'name="batch"'),
        ('media="application/gzip"', 'media="gzip"'),
        ('size="12"', 'size="12.0"'),
        (f'digest="{"f" * 64}"', 'digest="f"'),
        (' inflated="345"', ""),
        ("<part ", "<part extra='1' "),
        ("></part>", ">x</part>"),
    ],
    "receipt": [
        ('level="loaded"', 'level="accepted"'),
        ('id="HQ-000007"', 'id="HQ 7"'),
        ('number="7"', 'number="0"'),
        ('issuer="总局（模拟）"', 'issuer=""'),
        ('code="HQ-201"', 'code="ECQS-1201"'),
        ('code="HQ-201" ', ""),
        ("企业名称与登记不符", ""),
        ('records="3"', 'records="three"'),
        (PART, ""),
        ("<counts ", "<counts kept='1' "),
    ],
}
MESSAGES = {"batch": BATCH, "manifest": MANIFEST, "receipt": LOADED}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [(file, *pair) for file, pairs in BAD_ATTRIBUTES.items() for pair in pairs if pair != (PART, "")],
)
def test_a_message_with_one_thing_wrong_is_refused(file, old, new):
    assert MESSAGES[file].count(old) >= 1, "the test changes nothing"
    assert not verdict(file, MESSAGES[file].replace(old, new, 1))


def test_a_batch_may_be_empty_so_that_its_sequence_is_not_lost():
    assert verdict("batch", BATCH.replace(RECORD + WITHDRAWN, "", 1))


@pytest.mark.parametrize("file", sorted(MESSAGES))
def test_every_required_attribute_is_missed(file):
    optional = {"previous", "evidence", "reason", "field", "loaded", "rejected", "manifest"}
    optional |= {"key", "version"} if file == "receipt" else set()
    missed = 0
    for found in re.finditer(r' ([a-z-]+)="[^"]*"', MESSAGES[file]):
        if found[1] in optional or (file == "receipt" and found[1] == "key"):
            continue
        text = MESSAGES[file][: found.start()] + MESSAGES[file][found.end() :]
        assert not verdict(file, text), found[1]
        missed += 1
    assert missed >= 9


def test_another_namespace_is_refused():
    assert not verdict("batch", BATCH.replace("exchange:1.0", "exchange:2.0"))


def test_elements_come_in_their_order():
    assert not verdict("receipt", re.sub("(<counts.*?</counts>)(<loaded.*?</loaded>)", r"\2\1", LOADED))
