"""Headquarters' keys and those it knows: signing receipts, verifying manifests.

Ed25519 comes from ``cryptography``. SM2 with SM3 comes from ``gmssl`` (pure Python), on purpose not what the gateway
uses, so that two implementations check each other; its hash is hashlib's, since its own is 1,000 times slower.
Keys are PEM files: PKCS#8 and SubjectPublicKeyInfo, which for SM2 are read and written here because
``cryptography`` knows no SM2.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from gmssl.sm2 import CryptSM2, default_ecc_table

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.home import replace_file

__all__ = ["ALGORITHMS", "KeyRing", "PublicKey", "SigningKey", "load_or_create", "read_public_key"]

ALGORITHMS = {"ed25519": "sha-256", "sm2-sm3": "sm3"}
"""Signature algorithms headquarters accepts, each with the digest algorithm its parts must use."""

_log = logging.getLogger(__name__)

_P, _N, _A, _B = (int(default_ecc_table[name], 16) for name in "pnab")
_G: str = default_ecc_table["g"]
_USER_ID = b"1234567812345678"
_SM2_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_SM2_PRIVATE = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_SM2_PRIVATE_POINT = bytes.fromhex("a144034200")


class PublicKey(ABC):
    """A key signatures can be verified with."""

    algorithm: str
    raw: bytes

    @property
    def key_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the raw key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @abstractmethod
    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over exactly these bytes; a malformed signature is False."""

    @abstractmethod
    def pem(self) -> bytes:
        """Give the key as SubjectPublicKeyInfo PEM."""


class SigningKey(ABC):
    """A key headquarters seals receipts with."""

    public: PublicKey

    @abstractmethod
    def sign(self, data: bytes) -> bytes:
        """Give the signature over these bytes."""

    @abstractmethod
    def pem(self) -> bytes:
        """Give the key as PKCS#8 PEM, not encrypted."""


