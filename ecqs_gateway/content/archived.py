"""A content bundle that was kept as an archive, opened again: the folders as they were, while they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ecqs_gateway.content.files import FOLDERS
from ecqs_gateway.content.load import Content, load
from ecqs_gateway.doors.archive import ArchiveLimits, read_zip
from ecqs_gateway.errors import Conflict

__all__ = ["opened"]

_LIMITS = ArchiveLimits(archive=256_000_000, entries=20_000, inflated=256_000_000)


class _Inside:
    """The paths a bundle may have: below its three folders, and nowhere else."""

    def __contains__(self, name: object) -> bool:
        path = PurePosixPath(str(name))
        plain = not path.is_absolute() and ".." not in path.parts and "\\" not in str(name) and "\0" not in str(name)
        return plain and len(path.parts) > 1 and path.parts[0] in FOLDERS

    def __iter__(self) -> Iterator[str]:
        return iter(FOLDERS)

    def __len__(self) -> int:
        return len(FOLDERS)


@contextmanager
def opened(data: bytes, digest: str) -> Iterator[Content]:
    """Load the bundle of an archive; raises Conflict ECQS-1410 when it is not the one of that digest.

    Raises Terminal ECQS-4011 to 4013 for an archive that is none. What is wrong with its files stands in ``problems``.
    """
    with TemporaryDirectory(prefix="ecqs-bundle-") as folder:
        for name, text in read_zip(data, _Inside(), limits=_LIMITS).items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        content = load(Path(folder))
        if content.digest != digest:
            raise Conflict(
                "ECQS-1410",
                "a kept content bundle is not what its digest says",
                where=digest,
                hint="restore the stage folder from the backup that belongs to this ledger",
            )
        yield content
