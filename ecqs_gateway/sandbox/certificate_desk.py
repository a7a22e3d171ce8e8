"""Headquarters answers enquiries about certificates, by its own code, from what its ledger holds of all units.

    enquiries/<unit>/<id>.zip ──▶ checked by the unit's registered key ──▶ replies/<unit>/<id>.answer.zip

A file that is no good enquiry gets no answer and leaves an alarm. Which cases replace which certificate is noted when a
batch of approvals is validated; a certificate itself is read again out of the package that carries the version held.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from ecqs_gateway.doors import clock
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.keys import KeyRing, SigningKey
from ecqs_gateway.sandbox.package import NAMESPACE, Refusal, reopen
from ecqs_gateway.sandbox.store import Package, Store

__all__ = ["CertificateDesk", "note_uses"]

_NS = f"{{{NAMESPACE}}}"
_NAME = re.compile(r"(?P<unit>[0-9]{6})-[0-9]{8}T[0-9]{6}-[0-9a-f]{8}\.zip", re.ASCII)
_LARGEST = 8_000_000
_FACTS = ("status", "status_cause", "issue_date", "closing_date", "valid_until")
_NOT_GRANTED = frozenset({"2", "3", "4"})


def note_uses(store: Store, package: Package, xml: bytes) -> None:
    """Note which certificates the cases of a batch replace, inside the transaction that validates it."""
    if package.kind != "approval" or b"<replaced_number>" not in xml:
        return
    rows = []
    for _, record in etree.iterparse(io.BytesIO(xml), tag=f"{_NS}record", no_network=True, load_dtd=False):
        body = record.find(f"{_NS}approval")
        if body is not None:
            number = body.findtext(f"{_NS}replacement/{_NS}replaced_number")
            if number and body.findtext(f"{_NS}decision") not in _NOT_GRANTED:
                rows.append((package.id, package.unit, record.get("key"), record.get("version"), number))
        record.clear()
    store.write_many("INSERT INTO uses (package, unit, key, version, number) VALUES (?, ?, ?, ?, ?)", rows)


@dataclass(frozen=True)
class CertificateDesk:
    """Where enquiries are answered."""

    home: Home
    store: Store
    seal: SigningKey
    issuer: str
    keys: KeyRing

    def round(self, *, silent: bool = False) -> bool:
        """Answer what lies there; True when something did. ``silent``: told to leave everything unanswered."""
        found = False
        for path in () if silent else self._files():
            found = True
            self._answer(path)
        return found

    def waiting(self) -> bool:
        """Say whether an enquiry lies unanswered."""
        return next(self._files(), None) is not None

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self.home.files.glob("*/enquiries/*")):
            if folder.is_dir() and not folder.is_symlink():
                yield from (path for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name) and path.is_file())

    def _answer(self, path: Path) -> None:
        unit, account = path.parent.name, path.parent.parent.parent.name
        data = path.read_bytes()[: _LARGEST + 1]
        try:
            asked, digest = self._read(data, unit, path.name)
        except ValueError as error:
            with self.store.transaction():
                self.store.alarm("enquiry refused", f"{path.name}: {error}")
            path.unlink()
            return
        about = [self._about(number) for number in sorted({str(one["number"]) for one in asked["about"]})]
        now = clock.now().isoformat(timespec="seconds")
        document = {"format": "ecqs-answer/1", "enquiry": asked["id"], "digest": digest, "issuer": self.issuer}
        document |= {"answered": now, "about": about}
        with self.store.transaction():
            row = (asked["id"], unit, digest, len(about), now)
            self.store.write_many("INSERT OR REPLACE INTO enquiries VALUES (?, ?, ?, ?, ?)", [row])
        target = self.home.root(account) / "replies" / unit / f"{asked['id']}.answer.zip"
        replace_file(target, self._sealed(json.dumps(document, ensure_ascii=False).encode()))
        path.unlink()

    def _read(self, data: bytes, unit: str, name: str) -> tuple[dict[str, Any], str]:
        """Give the enquiry and the digest of its document; raises ValueError with what is wrong."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if archive.namelist() != ["enquiry.json", "enquiry.sig"] or len(data) > _LARGEST:
                    raise ValueError("not an enquiry")
                if any(i.compress_type != zipfile.ZIP_STORED for i in archive.infolist()):
                    raise ValueError("members must be stored")
                document, signature = archive.read("enquiry.json"), json.loads(archive.read("enquiry.sig"))
            key = self.keys.find(unit, str(signature["key_id"]))
            signed = base64.b64decode(signature["signature"], validate=True)
        except (zipfile.BadZipFile, KeyError, TypeError, binascii.Error, json.JSONDecodeError, OSError) as error:
            raise ValueError(f"cannot be read ({type(error).__name__})") from error
        if key is None or key.algorithm != signature["algorithm"] or not key.verify(document, signed):
            raise ValueError("signature of no registered key")
        asked = json.loads(document)
        if (asked["format"], asked["unit"], f"{asked['id']}.zip") != ("ecqs-enquiry/1", unit, name):
            raise ValueError("the document is not what its name says")
        return asked, hashlib.sha256(document).hexdigest()

    def _about(self, number: str) -> dict[str, object]:
        held = self.store.rows(
            "SELECT h.key, h.version, p.digest FROM holdings h JOIN packages p ON p.id = h.package"
            " WHERE h.kind = 'certificate' AND h.key = ? AND h.valid ORDER BY p.id DESC LIMIT 1",
            number,
        )
        uses = self.store.rows(
            "SELECT DISTINCT u.unit, u.key FROM uses u JOIN holdings h ON h.kind = 'approval' AND h.key = u.key"
            " AND h.unit = u.unit AND h.version = u.version AND h.valid WHERE u.number = ? ORDER BY u.unit, u.key",
            number,
        )
        said: dict[str, object] = {"number": number, "known": bool(held)}
        if held:
            said |= self._facts(held[0])
        return said | {"replaced_by": [{"unit": row["unit"], "case": row["key"]} for row in uses]}

    def _facts(self, held: sqlite3.Row) -> dict[str, str]:
        """Read the version held out of its package."""
        try:
            _, xml = reopen(self.home.package(held["digest"]).read_bytes())
        except Refusal:
            return {}
        for _, record in etree.iterparse(io.BytesIO(xml), tag=f"{_NS}record", no_network=True, load_dtd=False):
            body = record.find(f"{_NS}certificate") if record.get("version") == held["version"] else None
            if body is not None and record.get("key") == held["key"]:
                told = {name: body.findtext(f"{_NS}{name}") for name in _FACTS}
                return {name: text for name, text in told.items() if text}
            record.clear()
        return {}

    def _sealed(self, document: bytes) -> bytes:
        signature = {
            "algorithm": self.seal.public.algorithm,
            "key_id": self.seal.public.key_id,
            "signature": base64.b64encode(self.seal.sign(document)).decode(),
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, data in (("answer.json", document), ("answer.sig", json.dumps(signature).encode())):
                archive.writestr(zipfile.ZipInfo(name), data)
        return buffer.getvalue()
