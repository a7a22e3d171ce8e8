"""The detached signature beside a manifest or a receipt, and whom we believe.

The envelope is a JSON object with exactly ``algorithm``, ``key_id`` and ``signature`` (Base64), over the exact bytes
of the file beside it. It decides nothing: which algorithms and keys count is the receiver's own setting, and what is
used afterwards are the bytes the verifier gave back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecqs_gateway.deliver.signing.base import Signer, Verifier, algorithm
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.model.batch import Signature

__all__ = ["Trust", "Verified", "read_envelope", "seal"]

_LARGEST = 4096
_FIELDS = ("algorithm", "key_id", "signature")


def seal(data: bytes, signer: Signer) -> bytes:
    """Sign bytes and give the envelope."""
    signature = base64.b64encode(signer.sign(data)).decode("ascii")
    values = (signer.algorithm, signer.key_id, signature)
    return json.dumps(dict(zip(_FIELDS, values, strict=True))).encode("ascii")


def read_envelope(envelope: bytes) -> tuple[Signature, bytes]:
    """Give the envelope and its signature's bytes; raises Terminal ECQS-4023 when it is not exactly an envelope."""
    try:
        return _read(envelope)
    except (ValueError, RecursionError):
        raise Terminal("ECQS-4023", "the signature file is not a signature envelope", hint=_ALARM) from None


def _read(envelope: bytes) -> tuple[Signature, bytes]:
    if len(envelope) > _LARGEST:
        raise ValueError("too long")
    pairs = json.loads(envelope.decode("utf-8"), object_pairs_hook=tuple)  # a tuple is an object, a list an array
    if not isinstance(pairs, tuple) or sorted(name for name, _ in pairs) != sorted(_FIELDS):
        raise ValueError("other fields, or one of them twice")
    values = dict(pairs)
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("a value is not a text")
    signature = base64.b64decode(values["signature"], validate=True)
    if base64.b64encode(signature).decode("ascii") != values["signature"]:
        raise ValueError("not the one Base64 of these bytes")
    return Signature(**values), signature


@dataclass(frozen=True)
class Verified:
    """Bytes whose signature was good, and whose it was."""

    data: bytes = field(repr=False)
    algorithm: str
    key_id: str


@dataclass(frozen=True)
class Trust:
    """The keys and algorithms that count, from our own settings, never from a message."""

    verifiers: Mapping[str, Verifier]
    """By key id."""
    algorithms: frozenset[str]
    """Names that may stand in an envelope; narrower than what the keys could do where a downgrade must be refused."""

    @classmethod
    def of(cls, keys: Iterable[tuple[str, bytes]], *, algorithms: Iterable[str] | None = None) -> Trust:
        """Trust these public keys, each given as algorithm name and PEM; allow their algorithms unless told less."""
        verifiers = [algorithm(name).verifier(pem) for name, pem in keys]
        if not verifiers:
            raise Misconfigured(
                "ECQS-4024", "no key of headquarters is set", hint="put its public key into the settings"
            )
        allowed = frozenset(v.algorithm for v in verifiers) if algorithms is None else frozenset(algorithms)
        return cls({verifier.key_id: verifier for verifier in verifiers}, allowed)

    def verify(self, data: bytes, envelope: bytes) -> Verified:
        """Give the bytes back when their signature is good.

        Raises Terminal: ECQS-4023 no envelope, ECQS-4021 algorithm not allowed, ECQS-4024 key not trusted,
        ECQS-4025 signature bad.
        """
        claim, signature = read_envelope(envelope)
        if claim.algorithm not in self.algorithms:
            raise Terminal("ECQS-4021", "the signature's algorithm is not one we accept", hint=_ALARM)
        verifier = self.verifiers.get(claim.key_id)
        if verifier is None or verifier.algorithm != claim.algorithm:
            raise Terminal("ECQS-4024", "the signature's key is not one we trust", hint=_ALARM)
        if not verifier.verify(data, signature):
            raise Terminal("ECQS-4025", "the signature does not fit the bytes it stands beside", hint=_ALARM)
        return Verified(data, claim.algorithm, claim.key_id)


_ALARM = "ask headquarters through another channel before trusting it"
