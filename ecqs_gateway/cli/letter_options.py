"""Options that several commands on dead letters and findings share, and how letters are chosen by them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ecqs_gateway.flows.gateway import Gateway
    from ecqs_gateway.ledger.letters import Filter

__all__ = ["By", "Ids", "Json", "Key", "Kind", "Origin", "Reason", "Rule", "Since", "State", "Unit", "chosen"]

Unit = Annotated[list[str] | None, typer.Option(help="Only this reporting unit; may be repeated.")]
Kind = Annotated[list[str] | None, typer.Option(help="Only this record kind; may be repeated.")]
Rule = Annotated[
    list[str] | None, typer.Option(help="Only letters that name this rule or code, such as ECQS-1291; may be repeated.")
]
Origin = Annotated[
    list[str] | None,
    typer.Option(help="Who refused: source (unreadable), mapping, rules, schema or headquarters; may be repeated."),
]
State = Annotated[
    list[str] | None, typer.Option(help="Only letters open, corrected, resolved or discarded; may be repeated.")
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only letters first met on this day or later.")
]
Key = Annotated[
    str | None, typer.Option(help="Only this certificate number in any spelling, case number or source key.")
]
Ids = Annotated[list[int] | None, typer.Option("--id", help="Only this letter, by its number; may be repeated.")]
By = Annotated[str, typer.Option(help="Name of the person who decides.")]
Reason = Annotated[str, typer.Option(help="Why, in words others understand.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def chosen(
    gateway: Gateway,
    *,
    since: datetime | None,
    key: str | None,
    ids: list[int] | None = None,
    **words: list[str] | None,
) -> Filter:
    """Make a filter of what was typed: ``units``, ``kinds``, ``rules``, ``origins`` and ``states`` are words.

    Raises Terminal ECQS-6118 for a state, origin, unit or kind there is none of.
    """
    from ecqs_gateway.flows.letter_filter import checked  # noqa: PLC0415
    from ecqs_gateway.ledger.letters import Filter  # noqa: PLC0415

    spellings = () if key is None else tuple(s for s in dict.fromkeys((key, gateway.canonical_key(key))) if s)
    named = {name: tuple(values) for name, values in words.items() if values}
    day = since.date() if since else None
    return checked(gateway, Filter(ids=tuple(ids) if ids else None, keys=spellings, since=day, **named))
