"""A province that hangs, is slow, sends poison or has broken YAML delays no other (F13, F14 of the list of faults).

Nothing here is a matter of seconds: sources hang for as long as the test wants them to, and what is asserted is that
the others are done, by headquarters' own ledger, while they still hang.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
import sqlalchemy as sa

GOOD = ("320000", "370000", "440000")
HANGING = ("110000", "120000", "130000", "140000", "150000", "210000")
"""More than there are cores or places for chunks, and first in every order."""


def _until(true: Callable[[], bool], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@contextmanager
def _syncing(world, held: ExitStack | None = None, lock: AbstractContextManager | None = None) -> Iterator[list]:
    """Run the sync in a thread, behind a lock that ``held`` lets go; gives what it came to once it is done."""
    done: list = []
    if held is not None and lock is not None:
        held.enter_context(lock)

    def work() -> None:
        try:
            done.append(world.sync())
        except BaseException as error:  # noqa: BLE001
            done.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield done
    thread.join(120)
    assert not thread.is_alive()


def _on_postgresql(world, w, unit: str, url: str, rows: int, *, per_row: str = "") -> None:
    """Move a unit's table to PostgreSQL; ``per_row`` is an expression evaluated for every row that is read."""
    world.province(unit)
    made = sa.make_url(url)
    world.connections[f"ecqs_{unit}"] = {
        "conn_type": "postgres", "host": made.host, "port": made.port or 5432, "login": made.username,
        "password": made.password or "", "schema": made.database,
    }  # fmt: skip
    file = world.content / f"connectors/provinces/{unit}.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("table: zs,", f"table: zs_{unit},"), encoding="utf-8")
    sign = w.CHARACTERS[unit]
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.exec_driver_sql(
            f"CREATE TABLE rows_{unit} AS SELECT n AS id, '{sign}XK06-001-' || lpad(n::text, 5, '0') AS zsbh,"
            f" '远山电缆有限公司' AS qymc, '{w.USCC}' AS tyshxydm, '架空绞线' AS cpmc, date '2024-03-01' AS fzrq,"
            " date '2029-02-28' AS yxqz, '有效' AS zt, timestamp '2026-11-01' + n * interval '1 second' AS gxsj"
            f" FROM generate_series(1, {rows}) n"
        )
        if per_row:
            db.exec_driver_sql(
                f"CREATE FUNCTION slow_{unit}(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS"
                f" $$ BEGIN PERFORM {per_row}; RETURN n; END $$"
            )
            db.exec_driver_sql(
                f"CREATE VIEW zs_{unit} AS SELECT slow_{unit}(id) AS id, zsbh, qymc, tyshxydm, cpmc, fzrq, yxqz, zt,"
                f" gxsj FROM rows_{unit}"
            )
        else:
            db.exec_driver_sql(f"ALTER TABLE rows_{unit} RENAME TO zs_{unit}")
            db.exec_driver_sql(f"ALTER TABLE zs_{unit} ADD PRIMARY KEY (id)")
    engine.dispose()


@contextmanager
def _locked(url: str, units: tuple[str, ...]) -> Iterator[None]:
    """Hold the tables of these units so that nobody can read them."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as db:
            for unit in units:
                db.exec_driver_sql(f"LOCK TABLE zs_{unit} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        engine.dispose()


@contextmanager
def _gate(engine: sa.Engine) -> Iterator[None]:
    with engine.begin() as db:
        db.exec_driver_sql("SELECT pg_advisory_xact_lock(77)")
        yield


def _all_held(world, units: tuple[str, ...], rows: int) -> bool:
    with world.query() as query:
        return all(len(query.holdings(unit)) == rows for unit in units)


@pytest.mark.postgresql
def test_many_provinces_that_hang_in_their_source_hold_up_nobody(world, w, postgresql_url: str) -> None:
    for unit in HANGING:
        _on_postgresql(world, w, unit, postgresql_url, 30)
    for unit in GOOD:
        world.province(unit, 120, batch_rows=40)
    with ExitStack() as lock, _syncing(world, lock, _locked(postgresql_url, HANGING)) as done:
        _until(lambda: _all_held(world, GOOD, 120))
        assert done == []
        assert _all_held(world, HANGING, 0)
        lock.close()
    [summary] = done
    assert summary.failed == {}
    w.judged_faultless(world, dict.fromkeys(GOOD, 120) | dict.fromkeys(HANGING, 30))


@pytest.mark.postgresql
def test_provinces_that_hang_in_the_middle_of_their_rows_hold_up_nobody(world, w, postgresql_url: str) -> None:
    """Each row waits for a lock of the test's; the rows of the first chunks come, then no more."""
    for unit in HANGING:
        wait = "CASE WHEN n > 60 THEN pg_advisory_xact_lock_shared(77) END"
        _on_postgresql(world, w, unit, postgresql_url, 100, per_row=wait)
        file = world.content / f"connectors/provinces/{unit}.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("batch_rows: 100", "batch_rows: 20"), encoding="utf-8")
    for unit in GOOD:
        world.province(unit, 120, batch_rows=40)
    engine = sa.create_engine(postgresql_url)
    gate = _gate(engine)
    with ExitStack() as lock, _syncing(world, lock, gate) as done:
        _until(lambda: _all_held(world, GOOD, 120))
        assert done == []
        lock.close()
    engine.dispose()
    [summary] = done
    assert summary.failed == {}
    w.judged_faultless(world, dict.fromkeys(GOOD, 120) | dict.fromkeys(HANGING, 100))


