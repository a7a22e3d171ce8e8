"""Everything known of one record: source rows, versions with their bodies, batches and receipts, dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecqs_gateway.deliver.package import read_batch_xml
from ecqs_gateway.doors import xml
from ecqs_gateway.doors.personal import mask_numbers, mask_row
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import evidence, query
from ecqs_gateway.ledger.dead_letters import unseal
from ecqs_gateway.ledger.stage import StagedFile

__all__ = ["describe", "masked", "shown"]


def describe(gateway: Gateway, key: str, *, unit: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Give all the ledger and the stage hold of a business key or source key.

    A certificate number may be given in any spelling. ``versions`` hold ``source`` (the row as it was extracted) and
    ``body`` (the national record as XML) where the stage still has them, and say so where it does not.
    """
    found = query.find_record(gateway.database, key, unit=unit, kind=kind)
    if not any(found.values()):
        other = gateway.canonical_key(key)
        if other is not None and other != key:
            found = query.find_record(gateway.database, other, unit=unit, kind=kind)
    for version in found["versions"]:
        version["source"] = _source_row(gateway, version)
        version["body"] = _body(gateway, version)
    for letter in found["dead_letters"]:
        letter["reasons"] = json.loads(letter["reasons"])
        for name in ("source", "mapped"):
            letter[name] = unseal(gateway.vault, letter["lane_id"], letter["identity"], name, letter[name])
        letter["source"] = json.loads(letter["source"]) if letter["source"] else _source_row(gateway, letter)
        mapped = letter["mapped"]  # what the schema refused was kept as XML
        letter["mapped"] = json.loads(mapped) if mapped and mapped.startswith("{") else mapped
    return found


def _source_row(gateway: Gateway, found: dict[str, Any]) -> dict[str, Any] | str | None:
    if not found.get("files") or found.get("source_row") is None:
        return None
    files = StagedFile.many_from_json(found["files"])
    try:
        rows = gateway.stage.get_frame(files["rows"])
    except GatewayError as error:
        return str(error)
    row = rows.row(found["source_row"], named=True)
    return {name: value if value is None else str(value) for name, value in row.items()}


def _body(gateway: Gateway, version: dict[str, Any]) -> str:
    try:
        package = gateway.stage.get(version["package"], version["package_digest"])
        return xml.record_body(read_batch_xml(package), version["key"])
    except GatewayError as error:
        return str(error)


def masked(found: dict[str, Any]) -> dict[str, Any]:
    """Give what ``describe`` found with id numbers and mobile numbers masked, for the screen."""
    return {what: [_masked(item) for item in items] for what, items in found.items()}


def _masked(item: dict[str, Any]) -> dict[str, Any]:
    hidden = {name: mask_row(item[name]) for name in ("source", "mapped") if isinstance(item.get(name), dict)}
    return item | hidden | {name: mask_numbers(item[name]) for name in ("body",) if name in item}


def shown(gateway: Gateway, key: str, counts: Mapping[str, int]) -> None:
    """Keep as evidence that somebody saw so many things of a record, or dead letter, with their numbers unmasked.

    Who it was the gateway cannot know: whoever may run it here.
    """
    with gateway.database.write() as connection:
        evidence.append(connection, "shown unmasked", mask_numbers(key), dict(counts), clock=gateway.clock)
