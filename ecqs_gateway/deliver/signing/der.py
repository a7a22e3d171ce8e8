"""The little DER that SM2 needs: its key files and its signatures, read strictly (one encoding per value)."""

from __future__ import annotations

import base64
import binascii
import re

from ecqs_gateway.errors import Misconfigured

__all__ = ["private_key", "private_pem", "public_pem", "public_point", "read_signature", "write_signature"]

_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")  # id-ecPublicKey with curve SM2
_SEQUENCE, _INTEGER, _BITS, _OCTETS, _PARAMETERS, _PUBLIC = 0x30, 0x02, 0x03, 0x04, 0xA0, 0xA1
_SIZE = 32
_PEM = re.compile(rb"\A\s*-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)-----END \1-----\s*\Z")


def read_signature(data: bytes) -> tuple[int, int] | None:
    """Give (r, s), or None where the bytes are anything else than their one DER encoding."""
    try:
        inner, rest = _take(data, _SEQUENCE)
        first, inner = _take(inner, _INTEGER)
        second, left = _take(inner, _INTEGER)
    except ValueError:
        return None
    r, s = int.from_bytes(first, "big", signed=True), int.from_bytes(second, "big", signed=True)
    if rest or left or min(r, s) < 1 or data != write_signature(r, s):
        return None
    return r, s


def write_signature(r: int, s: int) -> bytes:
    """Encode (r, s)."""
    return _put(_SEQUENCE, _integer(r) + _integer(s))


def private_key(pem: bytes) -> tuple[int, bytes]:
    """Give the number d and the public point (65 bytes, empty where the file has none) of a PKCS#8 file."""
    try:
        return _read_private(_unarmour(pem, b"PRIVATE KEY"))
    except ValueError:
        raise _bad("private") from None


def _read_private(data: bytes) -> tuple[int, bytes]:
    inner, rest = _take(data, _SEQUENCE)
    version, inner = _take(inner, _INTEGER)
    if rest or version != b"\0" or not inner.startswith(_ALGORITHM):
        raise ValueError("not PKCS#8 with curve SM2")
    wrapped, _attributes = _take(inner[len(_ALGORITHM) :], _OCTETS)
    key, rest = _take(wrapped, _SEQUENCE)
    version, key = _take(key, _INTEGER)
    number, key = _take(key, _OCTETS)
    if rest or version != b"\1" or len(number) != _SIZE:
        raise ValueError("not an EC private key of 32 bytes")
    if key[:1] == bytes([_PARAMETERS]):
        _parameters, key = _take(key, _PARAMETERS)
    point = _uncompressed(_take(_take(key, _PUBLIC)[0], _BITS)[0]) if key else b""
    return int.from_bytes(number, "big"), point


def public_point(pem: bytes) -> bytes:
    """Give the uncompressed point, 65 bytes beginning with 04, of a SubjectPublicKeyInfo file."""
    try:
        return _read_public(_unarmour(pem, b"PUBLIC KEY"))
    except ValueError:
        raise _bad("public") from None


def _read_public(data: bytes) -> bytes:
    inner, rest = _take(data, _SEQUENCE)
    if rest or not inner.startswith(_ALGORITHM):
        raise ValueError("not an SM2 key")
    bits, rest = _take(inner[len(_ALGORITHM) :], _BITS)
    if rest:
        raise ValueError("bytes left over")
    return _uncompressed(bits)


def _uncompressed(bits: bytes) -> bytes:
    if len(bits) != 2 + 2 * _SIZE or bits[:2] != b"\0\4":
        raise ValueError("not an uncompressed point")
    return bits[1:]


def private_pem(number: int, point: bytes) -> bytes:
    """Write a PKCS#8 file."""
    public = _put(_PUBLIC, _put(_BITS, b"\0" + point))
    key = _put(_SEQUENCE, _integer(1) + _put(_OCTETS, number.to_bytes(_SIZE, "big")) + public)
    return _armour(b"PRIVATE KEY", _put(_SEQUENCE, _integer(0) + _ALGORITHM + _put(_OCTETS, key)))


def public_pem(point: bytes) -> bytes:
    """Write a SubjectPublicKeyInfo file."""
    return _armour(b"PUBLIC KEY", _put(_SEQUENCE, _ALGORITHM + _put(_BITS, b"\0" + point)))


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Split off one value of that tag; raises ValueError for another tag, or a length not written the one right way."""
    if len(data) < 2 or data[0] != tag:
        raise ValueError("another tag")
    size, start = data[1], 2
    if size == 0x81:
        size, start = (data[2] if len(data) > 2 else 0), 3
        if size < 0x80:
            raise ValueError("length too long")
    elif size >= 0x80:
        raise ValueError("longer than any SM2 value")
    if len(data) < start + size:
        raise ValueError("cut off")
    return data[start : start + size], data[start + size :]


def _put(tag: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value


def _integer(value: int) -> bytes:
    return _put(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _unarmour(pem: bytes, label: bytes) -> bytes:
    found = _PEM.match(pem)
    if found is None or found[1] != label:
        raise ValueError("not that kind of PEM")
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise ValueError("not Base64") from error


def _armour(label: bytes, data: bytes) -> bytes:
    text = base64.b64encode(data)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN " + label + b"-----", *lines, b"-----END " + label + b"-----", b""])


def _bad(half: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-4022",
        f"this is not an unencrypted {half} SM2 key in PEM",
        hint="make one with `openssl genpkey -algorithm SM2`",
    )
