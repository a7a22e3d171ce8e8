"""Corrections of dead letters: proposed by one, approved by another, mapped like any row, overruled by the source."""

from __future__ import annotations

import json
import secrets
import sqlite3

import pytest

from ecqs_gateway.doors.vault import make_payload_key
from ecqs_gateway.errors import Conflict, Terminal
from ecqs_gateway.flows import approvals, corrections, letter_view, record, retry
from ecqs_gateway.flows.corrections import Wish
from ecqs_gateway.ledger import corrections as ledger
from ecqs_gateway.ledger.letters import Filter, find, opened

UNIT, OTHER = "320000", "310000"
WHY = "纸质档案如此"


def _letters(world, **wanted):
    with world.gateway() as gateway:
        return [opened(letter, gateway.vault) for letter in find(gateway.database, Filter(**wanted))]


def _states(world) -> list[str]:
    return [letter.state for letter in _letters(world)]


def _propose(world, changes, *, letter=1, author="张三", anyway=False):
    with world.gateway() as gateway:
        [outcome] = corrections.propose(gateway, [Wish(letter, changes, WHY)], author=author, anyway=anyway)
    return outcome


def _approve(world, *numbers, by="李四", anyway=False):
    with world.gateway() as gateway:
        return approvals.approve(gateway, numbers, by=by, anyway=anyway)


def _proposals(world):
    with world.gateway() as gateway:
        return ledger.find(gateway.database, gateway.vault)


def _one_bad(world, w, **cells):
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, **(cells or {"fzrq": "昨天"}))])
    world.sync()
    assert _states(world) == ["open"]


def test_a_correction_goes_out_once_a_second_person_has_approved_it(world, w) -> None:
    _one_bad(world, w)
    before = _source_rows(world)
    outcome = _propose(world, {"fzrq": "2024-03-01"})
    assert outcome.verdict.outcome == "passes"
    world.sync()
    assert world.held().keys() == {w.key(UNIT, 1)}, "a proposal alone changes nothing"
    for same in ("张三", "　张三 "):
        with pytest.raises(Conflict) as own:
            _approve(world, outcome.correction, by=same)
        assert own.value.code == "ECQS-6116"
    [queued] = _approve(world, outcome.correction)
    assert _states(world) == ["open"], "it is settled when the version is batched"
    with pytest.raises(Conflict) as waiting:
        _propose(world, {"fzrq": "2024-03-02"})
    assert waiting.value.code == "ECQS-6107"
    world.sync()
    assert world.held().keys() == {w.key(UNIT, 1), w.key(UNIT, 2)}
    [letter] = _letters(world)
    assert letter.state == "corrected"
    assert letter.resolved_by.startswith(f"correction {outcome.correction}, version ")
    assert letter.resolved_by.endswith(world.held()[w.key(UNIT, 2)].version)
    assert json.loads(letter.source)["fzrq"] == "昨天", "the original stays untouched"
    assert _source_rows(world) == before, "the province's database is never touched"
    with world.gateway() as gateway:
        told = [event["what"] for event in letter_view.describe(gateway, letter)["history"]]
    assert any("proposed by 张三" in line and WHY in line for line in told)
    assert any("approved by 李四" in line for line in told)
    assert world.rows(f"SELECT cause FROM extraction WHERE id = {queued.extraction_id}") == [("correction",)]
    w.judged_faultless(world, {UNIT: 2})


def _source_rows(world):
    with world.table(UNIT) as source:
        return source.execute("SELECT * FROM zs ORDER BY id").fetchall()


def _corrected(world, w):
    _one_bad(world, w)
    _approve(world, _propose(world, {"fzrq": "2024-03-01"}).correction)
    world.sync()
    assert _states(world) == ["corrected"]


def test_a_corrected_row_met_again_unchanged_is_known_and_the_source_stays_to_be_mended(world, w) -> None:
    _corrected(world, w)
    version = world.held()[w.key(UNIT, 2)].version
    again = w.counts(world.sync())
    assert (again["dead_new"], again["dead_known"], again["sent"]) == (0, 1, 0)
    assert _states(world) == ["corrected"]
    assert world.held()[w.key(UNIT, 2)].version == version


