"""What a signature algorithm is, and the register of those that exist.

An algorithm is an identifier in the envelope and a plug-in behind it, never a constant: ``ed25519`` and ``sm2-sm3``
are built in, others register themselves with ``register`` or through the entry point group
``ecqs_gateway.signatures`` (an object of type ``Algorithm``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol

from ecqs_gateway.errors import Misconfigured

__all__ = ["ENTRY_POINTS", "Algorithm", "KeyPair", "Signer", "Verifier", "algorithm", "key_id", "register"]

ENTRY_POINTS = "ecqs_gateway.signatures"


class Signer(Protocol):
    """Holds one private key and signs with it."""

    @property
    def algorithm(self) -> str:
        """Name of the algorithm, as it stands in the envelope."""

    @property
    def key_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the raw public key."""

    def sign(self, data: bytes) -> bytes:
        """Give the signature over exactly these bytes."""


class Verifier(Protocol):
    """Holds one public key and checks signatures with it."""

    @property
    def algorithm(self) -> str:
        """Name of the algorithm, as it stands in the envelope."""

    @property
    def key_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the raw public key."""

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over exactly these bytes."""


@dataclass(frozen=True)
class KeyPair:
    """A key pair as PEM: PKCS#8 and SubjectPublicKeyInfo."""

    private: bytes = field(repr=False)
    public: bytes


@dataclass(frozen=True)
class Algorithm:
    """A signature algorithm; the functions take PEM and raise Misconfigured ECQS-4022 for what is no such key."""

    name: str
    digest: str
    """Digest algorithm of package parts under this signature: ``sha-256`` or ``sm3``."""
    generate: Callable[[], KeyPair]
    signer: Callable[[bytes], Signer]
    verifier: Callable[[bytes], Verifier]


_registered: dict[str, Algorithm] = {}


def register(algorithm: Algorithm) -> None:
    """Make an algorithm known under its name; raises Misconfigured ECQS-4021 when the name is taken by another."""
    if _registered.setdefault(algorithm.name, algorithm) is not algorithm:
        raise Misconfigured("ECQS-4021", f"two signature algorithms are called {algorithm.name}")


def algorithm(name: str) -> Algorithm:
    """Give the algorithm of that name; raises Misconfigured ECQS-4021 where there is none."""
    if name not in _registered:
        for entry in entry_points(group=ENTRY_POINTS, name=name):
            found = entry.load()
            if isinstance(found, Algorithm) and found.name == name:
                register(found)
                break
    if name not in _registered:
        known = ", ".join(sorted(_registered))
        raise Misconfigured("ECQS-4021", "unknown signature algorithm", where=name, hint=f"use one of {known}")
    return _registered[name]


def key_id(raw_public_key: bytes) -> str:
    """Name a key: Ed25519 by its 32 bytes, SM2 by the 65 bytes of its uncompressed point."""
    return hashlib.sha256(raw_public_key).hexdigest()[:16]
