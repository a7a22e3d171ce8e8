"""Reconciliation with a real headquarters over SFTP: every class is found, what may be repaired is, the rest waits."""

from __future__ import annotations

import json

import pytest

from ecqs_gateway.errors import Terminal
from ecqs_gateway.flows.reconciliation import decide
from ecqs_gateway.flows.reconciliation.result import Options
from ecqs_gateway.flows.reconciliation.run import reconcile
from ecqs_gateway.ledger import differences, stops
from ecqs_gateway.ledger.stops import Scope
from ecqs_gateway.sandbox.tamper import tamper

UNIT, KIND = "320000", "certificate"


def _reconcile(world, **options):
    with world.gateway() as gateway:
        result = reconcile(gateway, Options(**options))
    assert result.failed == {}
    return result


def _lane(result, unit: str = UNIT):
    return next(lane for lane in result.lanes if lane.unit == unit)


def _classes(result) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in _lane(result).differences:
        found.setdefault(f"{each.side}/{each.kind_of}", set()).add(each.key)
    return found


@pytest.fixture
def synced(world, w):
    """A world whose headquarters holds 120 licences of one unit, twenty of them in a second version."""
    world.without_rules()
    world.province(UNIT, 120)
    assert world.sync().failed == {}
    world.put(UNIT, [w.licence(UNIT, n, qymc="改名有限公司", gxsj="2026-11-21 08:00:00") for n in range(1, 21)])
    assert world.sync().failed == {}
    return world


def _tamper(world, act: str, *numbers: int) -> set[str]:
    keys = [f"(苏)XK06-001-{number:05d}" for number in numbers]
    tamper(world.hq_home, act, UNIT, KIND, keys)
    return set(keys)


def test_every_class_at_headquarters_is_found_and_what_was_lost_is_sent_again_as_it_was(synced, w) -> None:
    assert _reconcile(synced).agrees
    before = {key: record.version for key, record in synced.held(UNIT).items()}
    lost, aged = _tamper(synced, "lose", 30, 77), _tamper(synced, "age", 5)
    altered, doubled = _tamper(synced, "alter", 40), _tamper(synced, "double", 41)
    _tamper(synced, "respell", 42)

    first = _reconcile(synced)
    assert not first.agrees
    assert _classes(first) == {
        "headquarters/missing_there": lost | {"(苏)XK06-001-00042"},
        "headquarters/missing_here": {"(苏)XK06-001-00042 "},
        "headquarters/superseded": aged,
        "headquarters/different": altered,
        "headquarters/duplicated": doubled,
    }
    fields = {each.key: each.fields for each in _lane(first).differences if each.fields}
    assert fields == dict.fromkeys(aged | altered, ("holder.name",))
    with synced.query() as query:
        assert query.repeated() == []

    [(replaced,)] = synced.rows("SELECT sum(replaced) FROM report_fact")
    repaired = _reconcile(synced, repair=True)
    lane = _lane(repaired)
    assert (lane.repaired.resent, lane.confirmed) == (4, True)
    assert {each.kind_of for each in lane.open} == {"different", "duplicated", "missing_here"}
    held = {key: record.version for key, record in synced.held(UNIT).items()}
    for key in lost | aged | {"(苏)XK06-001-00042"}:
        assert held[key] == before[key]
    # In a new batch, and nothing else with it.
    with synced.query() as query:
        [batch] = lane.repaired.batches
        assert len(query.versions(batch)) == 4
        assert query.gaps() == []
    states = {row[0]: row[1] for row in synced.rows("SELECT class, state FROM difference")}
    assert states["superseded"] == "settled"
    assert states["different"] == "open"
    # What is known of them goes with them: the report counts four sent anew, and no record twice.
    fact = "SELECT count(*) FROM record_version WHERE fact IS NULL"
    assert synced.rows(fact) == [(0,)]
    assert synced.rows("SELECT sum(fresh - replaced), sum(replaced) FROM report_fact") == [(len(before), replaced + 4)]
    # The next run of the source sends nothing a second time.
    assert sum(row["sent"] for row in synced.sync().rows) == 0
    with synced.gateway() as gateway, gateway.database.read() as connection:
        from ecqs_gateway.ledger import evidence

        assert evidence.verify(connection) > 0


