"""Which approvals a revocation touches: the sample province's approvals, sent, and the list that comes back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import ecqs_test_support_world as _world
import polars as pl
import pytest
from lxml import etree

from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.flows import inspectors, keyring
from ecqs_gateway.flows.inspector_visits import affected, recognised_frame, scan
from ecqs_gateway.inbound.inspector_visits import visits_of
from ecqs_gateway.ledger import inspector_visits as ledger
from ecqs_gateway.sandbox import provinces

ROOT = Path(__file__).resolve().parents[2]
UNIT = "320000"
OF_APPROVALS = "JOIN lane ON lane.id = lane_id WHERE kind = 'approval'"
PACKAGES = f"SELECT package, lower(hex(package_digest)) FROM batch {OF_APPROVALS}"
NS = {"e": "urn:ecqs-gateway:exchange:1.0"}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory):
    """The sample 江苏 with its approvals and inspectors at headquarters, and the list taken in."""
    world = _world.World(tmp_path_factory.mktemp("visits"))
    world.build()
    world.national(records=40, wait="20s")
    (world.content / "connectors/provinces").mkdir(exist_ok=True)
    text = (ROOT / f"connectors/provinces/{UNIT}.yaml").read_text(encoding="utf-8")
    world.write(f"connectors/provinces/{UNIT}.yaml", text)
    shutil.copytree(ROOT / f"mappings/{UNIT}", world.content / f"mappings/{UNIT}")
    provinces.generate(UNIT, f"sqlite:///{world.source(UNIT)}", rows=300)
    for name in (f"ecqs_{UNIT}", f"ecqs_{UNIT}_write"):
        world.connections[name] = {"conn_type": "sqlite", "host": str(world.source(UNIT))}
    keyring.salt(world.keys, UNIT)
    with world.headquarters():
        assert world.sync().failed == {}
        world.running.wait_idle()
        with world.gateway() as gateway:
            inspectors.pull(gateway).require()
        yield world


def _source(world, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(world.source(UNIT))) as db:
        return db.execute(sql).fetchall()


def test_the_pattern_finds_what_a_parser_finds(sent) -> None:
    found = 0
    with sent.gateway() as gateway:
        for name, digest in sent.rows(PACKAGES):
            data = gateway.stage.get(name, digest)
            records = etree.fromstring(read_batch_xml(data)).iterfind("e:record", NS)
            expected = [
                (record.get("key"), 7, record.findtext("e:approval/e:visit/e:date", namespaces=NS), number.text)
                for record in records
                for number in record.iterfind("e:approval/e:inspectors/e:inspector/e:number", NS)
            ]
            assert visits_of(data, 7).rows() == expected
            found += len(expected)
    assert found > 100


def test_each_batch_is_read_once(sent) -> None:
    with sent.gateway() as gateway:
        scan(gateway)
        [(first,)] = sent.rows("SELECT count(*) FROM inspector_visit")
        assert scan(gateway) == 0
        ledger.keep(gateway.database, 1, 1, pl.DataFrame(schema={"sequence": pl.Int64}))
    assert sent.rows("SELECT count(*) FROM inspector_visit") == [(first,)]


def test_the_report_names_every_visit_of_those_not_recognised_any_more(sent) -> None:
    with sent.gateway() as gateway:
        found = affected(gateway)
    gone = dict(_source(sent, "SELECT trim(RYZSBH), ZTRQ FROM T_XK_HCRY WHERE ZT IN ('暂停', '撤销')"))
    told = {row["number"] for row in found.inspectors.to_dicts()}
    assert told <= set(gone)
    case = {identity: (number, day) for identity, number, day in _source(sent, "SELECT BJID, SLBH, HCRQ FROM T_XK_BJ")}
    sent_keys = {
        key
        for (key,) in sent.rows("SELECT key FROM record_version JOIN lane ON lane.id = lane_id WHERE kind = 'approval'")
    }
    expected = {
        (case[identity][0], number, case[identity][1] < gone[number])
        for identity, number in _source(sent, "SELECT BJID, RYZSBH FROM T_XK_BJ_HC")
        if number in told and case[identity][0] in sent_keys
    }
    rows = {(row["key"], row["number"], row["recognised"]) for row in found.rows.to_dicts()}
    assert rows == expected
    assert rows
    assert found.unread == 0
    one = found.rows["number"][0]
    with sent.gateway() as gateway:
        assert set(affected(gateway, number=one).rows["number"]) == {one}
        assert affected(gateway, units=["370000"]).rows.height == 0
        assert affected(gateway, since_version=99).rows.height == 0


def test_a_later_version_of_an_approval_counts_in_place_of_the_earlier(sent) -> None:
    with sent.gateway() as gateway:
        before = affected(gateway)
    key, number = before.rows.select("key", "number").row(0)
    with closing(sqlite3.connect(sent.source(UNIT))) as db, db:
        [(identity,)] = db.execute("SELECT BJID FROM T_XK_BJ WHERE SLBH = ?", [key]).fetchall()
        db.execute("UPDATE T_XK_BJ_HC SET RYZSBH = '沪核查00001' WHERE BJID = ? AND RYZSBH = ?", [identity, number])
        db.execute("UPDATE T_XK_BJ SET GXSJ = '2026-11-22 10:00:00.000000' WHERE BJID = ?", [identity])
    sent.clock.forward(days=1)
    assert sent.sync(kinds=("approval",)).failed == {}
    with sent.gateway() as gateway:
        after = affected(gateway)
    gone = before.rows.join(after.rows, on=["key", "number"], how="anti")
    assert gone.select("key", "number").rows() == [(key, number)]


def test_a_batch_removed_before_it_was_read_is_counted(sent) -> None:
    with sent.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM inspector_visit")
        connection.exec_driver_sql("DELETE FROM inspector_scan")
        connection.exec_driver_sql("UPDATE batch SET pruned_at = '2026-11-24' WHERE id = '320000-approval-00000001'")
    with sent.gateway() as gateway:
        assert affected(gateway).unread == 1
    with sent.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE batch SET pruned_at = NULL")


def test_the_frame_for_rules_can_be_joined_with_visits(sent) -> None:
    """≥ 2 recognised inspectors at each visit, as a rule would ask."""
    with sent.gateway() as gateway:
        spans = recognised_frame(gateway)
        visits = pl.concat(
            visits_of(gateway.stage.get(name, digest), 1) for name, digest in sent.rows(PACKAGES)
        ).with_columns(pl.col("day").str.to_date())
    good = visits.join(spans, on="number").filter(
        (pl.col("from") <= pl.col("day")) & (pl.col("until").is_null() | (pl.col("until") >= pl.col("day")))
    )
    counted = good.group_by("key").agg(pl.col("number").n_unique().alias("good"))
    assert counted.filter(pl.col("good") >= 2).height > counted.height / 2


def test_an_approval_is_judged_by_the_list_that_was_taken_in(sent) -> None:
    """APPR-032: before the first list nothing is concluded; afterwards a stranger at a visit is told."""
    findings = "SELECT key, field FROM finding WHERE rule = 'APPR-032' AND sequence "
    first = "(SELECT min(sequence) FROM finding)"  # sent before the list was there
    assert sent.rows(f"{findings} = {first}") == []
    before = len(sent.rows(f"{findings} > 0"))
    wanted = "SELECT DISTINCT BJID FROM T_XK_BJ_HC JOIN T_XK_BJ USING (BJID) WHERE HCRQ > '2021' AND JDJG = '准予许可'"
    cases = _source(sent, f"{wanted} LIMIT 5")
    assert len(cases) == 5
    with closing(sqlite3.connect(sent.source(UNIT))) as db, db:
        db.executemany("UPDATE T_XK_BJ_HC SET RYZSBH = 'HC999999' WHERE BJID = ? AND XH = 1", cases)
        db.executemany("UPDATE T_XK_BJ SET GXSJ = '2026-11-25 19:00:00' WHERE BJID = ?", cases)
    assert sent.sync(kinds=["approval"]).failed == {}
    told = sent.rows(f"{findings} > 0")
    assert before < len(told) <= before + len(cases)
    assert {field for _, field in told} == {"inspectors.number,visit.date"}
