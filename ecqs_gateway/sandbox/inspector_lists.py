"""The national list of inspectors as headquarters keeps it: merged from what all units hold, signed, published.

A new version is issued when the merged content has changed; versions count from 1 without gaps. Each is published
whole (``full``) and as what changed since the one before (``changes``), in ``lists/inspectors`` of every account:

    digest(n) = SHA-256 of the entries' lines in the order of their numbers; a line is the entry's values joined by
                U+001F, its scopes last, joined by U+001E with U+001D between class and variety, and ends in a line feed
    chain(0)  = SHA-256 of "ecqs inspector list"
    chain(n)  = SHA-256 of "<chain(n-1)> <n> <issued> <digest(n)>"

Written apart from the gateway's own reading of it, so that each is a check of the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from ecqs_gateway.doors import clock
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.keys import SigningKey
from ecqs_gateway.sandbox.package import NAMESPACE, reopen, safe_parser
from ecqs_gateway.sandbox.receipts import seal
from ecqs_gateway.sandbox.store import Store

__all__ = ["FOLDER", "GENESIS", "ListOffice", "chained", "content_digest", "file_name"]

FOLDER = "lists/inspectors"
"""Folder below an account's root."""
GENESIS = hashlib.sha256(b"ecqs inspector list").hexdigest()

_NS = f"{{{NAMESPACE}}}"
_PATHS = {
    "name": "name",
    "employer": "employer",
    "authority": f"authority/{_NS}name",
    "authority_uscc": f"authority/{_NS}uscc",
    "regime": "regime",
    "level": "level",
    "issue_date": "issue_date",
    "valid_from": "valid_from",
    "valid_until": "valid_until",
    "status": "status",
    "status_date": "status_date",
    "status_note": "status_note",
}
"""Values of an entry by where the record has them; the digest of the id number stays with headquarters."""
_ORDER = ("unit", "number", *_PATHS, "record")
_KEPT_WHOLE = 3
"""Whole lists that stay in the folder: a gateway may just be fetching the one before the newest."""

Entry = dict[str, Any]


def file_name(version: int, form: str) -> str:
    """Give the name a version is published under; ``form`` is ``full`` or ``changes``."""
    return f"inspectors-{version:08d}.{form}.zip"


def content_digest(entries: Iterable[Mapping[str, Any]]) -> str:
    """Give the digest over entries, in whatever order they come."""
    lines = [_line(entry) for entry in sorted(entries, key=lambda entry: str(entry["number"]))]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _line(entry: Mapping[str, Any]) -> str:
    scopes = "\x1e".join("\x1d".join(pair) for pair in entry["scopes"])
    return "\x1f".join([*(entry.get(name) or "" for name in _ORDER), scopes]) + "\n"


def chained(previous: str, version: int, issued: str, digest: str) -> str:
    """Give the chain digest of a version."""
    return hashlib.sha256(f"{previous} {version} {issued} {digest}".encode()).hexdigest()


