"""What headquarters does with good packages: three receipts, one truth per batch id, sequences without gaps."""

from __future__ import annotations

import hashlib

from lxml import etree


def test_a_good_batch_gets_three_sealed_receipts_in_order(office, kit):
    records = kit.certificates(3)
    package = office.sender.package(1, records)
    assert office.deliver(1, package) == ["received", "validated", "loaded"]
    receipts = office.receipts(1)
    numbers = [int(receipts[level].attributes["number"]) for level in ("received", "validated", "loaded")]
    assert numbers == [1, 2, 3]
    packed = kit.unpack(package)["batch.xml.gz"]
    for level, receipt in receipts.items():
        assert kit.sealed_by(receipt.data, office.home / "headquarters.pub.pem")
        assert receipt.attributes["level"] == level
        assert receipt.attributes["batch"] == "320000-certificate-00000001"
        assert receipt.attributes["manifest"] == kit.manifest_digest(package)
        assert receipt.attributes["key"] == office.running.endpoint.key_id
        assert receipt.parts == [("batch.xml.gz", hashlib.sha256(packed).hexdigest())]
        assert receipt.rejections == []
    assert receipts["validated"].counts == {"records": 3, "valid": 3, "invalid": 0}
    assert receipts["loaded"].counts == {"records": 3, "loaded": 3, "rejected": 0}
    versions = "".join(record.version for record in records)
    assert receipts["loaded"].loaded_digest == hashlib.sha256(versions.encode()).hexdigest()


def test_its_receipts_are_valid_by_the_exchange_schema(office, kit):
    schema = etree.XMLSchema(etree.parse(kit.SCHEMAS / "receipt.xsd"))
    office.deliver(
        1,
        office.sender.package(
            1, [*kit.certificates(2), kit.Record(number="(苏)XK06-001-00009", claimed_version="a" * 64)]
        ),
    )
    office.deliver(2, b"no package at all")
    receipts = office.receipts(1) | {"unreadable": office.receipts(2)["rejected"]}
    assert set(receipts) == {"received", "validated", "loaded", "unreadable"}
    for receipt in receipts.values():
        schema.assertValid(etree.fromstring(kit.unpack(receipt.data)["receipt.xml"]))


def test_what_was_loaded_is_held_and_can_be_asked_for(office, kit):
    office.deliver(1, office.sender.package(1, kit.certificates(2)))
    with office.query() as query:
        assert [(held.key, held.valid, held.batch) for held in query.holdings("320000", "certificate")] == [
            ("(苏)XK06-001-00001", True, "320000-certificate-00000001"),
            ("(苏)XK06-001-00002", True, "320000-certificate-00000001"),
        ]
        assert query.holdings("310000") == []
        assert query.counts() == {("320000", "certificate", "loaded"): 2}
        assert query.package("320000-certificate-00000001") == office.sender.package(1, kit.certificates(2))


def test_findings_of_a_record_are_counted_and_refuse_nothing(office, kit):
    finding = '<finding rule="CERT-001" severity="flag" field="valid_until"></finding>'
    office.deliver(1, office.sender.package(1, [kit.Record(finding=finding * 2)]))
    with office.query() as query:
        assert [(version.flags, version.outcome) for version in query.versions("320000-certificate-00000001")] == [
            (2, "loaded")
        ]


def test_the_same_bytes_again_get_the_same_receipts_and_are_not_processed_twice(office):
    package = office.sender.package(1)
    office.deliver(1, package)
    first = office.take(1)
    assert office.levels(1) == []
    assert office.deliver(1, package) == ["received", "validated", "loaded"]
    assert office.take(1) == first
    with office.query() as query:
        assert [batch.submissions for batch in query.batches()] == [2]
        assert [receipt.issues for receipt in query.receipts()] == [2, 2, 2]
        assert query.counts() == {("320000", "certificate", "loaded"): 3}


def test_other_bytes_under_a_taken_batch_id_are_a_conflict_and_overwrite_nothing(office, kit):
    office.deliver(1, office.sender.package(1, kit.certificates(1)))
    office.take(1)
    assert office.deliver(1, office.sender.package(1, kit.certificates(2))) == ["rejected"]
    assert office.receipts(1)["rejected"].codes == ["HQ-106"]
    with office.query() as query:
        assert [alarm.code for alarm in query.alarms()] == ["conflict"]
        assert len(query.holdings()) == 1
        assert query.package("320000-certificate-00000001") == office.sender.package(1, kit.certificates(1))


