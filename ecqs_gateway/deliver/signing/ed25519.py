"""Ed25519 by ``cryptography``: the default algorithm."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ecqs_gateway.deliver.signing.base import Algorithm, KeyPair, key_id
from ecqs_gateway.errors import Misconfigured

__all__ = ["ED25519"]

_NAME = "ed25519"


@dataclass(frozen=True)
class _Signer:
    key: Ed25519PrivateKey = field(repr=False)
    key_id: str
    algorithm: str = _NAME

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


@dataclass(frozen=True)
class _Verifier:
    key: Ed25519PublicKey = field(repr=False)
    key_id: str
    algorithm: str = _NAME

    def verify(self, data: bytes, signature: bytes) -> bool:
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


def _generate() -> KeyPair:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private, public)


def _signer(pem: bytes) -> _Signer:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _not_a_key("private") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key("private")
    return _Signer(key, _key_id(key.public_key()))


def _verifier(pem: bytes) -> _Verifier:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _not_a_key("public") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _not_a_key("public")
    return _Verifier(key, _key_id(key))


def _key_id(key: Ed25519PublicKey) -> str:
    return key_id(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def _not_a_key(half: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-4022",
        f"this is not an unencrypted {half} Ed25519 key in PEM",
        hint="make one with `openssl genpkey -algorithm ed25519`",
    )


ED25519 = Algorithm(_NAME, "sha-256", _generate, _signer, _verifier)
