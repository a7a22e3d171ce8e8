"""`ecqs mapping capture`: a sample case made of a real row."""

from __future__ import annotations

from typing import Annotated

import typer

from ecqs_gateway.cli.output import print_json, say
from ecqs_gateway.cli.problems import bench_errors

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(capture)


def capture(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000.")],
    kind: Annotated[str, typer.Argument(help="Record kind, such as certificate.")],
    key: Annotated[str | None, typer.Option(help="Source key or business key of the row, in any spelling.")] = None,
    letter: Annotated[int | None, typer.Option(help="Capture the row of this dead letter instead.")] = None,
    stored: Annotated[bool, typer.Option("--stored", help="Take a stored row; the source is not opened.")] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the case file; made of kind and number if left out.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What the case shows, in one sentence.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Leave this column as it is; may be repeated.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Write a real row as a case under mappings/UNIT/cases/, with what the mapping makes of it today.

    Enterprises and persons get stable stand-ins of the same shape. The mapping is run on the real row and on the
    disguised one; where the two come out differently, the columns that make the difference are named.
    """
    with bench_errors():
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.flows import capture as capturing  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.previews import Wish  # noqa: PLC0415

        if (key is None) == (letter is None):
            raise Misconfigured("ECQS-6067", "say which row: --key KEY or --letter NUMBER", hint="one of the two")
        wish = Wish(unit, kind, key=key, limit=20, stored=stored, letter=letter)
        with open_gateway() as gateway:
            made = capturing.capture(gateway, wish, name=name, title=title, keep=keep or ())
    if json_:
        print_json({"file": made.file, "masked": list(made.masked), "changed": list(made.changed)})
        return
    say(f"{made.file}: written", style="bold")
    say(f"Replaced: {', '.join(made.masked) or 'nothing'}. Other columns are as they were: read the file before you")
    say("commit it.")
    for column in made.changed:
        say(f"{column} cannot be disguised without changing the outcome; the case expects what the stand-in becomes.",
            style="yellow")  # fmt: skip
    if made.changed:
        say(f"`--keep {made.changed[0]}` keeps the real value, where that is allowed.")
