"""Any cell of any row may be garbage: good rows arrive, bad ones are dead letters that say why, nothing raises."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UNIT = "320000"
ROWS = 30
CELLS = ("zsbh", "qymc", "tyshxydm", "cpmc", "fzrq", "yxqz", "zt")

_HOSTILE = [
    "", " ", "　", "\x00", "a\x00b", "\x01\x02\x1f", "\x7f", "\u2028", "\ufeff", "\ufffe", "\uffff", "\U0001f600" * 40,
    "<certificate/>", "]]>", "<![CDATA[x]]>", "&amp;&lt;", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
    "\r\n", "a\rb", "=1+1", "'; DROP TABLE zs; --", "{{ 1 }}", "%s%n", "NULL", "null", "-", "无", "长期", "9" * 400,
    "甲" * 70_000, "0000-00-00", "2026-02-30", "99999999", "٢٠٢٤-٠٣-٠١", "𠮷" * 10, "e\u0301", "\u202eabc",
    0, -1, 2**63 - 1, -(2**63), 1e308, float("inf"), 5e-324, 1.5, None, b"", b"\xff\xfe\x00", b"\xd5\xfe\xc0\xcf",
]  # fmt: skip

garbage = st.one_of(
    st.sampled_from(_HOSTILE),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60),
    st.binary(max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)
"""What SQLite can hold in any column, whatever the column was meant for."""

spoiled = st.dictionaries(
    st.integers(1, ROWS), st.dictionaries(st.sampled_from(CELLS), garbage, min_size=1, max_size=3), max_size=8
)


@pytest.fixture(scope="module")
def province() -> Iterator[Any]:
    """One world for all examples: its gateway and headquarters are made new for each, its keys and content are not."""
    import sys

    module = sys.modules["ecqs_test_support_world"]
    folder = Path(tempfile.mkdtemp(prefix="ecqs-garbage-"))
    made = module.World(folder)
    made.build()
    made.province(UNIT, ROWS)
    with made.headquarters():
        yield made, module
    shutil.rmtree(folder)


_round = iter(range(1, 10_000))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoiled)
def test_good_rows_arrive_and_bad_ones_become_dead_letters_that_say_why(province, rows: dict[int, dict]) -> None:
    world, w = province
    # Numbers of their own for each example: what headquarters holds of earlier ones says nothing about this one.
    first = next(_round) * 100
    made = [w.licence(UNIT, n, zsbh=w.spelled(UNIT, first + n)) for n in range(1, ROWS + 1)]
    made = [w.Licence(**{**vars(row), **rows.get(row.id, {})}) for row in made]
    with world.table(UNIT) as db:
        db.execute("DELETE FROM zs")
    world.put(UNIT, made)
    before = world.rows("SELECT coalesce(max(id), 0) FROM dead_letter")[0][0] if _started(world) else 0
    summary = world.sync()

    assert summary.failed == {}
    row = w.counts(summary)
    assert row["extracted"] == ROWS
    assert row["unchanged"] + row["superseded"] + row["batched"] + row["dead_new"] + row["dead_known"] == ROWS
    held = world.held(UNIT)
    for n in range(1, ROWS + 1):
        if n not in rows and not any(_claims(cells, w, first + n) for cells in rows.values()):
            assert w.key(UNIT, first + n) in held, f"good row {n} did not arrive"
    _told(world, before, row["dead_new"])
    w.judged_faultless(world)


def _started(world) -> bool:
    return (world.home / "ledger.db").exists()


def _claims(cells: dict, w, number: int) -> bool:
    """Say whether a spoiled row claims the number of a good one."""
    return cells.get("zsbh") == w.spelled(UNIT, number)


def _told(world, before: int, new: int) -> None:
    letters = world.rows(f"SELECT source_key, reasons, source FROM dead_letter WHERE id > {before}")
    assert len(letters) == new
    for source_key, reasons, source in letters:
        found = json.loads(reasons)
        assert found
        assert source is not None
        for reason in found:
            assert reason["rule"]
            assert reason["message"]
        assert source_key
        if found[0]["rule"] != "ECQS-2041":
            assert any(reason["column"] for reason in found), found
            assert source_key in {str(n) for n in range(1, ROWS + 1)}


def test_a_source_of_nothing_but_garbage_sends_nothing_and_does_not_fail(world, w) -> None:
    rows = [w.Licence(n, *([value] * 7), "2026-11-20 08:00:00") for n, value in enumerate(_HOSTILE, 1)]
    world.province(UNIT, rows)
    summary = world.sync()
    assert summary.failed == {}
    row = w.counts(summary)
    assert (row["extracted"], row["dead_new"], row["sent"]) == (len(rows), len(rows), 0)
    # From the second run on a coded column of nothing but strange words is drift: held and told, unless it shall not.
    (held,) = world.sync().failed.values()
    assert held.startswith("ECQS-1450")
    file = world.content / f"connectors/provinces/{UNIT}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "drift: {recoded_column: warn}\n", encoding="utf-8")
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 0})


@pytest.mark.parametrize("value", ["", None, "gestern", 0, b"\xff", "2026-13-45 99:99:99", "9999-12-31 23:59:59"])
def test_a_change_time_that_is_none_keeps_no_other_row_back(value: Any, world, w) -> None:
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 6)), w.licence(UNIT, 6, gxsj=value)])
    assert world.sync().failed == {}
    assert {w.key(UNIT, n) for n in range(1, 6)} <= set(world.held())
    world.put(UNIT, [w.licence(UNIT, 7, gxsj="2026-11-21 08:00:00")])
    assert world.sync().failed == {}
    assert w.key(UNIT, 7) in world.held(), "a change behind the bad row was not seen"
    w.judged_faultless(world)
