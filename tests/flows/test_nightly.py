"""The nightly sync from provinces to headquarters and back; headquarters' own ledger says what arrived."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import date
from pathlib import Path

import pytest

from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows import nightly, record
from ecqs_gateway.ledger.dead_letters import unseal

UNIT = "320000"


def _adds_up(row: dict) -> bool:
    went = row["unchanged"] + row["superseded"] + row["batched"] + row["dead_new"] + row["dead_known"]
    return bool(row["extracted"] == went)


def test_the_first_run_loads_everything_and_the_second_sends_nothing(
    world, w, caplog: pytest.LogCaptureFixture
) -> None:
    world.province(UNIT, 230)
    first = w.counts(world.sync())
    complaints = [line for line in caplog.records if line.levelno >= logging.WARNING]
    assert complaints == [], "a good run has nothing to complain about"
    assert (first["extracted"], first["sent"], first["loaded"]) == (230, 230, 230)
    assert _adds_up(first)
    w.judged_faultless(world, {UNIT: 230})
    assert set(world.held()) == {w.key(UNIT, n) for n in range(1, 231)}

    batches = _batches(world)
    summary = world.sync()
    second = w.counts(summary)
    assert (second["extracted"], second["unchanged"], second["sent"]) == (230, 230, 0)
    assert _adds_up(second)
    assert "Nothing new" in summary.sentence()
    assert _batches(world) == batches


def test_a_change_behind_chunks_without_any_goes_out_in_the_same_run(world, w) -> None:
    world.province(UNIT, 60, batch_rows=10)
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 60, zt="注销")])
    row = w.counts(world.sync())
    assert (row["extracted"], row["sent"], row["loaded"]) == (60, 1, 1)


def _batches(world) -> list:
    with world.query() as query:
        return query.batches()


def test_a_changed_row_goes_out_as_a_new_version_that_names_the_one_before(world, w) -> None:
    world.province(UNIT, 5)
    world.sync()
    old = world.held()[w.key(UNIT, 3)]
    world.put(UNIT, [w.licence(UNIT, 3, zt="注销", gxsj="2026-11-22 09:00:00")])
    row = w.counts(world.sync())
    assert (row["sent"], row["loaded"]) == (1, 1)
    with world.query() as query:
        first, second = query.history(w.key(UNIT, 3))
        assert (first.previous, second.previous) == (None, old.version)
        assert second.version == world.held()[w.key(UNIT, 3)].version != old.version
    w.judged_faultless(world, {UNIT: 5})


def test_a_row_back_in_its_old_form_is_sent_again_as_what_is_now_true(world, w) -> None:
    world.province(UNIT, 2)
    world.sync()
    first = world.held()[w.key(UNIT, 1)].version
    world.put(UNIT, [w.licence(UNIT, 1, zt="注销", gxsj="2026-11-22 09:00:00")])
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 1, gxsj="2026-11-22 10:00:00")])
    world.sync()
    assert world.held()[w.key(UNIT, 1)].version == first
    with world.query() as query:
        assert len(query.history(w.key(UNIT, 1))) == 3


def test_a_row_that_was_bad_and_is_mended_goes_out_and_resolves_its_dead_letter(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, fzrq="昨天")])
    row = w.counts(world.sync())
    assert (row["sent"], row["dead_new"]) == (1, 1)
    assert _adds_up(row)
    [(state, source_key, reasons, source)] = _letters(world)
    assert (state, source_key) == ("open", "2")
    [reason] = json.loads(reasons)
    assert (reason["field"], reason["column"]) == ("issue_date", "fzrq")
    assert reason["rule"].startswith("ECQS-12")
    assert reason["message"]
    assert json.loads(source)["fzrq"] == "昨天"

    again = w.counts(world.sync())
    assert (again["dead_new"], again["dead_known"], again["unchanged"]) == (0, 1, 1)

    world.put(UNIT, [w.licence(UNIT, 2, gxsj="2026-11-22 09:00:00")])
    assert w.counts(world.sync())["loaded"] == 1
    assert [letter[0] for letter in _letters(world)] == ["resolved"]
    w.judged_faultless(world, {UNIT: 2})


def _letters(world) -> list:
    names = "state, source_key, reasons, source, lane_id, identity"
    vault = Vault.of(world.keys)
    return [
        (state, source_key, reasons, unseal(vault, lane, identity, "source", source))
        for state, source_key, reasons, source, lane, identity in world.rows(
            f"SELECT {names} FROM dead_letter ORDER BY id"
        )
    ]


def test_a_record_headquarters_refuses_becomes_a_dead_letter_and_is_known_next_time(world, w) -> None:
    # The same certificate from two provinces: whoever comes second is refused, for the key belongs to the first.
    world.province("310000", [w.licence("310000", 1)])
    world.sync()
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zsbh=w.spelled("310000", 1))])
    row = w.counts(world.sync(units=(UNIT,)), UNIT)
    assert (row["sent"], row["loaded"], row["rejected"]) == (2, 1, 1)
    letters = world.rows("SELECT origin, key, state, reasons FROM dead_letter")
    assert [(origin, key, state) for origin, key, state, _ in letters] == [("headquarters", w.key("310000", 1), "open")]
    assert json.loads(letters[0][3])[0]["rule"].startswith("HQ-2")

    again = w.counts(world.sync(units=(UNIT,)), UNIT)
    assert (again["sent"], again["unchanged"], again["dead_known"], again["dead_new"]) == (0, 1, 1, 0), again
    assert _adds_up(again)
    assert world.held()[w.key("310000", 1)].unit == "310000"
    w.judged_faultless(world, {UNIT: 1, "310000": 1})


def test_of_rows_with_one_number_only_one_goes_and_the_counts_still_add_up(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zsbh=w.spelled(UNIT, 1)), w.licence(UNIT, 3)])
    row = w.counts(world.sync())
    assert _adds_up(row)
    assert set(world.held()) <= {w.key(UNIT, 1), w.key(UNIT, 3)}
    assert w.key(UNIT, 3) in world.held()
    with world.query() as query:
        assert query.faults() == []


def test_a_dry_run_says_what_would_go_and_writes_nothing(world, w) -> None:
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 8)), w.licence(UNIT, 8, tyshxydm="12345")])
    world.sync()
    world.put(UNIT, [w.licence(UNIT, 1, zt="注销", gxsj="2026-11-22 09:00:00")])
    before, batches = _everything(world.home), _batches(world)
    summary = world.sync(dry_run=True)
    row = w.counts(summary)
    assert (row["batched"], row["unchanged"], row["dead_new"]) == (1, 6, 1)
    assert summary.dry_run
    assert "1 records would be sent" in summary.sentence()
    assert _everything(world.home) == before
    assert _batches(world) == batches
    assert w.counts(world.sync())["sent"] == 1


def test_a_dry_run_of_a_new_unit_leaves_no_lane_behind(world, w) -> None:
    world.province(UNIT, 3)
    assert w.counts(world.sync(dry_run=True))["batched"] == 3
    assert world.rows("SELECT count(*) FROM lane") == [(0,)]
    assert not (world.home / "stage").exists()


def _everything(folder: Path) -> dict[str, str]:
    """Digest every file, the ledger by what it holds (its write-ahead log may move without a change)."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith("ledger.db"):
            found[str(file.relative_to(folder))] = hashlib.sha256(file.read_bytes()).hexdigest()
    import sqlite3

    with sqlite3.connect(folder / "ledger.db") as db:
        found["ledger"] = "\n".join(db.iterdump())
    db.close()
    return found


