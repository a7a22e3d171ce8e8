"""What headquarters holds as of a receipt number, as a digest tree; and single records with their bodies.

As of: what batches changed whose receipt ``loaded`` has a higher number does not count yet. Of the few records they
touched the version before is looked up; everything else is what is held now.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import OrderedDict

from lxml import etree

from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.judge import place_of
from ecqs_gateway.sandbox.package import NAMESPACE, reopen, safe_parser
from ecqs_gateway.sandbox.store import Store
from ecqs_gateway.sandbox.tree import Leaf, Tree

__all__ = ["Holdings"]

_KEPT = 4
"""Trees in memory: of the units and kinds that were asked about last."""

_HELD = "SELECT key, version, valid, product, month, package FROM holdings WHERE unit = ? AND kind = ?"
_DOUBLES = "SELECT key, version, product, month FROM doubles WHERE unit = ? AND kind = ?"
_LATER = "SELECT package FROM receipts r JOIN packages p ON p.id = r.package WHERE r.level = 'loaded'"
_LATER += " AND p.unit = ? AND p.kind = ? AND r.number > ?"
_BEFORE = """
SELECT v.version, v.action = 'upsert' AS valid, v.product, v.month, v.package FROM versions v
JOIN receipts r ON r.package = v.package AND r.level = 'loaded'
WHERE v.kind = ? AND v.key = ? AND v.unit = ? AND v.outcome = 'loaded' AND r.number <= ? ORDER BY v.id DESC LIMIT 1
"""
_STATE = "SELECT (SELECT coalesce(max(number), 0) FROM receipts) AS receipt,"
_STATE += " (SELECT coalesce(max(id), 0) FROM acts) AS act, (SELECT count(*) FROM holdings) AS held"


class Holdings:
    """Asks the ledger of one headquarters; used by one thread."""

    def __init__(self, home: Home, store: Store) -> None:
        self._home, self._store = home, store
        self._trees: OrderedDict[tuple[object, ...], Tree] = OrderedDict()

    def tree(self, unit: str, kind: str, cutoff: int) -> Tree:
        """Give the tree of what was held when that receipt had been issued."""
        # Who tampers with the ledger notes it as an act, in the same transaction: the tree is made anew then.
        state = tuple(self._store.rows(_STATE)[0])
        key = (unit, kind, cutoff, *state)
        if key not in self._trees:
            self._trees[key] = Tree(self._leaves(unit, kind, cutoff))
            while len(self._trees) > _KEPT:
                self._trees.popitem(last=False)
        self._trees.move_to_end(key)
        return self._trees[key]

    def _leaves(self, unit: str, kind: str, cutoff: int) -> list[Leaf]:
        later = {row["package"] for row in self._store.rows(_LATER, unit, kind, cutoff)}
        found = []
        for row in self._store.rows(_HELD, unit, kind):
            if row["package"] in later:
                before = self._store.rows(_BEFORE, kind, row["key"], unit, cutoff)
                if before and before[0]["valid"]:
                    found.append(self._leaf(row["key"], before[0]))
            elif row["valid"]:
                found.append(self._leaf(row["key"], row))
        doubles = self._store.rows(_DOUBLES, unit, kind)
        return found + [Leaf(row["product"], row["month"], row["key"], row["version"]) for row in doubles]

    def _leaf(self, key: str, row: sqlite3.Row) -> Leaf:
        if row["month"] is not None:
            return Leaf(row["product"], row["month"], key, row["version"])
        # Loaded before headquarters kept products and months: read off the body once more.
        body = self._body(row["package"], key)
        return Leaf(*(place_of(body) if body is not None else ("-", "-")), key, row["version"])

    def record(self, unit: str, kind: str, key: str) -> list[tuple[str, str | None]]:
        """Give version and canonical body of what is held under a key, doubles included."""
        held = "SELECT version, package FROM holdings WHERE unit = ? AND kind = ? AND key = ? AND valid"
        found = [(row["version"], row["package"]) for row in self._store.rows(held, unit, kind, key)]
        doubles = "SELECT version FROM doubles WHERE unit = ? AND kind = ? AND key = ?"
        found += [(row["version"], None) for row in self._store.rows(doubles, unit, kind, key)]
        return [(version, self._text(kind, key, version, package)) for version, package in found]

    def _text(self, kind: str, key: str, version: str, package: int | None) -> str | None:
        altered = self._store.rows("SELECT body FROM altered WHERE version = ?", version)
        if altered:
            return str(altered[0]["body"])
        if package is None:
            return None
        bodies = "SELECT package FROM versions WHERE kind = ? AND key = ? AND version = ? AND outcome = 'loaded'"
        for row in self._store.rows(bodies, kind, key, version):
            body = self._body(row["package"], key)
            if body is not None:
                return etree.tostring(body, method="c14n", with_tail=False).decode()
        return None

    def _body(self, package: int, key: str) -> etree._Element | None:
        digest = self._store.rows("SELECT digest FROM packages WHERE id = ?", package)[0]["digest"]
        _, xml = reopen(self._home.package(digest).read_bytes())
        root = etree.fromstring(xml, safe_parser())
        for record in root.iter(f"{{{NAMESPACE}}}record"):
            if record.get("key") == key and len(record) and not str(record[0].tag).endswith("}finding"):
                # As a document of its own: C14N of an element inside another writes wrong namespaces.
                return etree.fromstring(etree.tostring(record[0], with_tail=False), safe_parser())
        return None


def digest_of(body: str) -> str:
    """Give the version digest of a canonical body."""
    return hashlib.sha256(body.encode()).hexdigest()
