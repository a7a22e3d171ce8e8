"""`ecqs release`: the way out for a lane whose batch headquarters refused as a whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import errors, print_json, say
from ecqs_gateway.cli.stop import By, whoami

if TYPE_CHECKING:
    from ecqs_gateway.flows.release import Released

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(release)


def release(
    unit: Annotated[str, typer.Argument(help="Reporting unit, such as 320000.")],
    kind: Annotated[str, typer.Argument(help="Record kind, such as certificate.")],
    reason: Annotated[str, typer.Option(help="What was mended, in words others understand.")],
    by: By = None,
    leave_pruned: Annotated[
        bool, typer.Option("--leave-pruned", help="Release also when stored rows of refused records are gone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Let a held lane go on: after headquarters refused a batch, or where its source has drifted.

    A refused batch stays refused and is never sent again. Its records are mapped anew from the stored source rows by
    the next run, under the content of that day, and go out as new versions in new batches; records that have a newer
    version since are not sent twice. Only a package headquarters gave back without taking it, such as one signed with
    a key it did not know, is sent again under the same batch id, with the same records.
    """
    with errors():
        from ecqs_gateway.flows import release as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            done = flow.release(gateway, unit, kind, reason=reason, by=by or whoami(), leave_pruned=leave_pruned)
    if as_json:
        print_json(asdict(done))
    else:
        _say(done)


def _say(done: Released) -> None:
    say(f"{done.unit} {done.kind} is released. It was held: {done.held_reason}")
    if done.records:
        say(f"{done.records} records of {', '.join(done.batches)} go out again with the next `ecqs sync`.")
        say(
            "This is no resend: the stored source rows are mapped anew under today's mapping, codes and rules, and each"
            " record becomes a new version in a new batch. What no longer passes becomes a dead letter."
        )
    if done.returned:
        say(
            f"{', '.join(done.returned)}: headquarters gave it back without taking it, so the same batch is sent again."
        )
    if done.resealed:
        say(f"Signed anew, for the gateway's key is another now: {_batches(done.resealed)}. Records and ids stay.")
    if done.drift:
        say(
            "What drifted is let through for one whole run; to take the source so from now on, run"
            f" `ecqs drift {done.unit} --kind {done.kind} --accept --reason TEXT`."
        )
    elif not done.records and not done.returned:
        say("No record has to go out again.")
    if done.replaced:
        say(f"{done.replaced} refused records are not sent again: a newer version of each is loaded or on its way.")
    if done.left:
        say(f"{done.left} refused records are left behind: their stored rows are gone.", style="yellow")
    if done.waiting > len(done.returned):
        say(f"What waited behind goes out as well: {_batches(done.waiting - len(done.returned))}.")


def _batches(number: int) -> str:
    return f"{number} {'batch' if number == 1 else 'batches'}"
