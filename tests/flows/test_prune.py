"""What is older than the retention goes, what is unsettled stays, and whoever reads what is gone is told so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.flows import prune as flow
from ecqs_gateway.flows import record
from ecqs_gateway.flows.prune import CLASSES, Pruned, prune
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.stage import Stage

UNIT = "320000"
ROWS_GONE = timedelta(days=181)
PACKAGES_GONE = timedelta(days=1096)


def run(world, *classes: str, dry_run: bool = False) -> dict[str, Pruned]:
    with world.gateway() as gateway:
        return {done.name: done for done in prune(gateway, classes, dry_run=dry_run)}


def files(world, folder: str) -> list[str]:
    root = world.home / "stage" / folder
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def forward(world, step: timedelta) -> None:
    world.clock.forward(days=step.days)


def chain(world) -> list[tuple[str, str, dict]]:
    with world.ledger() as database, database.read() as connection:
        evidence.verify(connection)
        return [(entry.event, entry.subject, json.loads(entry.facts)) for entry in evidence.entries(connection)]


@pytest.fixture
def old(world, w) -> Iterator[Any]:
    """One night of 120 good rows and a bad one that was mended the next night; half a year ago."""
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 121)), w.licence(UNIT, 121, fzrq="昨天")])
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 121)])
    world.sync()
    assert world.rows("SELECT state FROM dead_letter") == [("resolved",)]
    forward(world, ROWS_GONE)
    return world


def test_nothing_young_is_removed(world, w) -> None:
    world.province(UNIT, 5)
    world.sync()
    before = files(world, "")
    done = run(world)
    assert set(done) == set(CLASSES)
    assert all(each.removed == each.size == 0 for each in done.values())
    assert files(world, "") == before
    assert [event for event, _, _ in chain(world) if event == "pruned"] == []


def test_old_rows_go_and_everything_else_stays(old, w) -> None:
    packages, receipts = files(old, "outbox"), files(old, "receipts")
    versions = old.rows("SELECT count(*) FROM record_version")
    rows = len(files(old, "extractions"))
    assert rows >= 3
    told = run(old, dry_run=True)
    assert len(files(old, "extractions")) == rows
    done = run(old)
    assert files(old, "extractions") == []
    assert (files(old, "outbox"), files(old, "receipts")) == (packages, receipts)
    assert done["extractions"].removed == told["extractions"].removed == rows
    assert done["extractions"].size == told["extractions"].size > 0
    assert done["packages"].removed == 0
    assert old.rows("SELECT count(*) FROM extraction WHERE pruned_at IS NULL") == [(0,)]
    assert old.rows("SELECT count(*) FROM record_version") == versions
    [(_, _, facts)] = [entry for entry in chain(old) if entry[:2] == ("pruned", "extractions")]
    assert facts["count"] == rows
    assert len(facts["digest"]) == 64
    assert all(each.removed == 0 for each in run(old).values())


def test_whoever_reads_what_is_gone_is_told_since_when(old, w) -> None:
    forward(old, PACKAGES_GONE)
    run(old)
    assert files(old, "outbox") == []
    day = old.clock().isoformat()[:10]
    with old.gateway() as gateway:
        found = record.describe(gateway, w.key(UNIT, 7))
        [version] = found["versions"]
        assert f"removed under the retention on {day}" in version["source"]
        assert f"removed under the retention on {day}" in version["body"]
        for name in (version["package"], json.loads(version["files"])["rows"][0]):
            with pytest.raises(GatewayError) as caught:
                gateway.stage.get(name, "00")
            assert caught.value.code == "ECQS-3017"
            assert day in caught.value.message
        with pytest.raises(GatewayError) as caught:
            gateway.stage.get("outbox/never/was.zip", "00")
        assert caught.value.code == "ECQS-3012"
    shown = CliRunner().invoke(app, ["show", w.key(UNIT, 7)], env=old.environment())
    assert shown.exit_code == 0, shown.output
    assert f"removed under the retention on {day}" in shown.output
    assert [receipt["level"] for receipt in version["receipts"]] == ["received", "validated", "loaded"]


def test_a_sync_after_a_prune_sends_nothing_twice(old, w) -> None:
    forward(old, PACKAGES_GONE)
    run(old)
    summary = old.sync()
    assert summary.failed == {}
    assert w.counts(summary)["sent"] == 0
    old.put(UNIT, [w.licence(UNIT, 3, zt="注销", gxsj="2026-11-25 09:00:00")])
    assert w.counts(old.sync())["sent"] == 1
    w.judged_faultless(old, {UNIT: 121})


def test_settled_dead_letters_lose_their_payload_and_keep_their_reasons(old) -> None:
    before = old.rows("SELECT id, identity, state, reasons, source_key FROM dead_letter")
    assert run(old)["dead_letters"].removed == 1
    assert old.rows("SELECT source, mapped FROM dead_letter") == [(None, None)]
    assert old.rows("SELECT id, identity, state, reasons, source_key FROM dead_letter") == before
    assert run(old)["dead_letters"].removed == 0


def test_an_open_dead_letter_keeps_itself_and_its_rows(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, fzrq="昨天")])
    world.sync()
    forward(world, ROWS_GONE)
    done = run(world)
    assert done["extractions"].removed == 0
    assert done["extractions"].kept == {"open dead letters": 1}
    assert done["dead_letters"].kept == {"open": 1}
    assert world.rows("SELECT source IS NOT NULL FROM dead_letter") == [(1,)]
    with world.gateway() as gateway:
        assert record.describe(gateway, w.key(UNIT, 1))["versions"][0]["source"]["id"] == "1"


def test_rows_and_packages_that_are_not_settled_stay(world, w) -> None:
    world.national(wait="0s")
    world.province(UNIT, 5)
    world.misbehave(drop={"levels": ["received", "validated", "loaded"]})
    world.sync()
    assert world.rows("SELECT DISTINCT state FROM batch") != [("loaded",)]
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert (done["extractions"].removed, done["packages"].removed, done["attempts"].removed) == (0, 0, 0)
    assert done["extractions"].kept == {"batch not settled": 1}
    assert done["packages"].kept == {"not settled": 1}
    assert done["attempts"].kept["batch not settled"] >= 1
    world.behave()
    world.national(wait="10s")
    world.sync()
    w.judged_faultless(world, {UNIT: 5})
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert done["packages"].removed == 1
    assert done["attempts"].removed >= 1
    assert world.rows("SELECT count(*) FROM attempt") == [(0,)]


def test_rows_that_were_not_processed_stay(world, w, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecqs_gateway.flows import collect

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed")

    world.province(UNIT, 5)
    with monkeypatch.context() as patched:
        patched.setattr(collect, "prepare", crash)
        with pytest.raises(RuntimeError):
            world.sync()
    forward(world, ROWS_GONE)
    done = run(world)
    assert done["extractions"].kept == {"not processed": 1}
    assert done["stray"].removed == 0
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})


def _refuse_a_batch(world, w, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecqs_gateway.sandbox import process
    from ecqs_gateway.sandbox.package import Refusal

    def refuse(*_: Any, **__: Any) -> None:
        raise Refusal("HQ-104", "坏")

    world.province(UNIT, 5)
    with monkeypatch.context() as patched:
        patched.setattr(process, "judge", refuse)
        assert world.sync().failed
    assert world.rows("SELECT state FROM batch") == [("rejected",)]


def test_a_held_lane_keeps_everything(world, w, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_a_batch(world, w, monkeypatch)
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert done["extractions"].kept == {"lane held": 1}
    assert done["packages"].kept == {"lane held": 1}


def test_a_refusal_that_was_not_released_keeps_rows_and_package(world, w, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_a_batch(world, w, monkeypatch)
    with world.ledger() as database, database.write() as connection:
        connection.execute(sa.text("UPDATE lane SET held_reason = NULL"))
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert done["extractions"].kept == {"refused and not released": 1}
    assert done["packages"].kept == {"refused and not released": 1}
    assert world.sync().failed == {}  # the rows are read again, and their records go out in a newer batch
    w.judged_faultless(world, {UNIT: 5})
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert (done["packages"].removed, done["extractions"].kept["refused and not released"]) == (2, 0)


def test_refused_receipts_go_and_accepted_ones_never(world, w) -> None:
    world.province(UNIT, 5)
    world.misbehave(tamper={"levels": ["received"], "times": 1}, duplicate={"levels": ["received"]})
    world.national(wait="3s")
    world.sync()
    world.behave()
    world.clock.forward(hours=2)
    world.sync()
    refused = world.rows("SELECT file FROM receipt WHERE verdict = 'refused'")
    assert refused
    accepted = world.rows("SELECT file FROM receipt WHERE verdict = 'accepted'")
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert done["receipts"].removed == len(refused)
    assert world.rows("SELECT file FROM receipt") == accepted
    assert files(world, "receipts") == sorted({Path(name).name for (name,) in accepted})
    w.judged_faultless(world, {UNIT: 5})


def test_counts_of_finished_runs_go_and_their_lines_stay(old) -> None:
    runs = old.rows("SELECT count(*) FROM run")
    assert run(old)["runs"].removed == 0
    forward(old, PACKAGES_GONE)
    assert run(old)["runs"].removed == 2
    assert old.rows("SELECT count(*) FROM run_count") == [(0,)]
    assert old.rows("SELECT count(*) FROM run") == runs


def _stray(world, name: str, days: float) -> Path:
    file = world.home / "stage" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"left behind")
    moment = world.clock().timestamp() - days * 86_400
    os.utime(file, (moment, moment))
    return file


def test_files_nothing_names_go_after_a_day_and_packages_among_them_after_a_month(world) -> None:
    world.province(UNIT, 5)
    world.sync()
    named = files(world, "")
    torn = _stray(world, "extractions/320000/certificate/.x.part", 1.5)
    young = _stray(world, "extractions/320000/certificate/y.arrow", 0.5)
    package = _stray(world, "outbox/320000/certificate/z.zip", 20)
    receipt = _stray(world, "receipts/320000/z.zip", 31)
    assert run(world, "stray", dry_run=True)["stray"].removed == 2
    assert torn.exists()
    done = run(world, "stray")["stray"]
    assert (done.removed, done.size) == (2, 2 * len(b"left behind"))
    assert done.kept == {"package or receipt younger than 30 days": 1}
    assert [path.exists() for path in (torn, young, package, receipt)] == [False, True, True, False]
    assert set(named) <= set(files(world, ""))


KILLED = """
import os, signal, sys
from pathlib import Path
from ecqs_gateway.ledger.stage import Stage

