"""Every step of every flow stands in the evidence chain, and nothing of a record does."""

from __future__ import annotations

import json

import pytest

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.flows import nightly
from ecqs_gateway.ledger import evidence, extractions, lanes, runs
from ecqs_gateway.ledger.events import EVENTS

UNIT, OTHER = "320000", "370000"
CANARY = "张三13800138000身份证110101199003074477"


def _chain(world) -> list[evidence.Entry]:
    with world.ledger() as database, database.read() as connection:
        evidence.verify(connection)
        return list(evidence.entries(connection))


def _events(world) -> list[str]:
    return [entry.event for entry in _chain(world)]


def _a_night_of_everything(world, w) -> None:
    """Let each step happen that a flow or a person can make happen with what this part of the gateway has."""
    rows = [w.licence(UNIT, n) for n in range(1, 6)]
    world.province(UNIT, [*rows, w.licence(UNIT, 6, fzrq=CANARY), w.licence(UNIT, 7, qymc=CANARY)])
    way = world.connections["ecqs_national"]["extra"]
    pinned, way["host_key"] = way["host_key"], " ".join(generate_ssh_key().public.split()[:2])
    assert world.sync().failed  # an attempt that fails for good
    way["host_key"] = pinned
    world.misbehave(seed=7, tamper={"probability": 1})
    world.sync()  # receipts that are refused
    world.behave()
    world.clock.forward(hours=2)
    assert world.sync().failed == {}  # sent again, receipts
    with world.ledger() as database:
        lanes.acquire(database, UNIT, "certificate", clock=world.clock)
    world.clock.forward(minutes=2)
    assert world.sync().failed == {}  # a lease taken over
    _abandoned(world)
    file = world.keys / "gateway-ed25519.pem"
    known = file.read_bytes()
    write_atomic(file, algorithm("ed25519").generate().private)
    world.province(OTHER, 3)
    assert world.sync().failed  # a batch refused as a whole holds its lane
    write_atomic(file, known)
    with world.ledger() as database, database.write() as connection:
        lanes.unhold(connection, 2, clock=world.clock)


def _abandoned(world) -> None:
    with world.gateway() as gateway:
        run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, clock=world.clock)
        lease = lanes.acquire(gateway.database, UNIT, "certificate", clock=world.clock)
        draft = extractions.Extraction(0, 3, "zs", {})
        stored = extractions.store(gateway.database, lease, run, draft, watermark=None)
        extractions.abandon(gateway.database, lease, run, stored)
        lanes.release(gateway.database, lease)
        runs.finish(gateway.database, run, failed=False)


@pytest.mark.slow
def test_all_events_happen_with_the_facts_that_are_documented(world, w) -> None:
    _a_night_of_everything(world, w)
    chain = _chain(world)
    known_here = {
        "run started", "content kept", "lease taken over", "extracted", "abandoned", "sealed", "prepared", "sent",
        "sent again", "attempt failed", "receipt", "receipt refused", "lane held", "lane released", "run closed",
    }  # fmt: skip
    assert known_here <= {entry.event for entry in chain}
    for entry in chain:
        facts = json.loads(entry.facts)
        assert facts, entry
        assert set(facts) <= set(EVENTS[entry.event].facts), entry
        text = entry.subject + entry.facts
        assert "13800138000" not in text
        assert "有限公司" not in text
        assert "XK06" not in text
    failed = next(json.loads(e.facts) for e in chain if e.event == "attempt failed")
    assert failed["code"] == "ECQS-5010"
    refused = [json.loads(e.facts) for e in chain if e.event == "receipt refused"]
    assert {facts["reason"] for facts in refused} <= {f"ECQS-51{n:02d}" for n in range(1, 17)}
    held = next(json.loads(e.facts) for e in chain if e.event == "lane held")
    assert held["code"] == "HQ-102"


def test_the_steps_of_a_clean_run_stand_in_their_order(world, w) -> None:
    world.province(UNIT, 3)
    world.sync()
    events = _events(world)
    assert events[:5] == ["content kept", "run started", "extracted", "sealed", "prepared"]
    assert events[5:] == ["sent", "receipt", "receipt", "receipt", "run closed"]
    world.sync()
    assert _events(world)[10:] == ["run started", "extracted", "prepared", "run closed"]


def test_headquarters_holds_the_head_and_number_each_batch_was_sealed_on(world, w) -> None:
    world.national(records=10)
    world.province(UNIT, 35, batch_rows=15)
    world.sync()
    chain = {entry.sequence: entry.hash.hex() for entry in _chain(world)}
    with world.query() as query:
        anchors = query.anchors()
        assert len(anchors) == len(query.batches()) >= 4
        assert [a for a in query.alarms() if a.code.startswith("evidence-")] == []
    assert all(chain[anchor["entry"]] == anchor["head"] for anchor in anchors)
    assert len({anchor["entry"] for anchor in anchors}) > 1


def test_a_ledger_restored_from_an_old_backup_is_an_alarm_at_headquarters(world, w) -> None:
    """Somebody cuts the chain's end off and goes on: the next batch says so to headquarters."""
    world.province(UNIT, 3)
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 1, zt="注销", gxsj="2026-11-22 09:00:00")])
    world.sync()
    with world.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM evidence WHERE sequence > 4")
    world.put(UNIT, [w.licence(UNIT, 2, zt="注销", gxsj="2026-11-22 10:00:00")])
    assert world.sync().failed == {}
    with world.query() as query:
        [alarm] = [a for a in query.alarms() if a.code.startswith("evidence-")]
    assert (alarm.code, alarm.batch) == ("evidence-backwards", f"{UNIT}-certificate-00000003")


def test_a_changed_mapping_is_kept_as_another_bundle(world, w) -> None:
    world.province(UNIT, 2)
    world.sync()
    file = world.content / f"mappings/{UNIT}/certificate.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# 改过\n", encoding="utf-8")
    world.sync()
    world.sync()
    assert _events(world).count("content kept") == 2
    assert world.rows("SELECT count(*), count(DISTINCT file_digest) FROM content_bundle") == [(2, 2)]
    assert world.rows("SELECT count(DISTINCT bundle) FROM run") == [(2,)]
