"""Headquarters' digest tree of what it holds, by its own code: record by record, with hashlib and nothing else.

    unit → record kind → product → month → parts (one hex digit each) → bucket → record

The format is docs/reference/digest-tree.md. A node is digested when it is first asked for, and remembered.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Leaf", "Node", "Tree", "unit_digest"]

_NAME = "ecqs-tree-1"
_MONTH_HOLDS = 64
_FAN_OUT = 16
_DEEPEST = 8


@dataclass(frozen=True)
class Leaf:
    """One record: where it stands, its business key and its version digest (hex)."""

    product: str
    month: str
    key: str
    version: str

    @property
    def digest(self) -> str:
        """Digest of key and version; the key is counted off in bytes."""
        return _sha256(f"{_NAME}:leaf:{len(self.key.encode())}:{self.key}{self.version}")


@dataclass(frozen=True)
class Node:
    """A node as it is told: last piece of its path, records below, digest."""

    name: str
    count: int
    digest: str


@dataclass
class _Month:
    """One month of one product: its leaves in the order of their keys' digests."""

    leaves: list[tuple[str, Leaf]]
    known: dict[tuple[int, str], Node] = field(default_factory=dict)

    def depth(self) -> int:
        depth, holds = 0, _MONTH_HOLDS
        while len(self.leaves) > holds and depth < _DEEPEST:
            depth, holds = depth + 1, holds * _FAN_OUT
        return depth

    def below(self, prefix: str) -> list[tuple[str, Leaf]]:
        start = bisect_left(self.leaves, prefix, key=lambda pair: pair[0])
        end = bisect_left(self.leaves, prefix + "g", key=lambda pair: pair[0])  # g comes behind every hex digit
        return self.leaves[start:end]

    def node(self, prefix: str, depth: int) -> Node | None:
        """Give the node of a part, or of the month itself for the empty prefix; None where nothing lies below."""
        if (depth, prefix) not in self.known:
            found = self._digested(prefix, depth)
            if found is None:
                return None
            self.known[depth, prefix] = found
        return self.known[depth, prefix]

    def _digested(self, prefix: str, depth: int) -> Node | None:
        if len(prefix) < depth:
            children = self.children(prefix, depth)
            return _over("month" if not prefix else "part", prefix[-1:], children) if children else None
        digests = sorted(leaf.digest for _, leaf in self.below(prefix))
        if not digests:
            return None
        return Node(prefix[-1:], len(digests), _sha256(f"{_NAME}:bucket:{len(digests)}:{''.join(digests)}"))

    def children(self, prefix: str, depth: int) -> list[Node]:
        found = (self.node(prefix + digit, depth) for digit in "0123456789abcdef")
        return [node for node in found if node is not None]


class Tree:
    """The tree of one record kind of one unit."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        """Sort the records into products and months; nothing is digested yet but their keys."""
        sorted_in: dict[str, dict[str, list[tuple[str, Leaf]]]] = {}
        for leaf in leaves:
            months = sorted_in.setdefault(leaf.product.replace("%", "%25").replace("/", "%2F"), {})
            months.setdefault(leaf.month, []).append((_sha256(f"{_NAME}:key:{leaf.key}")[:_DEEPEST], leaf))
        self._products: Mapping[str, dict[str, _Month]] = {
            product: {
                month: _Month(sorted(found, key=lambda pair: (pair[0], pair[1].key))) for month, found in months.items()
            }
            for product, months in sorted_in.items()
        }

    def root(self) -> Node:
        """Give the node of the record kind."""
        return _over("kind", "", self.children([]))

    def children(self, path: list[str], depth: int | None = None) -> list[Node]:
        """Give the nodes right below a path, in the order of their names; ``depth`` as the asker splits the month."""
        if not path:
            return [_over("product", name, self.children([name])) for name in _ordered(self._products)]
        months = self._products.get(path[0], {})
        if len(path) == 1:
            found = ((name, months[name].node("", months[name].depth())) for name in _ordered(months))
            return [Node(name, node.count, node.digest) for name, node in found if node is not None]
        month = months.get(path[1])
        if month is None:
            return []
        return month.children("".join(path[2:]), month.depth() if depth is None else depth)

    def leaves(self, path: list[str]) -> list[Leaf]:
        """Give the records below a month or one of its parts."""
        month = self._products.get(path[0], {}).get(path[1])
        return [leaf for _, leaf in month.below("".join(path[2:]))] if month is not None else []


def unit_digest(kinds: Mapping[str, Node]) -> str:
    """Give the digest of a unit over its record kinds."""
    named = [Node(name, kinds[name].count, kinds[name].digest) for name in _ordered(kinds)]
    return _over("unit", "", named).digest


def _ordered(names: Iterable[str]) -> list[str]:
    return sorted(names, key=str.encode)


def _over(sort: str, name: str, children: list[Node]) -> Node:
    text = "".join(f"{len(c.name.encode())}:{c.name}{c.count}:{c.digest}" for c in children)
    return Node(name, sum(c.count for c in children), _sha256(f"{_NAME}:{sort}:{len(children)}:{text}"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
