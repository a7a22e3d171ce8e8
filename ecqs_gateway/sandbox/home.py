"""Where headquarters keeps its things: one folder, usable by one process at a time.

endpoint.json        host, port, host key and public key, for whoever wants to deliver here
misbehave.json       what headquarters has been told to do wrong (see ``misbehave``)
headquarters.db      the ledger (see ``store``)
keys/                headquarters' own keys
gateways/*.pem       keys of the gateways: ``<unit>.pem``, ``<unit>-<anything>.pem`` or ``all.pem``
accounts/<name>/     ``authorized_keys`` and, if wanted, ``password`` of an SFTP account
files/<name>/        what that account sees: inbox/<unit>, receipts/<unit>, enquiries/<unit>, answers/<unit>
spool/               packages taken out of an inbox and not yet entered in the ledger
packages/            every package ever received, named by its SHA-256
strange/             files found in an inbox that are no package, named by their SHA-256
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ecqs_gateway.errors import Misconfigured

__all__ = ["Home", "HomeLock", "replace_file"]


@dataclass(frozen=True)
class Home:
    """The paths inside one home folder of headquarters."""

    path: Path

    def create(self) -> None:
        """Make the folders that must exist; those holding keys are for the owner only."""
        for folder in (self.gateways, self.files, self.spool, self.packages, self.strange):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.keys, self.accounts):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    @property
    def endpoint(self) -> Path:
        """File that tells a client where and who headquarters is."""
        return self.path / "endpoint.json"

    @property
    def control(self) -> Path:
        """File that tells headquarters how to misbehave."""
        return self.path / "misbehave.json"

    @property
    def database(self) -> Path:
        """The ledger."""
        return self.path / "headquarters.db"

    @property
    def keys(self) -> Path:
        """Headquarters' own keys."""
        return self.path / "keys"

    @property
    def gateways(self) -> Path:
        """Public keys of the gateways."""
        return self.path / "gateways"

    @property
    def accounts(self) -> Path:
        """SFTP accounts."""
        return self.path / "accounts"

    @property
    def files(self) -> Path:
        """Roots of the SFTP accounts."""
        return self.path / "files"

    @property
    def spool(self) -> Path:
        """Packages claimed from an inbox."""
        return self.path / "spool"

    @property
    def packages(self) -> Path:
        """Packages received, by SHA-256."""
        return self.path / "packages"

    @property
    def strange(self) -> Path:
        """Files that are no package, by SHA-256."""
        return self.path / "strange"

    def package(self, digest: str) -> Path:
        """Give the place of the package with that SHA-256."""
        return self.packages / f"{digest}.zip"

    def root(self, account: str) -> Path:
        """Give the folder an SFTP account sees as ``/``."""
        return self.files / account


class HomeLock:
    """Holds a home for one process; raises Misconfigured ECQS-6051 when another process holds it."""

    def __init__(self, home: Home) -> None:
        self._file: IO[str] = (home.path / "lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise Misconfigured(
                "ECQS-6051",
                "another headquarters already runs in this folder",
                where=str(home.path),
                hint="stop the other process or choose another --home",
            ) from error

    def release(self) -> None:
        """Let another process have the home."""
        self._file.close()


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that readers see the old one or the whole new one; the name in between ends in ``.part``.

    Nothing is flushed to the disk: what is written survives the death of the process, which is what this headquarters
    is for, but not of the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.name}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    part.replace(path)
