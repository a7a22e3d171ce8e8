"""The salt of each unit: the secret without which nobody can tell which id number a digest stands for.

A number has about 40 bits of chance in it, so a plain digest is undone in minutes; with a secret key of 256 bits
(HMAC-SHA-256, RFC 2104) only the unit can. A salt lies in the keys folder as ``salt-<unit>.key`` and is never changed:
another salt would give every person of the unit another digest.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured

__all__ = ["SAMPLE", "Salt", "load_salt", "make_salt", "salt_file"]

_TEXT = re.compile(r"hmac-sha-256 (?P<secret>[0-9a-f]{64})\n?", re.ASCII)
_PURPOSE = b"ecqs person digest 1\0"


@dataclass(frozen=True)
class Salt:
    """A unit's salt; its secret is in no repr."""

    secret: bytes = field(repr=False)

    def digest(self, number: str) -> str:
        """Give the digest of a canonical id number, as 64 hexadecimal digits."""
        return hmac.new(self.secret, _PURPOSE + number.encode(), hashlib.sha256).hexdigest()

    @property
    def id(self) -> str:
        """Name the salt without telling anything of its secret."""
        return hashlib.sha256(b"ecqs salt" + self.secret).hexdigest()[:16]


SAMPLE = Salt(hashlib.sha256(b"ecqs sample salt").digest())
"""What sample rows are digested with: public, so that the cases of a mapping say the same everywhere."""


def salt_file(folder: Path, unit: str) -> Path:
    """Give the place of a unit's salt."""
    return folder / f"salt-{unit}.key"


def make_salt(folder: Path, unit: str) -> bool:
    """Make a unit's salt unless there is one; say whether it was made. Raises Terminal ECQS-3001."""
    file = salt_file(folder, unit)
    if file.exists():
        return False
    write_atomic(file, f"hmac-sha-256 {secrets.token_hex(32)}\n".encode())
    return True


def load_salt(folder: Path, unit: str) -> Salt:
    """Read a unit's salt; raises Misconfigured ECQS-7100 where there is none, ECQS-7101 where the file is none."""
    file = salt_file(folder, unit)
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        hint = f"make it once with `ecqs keys salt {unit}`, or restore it from the backup of the keys"
        raise Misconfigured("ECQS-7100", f"{unit} has no salt for id numbers", where=str(file), hint=hint) from None
    except OSError as error:
        hint = "let this account read it; it is the only one that may"
        raise Misconfigured("ECQS-7101", f"cannot be read ({error.strerror})", where=str(file), hint=hint) from None
    found = _TEXT.fullmatch(text)
    if found is None:
        hint = "restore it from the backup of the keys; a new one would give everybody another digest"
        raise Misconfigured("ECQS-7101", "this is not a salt", where=str(file), hint=hint)
    return Salt(bytes.fromhex(found["secret"]))