def test_a_source_sweep_finds_what_slipped_and_what_was_deleted_and_leaves_alone_what_is_coming(synced, w) -> None:
    synced.put(
        UNIT,
        [
            w.licence(UNIT, 201, gxsj="2026-01-01 00:00:00"),
            w.licence(UNIT, 202, fzrq="昨天", gxsj="2026-01-01 00:00:00"),
            w.licence(UNIT, 60, qymc="悄悄改名有限公司", gxsj="2026-01-01 00:00:00"),
            w.licence(UNIT, 203, gxsj="2026-11-22 00:00:00"),
        ],
    )
    with synced.table(UNIT) as table:
        table.execute("DELETE FROM zs WHERE id IN (70, 71)")
    first = _reconcile(synced, source=True)
    assert _classes(first) == {
        "source/missing_here": {w.key(UNIT, 201)},
        "source/different": {w.key(UNIT, 60)},
        "source/deleted_at_source": {w.key(UNIT, 70), w.key(UNIT, 71)},
        "source/waiting": {w.key(UNIT, 203)},
    }
    assert _lane(first).source_rows == 121

    assert _lane(_reconcile(synced, source=True, repair=True)).repaired.queued == 3
    assert len(synced.held(UNIT)) == 120  # queued, not sent
    synced.sync()
    assert {w.key(UNIT, 201), w.key(UNIT, 203)} <= synced.held(UNIT).keys()
    assert synced.rows("SELECT count(*) FROM dead_letter WHERE state = 'open'") == [(1,)]
    # Deleted at the source is never deleted at headquarters by itself.
    last = _reconcile(synced, source=True, repair=True)
    assert _classes(last) == {"source/deleted_at_source": {w.key(UNIT, 70), w.key(UNIT, 71)}}
    assert {w.key(UNIT, 70), w.key(UNIT, 71)} <= synced.held(UNIT).keys()


def test_a_changed_mapping_is_no_change_of_the_source(synced, w) -> None:
    """Nothing is queued that only comes out differently because the content changed; what did change is."""
    mapping = f"mappings/{UNIT}/{KIND}.yaml"
    text = (synced.content / mapping).read_text(encoding="utf-8")
    synced.write(mapping, text.replace("某某市场监督管理局", "江苏省市场监督管理局"))
    synced.put(UNIT, [w.licence(UNIT, 60, qymc="悄悄改名有限公司", gxsj="2026-01-01 00:00:00")])
    swept = _lane(_reconcile(synced, source=True, repair=True))
    assert swept.repaired.queued == 1
    by_action = {}
    for each in swept.differences:
        by_action.setdefault(str(each.action), []).append(each.key)
    assert by_action["queue"] == [w.key(UNIT, 60)]
    assert len(by_action["person"]) == 99  # the other twenty lie above the watermark's overlap and wait
    assert all(each.note and "--since" in each.note for each in swept.differences if each.action == "person")


def test_a_record_is_taken_back_only_by_a_person_with_a_reason_after_it_was_found(synced, w) -> None:
    key = w.key(UNIT, 70)
    decision = decide.Decision(UNIT, KIND, key, "持证企业已注销，来源删除", "王")
    with synced.gateway() as gateway, pytest.raises(Terminal, match="ECQS-8051"):
        decide.invalidate(gateway, decision)
    with synced.table(UNIT) as table:
        table.execute("DELETE FROM zs WHERE id = 70")
    _reconcile(synced, source=True)
    with synced.gateway() as gateway:
        with pytest.raises(Terminal, match="ECQS-8050"):
            decide.invalidate(gateway, decide.Decision(UNIT, KIND, key, "  ", "王"))
        done = decide.invalidate(gateway, decision)
    assert done.state == "loaded"
    assert not synced.held(UNIT)[key].valid
    last = _reconcile(synced, source=True)
    assert last.agrees
    assert _lane(last).records_there == 119
    facts = json.loads(synced.rows("SELECT facts FROM evidence WHERE event = 'invalidation ordered'")[0][0])
    assert facts["by"] == "王"
    assert "注销" not in json.dumps(facts, ensure_ascii=False)
    # Should the source have it again, it goes out again, linked to the invalidation.
    synced.put(UNIT, [w.licence(UNIT, 70, gxsj="2026-11-22 09:00:00")])
    synced.sync()
    assert synced.held(UNIT)[key].valid
    assert _reconcile(synced, source=True).agrees


def test_ours_is_sent_over_an_altered_record_when_a_person_says_so(synced, w) -> None:
    before = synced.held(UNIT)[w.key(UNIT, 3)].version
    _tamper(synced, "alter", 3)
    _reconcile(synced)
    with synced.gateway() as gateway:
        done = decide.resend(gateway, decide.Decision(UNIT, KIND, w.key(UNIT, 3), "总局确认以我省为准", "王"))
    assert (done.state, done.version) == ("loaded", before)
    assert synced.held(UNIT)[w.key(UNIT, 3)].version == before
    assert _reconcile(synced).agrees


