"""Every way headquarters refuses: packages (HQ-10x), batches (HQ-11x) and single records (HQ-2xx)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zipfile

import pytest

BATCH_1 = "320000-certificate-00000001"


def refusal(office, package, sequence=1):
    """Deliver and give the code of the one refusal that must come of it."""
    office.deliver(sequence, package)
    receipt = office.receipts(sequence)["rejected"]
    assert len(receipt.codes) == 1
    with office.query() as query:
        assert query.holdings() == []
    return receipt.codes[0]


def replaced(kit, package, **members):
    return kit.pack(kit.unpack(package) | {name.replace("_", "."): data for name, data in members.items()})


# Packages that cannot be read


@pytest.mark.parametrize(
    "broken",
    [
        lambda kit, good: b"",
        lambda kit, good: b"no zip at all",
        lambda kit, good: good[: len(good) // 2],
        lambda kit, good: good[:200] + bytes([good[200] ^ 1]) + good[201:],
        lambda kit, good: kit.pack(dict(reversed(kit.unpack(good).items()))),
        lambda kit, good: kit.pack({"manifest.xml": kit.unpack(good)["manifest.xml"]}),
        lambda kit, good: kit.pack(kit.unpack(good) | {"../evil": b"x"}),
        lambda kit, good: kit.pack(kit.unpack(good), zipfile.ZIP_DEFLATED),
        lambda kit, good: kit.pack(kit.unpack(good) | {"manifest.sig": b" " * 2_000_000}),
    ],
    ids=["empty", "no-zip", "cut", "bit", "order", "missing", "extra", "deflated", "huge-signature"],
)
def test_a_package_that_cannot_be_read_is_refused(office, kit, broken):
    assert refusal(office, broken(kit, office.sender.package(1))) == "HQ-101"


def test_an_unreadable_package_does_not_take_the_batch_id(office):
    assert refusal(office, b"torn on the way") == "HQ-101"
    assert office.receipts(1)["rejected"].attributes.get("manifest") is None
    office.take(1)
    assert office.deliver(1, office.sender.package(1)) == ["received", "validated", "loaded"]


# Signatures


def test_a_key_that_is_not_registered_is_refused_and_its_id_stays_free(office, kit):
    stranger = kit.Sender("320000")
    assert refusal(office, stranger.package(1)) == "HQ-102"
    office.take(1)
    assert office.deliver(1, office.sender.package(1)) == ["received", "validated", "loaded"]


def test_a_key_registered_later_is_accepted_for_the_same_bytes(office, kit):
    newcomer = kit.Sender("220000")
    package = newcomer.package(1, [kit.Record(number="(吉)XK06-001-00001")])
    assert office.deliver(1, package, newcomer) == ["rejected"]
    office.register(newcomer)
    office.take(1, newcomer)
    assert office.deliver(1, package, newcomer) == ["received", "validated", "loaded"]


def test_every_refusal_of_a_readable_package_says_which_bytes_it_refuses(office, kit):
    package = kit.Sender("320000").package(1)
    office.deliver(1, package)
    receipt = office.receipts(1)["rejected"]
    assert receipt.attributes["manifest"] == kit.manifest_digest(package)
    packed = kit.unpack(package)["batch.xml.gz"]
    assert receipt.parts == [("batch.xml.gz", hashlib.sha256(packed).hexdigest())]


def test_a_key_of_another_unit_is_refused(office, kit):
    neighbour = office.register(kit.Sender("220000"))
    forged = kit.Sender("320000", neighbour.key)
    assert refusal(office, forged.package(1)) == "HQ-102"


@pytest.mark.parametrize(
    "change",
    [
        lambda seal: seal | {"algorithm": "sm2-sm3"},
        lambda seal: seal | {"algorithm": "none"},
        lambda seal: seal | {"signature": base64.b64encode(bytes(64)).decode()},
        lambda seal: seal | {"signature": "not base64!"},
        lambda seal: seal | {"signature": 7},
        lambda seal: seal | {"key_id": ["a"]},
        lambda seal: {"algorithm": "ed25519"},
        lambda seal: [seal],
    ],
    ids=["other-algorithm", "no-algorithm", "zeros", "no-base64", "number", "list", "missing", "array"],
)
def test_a_signature_that_does_not_fit_is_refused(office, kit, change):
    package = office.sender.package(1)
    seal = change(json.loads(kit.unpack(package)["manifest.sig"]))
    assert refusal(office, replaced(kit, package, manifest_sig=json.dumps(seal).encode())) == "HQ-102"


def test_a_manifest_changed_after_signing_is_refused(office, kit):
    package = office.sender.package(1)
    changed = kit.unpack(package)["manifest.xml"].replace(b'records="3"', b'records="4"')
    assert refusal(office, replaced(kit, package, manifest_xml=changed)) == "HQ-102"


# Manifests


def test_a_manifest_that_is_not_of_the_schema_is_refused_and_uses_up_its_number(office):
    assert refusal(office, office.sender.package(1, engine=None)) == "HQ-103"
    assert office.deliver(2, office.sender.package(2)) == ["received", "validated", "loaded"]


@pytest.mark.parametrize("hidden", ["<!DOCTYPE manifest>", "<!-- -->", "<?php ?>"])
def test_a_manifest_with_more_than_elements_is_refused_before_any_parser_sees_it(office, kit, hidden):
    package = office.sender.package(1)
    manifest = kit.unpack(package)["manifest.xml"].replace(b"<manifest", f"{hidden}<manifest".encode(), 1)
    package = replaced(kit, package, manifest_xml=manifest, manifest_sig=office.sender.sign(manifest))
    assert refusal(office, package) == "HQ-103"


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": "320000-certificate-00000002"},
        {"unit": "220000"},
        {"kind": "approval"},
        {"sequence": "2"},
    ],
    ids=["batch", "unit", "kind", "sequence"],
)
def test_a_manifest_that_contradicts_the_file_name_is_refused(office, wrong):
    assert refusal(office, office.sender.package(1, **wrong)) == "HQ-104"


def test_a_signed_package_cannot_be_replayed_under_another_batch_id(office):
    assert refusal(office, office.sender.package(1), sequence=2) == "HQ-104"
    with office.query() as query:
        assert [batch.bound for batch in query.batches()] == [False]


def test_a_manifest_that_names_another_algorithm_than_its_signature_is_refused(office):
    assert refusal(office, office.sender.package(1, signature="sm2-sm3")) == "HQ-104"


# Parts


@pytest.mark.parametrize(
    "wrong",
    [{"part_digest": "0" * 64}, {"part_size": "1"}, {"part_digest-algorithm": "sm3"}],
    ids=["digest", "size", "algorithm"],
)
def test_a_part_that_is_not_what_the_manifest_says_is_refused(office, wrong):
    assert refusal(office, office.sender.package(1, **wrong)) == "HQ-105"


def test_a_part_damaged_on_the_way_does_not_take_the_batch_id(office, kit):
    package = office.sender.package(1)
    damaged = replaced(kit, package, batch_xml_gz=b"damaged")
    damaged = kit.pack(kit.unpack(package) | {"batch.xml.gz": b"damaged"})
    assert refusal(office, damaged) == "HQ-105"
    assert office.receipts(1)["rejected"].parts == [("batch.xml.gz", hashlib.sha256(b"damaged").hexdigest())]
    office.take(1)
    assert office.deliver(1, package) == ["received", "validated", "loaded"]


def test_a_link_to_another_batch_than_the_one_before_is_refused(office, kit):
    office.deliver(1, office.sender.package(1, []))
    assert refusal(office, office.sender.package(2, previous="1" * 64), sequence=2) == "HQ-108"


def test_the_first_batch_links_to_none(office):
    assert refusal(office, office.sender.package(1, previous="1" * 64)) == "HQ-108"


# Batches


def test_a_batch_that_is_not_of_the_schema_is_refused_without_quoting_a_value(office, kit):
    batch = office.sender.batch_xml(1, [kit.Record(issue_date="机密")])
    assert refusal(office, office.sender.package(1, [kit.Record()], xml=batch)) == "HQ-111"
    xml = kit.unpack(office.raw(1)["rejected"])["receipt.xml"].decode()
    assert "issue_date" in xml
    assert "机密" not in xml


@pytest.mark.parametrize(
    "spoil",
    [
        lambda xml: xml[:-20],
        lambda xml: xml.replace(b"<batch", b'<!DOCTYPE b [<!ENTITY e "x">]><batch', 1),
        lambda xml: xml.replace(b"<certificate>", b"<!-- --><certificate>", 1),
        lambda xml: xml.replace("架空绞线".encode(), b"<![CDATA[x]]>"),
        lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda xml: b"",
    ],
    ids=["cut", "doctype", "comment", "cdata", "utf-16", "empty"],
)
def test_a_batch_that_is_not_plain_xml_is_refused(office, kit, spoil):
    batch = spoil(office.sender.batch_xml(1, kit.certificates(1)))
    assert refusal(office, office.sender.package(1, kit.certificates(1), xml=batch)) == "HQ-111"


def test_a_batch_that_inflates_to_another_size_is_refused(office):
    assert refusal(office, office.sender.package(1, part_inflated="10")) == "HQ-111"


def test_a_bomb_is_refused_before_it_goes_off(office, kit):
    batch = b" " * 50_000_000
    assert refusal(office, office.sender.package(1, [], xml=batch)) == "HQ-111"


def test_two_gzip_members_are_not_one_batch(office, kit):
    batch = office.sender.batch_xml(1, [])
    packed = gzip.compress(batch, mtime=0) + gzip.compress(b"more", mtime=0)
    manifest = office.sender.manifest_xml(1, batch, packed, 0)
    members = {"manifest.xml": manifest, "manifest.sig": office.sender.sign(manifest), "batch.xml.gz": packed}
    assert refusal(office, kit.pack(members)) == "HQ-111"


@pytest.mark.parametrize("name", ["id", "unit", "sequence", "created", "content"])
def test_a_batch_header_that_is_not_the_manifests_is_refused(office, kit, name):
    other = {
        "id": "320000-certificate-00000009",
        "unit": "220000",
        "sequence": "9",
        "created": "2026-11-24T02:30:00+08:00",
        "content": f"sha256:{'1' * 64}",
    }
    batch = office.sender.batch_xml(1, kit.certificates(1), **{name: other[name]})
    assert refusal(office, office.sender.package(1, kit.certificates(1), xml=batch)) == "HQ-112"


def test_another_number_of_records_than_the_manifest_says_is_refused(office):
    assert refusal(office, office.sender.package(1, records="7")) == "HQ-113"


# Records


def rejections(office, records, sequence=1):
    """Deliver a batch and give (key, code, field) of its refused records; the others must have been loaded."""
    assert office.deliver(sequence, office.sender.package(sequence, records))[-1] == "loaded"
    receipt = office.receipts(sequence)["loaded"]
    refused = [(item["key"], item["code"], item.get("field")) for item in receipt.rejections]
    assert receipt.counts == {
        "records": len(records),
        "loaded": len(records) - len(refused),
        "rejected": len(refused),
    }
    keys = {item["version"] for item in receipt.rejections}
    loaded = [record.version for record in records if record.version not in keys]
    if len({record.number for record in records}) == len(records):
        assert receipt.loaded_digest == hashlib.sha256("".join(loaded).encode()).hexdigest()
    return refused


def test_a_version_that_is_not_the_digest_of_the_body_is_refused_alone(office, kit):
    records = [*kit.certificates(2), kit.Record(number="(苏)XK06-001-00009", claimed_version="a" * 64)]
    assert rejections(office, records) == [("(苏)XK06-001-00009", "HQ-201", None)]
    validated = office.receipts(1)["validated"]
    assert validated.counts == {"records": 3, "valid": 2, "invalid": 1}
    assert validated.codes == ["HQ-201"]


def test_a_business_key_that_is_not_in_the_body_is_refused(office, kit):
    assert rejections(office, [kit.Record(key="(苏)XK06-001-00077")]) == [("(苏)XK06-001-00077", "HQ-202", "number")]


def test_an_unknown_previous_version_is_refused(office, kit):
    assert rejections(office, [kit.Record(previous="a" * 64)]) == [("(苏)XK06-001-00001", "HQ-203", None)]


def test_a_second_version_must_name_the_first(office, kit):
    office.deliver(1, office.sender.package(1, [kit.Record()]))
    changed = kit.Record(holder="江苏远山电缆集团有限公司")
    assert rejections(office, [changed], 2) == [("(苏)XK06-001-00001", "HQ-203", None)]


def test_a_correction_may_name_the_refused_version_it_corrects(office, kit):
    wrong = kit.Record(issue_date="2030-01-01")
    assert rejections(office, [wrong]) == [("(苏)XK06-001-00001", "HQ-210", "valid_until")]
    assert rejections(office, [kit.Record(previous=wrong.version)], 2) == []


def test_a_correction_may_name_a_version_of_a_refused_batch(office, kit):
    record = kit.Record()
    office.deliver(1, office.sender.package(1, [record], records="9"))
    changed = kit.Record(holder="江苏远山电缆集团有限公司", previous=record.version)
    assert rejections(office, [changed], 2) == []


def test_the_same_business_key_twice_in_a_batch_is_refused_the_second_time(office, kit):
    records = [kit.Record(), kit.Record(holder="另一家公司")]
    assert rejections(office, records) == [("(苏)XK06-001-00001", "HQ-204", None)]
    with office.query() as query:
        assert [held.version for held in query.holdings()] == [records[0].version]


def test_a_certificate_number_held_by_another_unit_is_refused(office, kit):
    other = office.register(kit.Sender("220000"))
    national = kit.Record(number="XK05-001-00042")
    office.deliver(1, other.package(1, [national]), other)
    records = [national, kit.Record(number="(苏)XK06-001-00002")]
    assert rejections(office, records) == [("XK05-001-00042", "HQ-205", "number")]
    with office.query() as query:
        assert {(held.unit, held.key) for held in query.holdings()} == {
            ("220000", "XK05-001-00042"),
            ("320000", "(苏)XK06-001-00002"),
        }


def test_a_certificate_with_the_abbreviation_of_another_unit_is_refused_whoever_comes_first(office, kit):
    records = [kit.Record(number="(鲁)XK06-001-00001"), kit.Record(number="(苏)XK06-001-00002")]
    assert rejections(office, records) == [("(鲁)XK06-001-00001", "HQ-207", "number")]


def test_only_what_is_held_can_be_invalidated(office, kit):
    first = kit.Record(number="(苏)XK06-001-00005")
    office.deliver(1, office.sender.package(1, [first]))
    records = [
        kit.Record(action="invalidate", claimed_version="a" * 64),
        kit.Record(number=first.number, action="invalidate", claimed_version="b" * 64),
    ]
    assert rejections(office, records, 2) == [
        ("(苏)XK06-001-00001", "HQ-206", None),
        (first.number, "HQ-203", None),
    ]


@pytest.mark.parametrize("issue_date", ["2029-02-28", "2029-03-01"])
def test_a_certificate_that_ends_before_it_is_issued_is_refused(office, kit, issue_date):
    refused = rejections(office, [kit.Record(issue_date=issue_date)])
    assert [code for _, code, _ in refused] == (["HQ-210"] if issue_date > "2029-02-28" else [])
