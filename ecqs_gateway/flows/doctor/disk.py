"""Disk: is there room for the next runs, and can the gateway write, flush and rename where it must."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.ledger.tables import batch, extraction

__all__: list[str] = []

_LEAST = 200_000_000
_RUNS = 5
_FEWEST_INODES = 10_000


def _folders(context: Context) -> Mapping[str, Path]:
    """Give the folders the gateway writes to, each by what it is."""
    settings = context.settings
    found = {"home": settings.home, "stage": settings.stage}
    url = sa.make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite":
        found["ledger"] = Path(url.database or "").parent
    return found


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


@check("disk.space")
def space(context: Context) -> Iterator[Finding]:
    """Room for at least one run like the largest of the last five, with a margin; inodes too."""
    need, told = _needed(context)
    seen: set[int] = set()
    for name, folder in _folders(context).items():
        there = _existing(folder)
        if there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        disk = os.statvfs(there)
        free, inodes = disk.f_bavail * disk.f_frsize, disk.f_favail
        verdict = Verdict.OK
        if free < need or (disk.f_files and inodes < _FEWEST_INODES // 10):
            verdict = Verdict.PROBLEM
        elif free < 3 * need or (disk.f_files and inodes < _FEWEST_INODES):
            verdict = Verdict.WARNING
        text = f"{_size(free)} free, {_size(need)} wanted for the next run ({told})"
        if disk.f_files and inodes < _FEWEST_INODES:
            text += f"; only {inodes} more files can be made"
        step = "" if verdict is Verdict.OK else "free space there: `ecqs prune` removes what the retention lets go"
        yield Finding("disk.space", verdict, text, f"{name} {folder}", step)


def _needed(context: Context) -> tuple[int, str]:
    """Estimate what the next run writes: three times the largest of the last runs, and never less than a minimum."""
    try:
        with context.ledger() as ledger:
            runs = _sizes(ledger)
    except (NotChecked, sa.exc.SQLAlchemyError):
        runs = {}
    largest = max(runs.values(), default=0)
    told = f"the largest of the last {_RUNS} wrote {_size(largest)}" if runs else "no run to go by yet"
    return max(_LEAST, 3 * largest), told


def _sizes(ledger: sa.Connection) -> dict[str, int]:
    newest = sa.select(extraction.c.run_id).distinct().order_by(extraction.c.run_id.desc()).limit(_RUNS)
    runs = list(ledger.execute(newest).scalars())
    sizes = dict.fromkeys(runs, 0)
    wanted = sa.select(extraction.c.run_id, extraction.c.files).where(extraction.c.run_id.in_(runs))
    for run_id, files in ledger.execute(wanted):
        sizes[run_id] += sum(file.size for file in StagedFile.many_from_json(files).values())
    sent = sa.select(batch.c.run_id, sa.func.sum(batch.c.package_size)).where(batch.c.run_id.in_(runs))
    for run_id, size in ledger.execute(sent.group_by(batch.c.run_id)):
        sizes[run_id] += int(size)
    return sizes


@check("disk.write")
def write(context: Context) -> Iterator[Finding]:
    """Write, flush and rename a probe in each folder, and take it away again."""
    for name, folder in _folders(context).items():
        place, there = f"{name} {folder}", _existing(folder)
        try:
            _probe(there)
        except OSError as error:
            text = f"a file cannot be written, flushed and renamed ({error.strerror or type(error).__name__})"
            step = "mend the permissions of the folder, or its disk; run as the user the runs run as"
            yield Finding("disk.write", Verdict.PROBLEM, text, place, step)
            continue
        text = "can be written" if there == folder else f"will be made; {there} can be written"
        yield Finding("disk.write", Verdict.OK, text, place)


def _probe(folder: Path) -> None:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".ecqs-doctor-")
    renamed = Path(f"{name}.renamed")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(renamed)
    finally:
        Path(name).unlink(missing_ok=True)
        renamed.unlink(missing_ok=True)


def _size(count: int) -> str:
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
