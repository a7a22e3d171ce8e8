"""`ecqs backup` and `ecqs restore`: ledger, stage and keys to another place, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    from ecqs_gateway.flows.backup.headquarters import Outcome
    from ecqs_gateway.flows.backup.manifest import Manifest
    from ecqs_gateway.settings import Settings

__all__ = ["register"]

_OUTCOME = {
    "unit": "unit",
    "kind": "kind",
    "before": "next in the backup",
    "next_sequence": "next now",
    "lost_batches": "batches only headquarters has",
    "lost_records": "records in them",
}


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the backup; one with an earlier backup is brought forward.")
    ],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Also copy the keys folder; whoever has the backup then has the keys.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make none: read an existing backup back and compare every byte.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Back up the ledger and every stage file it names. Runs may go on meanwhile; nothing of theirs waits.

    Until it is complete the folder holds the backup before. Exit code 1 when a file the ledger names is missing or
    damaged: the backup then holds the rest. `ecqs restore` brings it back.
    """
    with errors():
        from ecqs_gateway.flows.backup import restore as restoring  # noqa: PLC0415
        from ecqs_gateway.flows.backup import snapshot  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        taken = None if verify else snapshot.take(load_settings(), folder, with_keys=with_keys)
        manifest = restoring.verify(folder) if taken is None else taken.manifest
    if as_json:
        copied = {"copied": taken.copied, "copied_bytes": taken.copied_bytes} if taken else {}
        print_json({"folder": str(folder), **_facts(manifest), **copied})
    else:
        _told(folder, manifest)
        if taken is None:
            say("Every member was read back and is what the manifest says.")
        else:
            say(f"Copied now: the ledger and {taken.copied} files ({taken.copied_bytes:,} bytes); the rest was there.")
            if taken.unkept_keys:
                say("The keys are not part of it: keep them elsewhere, or add --with-keys.", style="yellow")
        for text in manifest.missing:
            say(f"Not backed up: {text}", style="red")
    if manifest.missing:
        raise typer.Exit(1)


def _facts(manifest: Manifest) -> dict[str, Any]:
    names = ("made_at", "engine", "dialect", "revision", "chain_entries", "chain_head", "last_run", "with_keys")
    facts: dict[str, Any] = {name: getattr(manifest, name) for name in names}
    facts["ledger"] = dataclasses.asdict(manifest.ledger)
    facts["files"] = len(manifest.members)
    facts["bytes"] = manifest.ledger.size + sum(member.size for member in manifest.members.values())
    facts["missing"] = list(manifest.missing)
    return facts


def _told(folder: Path, manifest: Manifest) -> None:
    facts = _facts(manifest)
    say(f"Backup of {manifest.made_at} in {folder}: ledger and {facts['files']} files, {facts['bytes']:,} bytes.")
    say(f"Evidence chain: {manifest.chain_entries} entries, head {manifest.chain_head}")


