"""SM2 signatures by the system's OpenSSL 3, which Python's ``cryptography`` does not offer.

About 2,900 signatures a second and SM3 at native speed, where pure Python manages five signatures of a 50 kB text.
Keys are handed in as PEM for each object and live in OpenSSL's memory until the object is collected. Signatures are
made and checked over SM3 with the signer id of GM/T 0009, 1234567812345678: without it OpenSSL takes an empty id and
no other implementation agrees.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache

from ecqs_gateway.doors.native import load_native
from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["SIGNER_ID", "Sm2PrivateKey", "Sm2PublicKey", "available", "generate_sm2"]

SIGNER_ID = b"1234567812345678"

_LIBRARIES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
_OLDEST = 0x30000000
_BIO_CTRL_INFO = 3
_LONGEST_SIGNATURE = 128

_SIGNATURES = (
    ("OpenSSL_version_num", c_ulong, ()),
    ("ERR_clear_error", None, ()),
    ("BIO_new_mem_buf", c_void_p, (c_char_p, c_int)),
    ("BIO_s_mem", c_void_p, ()),
    ("BIO_new", c_void_p, (c_void_p,)),
    ("BIO_ctrl", c_long, (c_void_p, c_int, c_long, c_void_p)),
    ("BIO_free", c_int, (c_void_p,)),
    ("PEM_read_bio_PrivateKey", c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    ("PEM_read_bio_PUBKEY", c_void_p, (c_void_p, c_void_p, c_void_p, c_char_p)),
    ("PEM_write_bio_PKCS8PrivateKey", c_int, (c_void_p, c_void_p, c_void_p, c_char_p, c_int, c_void_p, c_void_p)),
    ("PEM_write_bio_PUBKEY", c_int, (c_void_p, c_void_p)),
    ("EVP_PKEY_is_a", c_int, (c_void_p, c_char_p)),
    ("EVP_PKEY_free", None, (c_void_p,)),
    ("EVP_PKEY_CTX_new", c_void_p, (c_void_p, c_void_p)),
    ("EVP_PKEY_CTX_new_from_name", c_void_p, (c_void_p, c_char_p, c_char_p)),
    ("EVP_PKEY_CTX_set1_id", c_int, (c_void_p, c_char_p, c_int)),
    ("EVP_PKEY_CTX_free", None, (c_void_p,)),
    ("EVP_PKEY_keygen_init", c_int, (c_void_p,)),
    ("EVP_PKEY_generate", c_int, (c_void_p, POINTER(c_void_p))),
    ("EVP_MD_CTX_new", c_void_p, ()),
    ("EVP_MD_CTX_set_pkey_ctx", None, (c_void_p, c_void_p)),
    ("EVP_MD_CTX_free", None, (c_void_p,)),
    ("EVP_sm3", c_void_p, ()),
    ("EVP_DigestSignInit", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("EVP_DigestSign", c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    ("EVP_DigestVerifyInit", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    ("EVP_DigestVerify", c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
)

_load_lock = threading.Lock()


@cache
def _library() -> ctypes.CDLL | None:
    with _load_lock:
        return load_native(_LIBRARIES, _SIGNATURES, _has_sm2)


def _has_sm2(library: ctypes.CDLL) -> bool:
    # Some distributions build OpenSSL without SM2: try it, once.
    return library.OpenSSL_version_num() >= _OLDEST and _generate(library) is not None


def available() -> bool:
    """Say whether the system has an OpenSSL 3 or later that can do SM2."""
    return _library() is not None


def _need() -> ctypes.CDLL:
    library = _library()
    if library is None:
        raise Terminal("ECQS-4026", "no OpenSSL 3 with SM2 on this system", hint="install libssl3")
    return library


class _Key:
    """An EVP_PKEY read from PEM; used by many threads at once, each call with its own context."""

    _reader = ""

    def __init__(self, pem: bytes) -> None:
        library = _need()
        bio = library.BIO_new_mem_buf(pem, len(pem))
        try:
            # The empty passphrase keeps OpenSSL from asking on the terminal for that of an encrypted key.
            key = getattr(library, self._reader)(bio, None, None, b"")
        finally:
            library.BIO_free(bio)
        if key:
            weakref.finalize(self, library.EVP_PKEY_free, key)
        if not key or library.EVP_PKEY_is_a(key, b"SM2") != 1:
            library.ERR_clear_error()
            raise Misconfigured(
                "ECQS-4022", "this is not an SM2 key in PEM", hint="make one with `openssl genpkey -algorithm SM2`"
            )
        self._key = key

    def _with_context(self, start: str, work: Callable[[ctypes.CDLL, int], bytes | None]) -> bytes | None:
        """Run ``work`` with a digest context made for this key, SM3 and the standard signer id."""
        library = _need()
        context = library.EVP_MD_CTX_new()
        options = library.EVP_PKEY_CTX_new(self._key, None)
        try:
            ready = (
                context
                and options
                and library.EVP_PKEY_CTX_set1_id(options, SIGNER_ID, len(SIGNER_ID)) == 1
                and (library.EVP_MD_CTX_set_pkey_ctx(context, options) or True)
                and getattr(library, start)(context, None, library.EVP_sm3(), None, self._key) == 1
            )
            result = work(library, context) if ready else None
            if result is None:
                library.ERR_clear_error()
            return result
        finally:
            library.EVP_MD_CTX_free(context)
            library.EVP_PKEY_CTX_free(options)


class Sm2PrivateKey(_Key):
    """A private SM2 key; ``sign`` gives DER of (r, s)."""

    _reader = "PEM_read_bio_PrivateKey"

    def sign(self, data: bytes) -> bytes:
        """Sign; raises Terminal ECQS-4026 when OpenSSL fails."""

        def work(library: ctypes.CDLL, context: int) -> bytes | None:
            buffer = ctypes.create_string_buffer(_LONGEST_SIGNATURE)
            length = c_size_t(_LONGEST_SIGNATURE)
            done = library.EVP_DigestSign(context, buffer, byref(length), data, len(data))
            return buffer.raw[: length.value] if done == 1 else None

        signature = self._with_context("EVP_DigestSignInit", work)
        if signature is None:
            raise Terminal("ECQS-4026", "OpenSSL could not make an SM2 signature")
        return signature


class Sm2PublicKey(_Key):
    """A public SM2 key; ``verify`` takes DER of (r, s)."""

    _reader = "PEM_read_bio_PUBKEY"

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over exactly these bytes."""

        def work(library: ctypes.CDLL, context: int) -> bytes | None:
            good = library.EVP_DigestVerify(context, signature, len(signature), data, len(data)) == 1
            return b"good" if good else None

        return self._with_context("EVP_DigestVerifyInit", work) is not None


