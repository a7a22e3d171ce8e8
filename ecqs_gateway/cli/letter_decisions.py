"""`ecqs dead-letters retry`, `correct`, `approve`, `refuse`, `discard` and `reopen`: deciding on dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.letter_options import By, Ids, Json, Key, Kind, Origin, Reason, Rule, Since, Unit, chosen
from ecqs_gateway.cli.output import errors, fail, is_terminal, print_json, print_table, say

if TYPE_CHECKING:
    from ecqs_gateway.flows.gateway import Gateway
    from ecqs_gateway.flows.letter_rows import Verdict
    from ecqs_gateway.flows.requeue import Queued
    from ecqs_gateway.flows.retry import Plan

__all__ = ["register"]

_PLAN = {"outcome": "outcome", "letters": "letters", "before": "refused by", "now": "now"}
_WORDS = {
    "passes": "would pass",
    "known": "would be settled",
    "overtaken": "overtaken",
    "refused": "still refused",
    "missing": "cannot be retried",
}
_Now = Annotated[bool, typer.Option("--now", help="Run the sync of these units and kinds right away.")]
_Anyway = Annotated[bool, typer.Option("--anyway", help="Also where the row would still be refused.")]
_Numbers = Annotated[list[int], typer.Argument(help="Numbers of dead letters, as `list` gives them.")]


def register(app: typer.Typer) -> None:
    """Attach the commands."""
    for command in (retry, correct, approve, refuse, discard, reopen):
        app.command()(command)


def retry(  # noqa: PLR0913  options of a command
    *,
    unit: Unit = None,
    kind: Kind = None,
    rule: Rule = None,
    origin: Origin = None,
    since: Since = None,
    key: Key = None,
    ids: Ids = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would pass and what not.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that would not pass, so that they get the reasons of today.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: _Now = False,
    by: Annotated[str | None, typer.Option(help="Name of the person who asks for it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; needed where retries take a second person.")] = None,
    as_json: Json = False,
) -> None:
    """Map open dead letters anew, after their cause was mended in mapping, codes or rules.

    Says first what would pass now and what not. What passes becomes a new version of its record: a retry is not a
    resend of bytes that were sealed before.
    """
    with errors():
        from ecqs_gateway.flows import retry as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.ledger import letters  # noqa: PLC0415

        with open_gateway() as gateway:
            wanted = chosen(
                gateway,
                units=unit,
                kinds=kind,
                rules=rule,
                origins=origin,
                states=["open"],
                since=since,
                key=key,
                ids=ids,
            )
            planned = flow.plan(gateway, letters.find(gateway.database, wanted))
            if not as_json:
                _print_plan(planned)
            told: dict[str, Any] = {"dry_run": dry_run, "counts": planned.counts, "letters": _plan_rows(planned)}
            if not dry_run and _wanted(planned, yes=yes, every=every):
                told |= _retry(gateway, planned, by=by, reason=reason, every=every, quiet=as_json, now=now)
    if as_json:
        print_json(told)


def _retry(gateway: Gateway, planned: Plan, *, quiet: bool, now: bool, **options: Any) -> dict[str, Any]:
    """Put the rows in line, or propose to, where that takes a second person."""
    from ecqs_gateway.flows import retry as flow  # noqa: PLC0415
    from ecqs_gateway.flows.corrections import propose_as_it_is  # noqa: PLC0415

    if gateway.national.four_eyes.retries:
        found = [verdict.letter for verdict in planned.verdicts if verdict.good]
        author, reason = options["by"] or "", options["reason"] or ""
        numbers = propose_as_it_is(gateway, found, "retry", author=author, reason=reason)
        if not quiet:
            say(f"{len(numbers)} retries are proposed. A second person approves them: `ecqs dead-letters corrections`.")
        return {"proposed": [number for number, _ in numbers]}
    queued = flow.put_in_line(gateway, planned, by=options["by"], every=options["every"])
    return {"queued": [vars(row) for row in queued]} | _next(gateway, queued, now=now, quiet=quiet)


def _next(gateway: Gateway, queued: Sequence[Queued], *, now: bool, quiet: bool) -> dict[str, Any]:
    """Say what happens to queued rows next, or do it."""
    rows = sum(len(part.letters) for part in queued)
    if not now or not queued:
        if not quiet and queued:
            say(f"{rows} rows wait for the next run, which makes new record versions of them: `ecqs sync`.")
        return {}
    from ecqs_gateway.flows import nightly  # noqa: PLC0415

    units, kinds = {part.unit for part in queued}, {part.kind for part in queued}
    summary = nightly.sync(gateway, nightly.Options(units=tuple(sorted(units)), kinds=tuple(sorted(kinds))))
    if not quiet:
        for place, message in summary.failed.items():
            say(f"{place}: {message}", style="red")
        say(f"Run {summary.run_id}: {summary.sentence()}")
    return {"run": summary.run_id, "failed": summary.failed}


def _wanted(planned: Plan, *, yes: bool, every: bool) -> bool:
    chosen_rows = sum(v.good or (every and v.outcome != "missing") for v in planned.verdicts)
    if not chosen_rows:
        return False
    if yes:
        return True
    if not is_terminal():
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415

        fail(Terminal("ECQS-6117", "nobody is here to say yes", hint="add --yes, or --dry-run to see only"))
    return typer.confirm(f"Map these {chosen_rows} rows anew and send what is new?")


def _plan_rows(planned: Plan) -> list[dict[str, Any]]:
    return [
        {
            "id": v.letter.id,
            "outcome": v.outcome,
            "before": list(v.letter.reasons),
            "now": list(v.reasons),
            "why": v.why,
        }
        for v in planned.verdicts
    ]


def _print_plan(planned: Plan) -> None:
    if not planned.verdicts:
        say("No open dead letters of that kind.")
        return
    rows = planned.summary()
    for row in rows:
        row["outcome"] = _WORDS[row["outcome"]]
    print_table(
        f"{len(planned.verdicts)} dead letters, mapped with the content of now", _PLAN, rows, numbers=["letters"]
    )
    counts = planned.counts
    say(
        f"{counts.get('passes', 0)} would go out as new record versions, {counts.get('known', 0)} would be settled"
        f" without sending, {sum(counts.values()) - counts.get('passes', 0) - counts.get('known', 0)} stay as they are."
    )


def correct(  # noqa: PLR0913  options of a command
    letter: Annotated[int, typer.Argument(help="Number of the dead letter, as `list` gives it.")],
    *,
    reason: Reason,
    author: Annotated[str, typer.Option(help="Name of the person who proposes the correction.")],
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="Source column and its right value: QYMC=…, cp[2].CPMC=…; may be repeated."),
    ] = None,
    nulls: Annotated[
        list[str] | None,
        typer.Option("--null", help="Source column to empty, or child row to take away (cp[2]); may be repeated."),
    ] = None,
    anyway: _Anyway = False,
    as_json: Json = False,
) -> None:
    """Propose new values for columns of a letter's source row; a second person approves them.

    The row is mapped with them at once, and refused where it would still not pass. The province's database is never
    touched: until the source is mended too, the letter is listed with --unrepaired.
    """
    with errors():
        from ecqs_gateway.flows import corrections as flow  # noqa: PLC0415
        from ecqs_gateway.flows.approvals import approve as settle  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            changes = flow.read_changes(gateway, letter, sets or [], nulls or [])
            wish = flow.Wish(letter, changes, reason)
            [outcome] = flow.propose(gateway, [wish], author=author, anyway=anyway)
            second = gateway.national.four_eyes.corrections
            if not second:
                settle(gateway, [outcome.correction], by=author, anyway=anyway)
    if as_json:
        told = {"correction": outcome.correction, "letter": letter, "known": outcome.again}
        print_json(told | {"state": "proposed" if second else "approved", "outcome": outcome.verdict.outcome})
        return
    say(f"Correction {outcome.correction} of dead letter {letter}: {', '.join(changes)}.")
    _print_verdict(outcome.verdict)
    if second:
        say(f"A second person approves it: `ecqs dead-letters approve {outcome.correction} --by <name>`.")
    else:
        say("It is approved (four_eyes.corrections is off) and waits for the next run: `ecqs sync`.")


def _print_verdict(verdict: Verdict) -> None:
    if verdict.good:
        say("The corrected row passes: it would go out as a new version of its record.")
        return
    say("The corrected row would not go out:", style="red")
    for reason in verdict.reasons:
        say(f"  {reason['rule']} {reason['field'] or ''}: {reason['message']}")
    if verdict.why:
        say(f"  {verdict.why}")


def approve(
    correction: Annotated[list[int], typer.Argument(help="Numbers of corrections, as `corrections` lists them.")],
    by: By,
    anyway: _Anyway = False,
    now: _Now = False,
    as_json: Json = False,
) -> None:
    """Approve corrections someone else proposed; their rows then go through the regular pipeline."""
    with errors():
        from ecqs_gateway.flows import approvals  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            queued = approvals.approve(gateway, correction, by=by, anyway=anyway)
            if not as_json:
                say(f"Approved: {', '.join(map(str, sorted(set(correction))))}.")
            told = _next(gateway, queued, now=now, quiet=as_json)
    if as_json:
        print_json({"approved": sorted(set(correction)), "queued": [vars(part) for part in queued], **told})


def refuse(
    correction: Annotated[int, typer.Argument(help="Number of the correction, as `corrections` lists it.")],
    by: By,
    reason: Reason,
) -> None:
    """Refuse a correction someone else proposed, or withdraw your own; its letter stays open."""
    with errors():
        from ecqs_gateway.flows import approvals  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            state = approvals.refuse(gateway, correction, by=by, reason=reason)
    say(f"Correction {correction} is {state}. Its dead letter stays open.")


def discard(letter: _Numbers, by: By, reason: Reason) -> None:
    """Give dead letters up: they are kept, and stay discarded when their rows are met again."""
    with errors():
        from ecqs_gateway.flows import approvals  # noqa: PLC0415
        from ecqs_gateway.flows import corrections as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            found = [flow.only_letter(gateway, number) for number in sorted(set(letter))]
            done = approvals.discard(gateway, found, by=by, reason=reason)
    proposed = [str(number) for _, number in done if number is not None]
    if proposed:
        say(f"A second person approves it: `ecqs dead-letters approve {' '.join(proposed)} --by <name>`.")
    else:
        say(f"Discarded: {', '.join(str(number) for number, _ in done)}. `reopen` takes them up again.")


def reopen(letter: _Numbers, by: By, reason: Reason) -> None:
    """Take discarded dead letters up again."""
    with errors():
        from ecqs_gateway.flows import approvals  # noqa: PLC0415
        from ecqs_gateway.flows import corrections as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            found = [flow.only_letter(gateway, number) for number in sorted(set(letter))]
            approvals.reopen(gateway, found, by=by, reason=reason)
    say(f"Open again: {', '.join(str(one.id) for one in found)}.")
