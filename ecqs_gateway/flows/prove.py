"""One record's evidence as one file that anyone can check without trusting us (``verifier/ecqs_verify.py``).

Two bundles made of the same ledger and stage are the same bytes: nothing in them depends on when or where they were
made. What was pruned or damaged is said in the bundle, never hidden. Formats: docs/reference/evidence.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecqs_gateway import __version__
from ecqs_gateway.deliver.signing import seal
from ecqs_gateway.doors import xml
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.errors import GatewayError, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.prove_parts import Members, canonical, public_keys, row_json
from ecqs_gateway.flows.prove_text import DOES_NOT_PROVE, PROVES, readme
from ecqs_gateway.ledger import bundles, proofs, query
from ecqs_gateway.ledger.proofs import KeptBatch
from ecqs_gateway.ledger.stage import StagedFile

__all__ = ["FORMAT", "Ask", "Proof", "prove"]

FORMAT = "ecqs-evidence-bundle/1"
_GATEWAY_KEYS = "gateway-*.pem"
_HEADQUARTERS_KEYS = "headquarters-*.pem"
Facts = dict[str, Any]
Read = TypeVar("Read")


@dataclass(frozen=True)
class Ask:
    """What is to be proven: a business key or source key, in all lanes unless one is named."""

    key: str
    unit: str | None = None
    kind: str | None = None
    all_versions: bool = False
    with_rows: bool = False


@dataclass(frozen=True)
class Proof:
    """A finished bundle: its bytes, and what its bundle.json says."""

    data: bytes = field(repr=False)
    document: Facts = field(repr=False)

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the file, lowercase hex."""
        return hashlib.sha256(self.data).hexdigest()


def prove(gateway: Gateway, ask: Ask) -> Proof:
    """Make the evidence bundle of a record.

    Raises Terminal ECQS-6070 when nothing is known under the key, Misconfigured ECQS-4026 without a key to sign it.
    """
    found = _found(gateway, ask)
    maker = _Maker(gateway, ask)
    document = maker.document(found)
    written = canonical(document) + b"\n"
    members = [("bundle.json", written), ("bundle.sig", seal(written, gateway.signer))]
    return Proof(build_zip([*members, *sorted(maker.members.files.items())]), document)


def _found(gateway: Gateway, ask: Ask) -> Facts:
    found = query.find_record(gateway.database, ask.key, unit=ask.unit, kind=ask.kind)
    other = gateway.canonical_key(ask.key)
    if not any(found.values()) and other not in (None, ask.key):
        found = query.find_record(gateway.database, str(other), unit=ask.unit, kind=ask.kind)
    if not any(found.values()):
        raise Terminal(
            "ECQS-6070",
            "this gateway knows nothing under that key, so there is nothing to prove",
            hint="check the spelling with `ecqs show`; a source key works for dead letters only",
        )
    return found


