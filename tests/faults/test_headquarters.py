"""Headquarters that is down, hangs, breaks off, lies or refuses: nothing lost, nothing doubled, told clearly."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager

import pytest

from ecqs_gateway.doors.ssh_keys import generate_ssh_key

UNIT = "320000"


def _error(summary, unit: str = UNIT) -> str:
    assert list(summary.failed) == [f"{unit} certificate"], summary
    return summary.failed[f"{unit} certificate"]


def _nothing_taken_for_delivered(world, batches: int) -> None:
    assert world.rows("SELECT count(*) FROM batch WHERE state = 'sealed'") == [(batches,)]


def test_headquarters_that_is_down_is_told_and_the_batches_wait(bare, w) -> None:
    bare.province(UNIT, 120)
    with bare.headquarters() as running:
        address = running.endpoint
    message = _error(bare.sync())
    assert message.startswith("ECQS-5001")
    assert f":{address.port}" in message
    assert "Next:" in message
    _nothing_taken_for_delivered(bare, 3)
    # As many attempts as the settings allow, each in the ledger, and no second extraction of the same rows.
    assert bare.rows("SELECT outcome, count(*) FROM attempt GROUP BY outcome") == [("transient", 2)]
    with bare.headquarters():
        assert bare.sync().failed == {}
        w.judged_faultless(bare, {UNIT: 120})


def test_another_host_key_is_an_alarm_and_nothing_is_sent(world, w) -> None:
    world.province(UNIT, 10)
    pinned = world.connections["ecqs_national"]["extra"]["host_key"]
    other = " ".join(generate_ssh_key().public.split()[:2])
    world.connections["ecqs_national"]["extra"]["host_key"] = other
    message = _error(world.sync())
    assert message.startswith("ECQS-5010")
    assert "Next:" in message
    assert world.rows("SELECT outcome FROM attempt") == [("terminal",)]  # never tried a second time
    w.judged_faultless(world, {UNIT: 0})
    world.connections["ecqs_national"]["extra"]["host_key"] = pinned
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 10})


def test_headquarters_that_changes_its_host_key_is_not_spoken_to(world, w) -> None:
    world.province(UNIT, 10)
    world.misbehave(host_key="other")
    assert _error(world.sync()).startswith("ECQS-501")
    world.behave()
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 10})


@contextmanager
def _silent_server():
    """A port that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_is_given_up_in_bounded_time(bare, w, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecqs_gateway.doors import ssh

    bare.province(UNIT, 10)
    bare.national(attempts=1)
    with bare.headquarters():
        way = bare.connections["ecqs_national"]
        plain = ssh.Endpoint.of
        quick = ssh.Timeouts(connect=1, handshake=1, login=1, answer=1)
        monkeypatch.setattr(
            ssh.Endpoint, "of", lambda *a, **k: __import__("dataclasses").replace(plain(*a, **k), timeouts=quick)
        )
        with _silent_server() as port:
            good, way["port"] = way["port"], port
            started = time.monotonic()
            message = _error(bare.sync())
            assert time.monotonic() - started < 1 + 5 + 5
        assert message.startswith("ECQS-500")
        way["port"] = good
        assert bare.sync().failed == {}
        w.judged_faultless(bare, {UNIT: 10})


@pytest.mark.parametrize(
    "orders",
    [
        {"disconnect": {"after_bytes": 3000, "times": 2}},
        {"disconnect": {"after_rename": True, "times": 2}},
        {"refuse": "disk_full"},
        {"refuse": "permission"},
        {"refuse": "login"},
    ],
    ids=["cut in upload", "cut after rename", "disk full", "no permission", "no login"],
)
def test_an_upload_that_breaks_is_whole_in_the_end(orders: dict, world, w) -> None:
    world.province(UNIT, 120)
    world.misbehave(**orders)
    summary = world.sync()
    with world.query() as query:
        assert all(batch.bound for batch in query.batches())  # no half file was ever taken for a package
        assert query.faults() == []
    if "refuse" in orders:
        message = _error(summary)
        assert message.startswith("ECQS-50")
        assert "Next:" in message
    world.behave()
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 120})
    with world.query() as query:
        assert [batch.sequence for batch in query.batches()] == [1, 2, 3]


def _until_settled(world, *, rounds: int = 12) -> int:
    """Run again and again, an hour apart, until headquarters has settled everything; give the number of rounds."""
    for round_ in range(1, rounds + 1):
        world.clock.forward(hours=2)
        world.sync()
        if world.rows("SELECT count(*) FROM batch WHERE state NOT IN ('loaded', 'rejected')") == [(0,)]:
            return round_
    raise AssertionError(f"still unsettled after {rounds} runs")


