"""Is what arrived right? Every package under stock lxml, every digest and signature, and the set of bad rows."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from lxml import etree

__all__ = ["bad_rows", "check_packages"]


def check_packages(folder: Path, xsd: Path, public_key: Path) -> int:
    """Check every package with other code than the gateway's own; gives the number of records."""
    schema = etree.XMLSchema(etree.parse(str(xsd)))
    key = load_pem_public_key(public_key.read_bytes())
    records = 0
    for number, package in enumerate(sorted(folder.glob("*.zip")), start=1):
        with zipfile.ZipFile(package) as archive:
            manifest, seal, packed = (archive.read(n) for n in ("manifest.xml", "manifest.sig", "batch.xml.gz"))
        key.verify(base64.b64decode(json.loads(seal)["signature"]), manifest)  # type: ignore[union-attr,call-arg]
        told = etree.fromstring(manifest)
        if told[0].get("digest") != hashlib.sha256(packed).hexdigest() or told.get("sequence") != str(number):
            raise AssertionError(f"{package.name}: the manifest speaks of something else")
        batch = etree.fromstring(gzip.decompress(packed))
        schema.assertValid(batch)
        if len(batch) != int(told.get("records", "-1")):
            raise AssertionError(f"{package.name}: another number of records than the manifest tells")
        records += len(batch)
    return records


def bad_rows(env: Mapping[str, str]) -> set[str]:
    """Give the source keys of the gateway's dead letters."""
    ledger = Path(env["ECQS_HOME"]) / "ledger.sqlite"
    found = ledger if ledger.exists() else next(Path(env["ECQS_HOME"]).rglob("*ledger*"))
    with sqlite3.connect(found) as connection:
        return {key for (key,) in connection.execute("SELECT source_key FROM dead_letter WHERE state = 'open'")}