os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
Stage(Path(sys.argv[1])).put(sys.argv[2], b"never whole")
"""


def test_what_a_killed_worker_had_half_written_goes_after_a_day_wherever_it_lies_and_is_counted(world) -> None:
    world.province(UNIT, 5)
    world.sync()
    named = files(world, "")
    stage = world.home / "stage"
    for name in (
        f"extractions/{UNIT}/certificate/r.arrow",
        f"outbox/{UNIT}/certificate/o.zip",
        f"receipts/{UNIT}/q.zip",
    ):
        done = subprocess.run([sys.executable, "-c", KILLED, str(stage), name], check=False)
        assert done.returncode == -signal.SIGKILL
    torn = [path for path in stage.rglob(".*.part") if path.is_file()]
    assert len(torn) == 3
    for place, path in enumerate(torn):
        moment = world.clock().timestamp() - (0.5 + place) * 86_400
        os.utime(path, (moment, moment))
    _stray(world, f"outbox/{UNIT}/certificate/.kept.zip", 20)  # hidden, but whole for all we know
    told = run(world, "stray", dry_run=True)["stray"]
    done = run(world, "stray")["stray"]
    assert (told.removed, told.half_written) == (done.removed, done.half_written) == (2, 2)
    assert [path.exists() for path in torn] == [True, False, False]
    os.utime(torn[0], (0, 0))
    shown = CliRunner().invoke(app, ["prune", "--class", "stray"], env=world.environment())
    assert shown.exit_code == 0, shown.output
    assert "1 file nothing names was half-written" in " ".join(shown.output.split())
    assert not torn[0].exists()
    assert set(named) <= set(files(world, ""))


@pytest.mark.parametrize("crash_at", [1, 2])
def test_a_prune_that_was_cut_off_is_finished_by_the_next(crash_at: int, old, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between ledger and stage: the ledger says gone, the file still lies there."""
    removed = 0
    plain = Stage.remove

    def remove(self: Stage, name: str) -> int:
        nonlocal removed
        removed += 1
        if removed == crash_at:
            raise KeyboardInterrupt
        return plain(self, name)

    monkeypatch.setattr(flow, "_AT_ONCE", 2)
    with monkeypatch.context() as patched:
        patched.setattr(Stage, "remove", remove)
        with pytest.raises(KeyboardInterrupt):
            run(old, "extractions")
    left = files(old, "extractions")
    assert left
    assert old.rows("SELECT count(*) FROM extraction WHERE pruned_at IS NOT NULL") == [(2,)]
    done = run(old, "extractions")["extractions"]
    assert files(old, "extractions") == []
    assert done.size > 0
    pruned = [facts["count"] for event, _, facts in chain(old) if event == "pruned"]
    assert sum(pruned) == old.rows("SELECT count(*) FROM extraction")[0][0]
    assert max(pruned) <= 2


