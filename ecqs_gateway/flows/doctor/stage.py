"""The stage: is every file there that unfinished work needs, and is there much that nothing names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.flows.backup.manifest import sha256_of
from ecqs_gateway.flows.doctor.core import Context, Finding, Verdict, check
from ecqs_gateway.ledger.needed import Named, is_content, named_files

__all__: list[str] = []

_SHOWN = 5
_MANY, _MUCH = 1000, 1_000_000_000
_SETTLED_SECONDS = 3600
_RESTORE = "restore these files from the backup that belongs to this ledger; what needs them waits until then"


@check("stage.needed", reads_much=True)
def needed(context: Context) -> Iterator[Finding]:
    """Files of unsettled batches, unprocessed extractions and open dead letters: there, of the right size and bytes.

    With --deep every file the ledger names is read and its digest compared.
    """
    deep = context.options.deep
    count, wrong = 0, []
    vault = Vault.of(context.settings.keys) if deep else None
    with context.ledger() as ledger:
        for named in named_files(ledger, needed_only=not deep):
            if not named.lane or context.concerns(named.lane.partition("/")[0]):
                count += 1
                text = _wrong(context.settings.stage / named.name, named, vault)
                wrong += [f"{named.name} {text} ({named.why})"] if text else []
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        text = f"{len(wrong)} of {count} files: {'; '.join(wrong[:_SHOWN])}{more}"
        yield Finding("stage.needed", Verdict.PROBLEM, text, str(context.settings.stage), _RESTORE)
        return
    what = "files the ledger names are there with their bytes" if deep else "files that are needed are there"
    yield Finding("stage.needed", Verdict.OK, f"all {count} {what}", str(context.settings.stage))


def _wrong(path: Path, named: Named, vault: Vault | None) -> str | None:
    """Say what is wrong with a file; its bytes are read only where there is a vault to open sealed ones with."""
    try:
        size = path.stat().st_size
        if named.size is not None and size != named.size:
            return f"has {size} bytes, not {named.size}"
        if vault is not None and sha256_of(path)[0] != named.digest and not is_content(path, named, vault):
            return "has other bytes"
    except OSError as error:
        return f"cannot be read ({error.strerror or type(error).__name__})"
    return None


@check("stage.stray", reads_much=True)
def stray(context: Context) -> Iterator[Finding]:
    """Files no row names: left by crashes, harmless, worth a sweep when there are many."""
    root = context.settings.stage
    with context.ledger() as ledger:
        known = {named.name for named in named_files(ledger)}
    count, size, youngest = 0, 0, context.clock().timestamp() - _SETTLED_SECONDS
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.relative_to(root).as_posix() in known:
                continue
            entry = path.lstat()
            if entry.st_mtime < youngest:  # a younger one may be on its way into the ledger
                count, size = count + 1, size + entry.st_size
    large = count > _MANY or size > _MUCH
    text = f"{count} files ({size / 1e6:.0f} MB) are named by nothing: left by crashes, harmless"
    step = "remove them with `ecqs prune --class stray`" if large else ""
    yield Finding("stage.stray", Verdict.WARNING if large else Verdict.OK, text, str(root), step)
