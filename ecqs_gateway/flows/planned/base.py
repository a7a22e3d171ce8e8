"""What a change is compared with: the content a lane's rows were last mapped by, a kept bundle, or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ecqs_gateway.content.archived import opened
from ecqs_gateway.content.fingerprint import fingerprint, lane_parts
from ecqs_gateway.content.load import Content, load
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.ledger import bundles, plans

__all__ = ["Base", "Bases", "fingerprint_in_use", "lane_fingerprint"]


@dataclass(frozen=True)
class Base:
    """The other side of a comparison, and how it is called."""

    content: Content
    name: str


@dataclass
class Bases:
    """The bases of several lanes; each bundle is opened once and stays open until the end."""

    gateway: Gateway
    digest: str | None = None
    """A kept bundle by its digest or the beginning of it; None for what each lane used last."""
    folder: Path | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _open: dict[str, Content] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, gateway: Gateway, *, digest: str | None = None, folder: Path | None = None) -> Iterator[Bases]:
        """Open them for the time of a command; raises Misconfigured ECQS-1401 for two bases at once."""
        if digest is not None and folder is not None:
            raise Misconfigured("ECQS-1401", "--base and --base-path exclude each other", hint="give one of them")
        found = cls(gateway, digest, folder)
        with found._stack:
            yield found

    def base(self, unit: str, kind: str) -> Base | None:
        """Give what the lane is compared with; None where its rows were never mapped by anything.

        Raises Misconfigured ECQS-1403 for a bundle that was never kept, 1404 for a folder without content.
        """
        if self.folder is not None:
            return Base(self._folder(self.folder), str(self.folder))
        if self.digest is not None:
            found = bundles.find_named(self.gateway.database, self.digest)
            return Base(self._bundle(found.digest), f"bundle {found.digest[:19]}")
        known = plans.in_use(self.gateway.database, unit, kind)
        last = known.bundle if known is not None else plans.last_bundle(self.gateway.database, unit, kind)
        if last is None:
            return None
        since = f", in use since {known.since[:10]}" if known is not None else ""
        return Base(self._bundle(last), f"bundle {last[:19]}{since}")

    def _folder(self, folder: Path) -> Content:
        if str(folder) not in self._open:
            content = load(folder)
            if not content.onboarded:
                hint = "name the folder that holds connectors, mappings and schemas"
                raise Misconfigured("ECQS-1404", "there is no content below this folder", where=str(folder), hint=hint)
            self._open[str(folder)] = content
        return self._open[str(folder)]

    def _bundle(self, digest: str) -> Content:
        if digest == self.gateway.content.digest:
            return self.gateway.content
        if digest not in self._open:
            kept = bundles.find(self.gateway.database, digest)
            if kept is None:
                raise Misconfigured(
                    "ECQS-1403",
                    "this content bundle was not kept",
                    where=digest[:19],
                    hint="compare with a folder that holds it, such as an older checkout: --base-path FOLDER",
                )
            data = self.gateway.stage.get(kept.file.name, kept.file.digest)
            self._open[digest] = self._stack.enter_context(opened(data, digest))
        return self._open[digest]


def fingerprint_in_use(gateway: Gateway, unit: str, kind: str) -> str | None:
    """Give the fingerprint of what a lane's rows were last mapped by; None before the first rows.

    Where the ledger does not note it (rows of before 0004), it is worked out from the bundle of the last run that read
    rows; None, too, where that run's bundle was not kept: then there is nothing to compare with either.
    """
    known = plans.in_use(gateway.database, unit, kind)
    if known is not None:
        return known.fingerprint
    try:
        with Bases.of(gateway) as bases:
            base = bases.base(unit, kind)
            return lane_fingerprint(base.content, unit, kind) if base is not None else None
    except Misconfigured as error:
        if error.code != "ECQS-1403":
            raise
        return None


def lane_fingerprint(content: Content, unit: str, kind: str) -> str | None:
    """Give the lane's fingerprint; None where the content has no readable mapping and stream for it."""
    connector = content.connectors.get(unit)
    if (unit, kind) not in content.mappings or connector is None or kind not in connector.streams:
        return None
    return fingerprint(lane_parts(content, unit, kind))
