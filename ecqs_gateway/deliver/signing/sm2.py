"""SM2 with SM3 (GB/T 32918.2, GM/T 0009): where a 密评 assessment (GB/T 39786) is required.

The system's OpenSSL does the work where it can; else gmssl does the arithmetic of the curve, with random numbers
from the operating system and SM3 from a native library (gmssl's own SM3 is a thousand times slower, its random
numbers are predictable). Both read the same key files and understand each other's signatures.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ecqs_gateway.deliver.signing import der
from ecqs_gateway.deliver.signing.base import Algorithm, KeyPair, Signer, Verifier, key_id
from ecqs_gateway.deliver.signing.digests import sm3
from ecqs_gateway.doors import libcrypto
from ecqs_gateway.errors import Misconfigured

__all__ = ["SM2", "PythonSigner", "PythonVerifier", "python_keys"]

_NAME = "sm2-sm3"
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _NativeSigner:
    key: libcrypto.Sm2PrivateKey = field(repr=False)
    key_id: str
    algorithm: str = _NAME

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


@dataclass(frozen=True)
class _NativeVerifier:
    key: libcrypto.Sm2PublicKey = field(repr=False)
    key_id: str
    algorithm: str = _NAME

    def verify(self, data: bytes, signature: bytes) -> bool:
        return der.read_signature(signature) is not None and self.key.verify(data, signature)


@dataclass(frozen=True)
class PythonSigner:
    """Signs with gmssl's arithmetic: about 160 signatures a second, not in constant time."""

    number: int = field(repr=False)
    point: bytes = field(repr=False)
    algorithm: str = _NAME

    @property
    def key_id(self) -> str:
        """Name the key by its public point."""
        return key_id(self.point)

    def sign(self, data: bytes) -> bytes:
        """Give DER of (r, s)."""
        curve = _curve(self.point)
        curve.private_key = f"{self.number:064x}"
        digest = _message_digest(self.point, data)
        while True:
            signature = curve.sign(digest, f"{1 + secrets.randbelow(_N - 1):064x}")
            if signature is not None:  # None: this random number gave r = 0 or s = 0
                return der.write_signature(int(signature[:64], 16), int(signature[64:], 16))


@dataclass(frozen=True)
class PythonVerifier:
    """Verifies with gmssl's arithmetic."""

    point: bytes = field(repr=False)
    algorithm: str = _NAME

    @property
    def key_id(self) -> str:
        """Name the key by its public point."""
        return key_id(self.point)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over exactly these bytes."""
        numbers = der.read_signature(signature)
        if numbers is None or not all(1 <= number < _N for number in numbers):
            return False
        try:
            return bool(_curve(self.point).verify("{:064x}{:064x}".format(*numbers), _message_digest(self.point, data)))
        except TypeError:  # gmssl's point at infinity
            return False


def _curve(point: bytes) -> Any:
    from gmssl.sm2 import CryptSM2  # noqa: PLC0415 - slow to import, and only needed without OpenSSL

    curve = CryptSM2(private_key="", public_key="")
    # Set afterwards: the constructor strips every leading 0 and 4 of a key, not only the mark 04.
    curve.public_key = point[1:].hex()
    return curve


def _message_digest(point: bytes, data: bytes) -> bytes:
    """Give e = SM3(Z ‖ M), Z being the digest of signer id, curve and public key (GB/T 32918.2 §5.5)."""
    numbers = b"".join(number.to_bytes(32, "big") for number in (_A, _B, *_G))
    identity = (len(libcrypto.SIGNER_ID) * 8).to_bytes(2, "big") + libcrypto.SIGNER_ID
    return sm3(sm3(identity + numbers + point[1:]) + data)


def _on_curve(point: bytes) -> bool:
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return len(point) == 65 and max(x, y) < _P and (y * y - (x * x * x + _A * x + _B)) % _P == 0


def _public(number: int) -> bytes:
    curve = _curve(b"\4" + b"\0" * 64)
    return b"\4" + bytes.fromhex(curve._kg(number, curve.ecc_table["g"]))  # noqa: SLF001 - gmssl has no public name for it


def python_keys() -> KeyPair:
    """Make a key pair without OpenSSL."""
    number = 1 + secrets.randbelow(_N - 2)
    point = _public(number)
    return KeyPair(der.private_pem(number, point), der.public_pem(point))


@cache
def _native() -> bool:
    native = libcrypto.available()
    if not native:
        _log.warning("signing.sm2 in pure Python: no OpenSSL 3 with SM2 on this system; enough for one a batch")
    return native


def _generate() -> KeyPair:
    return KeyPair(*libcrypto.generate_sm2()) if _native() else python_keys()


def _signer(pem: bytes) -> Signer:
    number, point = der.private_key(pem)
    if not 1 <= number < _N - 1:
        raise Misconfigured("ECQS-4022", "the private SM2 key is out of range", hint="make a new one")
    point = point or _public(number)
    signer = _NativeSigner(libcrypto.Sm2PrivateKey(pem), key_id(point)) if _native() else PythonSigner(number, point)
    # The file names its public key beside the private one; a signature that only the named one refuses helps no one.
    if not _verifier(der.public_pem(point)).verify(b"", signer.sign(b"")):
        raise Misconfigured("ECQS-4022", "the SM2 key file holds two keys that are no pair", hint="make a new one")
    return signer


def _verifier(pem: bytes) -> Verifier:
    point = der.public_point(pem)
    if not _on_curve(point):
        raise Misconfigured("ECQS-4022", "the public SM2 key is not a point of the curve", hint="ask for the right key")
    return _NativeVerifier(libcrypto.Sm2PublicKey(pem), key_id(point)) if _native() else PythonVerifier(point)


SM2 = Algorithm(_NAME, "sm3", _generate, _signer, _verifier)
