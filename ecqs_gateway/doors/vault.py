"""Payloads at rest: source rows and dead letters are sealed before they reach disk or database.

A sealed payload is ``ECQS`` + version + algorithm + key id (8 bytes) + nonce (12 bytes) + ciphertext with its tag. The
algorithm is an identifier, as everywhere (GB/T 39786 asks for SM4 where it applies). The context, such as the file's
name in the stage, is authenticated with it: a payload put in another's place does not open. Payloads written before
there was a key are read as they are; whoever needs to know that nobody put a plain payload in a sealed one's place
compares its digest with the one in the evidence chain, as the stage does.

Nonces are random: one key may seal 2**32 payloads (NIST SP 800-38D), which no gateway reaches; rotate once a year.
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

__all__ = ["PayloadKey", "Vault", "make_payload_key"]

_MAGIC = b"ECQS\x01"
_ALGORITHMS: Mapping[int, tuple[str, int]] = {1: ("aes-256-gcm", 32), 2: ("sm4-gcm", 16)}
_NONCE, _TAG, _KEY_ID = 12, 16, 8
_HEAD = len(_MAGIC) + 1 + _KEY_ID + _NONCE
_TEXT = "sealed:"
_FILES = "payload-*.key"


@dataclass(frozen=True)
class PayloadKey:
    """One payload key: the number of its algorithm, its secret, and the file it was read from."""

    number: int
    secret: bytes = field(repr=False)
    file: Path | None = field(default=None, compare=False)

    @property
    def algorithm(self) -> str:
        """Name its algorithm."""
        return _ALGORITHMS[self.number][0]

    @property
    def id(self) -> bytes:
        """Name the key without telling anything of its secret; stands in each payload it sealed."""
        return hashlib.sha256(b"ecqs payload key" + self.secret).digest()[:_KEY_ID]


def make_payload_key(folder: Path, algorithm: str = "aes-256-gcm") -> Path:
    """Make a key in the keys folder and give its file; the newest of several seals, all of them open.

    Raises Misconfigured ECQS-3040 for a cipher that is not known, or that this system's OpenSSL does not have.
    """
    number = next((n for n, (name, _) in _ALGORITHMS.items() if name == algorithm), None)
    if number is None:
        known = ", ".join(name for name, _ in _ALGORITHMS.values())
        raise Misconfigured("ECQS-3040", f"no payload cipher {algorithm!r}", hint=f"one of {known}")
    key = PayloadKey(number, secrets.token_bytes(_ALGORITHMS[number][1]))
    _try(key)
    taken = [_position(file) for file in _files(folder)]
    file = folder / f"payload-{max(taken, default=0) + 1:04d}.key"
    write_atomic(file, f"{algorithm} {key.secret.hex()}\n".encode())
    return file


def _try(key: PayloadKey) -> None:
    """Seal and open once, so that a key this system cannot use is never kept."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  see _encrypt

    vault = Vault((key,))
    try:
        works = vault.open(vault.seal(b"try", ""), "") == b"try"
    except UnsupportedAlgorithm:
        works = False
    if not works:
        hint = "take aes-256-gcm, or install an OpenSSL that has it"
        raise Misconfigured("ECQS-3040", f"this system's OpenSSL has no {key.algorithm}", hint=hint)


def _files(folder: Path) -> list[Path]:
    """List the key files by their number: ``payload-10000.key`` is newer than ``payload-9999.key``."""
    return sorted((file for file in folder.glob(_FILES) if _position(file) >= 0), key=_position)


def _position(file: Path) -> int:
    text = file.stem.partition("-")[2]
    return int(text) if text.isascii() and text.isdecimal() else -1


