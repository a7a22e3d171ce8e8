"""`ecqs audits`: what headquarters drew at random, the dossiers, and the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import errors, fail, print_json, print_table, say
from ecqs_gateway.cli.stop import whoami

if TYPE_CHECKING:
    from ecqs_gateway.flows.audits import UnitResult
    from ecqs_gateway.flows.dossier import Adding, Dossier, DossierCase
    from ecqs_gateway.flows.gateway import Gateway

__all__ = ["app", "audit_rows", "say_late"]

app = typer.Typer(help="Random inspections of headquarters: list, show, assemble, answer.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Request = Annotated[str, typer.Argument(help="Id of the request, as `ecqs audits list` shows it.")]
By = Annotated[str | None, typer.Option(help="Your name, kept as evidence; the account's unless given.")]
_LATE = 3
"""Exit code that says: an answer is overdue, or a file in headquarters' folder is not to be believed."""
_COLUMNS = {
    "id": "request",
    "name": "",
    "state": "state",
    "cases": "cases",
    "due": "due",
    "left": "working days left",
    "population": "population",
}


def audit_rows(gateway: Gateway, unit: str | None = None, *, open_only: bool = False) -> list[dict[str, Any]]:
    """Give the requests as the table and JSON show them; ``left`` is None where no calendar of that year is known."""
    from ecqs_gateway.flows.audits import working_days_left  # noqa: PLC0415
    from ecqs_gateway.ledger import audits as ledger  # noqa: PLC0415

    names = gateway.unit_names()
    rows = []
    for row in ledger.listed(gateway.database, unit, open_only=open_only):
        left = working_days_left(gateway, row["due"]) if row["state"] in ledger.OPEN else None
        late = left is not None and left < 0
        compared = json.loads(row["population"])["verdict"]
        shown = {"name": names.get(row["unit"], ""), "left": left, "overdue": late or row["overdue_at"] is not None}
        rows.append({**row, **shown, "population": compared, "demands": json.loads(row["demands"])})
    return rows


@app.command("list")
def list_(
    unit: Annotated[str | None, typer.Option(help="Only this reporting unit, such as 320000.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Closed and refused ones, too.")] = False,
    as_json: Json = False,
) -> None:
    """List what headquarters asks for, by due date. Exit code 3 when something is overdue or not to be believed."""
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.ledger import audits as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            rows = [r for r in audit_rows(gateway, unit) if all_ or r["state"] not in ("closed", "refused")]
            strange = ledger.quarantined(gateway.database, unit)
    if as_json:
        print_json({"requests": rows, "quarantined": strange})
    elif rows:
        print_table("Audit requests", _COLUMNS, rows, numbers=["cases", "left"])
    else:
        say("Headquarters asks for nothing." if not all_ else "Headquarters has never asked for anything.")
    late = [row for row in rows if row["overdue"] and row["state"] in (*ledger.OPEN, "answered")]
    if not as_json:
        say_late(late, strange)
    if late or strange:
        raise typer.Exit(_LATE)


def say_late(late: list[dict[str, Any]], strange: list[dict[str, Any]]) -> None:
    """Say in red what is overdue and what was quarantined."""
    for row in late:
        say(f"OVERDUE {row['id']}: the answer was due {row['due']}", style="red")
    for row in strange:
        say(f"NOT BELIEVED no. {row['id']}, {row['unit']} {row['name']}: {row['code']} {row['reason']}", style="red")
        say(f"  ask headquarters, then `ecqs audits seen {row['id']} --by NAME`; nothing of it was used")


