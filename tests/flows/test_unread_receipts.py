"""A receipt that cannot be fetched or put aside holds up nobody else's, is told, and is settled once it can be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.deliver.transport import RemoteReceipt

UNIT = "320000"
FIRST = f"{UNIT}-certificate-00000001"


def _gone(file: Path) -> Callable[[], None]:
    away = file.with_name(f".{file.name}")
    file.rename(away)
    return lambda: away.rename(file) and None


class Spoiler:
    """Spoils the first batch's receipts between being listed and being read, and mends them for the next listing."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, root: Path, spoil: Callable[[Path], Callable[[], None]]
    ) -> None:
        self.looks, self.met = 1000, 0
        """How many more looks that find such a receipt are spoilt, and how many were."""
        self._mend: list[Callable[[], None]] = []
        real = SftpTransport.list_receipts

        def listed(transport: SftpTransport, unit: str) -> list[RemoteReceipt]:
            self.mend()
            found = real(transport, unit)
            mine = [receipt for receipt in found if str(receipt.batch) == FIRST]
            if mine and self.met < self.looks:
                self.met += 1
                self._mend = [spoil(next(root.rglob(receipt.name))) for receipt in mine]
            return found

        monkeypatch.setattr(SftpTransport, "list_receipts", listed)

    def mend(self) -> None:
        while self._mend:
            self._mend.pop()()


def test_the_batches_behind_it_are_settled_in_the_same_run_and_its_own_in_a_later_one(
    world, w, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.national(records=1, wait="5s")
    world.province(UNIT, 3)
    spoiler = Spoiler(monkeypatch, world.hq_home, _gone)
    with caplog.at_level(logging.WARNING):
        summary = world.sync()
    assert spoiler.met > 1
    assert world.rows("SELECT state FROM batch ORDER BY sequence") == [("sent",), ("loaded",), ("loaded",)]
    [reason] = summary.failed.values()
    assert f"ECQS-5026 receipts/{UNIT}/{FIRST}.received.zip" in str(reason)
    assert sum("receipts.unread" in line for line in caplog.messages) == 1
    spoiler.looks = 0
    assert world.sync().failed == {}
    assert world.rows("SELECT DISTINCT state FROM batch") == [("loaded",)]
    assert world.rows("SELECT count(*) FROM receipt WHERE verdict = 'refused'") == [(0,)]
    w.judged_faultless(world, {UNIT: 3})


def test_one_that_can_be_fetched_at_the_next_look_makes_no_run_fail(world, w, monkeypatch: pytest.MonkeyPatch) -> None:
    world.national(records=1)
    world.province(UNIT, 3)
    spoiler = Spoiler(monkeypatch, world.hq_home, _gone)
    spoiler.looks = 2
    assert world.sync().failed == {}
    assert spoiler.met == 2
    assert world.rows("SELECT DISTINCT state FROM batch") == [("loaded",)]
    w.judged_faultless(world, {UNIT: 3})


def test_what_cannot_be_put_aside_is_settled_all_the_same_and_told(world, w, caplog: pytest.LogCaptureFixture) -> None:
    """``taken`` is a file at headquarters: nothing can be moved into it."""
    world.national(records=1)
    world.province(UNIT, 3)
    folder = world.hq_home / "files" / "gateway" / "receipts" / UNIT
    folder.mkdir(parents=True)
    (folder / "taken").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        summary = world.sync()
    assert world.rows("SELECT DISTINCT state FROM batch") == [("loaded",)]
    [reason] = summary.failed.values()
    assert f"ECQS-5027 receipts/{UNIT}/{FIRST}.received.zip" in str(reason)
    assert len(list(folder.glob("*.zip"))) == 9
    assert sum("receipts.stays" in line for line in caplog.messages) == 1
    (folder / "taken").unlink()
    world.put(UNIT, [w.licence(UNIT, 4)])
    assert world.sync().failed == {}
    assert [len(list(place.glob("*.zip"))) for place in (folder, folder / "taken")] == [0, 12]
    assert world.rows("SELECT count(*), count(DISTINCT digest) FROM receipt") == [(12, 12)]
    w.judged_faultless(world, {UNIT: 4})