@pytest.mark.postgresql
def test_hanging_poison_and_broken_yaml_at_once_leave_the_others_as_fast_as_without(
    world, w, postgresql_url: str
) -> None:
    """The time the others take is compared with the hang still going on: their work is done while nothing else is."""
    for unit in GOOD:
        world.province(unit, 60)
    alone = _seconds(lambda: world.sync(units=GOOD))
    for unit in GOOD:
        world.put(unit, [w.licence(unit, n, zt="注销", gxsj="2026-11-22 08:00:00") for n in range(1, 61)])
    _on_postgresql(world, w, "110000", postgresql_url, 5)
    world.province("120000", [w.licence("120000", n, zt="有效" if n % 9 else "毒") for n in range(1, 31)])
    world.province("130000", 5)
    world.write("connectors/provinces/130000.yaml", "version: 1\nunit: [\n")

    def cancelled() -> bool:
        with world.query() as query:
            return all(len(query.history(w.key(unit, n))) == 2 for unit in GOOD for n in range(1, 61, 10))

    with ExitStack() as lock, _syncing(world, lock, _locked(postgresql_url, ("110000",))) as done:
        together = _seconds(lambda: _until(lambda: cancelled() and _all_held(world, ("120000",), 27)))
        assert done == []
        lock.close()
    [summary] = done
    assert list(summary.failed) == ["130000 -"]
    assert world.rows("SELECT count(*) FROM dead_letter WHERE state = 'open'") == [(3,)]
    # Not the 1 % of F13, which a busy machine cannot tell; a province that waited for the hang would never end.
    assert together < 10 * alone + 30
    w.judged_faultless(world, dict.fromkeys(GOOD, 60) | {"110000": 5, "120000": 27})


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_broken_yaml_of_each_of_many_units_leaves_the_others_going(world, w) -> None:
    broken = [unit for unit in w.CHARACTERS if unit not in GOOD]
    for unit in broken:
        world.write(f"connectors/provinces/{unit}.yaml", f'version: 1\nunit: "{unit}"\nsource: [\n')
    for unit in GOOD:
        world.province(unit, 5)
    summary = world.sync()
    assert sorted(summary.failed) == sorted(f"{unit} -" for unit in broken)
    assert all(f"connectors/provinces/{lane[:6]}.yaml" in message for lane, message in summary.failed.items())
    w.judged_faultless(world, dict.fromkeys(GOOD, 5))


def test_headquarters_that_does_not_answer_one_province_holds_up_no_other(world, w) -> None:
    world.national(wait="15s")
    for unit in ("110000", *GOOD):
        world.province(unit, 20)
    world.misbehave(drop={"probability": 1.0, "units": ["110000"]})
    with _syncing(world) as done:
        _until(lambda: _loaded(world, GOOD))
        assert done == [], "it did not wait for the province without receipts: this proves nothing"
    [summary] = done
    assert summary.failed == {}
    assert world.rows("SELECT DISTINCT state FROM batch WHERE id LIKE '110000%'") == [("sent",)]


def _loaded(world, units: tuple[str, ...]) -> bool:
    with world.ledger() as database:
        if database.revision() is None:
            return False
        with database.read() as connection:
            done = sa.text("SELECT count(*) FROM batch WHERE state = 'loaded'")
            return connection.execute(done).scalar() == len(units)


def test_every_province_at_once_goes_through(world, w) -> None:
    for unit in w.CHARACTERS:
        world.province(unit, 12, batch_rows=5)
    summary = world.sync()
    assert summary.failed == {}
    w.judged_faultless(world, dict.fromkeys(w.CHARACTERS, 12))


@pytest.mark.postgresql
def test_a_dry_run_is_not_held_up_either(world, w, postgresql_url: str) -> None:
    _on_postgresql(world, w, "110000", postgresql_url, 5)
    world.province("320000", 7)
    rehearsed = threading.Event()

    def listen(step) -> None:
        if (step.unit, step.event) == ("320000", "rehearsed"):
            rehearsed.set()

    from ecqs_gateway.flows import nightly

    done: list = []
    with world.gateway() as gateway, _locked(postgresql_url, ("110000",)):
        options = nightly.Options(dry_run=True)
        thread = threading.Thread(
            target=lambda: done.append(nightly.sync(gateway.listening(listen), options)), daemon=True
        )
        thread.start()
        assert rehearsed.wait(60)
        assert done == []
        gateway.limits.interrupt.set("by the end of the test")
        thread.join(60)
    assert done
    assert done[0].interrupted
