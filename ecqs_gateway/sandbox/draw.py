"""Headquarters draws: from all a unit has given it, by a seed anyone can use to draw the same cases again.

The way of drawing is specified in docs/reference/audits.md. This is headquarters' own code for it, as the gateway and
the verifier each have theirs: three programs that agree prove more than one that is shared.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.package import NAMESPACE, reopen, safe_parser
from ecqs_gateway.sandbox.store import Store

__all__ = ["KINDS", "Drawn", "Population", "Row", "draw", "label", "population", "write_population"]

KINDS = ("approval", "certificate")
"""Record kinds that are inspected at random: the notice 三（一） speaks of 生产许可审批工作情况."""
_NS = f"{{{NAMESPACE}}}"


@dataclass(frozen=True, order=True)
class Row:
    """One record of a population."""

    kind: str
    product: str
    key: str
    version: str

    @property
    def line(self) -> str:
        """Write it as the one line it has in a population."""
        return f"{self.kind}\t{self.product}\t{self.key}\t{self.version}"


@dataclass(frozen=True)
class Population:
    """What a unit's records were when it was drawn from: the rows, and per kind the last batch that counts."""

    rows: tuple[Row, ...]
    cuts: Mapping[str, int]

    @property
    def text(self) -> bytes:
        """Write it: one line a row, sorted by its bytes."""
        return b"".join(sorted(f"{row.line}\n".encode() for row in self.rows))

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the text."""
        return hashlib.sha256(self.text).hexdigest()


@dataclass(frozen=True)
class Drawn:
    """A draw: strata in order, each with its size and the rows drawn from it, first drawn first."""

    strata: tuple[tuple[str, str, int, tuple[Row, ...]], ...]

    @property
    def items(self) -> list[Row]:
        """List the drawn rows in the order of the strata."""
        return [row for *_, rows in self.strata for row in rows]


def draw(rows: Iterable[Row], *, seed: str, population: str, rate: int, least: int) -> Drawn:
    """Draw ``rate`` per thousand of each stratum, rounded up, and at least ``least`` (all, where there are fewer)."""
    strata: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        strata[row.kind, row.product].append(row)

    def turn(row: Row) -> tuple[str, bytes]:
        line = row.line.encode()
        return hashlib.sha256(f"{seed}\n{population}\n".encode() + line).hexdigest(), line

    found = []
    for kind, product in sorted(strata, key=lambda name: f"{name[0]}\t{name[1]}".encode()):
        members = sorted(strata[kind, product], key=turn)
        wanted = max(least, -(-len(members) * rate // 1000))
        found.append((kind, product, len(members), tuple(members[:wanted])))
    return Drawn(tuple(found))


def label(body: etree._Element) -> str:
    """Give the product a record is drawn under: the class of its first product, else its name, else ``-``."""
    first = body.find(f"{_NS}products/{_NS}product")
    if first is None:
        return "-"
    text = first.findtext(f"{_NS}product_class") or first.findtext(f"{_NS}name") or ""
    return " ".join(text.split()) or "-"


def population(home: Home, store: Store, unit: str, kinds: Sequence[str] = KINDS) -> Population:
    """Take what is held of a unit now, with the product of each record as it stands in the package it came in."""
    cuts = {
        row["kind"]: int(row["last"])
        for row in store.rows(
            "SELECT kind, max(sequence) AS last FROM packages WHERE unit = ? AND bound"
            " AND state IN ('loaded', 'rejected') GROUP BY kind",
            unit,
        )
    }
    held: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in store.rows(
        "SELECT h.kind, h.key, h.version, p.digest FROM holdings h JOIN packages p ON p.id = h.package"
        " WHERE h.unit = ? AND h.valid",
        unit,
    ):
        if row["kind"] in kinds:
            held[row["digest"]][row["key"]] = (row["kind"], row["version"])
    rows = [row for digest, keys in held.items() for row in _rows(home.package(digest).read_bytes(), keys)]
    return Population(tuple(sorted(rows)), {kind: cuts[kind] for kind in kinds if kind in cuts})


def _rows(package: bytes, keys: Mapping[str, tuple[str, str]]) -> Iterable[Row]:
    """Walk the held records of one package."""
    _, xml = reopen(package)
    root = etree.parse(io.BytesIO(xml), safe_parser()).getroot()
    for record in root.iterfind(f"{_NS}record"):
        key = record.get("key", "")
        kind, version = keys.get(key, ("", ""))
        body = record.find(f"{_NS}{kind}") if kind else None
        if body is not None and record.get("version") == version:
            yield Row(kind, label(body), key, version)


def write_population(found: Population) -> bytes:
    """Compress a population the way it travels with the request."""
    return gzip.compress(found.text, mtime=0)
