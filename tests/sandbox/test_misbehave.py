"""Headquarters does wrong exactly what it was told to, repeatably, and keeps account of it."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile

import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.misbehave import Chance, Crash, Orders, behave, misbehave, read_orders

ALL = ["received", "validated", "loaded"]


def order(office, **what):
    misbehave(office.home, Orders(**what))


def acts(office, act=None):
    with office.query() as query:
        return [(found.act, found.level) for found in query.acts(act)]


def test_a_dropped_receipt_never_appears_until_the_batch_comes_again(office):
    order(office, drop=Chance(levels=("loaded",), times=1))
    package = office.sender.package(1)
    assert office.deliver(1, package) == ["received", "validated"]
    assert acts(office) == [("drop", "loaded")]
    with office.query() as query:
        assert [batch.state for batch in query.batches()] == ["loaded"]
        issued = {receipt.level: receipt.bytes for receipt in query.receipts()}
    assert office.deliver(1, package) == ALL
    assert office.raw(1) == issued


def test_the_same_seed_drops_the_same_receipts_and_another_seed_others(office, kit, tmp_path):
    def lost(seed, name):
        home = tmp_path / name
        home.mkdir()
        other = kit.Office(home, office.sender)
        other.register(office.sender)
        misbehave(home, Orders(seed=seed, drop=Chance(probability=0.3)))
        other.start()
        for n in range(1, 13):
            other.drop(f"{other.sender.batch_id(n)}.zip", other.sender.package(n, kit.certificates(1, first=n)))
        other.running.wait_idle()
        other.stop()
        with other.query() as query:
            return {(act.batch, act.level) for act in query.acts("drop")}

    first, again, differently = lost(7, "first"), lost(7, "again"), lost(8, "differently")
    assert first == again
    assert first != differently
    assert 4 <= len(first) <= 20, "about 30 % of 36 receipts"


def test_resending_brings_every_dropped_receipt_in_the_end_with_the_same_bytes(office, kit):
    order(office, seed=3, drop=Chance(probability=0.5))
    packages = {n: office.sender.package(n, kit.certificates(1, first=n)) for n in range(1, 9)}
    seen: dict[str, bytes] = {}
    rounds = 0
    while len(seen) < 24:
        rounds += 1
        assert rounds < 30
        for n, package in packages.items():
            office.deliver(n, package)
        for name, data in office.take().items():
            assert seen.setdefault(name, data) == data
    with office.query() as query:
        assert query.counts() == {("320000", "certificate", "loaded"): 8}
        assert query.repeated() == []


def test_a_delayed_receipt_comes_late_and_those_after_it_wait(office):
    order(office, delay={"validated": 0.4})
    office.drop("320000-certificate-00000001.zip", office.sender.package(1))
    deadline = time.monotonic() + 5
    while office.levels(1) != ["received"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    assert office.levels(1) == ["received"]
    office.running.wait_idle()
    assert office.levels(1) == ALL
    assert acts(office) == [("delay", "validated")]


def test_a_duplicated_receipt_appears_again_once_the_first_was_taken(office):
    order(office, duplicate=Chance(levels=("received",)))
    office.deliver(1, office.sender.package(1))
    first = office.take(1)
    deadline = time.monotonic() + 5
    while office.levels(1) != ["received"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert office.raw(1)["received"] == first["320000-certificate-00000001.received.zip"]


def test_reordered_receipts_appear_last_first(office):
    order(office, reorder=Chance())
    office.deliver(1, office.sender.package(1))
    assert list(office.raw(1)) == ["loaded", "validated", "received"]
    assert acts(office, "reorder") == [("reorder", level) for level in ALL]


def test_a_tampered_receipt_differs_in_one_bit_and_its_seal_no_longer_fits(office, kit):
    order(office, tamper=Chance(levels=("loaded",)))
    office.deliver(1, office.sender.package(1))
    tampered = office.raw(1)["loaded"]
    with office.query() as query:
        true = query.receipts()[2].bytes
    pairs = zip(kit.unpack(true)["receipt.xml"], kit.unpack(tampered)["receipt.xml"], strict=True)
    assert [a ^ b for a, b in pairs if a != b] == [1]
    assert kit.sealed_by(true, office.home / "headquarters.pub.pem")
    assert not kit.sealed_by(tampered, office.home / "headquarters.pub.pem")


def test_swapped_digests_change_places_under_a_true_seal(office, kit):
    order(office, swap=Chance(levels=("received",)))
    package = office.sender.package(1)
    office.deliver(1, package)
    swapped, true = office.receipts(1)["received"], office.receipts(1)["validated"]
    assert kit.sealed_by(swapped.data, office.home / "headquarters.pub.pem")
    assert swapped.attributes["manifest"] == true.parts[0][1]
    assert swapped.parts[0][1] == true.attributes["manifest"] == kit.manifest_digest(package)


def test_a_replayed_receipt_is_that_of_another_batch_and_of_another_unit_if_there_is_one(office, kit):
    other = office.register(kit.Sender("220000"))
    office.deliver(1, office.sender.package(1))
    office.deliver(1, other.package(1, [kit.Record(number="(吉)XK06-001-00001")]), other)
    order(office, replay=Chance(levels=("loaded",)))
    office.deliver(2, office.sender.package(2))
    assert office.raw(2)["loaded"] == office.raw(1, other)["loaded"]


def test_where_there_is_nothing_to_replay_the_true_receipt_comes(office):
    order(office, replay=Chance())
    assert office.deliver(1, office.sender.package(1)) == ALL
    assert acts(office) == []
    assert office.receipts(1)["loaded"].attributes["batch"] == "320000-certificate-00000001"


def test_a_truncated_receipt_is_half_a_file(office, kit):
    order(office, truncate=Chance(levels=("loaded",)))
    office.deliver(1, office.sender.package(1))
    half = office.raw(1)["loaded"]
    with office.query() as query:
        assert query.receipts()[2].bytes.startswith(half)
    with pytest.raises(zipfile.BadZipFile):
        kit.unpack(half)


def test_a_foreign_seal_claims_headquarters_key_and_does_not_fit_it(office, kit):
    order(office, foreign=Chance(levels=("loaded",)))
    office.deliver(1, office.sender.package(1))
    forged = office.raw(1)["loaded"]
    assert json.loads(kit.unpack(forged)["receipt.sig"])["key_id"] == office.running.endpoint.key_id
    assert not kit.sealed_by(forged, office.home / "headquarters.pub.pem")
    with office.query() as query:
        assert kit.unpack(query.receipts()[2].bytes)["receipt.xml"] == kit.unpack(forged)["receipt.xml"]


def test_a_forged_receipt_is_followed_by_the_true_one_when_the_batch_comes_again(office):
    order(office, tamper=Chance(times=3))
    package = office.sender.package(1)
    office.deliver(1, package)
    forged = office.take(1)
    office.deliver(1, package)
    with office.query() as query:
        true = {f"{receipt.batch}.{receipt.level}.zip": receipt.bytes for receipt in query.receipts()}
    assert office.take(1) == true
    assert all(forged[name] != true[name] for name in true)


def test_a_neighbours_receipt_is_that_of_another_batch_of_the_same_unit(office, kit):
    other = office.register(kit.Sender("220000"))
    office.deliver(1, office.sender.package(1))
    office.deliver(1, other.package(1, [kit.Record(number="(吉)XK06-001-00001")]), other)
    order(office, neighbour=Chance(levels=("loaded",)))
    office.deliver(2, office.sender.package(2, kit.certificates(1, first=2)))
    assert office.raw(2)["loaded"] == office.raw(1)["loaded"]


@pytest.mark.parametrize(
    ("act", "changed"),
    [("issuer", {"issuer"}), ("sequence", {"sequence"}), ("last_year", {"issued", "manifest"})],
)
def test_a_rewritten_receipt_differs_in_what_it_was_told_under_a_true_seal(office, kit, act, changed):
    order(office, **{act: Chance(levels=("loaded",))})
    office.deliver(1, office.sender.package(1))
    forged, true = office.receipts(1)["loaded"], office.receipts(1)["validated"]
    assert kit.sealed_by(forged.data, office.home / "headquarters.pub.pem")
    with office.query() as query:
        issued = query.receipts()[2].bytes
        assert list(query.forgeries()) == [("320000-certificate-00000001.loaded.zip", _sha256(forged.data))]
    assert forged.data != issued
    differing = {name for name, value in forged.attributes.items() if value != true.attributes[name]}
    assert changed <= differing <= changed | {"id", "number", "level", "issued"}
    assert (forged.parts == true.parts) == (act != "last_year")


def test_a_premature_receipt_says_loaded_before_anything_is(office, kit):
    order(office, premature=Chance())
    office.drop("320000-certificate-00000001.zip", office.sender.package(1))
    deadline = time.monotonic() + 5
    while "loaded" not in office.levels(1):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    early = office.receipts(1)["loaded"]
    office.running.wait_idle()
    assert office.levels(1) == ALL
    with office.query() as query:
        true = query.receipts()[2]
        assert [name for name, _ in query.forgeries()] == ["320000-certificate-00000001.loaded.zip"]
    assert early.data != true.bytes, "the true one has taken its place by now"
    assert kit.sealed_by(early.data, office.home / "headquarters.pub.pem")
    assert int(early.attributes["number"]) < true.number


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_acts_can_be_kept_to_one_unit(office, kit):
    other = office.register(kit.Sender("220000"))
    order(office, drop=Chance(units=("220000",)))
    assert office.deliver(1, office.sender.package(1)) == ALL
    assert office.deliver(1, other.package(1, [kit.Record(number="(吉)XK06-001-00001")]), other) == []


def test_it_behaves_again_as_soon_as_the_orders_are_taken_back(office):
    order(office, drop=Chance())
    assert office.deliver(1, office.sender.package(1)) == []
    behave(office.home)
    assert office.deliver(2, office.sender.package(2)) == ALL


def test_orders_that_cannot_be_read_leave_the_last_ones_in_force(office):
    order(office, drop=Chance(levels=("loaded",)))
    assert office.deliver(1, office.sender.package(1)) == ["received", "validated"]
    (office.home / "misbehave.json").write_text('{"drop": ')
    assert office.deliver(2, office.sender.package(2)) == ["received", "validated"]
    assert acts(office, "unreadable orders") != []


@pytest.mark.parametrize("text", ['{"dropp": {}}', '{"drop": {"probability": 2}}', '{"hang": {"at": "lunch"}}', "[]"])
def test_unknown_orders_are_an_error_that_names_the_place(tmp_path, text):
    (tmp_path / "misbehave.json").write_text(text)
    with pytest.raises(Misconfigured, match="ECQS-6054"):
        read_orders(tmp_path)


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
@pytest.mark.parametrize("level", ALL)
def test_dying_around_a_commit_loses_and_doubles_nothing(office, kit, level, point):
    order(office, crash=Crash(at=level, point=point))
    records = kit.certificates(2)
    office.drop("320000-certificate-00000001.zip", office.sender.package(1, records))
    assert office.running.died.wait(5)
    before = ALL.index(level)
    assert office.levels(1) == ALL[:before], "the receipt of the level it died at has not appeared"
    office.restart().wait_idle()
    assert office.levels(1) == ALL
    assert acts(office) == [("crash", None)]
    numbers = [int(office.receipts(1)[found].attributes["number"]) for found in ALL]
    assert numbers == [1, 2, 3]
    with office.query() as query:
        assert query.counts() == {("320000", "certificate", "loaded"): 2}
        assert query.batches()[0].submissions == 1 or (level, point) == ("received", "after_commit")