def test_a_good_row_of_the_source_wins_over_the_correction_and_settles_the_letter(world, w) -> None:
    _corrected(world, w)
    mine = world.held()[w.key(UNIT, 2)].version
    world.put(UNIT, [w.licence(UNIT, 2, fzrq="2024-03-05", gxsj="2026-11-22 09:00:00")])
    world.sync()
    assert _states(world) == ["resolved"]
    with world.query() as query:
        first, second = query.history(w.key(UNIT, 2))
    assert (first.version, second.previous) == (mine, mine)
    assert _letters(world)[0].resolved_by == f"version {second.version}"


def test_a_source_mended_to_what_was_corrected_settles_the_letter_without_sending(world, w) -> None:
    _corrected(world, w)
    world.put(UNIT, [w.licence(UNIT, 2, fzrq="2024-03-01", gxsj="2026-11-22 09:00:00")])
    assert w.counts(world.sync())["sent"] == 0
    assert _states(world) == ["resolved"]


def test_what_would_still_be_refused_is_not_proposed_unless_wanted_and_then_fails_openly(world, w) -> None:
    _one_bad(world, w)
    with pytest.raises(Terminal) as still:
        _propose(world, {"fzrq": "前天"})
    assert still.value.code == "ECQS-6114"
    assert "ECQS-1240" in still.value.message
    assert "前天" not in str(still.value)
    outcome = _propose(world, {"fzrq": "前天"}, anyway=True)
    with pytest.raises(Terminal):
        _approve(world, outcome.correction)
    _approve(world, outcome.correction, anyway=True)
    counts = w.counts(world.sync())
    assert (counts["dead_new"], counts["sent"]) == (0, 0)
    [letter] = _letters(world)
    assert letter.state == "open"
    [proposal] = _proposals(world)
    assert proposal.state == "failed"
    assert "ECQS-1240" in proposal.decision
    _approve(world, _propose(world, {"fzrq": "2024-03-01"}).correction)
    world.sync()
    assert _states(world) == ["corrected"]


def test_a_row_that_changed_at_the_source_meanwhile_is_a_conflict_that_says_so(world, w) -> None:
    _one_bad(world, w)
    number = _propose(world, {"fzrq": "2024-03-01"}).correction
    world.put(UNIT, [w.licence(UNIT, 2, fzrq="前天", gxsj="2026-11-22 09:00:00")])
    world.sync()
    assert _states(world) == ["resolved", "open"]
    with pytest.raises(Conflict) as caught:
        _approve(world, number)
    assert caught.value.code == "ECQS-6115"
    assert "changed at the source" in caught.value.message
    assert world.rows("SELECT count(*) FROM extraction WHERE cause = 'correction'") == [(0,)]


def test_of_two_corrections_of_a_letter_the_approved_one_withdraws_the_other(world, w) -> None:
    _one_bad(world, w)
    first = _propose(world, {"fzrq": "2024-03-01"})
    assert _propose(world, {"fzrq": "2024-03-01"}, author="王五").again, "the same is not proposed twice"
    second = _propose(world, {"fzrq": "2024-03-02"}, author="王五")
    with pytest.raises(Conflict):
        _approve(world, first.correction, second.correction)
    _approve(world, second.correction)
    assert [p.state for p in _proposals(world)] == ["withdrawn", "approved"]
    with pytest.raises(Conflict) as late:
        _approve(world, first.correction)
    assert f"correction {second.correction} was approved" in late.value.message
    world.sync()
    with world.gateway() as gateway:
        body = record.describe(gateway, w.key(UNIT, 2))["versions"][0]["body"]
    assert "<issue_date>2024-03-02</issue_date>" in body


def test_a_proposal_is_refused_by_another_and_withdrawn_by_its_author(world, w) -> None:
    _one_bad(world, w)
    first, second = (_propose(world, {"fzrq": day}).correction for day in ("2024-03-01", "2024-03-02"))
    with world.gateway() as gateway:
        assert approvals.refuse(gateway, first, by="李四", reason="档案不符") == "refused"
        assert approvals.refuse(gateway, second, by="张三", reason="写错了") == "withdrawn"
        with pytest.raises(Conflict):
            approvals.refuse(gateway, first, by="李四", reason="再说一次")
        with pytest.raises(Terminal) as nobody:
            approvals.refuse(gateway, first, by=" ", reason="谁")
    assert nobody.value.code == "ECQS-6105"
    assert _states(world) == ["open"]


