"""`ecqs mapping lineage`: from source column to national field, and back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.flows.lineage import LaneLineage

__all__ = ["register"]

_COLUMNS = {"field": "national field", "from": "from", "how": "how", "codes": "code file", "place": "line"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(lineage)


def lineage(
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000.")],
    kind: Annotated[str, typer.Argument(help="Record kind, such as certificate.")],
    field: Annotated[str | None, typer.Option(help="Only this national field, such as holder.name.")] = None,
    column: Annotated[
        str | None, typer.Option(help="Only what this source column feeds, such as QYMC or cp.CPMC.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show what each national field is made of: source columns, cleaning and codes in words, the line that says so.

    No row is read and nothing is contacted; `ecqs show` tells the same of one record, with its values.
    """
    with bench_errors():
        from ecqs_gateway.content.load import load  # noqa: PLC0415
        from ecqs_gateway.flows import lineage as flow  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        found = flow.narrowed(flow.lineage(load(load_settings().content), unit, kind), field, column)
    if json_:
        plain = {"unit": unit, "kind": kind, "file": found.file, "tables": found.tables}
        fields = [dataclasses.asdict(one) for one in found.fields]
        print_json({**plain, "fields": fields, "columns": found.columns(), "notes": as_json(found.problems)})
        return
    print_problems(found.problems)
    _print(found, every=field is not None)


def _print(found: LaneLineage, *, every: bool) -> None:
    say(f"{found.unit} {found.kind}: {found.file}", style="bold")
    told = [one for one in found.fields if every or one.group not in {"open", "absent"}]
    rows = (
        {
            "field": f"{one.field} {one.title}",
            "from": ", ".join(one.columns) or f"({one.group})",
            "how": one.how,
            "codes": one.codes or "",
            "place": one.place.removeprefix(f"{found.file}:"),
        }
        for one in told
    )
    print_table("", _COLUMNS, rows)
    if left := len(found.fields) - len(told):
        say(f"{left} fields are declared absent or open; `ecqs mapping coverage` and --json show them, too.")
