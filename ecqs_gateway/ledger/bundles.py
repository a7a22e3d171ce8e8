"""Content bundles kept: the files by which a run mapped and checked, once per bundle, as one archive in the stage.

Batches and dead letters name the bundle they were made with by its digest. The archive is what that digest stands for,
so that mapping and rule versions of any record that was ever sent can be shown later, whatever has become of the
folders since. Line ends are LF in it, as in the digest: one digest, one archive, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import Stage, StagedFile
from ecqs_gateway.ledger.tables import content_bundle

__all__ = ["KeptBundle", "archive", "find", "find_named", "keep"]


@dataclass(frozen=True)
class KeptBundle:
    """A content bundle that is kept: its digest as runs and batches name it, its archive, when it was first used."""

    digest: str
    file: StagedFile
    engine: str
    created_at: str


def archive(files: Mapping[str, bytes]) -> bytes:
    """Pack the files of a bundle, in the order of their paths: the same bytes wherever and whenever it is done."""
    ordered = sorted(files.items(), key=lambda item: item[0].encode())
    return build_zip((path, data.replace(b"\r\n", b"\n")) for path, data in ordered)


def find(database: Database, digest: str) -> KeptBundle | None:
    """Give the archive of a bundle; None where it was never kept."""
    wanted = sa.select(content_bundle).where(content_bundle.c.digest == digest)
    with database.read() as connection:
        found = connection.execute(wanted).first()
    if found is None:
        return None
    file = StagedFile(found.file, bytes(found.file_digest).hex(), found.size)
    return KeptBundle(found.digest, file, found.engine, found.created_at)


def find_named(database: Database, name: str) -> KeptBundle:
    """Give a kept bundle by its digest or the beginning of it, with or without ``sha256:``.

    Raises Misconfigured ECQS-1402 where none or several begin so, with the newest ones to choose from.
    """
    begin = name if name.startswith("sha256:") else f"sha256:{name}"
    columns = (content_bundle.c.digest, content_bundle.c.created_at)
    with database.read() as connection:
        known = connection.execute(sa.select(*columns).order_by(content_bundle.c.created_at.desc())).all()
    hits = [one.digest for one in known if one.digest.startswith(begin)]
    found = find(database, hits[0]) if len(hits) == 1 and len(begin) > len("sha256:") else None
    if found is None:
        what = "several content bundles begin" if len(hits) > 1 else "no content bundle that was kept begins"
        newest = ", ".join(f"{one.digest[:19]} of {one.created_at[:10]}" for one in known[:5])
        hint = f"the newest: {newest}" if newest else "none was kept yet: the first `ecqs sync` keeps one"
        raise Misconfigured("ECQS-1402", f"{what} so", where="--base", hint=hint)
    return found


def keep(database: Database, stage: Stage, digest: str, files: Mapping[str, bytes], *, clock: Clock = now) -> None:
    """Keep a bundle unless it is kept already, which costs one indexed read.

    Raises Terminal ECQS-3001 where the stage cannot be written: then nothing is mapped with a bundle nobody could show.
    """
    if find(database, digest) is not None:
        return
    file = stage.put(f"content/{digest.partition(':')[2]}.zip", archive(files))
    values = {"digest": digest, "file": file.name, "file_digest": bytes.fromhex(file.digest), "size": file.size}
    with database.write() as connection:
        evidence.lock(connection)  # of two workers with the same new bundle one books it, the other finds it booked
        known = sa.select(content_bundle.c.digest).where(content_bundle.c.digest == digest)
        if connection.execute(known).first() is not None:
            return
        moment = clock().isoformat()
        connection.execute(content_bundle.insert(), {**values, "engine": __version__, "created_at": moment})
        facts = {"archive": file.digest, "files": len(files), "size": file.size}
        evidence.append(connection, "content kept", digest, facts, clock=clock)
