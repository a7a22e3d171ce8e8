"""Making SSH key pairs, for accounts that our own tools set up."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

__all__ = ["SshKeyPair", "generate_ssh_key"]


@dataclass(frozen=True)
class SshKeyPair:
    """An Ed25519 key pair in OpenSSH's forms: a private key file, and a line for ``authorized_keys``."""

    private: str = field(repr=False)
    public: str


def generate_ssh_key() -> SshKeyPair:
    """Make a new key pair without a passphrase."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode("ascii")
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
    return SshKeyPair(private, public)