def test_since_reads_again_from_that_day_and_sends_only_what_changed(world, w) -> None:
    old = [w.licence(UNIT, n, gxsj=f"2026-11-{n:02d} 08:00:00") for n in range(1, 11)]
    world.province(UNIT, old)
    world.sync()
    assert w.counts(world.sync())["extracted"] == 1  # the overlap
    # A change that did not move gxsj, which the watermark cannot see.
    world.put(UNIT, [w.licence(UNIT, 8, qymc="更名电缆有限公司", gxsj="2026-11-08 08:00:00")])
    assert w.counts(world.sync())["sent"] == 0
    row = w.counts(world.sync(since=date(2026, 11, 5)))
    assert (row["extracted"], row["unchanged"], row["sent"]) == (6, 5, 1)
    assert w.counts(world.sync())["extracted"] == 1  # the watermark did not go back
    w.judged_faultless(world, {UNIT: 10})


@pytest.mark.parametrize("how", ["mapping", "unreachable", "connector", "no connection"])
def test_only_the_broken_unit_fails_and_says_why_and_what_next(how: str, world, w) -> None:
    world.province(UNIT, 7)
    world.province("370000", 9)
    code, place, hint = _break(world, how)
    summary = world.sync()
    assert len(summary.failed) == 1, summary.failed
    [(lane, message)] = summary.failed.items()
    assert lane.startswith("370000")
    assert message.startswith(code)
    assert place in message
    assert hint in message
    assert "1 failed" in summary.sentence()
    w.judged_faultless(world, {UNIT: 7, "370000": 0})
    assert world.rows("SELECT state FROM run") == [("failed",)]


