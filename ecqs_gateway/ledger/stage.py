"""The stage: where bytes too large for the database lie, named by what they are, with digests kept in the ledger.

A file is written whole before the ledger row that names it is committed; a file no row names is left-over from a
crash and harmless. Nothing read from the stage is trusted before its digest was compared.

Frames hold source rows, which may be personal data, and receipts reasons in which headquarters may quote a value: they
are sealed where there is a payload key, each for its name. Packages stay as they are: they are public licence data,
signed, and have to be the same bytes for ever.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import polars as pl

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import Conflict, Terminal

__all__ = ["Removed", "Stage", "StagedFile", "Stored"]

Removed = Callable[[str], str | None]
"""Gives when the retention removed the file of that name; None where it did not."""


@dataclass(frozen=True)
class Stored:
    """A file as the folder has it: name, size in bytes, and time of its last change (seconds since 1970)."""

    name: str
    size: int
    changed: float


@dataclass(frozen=True)
class StagedFile:
    """One file of the stage: name relative to its root, SHA-256 (hex) and size in bytes."""

    name: str
    digest: str
    size: int
    content: str = ""
    """SHA-256 (hex) of the plain bytes, which is what evidence names; the same as ``digest`` when not sealed."""

    def __post_init__(self) -> None:
        """Take the digest for the content's where nothing was sealed."""
        if not self.content:
            object.__setattr__(self, "content", self.digest)

    @property
    def sealed(self) -> bool:
        """Say whether the bytes on disk are not the plain ones."""
        return self.content != self.digest

    @staticmethod
    def many_to_json(files: Mapping[str, StagedFile]) -> str:
        """Write several, each under the role it plays, as JSON."""
        return json.dumps({role: f.parts() for role, f in files.items()}, ensure_ascii=False)

    @staticmethod
    def many_from_json(text: str) -> dict[str, StagedFile]:
        """Read what ``many_to_json`` wrote."""
        return {role: StagedFile(*parts) for role, parts in json.loads(text).items()}

    def parts(self) -> list[str | int]:
        """Give what JSON keeps of it: three parts, and the content's digest where it is sealed."""
        return [self.name, self.digest, self.size, *([self.content] if self.sealed else [])]


class Stage:
    """A folder of staged files."""

    def __init__(self, root: Path, vault: Vault | None = None, removed: Removed | None = None) -> None:
        """Name the folder, made when the first file is written, the vault that seals frames, and who knows removals."""
        self.root = root
        self._vault = vault or Vault()
        self._removed = removed

    def put(self, name: str, data: bytes) -> StagedFile:
        """Write a file whole and flushed; raises Terminal ECQS-3001 on a full disk."""
        write_atomic(self._path(name), data)
        return StagedFile(name, hashlib.sha256(data).hexdigest(), len(data))

    def put_sealed(self, name: str, data: bytes) -> StagedFile:
        """Write a file sealed for its name; digest and size are those of the plain bytes, which ``get`` gives back."""
        self.put(name, self._vault.seal(data, name))
        return StagedFile(name, hashlib.sha256(data).hexdigest(), len(data))

    def get(self, name: str, digest: str) -> bytes:
        """Read a file back; raises Conflict ECQS-3011 when its bytes are not the ones that were stored.

        Raises Terminal ECQS-3017 for a file the retention removed, ECQS-3012 for one that is missing. A sealed file is
        opened where the digest is not that of the bytes on disk; then it must be its content's.
        """
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            if self._removed is not None and (moment := self._removed(name)) is not None:
                raise Terminal(
                    "ECQS-3017",
                    f"removed under the retention on {moment[:10]}",
                    where=name,
                    hint="its digest stays in the ledger; the retention stands in connectors/national.yaml",
                ) from None
            raise Terminal(
                "ECQS-3012",
                "a staged file is missing",
                where=str(path),
                hint="restore the stage folder from the backup that belongs to this ledger",
            ) from error
        if hashlib.sha256(data).hexdigest() == digest:
            return data
        plain = self._opened(name, data)
        if plain is not None and hashlib.sha256(plain).hexdigest() == digest:
            return plain
        raise _other(path)

    def _opened(self, name: str, data: bytes) -> bytes | None:
        """Open a sealed file; None for one that is not sealed, or was changed. Raises Terminal ECQS-3042."""
        if self._vault.key_of(data) is None:
            return None
        try:
            return self._vault.open(data, name)
        except Terminal as error:
            if error.code == "ECQS-3042":
                raise
            return None

    def put_frame(self, name: str, frame: pl.DataFrame) -> StagedFile:
        """Write a frame as an Arrow file, sealed for this name where there is a payload key."""
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="lz4")
        plain = buffer.getvalue()
        if not self._vault.sealing:
            return self.put(name, plain)
        content = hashlib.sha256(plain).hexdigest()
        return replace(self.put(name, self._vault.seal(plain, name)), content=content)

    def get_frame(self, file: StagedFile) -> pl.DataFrame:
        """Read back a frame that ``put_frame`` wrote; raises like ``get`` and ``Vault.open``.

        Its plain bytes are compared too: a plain file in the place of a sealed one is found out.
        """
        stored = self.get(file.name, file.digest)
        plain = self._vault.open(stored, file.name)
        if file.sealed and hashlib.sha256(plain).hexdigest() != file.content:
            raise _other(self._path(file.name))
        return pl.read_ipc(io.BytesIO(plain))

    def files(self) -> Iterator[Stored]:
        """Walk through everything that lies there, half-written files too."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                with suppress(FileNotFoundError):  # a half-written file became a whole one
                    entry = path.lstat()
                    yield Stored(path.relative_to(self.root).as_posix(), entry.st_size, entry.st_mtime)

    def remove(self, name: str) -> int:
        """Remove a file and give its size; 0 where it is gone already. Raises Terminal ECQS-3018 where that fails."""
        path = self._path(name)
        try:
            size = path.lstat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            hint = "mend the folder's permissions, then run `ecqs prune` again: it goes on where it stopped"
            why = f"a file cannot be removed ({error.strerror})"
            raise Terminal("ECQS-3018", why, where=str(path), hint=hint) from error
        return size

    def _path(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise Terminal("ECQS-3013", "a stage name must stay inside the stage", where=name)
        return self.root.joinpath(*pure.parts)


def _other(path: Path) -> Conflict:
    return Conflict(
        "ECQS-3011",
        "a staged file is not the one that was stored: its digest differs",
        where=str(path),
        hint="restore this file from a backup; it is never sent as it is",
    )
