"""Payloads at rest: source rows and dead letters are sealed before they reach disk or database.

A sealed payload is ``ECQS`` + version + algorithm + key id (8 bytes) + nonce (12 bytes) + ciphertext with its tag. The
algorithm is an identifier, as everywhere (GB/T 39786 asks for SM4 where it applies). The context, such as the file's
name in the stage, is authenticated with it: a payload put in another's place does not open. Payloads written before
there was a key are read as they are.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["Vault", "make_payload_key"]

_MAGIC = b"ECQS\x01"
_ALGORITHMS: Mapping[int, tuple[str, int]] = {1: ("aes-256-gcm", 32), 2: ("sm4-gcm", 16)}
_NONCE, _TAG, _KEY_ID = 12, 16, 8
_HEAD = len(_MAGIC) + 1 + _KEY_ID + _NONCE
_TEXT = "sealed:"
_FILES = "payload-*.key"


@dataclass(frozen=True)
class _Key:
    number: int
    secret: bytes = field(repr=False)

    @property
    def id(self) -> bytes:
        return hashlib.sha256(b"ecqs payload key" + self.secret).digest()[:_KEY_ID]


def make_payload_key(folder: Path, algorithm: str = "aes-256-gcm") -> Path:
    """Make a key in the keys folder and give its file; the newest of several seals, all of them open."""
    number = next((n for n, (name, _) in _ALGORITHMS.items() if name == algorithm), None)
    if number is None:
        known = ", ".join(name for name, _ in _ALGORITHMS.values())
        raise Misconfigured("ECQS-3040", f"no payload cipher {algorithm!r}", hint=f"one of {known}")
    taken = [int(file.stem.partition("-")[2]) for file in _files(folder)]
    file = folder / f"payload-{max(taken, default=0) + 1:04d}.key"
    write_atomic(file, f"{algorithm} {secrets.token_hex(_ALGORITHMS[number][1])}\n".encode())
    return file


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob(_FILES) if file.stem.partition("-")[2].isdecimal())


class Vault:
    """Seals and opens payloads with the keys of this installation."""

    def __init__(self, keys: tuple[_Key, ...] = ()) -> None:
        """Know these keys, newest last; without any, payloads are stored as they are."""
        self._keys = {key.id: key for key in keys}
        self._newest = keys[-1] if keys else None

    @classmethod
    def of(cls, folder: Path) -> Vault:
        """Read the keys ``payload-NNNN.key`` of a folder; raises Misconfigured ECQS-3041 for a file that is none."""
        return cls(tuple(_read(file) for file in _files(folder)))

    @property
    def sealing(self) -> bool:
        """Say whether there is a key to seal with."""
        return self._newest is not None

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt data for one context; without a key it is given back as it is."""
        key = self._newest
        if key is None:
            return data
        nonce = secrets.token_bytes(_NONCE)
        head = _MAGIC + bytes([key.number]) + key.id + nonce
        return head + _encrypt(key, nonce, data, head + context.encode())

    def open(self, data: bytes, context: str) -> bytes:
        """Decrypt what ``seal`` gave for the same context.

        Raises Terminal ECQS-3042 where the key is not here, ECQS-3043 where data or context are not those sealed.
        """
        if not data.startswith(_MAGIC):
            return data
        key = self._keys.get(data[len(_MAGIC) + 1 : len(_MAGIC) + 1 + _KEY_ID])
        if key is None:
            raise Terminal(
                "ECQS-3042",
                "a stored payload is sealed with a key that is not here",
                where=context,
                hint="put the key file it was sealed with (payload-NNNN.key) back into the keys folder",
            )
        head, nonce = data[:_HEAD], data[_HEAD - _NONCE : _HEAD]
        return _decrypt(key, nonce, data[_HEAD:], head + context.encode(), context)

    def seal_text(self, text: str, context: str) -> str:
        """Encrypt a text for a text column."""
        if self._newest is None:
            return text
        return _TEXT + base64.b64encode(self.seal(text.encode(), context)).decode("ascii")

    def open_text(self, text: str, context: str) -> str:
        """Decrypt what ``seal_text`` gave; raises like ``open``."""
        if not text.startswith(_TEXT):
            return text
        return self.open(base64.b64decode(text[len(_TEXT) :]), context).decode()


def _read(file: Path) -> _Key:
    name, _, text = file.read_text(encoding="ascii", errors="replace").strip().partition(" ")
    number = next((n for n, (known, _) in _ALGORITHMS.items() if known == name), None)
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if number is None or len(secret) != _ALGORITHMS[number][1]:
        raise Misconfigured(
            "ECQS-3041", "this is not a payload key", where=str(file), hint="restore it from the backup of the keys"
        )
    return _Key(number, secret)


def _encrypt(key: _Key, nonce: bytes, data: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  only where a key is configured

    if key.number == 1:
        return AESGCM(key.secret).encrypt(nonce, data, bound)
    cipher = _sm4(key, nonce).encryptor()
    cipher.authenticate_additional_data(bound)
    return bytes(cipher.update(data) + cipher.finalize() + cipher.tag)


def _decrypt(key: _Key, nonce: bytes, sealed: bytes, bound: bytes, context: str) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        if key.number == 1:
            return AESGCM(key.secret).decrypt(nonce, sealed, bound)
        cipher = _sm4(key, nonce, sealed[-_TAG:]).decryptor()
        cipher.authenticate_additional_data(bound)
        return bytes(cipher.update(sealed[:-_TAG]) + cipher.finalize())
    except (InvalidTag, ValueError) as error:
        raise Terminal(
            "ECQS-3043",
            "a stored payload was changed, or stands in another's place",
            where=context,
            hint="restore it from a backup; nothing of it is used",
        ) from error


def _sm4(key: _Key, nonce: bytes, tag: bytes | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag))
