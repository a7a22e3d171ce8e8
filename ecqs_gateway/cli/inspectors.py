"""`ecqs inspectors`: the national list of inspectors, whom every province recognises."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.letter_options import Json, Unit
from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    import polars as pl

    from ecqs_gateway.flows.gateway import Gateway
    from ecqs_gateway.flows.inspectors import Pulled, WrittenBack

__all__ = ["app"]

app = typer.Typer(
    help="The national list of inspectors: pulled, looked up, written back to the provinces.", no_args_is_help=True
)

Number = Annotated[str, typer.Argument(help="Number of the inspector certificate, such as 苏核查00894.")]
AsOf = Annotated[
    int | None, typer.Option(min=1, help="What was known when this version was the newest; the newest unless given.")
]
_ENTRY = {
    "number": "certificate", "name": "name", "unit_name": "unit", "authority": "examined by", "scope_names": "scope",
    "issue_date": "issued", "valid_until": "valid until", "status_name": "status", "status_date": "since",
}  # fmt: skip
_CHANGE = {"number": "certificate", "change": "change", "unit": "unit", "what": "what differs"}
_VISIT = {
    "unit": "unit", "key": "case", "day": "visited", "number": "certificate", "name": "name", "status": "status",
    "effective": "since", "then": "recognised that day", "version": "list",
}  # fmt: skip
_WORDS = {"added": "新增", "removed": "移出", "changed": "变更"}


@app.command(name="list")
def list_(
    *,
    unit: Unit = None,
    status: Annotated[str | None, typer.Option(help="Only with this status: its code, or a word such as 撤销.")] = None,
    search: Annotated[str | None, typer.Option(help="Only whose number or name holds this text.")] = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="Most inspectors to show.")] = 50,
    as_json: Json = False,
) -> None:
    """List the inspectors of the newest list, which version it is, and which province has it."""
    with errors():
        import polars as pl  # noqa: PLC0415

        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.inspectors import readable  # noqa: PLC0415
        from ecqs_gateway.ledger import inspectors as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            versions = ledger.versions(gateway.database)
            written = ledger.writebacks(gateway.database)
            refused = ledger.refusals(gateway.database)
            found = readable(gateway, ledger.entries(gateway.database, as_of))
        if unit:
            found = found.filter(pl.col("unit").is_in(unit))
        if status is not None:
            found = found.filter((pl.col("status") == status) | (pl.col("status_name") == status))
        if search is not None:
            found = found.filter(pl.any_horizontal(pl.col("number", "name").str.contains(search, literal=True)))
    if as_json:
        rows = found.head(limit).to_dicts()
        print_json({"total": found.height, "versions": versions, "written": written, "refused": refused,
                    "inspectors": rows})  # fmt: skip
        return
    if not versions:
        say("There is no list yet: fetch it with `ecqs inspectors pull`.")
    else:
        shown = as_of or versions[0]["version"]
        print_table(f"{found.height} inspectors in version {shown}", _ENTRY, found.head(limit).to_dicts())
        if found.height > limit:
            say(f"The first {limit} are shown; narrow it with --unit, --status or --search.")
    _standing(written, refused)


def _standing(written: list[dict[str, Any]], refused: list[dict[str, Any]]) -> None:
    for row in written:
        has = (
            f"version {row['version']} in {row['target']} since {row['written_at'][:16]}" if row["version"] else "none"
        )
        say(f"{row['unit']} has {has}")
        if row["error"]:
            say(f"  the last try failed: {row['error']}", style="red")
    for row in refused[:5]:
        say(f"refused {row['name']} on {row['taken_at'][:10]}: {row['code']} {row['reason']}", style="yellow")


@app.command()
def show(number: Number, as_json: Json = False) -> None:
    """Show everything the list ever said of one inspector, and on which days he was recognised for what."""
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.inspectors import readable  # noqa: PLC0415
        from ecqs_gateway.inbound.inspectors import recognised  # noqa: PLC0415
        from ecqs_gateway.ledger import inspectors as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            plain = ledger.history(gateway.database, number)
            history = readable(gateway, plain)
            spans = recognised(plain).to_dicts()
            classes = _classes(gateway)
    rows = history.to_dicts()
    if as_json:
        print_json({"number": number, "said": rows, "recognised": spans})
    elif not rows:
        say(f"No list ever named {number}.")
    else:
        columns = {"from_version": "from list", "until_version": "to list", **_ENTRY, "status_note": "note"}
        print_table(f"What the list says of {number}", columns, rows)
        for span in spans:
            what = classes.get(span["product_class"], "every class") if span["product_class"] else "every class"
            say(f"recognised for {what} from {span['from']} to {span['until'] or '—'}")
    if not rows:
        raise typer.Exit(1)


def _classes(gateway: Gateway) -> dict[str, str]:
    return dict(gateway.content.codes["product_classes"].rows.select("code", "name").iter_rows())


_REASONS = {
    "recognised": "was recognised", "unknown": "no list ever named this number",
    "early": "the certificate was not valid yet", "expired": "the certificate had expired",
    "other class": "the certificate does not cover this class", "gone": "was off the list",
    "2": "was suspended (暂停)", "3": "was revoked (撤销)", "4": "was cancelled (注销)",
}  # fmt: skip


@app.command()
def lookup(
    number: Number,
    product: Annotated[str | None, typer.Option(help="Product class: its code, or its name such as 水泥.")] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the visit; today.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Say whether an inspector of any province was recognised for a product on a day. Exit code 1: he was not."""
    with errors():
        from ecqs_gateway.doors.clock import today  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.inbound.inspectors import lookup as look_up  # noqa: PLC0415
        from ecqs_gateway.ledger import inspectors as ledger  # noqa: PLC0415

        day = on.date() if on is not None else today()
        with open_gateway() as gateway:
            code = _class(gateway, product)
            verdict = look_up(ledger.history(gateway.database, number), number, code, day, as_of=as_of)
            unit = gateway.unit_names().get(verdict.unit or "", verdict.unit)
    if as_json:
        print_json({"number": number, "product_class": code, "day": day, "unit_name": unit, **vars(verdict)})
    else:
        say(f"{number} on {day}: {_REASONS[verdict.why]}", style="green" if verdict.recognised else "red")
        if verdict.version is not None:
            since = f", since {verdict.since}" if verdict.since else ""
            say(f"  {unit}, valid {verdict.first} to {verdict.last or '—'}; list version {verdict.version}{since}")
    if not verdict.recognised:
        raise typer.Exit(1)


