"""How the fields of one record came to be: its source row followed through the mapping it was made with.

The mapping of that day is taken from the content bundle that was kept with it; where that is gone, today's is used,
and it is said.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Self

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.doors.archive import ArchiveLimits, read_zip
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.bench import open_bench
from ecqs_gateway.flows.bench_rows import cells_of
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.lineage import LaneLineage, lines_of
from ecqs_gateway.flows.previews import lane_keys
from ecqs_gateway.ledger import bundles
from ecqs_gateway.mapping.masking import Veil
from ecqs_gateway.mapping.preview import Cells, preview
from ecqs_gateway.mapping.trace import FieldTrace

__all__ = ["add_lineage"]

_LIMITS = ArchiveLimits(entries=20_000)
"""Of a content bundle: our own archive, whose digest was checked, with a file for each mapping, code file and case."""


def add_lineage(gateway: Gateway, found: dict[str, Any], *, unmasked: bool = False) -> None:
    """Add ``lineage`` to each version that ``record.describe`` found.

    A list of fields with ``columns`` (name → text), ``steps``, ``value``, ``place`` and ``code`` (the line of the code
    file), or a text that says why there is none; ``lineage_of`` says by which content. Masked unless asked otherwise.
    """
    with _Contents(gateway) as contents:
        for version in found["versions"]:
            try:
                content, told = contents.of(version["bundle"])
                version["lineage_of"] = told
                version["lineage"] = _lineage(gateway, content, version, unmasked=unmasked)
            except GatewayError as error:
                version["lineage"] = str(error)


def _lineage(gateway: Gateway, content: Content, version: dict[str, Any], *, unmasked: bool) -> list[dict[str, Any]]:
    lane = open_bench(content, version["unit"], version["kind"]).lane
    row = next((_row(cells, version) for _, cells in cells_of(gateway, lane, [version["extraction_id"]])), None)
    if row is None:
        return []
    veil = Veil.of(lane.mapping, lane_keys(lane), on=not unmasked)
    (seen,) = preview(lane.mapping, None, row, key=lane.stream.key, veil=veil)
    lines = lines_of(content, lane)
    return [_plain(lane, lines, one) for one in seen.fields if _told(one)]


def _row(cells: Cells, version: dict[str, Any]) -> Cells:
    return Cells(cells.frame.slice(version["source_row"], 1), cells.children)


def _told(one: FieldTrace) -> bool:
    return one.origin not in {"none", "absent"} and (one.value is not None or any(one.source.values()))


def _plain(lane: LanePlan, lines: LaneLineage, one: FieldTrace) -> dict[str, Any]:
    before, bracket, after = one.field.partition("[")
    path = f"{before}[]{after.partition(']')[2]}" if bracket else one.field
    line = next(each for each in lines.fields if each.field == path)
    code = next((step.place for step in one.steps if step.place), None)
    # Columns of a child table are told with its name, as everywhere; pieces of a list with the column they are cut of.
    dotted = {name: full for full in line.columns for name in one.source if full.endswith(f".{name}")}
    return {
        "field": one.field,
        "title": one.title,
        "value": one.value,
        "columns": {dotted.get(name, name): text for name, text in one.source.items()},
        "made_of": list(line.columns),
        "steps": [{"name": step.name, "text": step.text} for step in one.steps],
        "code": f"mappings/{lane.unit}/{code}" if code else None,
        "place": line.place,
        "problems": [problem.message for problem in one.problems],
    }


class _ContentPaths(Collection[str]):
    """The names the archive of a content bundle may hold: plain paths below the content folders."""

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or "\\" in name:
            return False
        parts = PurePosixPath(name).parts
        return bool(parts) and parts[0] in {"connectors", "mappings", "schemas"} and ".." not in parts

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass
class _Contents:
    """The contents records were made with, each read once."""

    gateway: Gateway
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _known: dict[str, tuple[Content, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def of(self, digest: str) -> tuple[Content, str]:
        """Give a content by its digest, and what to say of it."""
        if digest == self.gateway.content.digest:
            return self.gateway.content, "the content of today, which made it"
        if digest not in self._known:
            self._known[digest] = self._kept(digest)
        return self._known[digest]

    def _kept(self, digest: str) -> tuple[Content, str]:
        found = bundles.find(self.gateway.database, digest)
        if found is None:
            return self.gateway.content, "the content of today: the one that made it was not kept"
        try:
            data = self.gateway.stage.get(found.file.name, found.file.digest)
        except GatewayError:
            return self.gateway.content, "the content of today: the one that made it is gone"
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="ecqs-content-")
        root = Path(self._folder.name) / digest.partition(":")[2][:16]
        for name, text in read_zip(data, _ContentPaths(), limits=_LIMITS).items():
            write_atomic(root / name, text)
        return load(root), f"the content kept of {found.created_at[:10]}, which made it"
