"""`ecqs sandbox`: the stand-in headquarters as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli import sandbox_audits
from ecqs_gateway.cli.output import errors, print_json, print_table, say

if TYPE_CHECKING:
    from ecqs_gateway.sandbox.query import Alarm

__all__ = ["app"]

app = typer.Typer(
    help="A stand-in headquarters on loopback, with its own process, ledger and checks.", no_args_is_help=True
)

sandbox_audits.register(app)

Home = Annotated[
    Path | None, typer.Option(help="Folder of the headquarters; ECQS_SANDBOX or <home>/sandbox unless given.")
]


def _home(given: Path | None) -> Path:
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    return given.resolve() if given is not None else load_settings().sandbox


@app.command()
def run(
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes the last one used, or any free one.")] = 0,
) -> None:
    """Run headquarters until Ctrl-C. It accepts what the keys and accounts in its folder allow."""
    with errors():
        from ecqs_gateway.sandbox import serve  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        schemas = load_settings().content / "schemas" / "ecqs" / "1.0"
        arguments = ["--home", str(_home(home)), "--port", str(port), "--schemas", str(schemas)]
        raise typer.Exit(serve.main(arguments))


@app.command()
def show(
    key: Annotated[
        str | None, typer.Argument(help="A business key: show all its versions. Certificate numbers in any spelling.")
    ] = None,
    home: Home = None,
    anchors: Annotated[
        bool, typer.Option("--anchors", help="Show what it holds of evidence chains, and alarms about them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show what headquarters holds, by its own ledger."""
    with errors():
        from ecqs_gateway.sandbox.query import Query  # noqa: PLC0415

        alarms: list[Alarm] = []
        with Query(_home(home)) as query:
            if anchors:
                rows = query.anchors()
                columns = {name: name for name in ("batch", "entry", "head", "key", "arrived")}
                title = "Anchors of the evidence chains that headquarters holds"
                alarms = [alarm for alarm in query.alarms() if alarm.code.startswith("evidence-")]
            elif key is not None:
                rows = [vars(version) for version in query.look_up(key)]
                key = str(rows[0]["key"]) if rows else key
                columns = {name: name for name in ("batch", "unit", "kind", "version", "outcome", "code", "field")}
                title = f"Every version of {key} that came to headquarters"
            else:
                table: dict[tuple[str, str], dict[str, object]] = {}
                for (unit, kind, outcome), count in sorted(query.counts().items()):
                    table.setdefault((unit, kind), {"unit": unit, "kind": kind})[outcome] = count
                rows = list(table.values())
                columns = {name: name.replace("_", " ") for row in rows for name in row}
                title = "What headquarters holds"
    if as_json:
        print_json(rows)
    elif rows:
        print_table(title, columns, rows)
    else:
        say("Headquarters holds nothing" + (f" under {key}" if key else "") + " yet.")
    for alarm in alarms if not as_json else []:
        say(f"ALARM {alarm.code}, batch {alarm.batch}: {alarm.detail}", style="red")


@app.command()
def anchors(
    unit: Annotated[str | None, typer.Option(help="Only batches of this reporting unit.")] = None,
    home: Home = None,
) -> None:
    """Print the anchors headquarters holds as JSON: what an auditor checks an evidence chain or bundle against.

    Write it to a file with `ecqs sandbox anchors > anchors.json`, then `python verifier/ecqs_verify.py BUNDLE.zip
    --anchors anchors.json`.
    """
    with errors():
        from ecqs_gateway.sandbox.anchors import export  # noqa: PLC0415
        from ecqs_gateway.sandbox.query import Query  # noqa: PLC0415

        with Query(_home(home)) as query:
            print_json(export(query.anchors(unit)))


@app.command()
def misbehave(
    orders: Annotated[
        str, typer.Argument(help='JSON of what to do wrong, such as {"drop": {"chance": 0.3}, "seed": 7}.')
    ],
    home: Home = None,
) -> None:
    """Tell headquarters to misbehave: delay, drop, duplicate, tamper, refuse, disconnect and more; in force at once."""
    with errors():
        from pydantic import ValidationError  # noqa: PLC0415

        from ecqs_gateway.sandbox.misbehave import Orders  # noqa: PLC0415
        from ecqs_gateway.sandbox.misbehave import misbehave as give  # noqa: PLC0415

        try:
            wanted = Orders.model_validate_json(orders)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                say(f"{'.'.join(str(step) for step in problem['loc']) or 'orders'}: {problem['msg']}", style="red")
            say(f"Known orders: {', '.join(Orders.model_fields)}")
            raise typer.Exit(1) from None
        give(_home(home), wanted)
    say(f"In force: {wanted.model_dump_json(exclude_defaults=True)}. Take them back with `ecqs sandbox behave`.")


@app.command()
def behave(home: Home = None) -> None:
    """Take all orders to misbehave back."""
    with errors():
        from ecqs_gateway.sandbox.misbehave import behave as take_back  # noqa: PLC0415

        take_back(_home(home))
    say("Headquarters behaves again.")


@app.command()
def tamper(
    act: Annotated[str, typer.Argument(help="What to do: lose, age, alter, double or respell.")],
    unit: Annotated[str, typer.Option(help="Reporting unit, such as 320000.")],
    kind: Annotated[str, typer.Option(help="Record kind, such as certificate.")],
    key: Annotated[list[str] | None, typer.Option(help="Business key of a record; may be repeated.")] = None,
    number: Annotated[int, typer.Option(min=1, help="Without --key: so many records, spread over all.")] = 1,
    home: Home = None,
) -> None:
    """Lose, age, alter, double or respell records headquarters holds, for `ecqs reconcile` to find."""
    with errors():
        from ecqs_gateway.sandbox import tamper as tampering  # noqa: PLC0415

        if act not in tampering.ACTS:
            say(f"There is no act {act}; known: {', '.join(tampering.ACTS)}", style="red")
            raise typer.Exit(1)
        keys = key or tampering.held_keys(_home(home), unit, kind, number)
        tampering.tamper(_home(home), act, unit, kind, keys)
    say(f"Done to {len(keys)} records: {', '.join(keys[:5])}{' …' if len(keys) > 5 else ''}")