def test_a_record_whose_key_could_not_be_read_is_corrected_like_any_other(world, w) -> None:
    _one_bad(world, w, zsbh="证号不清")
    [letter] = _letters(world)
    assert letter.key is None
    _approve(world, _propose(world, {"zsbh": w.spelled(UNIT, 2)}).correction)
    world.sync()
    assert w.key(UNIT, 2) in world.held()
    assert _states(world) == ["corrected"]


def test_a_record_headquarters_refused_is_corrected_and_never_sent_in_its_old_form_again(world, w) -> None:
    world.province(OTHER, [w.licence(OTHER, 1)])
    world.sync()
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zsbh=w.spelled(OTHER, 1))])
    world.sync(units=(UNIT,))
    [letter] = _letters(world)
    assert (letter.origin, letter.source_key) == ("headquarters", "2")
    with world.gateway() as gateway:
        shown = letter_view.describe(gateway, letter)
    assert shown["source"]["zsbh"] == w.spelled(OTHER, 1)
    assert shown["mapped"]["number"] == w.key(OTHER, 1)
    assert shown["mapped"]["products"] == [{"name": "架空绞线"}]
    assert {"zsbh": w.spelled(OTHER, 1)} in [row["source"] for row in shown["fields"]]
    _approve(world, _propose(world, {"zsbh": w.spelled(UNIT, 2)}).correction)
    world.sync(units=(UNIT,))
    assert world.held(UNIT).keys() == {w.key(UNIT, 1), w.key(UNIT, 2)}
    assert _states(world) == ["corrected"]
    again = w.counts(world.sync(units=(UNIT,)))
    assert (again["sent"], again["dead_known"], again["dead_new"]) == (0, 1, 0), "the source still has the old number"
    world.put(UNIT, [w.licence(UNIT, 2, gxsj="2026-11-22 09:00:00")])
    world.sync(units=(UNIT,))
    assert _states(world) == ["resolved"]
    w.judged_faultless(world)


def test_without_four_eyes_an_author_may_approve(world, w) -> None:
    national = world.content / "connectors/national.yaml"
    national.write_text(national.read_text(encoding="utf-8") + "four_eyes: {corrections: false}\n", encoding="utf-8")
    _one_bad(world, w)
    _approve(world, _propose(world, {"fzrq": "2024-03-01"}).correction, by="张三")
    world.sync()
    assert _states(world) == ["corrected"]


def test_a_correction_that_corrects_nothing_or_names_no_column_is_refused(world, w) -> None:
    _one_bad(world, w)
    for changes, code in (({"fzrq": "昨天"}, "6113"), ({}, "6113"), ({"fzrg": "2024-03-01"}, "6110")):
        with pytest.raises(Terminal) as caught:
            _propose(world, changes)
        assert caught.value.code == f"ECQS-{code}", changes
    with pytest.raises(Terminal) as nothing:
        _propose(world, {"fzrq": "2024-03-01"}, letter=99)
    assert nothing.value.code == "ECQS-6108"


def test_discarded_letters_stay_discarded_until_someone_takes_them_up_again(world, w) -> None:
    _one_bad(world, w)
    number = _propose(world, {"fzrq": "2024-03-01"}).correction
    with world.gateway() as gateway:
        assert approvals.discard(gateway, find(gateway.database, Filter()), by="张三", reason="重复") == [(1, None)]
    assert _proposals(world)[0].state == "withdrawn"
    with pytest.raises(Conflict):
        _approve(world, number)
    counts = w.counts(world.sync())
    assert (counts["dead_new"], counts["dead_known"]) == (0, 1)
    [letter] = _letters(world)
    assert (letter.state, letter.note) == ("discarded", "重复")
    with world.gateway() as gateway:
        approvals.reopen(gateway, [letter], by="李四", reason="并非重复")
        with pytest.raises(Conflict):
            approvals.reopen(gateway, [letter], by="李四", reason="再一次")
    assert _states(world) == ["open"]


