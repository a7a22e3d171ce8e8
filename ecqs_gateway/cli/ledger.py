"""`ecqs ledger`: which schema the ledger has, and the way back to the release before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import errors, print_json, say

if TYPE_CHECKING:
    from ecqs_gateway.ledger.database import Database

__all__ = ["app"]

app = typer.Typer(help="The schema of the ledger: which one it has, and going back one.", no_args_is_help=True)


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False) -> None:
    """Show the schema revision of the ledger and the one this program works with. Changes nothing."""
    with errors():
        from ecqs_gateway.ledger.database import HEAD  # noqa: PLC0415

        where, revision = _revision()
    if as_json:
        print_json({"ledger": where, "revision": revision, "program": HEAD})
        return
    say(f"{where}: schema {revision or 'none yet'}; this program works with {HEAD}")
    if revision not in (None, HEAD):
        say("The next command that opens it brings it up to date. Make a backup first: `ecqs backup FOLDER`.")


@app.command()
def downgrade(
    to: Annotated[str, typer.Argument(help="Schema revision of the release to go back to, such as 0001.")],
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go back although what only the newer schema holds is lost.")
    ] = False,
) -> None:
    """Bring the ledger back to the schema of an earlier release, so that the earlier program can open it.

    Stop every run first. What only the newer schema can hold is counted, and lost only with --accept-loss; without it
    nothing is changed and the exit code is 1. Everything else stays as it is.
    """
    with errors():
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.ledger import migrate  # noqa: PLC0415

        where, revision = _revision()
        if revision is None:
            hint = "check ECQS_HOME and ECQS_LEDGER_URL"
            raise Misconfigured("ECQS-3007", "there is no ledger yet", where=where, hint=hint)
        database = _database()
        with database.write() as connection:
            lost = migrate.losses(connection, to)
            if not lost or accept_loss:
                migrate.migrate(connection, to, where=database.where)
        database.dispose()
    for words, count in lost.items():
        say(f"{'Lost' if accept_loss else 'Would be lost'}: {count} × {words}", style="yellow")
    if lost and not accept_loss:
        say("Nothing was changed. Make a backup with `ecqs backup FOLDER`, then repeat with --accept-loss.")
        raise typer.Exit(1)
    say(f"The ledger has schema {to}. Install the release it belongs to before the next run.")


def _revision() -> tuple[str, str | None]:
    """Give where the ledger is and its revision, without making the file of one that is not there."""
    from pathlib import Path  # noqa: PLC0415

    from sqlalchemy import make_url  # noqa: PLC0415

    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    url = make_url(load_settings().ledger_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return url.render_as_string(hide_password=True), None
    database = _database()
    try:
        return database.where, database.revision()
    finally:
        database.dispose()


def _database() -> Database:
    from ecqs_gateway.ledger.database import Database  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    return Database(load_settings().ledger_url)
