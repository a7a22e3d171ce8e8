"""`ecqs evidence`: the log of the gateway's own steps, checked and handed out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import errors, print_json, say

if TYPE_CHECKING:
    from ecqs_gateway.ledger.evidence import Anchor

__all__ = ["app"]

app = typer.Typer(
    help="The hash-chained log of every step: check it, or export it for an auditor.", no_args_is_help=True
)

_FORMAT = "ecqs-anchors/1"


@app.command()
def verify(
    anchors: Annotated[
        Path | None, typer.Option(help="Anchors headquarters holds (JSON), which also show a tail that was cut off.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Walk the whole evidence chain in the ledger and name its first bad entry, if there is one.

    It is also held against the manifests in the ledger, each of which names an entry. Only anchors that headquarters
    gives prove that the end is still there. Exit code 0: the chain holds. 1: it does not.
    """
    with errors():
        from ecqs_gateway.ledger import evidence, proofs  # noqa: PLC0415
        from ecqs_gateway.ledger.database import Database  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        given = _read(anchors) if anchors is not None else []
        database = Database(load_settings().ledger_url)
        try:
            database.upgrade()
            own = proofs.own_anchors(database)
            with database.read() as connection:
                walked = evidence.walk(evidence.entries(connection), [*own, *given])
        finally:
            database.dispose()
    facts = {"entries": walked.length, "head": walked.head.hex(), "own_manifests": len(own), "anchors": len(given)}
    if as_json:
        print_json({"holds": not walked.flaws, **facts, "flaws": walked.flaws})
    elif not walked.flaws and not walked.length:
        say("The chain has no entry: nothing was ever run with this ledger. Is ECQS_HOME or ECQS_LEDGER_URL right?")
    elif not walked.flaws:
        say(f"The chain holds: {walked.length} entries, head {walked.head.hex()}.")
        say(f"It agrees with {len(own)} manifests in the ledger and {len(given)} anchors of headquarters.")
        if not given:
            say("No anchors of headquarters were given: a cut end would not be seen. See --anchors.", style="yellow")
    for flaw in walked.flaws if not as_json else ():
        say(f"The chain does not hold: {flaw}", style="bold red")
    if walked.flaws:
        if not as_json:
            say("  next:  keep the database as it is, restore a backup beside it and compare the two")
        raise typer.Exit(1)


@app.command()
def export(file: Annotated[Path, typer.Argument(help="File to write, such as chain.jsonl.")]) -> None:
    """Write the whole evidence chain as JSON lines, one entry each; it holds digests and counts, no record values.

    Check it anywhere with `python verifier/ecqs_verify.py --chain FILE --anchors anchors.json`.
    """
    with errors():
        from ecqs_gateway.doors.files import write_atomic  # noqa: PLC0415
        from ecqs_gateway.ledger import proofs  # noqa: PLC0415
        from ecqs_gateway.ledger.database import Database  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        database = Database(load_settings().ledger_url)
        try:
            database.upgrade()
            data, last = proofs.chain(database)
        finally:
            database.dispose()
        write_atomic(file.resolve(), data)
    say(f"{file}: {last.sequence} entries, head {last.hash.hex()}" if last else f"{file}: the chain has no entry yet")


def _read(file: Path) -> list[Anchor]:
    """Read what `ecqs sandbox anchors` writes; raises Misconfigured ECQS-6071 for anything else."""
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
    from ecqs_gateway.ledger.evidence import Anchor  # noqa: PLC0415

    try:
        document = json.loads(file.read_bytes())
        given = {_FORMAT: document["anchors"]}[document["format"]]
        return [Anchor(a["batch"], a["manifest"], a["entry"], a["head"]) for a in given]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            "ECQS-6071",
            f"this is no file of anchors ({type(error).__name__})",
            where=str(file),
            hint="ask headquarters for its anchors of this gateway; the stand-in has `ecqs sandbox anchors > FILE`",
        ) from error
