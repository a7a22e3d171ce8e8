"""`ecqs keys`: the keys of this installation, and those of headquarters it believes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    from ecqs_gateway.flows.keyring import KeyInfo, Made

__all__ = ["app"]

app = typer.Typer(help="Make, list and change keys; secrets are never shown.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Cipher = Annotated[
    str | None,
    typer.Option(help="Payload cipher: aes-256-gcm or sm4-gcm; the one that goes with the signature unless given."),
]

_COLUMNS = {"role": "what it does", "id": "id", "algorithm": "algorithm", "age": "age", "file": "file", "note": ""}
_DAY = 86_400
_UNIT_DIGITS = 6
_GIVE = {
    "signing": "give it to headquarters, which checks the signature of every batch with it",
    "sftp login": "give it to headquarters, for the account on its SFTP server",
    "salt": "give it to nobody; back it up with the payload keys, for it can never be replaced",
    "payload": "give it to nobody; put a copy where the backups of the ledger are not",
}


def _folder() -> Path:
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    return load_settings().keys


def _signature() -> str:
    """Name the signature algorithm of connectors/national.yaml."""
    from ecqs_gateway.content.load import load  # noqa: PLC0415
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    national = load(load_settings().content).national
    if national is None:
        hint = "run `ecqs check`: it says what is wrong and where"
        raise Misconfigured("ECQS-6003", "connectors/national.yaml is missing or cannot be read", hint=hint)
    return national.signature.algorithm


@app.command()
def init(cipher: Cipher = None, as_json: AsJson = False) -> None:
    """Make the keys that are missing, and say who gets which public half. Keys that are there stay as they are.

    The signing pair is of the algorithm connectors/national.yaml names. Run it again at any time: it changes nothing.
    """
    with errors():
        from ecqs_gateway.flows import keyring  # noqa: PLC0415

        folder = _folder()
        made = keyring.init(folder, _signature(), cipher)
        known = any(key.role == "headquarters" for key in keyring.keys(folder))
    if as_json:
        print_json({"folder": folder, "keys": [_plain(each) for each in made], "headquarters": known})
        return
    say(f"Keys in {folder}")
    for each in made:
        say(f"  {each.role:<11} {each.file.name}  {'made' if each.new else 'there already'}", style="bold")
        say(f"  {'':<11} {each.public.name + ': ' if each.public else ''}{_GIVE[each.role]}")
    say("Back these files up apart from ledger and stage: without the payload key stored rows cannot be read again.")
    if not known:
        say("Still missing: headquarters' public key. Take it in with `ecqs keys trust FILE.pem`.", style="yellow")


def _plain(made: Made) -> dict[str, object]:
    return {"role": made.role, "file": made.file, "public": made.public, "new": made.new}


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List all keys: what each does, id, algorithm, age and file. Exit code 1 when one of them cannot be used."""
    with errors():
        from ecqs_gateway.flows import keyring  # noqa: PLC0415

        folder = _folder()
        found = keyring.keys(folder)
    broken = [key for key in found if key.made is None]
    if as_json:
        print_json({"folder": folder, "keys": [{**dataclasses.asdict(key), "made": _iso(key)} for key in found]})
    elif not found:
        say(f"There are no keys in {folder} yet. Make them with `ecqs keys init`.")
    else:
        print_table(f"Keys in {folder}", _COLUMNS, [{**dataclasses.asdict(key), "age": _age(key)} for key in found])
    if broken:
        raise typer.Exit(1)


def _iso(key: KeyInfo) -> str | None:
    return key.made.isoformat() if key.made else None


def _age(key: KeyInfo) -> str:
    from ecqs_gateway.doors.clock import now  # noqa: PLC0415

    if key.made is None:
        return ""
    days = int((now() - key.made).total_seconds() // _DAY)
    return "today" if days < 1 else f"{days} d"


@app.command()
def salt(
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000.")],
    as_json: AsJson = False,
) -> None:
    """Make the salt a unit's id numbers are digested with, once; a mapping that says `digest: id_number` needs it.

    It is never changed: another salt would give every person of the unit another digest.
    """
    with errors():
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.flows import keyring  # noqa: PLC0415

        if not (len(unit) == _UNIT_DIGITS and unit.isascii() and unit.isdecimal()):
            raise Misconfigured("ECQS-7105", "a reporting unit has six digits", hint="such as 320000")
        made = keyring.salt(_folder(), unit)
    if as_json:
        print_json(_plain(made))
        return
    say(f"{made.file.name} {'made' if made.new else 'there already'}: {_GIVE['salt']}")


@app.command()
def rotate(
    what: Annotated[Literal["payload", "signing"], typer.Argument(help="Which key to change.")],
    activate: Annotated[
        bool, typer.Option("--activate", help="Sign with the next key from now on; headquarters knows it by now.")
    ] = False,
    cipher: Cipher = None,
    as_json: AsJson = False,
) -> None:
    """Change a key. Nothing that is stored or sent becomes unreadable.

    payload: a new key seals from now on. Old keys stay and open what they sealed; delete one only when `ecqs prune`
    has removed everything from its time.

    signing: in two steps, for headquarters must know the new key before the first batch it signs. Without --activate
    the next pair is made; give its public half to headquarters, wait for their word, then run it with --activate.
    Batches that wait in the outbox keep the signature they have, so headquarters keeps the old key until they are
    settled. The old public half stays, for proofs of old batches.
    """
    with errors():
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.flows import keyring  # noqa: PLC0415

        if activate and what == "payload":
            hint = "leave --activate out: a payload key counts at once"
            raise Misconfigured("ECQS-6082", "--activate is for signing keys", hint=hint)
        if what == "payload":
            made = keyring.rotate_payload(_folder(), cipher)
        else:
            made = (keyring.activate if activate else keyring.next_signing)(_folder(), _signature())
    if as_json:
        print_json(_plain(made))
    elif what == "payload":
        say(f"{made.file.name} seals from now on. The older keys stay, to open what they sealed.")
        say("Back it up apart from ledger and stage.")
    elif activate:
        say(f"{made.file.name} signs from now on. The key before it lies in retired/.")
        say("Headquarters may drop the old key once every batch is settled: see `ecqs status`.")
    else:
        say(f"{made.file.name} {'was made' if made.new else 'is there already'}; it signs nothing yet.")
        say(f"1. Give {made.public} to headquarters.")
        say("2. When they have confirmed it: ecqs keys rotate signing --activate")


@app.command()
def trust(
    file: Annotated[Path, typer.Argument(help="PEM file with the public key headquarters gave you.")],
    as_json: AsJson = False,
) -> None:
    """Believe receipts signed with this key of headquarters, from the next command on; earlier keys stay believed.

    A key that must not be believed any more is taken out by deleting its file: `ecqs keys list` names it.
    """
    with errors():
        from ecqs_gateway.flows import keyring  # noqa: PLC0415

        key = keyring.trust(_folder(), file)
    if as_json:
        print_json({**dataclasses.asdict(key), "made": _iso(key)})
        return
    say(f"{key.algorithm} key {key.id} {key.note or 'is trusted now'} ({key.file}).")
    say("Compare the id with headquarters by telephone: whoever holds this key can say that a record arrived.")