LIES = ["drop", "tamper", "reorder", "premature"]  # tests/faults/test_receipts.py has them all


@pytest.mark.parametrize("lie", LIES)
def test_receipts_that_lie_change_nothing_and_the_end_is_right(lie: str, world, w) -> None:
    world.national(records=25, wait="1s")
    world.province(UNIT, 150)
    world.misbehave(seed=7, **{lie: {"probability": 0.6}})
    world.sync()
    world.clock.forward(hours=2)
    world.sync()
    with world.query() as query:
        acts = {act.act for act in query.acts()}
    assert lie in acts, "headquarters did not misbehave: this proves nothing"
    _told(world, lie)
    world.behave()
    _until_settled(world)
    w.judged_faultless(world, {UNIT: 150})
    _agree(world)


def _told(world, lie: str) -> None:
    """Every receipt that was forged is kept with a reason, and none of them is believed."""
    refused = world.rows("SELECT reason, file, level FROM receipt WHERE verdict = 'refused'")
    if lie in ("drop", "duplicate", "reorder"):
        assert {reason[:9] for reason, *_ in refused} <= {"ECQS-5113"}  # before their turn; they fit later
        return
    assert refused
    for reason, file, _ in refused:
        assert reason.startswith("ECQS-51")
        assert len(reason) > len("ECQS-5101 ")
        assert (world.home / "stage" / file).is_file()


def _agree(world) -> None:
    """What the gateway believes to be loaded is what headquarters loaded, batch by batch, by one receipt a level."""
    with world.query() as query:
        theirs = {batch.batch: (batch.state, batch.records) for batch in query.batches()}
        receipts = {(r.batch, r.level): r.id for r in query.receipts()}
    assert {b: (s, n) for b, s, n in world.rows("SELECT id, state, records FROM batch")} == theirs
    accepted = world.rows("SELECT batch_id, level, receipt_id FROM receipt WHERE verdict = 'accepted'")
    assert len(accepted) == len({(batch, level) for batch, level, _ in accepted})
    assert {(batch, level): number for batch, level, number in accepted} == receipts


def test_a_whole_batch_refused_holds_its_lane_and_no_other(world, w) -> None:
    """Headquarters does not know the key: it refuses what is signed with it as a whole."""
    from ecqs_gateway.deliver.signing import algorithm
    from ecqs_gateway.doors.files import write_atomic

    world.province(UNIT, 60)
    file = world.keys / "gateway-ed25519.pem"
    known = file.read_bytes()
    write_atomic(file, algorithm("ed25519").generate().private)
    assert _error(world.sync()).startswith("ECQS-5061")
    held = world.rows("SELECT held_reason FROM lane")[0][0]
    assert held is not None
    assert "HQ-1" in held
    assert f"{UNIT}-certificate-0000000" in held
    w.judged_faultless(world, {UNIT: 0})

    write_atomic(file, known)
    message = _error(world.sync())
    assert message.startswith("ECQS-5061")
    assert "HQ-1" in message
    assert "Next:" in message
    world.province("370000", 5)
    assert list(world.sync().failed) == [f"{UNIT} certificate"]
    w.judged_faultless(world, {UNIT: 0, "370000": 5})


def test_a_missing_signing_key_is_told_before_anything_is_sealed(world, w) -> None:
    world.province(UNIT, 5)
    file = world.keys / "gateway-ed25519.pem"
    kept = file.read_bytes()
    file.unlink()
    message = _error(world.sync())
    assert message.startswith("ECQS-4026")
    assert str(file) in message
    assert "Next:" in message
    assert world.rows("SELECT count(*) FROM batch") == [(0,)]
    file.write_bytes(kept)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})


def test_without_a_key_of_headquarters_no_receipt_is_believed_and_none_is_lost(world, w) -> None:
    world.province(UNIT, 5)
    [file] = world.keys.glob("headquarters-*.pem")
    kept = file.read_bytes()
    file.unlink()
    message = _error(world.sync())
    assert message.startswith("ECQS-4027")
    assert "Next:" in message
    assert world.rows("SELECT count(*) FROM receipt WHERE verdict = 'accepted'") == [(0,)]
    file.write_bytes(kept)
    world.clock.forward(hours=2)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})
    _agree(world)


def test_two_runs_at_once_send_everything_once(world, w) -> None:
    import threading

    world.province(UNIT, 200)
    world.province("370000", 200)
    summaries: list = []
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        summaries.append(world.sync())

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    errors = [message for summary in summaries for message in summary.failed.values()]
    assert all(message.startswith("ECQS-3004") and "Next:" in message for message in errors), errors
    assert len(summaries) == 3
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 200, "370000": 200})