@app.command()
def pull(
    unit: Annotated[list[str] | None, typer.Option(help="Only this reporting unit; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch requests and receipts, acknowledge, tell the provinces, and send answers that are sealed.

    Exit code 1 when something failed, 3 when an answer is overdue or a file is not to be believed.
    """
    with errors():
        from ecqs_gateway.flows import audits as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            results = flow.run(gateway, unit or ())
    _tell(results, as_json=as_json)
    if any(result.errors for result in results):
        raise typer.Exit(1)
    if any(result.overdue or result.quarantined for result in results):
        raise typer.Exit(_LATE)


def _tell(results: list[UnitResult], *, as_json: bool) -> None:
    if as_json:
        print_json([{**vars(result), "errors": [str(error) for error in result.errors]} for result in results])
        return
    for result in results:
        words = [f"{getattr(result, n)} {n}" for n in ("requests", "receipts", "routed", "sent") if getattr(result, n)]
        say(f"{result.unit}: {', '.join(words) or 'nothing new'}")
        if result.quarantined:
            say(f"  {result.quarantined} files are not to be believed: see `ecqs audits list`", style="red")
        if result.stopped:
            say(f"  {result.stopped}", style="yellow")
        for request in result.overdue:
            say(f"  OVERDUE: {request}", style="red")
        for error in result.errors:
            say(f"  {error}", style="red")


@app.command()
def show(request: Request, as_json: Json = False) -> None:
    """Show a request: its draw, deadline, and the dossier of each case with what is still lacking."""
    with errors():
        from ecqs_gateway.flows import dossier as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            found = flow.view(gateway, request)
            row = next(r for r in audit_rows(gateway, found.request["unit"]) if r["id"] == request)
            papers = _paper_names(gateway)
    _show(found, row, papers, as_json=as_json)


def _paper_names(gateway: Gateway) -> dict[str, str]:
    return dict(gateway.content.codes["paper_types"].rows.select("code", "name").iter_rows())


def _show(found: Dossier, row: dict[str, Any], papers: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        cases = [_case_json(case) for case in found.cases]
        print_json({**row, "messages": found.request["messages"], "lacking": found.lacking, "dossier": cases})
        return
    say(f"{row['id']} {row['name']}: {row['state']}, due {row['due']}{_left(row)}", style="bold")
    if row["reckoned_due"] not in (None, row["due"]):
        say(f"  by our calendar {row['working_days']} working days end on {row['reckoned_due']}", style="yellow")
    if row["code"]:
        say(f"  refused: {row['code']} {row['reason']}", style="red")
    said = json.loads(found.request["population"])
    say(f"  draw: seed {said['seed']}, population {said['population']}")
    say(f"  population against our ledger: {said['verdict']}" + (f" ({said['why']})" if "why" in said else ""))
    for remark in json.loads(row["remarks"] or "[]"):
        place = f"case {remark['case']}: " if remark["case"] else ""
        say(f"  headquarters: {place}{remark['code']} {remark['text']}", style="yellow")
    for case in found.cases:
        _say_case(case, papers)
    say(f"{found.lacking} demanded papers are lacking." if found.lacking else "Nothing that was demanded is lacking.")


def _left(row: dict[str, Any]) -> str:
    from ecqs_gateway.ledger.audits import OPEN  # noqa: PLC0415

    if row["state"] not in OPEN:
        return ""
    return " (its year has no calendar here)" if row["left"] is None else f" ({row['left']} working days left)"


def _say_case(case: DossierCase, papers: dict[str, str]) -> None:
    say(f"  {case.number}  {case.kind} {case.key}")
    if case.unknown:
        say(f"     unknown: {case.unknown}", style="yellow")
        return
    if case.batch is not None:
        levels = ", ".join(receipt.level for receipt in case.batch.receipts) or "none yet"
        say(f"     sent as record {case.position + 1} of batch {case.batch.id}; receipts: {levels}")
    for text in case.evidence_missing:
        say(f"     missing: {text}", style="yellow")
    for paper in case.papers:
        what = f"none: {paper.absent}" if paper.absent else f"{paper.title} ({paper.media})"
        say(f"     {paper.type} {papers.get(paper.type, '')}: {what}")
    for code in case.lacking:
        say(f"     {code} {papers.get(code, '')}: LACKING", style="red")


def _case_json(case: DossierCase) -> dict[str, Any]:
    papers = [
        {
            "type": p.type,
            "title": p.title,
            "media": p.media,
            "sha256": p.file.digest if p.file else None,
            "absent": p.absent,
        }
        for p in case.papers
    ]
    batch = case.batch
    sent = None
    if batch is not None:
        receipts = [{"level": r.level, "id": r.receipt_id, "sha256": r.digest} for r in batch.receipts]
        sent = {"batch": batch.id, "position": case.position, "package": batch.package_digest, "receipts": receipts}
    facts = {name: getattr(case, name) for name in ("number", "kind", "key", "product", "version", "unknown", "newest")}
    return {**facts, "sent": sent, "demanded": case.demanded, "papers": papers, "lacking": case.lacking}


@app.command()
def assemble(
    request: Request,
    papers: Annotated[
        Path | None,
        typer.Option(help="Folder with <case>/<paper code>-anything.pdf; the routed one unless given."),
    ] = None,
    absent: Annotated[
        list[str] | None, typer.Option(help="CASE:CODE:REASON of a paper that does not exist, such as 3:05:不涉及.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Put the dossiers together from what was sent, as stored, and the province's papers; show what is lacking."""
    with errors():
        from ecqs_gateway.flows import dossier as flow  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        adding = [_absent(text) for text in absent or ()]
        with open_gateway() as gateway:
            found, new = flow.assemble(gateway, request, adding, papers=papers, by=by or whoami())
            row = next(r for r in audit_rows(gateway, found.request["unit"]) if r["id"] == request)
            names = _paper_names(gateway)
    if not as_json:
        say(f"{new} papers added or replaced.")
    _show(found, row, names, as_json=as_json)


def _absent(text: str) -> Adding:
    from ecqs_gateway.errors import Terminal  # noqa: PLC0415
    from ecqs_gateway.flows.dossier import Adding  # noqa: PLC0415

    number, _, rest = text.partition(":")
    code, _, reason = rest.partition(":")
    if not number.isdecimal() or not reason.strip():
        hint = "write CASE:CODE:REASON, such as 3:05:不涉及产业政策"
        fail(Terminal("ECQS-7067", "this does not say which paper is absent and why", hint=hint))
    return Adding(int(number), code, absent=reason.strip())


@app.command()
def answer(
    request: Request,
    by: By = None,
    no_send: Annotated[bool, typer.Option("--no-send", help="Leave the sending to the next pull.")] = False,
    as_json: Json = False,
) -> None:
    """Seal the answer with all dossiers, and send it. Sent again, it is the same bytes."""
    with errors():
        from ecqs_gateway.flows import audits as flow  # noqa: PLC0415
        from ecqs_gateway.flows import dossier  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            message = dossier.answer(gateway, request, by=by or whoami())
            results = [flow.run_unit(gateway, request[:6])] if not no_send else []
    facts = {"request": request, "answer": message.number, "sha256": message.file.digest, "size": message.file.size}
    if as_json:
        print_json(facts | {"sent": not any(result.errors or result.stopped for result in results) and not no_send})
    else:
        say(f"Answer {message.number} to {request}: {message.file.size:,} bytes, SHA-256 {message.file.digest}")
        _tell(results, as_json=False)
    if any(result.errors for result in results):
        raise typer.Exit(1)


@app.command()
def seen(
    number: Annotated[int, typer.Argument(help="Number of the file, as `ecqs audits list` shows it.")], by: By = None
) -> None:
    """Say that a file which was not believed has been looked into; it is kept, and not shown any more."""
    with errors():
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.ledger import audits as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            done = ledger.mark_seen(gateway.database, number, by or whoami(), clock=gateway.clock)
        if not done:
            hint = "see `ecqs audits list`"
            fail(Terminal("ECQS-7068", "there is no such file, or it was looked into before", hint=hint))
    say(f"Noted for no. {number}.")
