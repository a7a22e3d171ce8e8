"""Answering questions about what headquarters holds: the digest tree, the records of a bucket, one record.

A question lies in ``questions/<unit>`` as a ZIP with ``question.json`` and ``question.sig``; the answer, sealed by
headquarters, appears in ``answers/<unit>`` under the same name. The same question gives the same answer as long as
nothing changed, so a question that was answered and asked again is simply answered again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ecqs_gateway.sandbox.holdings import Holdings
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.keys import KeyRing, SigningKey
from ecqs_gateway.sandbox.package import Refusal
from ecqs_gateway.sandbox.tree import Node, unit_digest

__all__ = ["Desk", "Enquiries"]

_FORMAT = "ecqs-tree-1"
_MEMBERS = ("question.json", "question.sig")
_LARGEST = 16 * 1024 * 1024
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,120}\.zip", re.ASCII)
_KIND = re.compile(r"[a-z]+(?:_[a-z]+)*", re.ASCII)
_MOST_ITEMS = 20_000


@dataclass(frozen=True)
class Desk:
    """Who answers: headquarters' seal and name, the keys it believes, and what it holds."""

    seal: SigningKey
    issuer: str
    keys: KeyRing
    holdings: Holdings

    def answer(self, data: bytes, unit: str, now: datetime) -> bytes:
        """Give the sealed answer to a question; what cannot be answered is refused with a code, HQ-301 to HQ-304."""
        said: dict[str, Any] = {"format": _FORMAT, "unit": unit, "question": "0" * 64, "issuer": self.issuer}
        said |= {"answered": now.isoformat(), "items": []}
        try:
            text, signature = _members(data)
            said["question"] = hashlib.sha256(text).hexdigest()
            _check_signature(unit, text, signature, self.keys)
            said |= _answers(_question(text, unit), unit, self.holdings)
        except Refusal as refusal:
            said["refused"] = refusal.code
        return self._sealed(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())

    def _sealed(self, body: bytes) -> bytes:
        signature = {
            "algorithm": self.seal.public.algorithm,
            "key_id": self.seal.public.key_id,
            "signature": base64.b64encode(self.seal.sign(body)).decode(),
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, member in (("answer.json", body), ("answer.sig", json.dumps(signature).encode())):
                archive.writestr(zipfile.ZipInfo(name), member, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


class Enquiries:
    """Works through the questions that lie in the accounts' folders."""

    def __init__(self, home: Home, desk: Desk) -> None:
        self._home, self._desk = home, desk

    def waiting(self) -> Iterator[Path]:
        """Walk the questions that lie there."""
        for folder in sorted(self._home.files.glob("*/questions/*")):
            if folder.is_dir() and not folder.is_symlink():
                yield from (p for p in sorted(folder.iterdir()) if _NAME.fullmatch(p.name) and p.is_file())

    def round(self, now: datetime) -> bool:
        """Answer one question; True when there was one."""
        path = next(self.waiting(), None)
        if path is None:
            return False
        unit, root = path.parent.name, path.parent.parent.parent
        replace_file(root / "answers" / unit / path.name, self._desk.answer(path.read_bytes(), unit, now))
        path.unlink()
        return True


def _members(data: bytes) -> tuple[bytes, bytes]:
    if len(data) > _LARGEST:
        raise Refusal("HQ-301", "提问文件超过大小上限")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if tuple(info.filename for info in infos) != _MEMBERS or sum(i.file_size for i in infos) > _LARGEST:
                raise Refusal("HQ-301", "提问文件成员不符合约定")
            return archive.read(infos[0]), archive.read(infos[1])
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Refusal("HQ-301", "提问文件无法读取") from error


def _check_signature(unit: str, text: bytes, signature: bytes, keys: KeyRing) -> None:
    try:
        seal = json.loads(signature)
        key = keys.find(unit, str(seal["key_id"]))
        good = key is not None and key.algorithm == seal["algorithm"]
        good = good and key is not None and key.verify(text, base64.b64decode(seal["signature"], validate=True))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise Refusal("HQ-302", "签名文件无法读取") from error
    if not good:
        raise Refusal("HQ-302", "签名验证不通过")


def _question(text: bytes, unit: str) -> list[Mapping[str, Any]]:
    try:
        said = json.loads(text)
        items = said["items"]
        known = said["format"] == _FORMAT and isinstance(items, list) and 0 < len(items) <= _MOST_ITEMS
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refusal("HQ-301", "提问内容无法读取") from error
    if not known:
        raise Refusal("HQ-301", "提问格式不符合约定")
    if said.get("unit") != unit:
        raise Refusal("HQ-303", "提问单位与目录不一致")
    if not all(isinstance(item, dict) and _asked_well(item) for item in items):
        raise Refusal("HQ-304", "提问事项不符合约定")
    return list(items)


def _asked_well(item: Mapping[str, Any]) -> bool:
    kind, cutoff, depth = item.get("kind"), item.get("cutoff"), item.get("depth")
    return (
        isinstance(kind, str)
        and _KIND.fullmatch(kind) is not None
        and isinstance(cutoff, int)
        and cutoff >= 0
        and item.get("want") in ("nodes", "leaves", "record")
        and isinstance(item.get("path", ""), str)
        and (depth is None or (isinstance(depth, int) and 0 <= depth <= 8))
        and (item["want"] != "record" or isinstance(item.get("key"), str))
        and (item["want"] != "leaves" or item.get("path", "").count("/") >= 1)
    )


def _answers(items: list[Mapping[str, Any]], unit: str, holdings: Holdings) -> dict[str, Any]:
    roots: dict[str, Node] = {}
    told = []
    for item in items:
        kind, cutoff = str(item["kind"]), int(item["cutoff"])
        if item["want"] == "record":
            found = holdings.record(unit, kind, str(item["key"]))
            told.append({"records": [{"version": v, **({"body": body} if body else {})} for v, body in found]})
            continue
        tree = holdings.tree(unit, kind, cutoff)
        path = [piece for piece in str(item.get("path", "")).split("/") if piece]
        if item["want"] == "leaves":
            told.append({"leaves": [{"key": leaf.key, "version": leaf.version} for leaf in tree.leaves(path)]})
            continue
        answer: dict[str, Any] = {"nodes": [vars(node) for node in tree.children(path, item.get("depth"))]}
        if not path:
            roots[kind] = tree.root()
            answer |= {"count": roots[kind].count, "digest": roots[kind].digest}
        told.append(answer)
    return {"items": told} | ({"unit_digest": unit_digest(roots)} if roots else {})
