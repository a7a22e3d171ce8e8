"""`ecqs dead-letters export` and `import`: lists of dead letters as workbooks, and what people wrote into them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecqs_gateway.cli.letter_options import Ids, Json, Key, Kind, Origin, Rule, Since, State, Unit, chosen
from ecqs_gateway.cli.output import errors, fail, print_json, print_table, say

__all__ = ["register"]

_DONE = {"sheet": "sheet", "row": "row", "letter": "letter", "did": "done", "correction": "correction"}
_WRONG = {"sheet": "sheet", "row": "row", "column": "column", "message": "mistake"}


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command("export")(export_book)
    app.command("import")(import_book)


def export_book(  # noqa: PLR0913  options of a command
    file: Annotated[Path, typer.Argument(help="Workbook to write, such as letters.xlsx.", dir_okay=False)],
    *,
    unit: Unit = None,
    kind: Kind = None,
    rule: Rule = None,
    origin: Origin = None,
    state: State = None,
    since: Since = None,
    key: Key = None,
    ids: Ids = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write open dead letters, or those the options name, into an XLSX workbook that people can edit and hand back.

    The file holds source rows as they are, personal data included, and nothing in it is encrypted: treat it so.
    """
    with errors():
        from ecqs_gateway.doors.files import write_atomic  # noqa: PLC0415
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.letter_book import export  # noqa: PLC0415
        from ecqs_gateway.ledger import letters  # noqa: PLC0415

        if file.exists() and not force:
            fail(Terminal("ECQS-6124", "the file is there already", where=str(file), hint="--force writes over it"))
        with open_gateway() as gateway:
            wanted = chosen(
                gateway, units=unit, kinds=kind, rules=rule, origins=origin, states=state or ["open"], since=since,
                key=key, ids=ids,
            )  # fmt: skip
            found = letters.find(gateway.database, wanted)
            if not found:
                say("No such dead letters; no file was written.")
                return
            write_atomic(file, export(gateway, found))
    say(f"{len(found)} dead letters written to {file}. It holds source rows as they are: pass it on with care.")
    say("Edit source columns to propose corrections, or choose 重试 or 放弃; then `ecqs dead-letters import`.")


def import_book(
    file: Annotated[Path, typer.Argument(help="Workbook that `export` wrote and people edited.")],
    *,
    author: Annotated[str, typer.Option(help="Name of the person who answers for the edits.")],
    reason: Annotated[str, typer.Option(help="Why, for rows that give no reason of their own.")] = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="Also rows that would still be refused.")] = False,
    as_json: Json = False,
) -> None:
    """Take back a workbook: edited cells become proposed corrections, 放弃 discards, 重试 maps anew.

    All mistakes are told at once with sheet, row and column; while there is one, nothing is done.
    """
    with errors():
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.letter_import import take_back  # noqa: PLC0415

        try:
            data = file.read_bytes()
        except OSError as error:
            fail(Terminal("ECQS-6124", f"the file cannot be read ({error.strerror})", where=str(file)))
        with open_gateway() as gateway:
            report = take_back(gateway, data, author=author, reason=reason, anyway=anyway, place=str(file))
    rows = [dict(row) for row in report.done]
    mistakes = [vars(mistake) for mistake in report.mistakes]
    if as_json:
        print_json({"done": rows, "counts": report.counts, "mistakes": mistakes, "imported_before": report.before})
    elif report.before is not None:
        say(f"This very file was imported on {report.before[:19].replace('T', ' ')}; nothing was done.")
    elif mistakes:
        print_table(f"{len(mistakes)} mistakes; nothing was done", _WRONG, mistakes, numbers=["row"])
    else:
        print_table(f"{len(rows)} rows asked for something", _DONE, rows, numbers=["row", "letter", "correction"])
        if any(row["did"] == "proposed" for row in rows):
            say("A second person approves what is proposed: `ecqs dead-letters corrections`.")
    if mistakes:
        raise typer.Exit(1)
