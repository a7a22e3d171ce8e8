"""Up to where a source has been read: stored with the records it stands for, never ahead of them.

A watermark is opaque to everyone but the source that made it. Texts keep the source's own precision: microseconds
that were cut off once would make the next run read from the wrong row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Watermark"]


@dataclass(frozen=True)
class Watermark:
    """The place in a source up to which its rows have been handed over.

    A database fills ``changed_at`` and ``key``, those of the last row read in the order (changed_at, key), and
    ``children`` for child tables that carry a time of change of their own. A folder fills ``files``.
    """

    changed_at: str | None = None
    """Time of change as the source writes it: ISO 8601 for date types, digits for epochs, text as it stands."""
    key: tuple[str, ...] = ()
    """Key of the row with that time of change."""
    files: Mapping[str, str] = field(default_factory=dict)
    """File name (relative to the folder, ``/`` between folders) to the lowercase hex SHA-256 of what was read."""
    children: Mapping[str, str] = field(default_factory=dict)
    """Name of a child table to the newest time of change seen in it."""

    def to_json(self) -> str:
        """Give one line of JSON, the same for equal watermarks; empty parts are left out."""
        parts: dict[str, object] = {}
        if self.changed_at is not None:
            parts |= {"changed_at": self.changed_at, "key": list(self.key)}
        if self.files:
            parts["files"] = dict(self.files)
        if self.children:
            parts["children"] = dict(self.children)
        return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Watermark:
        """Read what ``to_json`` wrote; raises ValueError for anything else."""
        parts = json.loads(text)
        if not isinstance(parts, dict) or parts.keys() - {"changed_at", "key", "files", "children"}:
            raise ValueError("not a watermark")
        changed_at, key = parts.get("changed_at"), parts.get("key", [])
        files, children = parts.get("files", {}), parts.get("children", {})
        named = (files, children)
        if not (changed_at is None or isinstance(changed_at, str)) or not isinstance(key, list):
            raise ValueError("not a watermark")
        if any(not isinstance(part, dict) or not all(isinstance(v, str) for v in part.values()) for part in named):
            raise ValueError("not a watermark")
        return cls(changed_at, tuple(str(part) for part in key), files, children)
