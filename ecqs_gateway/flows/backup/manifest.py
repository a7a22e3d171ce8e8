"""What a backup folder holds: every member with its SHA-256, and where ledger and evidence chain stood.

``manifest.json`` is written last and by one rename: it names a whole backup or the one before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured

__all__ = ["FORMAT", "MANIFEST", "LanePosition", "Manifest", "Member", "sha256_of"]

MANIFEST = "manifest.json"
FORMAT = 1
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file of the backup: path below its folder, SHA-256 (hex) and size in bytes."""

    name: str
    digest: str
    size: int
    named: str = ""
    """Digest by which the ledger names it where that is another: what is inside a sealed file."""


@dataclass(frozen=True)
class LanePosition:
    """Where a lane stood."""

    unit: str
    kind: str
    next_sequence: int
    unsettled: int


@dataclass(frozen=True)
class Manifest:
    """Everything a backup says of itself."""

    made_at: str
    engine: str
    dialect: str
    """``sqlite`` or ``postgresql``."""
    revision: str
    ledger: Member
    chain_entries: int
    chain_head: str
    """Hash (hex) of the last entry of the evidence chain."""
    lanes: tuple[LanePosition, ...]
    last_run: str | None
    members: dict[str, Member] = field(default_factory=dict)
    """Files of the stage and, where wanted, keys; by path below the folder."""
    missing: tuple[str, ...] = ()
    """Files the ledger names that were not there, or were not what the ledger says, when the backup was made."""

    @property
    def with_keys(self) -> bool:
        """Say whether keys are part of it."""
        return any(name.startswith("keys/") for name in self.members)

    def write(self, folder: Path) -> None:
        """Put it in place: from now on the folder holds this backup."""
        values = {"format": FORMAT, **asdict(self)}
        text = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomic(folder / MANIFEST, f"{text}\n".encode())

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Read a folder's manifest; raises Misconfigured ECQS-6030 where there is none or it is of no use."""
        file = folder / MANIFEST
        try:
            return _parsed(json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            what = "the folder holds no complete backup: there is no manifest.json"
        except (OSError, ValueError) as error:  # pydantic's error is a ValueError
            what = f"the backup's manifest cannot be read ({type(error).__name__})"
        raise Misconfigured("ECQS-6030", what, where=str(file), hint="name the folder `ecqs backup` wrote to")


def _parsed(values: object) -> Manifest:
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError("another format")
    manifest = TypeAdapter(Manifest).validate_python(values)
    for name, member in {manifest.ledger.name: manifest.ledger, **manifest.members}.items():
        pure = PurePosixPath(name)
        if name != member.name or pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise ValueError("a member outside the folder")  # a manifest comes from outside
    return manifest


def sha256_of(path: Path) -> tuple[str, int]:
    """Give a file's SHA-256 (hex) and size without holding it in memory."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
