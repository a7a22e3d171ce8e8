"""`ecqs mapping coverage`: what a mapping gives of the national record, and what it does with the source's columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import print_json, print_table, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.flows.covers import Cover, FieldCover
    from ecqs_gateway.flows.gateway import Gateway
    from ecqs_gateway.mapping.observed import Seen

__all__ = ["register"]

_FIELDS = {
    "field": "national field", "constraint": "", "group": "covered", "from": "from", "filled": "filled",
    "seen": "seen", "line": "line",
}  # fmt: skip
_COLUMNS = {"column": "source column", "use": "use", "filled": "filled", "seen": "seen", "fields": "national fields"}
_GROUPS = ("mapped", "derived", "constant", "absent", "open")
_USES = ("used", "key", "ignored", "unknown")
_TOLD = 6
"""Codes told in a table, the most frequent first; JSON has all of them."""


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(coverage)


def coverage(
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[str | None, typer.Argument(help="Record kind, such as certificate; left out, all kinds.")] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Look at stored rows; an error where there are none.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Look at rows read from the source now.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=5_000_000, help="Rows to look at, about.")] = 200_000,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Show how every national field is covered and what becomes of every source column.

    A field is mapped, derived, constant, declared absent (reason, owner, until) or open; a column is used, a key,
    ignored on purpose or unknown. Beside them how often each was filled in real rows, the first and last date and the
    codes seen: of the newest stored rows, unless --live is given.
    Exit code 1: a declaration of absence has run out, a column is unknown, or a mapping is broken.
    """
    with bench_errors():
        from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
        from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415

        if stored and live:
            raise Misconfigured("ECQS-6067", "--stored and --live exclude each other", hint="give one of them")
        with open_gateway() as gateway:
            found = [_cover(gateway, lane, "live" if live else "stored" if stored else "", rows)
                     for lane in _lanes(gateway, unit, kind)]  # fmt: skip
    if json_:
        print_json([_plain(one) for one in found])
    else:
        for one in found:
            _print(one)
    if any(one.faults for one in found):
        raise typer.Exit(1)


def _lanes(gateway: Gateway, unit: str | None, kind: str | None) -> list[tuple[str, str]]:
    from ecqs_gateway.flows.bench import require_unit  # noqa: PLC0415

    if unit is not None and kind is not None:
        return [(unit, kind)]
    units = [require_unit(gateway.content, unit)] if unit is not None else list(gateway.content.onboarded)
    return [(one, each) for one in units for each in gateway.kinds(one)]


def _cover(gateway: Gateway, lane: tuple[str, str], wanted: str, rows: int) -> Cover:
    import dataclasses  # noqa: PLC0415

    from ecqs_gateway.doors.clock import today  # noqa: PLC0415
    from ecqs_gateway.errors import GatewayError  # noqa: PLC0415
    from ecqs_gateway.flows.covers import cover, sampled  # noqa: PLC0415

    found = cover(gateway.content, *lane, day=today(gateway.clock))
    try:
        return sampled(gateway, found, live=wanted == "live", rows=rows)
    except GatewayError as error:
        if wanted:
            raise
        return dataclasses.replace(found, origin=f"no rows looked at: {error.message}")


def _print(one: Cover) -> None:
    print_problems(one.problems)
    counts = Counter(each.line.group for each in one.fields if not each.line.path.endswith("[]"))
    say(f"{one.unit} {one.kind}: {', '.join(f'{counts[group]} {group}' for group in _GROUPS)}", style="bold")
    say(f"  {one.file}; {one.origin or 'no rows looked at'}")
    print_table("", _FIELDS, _field_rows(one), numbers=["filled", "line"])
    uses = Counter(each.use for each in one.columns)
    say(f"Source columns: {', '.join(f'{uses[use]} {use}' for use in _USES)}")
    if not one.columns_known:
        say(f"  The source's structure was not observed; `ecqs observe {one.unit}` would tell unknown columns, too.")
    print_table("", _COLUMNS, _column_rows(one), numbers=["filled"])
    for each in one.fields:
        if each.problem is not None:
            say(f"{one.file}:{each.file_line or 1}: {each.line.path}: {each.problem}", style="red")
    for column in one.columns:
        if column.use == "unknown":
            say(
                f"{one.file}: nobody looked at the source column {column.name}: map it, or add it to ignore",
                style="red",
            )
    say("")


def _field_rows(one: Cover) -> Iterator[dict[str, Any]]:
    for each in one.fields:
        line = each.line
        seen = one.observed.fields.get(line.key) if one.observed is not None else None
        absent = f"{line.absent.reason} ({line.absent.owner}, until {line.absent.until})" if line.absent else ""
        yield {
            "field": f"{line.path} {line.title}",
            "constraint": line.constraint,
            "group": line.group,
            "from": absent or ", ".join(line.columns) or (line.rule if line.group == "constant" else ""),
            "filled": _rate(seen) if line.group != "open" else "",
            "seen": _values(seen),
            "line": each.file_line or "",
        }


def _column_rows(one: Cover) -> Iterator[dict[str, Any]]:
    for column in one.columns:
        seen = one.observed.columns.get(column.name) if one.observed is not None else None
        yield {
            "column": f"{column.name} {column.comment}".strip(),
            "use": column.use,
            "filled": _rate(seen),
            "seen": _values(seen),
            "fields": ", ".join(column.fields),
        }


def _rate(seen: Seen | None) -> str:
    if seen is None or seen.rate is None:
        return ""
    return f"{seen.rate * 100:.1f}%" if 0 < seen.filled < seen.of else f"{seen.rate * 100:.0f}%"


def _values(seen: Seen | None) -> str:
    if seen is None:
        return ""
    if seen.first is not None:
        return f"{seen.first} … {seen.last}"
    codes = [f"{code}×{count}" for code, count in seen.codes.most_common(_TOLD)]
    more = len(seen.codes) - _TOLD
    return ", ".join(codes) + (f", {more} more" if more > 0 else "")


def _plain(one: Cover) -> dict[str, Any]:
    return {
        "unit": one.unit,
        "kind": one.kind,
        "file": one.file,
        "origin": one.origin,
        "rows": one.observed.rows if one.observed is not None else None,
        "fields": [_plain_field(one, each) for each in one.fields],
        "columns": [
            {"name": c.name, "use": c.use, "comment": c.comment, "fields": list(c.fields)}
            | _plain_seen(one.observed.columns.get(c.name) if one.observed is not None else None)
            for c in one.columns
        ],
        "problems": as_json(one.problems),
        "faults": one.faults,
    }


def _plain_field(one: Cover, each: FieldCover) -> dict[str, Any]:
    line = each.line
    absent = None
    if line.absent is not None:
        absent = {"reason": line.absent.reason, "owner": line.absent.owner, "until": line.absent.until}
    seen = one.observed.fields.get(line.key) if one.observed is not None else None
    return {
        "path": line.path, "title": line.title, "constraint": line.constraint, "group": line.group,
        "columns": list(line.columns), "rule": line.rule, "absent": absent, "line": each.file_line,
        "problem": each.problem, **_plain_seen(seen),
    }  # fmt: skip


def _plain_seen(seen: Seen | None) -> dict[str, Any]:
    if seen is None:
        return {}
    told = {"filled": seen.filled, "of": seen.of, "first": seen.first, "last": seen.last}
    return told | ({"codes": dict(seen.codes.most_common())} if seen.codes else {})
