"""Signatures as plug-ins: an algorithm is a name in the envelope and an object behind it."""

from __future__ import annotations

from ecqs_gateway.deliver.signing.base import Algorithm, KeyPair, Signer, Verifier, algorithm, key_id, register
from ecqs_gateway.deliver.signing.digests import digest
from ecqs_gateway.deliver.signing.ed25519 import ED25519
from ecqs_gateway.deliver.signing.envelope import Trust, Verified, read_envelope, seal
from ecqs_gateway.deliver.signing.sm2 import SM2

__all__ = [
    "Algorithm",
    "KeyPair",
    "Signer",
    "Trust",
    "Verified",
    "Verifier",
    "algorithm",
    "digest",
    "key_id",
    "read_envelope",
    "register",
    "seal",
]

register(ED25519)
register(SM2)