def restore(  # noqa: PLR0913, PLR0917  each is an option of the command
    folder: Annotated[Path | None, typer.Argument(help="Folder of the backup to bring back.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Home folder to restore to; ledger, stage and keys go below it.")
    ] = None,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Ask headquarters what it has seen, and let restored lanes go on.")
    ] = False,
    unit: Annotated[str | None, typer.Option(help="With --reconcile: only this reporting unit.")] = None,
    kind: Annotated[str | None, typer.Option(help="With --reconcile: only this record kind.")] = None,
    next_sequence: Annotated[
        int | None,
        typer.Option(min=1, help="With --reconcile: the number to go on with, where headquarters cannot tell."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="With --next-sequence: how you know, for the record.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Bring a backup back, then find out where headquarters stands.

    First `ecqs restore FOLDER --to HOME`: verifies every byte, refuses to go over a ledger that is there, and holds all
    lanes. Then, with ECQS_HOME=HOME, `ecqs restore --reconcile`: asks headquarters which batches it has seen and lets
    each lane go on behind them. Exit code 1 while a lane is still held.
    """
    with errors():
        _require_one_task(folder, to, reconcile=reconcile, details=(unit, kind, next_sequence, reason))
        if reconcile:
            outcomes = _reconcile(unit, kind, next_sequence, reason)
        else:
            _bring_back(folder, to, as_json=as_json)
            return
    stuck = [outcome for outcome in outcomes if outcome.problem is not None]
    if as_json:
        print_json([dataclasses.asdict(outcome) for outcome in outcomes])
    else:
        _outcomes(outcomes)
    if stuck:
        raise typer.Exit(1)


def _require_one_task(folder: Path | None, to: Path | None, *, reconcile: bool, details: tuple[object, ...]) -> None:
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415

    what = None
    if reconcile and (folder is not None or to is not None):
        what = "--reconcile works on the ledger of ECQS_HOME and takes no folder"
    elif not reconcile and (folder is None or to is None):
        what = "name the folder of the backup and, with --to, the home to restore to"
    elif not reconcile and any(detail is not None for detail in details):
        what = "--unit, --kind, --next-sequence and --reason go with --reconcile"
    elif (details[2] is None) != (details[3] is None):
        what = "--next-sequence and --reason belong together"
    if what is not None:
        hint = "`ecqs restore FOLDER --to HOME`, then `ECQS_HOME=HOME ecqs restore --reconcile`"
        raise Misconfigured("ECQS-6039", what, hint=hint)


def _bring_back(folder: Path | None, to: Path | None, *, as_json: bool) -> None:
    from ecqs_gateway.content.load import load  # noqa: PLC0415
    from ecqs_gateway.flows.backup import restore as restoring  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    if folder is None or to is None:
        return
    settings = _at(load_settings(), to.resolve())
    content = load(settings.content)
    lanes = [(unit, kind) for unit, connector in content.connectors.items() for kind in connector.streams]
    done = restoring.restore(folder, settings, lanes=lanes)
    if as_json:
        held = [{"unit": unit, "kind": kind, "next_sequence": number} for unit, kind, number in done.held]
        print_json({"home": str(settings.home), "ledger": done.ledger, "held": held, **_facts(done.manifest)})
        return
    _told(folder, done.manifest)
    say(f"Restored to {settings.home}: every byte was verified, the evidence chain holds.", style="bold")
    say("What happened after the backup is not known here: headquarters may hold batches this ledger has never seen.")
    say(f"So {len(done.held)} lanes are held. Nothing is sealed or sent before you have run:")
    say(f"  ECQS_HOME={settings.home} ecqs restore --reconcile")
    if not done.manifest.with_keys:
        say(f"The backup holds no keys: put them into {settings.keys} first.", style="yellow")
    for text in done.manifest.missing:
        say(f"Was missing when the backup was made: {text}", style="red")


def _at(settings: Settings, home: Path) -> Settings:
    """Give the settings with everything below another home; a PostgreSQL ledger stays where the settings say."""
    sqlite = settings.ledger_url.startswith("sqlite")
    url = f"sqlite:///{home / 'ledger.db'}" if sqlite else settings.ledger_url
    return dataclasses.replace(settings, home=home, ledger_url=url, stage=home / "stage", keys=home / "keys")


def _reconcile(unit: str | None, kind: str | None, next_sequence: int | None, reason: str | None) -> list[Outcome]:
    from ecqs_gateway.flows.backup import headquarters  # noqa: PLC0415
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

    stated = headquarters.Stated(next_sequence, reason or "") if next_sequence is not None else None
    with open_gateway() as gateway:
        way = headquarters.way_to(gateway)
        return headquarters.reconcile(gateway, way, unit=unit, kind=kind, stated=stated)


def _outcomes(outcomes: list[Outcome]) -> None:
    if not outcomes:
        say("No lane waits for this: none is held because of a restore.")
        return
    free = [dataclasses.asdict(outcome) for outcome in outcomes if outcome.problem is None]
    if free:
        print_table("These lanes go on", _OUTCOME, free, numbers=list(_OUTCOME)[2:])
    for outcome in outcomes:
        if outcome.problem is not None:
            say(f"{outcome.unit} {outcome.kind} stays held: {outcome.problem}", style="red")
    if any(outcome.retry for outcome in outcomes):
        say("  next: run `ecqs restore --reconcile` again once headquarters can be reached")
    if any(outcome.problem is not None and not outcome.retry for outcome in outcomes):
        ask = "--unit … --kind … --next-sequence N --reason '…'"
        say(f"  next: ask headquarters for the last batch it has of the lane, then `ecqs restore --reconcile {ask}`")
    if any(outcome.lost_batches for outcome in outcomes):
        say("What is in batches only headquarters has is read again by the next `ecqs sync`, and recognised there.")
