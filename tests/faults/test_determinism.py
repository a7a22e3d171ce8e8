"""F16: the same input gives the same bytes, whatever hash seed, locale, time zone and folder the machine has.

Each run is a process of its own with its own gateway and headquarters; clock, keys and the random tail of run ids are
fixed. Compared are record version digests, the packages' bytes and the bytes of evidence bundles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

ROOT = Path(__file__).resolve().parents[2]

_PROGRAM = """
import hashlib, importlib.util, json, shutil, sys
from datetime import datetime
from pathlib import Path

from ecqs_gateway.doors import clock
from ecqs_gateway.ledger import runs

FIXED = datetime(2026, 11, 23, 2, 30, tzinfo=clock.SHANGHAI)
clock.now = lambda: FIXED  # headquarters asks the clock itself
runs.secrets.token_hex = lambda size: "ab" * size

from ecqs_gateway.flows import nightly, prove
from ecqs_gateway.flows.gateway import open_gateway

root, support, keys = map(Path, sys.argv[1:4])
found = importlib.util.spec_from_file_location("world", support)
w = importlib.util.module_from_spec(found)
sys.modules["world"] = w
found.loader.exec_module(w)
world = w.World(root, clock=lambda: FIXED, sealed=False)  # sealing is different each time, on purpose
world.build()
for file in (keys / "gateway").iterdir():
    shutil.copyfile(file, world.keys / file.name)
w.register_gateway(world.hq_home, world.keys / "gateway-ed25519.pub.pem")
(world.hq_home / "keys").mkdir(parents=True)
shutil.copyfile(keys / "headquarters.pem", world.hq_home / "keys" / "headquarters-ed25519.pem")
world.national(records=60)  # one batch: in which order headquarters numbers receipts of several is a race of its own
rows = [w.licence("320000", n, cpmc="架空绞线;塑料绝缘电缆", qymc=f"第{n}<电>缆&厂\\u2028") for n in range(1, 51)]
world.province("320000", [*rows, w.licence("320000", 51, fzrq="昨天")])
with world.headquarters(), world.gateway() as gateway:
    run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, clock=gateway.clock)
    nightly.collect_unit(gateway, run, "320000")
    nightly.deliver_unit(gateway, run, "320000")
    assert nightly.close(gateway, run) == {}
    bundles = [prove.prove(gateway, prove.Ask(key, with_rows=True)).digest for key in ("苏XK06-001-00007", "51")]
world.national(records=20)
world.put("320000", [w.licence("320000", n, gxsj="2026-11-21 08:00:00") for n in range(101, 131)])
with world.gateway() as gateway:
    nightly.collect_unit(gateway, run, "320000")  # two batches more, which nobody answers; one extraction
    stage = {
        f.relative_to(gateway.stage.root).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in gateway.stage.root.rglob("*.zip")
    }
    versions = world.rows("SELECT key, hex(digest) FROM record_version ORDER BY key")
    told = {"versions": versions, "stage": stage, "bundles": bundles}
print(json.dumps(told, sort_keys=True))
"""

MACHINES = {
    "plain": {"PYTHONHASHSEED": "0", "TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8"},
    "far away": {"PYTHONHASHSEED": "12345", "TZ": "America/St_Johns", "LC_ALL": "C"},
    "one core": {"PYTHONHASHSEED": "random", "TZ": "Pacific/Kiritimati", "LC_ALL": "POSIX", "POLARS_MAX_THREADS": "1"},
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ecqs_gateway.deliver.signing import algorithm
    from ecqs_gateway.doors.files import write_atomic

    folder = tmp_path_factory.mktemp("keys")
    ours, theirs = algorithm("ed25519").generate(), algorithm("ed25519").generate()
    write_atomic(folder / "gateway" / "gateway-ed25519.pem", ours.private)
    write_atomic(folder / "gateway" / "gateway-ed25519.pub.pem", ours.public)
    write_atomic(folder / "headquarters.pem", theirs.private)
    return folder


def _told(machine: str, keys: Path, folder: Path) -> dict:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ECQS_", "AIRFLOW", "LC_", "LANG"))}
    support = ROOT / "tests" / "support" / "world.py"
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder / machine), str(support), str(keys)],
        env={**kept, "PYTHONPATH": str(ROOT), **MACHINES[machine]},
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes_on_every_machine(keys: Path, tmp_path: Path) -> None:
    first, *others = (_told(machine, keys, tmp_path) for machine in MACHINES)
    assert len(first["versions"]) == 80
    assert sum(name.startswith("outbox/") for name in first["stage"]) == 3
    assert sum(name.startswith("receipts/") for name in first["stage"]) == 3
    assert len(set(first["bundles"])) == 2
    for other in others:
        assert other == first
    soak.report(
        "F16",
        demanded="other machine, hash seed, locale, time zone",
        run=f"{len(MACHINES)} machines that differ in hash seed, locale, time zone and threads",
        files_alike=len(first["stage"]),
        record_versions_alike=len(first["versions"]),
    )
