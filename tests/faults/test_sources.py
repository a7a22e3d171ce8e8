"""Sources that are empty, wrong, or break while they are read: told clearly, and nothing lost or half-sent."""

from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

UNIT = "320000"


def _error(summary, unit: str = UNIT) -> str:
    assert list(summary.failed) == [f"{unit} certificate"], summary
    return summary.failed[f"{unit} certificate"]


def test_an_empty_source_is_no_error_and_sends_nothing(world, w) -> None:
    world.province(UNIT, 0)
    summary = world.sync()
    assert summary.failed == {}
    assert sum(row["extracted"] + row["sent"] for row in summary.rows) == 0
    world.put(UNIT, [w.licence(UNIT, 1)])
    assert w.counts(world.sync())["loaded"] == 1
    w.judged_faultless(world, {UNIT: 1})


def test_a_column_the_mapping_names_but_the_table_lacks_is_named_with_table_and_next_step(world, w) -> None:
    world.province(UNIT, 4)
    world.province("370000", 3)
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE zs RENAME COLUMN fzrq TO fzrqi")
    message = _error(world.sync())
    assert message.startswith("ECQS-2012") or "fzrq" in message, message
    assert "fzrq" in message
    assert "zs" in message
    assert "Next:" in message
    assert "fzrqi" in message, "the column that was probably meant"
    w.judged_faultless(world, {UNIT: 0, "370000": 3})
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE zs RENAME COLUMN fzrqi TO fzrq")
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 4})


@pytest.mark.parametrize(
    ("sql", "code", "word"),
    [
        ("ALTER TABLE zs RENAME TO zs2", "ECQS-2011", "zs2"),
        ("ALTER TABLE zs RENAME COLUMN id TO nummer", "ECQS-2012", "id"),
        ("ALTER TABLE zs RENAME COLUMN gxsj TO gxsj2", "ECQS-2012", "gxsj2"),
    ],
)
def test_a_table_or_a_column_the_connector_needs_is_missing(sql: str, code: str, word: str, world, w) -> None:
    world.province(UNIT, 2)
    with world.table(UNIT) as db:
        db.execute(sql)
    message = _error(world.sync())
    assert message.startswith(code)
    assert f"connectors/provinces/{UNIT}.yaml" in message
    assert word in message
    assert "Next:" in message
    w.judged_faultless(world, {UNIT: 0})


def test_a_database_file_that_is_none_is_told_as_such(world, w) -> None:
    world.province(UNIT, 2)
    world.source(UNIT).write_bytes(b"this is no database" * 100)
    message = _error(world.sync())
    assert message.startswith("ECQS-20")
    assert "Next:" in message


@pytest.mark.postgresql
def test_a_connection_killed_while_reading_loses_nothing(world, w, postgresql_url: str) -> None:
    rows = 6000
    _fill_postgresql(world, w, postgresql_url, rows)
    admin = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    stop = threading.Event()
    killed: list[int] = []
    killer = threading.Thread(target=_kill_readers, args=(admin, stop, killed))
    killer.start()
    try:
        message = _error(world.sync())
    finally:
        stop.set()
        killer.join()
    assert killed
    assert message.startswith(("ECQS-2003", "ECQS-2001", "ECQS-2008")), message
    assert "Next:" in message
    # What was read before it broke is whole: it went out, or waits and goes out first next time.
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: rows})
    admin.dispose()


def _fill_postgresql(world, w, url: str, rows: int) -> None:
    world.province(UNIT, batch_rows=200)
    world.national(records=1000, wait="30s")
    made = sa.make_url(url)
    world.connections[f"ecqs_{UNIT}"] = {
        "conn_type": "postgres", "host": made.host, "port": made.port or 5432, "login": made.username,
        "password": made.password or "", "schema": made.database,
    }  # fmt: skip
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql(
            "CREATE TABLE zs (id bigint PRIMARY KEY, zsbh text, qymc text, tyshxydm text, cpmc text, fzrq date,"
            " yxqz date, zt text, gxsj timestamp)"
        )
        db.exec_driver_sql(
            f"INSERT INTO zs SELECT n, '苏XK06-001-' || lpad(n::text, 5, '0'), '远山电缆有限公司',"
            f" '{w.USCC}', '架空绞线',"
            f" '2024-03-01', '2029-02-28', '有效', timestamp '2026-11-01' + n * interval '1 second'"
            f" FROM generate_series(1, {rows}) n"
        )
    engine.dispose()


def _kill_readers(admin: sa.Engine, stop: threading.Event, killed: list[int]) -> None:
    """End the gateway's connections to the source once it is reading rows."""
    wanted = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND (query ILIKE '%order by%' OR query ILIKE '%fetch%' OR query ILIKE '%copy%')"
    )
    with admin.connect() as db:
        while not stop.is_set() and not killed:
            killed += [1 for (done,) in db.execute(wanted) if done]
            time.sleep(0.005)


def test_rows_stored_before_the_mapping_named_a_new_column_are_read_again(world, w) -> None:
    """A run breaks off behind its extraction; before the next one the mapping takes up a column that is new."""
    world.province(UNIT, 5)
    _break_off_behind_the_extraction(world)
    assert world.rows("SELECT state FROM extraction") == [("stored",)]
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE zs ADD COLUMN dz TEXT DEFAULT '远山路1号'")
    file = world.content / f"mappings/{UNIT}/certificate.yaml"
    text = file.read_text(encoding="utf-8")
    start = text.index("  holder.address: ")
    file.write_text(text[:start] + "  holder.address: dz" + text[text.index("\n", start) :], encoding="utf-8")
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 5})
    assert sorted(world.rows("SELECT state FROM extraction")) == [("abandoned",), ("processed",)]


def _break_off_behind_the_extraction(world) -> None:
    from ecqs_gateway.errors import Transient
    from ecqs_gateway.flows import nightly
    from ecqs_gateway.flows.progress import Step

    def listen(step: Step) -> None:
        if step.event == "extracted":
            raise Transient("ECQS-3003", "the ledger went away just now")

    with world.gateway() as gateway:
        assert nightly.sync(gateway.listening(listen), nightly.EVERYTHING).failed