def test_a_conflicting_package_sent_again_gets_its_refusal_again_and_the_true_one_its_receipts(office, kit):
    true, other = office.sender.package(1, kit.certificates(1)), office.sender.package(1, kit.certificates(2))
    office.deliver(1, true)
    receipts = office.take(1)
    office.deliver(1, other)
    refusal = office.take(1)
    office.deliver(1, other)
    assert office.take(1) == refusal
    office.deliver(1, true)
    assert office.take(1) == receipts


def test_a_repacked_zip_with_the_same_members_is_other_bytes_and_so_a_conflict(office, kit):
    package = office.sender.package(1)
    office.deliver(1, package)
    office.take(1)
    assert office.deliver(1, package + b"\0") == ["rejected"]


def test_a_batch_after_a_gap_is_received_and_held_until_the_gap_is_filled(office, kit):
    batches = {n: office.sender.package(n, kit.certificates(1, first=n)) for n in (1, 2, 3, 4)}
    assert office.deliver(1, batches[1]) == ["received", "validated", "loaded"]
    assert office.deliver(4, batches[4]) == ["received"]
    assert office.deliver(3, batches[3]) == ["received"]
    with office.query() as query:
        gap = query.gaps()
        assert [(found.unit, found.missing, found.held) for found in gap] == [("320000", 2, (3, 4))]
        assert [alarm.code for alarm in query.alarms()] == ["gap", "gap"]
    office.deliver(2, batches[2])
    assert [office.levels(n) for n in (2, 3, 4)] == [["received", "validated", "loaded"]] * 3
    loaded = [int(office.receipts(n)["loaded"].attributes["number"]) for n in (1, 2, 3, 4)]
    assert loaded == sorted(loaded), "batches are loaded in the order of their sequence"
    with office.query() as query:
        assert query.gaps() == []


def test_each_unit_has_a_sequence_of_its_own(office, kit):
    other = office.register(kit.Sender("220000"))
    assert office.deliver(2, office.sender.package(2)) == ["received"]
    package = other.package(1, [kit.Record(number="(吉)XK06-001-00001")])
    assert office.deliver(1, package, other) == ["received", "validated", "loaded"]


def test_each_kind_has_a_sequence_of_its_own_and_case_numbers_are_each_units_own(office, kit):
    cases = kit.Sender("320000", office.sender.key, "approval")
    neighbour = kit.Sender("220000", kind="approval")
    office.register(neighbour)
    office.deliver(1, office.sender.package(1))
    assert office.deliver(1, cases.package(1, [kit.Case()]), cases) == ["received", "validated", "loaded"]
    assert office.deliver(1, neighbour.package(1, [kit.Case()]), neighbour) == ["received", "validated", "loaded"]
    assert office.receipts(1, neighbour)["loaded"].counts == {"records": 1, "loaded": 1, "rejected": 0}
    wrong = kit.Case(number="BJ2026-0002", key="BJ2026-0003")
    office.deliver(2, cases.package(2, [wrong]), cases)
    assert office.receipts(2, cases)["loaded"].rejections[0]["field"] == "case_number"
    with office.query() as query:
        assert [(held.unit, held.key) for held in query.holdings(kind="approval")] == [
            ("220000", "BJ2026-0001"),
            ("320000", "BJ2026-0001"),
        ]


def test_a_rejected_batch_uses_up_its_number_so_that_the_next_can_go_on(office, kit):
    broken = office.sender.batch_xml(1, kit.certificates(1), content="sha256:" + "1" * 64)
    assert office.deliver(1, office.sender.package(1, kit.certificates(1), xml=broken)) == ["received", "rejected"]
    assert office.deliver(2, office.sender.package(2)) == ["received", "validated", "loaded"]


