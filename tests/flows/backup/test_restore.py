"""The home is lost: restore, ask headquarters, go on. Nothing lost and nothing doubled, by headquarters' own ledger."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.backup import headquarters, snapshot
from ecqs_gateway.flows.backup.restore import restore
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.ledger import evidence, lanes
from ecqs_gateway.ledger.database import Database

UNIT, OTHER = "320000", "370000"
LANES = [(UNIT, "certificate")]


def _backed_up(world, tmp_path: Path, **options) -> Path:
    snapshot.take(world.settings(), tmp_path / "backup", clock=world.clock, with_keys=True, **options)
    return tmp_path / "backup"


def _lose_and_restore(world, folder: Path, *, known=LANES):
    shutil.rmtree(world.home)
    return restore(folder, world.settings(), lanes=known, clock=world.clock)


def _reconcile(world, **options) -> list[headquarters.Outcome]:
    with world.gateway() as gateway:
        return headquarters.reconcile(gateway, headquarters.way_to(gateway), **options)


def _later(world, w, first: int, last: int, **cells) -> None:
    """Let the province work on, and the next day come."""
    world.clock.forward(days=1)
    stamp = f"{world.clock():%Y-%m-%d} 01:00:00"
    world.put(UNIT, [w.licence(UNIT, n, gxsj=stamp, **cells) for n in range(first, last + 1)])


def _as_without_loss(world, w, tmp_path: Path) -> None:
    """Hold what headquarters has against one that got the same sources from a gateway that lost nothing."""
    other = w.World(tmp_path / "clean")
    other.build()
    for unit in (u for u in (UNIT, OTHER) if world.source(u).exists()):
        other.province(unit)
        with world.table(unit) as db:
            other.put(unit, [w.Licence(*row) for row in db.execute("SELECT * FROM zs")])
    with other.headquarters():
        assert other.sync().failed == {}
        with other.query() as query:
            expected = query.digest()
    with world.query() as query:
        assert query.faults() == []
        assert query.gaps() == []
        assert query.digest() == expected
        assert all(batch.bound for batch in query.batches()), "a number was used for other content"
        assert query.alarms() == []


def test_a_lost_home_is_restored_and_goes_on_with_nothing_lost_or_doubled(world, w, tmp_path: Path) -> None:
    world.national(records=10)
    world.province(UNIT, 40)
    world.sync()
    folder = _backed_up(world, tmp_path)
    _later(world, w, 41, 60)
    _later(world, w, 1, 5, zt="注销")
    assert world.sync().failed == {}
    with world.query() as query:
        highest = max(batch.sequence for batch in query.batches())
    assert highest == 7

    restored = _lose_and_restore(world, folder)
    assert restored.held == ((UNIT, "certificate", 5),)
    failed = world.sync().failed
    assert "ECQS-6035" in failed[f"{UNIT} certificate"]
    with world.query() as query:
        assert max(batch.sequence for batch in query.batches()) == highest

    (outcome,) = _reconcile(world)
    assert (outcome.problem, outcome.before, outcome.next_sequence) == (None, 5, 8)
    assert (outcome.lost_batches, outcome.lost_records) == (3, 25)
    _later(world, w, 61, 70)
    assert world.sync().failed == {}
    _as_without_loss(world, w, tmp_path)
    with world.query() as query:
        assert {v.batch for v in query.repeated()} <= {b.batch for b in query.batches() if b.sequence > highest}
        assert max(batch.sequence for batch in query.batches()) > highest
    with world.ledger() as database, database.read() as connection:
        assert evidence.verify(connection) > 20
        events = set(connection.execute(sa.text("SELECT event FROM evidence")).scalars())
        assert {"restored", "continued after restore"} <= events
    assert world.rows("SELECT count(*) FROM batch WHERE state <> 'loaded'") == [(0,)]


def test_the_first_batch_after_the_restore_is_linked_to_the_last_one_headquarters_holds(world, w, tmp_path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    _later(world, w, 6, 8)
    world.sync()
    _lose_and_restore(world, folder)
    _reconcile(world)
    _later(world, w, 9, 9)
    assert world.sync().failed == {}
    with world.query() as query:
        manifests = {batch.sequence: batch.manifest for batch in query.batches()}
    stored = dict(world.rows("SELECT sequence, manifest FROM batch"))
    assert f'previous="{manifests[2]}"'.encode() in stored[3]


def test_a_backup_from_the_middle_of_a_run_is_finished_by_the_same_bytes(world, w, tmp_path: Path) -> None:
    world.national(records=5, attempts=1)
    world.province(UNIT, 20)
    with world.gateway() as gateway:
        run = nightly.runs.start(gateway.database, "nightly", gateway.content.digest, clock=world.clock)
        nightly.collect_unit(gateway, run, UNIT)  # sealed, not sent; the run says running
    folder = _backed_up(world, tmp_path)
    assert world.sync().failed == {}
    _lose_and_restore(world, folder)
    assert world.rows("SELECT DISTINCT state FROM run") == [("failed",)]
    (outcome,) = _reconcile(world)
    assert (outcome.problem, outcome.lost_batches) == (None, 0)
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 20})
    _as_without_loss(world, w, tmp_path)


def test_a_record_that_was_new_and_changed_again_is_refused_visibly_and_not_lost(world, w, tmp_path: Path) -> None:
    """Where the automatic way ends: its version at headquarters is known to nobody here (docs say what to do)."""
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    _later(world, w, 6, 6)
    world.sync()
    _lose_and_restore(world, folder)
    _reconcile(world)
    _later(world, w, 6, 6, zt="注销")
    assert world.sync().failed == {}
    letters = world.rows("SELECT key, state, reasons FROM dead_letter WHERE origin = 'headquarters'")
    assert [(key, state) for key, state, _ in letters] == [(w.key(UNIT, 6), "open")]
    assert "HQ-203" in letters[0][2]
    _later(world, w, 6, 6, zt="注销", qymc="远山线缆有限公司")  # the next change is linked to it and goes through
    assert world.sync().failed == {}
    _as_without_loss(world, w, tmp_path)
    assert world.rows("SELECT state FROM dead_letter WHERE origin = 'headquarters'") == [("resolved",)]


def test_a_unit_onboarded_after_the_backup_does_not_start_at_one_again(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    world.province(OTHER, 7)
    assert world.sync().failed == {}
    _lose_and_restore(world, folder, known=[*LANES, (OTHER, "certificate")])
    found = {outcome.unit: outcome for outcome in _reconcile(world)}
    assert (found[UNIT].next_sequence, found[OTHER].next_sequence) == (2, 2)
    assert found[OTHER].problem is None
    assert world.sync().failed == {}
    _as_without_loss(world, w, tmp_path)


def test_where_headquarters_keeps_no_receipts_a_person_has_to_say_the_number(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    _later(world, w, 6, 8)
    world.sync()
    shutil.rmtree(world.hq_home / "files" / w.ACCOUNT / "receipts" / UNIT)
    _lose_and_restore(world, folder)
    (outcome,) = _reconcile(world)
    assert outcome.problem is not None
    assert "shows nothing of batch 1" in outcome.problem
    assert "ECQS-6035" in world.sync().failed[f"{UNIT} certificate"]
    for number in (1, 100_000_000):
        with pytest.raises(Misconfigured) as caught:
            _reconcile(world, stated=headquarters.Stated(number, "按电话"))
        assert caught.value.code == "ECQS-6039"
    (outcome,) = _reconcile(world, stated=headquarters.Stated(3, "总局电话确认，最后收到第2批"))
    assert (outcome.problem, outcome.next_sequence) == (None, 3)
    assert world.sync().failed == {}
    _as_without_loss(world, w, tmp_path)
    facts = json.loads(world.rows("SELECT facts FROM evidence WHERE event = 'continued after restore'")[0][0])
    assert facts["by"] == "operator"
    (message,) = world.rows("SELECT message FROM run WHERE flow = 'restore' AND state = 'done'")[0]
    assert "goes on with 3" in message
    assert "总局电话确认" in message


def test_a_receipt_that_headquarters_keys_do_not_prove_moves_no_number(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    taken = world.hq_home / "files" / w.ACCOUNT / "receipts" / UNIT / "taken"
    good = next(taken.glob("*.loaded.zip"))
    shutil.copyfile(good, taken / f"{UNIT}-certificate-00000009.loaded.zip")
    _lose_and_restore(world, folder)
    (outcome,) = _reconcile(world)
    assert outcome.problem is not None
    assert "do not prove" in outcome.problem
    assert world.rows("SELECT next_sequence FROM lane") == [(2,)]


def test_an_unreachable_headquarters_leaves_the_lanes_held(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    _lose_and_restore(world, folder)
    world.connections["ecqs_national"]["port"] = 1
    (outcome,) = _reconcile(world)
    assert "ECQS-5001" in str(outcome.problem)
    assert world.rows("SELECT held_reason FROM lane")[0][0].startswith(lanes.RESTORED)


def test_a_restored_lane_is_not_released_by_any_other_way(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    _lose_and_restore(world, _backed_up(world, tmp_path))
    with world.ledger() as database, pytest.raises(Terminal) as caught, database.write() as connection:
        lanes.unhold(connection, 1)
    assert caught.value.code == "ECQS-6035"


def test_a_ledger_that_is_there_is_never_restored_over(world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    before = world.rows("SELECT * FROM lane")
    with pytest.raises(Misconfigured) as caught:
        restore(folder, world.settings(), clock=world.clock)
    assert caught.value.code == "ECQS-6037"
    assert world.rows("SELECT * FROM lane") == before


def test_a_stage_with_other_files_is_not_gone_over(world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    (world.home / "ledger.db").unlink()
    next((world.home / "stage").rglob("*.arrow")).write_bytes(b"newer")
    with pytest.raises(Misconfigured) as caught:
        restore(folder, world.settings(), clock=world.clock)
    assert caught.value.code == "ECQS-6037"
    assert not (world.home / "ledger.db").exists()


def test_a_damaged_backup_restores_nothing(world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    next((folder / "stage").rglob("*.zip")).write_bytes(b"x")
    shutil.rmtree(world.home)
    with pytest.raises(Exception, match="ECQS-6036"):
        restore(folder, world.settings(), clock=world.clock)
    assert not world.home.exists()


@pytest.mark.postgresql
def test_a_postgresql_ledger_is_restored_into_an_empty_database_and_goes_on(
    world, w, postgresql_url: str, tmp_path: Path
) -> None:
    settings = replace(world.settings(), ledger_url=postgresql_url)
    world.province(UNIT, 8)

    def sync() -> dict[str, str]:
        with open_gateway(settings, connections=world.resolve, clock=world.clock) as gateway:
            return nightly.sync(gateway, nightly.Options()).failed

    assert sync() == {}
    snapshot.take(settings, tmp_path / "backup", clock=world.clock)
    _later(world, w, 9, 12)
    assert sync() == {}
    with pytest.raises(Misconfigured) as caught:
        restore(tmp_path / "backup", settings, clock=world.clock)
    assert caught.value.code == "ECQS-6037"
    lost = Database(postgresql_url)
    with lost.write() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    lost.dispose()
    restored = restore(tmp_path / "backup", settings, lanes=LANES, clock=world.clock)
    assert restored.held == ((UNIT, "certificate", 2),)
    assert "ECQS-6035" in sync()[f"{UNIT} certificate"]
    with open_gateway(settings, connections=world.resolve, clock=world.clock) as gateway:
        (outcome,) = headquarters.reconcile(gateway, headquarters.way_to(gateway))
    assert (outcome.problem, outcome.next_sequence) == (None, 3)
    assert sync() == {}
    _as_without_loss(world, w, tmp_path)


def test_a_backup_of_one_kind_of_database_is_not_restored_into_the_other(world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = _backed_up(world, tmp_path)
    other = replace(world.settings(), ledger_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Misconfigured) as caught:
        restore(folder, other, clock=world.clock)
    assert caught.value.code == "ECQS-6038"


def test_the_commands_lead_through_a_loss(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()

    def ecqs(*arguments: str, home: Path | None = None) -> Result:
        environment = world.environment() | ({"ECQS_HOME": str(home)} if home else {})
        done = CliRunner(env=environment).invoke(app, arguments)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    folder, new = str(tmp_path / "backup"), tmp_path / "new"
    made = ecqs("backup", folder, "--with-keys")
    assert made.exit_code == 0, made.stderr
    assert "Evidence chain" in made.stdout
    assert json.loads(ecqs("backup", folder, "--verify", "--json").stdout)["missing"] == []
    refused = ecqs("restore", folder, "--to", str(world.home))
    assert refused.exit_code == 1
    assert "ECQS-6037" in refused.stderr
    restored = ecqs("restore", folder, "--to", str(new))
    assert restored.exit_code == 0, restored.stderr
    assert "ecqs restore --reconcile" in restored.stdout
    waiting = ecqs("sync", home=new)
    assert waiting.exit_code == 1
    assert "ecqs restore --reconcile" in waiting.stdout
    told = ecqs("restore", "--reconcile", home=new)
    assert told.exit_code == 0, told.stderr + told.stdout
    assert "These lanes go on" in told.stdout
    assert ecqs("sync", home=new).exit_code == 0
    assert ecqs("restore").exit_code == 1
    w.judged_faultless(world, {UNIT: 5})