class ListOffice:
    """Issues versions of the list; used by headquarters' one working thread."""

    def __init__(self, home: Home, store: Store, key: SigningKey, issuer: str) -> None:
        self._home, self._store, self._key, self._issuer = home, store, key, issuer
        self._seen = -1

    def due(self) -> bool:
        """Say whether inspectors were loaded since the last look."""
        return self._loaded() != self._seen

    def issue(self) -> bool:
        """Issue the next version where the merged content has changed, and lay everything out; True when it did."""
        seen, last = self._loaded(), self._last()
        before: dict[str, Entry] = {entry["number"]: entry for entry in json.loads(last["entries"])} if last else {}
        entries = {entry["number"]: entry for entry in self._merged(before)}
        digest = content_digest(entries.values())
        changed = digest != last["digest"] if last else bool(entries)
        if changed:
            self._add(last, before, entries, digest)
        self._lay_out()
        self._seen = seen
        return changed

    def _loaded(self) -> int:
        found = self._store.rows(
            "SELECT coalesce(max(id), 0) AS n FROM packages WHERE kind = 'inspector' AND state = 'loaded'"
        )
        return int(found[0]["n"])

    def _last(self) -> Any:
        found = self._store.rows("SELECT * FROM inspector_lists ORDER BY version DESC LIMIT 1")
        return found[0] if found else None

    def _merged(self, before: Mapping[str, Entry]) -> Iterator[Entry]:
        """Give the entries of all valid inspectors held; only records the list does not have yet are read."""
        wanted: dict[str, dict[str, tuple[str, str]]] = {}
        for row in self._store.rows(
            "SELECT h.key, h.unit, h.version, p.digest FROM holdings h JOIN packages p ON p.id = h.package"
            " WHERE h.kind = 'inspector' AND h.valid"
        ):
            known = before.get(row["key"])
            if known is not None and (known["unit"], known["record"]) == (row["unit"], row["version"]):
                yield known
            else:
                wanted.setdefault(row["digest"], {})[row["key"]] = (row["unit"], row["version"])
        for digest, records in wanted.items():
            yield from _entries(self._home.package(digest), records)

    def _add(self, last: Any, before: Mapping[str, Entry], entries: Mapping[str, Entry], digest: str) -> None:
        version = int(last["version"]) + 1 if last else 1
        issued = clock.now().isoformat(timespec="seconds")
        previous = str(last["chain"]) if last else GENESIS
        facts = {
            "version": str(version), "issued": issued, "issuer": self._issuer, "entries": str(len(entries)),
            "digest": digest, "previous": previous, "chain": chained(previous, version, issued, digest),
            "signature": self._key.public.algorithm, "key": self._key.public.key_id,
        }  # fmt: skip
        history = [
            tuple(row)
            for row in self._store.rows("SELECT version, issued, digest FROM inspector_lists ORDER BY version")
        ]
        written = [_empty("version", number=n, issued=i, digest=d) for n, i, d in [*history, (version, issued, digest)]]
        whole = [*written, *(_entry(entries[number]) for number in sorted(entries))]
        news = [_entry(entry) for number, entry in sorted(entries.items()) if before.get(number) != entry]
        gone = [_empty("removed", number=number) for number in sorted(before.keys() - entries.keys())]
        kept = json.dumps(list(entries.values()), ensure_ascii=False)
        row = (version, issued, digest, facts["chain"], kept, self._seal("full", facts, whole))
        with self._store.transaction():
            self._store.write_many(
                'INSERT INTO inspector_lists (version, issued, digest, chain, entries, "full", changes)'
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*row, self._seal("changes", facts, [*news, *gone]))],
            )

    def _seal(self, form: str, facts: Mapping[str, str], inside: Iterable[str]) -> bytes:
        root = _start("inspector_list", {"xmlns": NAMESPACE, "form": form, **facts})
        xml = f'<?xml version="1.0" encoding="UTF-8"?>\n{root}>{"".join(inside)}</inspector_list>'
        return seal(xml.encode(), self._key, names=("list.xml", "list.sig"))

    def _lay_out(self) -> None:
        """Put every account's folder in order: all changes, and the newest whole lists."""
        rows = self._store.rows('SELECT version, "full", changes FROM inspector_lists ORDER BY version DESC')
        for account in sorted(path for path in self._home.accounts.iterdir() if path.is_dir()):
            folder = self._home.root(account.name) / FOLDER
            for place, row in enumerate(rows):
                whole = folder / file_name(row["version"], "full")
                if place < _KEPT_WHOLE:
                    _lay(whole, bytes(row["full"]))
                else:
                    whole.unlink(missing_ok=True)
                _lay(folder / file_name(row["version"], "changes"), bytes(row["changes"]))


def _lay(path: Path, data: bytes) -> None:
    if not path.exists():
        replace_file(path, data)


def _entries(package: Path, records: Mapping[str, tuple[str, str]]) -> Iterator[Entry]:
    _, xml = reopen(package.read_bytes())
    for record in etree.fromstring(xml, safe_parser()).iterfind(f"{_NS}record"):
        unit, version = records.get(record.get("key", ""), ("", ""))
        body = record.find(f"{_NS}inspector")
        if record.get("version") != version or body is None:
            continue
        values: Entry = {name: body.findtext(f"{_NS}{path}") for name, path in _PATHS.items()}
        scopes = [
            [scope.findtext(f"{_NS}product_class") or "", scope.findtext(f"{_NS}variety") or ""]
            for scope in body.iterfind(f"{_NS}scopes/{_NS}scope")
        ]
        yield {**values, "unit": unit, "number": record.get("key"), "record": version, "scopes": scopes}


def _start(name: str, values: Mapping[str, Any]) -> str:
    return f"<{name}" + "".join(f" {key}={quoteattr(str(value))}" for key, value in values.items() if value)


def _empty(name: str, **values: object) -> str:
    return f"{_start(name, values)}/>"


def _entry(entry: Entry) -> str:
    scopes = [_empty("scope", product_class=code, variety=variety) for code, variety in entry["scopes"]]
    start = _start("entry", {name: entry[name] for name in _ORDER})
    return f"{start}>{''.join(scopes)}</entry>" if scopes else f"{start}/>"
