"""`ecqs prove`: one record's evidence as one file that anyone can check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(prove)


def prove(  # noqa: PLR0913, PLR0917  typer reads options off parameters
    key: Annotated[str, typer.Argument(help="Certificate number in any spelling, case number, or source key.")],
    unit: Annotated[str | None, typer.Option(help="Only this reporting unit.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this record kind.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; proof-<number>.zip here unless given.")] = None,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Every version that was ever sent, not only the last one.")
    ] = False,
    with_rows: Annotated[
        bool, typer.Option("--with-rows", help="Put the source rows in, not only their digests: personal data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Write one file that proves what became of a record: package, signatures, receipts, content, and the whole log.

    Whoever gets it checks it offline with verifier/ecqs_verify.py, which shares no code with the gateway. The package
    in it holds the whole batch, so hand the file on with the same care as the batch.
    """
    with errors():
        from ecqs_gateway.doors.files import write_atomic  # noqa: PLC0415
        from ecqs_gateway.flows import prove as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            ask = flow.Ask(key, unit, kind, all_versions=all_versions, with_rows=with_rows)
            proof = flow.prove(gateway, ask)
        file = (out or Path(f"proof-{re.sub(r'[^0-9A-Za-z_一-鿿-]+', '', key) or 'record'}.zip")).resolve()
        write_atomic(file, proof.data)
    if as_json:
        print_json({"file": str(file), "sha256": proof.digest, "bundle": proof.document})
        return
    say(f"{file}: {len(proof.data):,} bytes, SHA-256 {proof.digest}")
    _tell(proof.document)


def _tell(document: dict[str, Any]) -> None:
    for record in document["records"]:
        _record(record, document["batches"])
    for text in document["missing"]:
        say(f"Missing: {text}", style="yellow")
    say("")
    say("What it proves, where the verifier agrees:")
    for text in document["proves"]:
        say(f"  - {text}")
    say("What it does not prove:")
    for text in document["does_not_prove"]:
        say(f"  - {text}")
    say("Check it with: python verifier/ecqs_verify.py FILE --anchors … --headquarters-key … --gateway-key …")


def _record(record: dict[str, Any], batches: dict[str, Any]) -> None:
    say(f"{record['unit']} {record['kind']} {record['key'] or '(no business key could be read)'}", style="bold")
    for version in record["versions"]:
        batch = batches[version["batch"]]
        levels = ", ".join(receipt["level"] for receipt in batch["receipts"]) or "none yet"
        say(f"  version {version['digest']}")
        say(f"    record {version['position'] + 1} of batch {version['batch']}; receipts: {levels}")
    if not record["versions"]:
        say("  never went out: this gateway put no version of it into a batch")
    if record["others"]:
        say(f"  {len(record['others'])} earlier versions are named only; --all-versions puts them in")
    for letter in record["dead_letters"]:
        rules = ", ".join(dict.fromkeys(str(reason["rule"]) for reason in letter["reasons"]))
        say(f"  dead letter {letter['id']} ({letter['state']}), refused by {letter['origin']}: {rules}")