def _class(gateway: Gateway, given: str | None) -> str | None:
    from ecqs_gateway.errors import Terminal  # noqa: PLC0415

    if given is None:
        return None
    classes = _classes(gateway)
    found = given if given in classes else next((code for code, name in classes.items() if name == given), None)
    if found is None:
        hint = f"one of {', '.join(f'{code} {name}' for code, name in classes.items())}"
        raise Terminal("ECQS-7127", "there is no product class of that code or name", hint=hint)
    return found


@app.command()
def diff(
    before: Annotated[int | None, typer.Argument(help="Version before; the last but one unless given.")] = None,
    after: Annotated[int | None, typer.Argument(help="Version after; the newest unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Show what changed between two versions of the list."""
    with errors():
        from ecqs_gateway.errors import Terminal  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.inbound.inspectors import difference  # noqa: PLC0415
        from ecqs_gateway.ledger import inspectors as ledger  # noqa: PLC0415

        with open_gateway() as gateway:
            held = [int(str(row["version"])) for row in ledger.versions(gateway.database)]
            last = after if after is not None else next(iter(held), 0)
            first = before if before is not None else max((v for v in held if v < last), default=0)
            unknown = [version for version in (first, last) if version and version not in held]
            if unknown:
                hint = f"versions that are: {', '.join(map(str, sorted(held))) or 'none'}"
                raise Terminal("ECQS-7128", f"version {unknown[0]} was never taken in", hint=hint)
            changes = difference(ledger.entries(gateway.database, first), ledger.entries(gateway.database, last))
    rows = [_change(row) for row in changes.to_dicts()]
    if as_json:
        print_json({"before": first, "after": last, "changes": rows})
    elif not rows:
        say(f"Versions {first} and {last} say the same.")
    else:
        shown = [{**row, "change": _WORDS[row["change"]]} for row in rows]
        print_table(f"{len(rows)} changes from version {first} to {last}", _CHANGE, shown)


def _change(row: dict[str, Any]) -> dict[str, Any]:
    fields = row["fields"] or []
    said = [(name, _plain(row[f"{name}_before"]), _plain(row[name])) for name in fields]
    what = "; ".join(f"{name}: {old or '—'} → {new or '—'}" for name, old, new in said)
    side = "" if row["change"] != "removed" else "_before"
    facts = {"number": row["number"], "change": row["change"], "unit": row[f"unit{side}"]}
    return {**facts, "what": what or _plain(row[f"name{side}"]), "fields": {n: [o, a] for n, o, a in said}}


def _plain(value: str | None) -> str | None:
    return value.replace("\x1d", " ").replace("\x1e", ", ") if value else value


@app.command()
def pull(
    write: Annotated[bool, typer.Option(help="Write the list back to the provinces, too.")] = True,
    as_json: Json = False,
) -> None:
    """Fetch what headquarters published, verify it, and write it back. Exit code 1: something was refused or failed."""
    with errors():
        from ecqs_gateway.flows import inspector_visits, inspectors  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            pulled = inspectors.pull(gateway)
            given = list(inspectors.write_back_all(gateway)) if write else []
            inspector_visits.scan(gateway)
    failed = bool(pulled.refused) or pulled.behind or any(each.error for each in given)
    if as_json:
        print_json(_pulled(pulled, given))
    else:
        _say_pulled(pulled)
        _say_written(given)
    if failed:
        raise typer.Exit(1)


def _pulled(pulled: Pulled, given: list[WrittenBack]) -> dict[str, Any]:
    return {
        "before": pulled.before,
        "version": pulled.version,
        "published": pulled.published,
        "taken": pulled.taken,
        "refused": [vars(each) for each in pulled.refused],
        "written": [{**vars(each), "error": str(each.error) if each.error else None} for each in given],
    }


def _say_pulled(pulled: Pulled) -> None:
    for each in pulled.refused:
        say(f"refused {each.name}: {each.code} {each.reason}", style="red")
    if pulled.published is None:
        say("Headquarters publishes no list yet.")
    elif pulled.version == pulled.before:
        say(f"Version {pulled.version} is the one we hold." if pulled.version else "Nothing could be taken in.")
    else:
        say(f"Version {pulled.version} taken in ({', '.join(pulled.taken)}); before: {pulled.before or 'none'}.")


def _say_written(given: list[WrittenBack]) -> None:
    for each in given:
        if each.error is not None:
            say(f"{each.unit}: not written: {each.error}", style="red")
        else:
            counts = ", ".join(f"{name} {count}" for name, count in each.counts.items())
            say(f"{each.unit}: version {each.version} written to {each.target} ({counts})")


@app.command()
def write(
    unit: Unit = None,
    again: Annotated[bool, typer.Option("--again", help="Also where the newest version was written before.")] = False,
    as_json: Json = False,
) -> None:
    """Write the newest list back to the provinces whose connector says where. Exit code 1: one could not be written."""
    with errors():
        from ecqs_gateway.flows import inspectors  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        with open_gateway() as gateway:
            given = list(inspectors.write_back_all(gateway, unit or (), again=again))
    if as_json:
        print_json([{**vars(each), "error": str(each.error) if each.error else None} for each in given])
    elif not given:
        say("Nothing to write: every province has the newest version.")
    else:
        _say_written(given)
    if any(each.error for each in given):
        raise typer.Exit(1)


@app.command()
def affected(
    *,
    unit: Unit = None,
    number: Annotated[str | None, typer.Option(help="Only visits of this inspector.")] = None,
    since_version: Annotated[int, typer.Option(min=0, help="Only what this version of the list or a later said.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Most visits to show.")] = 100,
    as_json: Json = False,
) -> None:
    """Report the approvals whose visits were made by inspectors who are not recognised any more.

    A visit before the day a revocation took effect stays valid; both kinds are shown, for people to decide.
    """
    with errors():
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
        from ecqs_gateway.flows.inspector_visits import affected as report  # noqa: PLC0415

        with open_gateway() as gateway:
            found = report(gateway, units=unit or (), number=number, since_version=since_version)
            names = dict(gateway.content.codes["inspector_statuses"].rows.select("code", "name").iter_rows())
    rows = [_visit(row, names) for row in found.rows.head(limit).to_dicts()]
    facts = {"visits": found.rows.height, "approvals": _approvals(found.rows), "inspectors": found.inspectors.height}
    if as_json:
        print_json({**facts, "unread_batches": found.unread, "rows": rows})
        return
    if not rows:
        say(f"No visit was made by any of the {found.inspectors.height} inspectors not recognised any more.")
    else:
        title = f"{facts['approvals']} approvals, {facts['visits']} visits"
        print_table(title, _VISIT, rows)
        if found.rows.height > limit:
            say(f"The first {limit} are shown; see more with --limit, or all with --json.")
    if found.unread:
        say(f"{found.unread} batches were removed before their visits could be read.", style="yellow")


def _approvals(rows: pl.DataFrame) -> int:
    return rows.select("unit", "key").n_unique()


def _visit(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    then = {True: "yes", False: "NO", None: "no day"}[row["recognised"]]
    status = "移出名录" if row["status"] == "gone" else names.get(row["status"], row["status"])
    return {**row, "status": status, "then": then}