def _break(world, how: str) -> tuple[str, str, str]:
    if how == "mapping":
        file = world.content / "mappings/370000/certificate.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("issue_date: fzrq", "issue_dat: fzrq"), "utf-8")
        return "ECQS-10", "mappings/370000/certificate.yaml:", "issue_date"
    if how == "connector":
        world.write("connectors/provinces/370000.yaml", "version: 1\nunit: [\n")
        return "ECQS-10", "connectors/provinces/370000.yaml:", "Next:"
    if how == "no connection":

        def missing(connection_id: str):
            raise Misconfigured("ECQS-1085", "no such connection", where=connection_id, hint="set AIRFLOW_CONN_…")

        plain = world.resolve
        world.resolve = lambda name: missing(name) if name == "ecqs_370000" else plain(name)
        return "ECQS-1085", "ecqs_370000", "AIRFLOW_CONN_"
    world.connections["ecqs_370000"] = {
        "conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "x", "password": "y", "schema": "z",
    }  # fmt: skip
    return "ECQS-2001", "connectors/provinces/370000.yaml", "check host, port"


def test_a_mended_unit_goes_through_in_the_next_run(world, w) -> None:
    world.province(UNIT, 3)
    world.province("370000", 4)
    file = world.content / "mappings/370000/certificate.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("issue_date: fzrq", "issue_date: nirgends"), "utf-8")
    assert list(world.sync().failed) == ["370000 certificate"]
    file.write_text(good, "utf-8")
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 3, "370000": 4})


def test_units_and_kinds_can_be_chosen_and_unknown_ones_are_refused(world, w) -> None:
    world.province(UNIT, 2)
    world.province("370000", 2)
    world.sync(units=("370000",))
    assert {record_.unit for record_ in world.held().values()} == {"370000"}
    with pytest.raises(Misconfigured) as caught:
        world.sync(units=("999999",))
    assert caught.value.code == "ECQS-6002"
    assert UNIT in (caught.value.hint or "")


SPELLINGS = (
    "苏XK06-001-00002",
    "(苏)XK06-001-00002",
    "（苏）ＸＫ06－001－00002",
    "苏xk06-001-00002",
    " 苏XK06—001—00002",
)


def test_a_record_is_found_by_its_number_in_any_spelling(world, w) -> None:
    world.province(UNIT, 3)
    world.sync()
    for spelling in SPELLINGS:
        with world.gateway() as gateway:
            found = record.describe(gateway, spelling)
        [version] = found["versions"]
        assert version["key"] == w.key(UNIT, 2)
        assert version["digest"] == world.held()[w.key(UNIT, 2)].version
        assert version["source"]["zsbh"] == "苏XK06-001-00002"
        assert w.key(UNIT, 2) in version["body"]
        assert [receipt["level"] for receipt in version["receipts"]] == ["received", "validated", "loaded"]


def test_a_record_that_never_was_has_nothing_to_show(world) -> None:
    world.province(UNIT, 1)
    world.sync()
    with world.gateway() as gateway:
        assert not any(record.describe(gateway, "苏XK06-001-99999").values())


def test_collecting_and_delivering_apart_comes_to_the_same(world, w) -> None:
    """The DAG does the two halves in tasks of their own."""
    from ecqs_gateway.ledger import runs

    world.province(UNIT, 120)
    with world.gateway() as gateway:
        run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, clock=world.clock)
        collected = nightly.collect_unit(gateway, run, UNIT)["certificate"]
        assert (collected.batched, len(world.held() if (world.hq_home / "ledger.db").exists() else {})) == (120, 0)
        delivered = nightly.deliver_unit(gateway, run, UNIT)["certificate"]
        assert delivered.loaded == 120
        assert nightly.close(gateway, run) == {}
    w.judged_faultless(world, {UNIT: 120})


def test_no_cell_of_any_row_is_in_the_log_or_in_the_counts(world, w, caplog: pytest.LogCaptureFixture) -> None:
    canary = "张三13800138000身份证110101199003074477"
    caplog.set_level("DEBUG")
    bad = [w.licence(UNIT, 2, fzrq=canary), w.licence(UNIT, 3, zt=canary), w.licence(UNIT, 4, zsbh=canary)]
    world.province(UNIT, [w.licence(UNIT, 1), *bad])
    summary = world.sync()
    assert w.counts(summary)["dead_new"] == 3
    assert canary not in caplog.text
    assert "13800138000" not in caplog.text
    assert "13800138000" not in repr(summary)
