"""Digests by the names that stand in manifests and receipts: ``sha-256`` and ``sm3``, both at native speed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.hashes import SM3, Hash

from ecqs_gateway.errors import Terminal

__all__ = ["DIGESTS", "digest", "sm3"]


def sm3(data: bytes) -> bytes:
    """Give the SM3 digest; hashlib has it where Python was built against an OpenSSL with SM3."""
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        digester = Hash(SM3())
        digester.update(data)
        return digester.finalize()


DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {"sha-256": lambda data: hashlib.sha256(data).digest(), "sm3": sm3}


def digest(algorithm: str, data: bytes) -> str:
    """Give a digest as lowercase hex; raises Terminal ECQS-4021 for an algorithm that is not known."""
    function = DIGESTS.get(algorithm)
    if function is None:
        raise Terminal("ECQS-4021", "unknown digest algorithm", hint=f"known are {', '.join(DIGESTS)}")
    return function(data).hex()
