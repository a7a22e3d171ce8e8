"""What `ecqs mapping plan` costs on a million stored rows: processor seconds, and seconds by the clock.

The rows are the 28-column certificates all our figures are measured on, stored and sealed as a first sync does, in 50
extractions of 20,000. Two changes are tried: a small one (one code of the code file), and one that changes five fields
of every record and refuses some. Loading the content and opening the ledger are included.

Run: python benchmarks/plan.py [rows]
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from machine import ROOT

from ecqs_gateway.content.load import load
from ecqs_gateway.doors.vault import make_payload_key
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.flows.planned.base import Bases
from ecqs_gateway.flows.planned.forecast import Wish, forecast_lane
from ecqs_gateway.ledger import extractions, lanes, runs
from ecqs_gateway.mapping.forecast import Forecast
from ecqs_gateway.sandbox.provinces.perf import perf_frame
from ecqs_gateway.settings import Settings, load_settings

UNIT, KIND = "320000", "certificate"
CHUNK = 20_000
MAP = f"mappings/{UNIT}/{KIND}.yaml"
CODES = f"mappings/{UNIT}/codes/zt.csv"


def build(folder: Path, rows: int) -> Settings:
    """Make a gateway whose stage holds the rows, and its content twice: as it is, and to be changed."""
    for name in ("before", "after"):
        shutil.copytree(ROOT / "benchmarks" / "content", folder / name)
        shutil.copytree(ROOT / "schemas", folder / name / "schemas", ignore=shutil.ignore_patterns("sources"))
    values = {"ECQS_HOME": str(folder / "home"), "ECQS_CONTENT": str(folder / "after")}
    settings = load_settings(values, folder=folder)
    make_payload_key(settings.keys)
    with open_gateway(settings) as gateway:
        run = runs.start(gateway.database, "benchmark", gateway.content.digest)
        lease = lanes.acquire(gateway.database, UNIT, KIND)
        for number, start in enumerate(range(0, rows, CHUNK)):
            frame = perf_frame(start, min(rows, start + CHUNK))
            files = extractions.stage_frames(gateway.stage, lease, f"{number:06d}", {"rows": frame})
            draft = extractions.Extraction(0, frame.height, "t_xk_zs", files)
            extractions.store(gateway.database, lease, run, draft, watermark=None)
        lanes.release(gateway.database, lease)
        runs.finish(gateway.database, run, failed=False)
    return settings


def edit(file: Path, *changes: tuple[str, str]) -> None:
    """Replace texts of a content file; each must be there."""
    text = file.read_text(encoding="utf-8")
    for was, now in changes:
        assert was in text, was
        text = text.replace(was, now)
    file.write_text(text, encoding="utf-8")


def one_code(content: Path) -> None:
    """Change what one status means."""
    edit(content / CODES, ("01,01,", "01,05,"))


def five_fields(content: Path) -> None:
    """Change five fields of every record, one of them so that some rows are refused, and the items of a list."""
    edit(
        content / MAP,
        ("holder.name: qymc", "holder.name: {expr: \"concat(qymc, '甲')\"}"),
        ("holder.address: zs", "holder.address: scdz"),
        ("valid_until: yxqz", 'valid_until: {expr: "CASE WHEN CAST(zczj AS integer) > 90000 THEN NULL ELSE yxqz END"}'),
        ("status_note: bz", "status_note: {join: {columns: [bz, zsid], with: ；}}"),
        ("fields: {name: item}", "fields: {name: item, unit: item}"),
    )


def measured(settings: Settings, folder: Path) -> tuple[Forecast, float, float]:
    """Forecast the lane once; gives what it found, processor seconds and seconds by the clock."""
    clock, cpu = time.perf_counter(), time.process_time()
    with open_gateway(settings) as gateway, Bases.of(gateway, folder=folder / "before") as bases:
        found = forecast_lane(gateway, UNIT, KIND, bases.base(UNIT, KIND), Wish(limit=50_000_000))
    assert found.forecast is not None
    return found.forecast, time.process_time() - cpu, time.perf_counter() - clock


def main(rows: int = 1_000_000) -> None:
    """Build, then try both changes."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = build(folder, rows)
        ways: list[tuple[str, Callable[[Path], None]]] = [("one code", one_code), ("five fields", five_fields)]
        for name, change in ways:
            shutil.rmtree(folder / "after" / "mappings")
            shutil.copytree(folder / "before" / "mappings", folder / "after" / "mappings")
            change(folder / "after")
            assert not load(folder / "after").errors, load(folder / "after").errors[0]
            found, cpu, clock = measured(settings, folder)
            assert found.rows == rows
            print(
                f"{name:<12} {rows:>9,} rows: {cpu:6.1f} s of processor time ({cpu / rows * 1e6:.1f} µs a row), "
                f"{clock:6.1f} s by the clock; {found.changed:,} records change, {found.refused:,} newly refused"
            )
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