def test_a_stop_order_is_obeyed_and_what_was_sealed_waits(synced) -> None:
    lost = _tamper(synced, "lose", 9)
    with synced.gateway() as gateway:
        stops.order(gateway.database, Scope(UNIT), reason="盘点", by="李")
    lane = _lane(_reconcile(synced, repair=True))
    assert lane.repaired.stopped
    assert not lane.confirmed
    assert not lost & synced.held(UNIT).keys()
    # While it waits in the outbox it is not sealed a second time.
    again = _lane(_reconcile(synced, repair=True))
    assert [each.kind_of for each in again.differences] == ["waiting"]
    assert again.repaired.batches == ()
    with synced.gateway() as gateway:
        stops.lift(gateway.database, Scope(UNIT), by="李")
    synced.sync()
    assert lost <= synced.held(UNIT).keys()
    assert _reconcile(synced).agrees


def test_records_on_their_way_raise_no_alarm(synced, w) -> None:
    """Headquarters has loaded a batch whose receipt has not come yet: the cut-off leaves it out."""
    synced.national(wait="1s")
    synced.misbehave(drop={"levels": ["received", "validated", "loaded"]})
    synced.put(UNIT, [w.licence(UNIT, n, zt="注销", gxsj="2026-11-22 08:00:00") for n in (1, 50, 300)])
    synced.sync()
    assert w.key(UNIT, 300) in synced.held(UNIT)
    result = _reconcile(synced)
    assert result.agrees
    assert _lane(result).differences == ()
    assert _lane(result).records_here == 120


def test_the_tree_follows_refusals_and_later_versions_and_a_full_build_gives_the_same(synced, w) -> None:
    """What headquarters refused is not in the tree; a tree brought forward is the one built anew."""
    other = "310000"
    synced.province(other, [w.licence(other, 1, zsbh=w.spelled(UNIT, 900)), w.licence(other, 2)])
    synced.sync()
    with synced.query() as query:
        assert any(row.outcome == "refused" for row in query.history(w.key(UNIT, 900)))
    light = _reconcile(synced)
    assert light.agrees
    assert _lane(light, other).records_here == 1
    full = _reconcile(synced, full=True)
    assert [lane.digest_here for lane in full.lanes] == [lane.digest_here for lane in light.lanes]


def test_a_ledger_in_postgresql_does_the_same(bare, w, postgresql_url: str) -> None:
    bare.without_rules()
    bare.ledger_url = postgresql_url
    bare.province(UNIT, 90)
    with bare.headquarters():
        bare.sync()
        lost = _tamper(bare, "lose", 3, 70)
        _tamper(bare, "alter", 5)
        with bare.table(UNIT) as table:
            table.execute("DELETE FROM zs WHERE id = 8")
        result = _reconcile(bare, source=True, repair=True)
        assert _classes(result) == {
            "headquarters/missing_there": lost,
            "headquarters/different": {w.key(UNIT, 5)},
            "source/deleted_at_source": {w.key(UNIT, 8)},
        }
        assert (_lane(result).repaired.resent, _lane(result).confirmed) == (2, True)
        with bare.gateway() as gateway:
            decide.invalidate(gateway, decide.Decision(UNIT, KIND, w.key(UNIT, 8), "来源删除", "王"))
            counts = differences.open_counts(gateway.database)
        assert counts == {(UNIT, KIND): {"deleted_at_source": 1, "different": 1}}
        assert _classes(_reconcile(bare, source=True)) == {"headquarters/different": {w.key(UNIT, 5)}}


def test_headquarters_that_cannot_be_asked_fails_its_units_and_the_source_is_compared_all_the_same(bare, w) -> None:
    bare.without_rules()
    bare.province(UNIT, 3)
    with bare.headquarters():
        bare.sync()
    bare.national(wait="1s")
    with bare.table(UNIT) as table:
        table.execute("DELETE FROM zs WHERE id = 2")
    with bare.gateway() as gateway:
        result = reconcile(gateway, Options(source=True))
        counts = differences.open_counts(gateway.database)
    assert "ECQS-5001" in result.failed[f"{UNIT} {KIND}"]
    assert _classes(result) == {"source/deleted_at_source": {w.key(UNIT, 2)}}
    assert counts == {(UNIT, KIND): {"deleted_at_source": 1}}