def test_a_duplicate_of_a_rejected_batch_is_answered_with_the_rejection_only(office, kit):
    broken = office.sender.batch_xml(1, kit.certificates(1), content="sha256:" + "1" * 64)
    package = office.sender.package(1, kit.certificates(1), xml=broken)
    office.deliver(1, package)
    first = office.take(1)["320000-certificate-00000001.rejected.zip"]
    assert office.deliver(1, package) == ["rejected"]
    assert office.raw(1)["rejected"] == first


def test_manifests_that_link_to_the_batch_before_are_followed(office, kit):
    first = office.sender.package(1, kit.certificates(1))
    second = office.sender.package(2, kit.certificates(1, first=2), previous=kit.manifest_digest(first))
    office.deliver(1, first)
    assert office.deliver(2, second) == ["received", "validated", "loaded"]


def test_a_new_version_replaces_what_is_held_and_its_history_remains(office, kit):
    old = kit.Record()
    new = kit.Record(holder="江苏远山电缆集团有限公司", previous=old.version)
    office.deliver(1, office.sender.package(1, [old]))
    office.deliver(2, office.sender.package(2, [new]))
    with office.query() as query:
        assert [held.version for held in query.holdings()] == [new.version]
        assert [(v.version, v.outcome) for v in query.history(old.number)] == [
            (old.version, "loaded"),
            (new.version, "loaded"),
        ]


def test_a_record_may_return_to_what_it_was(office, kit):
    old = kit.Record()
    new = kit.Record(holder="江苏远山电缆集团有限公司", previous=old.version)
    again = kit.Record(previous=new.version)
    for sequence, record in enumerate((old, new, again), 1):
        office.deliver(sequence, office.sender.package(sequence, [record]))
    with office.query() as query:
        assert [held.version for held in query.holdings()] == [old.version]
        assert query.repeated() == []


def test_a_version_that_is_held_already_is_loaded_in_effect_once_and_told_to_the_judge(office, kit):
    office.deliver(1, office.sender.package(1, kit.certificates(1)))
    office.deliver(2, office.sender.package(2, kit.certificates(2)))
    assert office.receipts(2)["loaded"].counts == {"records": 2, "loaded": 2, "rejected": 0}
    with office.query() as query:
        assert len(query.holdings()) == 2
        assert [(v.batch, v.position) for v in query.repeated()] == [("320000-certificate-00000002", 1)]


def test_an_invalidated_record_is_held_as_no_longer_valid(office, kit):
    record = kit.Record()
    end = kit.Record(action="invalidate", previous=record.version, claimed_version="e" * 64)
    office.deliver(1, office.sender.package(1, [record]))
    before = _digest(office)
    office.deliver(2, office.sender.package(2, [end]))
    assert office.receipts(2)["loaded"].counts == {"records": 1, "loaded": 1, "rejected": 0}
    with office.query() as query:
        assert [(held.version, held.valid) for held in query.holdings()] == [("e" * 64, False)]
    assert _digest(office) != before


def test_the_digest_of_all_holdings_tells_equal_from_different(office, kit):
    empty = _digest(office)
    office.deliver(1, office.sender.package(1, kit.certificates(2)))
    held = _digest(office)
    office.deliver(2, office.sender.package(2, kit.certificates(2)))
    assert _digest(office) == held != empty


def test_a_file_that_is_no_package_by_its_name_is_set_aside_with_an_alarm(office):
    office.drop("readme.txt", b"hello")
    office.drop("220000-certificate-00000001.zip", office.sender.package(1))
    office.drop("320000-certificate-00000000.zip", office.sender.package(1))
    office.running.wait_idle()
    with office.query() as query:
        assert [alarm.code for alarm in query.alarms()] == ["strange file"] * 3
        assert query.batches() == []
    assert {path.read_bytes() for path in (office.home / "strange").iterdir()} >= {b"hello"}


def test_an_unfinished_upload_is_left_alone(office):
    inbox = office.home / "files" / "gateway" / "inbox" / "320000"
    inbox.mkdir(parents=True)
    part = inbox / ".320000-certificate-00000001.zip.part"
    part.write_bytes(office.sender.package(1)[:100])
    assert office.deliver(2, office.sender.package(2)) == ["received"]
    assert part.exists()


def _digest(office):
    with office.query() as query:
        return query.digest()