class _Ed25519Public(PublicKey):
    algorithm = "ed25519"

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.raw = key.public_bytes_raw()

    def verify(self, data: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> bytes:
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class _Ed25519Signing(SigningKey):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _Ed25519Public(key.public_key())

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class _Sm2Public(PublicKey):
    algorithm = "sm2-sm3"

    def __init__(self, raw: bytes) -> None:
        if len(raw) != 65 or raw[0] != 4 or not _on_curve(raw):
            raise ValueError("not an SM2 public key")
        self.raw = raw
        self._engine = _engine(raw)

    def verify(self, data: bytes, signature: bytes) -> bool:
        pair = _read_signature(signature)
        if pair is None:
            return False
        # gmssl checks no ranges: outside 1…n-1 its arithmetic may agree with anything.
        if not (0 < pair[0] < _N and 0 < pair[1] < _N) or sum(pair) % _N == 0:
            return False
        try:
            return bool(self._engine.verify(f"{pair[0]:064x}{pair[1]:064x}", _sm2_hash(self.raw, data)))
        except TypeError:  # its point addition gives None at infinity, which no honest signature reaches
            return False

    def pem(self) -> bytes:
        return _write_pem("PUBLIC KEY", _SM2_PUBLIC + self.raw)


class _Sm2Signing(SigningKey):
    def __init__(self, secret: int) -> None:
        if not 0 < secret < _N - 1:
            raise ValueError("not an SM2 private key")
        self._secret = secret
        point = _engine(bytes(65))._kg(secret, _G)  # noqa: SLF001  # gmssl offers point multiplication under this name only
        self.public = _Sm2Public(b"\x04" + bytes.fromhex(point))
        self._signer = CryptSM2(private_key=f"{secret:064x}", public_key="")

    def sign(self, data: bytes) -> bytes:
        digest = _sm2_hash(self.public.raw, data)
        while True:
            pair = self._signer.sign(digest, f"{secrets.randbelow(_N - 1) + 1:064x}")
            if pair is not None:
                return _write_signature(int(pair[:64], 16), int(pair[64:], 16))

    def pem(self) -> bytes:
        body = _SM2_PRIVATE + self._secret.to_bytes(32, "big") + _SM2_PRIVATE_POINT + self.public.raw
        return _write_pem("PRIVATE KEY", body)


class KeyRing:
    """The gateway keys headquarters accepts, read from ``gateways/*.pem`` again whenever the folder changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: tuple[tuple[str, int, int], ...] | None = None
        self._keys: tuple[tuple[str, PublicKey], ...] = ()

    def find(self, unit: str, key_id: str) -> PublicKey | None:
        """Give the key of that id if it is registered for the unit or for all; None otherwise."""
        self._refresh()
        owners = (unit, "all")
        return next((key for owner, key in self._keys if owner in owners and key.key_id == key_id), None)

    def _refresh(self) -> None:
        files = [path for path in sorted(self._folder.glob("*.pem")) if path.is_file()]
        state = tuple((path.name, (stat := path.stat()).st_mtime_ns, stat.st_ino) for path in files)
        if state != self._state:
            self._keys = tuple(_readable(files))
            self._state = state


def _readable(files: list[Path]) -> Iterator[tuple[str, PublicKey]]:
    """Walk owner and key of each file; one that holds no key must not keep the other units' keys out."""
    for path in files:
        try:
            yield path.stem.split("-", 1)[0], read_public_key(path)
        except Misconfigured as error:
            _log.warning("gateway key ignored: %s", error)


def read_public_key(path: Path) -> PublicKey:
    """Read an Ed25519 or SM2 public key; raises Misconfigured ECQS-6052 when the file holds neither."""
    data = path.read_bytes()
    try:
        body = _read_pem(data, "PUBLIC KEY")
        if body.startswith(_SM2_PUBLIC):
            return _Sm2Public(body[len(_SM2_PUBLIC) :])
        key = serialization.load_pem_public_key(data)
    except ValueError as error:
        raise _bad_key(path) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(path)
    return _Ed25519Public(key)


def load_or_create(path: Path, algorithm: str = "ed25519") -> SigningKey:
    """Read a private key, or make one of that algorithm and keep it (mode 600) where there is none yet."""
    if not path.exists():
        key: SigningKey = (
            _Ed25519Signing(Ed25519PrivateKey.generate())
            if algorithm == "ed25519"
            else _Sm2Signing(secrets.randbelow(_N - 2) + 1)
        )
        replace_file(path, key.pem(), mode=0o600)
        return key
    data = path.read_bytes()
    try:
        body = _read_pem(data, "PRIVATE KEY")
        if body.startswith(_SM2_PRIVATE):
            return _Sm2Signing(int.from_bytes(body[len(_SM2_PRIVATE) :][:32], "big"))
        private = serialization.load_pem_private_key(data, password=None)
    except ValueError as error:
        raise _bad_key(path) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _bad_key(path)
    return _Ed25519Signing(private)


def _bad_key(path: Path) -> Misconfigured:
    return Misconfigured(
        "ECQS-6052",
        "the file holds no Ed25519 or SM2 key in PEM form",
        where=str(path),
        hint="put the gateway's public key (BEGIN PUBLIC KEY) there, or remove the file",
    )


def _read_pem(data: bytes, label: str) -> bytes:
    found = re.search(rb"-----BEGIN %b-----\s(.*?)-----END %b-----" % (label.encode(), label.encode()), data, re.DOTALL)
    if found is None:
        raise ValueError("no such PEM block")
    return base64.b64decode(found[1])


def _write_pem(label: str, body: bytes) -> bytes:
    text = base64.b64encode(body).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def _engine(raw: bytes) -> CryptSM2:
    engine = CryptSM2(private_key="", public_key="")
    # Not through the constructor: it strips every leading 0 and 4 of a key that begins with "04", not just the prefix.
    engine.public_key = raw[1:].hex()
    return engine


def _on_curve(raw: bytes) -> bool:
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
    return x < _P and y < _P and (y * y - (x * x * x + _A * x + _B)) % _P == 0


def _sm2_hash(raw: bytes, data: bytes) -> bytes:
    """Give SM3(Z || data), Z binding user id, curve and key as GB/T 32918.2 says."""
    curve = _A.to_bytes(32, "big") + _B.to_bytes(32, "big") + bytes.fromhex(_G)
    z = hashlib.new("sm3", (len(_USER_ID) * 8).to_bytes(2, "big") + _USER_ID + curve + raw[1:]).digest()
    return hashlib.new("sm3", z + data).digest()


def _read_signature(data: bytes) -> tuple[int, int] | None:
    """Read DER ``SEQUENCE {r, s}``; None for anything that is not exactly that in its shortest form."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2 or data[2] != 2:
        return None
    middle = 4 + data[3]
    if middle + 2 > len(data) or data[middle] != 2 or middle + 2 + data[middle + 1] != len(data):
        return None
    r, s = int.from_bytes(data[4:middle], "big", signed=True), int.from_bytes(data[middle + 2 :], "big", signed=True)
    return (r, s) if r > 0 and s > 0 and _write_signature(r, s) == data else None


def _write_signature(r: int, s: int) -> bytes:
    body = b"".join(b"\x02" + bytes([len(n)]) + n for n in (_der_integer(r), _der_integer(s)))
    return b"\x30" + bytes([len(body)]) + body


def _der_integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")