@dataclass
class _Maker:
    """Puts one bundle together."""

    gateway: Gateway
    ask: Ask
    members: Members = field(default_factory=Members)

    def document(self, found: Facts) -> Facts:
        """Give bundle.json; the other members are in ``members`` afterwards."""
        records = _by_record(found)
        shown = {name: _shown(record["versions"], self.ask) for name, record in records.items()}
        kept = proofs.kept_batches(self.gateway.database, (v["batch_id"] for vs in shown.values() for v in vs))
        chain, last = proofs.chain(self.gateway.database)
        document: Facts = {
            "format": FORMAT,
            "engine": __version__,
            "asked": dict(vars(self.ask)),
            "chain": {
                **self.members.add("chain.jsonl", chain),
                "entries": last.sequence if last else 0,
                "head": last.hash.hex() if last else None,
                "at": last.at if last else None,
            },
            "records": [self._record(name, records[name], shown[name]) for name in sorted(records)],
            "batches": {batch.id: self._batch(batch) for batch in kept.values()},
            "content": [self._content(digest) for digest in sorted({batch.bundle for batch in kept.values()})],
            **self._keys(kept.values()),
        }
        document |= {"proves": PROVES, "does_not_prove": DOES_NOT_PROVE, "missing": self.members.missing}
        self.members.add("README.txt", readme(document, self.members.missing).encode())
        return document | {"members": self.members.listed()}

    def _record(self, name: tuple[str, str, str], found: Facts, shown: Sequence[Facts]) -> Facts:
        unit, kind, key = name
        numbers = [version["extraction_id"] for version in shown]
        pruned = proofs.pruned_extractions(self.gateway.database, numbers)
        others = [version for version in found["versions"] if version not in shown]
        return {
            "unit": unit,
            "kind": kind,
            "key": key or None,
            "versions": [self._version(version, found["findings"], pruned) for version in shown],
            "others": [{"digest": version["digest"], "batch": version["batch_id"]} for version in others],
            "dead_letters": [_letter(letter) for letter in found["dead_letters"]],
        }

    def _version(self, version: Facts, findings: Sequence[Facts], pruned: dict[int, str]) -> Facts:
        mine = [f for f in findings if f["sequence"] == version["sequence"]]
        return {
            "digest": version["digest"],
            "previous": version["previous"],
            "batch": version["batch_id"],
            "position": version["position"],
            "findings": [{"rule": f["rule"], "field": f["field"]} for f in mine],
            "source": self._source(version, pruned),
        }

    def _source(self, version: Facts, pruned: dict[int, str]) -> Facts:
        """Give the digest of the source row, with the files it lies in as the chain names them."""
        number, row = version["extraction_id"], version["source_row"]
        source: Facts = {"extraction": number, "row": row, "row_sha256": None, "files": {}}
        if not version["files"]:
            self.members.lacks(f"extraction {number}: the ledger has no such extraction")
            return source
        files = StagedFile.many_from_json(version["files"])
        source["files"] = {role: plain_digest(file) for role, file in files.items()}
        if number in pruned:
            self.members.lacks(f"extraction {number}: its rows were removed under the retention on {pruned[number]}")
            return source
        frame = self._tried(f"the rows of extraction {number}", lambda: self.gateway.stage.get_frame(files["rows"]))
        if frame is None:
            return source
        text = row_json(frame, row)
        source["row_sha256"] = hashlib.sha256(text).hexdigest()
        if self.ask.with_rows:
            source |= self.members.add(f"rows/{version['unit']}-{version['kind']}-{number}-{row}.json", text)
        return source

    def _batch(self, batch: KeptBatch) -> Facts:
        place = f"batches/{batch.id}"
        facts: Facts = {
            "state": batch.state,
            "engine": batch.engine,
            "content": batch.bundle,
            "manifest": self.members.add(f"{place}/manifest.xml", batch.manifest),
            "package": {"sha256": batch.package_digest},
            "receipts": [],
        }
        if batch.pruned_at is not None:
            self.members.lacks(f"batch {batch.id}: its package was removed under the retention on {batch.pruned_at}")
        else:
            data = self._bytes(f"the package of batch {batch.id}", batch.package, batch.package_digest)
            facts["package"] |= self.members.add(f"{place}/package.zip", data) if data is not None else {}
        for receipt in batch.receipts:
            said: Facts = {"level": receipt.level, "id": receipt.receipt_id, "number": receipt.number}
            data = self._bytes(f"the {receipt.level} receipt of batch {batch.id}", receipt.file, receipt.digest)
            said |= self.members.add(f"{place}/{receipt.level}.zip", data) if data is not None else {}
            facts["receipts"].append(said | {"sha256": receipt.digest})
        return facts

    def _content(self, digest: str) -> Facts:
        kept = bundles.find(self.gateway.database, digest)
        if kept is None:
            self.members.lacks(f"content bundle {digest}: it was used before bundles were kept")
            return {"digest": digest}
        data = self._bytes(f"content bundle {digest}", kept.file.name, kept.file.digest)
        name = f"content/{digest.partition(':')[2]}.zip"
        return {"digest": digest, **(self.members.add(name, data) if data is not None else {})}

    def _keys(self, batches: Collection[KeptBatch]) -> Facts:
        folder = self.gateway.settings.keys
        theirs = public_keys(folder.glob(_HEADQUARTERS_KEYS), self.members, "headquarters")
        ours = public_keys(folder.glob(_GATEWAY_KEYS), self.members, "gateway")
        signed = {_key_of(batch.manifest) for batch in batches} | {self.gateway.signer.key_id}
        for key_id in sorted(signed - {key["id"] for key in ours}):
            self.members.lacks(f"the gateway's public key {key_id} does not lie in the keys folder")
        issuer = self.gateway.content.national.receipts.issuer if self.gateway.content.national else None
        return {"gateway": {"keys": ours}, "headquarters": {"issuer": issuer, "keys": theirs}}

    def _bytes(self, what: str, name: str, digest: str) -> bytes | None:
        return self._tried(what, lambda: self.gateway.stage.get(name, digest))

    def _tried(self, what: str, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except GatewayError as error:
            self.members.lacks(f"{what}: {error.code} {error.message}")
            return None


def _by_record(found: Facts) -> dict[tuple[str, str, str], Facts]:
    """Put what was found together by unit, kind and business key; letters without a key stand alone."""
    records: dict[tuple[str, str, str], Facts] = {}
    for part in ("versions", "dead_letters", "findings"):
        for row in found[part]:
            name = (row["unit"], row["kind"], row["key"] or "")
            record = records.setdefault(name, {"versions": [], "dead_letters": [], "findings": []})
            record[part].append(row)
    return records


def _shown(versions: Sequence[Facts], ask: Ask) -> list[Facts]:
    return list(versions) if ask.all_versions else list(versions[-1:])


def _letter(letter: Facts) -> Facts:
    """Give a dead letter by digests and codes; neither its row nor its messages."""
    reasons = json.loads(letter["reasons"])
    return {
        "id": letter["id"],
        "origin": letter["origin"],
        "state": letter["state"],
        "identity": letter["identity"],
        "version": letter["version"],
        "batch": letter["batch_id"],
        "reasons": [{"rule": reason.get("rule"), "field": reason.get("field")} for reason in reasons],
        "content": letter["bundle"],
        "engine": letter["engine"],
        "created_at": letter["created_at"],
    }


def plain_digest(file: StagedFile) -> str:
    """Give the SHA-256 of a staged file before it was sealed at rest: the one the chain names."""
    return getattr(file, "content", None) or file.digest


def _key_of(manifest: bytes) -> str:
    return str(xml.parse(manifest, where="manifest.xml").get("key"))
