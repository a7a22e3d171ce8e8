"""`ecqs onboard`: connector, mapping, code tables and cases proposed from a look at the source."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    from ecqs_gateway.flows.onboard import Proposal
    from ecqs_gateway.flows.onboard.plan import KindPlan

__all__ = ["register"]

_SOURCE = (
    "The source: an Airflow connection id, a database URL, a SQLite file, a folder of CSV or XLSX files, or the "
    "address of a list of an HTTP API. Left out: the connection ecqs_<unit>."
)


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(onboard)


def onboard(  # noqa: PLR0913, PLR0917 - each is an option of the command
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 330000 (schemas/codes/units.csv).")],
    source: Annotated[str | None, typer.Option("--from", help=_SOURCE)] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Record kind the source holds; else proposed.")] = None,
    table: Annotated[list[str] | None, typer.Option(help="Look at this table or file only; may be repeated.")] = None,
    owner: Annotated[str, typer.Option(help="Office that answers for the files, such as 数据管理科.")] = "TODO",
    out: Annotated[Path | None, typer.Option(help="Write below this folder, not into the content folder.")] = None,
    rows: Annotated[int, typer.Option(help="Most rows read of a table.", min=10, max=100_000)] = 400,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Look at a province's source and propose connector, mapping, code tables and sample cases, each with a reason.

    Reads structure, comments and a few rows, and changes nothing in the source. What is certain is written ready to
    use; what is not is marked TODO, `ecqs check` lists it, and nothing is sent before a person has decided it.
    """
    with errors():
        from ecqs_gateway.content.load import load  # noqa: PLC0415
        from ecqs_gateway.doors.connections import connection  # noqa: PLC0415
        from ecqs_gateway.flows.capture import stand_in_secret  # noqa: PLC0415
        from ecqs_gateway.flows.onboard import Options  # noqa: PLC0415
        from ecqs_gateway.flows.onboard import onboard as look  # noqa: PLC0415
        from ecqs_gateway.flows.onboard.propose import write  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        settings = load_settings()
        content = load(settings.content)
        secret = secrets.token_bytes(32) if dry_run else stand_in_secret(settings.keys)
        options = Options(unit, source, tuple(kind or ()), tuple(table or ()), owner, rows, secret)
        proposal = look(content, options, connection)
        folder = out if out is not None else content.root
        if not dry_run:
            write(proposal, folder, force=force)
    if as_json:
        print_json(_as_json(proposal, folder, written=not dry_run))
    else:
        _show(proposal, folder, written=not dry_run, texts=dry_run)


def _show(proposal: Proposal, folder: Path, *, written: bool, texts: bool) -> None:
    print_table(
        f"{proposal.unit} {proposal.name}: what the source holds",
        {"table": "table", "columns": "columns", "taken_for": "taken for", "why": "because"},
        [note.__dict__ for note in proposal.tables],
        numbers=["columns"],
    )
    for plan in proposal.plans:
        say("")
        print_table(
            f"{plan.kind.kind} {plan.kind.title}, from {plan.table.name}",
            {"field": "national field", "from": "made from", "confidence": "sure?", "why": "because"},
            _rows(plan),
        )
        for trap in plan.stream.traps:
            say(f"Trap: {trap}", style="yellow")
    for remark in proposal.remarks:
        say(f"Note: {remark}", style="yellow")
    say("")
    if texts:
        for name, text in proposal.files.items():
            say(f"--- {name}", style="bold")
            say(text.rstrip("\n"))
        say("Nothing was written (--dry-run).")
        return
    for name in proposal.files:
        say(f"written: {folder / name}")
    _next(proposal, written=written)


def _next(proposal: Proposal, *, written: bool) -> None:
    open_ = sum(text.count("TODO ") + text.count("TODO\n") for text in proposal.files.values()) if written else 0
    say("")
    if proposal.setting:
        say("Set the connection the connector names (put the password where ... stands):")
        say(f"  {proposal.setting}")
    if open_:
        say(f"Then decide what is marked TODO: `ecqs check --unit {proposal.unit}` lists each by file and line.")
    say(f"When it says no errors: `ecqs sync --unit {proposal.unit} --dry-run` shows what would be sent.")


def _rows(plan: KindPlan) -> list[dict[str, str]]:
    from ecqs_gateway.content.yaml_write import flow  # noqa: PLC0415

    rows = [_row(line.path, line) for line in plan.fields]
    for one in plan.lists:
        made = flow(one.origin).strip("{}")
        rows.append({"field": f"{one.path}[]", "from": made, "confidence": one.confidence, "why": one.why})
        rows += [_row(f"  {line.path}", line) for line in one.fields]
    rows += [
        {"field": "(no field)", "from": one.column, "confidence": "high" if one.sure else "low", "why": one.why}
        for one in plan.ignored
    ]
    return rows


def _row(path: str, line: Any) -> dict[str, str]:
    made = line.column or ", ".join(str(value) for value in line.body.values()) or "?"
    return {"field": path, "from": made, "confidence": line.confidence, "why": line.why}


def _as_json(proposal: Proposal, folder: Path, *, written: bool) -> dict[str, Any]:
    return {
        "unit": proposal.unit,
        "tables": [note.__dict__ for note in proposal.tables],
        "kinds": [
            {
                "kind": plan.kind.kind,
                "table": plan.table.name,
                "fields": _rows(plan),
                "traps": list(plan.stream.traps),
            }
            for plan in proposal.plans
        ],
        "remarks": list(proposal.remarks),
        "written": [str(folder / name) for name in proposal.files] if written else [],
        "files": {} if written else proposal.files,
        "setting": proposal.setting,
    }
