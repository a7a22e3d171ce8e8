"""What an evidence bundle says of itself in plain words: what it proves, what it does not, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["DOES_NOT_PROVE", "PROVES", "readme"]

PROVES = (
    "The gateway sealed exactly this record version in this batch and signed the batch: package, manifest, signature.",
    (
        "Headquarters signed, on each level there is a receipt of, that it had exactly these bytes; a receipt of level "
        "loaded covers the digest of every record version it loaded, this one among them unless it is refused by name."
    ),
    "The files of mapping, code tables and rules are those whose digest stands in the signed manifest.",
    (
        "The log of the gateway's steps is unbroken from its first entry to its last, and the steps of this record "
        "stand in it. Held against the anchors headquarters keeps, nothing before the last anchored batch was cut "
        "or rewritten."
    ),
)
DOES_NOT_PROVE = (
    (
        "That the source row was true, or that the source held it: its digest is the gateway's own statement, and so "
        "is which row became which record. With the row (--with-rows), the content files and the engine version "
        "anyone can map it again and compare."
    ),
    (
        "That a key belongs to whom it is said to belong: get the public keys of gateway and headquarters from their "
        "owners, not from this file."
    ),
    "That the clocks were right: times are those of the gateway and of headquarters.",
    "What happened after the last entry of the log, or after the last anchor headquarters gave you.",
    "Anything about other records, though the package holds the whole batch: treat this file as the batch itself.",
)


def readme(document: Mapping[str, Any], missing: Sequence[str]) -> str:
    """Write README.txt of a bundle."""
    lines = [
        f"Evidence bundle for {document['asked']['key']}",
        "",
        "Check it with the program verifier/ecqs_verify.py of ecqs-gateway, which needs nothing but Python and the",
        "package cryptography:  python ecqs_verify.py BUNDLE.zip --anchors anchors.json",
        "--headquarters-key PEM --gateway-key PEM. Anchors and keys come from headquarters, not from this file.",
        "",
        *(line for record in document["records"] for line in _record(record, document["batches"])),
        "What it proves, where the verifier agrees:",
        *(f"- {text}" for text in PROVES),
        "",
        "What it does not prove:",
        *(f"- {text}" for text in DOES_NOT_PROVE),
        "",
        "What is missing in it:" if missing else "Nothing is missing in it.",
        *(f"- {text}" for text in missing),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _record(record: Mapping[str, Any], batches: Mapping[str, Any]) -> list[str]:
    lines = [f"{record['unit']} {record['kind']} {record['key'] or '(no business key could be read)'}"]
    for version in record["versions"]:
        batch = batches[version["batch"]]
        levels = ", ".join(receipt["level"] for receipt in batch["receipts"]) or "none"
        lines.append(f"- version {version['digest']}")
        lines.append(f"  record {version['position'] + 1} of batch {version['batch']}; receipts: {levels}")
    if not record["versions"]:
        lines.append("- never went out: no version of it was ever put into a batch by this gateway")
    if record["others"]:
        lines.append(f"- {len(record['others'])} earlier versions are named only; --all-versions puts them in")
    for letter in record["dead_letters"]:
        rules = ", ".join(dict.fromkeys(str(reason["rule"]) for reason in letter["reasons"]))
        lines.append(f"- dead letter {letter['id']} ({letter['state']}), refused by {letter['origin']}: {rules}")
    return [*lines, ""]