class Vault:
    """Seals and opens payloads with the keys of this installation."""

    def __init__(self, keys: tuple[PayloadKey, ...] = ()) -> None:
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

    @property
    def keys(self) -> tuple[PayloadKey, ...]:
        """List the keys, oldest first; the last one seals."""
        return tuple(self._keys.values())

    def key_of(self, data: bytes) -> bytes | None:
        """Give the id of the key a payload was sealed with; None for one that is not sealed."""
        return bytes(data[len(_MAGIC) + 1 : _HEAD - _NONCE]) if data.startswith(_MAGIC) else None

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt data for one context; without a key it is given back as it is."""
        key = self._newest
        if key is None:
            return data
        head = _MAGIC + bytes([key.number]) + key.id + secrets.token_bytes(_NONCE)
        return _encrypt(key, head, data, context)

    def open(self, data: bytes, context: str) -> bytes:
        """Decrypt what ``seal`` gave for the same context.

        Raises Terminal ECQS-3042 where the key is not here, ECQS-3043 where data or context are not those sealed.
        """
        if not data.startswith(_MAGIC):
            return data
        if len(data) < _HEAD + _TAG:
            raise _changed(context)
        key = self._keys.get(data[len(_MAGIC) + 1 : _HEAD - _NONCE])
        if key is None:
            raise Terminal(
                "ECQS-3042",
                "a stored payload is sealed with a key that is not here",
                where=context,
                hint="put the key file it was sealed with (payload-NNNN.key) back into the keys folder",
            )
        return _decrypt(key, data, context)

    def seal_text(self, text: str, context: str) -> str:
        """Encrypt a text for a text column."""
        if self._newest is None:
            return text
        return _TEXT + base64.b64encode(self.seal(text.encode(), context)).decode("ascii")

    def open_text(self, text: str, context: str) -> str:
        """Decrypt what ``seal_text`` gave; raises like ``open``."""
        if not text.startswith(_TEXT):
            return text
        try:
            data = base64.b64decode(text[len(_TEXT) :], validate=True)
        except ValueError:  # binascii.Error is one
            raise _changed(context) from None
        if not data.startswith(_MAGIC):
            raise _changed(context)
        return self.open(data, context).decode()


def _read(file: Path) -> PayloadKey:
    try:
        name, _, text = file.read_text(encoding="ascii", errors="replace").strip().partition(" ")
    except OSError as error:
        hint = "let this account read it; it is the only one that may"
        raise Misconfigured("ECQS-3041", f"cannot be read ({error.strerror})", where=str(file), hint=hint) from None
    number = next((n for n, (known, _) in _ALGORITHMS.items() if known == name), None)
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if number is None or len(secret) != _ALGORITHMS[number][1]:
        raise Misconfigured(
            "ECQS-3041", "this is not a payload key", where=str(file), hint="restore it from the backup of the keys"
        )
    return PayloadKey(number, secret, file)


def _encrypt(key: PayloadKey, head: bytes, data: bytes, context: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  only where a key is configured

    bound, nonce = head + context.encode(), head[-_NONCE:]
    if key.number == 1:
        return head + AESGCM(key.secret).encrypt(nonce, data, bound)
    cipher = _sm4(key, nonce).encryptor()
    cipher.authenticate_additional_data(bound)
    return b"".join((head, cipher.update(data), cipher.finalize(), cipher.tag))


def _decrypt(key: PayloadKey, data: bytes, context: str) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    bound, nonce = data[:_HEAD] + context.encode(), data[_HEAD - _NONCE : _HEAD]
    sealed = memoryview(data)[_HEAD:]
    try:
        if key.number == 1:
            return AESGCM(key.secret).decrypt(nonce, sealed, bound)
        cipher = _sm4(key, nonce, bytes(sealed[-_TAG:])).decryptor()
        cipher.authenticate_additional_data(bound)
        return bytes(cipher.update(sealed[:-_TAG]) + cipher.finalize())
    except InvalidTag:
        raise _changed(context) from None


def _changed(context: str) -> Terminal:
    return Terminal(
        "ECQS-3043",
        "a stored payload was changed, or stands in another's place",
        where=context,
        hint="restore it from a backup; nothing of it is used",
    )


def _sm4(key: PayloadKey, nonce: bytes, tag: bytes | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag))
