"""`ecqs generate`: the files that are made from the code, so that they cannot drift from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecqs_gateway.cli.output import say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command; hidden, for it serves those who work on the gateway itself."""
    app.command(hidden=True)(generate)


def generate(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a file is stale.")] = False,
    root: Annotated[Path, typer.Option(help="The checkout.")] = Path(),
) -> None:
    """Write the XSDs, the JSON Schemas of the YAML files and the reference pages anew."""
    from ecqs_gateway.flows import generated  # noqa: PLC0415

    stale = []
    for name, text in generated.files(root).items():
        file = root / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for name in stale:
        say(f"{'stale' if check else 'written'}: {name}")
    if check and stale:
        say("Run `make generate` and commit the result.", style="red")
        raise typer.Exit(1)
