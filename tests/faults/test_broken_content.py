"""F14: a broken YAML file of one unit, each of the 32 in turn: the others go on, the DAGs load, it is seen."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.flows import nightly

ROOT = Path(__file__).resolve().parents[2]
CONNECTOR, MAPPING = "connectors/provinces/{}.yaml", "mappings/{}/certificate.yaml"
BREAKS = {
    "cut off": (CONNECTOR, lambda text: text[: len(text) // 2] + "{"),
    "unknown key": (MAPPING, lambda text: text + "colour: blue\n"),
    "tabs": (CONNECTOR, lambda text: text.replace("streams:\n  ", "streams:\n\t")),
    "binary": (MAPPING, lambda text: "\x00\x01\ufffe"),
    "empty": (CONNECTOR, lambda text: ""),
    "wrong type": (CONNECTOR, lambda text: text.replace("streams:", "streams: [1, 2]\nx:")),
    "unknown column": (MAPPING, lambda text: text.replace("issue_date: fzrq", "issue_date: gibtesnicht")),
    "a bomb of references": (MAPPING, lambda text: f"a: &a [x]\nb: &b [*a, *a]\n{text}"),
}


def _world(w, folder: Path, units):
    world = w.World(folder)
    world.build()
    world.without_rules()
    world.national(records=50, wait="30s")
    for unit in units:
        world.province(unit, 1)
    return world


def broken_content(w, folder: Path, *, units, broken, breaks=BREAKS) -> None:
    """Break one unit after the other, each in another way; all others must bring their new row every time."""
    world, number, seen = _world(w, folder, units), 1, set()
    with world.headquarters():
        assert world.sync().failed == {}
        for unit, (how, (name, spoil)) in zip(broken, cycle(breaks.items()), strict=False):
            file, number = world.content / name.format(unit), number + 1
            good = file.read_text(encoding="utf-8")
            file.write_text(spoil(good), encoding="utf-8")
            for each in units:
                world.put(each, [w.licence(each, number, gxsj=f"2026-11-21 08:{number:02d}:00")])
            with world.gateway() as gateway:
                assert set(gateway.units()) == set(units), "a broken unit vanished from the list"
                failed = nightly.sync(gateway, nightly.Options()).failed
            soak.require(file.read_text(encoding="utf-8") != good and failed, f"{unit}: nothing was broken ({how})")
            assert {place.partition(" ")[0] for place in failed} == {unit}, (how, failed)
            for message in failed.values():
                assert unit in message, message
                assert message.startswith("ECQS-")
            counts = {each: len(world.held(each)) for each in units}
            assert counts == {each: number - (each == unit) for each in units}, how
            file.write_text(good, encoding="utf-8")
            seen.add(how)
            assert world.sync().failed == {}
        soak.require(seen, "no unit was broken")
        w.judged_faultless(world, dict.fromkeys(units, number))
    soak.report(
        "F14", program="sync", demanded="each of 32 units broken in turn",
        run=f"{len(broken)} of {len(units)} units, {len(seen)} kinds of damage", lost=0, doubled=0, hands=0,
        met=not soak.SOAK or len(broken) == 32,
    )  # fmt: skip


_LOAD = """
import json, sys
from pathlib import Path
from ecqs_gateway.airflow.local import prepare_environment
home, dags = Path(sys.argv[1]), Path(sys.argv[2])
prepare_environment(dags, home)
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
initdb()
from ecqs_gateway.airflow import tasks
for line in sys.stdin:
    name, text = json.loads(line)
    file = Path(name)
    good = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    bag = DagBag(str(dags), bundle_path=dags, bundle_name="dags-folder")
    jobs = tasks.plan()
    file.write_text(good, encoding="utf-8")
    found = [list(map(str, bag.import_errors)), sorted(bag.dags), [job["unit"] for job in jobs]]
    print("RESULT" + json.dumps(found), flush=True)
"""


@pytest.mark.airflow
@pytest.mark.xdist_group("airflow")
@pytest.mark.timeout(900 if soak.SOAK else 240)
def test_the_dags_load_whichever_unit_is_broken_and_still_list_it(w, tmp_path: Path) -> None:
    units = w.UNITS
    broken = units if soak.SOAK else units[:2]
    world = _world(w, tmp_path / "world", units)
    orders = []
    for unit, (name, spoil) in zip(broken, cycle(BREAKS.values()), strict=False):
        file = world.content / name.format(unit)
        orders.append(json.dumps([str(file), spoil(file.read_text(encoding="utf-8"))]))
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path / "airflow"), str(ROOT / "dags")], env=world.environment(),
        input="\n".join(orders) + "\n", capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    results = [json.loads(line.partition("RESULT")[2]) for line in done.stdout.splitlines() if "RESULT" in line]
    assert len(results) == len(broken), done.stderr[-3000:]
    for errors, dags, planned in results:
        assert errors == []
        assert "ecqs_nightly_sync" in dags
        assert set(planned) == set(units)
    soak.report(
        "F14", program="DAGs", demanded="each of 32 units broken in turn", run=f"{len(broken)} of {len(units)} units",
        lost=0, doubled=0, hands=0, met=not soak.SOAK or len(broken) == 32, dags_that_load=len(results[0][1]),
    )  # fmt: skip


@pytest.mark.timeout(2400 if soak.SOAK else 240)
def test_the_others_go_on_whichever_unit_is_broken(w, tmp_path: Path) -> None:
    units = w.UNITS if soak.SOAK else w.UNITS[:3]
    broken_content(w, tmp_path, units=units, broken=[*units, *units[:5]][: 32 if soak.SOAK else 8])