def generate_sm2() -> tuple[bytes, bytes]:
    """Make a new key pair: private key as PKCS#8 PEM, public key as SubjectPublicKeyInfo PEM."""
    pair = _generate(_need())
    if pair is None:
        raise Terminal("ECQS-4026", "OpenSSL could not make an SM2 key")
    return pair


def _generate(library: ctypes.CDLL) -> tuple[bytes, bytes] | None:
    key = c_void_p()
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    try:
        made = (
            context
            and library.EVP_PKEY_keygen_init(context) == 1
            and library.EVP_PKEY_generate(context, byref(key)) == 1
        )
        if not made:
            return None
        private = _pem(library, lambda bio: library.PEM_write_bio_PKCS8PrivateKey(bio, key, None, None, 0, None, None))
        public = _pem(library, lambda bio: library.PEM_write_bio_PUBKEY(bio, key))
        return (private, public) if private and public else None
    finally:
        library.ERR_clear_error()
        library.EVP_PKEY_free(key)
        library.EVP_PKEY_CTX_free(context)


def _pem(library: ctypes.CDLL, write: Callable[[int], int]) -> bytes | None:
    bio = library.BIO_new(library.BIO_s_mem())
    try:
        if write(bio) != 1:
            return None
        start = c_void_p()
        length = library.BIO_ctrl(bio, _BIO_CTRL_INFO, 0, byref(start))
        return ctypes.string_at(start, length)
    finally:
        library.BIO_free(bio)
