"""The parts of an evidence bundle: members with their digests, source rows in canonical JSON, keys by their id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.errors import Misconfigured

__all__ = ["Members", "canonical", "public_keys", "row_json"]

_ALGORITHMS = ("ed25519", "sm2-sm3")


def canonical(value: object) -> bytes:
    """Write JSON the one way it is digested: keys in order, no blanks, Chinese as it is, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


@dataclass
class Members:
    """The members of a bundle while it is made, and what had to be left out."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, data: bytes) -> dict[str, str]:
        """Put a member in, once however often it is added, and give how the bundle refers to it."""
        self.files[name] = data
        return {"member": name, "sha256": hashlib.sha256(data).hexdigest()}

    def lacks(self, why: str) -> None:
        """Say that something is not there."""
        if why not in self.missing:
            self.missing.append(why)

    def listed(self) -> list[dict[str, object]]:
        """List the members by name, each with digest and size."""
        return [
            {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in sorted(self.files.items())
        ]


_KINDS: tuple[tuple[type[pl.DataType], str], ...] = (
    (pl.String, "text"),
    (pl.Boolean, "boolean"),
    (pl.Date, "date"),
    (pl.Datetime, "datetime"),
    (pl.Time, "time"),
    (pl.Decimal, "decimal"),
    (pl.Binary, "bytes"),
)


def row_json(frame: pl.DataFrame, number: int) -> bytes:
    """Write one row as it was extracted: canonical JSON of column → null or [kind, value as text].

    Kinds: text, integer, number, decimal, boolean, date, datetime, time, bytes (hex), other. Times are ISO 8601.
    """
    row = frame.row(number, named=True)
    return canonical({name: _cell(frame.schema[name], value) for name, value in row.items()})


def _cell(dtype: pl.DataType, value: Any) -> list[str] | None:
    if value is None:
        return None
    kind = next((name for known, name in _KINDS if isinstance(dtype, known)), None)
    if kind is None:
        kind = "integer" if dtype.is_integer() else "number" if dtype.is_float() else "other"
    if kind in ("date", "datetime", "time"):
        return [kind, value.isoformat()]
    if kind == "boolean":
        return [kind, "true" if value else "false"]
    if kind == "bytes":
        return [kind, bytes(value).hex()]
    return [kind, repr(value) if kind == "number" else str(value)]


def public_keys(files: Iterable[Path], members: Members, owner: str) -> list[dict[str, str]]:
    """Put the public keys among these files in, each named by its key id."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted(files):
        data = file.read_bytes()
        if b"-----BEGIN PUBLIC KEY-----" not in data:
            continue
        for name in _ALGORITHMS:
            try:
                key_id = algorithm(name).verifier(data).key_id
            except Misconfigured:
                continue
            found[key_id] = {"id": key_id, "algorithm": name, **members.add(f"keys/{owner}-{key_id}.pem", data)}
            break
    return [found[key_id] for key_id in sorted(found)]
