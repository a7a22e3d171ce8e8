"""Headquarters is down while every province wants to send (F8): a bounded number of attempts, spread in time."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from ecqs_gateway.doors.ssh_keys import generate_ssh_key


def test_of_every_province_a_dead_line_takes_no_more_than_its_budget(bare, w) -> None:
    bare.national(records=2, attempts=3)
    for unit in w.CHARACTERS:
        bare.province(unit, 3)
    with bare.headquarters():
        pass
    connects = _counted(bare)
    started = time.monotonic()
    summary = bare.sync()
    assert time.monotonic() - started < 120
    assert len(summary.failed) == len(w.CHARACTERS)
    tried = bare.rows("SELECT batch_id, count(*) FROM attempt WHERE outcome = 'transient' GROUP BY batch_id")
    assert {number for _, number in tried} == {3}
    assert len(tried) == len(w.CHARACTERS), "only the first batch of a lane is tried"
    # Three attempts to send, and one to fetch receipts before.
    assert set(connects.values()) <= {3, 4}
    with bare.headquarters():
        assert bare.sync().failed == {}
        w.judged_faultless(bare, dict.fromkeys(w.CHARACTERS, 3))


def _counted(world) -> Counter[str]:
    """Count how often each delivering thread asks for a connection to headquarters, by spying on the real one."""
    from ecqs_gateway.deliver import sftp

    counts: Counter[str] = Counter()
    plain = sftp.SftpSession

    class Counting(plain):  # type: ignore[misc, valid-type]
        def __init__(self, *given, **named) -> None:
            import threading

            counts[threading.current_thread().name] += 1
            super().__init__(*given, **named)

    world.patch.setattr(sftp, "SftpSession", Counting)
    return counts


@pytest.fixture(autouse=True)
def _patch(bare, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.patch = monkeypatch


def test_the_budget_of_a_province_holds_for_receipts_and_batches_together(bare, w) -> None:
    bare.province("320000", 2)
    file = bare.content / "connectors/national.yaml"
    text = file.read_text(encoding="utf-8")
    settings = "retry: {attempts: 3, unit_attempts: 3, first_delay: 10ms, longest_delay: 20ms}\n"
    file.write_text(text[: text.index("retry:")] + settings, encoding="utf-8")
    with bare.headquarters():
        pass
    assert bare.sync().failed["320000 certificate"].startswith("ECQS-5001")
    # One of the three went into looking for receipts.
    assert bare.rows("SELECT outcome, count(*) FROM attempt GROUP BY outcome") == [("transient", 2)]
    with bare.headquarters():
        assert bare.sync().failed == {}
        w.judged_faultless(bare, {"320000": 2})


def test_a_terminal_error_is_never_tried_again(bare, w) -> None:
    for unit in ("110000", "320000", "370000"):
        bare.province(unit, 3)
    with bare.headquarters():
        way = bare.connections["ecqs_national"]["extra"]
        way["host_key"] = " ".join(generate_ssh_key().public.split()[:2])
        assert len(bare.sync().failed) == 3
    assert bare.rows("SELECT outcome, count(*) FROM attempt GROUP BY outcome") == [("terminal", 3)]
