"""`ecqs mapping docs`: the mapping table bureaux exchange and sign, written, read back and compared."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.content.load import Content
    from ecqs_gateway.flows.bench import Unusable
    from ecqs_gateway.report.mapping_table import Table

__all__ = ["register"]

_COLUMNS = {
    "subject": "field or code",
    "what": "what",
    "signed": "the signed table says",
    "mapping": "the mapping does",
    "place": "line",
}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(docs)


def docs(
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[str | None, typer.Argument(help="Record kind, such as certificate; left out, all kinds.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write the tables into, as XLSX and HTML.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Compare this signed XLSX table with the mapping.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Write the mapping table of units and kinds as XLSX and HTML, or compare a signed one with the mapping.

    With --compare nothing is written: unit and kind are those on the table's cover. Exit code 1: it differs.
    """
    with bench_errors():
        from ecqs_gateway.content.load import load  # noqa: PLC0415
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        if (out is None) == (compare is None):
            raise Misconfigured("ECQS-6067", "give --out FOLDER or --compare FILE", hint="one of the two")
        content = load(load_settings().content)
        if compare is not None:
            _compare(content, compare, as_json=json_)
        elif out is not None:
            _write(content, unit, kind, out, as_json=json_)


def _write(content: Content, unit: str | None, kind: str | None, out: Path, *, as_json: bool) -> None:
    from ecqs_gateway.doors.clock import now  # noqa: PLC0415
    from ecqs_gateway.report.mapping_html import mapping_html  # noqa: PLC0415
    from ecqs_gateway.report.mapping_xlsx import mapping_xlsx  # noqa: PLC0415

    tables, broken = _tables(content, unit, kind)
    out.mkdir(parents=True, exist_ok=True)
    made = now()
    written: list[str] = []
    for table in tables:
        name = f"{table.unit}-{table.kind}-mapping"
        (out / f"{name}.xlsx").write_bytes(mapping_xlsx(table, made=made))
        (out / f"{name}.html").write_text(mapping_html(table, made=made), encoding="utf-8")
        written += [str(out / f"{name}.xlsx"), str(out / f"{name}.html")]
    if as_json:
        print_json({"written": written, "broken": [error.where for error in broken]})
    else:
        for file in written:
            say(f"{file}: written")
        for error in broken:
            print_problems(error.problems)
    if broken or not written:
        raise typer.Exit(1)


def _tables(content: Content, unit: str | None, kind: str | None) -> tuple[list[Table], list[Unusable]]:
    """Make the tables wanted; a broken mapping keeps no other from being written."""
    from ecqs_gateway.flows.bench import Unusable, open_bench, require_unit  # noqa: PLC0415
    from ecqs_gateway.report.mapping_table import mapping_table  # noqa: PLC0415

    units = [require_unit(content, unit)] if unit is not None else list(content.onboarded)
    tables: list[Table] = []
    broken: list[Unusable] = []
    for one in units:
        connector = content.connectors.get(one)
        for each in [kind] if kind else list(connector.streams) if connector is not None else []:
            try:
                tables.append(mapping_table(content, open_bench(content, one, each).lane.mapping))
            except Unusable as error:
                broken.append(error)
    return tables, broken


def _compare(content: Content, file: Path, *, as_json: bool) -> None:
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
    from ecqs_gateway.flows.bench import open_bench  # noqa: PLC0415
    from ecqs_gateway.report.mapping_compare import compare_table, read_table  # noqa: PLC0415
    from ecqs_gateway.report.mapping_table import mapping_table  # noqa: PLC0415

    try:
        data = file.read_bytes()
    except OSError as error:
        hint = "give the workbook `ecqs mapping docs --out` wrote"
        message = f"the file cannot be read ({error.strerror})"
        raise Misconfigured("ECQS-6069", message, where=str(file), hint=hint) from error
    signed = read_table(data, place=str(file))
    table = mapping_table(content, open_bench(content, signed.unit, signed.kind).lane.mapping)
    found = compare_table(signed, table)
    same = signed.digest == table.digest
    if as_json:
        facts = {"unit": signed.unit, "kind": signed.kind, "signed_digest": signed.digest, "digest": table.digest}
        print_json({**facts, "differences": [dataclasses.asdict(one) for one in found]})
    else:
        say(f"{table.unit} {table.kind}: signed {signed.digest[:19]}…, mapping {table.digest[:19]}…", style="bold")
        nothing = {"signed": "—", "mapping": "—"}
        rows = [
            nothing
            | {name: value for name, value in dataclasses.asdict(one).items() if value is not None}
            | {"place": f"{one.file}:{one.line}"}
            for one in found
        ]
        if rows:
            print_table("", _COLUMNS, rows)
        say(_verdict(len(found), same=same), style="red" if found else "green")
    if found:
        raise typer.Exit(1)


def _verdict(differences: int, *, same: bool) -> str:
    if differences:
        return f"{differences} difference{'' if differences == 1 else 's'} between the signed table and the mapping."
    if same:
        return "The mapping is the one that was signed."
    return "The files changed since (comments or order), but the mapping does what the signed table says."
