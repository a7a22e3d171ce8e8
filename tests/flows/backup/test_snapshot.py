"""Backups: consistent while a run goes on, incremental, whole or not there, and read back byte by byte."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict, GatewayError, Misconfigured
from ecqs_gateway.flows import nightly
from ecqs_gateway.flows.backup import postgresql, snapshot
from ecqs_gateway.flows.backup.manifest import MANIFEST, Manifest
from ecqs_gateway.flows.backup.restore import verify
from ecqs_gateway.flows.gateway import open_gateway

UNIT = "320000"


def _take(world, folder: Path, **options):
    return snapshot.take(world.settings(), folder, clock=world.clock, **options)


def test_a_backup_holds_the_ledger_and_every_file_it_names(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 30, batch_rows=10)
    world.sync()
    taken = _take(world, tmp_path / "backup")
    manifest = verify(tmp_path / "backup")
    assert manifest == taken.manifest
    assert {name.split("/")[1] for name in manifest.members} == {"content", "extractions", "outbox", "receipts"}
    assert manifest.missing == ()
    assert manifest.lanes[0].next_sequence == world.rows("SELECT next_sequence FROM lane")[0][0]
    assert (manifest.chain_entries,) == world.rows("SELECT max(sequence) FROM evidence")[0]
    assert taken.unkept_keys
    assert not manifest.with_keys


def test_a_second_backup_copies_only_what_is_new_and_names_one_ledger(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 30, batch_rows=10)
    world.sync()
    first = _take(world, tmp_path / "backup")
    assert first.copied == len(first.manifest.members) > 5
    world.put(UNIT, [w.licence(UNIT, 31, gxsj="2026-11-21 08:00:00")])
    world.clock.forward(days=1)
    world.sync()
    second = _take(world, tmp_path / "backup", with_keys=True)
    keys = [name for name in second.manifest.members if name.startswith("keys/")]
    assert sorted(keys) == sorted(f"keys/{path.name}" for path in world.keys.iterdir())
    assert 0 < second.copied - len(keys) < first.copied
    assert second.manifest.members.items() > first.manifest.members.items()
    assert [path.name for path in (tmp_path / "backup").glob("ledger-*")] == [second.manifest.ledger.name]
    verify(tmp_path / "backup")
    third = _take(world, tmp_path / "backup")
    assert third.copied == 0
    assert not list((tmp_path / "backup" / "keys").iterdir())


def test_a_backup_taken_while_a_run_goes_on_is_one_consistent_state(world, w, tmp_path: Path) -> None:
    world.national(records=5, wait="30s")
    world.province(UNIT, 150, batch_rows=10)
    done: list[nightly.Summary] = []
    run = threading.Thread(target=lambda: done.append(world.sync()))
    run.start()
    states = set()
    while run.is_alive() or not states:
        if not (world.home / "ledger.db").exists():
            continue
        try:
            _take(world, tmp_path / "backup")
        except Misconfigured:  # the schema is still being made
            continue
        states.add(verify(tmp_path / "backup").chain_entries)
        time.sleep(0.1)
    run.join()
    assert done[0].failed == {}
    assert len(states) > 2, "no backup was taken while the run went on"
    w.judged_faultless(world, {UNIT: 150})


@pytest.mark.parametrize("victim", ["ledger", "stage", "manifest", "absent"])
def test_a_changed_byte_anywhere_is_found_when_it_is_read_back(victim: str, world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    folder = tmp_path / "backup"
    manifest = _take(world, folder).manifest
    name = manifest.ledger.name if victim == "ledger" else next(iter(manifest.members))
    if victim == "absent":
        (folder / name).unlink()
    elif victim == "manifest":
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        values["chain_head"] = "0" * 64
        (folder / MANIFEST).write_text(json.dumps(values), encoding="utf-8")
    else:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
    with pytest.raises(Conflict) as caught:
        verify(folder)
    assert caught.value.code == "ECQS-6036"


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "stage/../../x", ""])
def test_a_manifest_cannot_name_a_file_outside_the_folder(name: str, world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    _take(world, tmp_path / "backup")
    file = tmp_path / "backup" / MANIFEST
    values = json.loads(file.read_text(encoding="utf-8"))
    values["members"] = {name: {"name": name, "digest": "0" * 64, "size": 1}}
    file.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        verify(tmp_path / "backup")
    assert caught.value.code == "ECQS-6030"


def test_a_missing_or_damaged_stage_file_is_named_and_the_rest_is_kept(world, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    stage = world.home / "stage"
    (first,), (second,) = stage.glob("extractions/**/*.arrow"), stage.glob("outbox/**/*.zip")
    first.unlink()
    second.write_bytes(b"something else")
    manifest = _take(world, tmp_path / "backup").manifest
    assert len(manifest.missing) == 2
    assert any("missing (extraction" in text for text in manifest.missing)
    assert any("not what the ledger says (batch" in text for text in manifest.missing)
    verify(tmp_path / "backup")


def test_a_backup_that_is_cut_short_leaves_the_one_before(world, w, tmp_path: Path, monkeypatch) -> None:
    world.province(UNIT, 5)
    world.sync()
    before = _take(world, tmp_path / "backup").manifest
    world.put(UNIT, [w.licence(UNIT, 6, gxsj="2026-11-21 08:00:00")])
    world.sync()
    monkeypatch.setattr(Manifest, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _take(world, tmp_path / "backup")
    monkeypatch.undo()
    assert verify(tmp_path / "backup") == before
    world.clock.forward(minutes=1)
    after = _take(world, tmp_path / "backup").manifest
    assert after.chain_entries > before.chain_entries
    assert len(list((tmp_path / "backup").glob("ledger-*"))) == 1


def test_a_folder_with_another_ledgers_backup_is_not_touched(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 5)
    world.sync()
    before = _take(world, tmp_path / "backup").manifest
    other = w.World(tmp_path / "other")
    other.build()
    other.province(UNIT, 5)
    with other.headquarters():
        other.sync()
    with pytest.raises(Misconfigured) as caught:
        _take(other, tmp_path / "backup")
    assert caught.value.code == "ECQS-6031"
    assert verify(tmp_path / "backup") == before
    assert len(list((tmp_path / "backup").glob("ledger-*"))) == 1


def test_there_must_be_a_ledger_and_the_backup_must_lie_elsewhere(bare, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        _take(bare, tmp_path / "backup")
    assert "no ledger" in caught.value.message
    assert not (bare.home / "ledger.db").exists()
    for place in (bare.home, bare.home / "stage", bare.home / "stage" / "outbox"):
        with pytest.raises(Misconfigured) as caught:
            _take(bare, place)
        assert caught.value.code == "ECQS-6031"


@pytest.mark.postgresql
def test_a_postgresql_ledger_is_backed_up_while_it_is_written(world, w, postgresql_url: str, tmp_path: Path) -> None:
    world.province(UNIT, 60, batch_rows=10)
    settings = replace(world.settings(), ledger_url=postgresql_url)
    with open_gateway(settings, connections=world.resolve, clock=world.clock) as gateway:
        assert nightly.sync(gateway, nightly.Options()).failed == {}
        with gateway.database.write() as connection:  # a run that has not committed yet
            connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(sa.text("UPDATE lane SET watermark = 'in the middle'"))
            taken = snapshot.take(settings, tmp_path / "backup", clock=world.clock)
    assert taken.manifest.dialect == "postgresql"
    assert verify(tmp_path / "backup") == taken.manifest
    assert len(taken.manifest.members) > 10


def test_pg_dump_is_asked_for_by_name_where_it_is_missing(postgresql_url: str, world, tmp_path, monkeypatch) -> None:
    settings = replace(world.settings(), ledger_url=postgresql_url)
    with open_gateway(settings):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GatewayError) as caught:
        snapshot.take(settings, tmp_path / "backup", clock=world.clock)
    assert caught.value.code == "ECQS-6034"
    assert "pg_dump is not installed" in caught.value.message


@pytest.mark.postgresql
def test_a_dump_may_take_longer_than_a_worker_may_be_idle(world, postgresql_url: str, tmp_path, monkeypatch) -> None:
    impatient = f"{postgresql_url}?options=-c%20idle_in_transaction_session_timeout%3D500"
    settings = replace(world.settings(), ledger_url=impatient)
    with open_gateway(settings):
        pass
    real = postgresql.dump

    def slow(*given, **named) -> None:
        real(*given, **named)
        time.sleep(1)

    monkeypatch.setattr(postgresql, "dump", slow)
    assert snapshot.take(settings, tmp_path / "backup", clock=world.clock).manifest.dialect == "postgresql"