def test_a_file_that_cannot_be_removed_is_told_and_tried_again(old, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(GatewayError) as caught:
            run(old, "extractions")
    assert caught.value.code == "ECQS-3018"
    run(old, "extractions")
    assert files(old, "extractions") == []


def test_only_the_classes_asked_for_are_touched_and_unknown_ones_refused(old) -> None:
    done = run(old, "dead_letters")
    assert list(done) == ["dead_letters"]
    assert files(old, "extractions")
    with pytest.raises(Misconfigured) as caught:
        run(old, "everything")
    assert caught.value.code == "ECQS-6084"
    assert "extractions" in (caught.value.hint or "")


def test_the_retention_is_content(world, w) -> None:
    world.province(UNIT, 5)
    file = world.content / "connectors/national.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "retention: {extractions: 2d}\n", encoding="utf-8")
    world.sync()
    world.clock.forward(days=3)
    assert run(world)["extractions"].removed == 1
    file.write_text(file.read_text(encoding="utf-8").replace("2d", "2h"), encoding="utf-8")
    with world.gateway() as gateway:
        told = [problem.message for problem in gateway.content.problems]
    assert any("retention.extractions must be at least 1d" in text for text in told), told


def test_the_command_says_what_went_and_why_the_rest_stays(old, w) -> None:
    runner = CliRunner()
    env = old.environment()
    dry = runner.invoke(app, ["prune", "--dry-run"], env=env)
    assert dry.exit_code == 0, dry.output
    assert "nothing was removed" in dry.output
    told = json.loads(runner.invoke(app, ["prune", "--json", "--class", "stray"], env=env).output)
    assert [each["class"] for each in told["classes"]] == ["stray"]
    wrong = runner.invoke(app, ["prune", "--class", "all"], env=env)
    assert wrong.exit_code == 1
    assert "ECQS-6084" in wrong.output


def test_it_works_on_postgresql(world, w, postgresql_url, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same statements on the other ledger."""
    settings = world.settings()
    from dataclasses import replace

    monkeypatch.setattr(type(world), "settings", lambda self: replace(settings, ledger_url=postgresql_url))
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 6)), w.licence(UNIT, 6, fzrq="昨天")])
    world.sync()
    forward(world, PACKAGES_GONE)
    assert run(world, dry_run=True)["packages"].removed == 1
    done = run(world)
    assert done["packages"].removed == 1
    assert done["extractions"].kept == {"open dead letters": 1}
    world.put(UNIT, [w.licence(UNIT, 6)])
    world.sync()
    forward(world, PACKAGES_GONE)
    done = run(world)
    assert done["dead_letters"].removed == 1
    assert files(world, "extractions") == files(world, "outbox") == []
    with world.gateway() as gateway:
        [version] = record.describe(gateway, w.key(UNIT, 1))["versions"]
        assert "removed under the retention" in version["source"]
