"""`ecqs observe`: what a unit's source looks like now, kept beside the content for checks and completion."""

from __future__ import annotations

from typing import Annotated

import typer

from ecqs_gateway.cli.output import errors, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(observe)


def observe(unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000; needs its connector.")]) -> None:
    """Read the tables and columns of a unit's source and write them to schemas/sources/<unit>.json.

    `ecqs check` then knows every source column: a misspelt one is found with the nearest right spelling, and one the
    mapping neither uses nor ignores is listed. Only structure is read, no rows: what `ecqs drift --accept` counted in
    them stays.
    """
    with errors():
        from ecqs_gateway.content.models_sources import observed_text  # noqa: PLC0415
        from ecqs_gateway.doors.connections import connection  # noqa: PLC0415
        from ecqs_gateway.doors.files import write_atomic  # noqa: PLC0415
        from ecqs_gateway.extract import describe  # noqa: PLC0415
        from ecqs_gateway.flows.drift.accept import with_seen  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            gateway.units([unit])
            connector = gateway.connector(unit)
            found = describe(connector, connection(connector.source.connection))
            known = gateway.content.sources.get(unit)
            before = known.tables if known is not None else {}
            tables = {name: with_seen(table, before.get(name)) for name, table in found["tables"].items()}
            text = observed_text({**found, "tables": tables})
            file = gateway.content.root / "schemas" / "sources" / f"{unit}.json"
            changed = not file.exists() or file.read_text(encoding="utf-8") != text
            if changed:
                write_atomic(file, text.encode())
    say(f"{file}: {'written' if changed else 'unchanged'}")