def test_discards_and_retries_take_a_second_person_where_the_setting_says_so(world, w) -> None:
    national = world.content / "connectors/national.yaml"
    text = national.read_text(encoding="utf-8") + "four_eyes: {retries: true, discards: true}\n"
    national.write_text(text, encoding="utf-8")
    world.province(UNIT, [w.licence(UNIT, 2, zt="吊销"), w.licence(UNIT, 3, fzrq="昨天")])
    world.sync()
    world.write(f"mappings/{UNIT}/codes/zt.csv", "source,national,note\n有效,01,\n吊销,03,\n")
    with world.gateway() as gateway:
        first, second = find(gateway.database, Filter())
        asked = retry.ask(gateway, retry.plan(gateway, [first]), by="张三", reason="代码表已补")
        [(_, given_up)] = approvals.discard(gateway, [second], by="张三", reason="重复")
        with pytest.raises(Conflict) as own:
            approvals.approve(gateway, [given_up], by="张三")
        assert own.value.code == "ECQS-6116"
        approvals.approve(gateway, [asked[1], given_up], by="李四")
    world.sync()
    assert _states(world) == ["resolved", "discarded"]
    assert world.held().keys() == {w.key(UNIT, 2)}


def test_payloads_are_sealed_where_there_is_a_key_and_open_only_in_their_place(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 1, fzrq="昨天")])
    world.sync()  # stored before there is a key
    make_payload_key(world.keys)
    canary = f"{secrets.token_hex(8)}有限公司"
    world.put(UNIT, [w.licence(UNIT, n, qymc=canary, fzrq="昨天") for n in (2, 3)])
    world.sync()
    with world.gateway() as gateway:
        plain, sealed, _ = find(gateway.database, Filter())
        assert sealed.source.startswith("sealed:")
        assert letter_view.describe(gateway, plain)["source"]["qymc"] == "远山电缆有限公司"
        assert letter_view.describe(gateway, sealed)["source"]["qymc"] == canary
        assert letter_view.describe(gateway, sealed)["mapped"]["holder.name"] == canary
        [shown] = record.describe(gateway, w.key(UNIT, 2))["dead_letters"]
        assert shown["source"]["qymc"] == canary
    outcome = _propose(world, {"fzrq": "2024-03-01", "qymc": canary + "二厂"}, letter=2)
    assert _proposals(world)[0].changes["qymc"] == canary + "二厂"
    with sqlite3.connect(world.home / "ledger.db") as ledger_file:
        dump = "\n".join(ledger_file.iterdump())
        assert canary not in dump
        ledger_file.execute(
            "UPDATE dead_letter SET source = (SELECT source FROM dead_letter WHERE id = 2) WHERE id = 3"
        )
    with world.gateway() as gateway:
        moved = letter_view.describe(gateway, find(gateway.database, Filter(ids=(3,)))[0])
    assert "ECQS-3043" in moved["source"]
    _approve(world, outcome.correction)
    world.sync()
    assert w.key(UNIT, 2) in world.held()


def test_content_that_no_longer_fits_the_stored_row_fails_the_correction_and_nothing_else(world, w) -> None:
    _one_bad(world, w)
    _approve(world, _propose(world, {"fzrq": "2024-03-01"}).correction)
    mapping = world.content / f"mappings/{UNIT}/certificate.yaml"
    mapping.write_text(
        mapping.read_text("utf-8")
        .replace("ignore: [id, gxsj]", "ignore: [id]")
        .replace("test_method: {absent: {reason: 没有, owner: 测试, until: 2099-12-31}}", "test_method: xin"),
        "utf-8",
    )
    with world.table(UNIT) as source:
        source.execute("ALTER TABLE zs ADD COLUMN xin")
    summary = world.sync()
    assert summary.failed == {}, summary.failed
    [letter] = [x for x in _letters(world) if x.id == 1]
    assert letter.state in ("open", "resolved")
    assert _proposals(world)[0].state == "failed"
