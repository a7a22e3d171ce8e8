"""`ecqs prune`: remove what is older than the retention of connectors/national.yaml."""

from __future__ import annotations

from typing import Annotated

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

__all__ = ["register"]

_COLUMNS = {"class": "class", "before": "older than", "removed": "removed", "size": "freed", "kept": "as old, but kept"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(prune)


def prune(
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            help="Only this class: extractions, packages, receipts, dead_letters, attempts, runs or stray; repeatable.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; remove nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Remove stored rows, packages and payloads that are older than the retention in connectors/national.yaml allows.

    What is unsettled stays, however old: the last column says why. Record versions, accepted receipts and the evidence
    chain are never removed; each removal is an entry of the chain. It may be stopped and started again at any time.
    """
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.prune import STRAY  # noqa: PLC0415
        from ecqs_gateway.flows.prune import prune as remove  # noqa: PLC0415

        with open_gateway() as gateway:
            done = remove(gateway, classes or (), dry_run=dry_run)
    if as_json:
        found = [
            {"class": p.name, "before": p.before, "removed": p.removed, "bytes": p.size, "kept": dict(p.kept)}
            | ({"half_written": p.half_written} if p.name == STRAY else {})
            for p in done
        ]
        print_json({"dry_run": dry_run, "classes": found})
        return
    columns = _COLUMNS | {"removed": "would go", "size": "would free"} if dry_run else _COLUMNS
    rows = [
        {
            "class": p.name,
            "before": p.before[:10],
            "removed": p.removed,
            "size": _size(p.size) if p.size else "",
            "kept": ", ".join(f"{count} {why}" for why, count in sorted(p.kept.items())),
        }
        for p in done
    ]
    title = f"What the retention {'would remove (dry run, nothing was removed)' if dry_run else 'removed'}"
    print_table(title, columns, rows, numbers=("removed", "size"))
    torn = sum(p.half_written for p in done)
    if torn:
        some = "1 file nothing names was" if torn == 1 else f"{torn} of the files nothing names were"
        say(f"{some} half-written: a process was killed at it.")
    if not any(p.removed or p.size for p in done):
        say("Nothing is older than the retention allows.")


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.1f} kB"
