"""SSH servers: a real OpenSSH one, and one that can be told to misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ecqs_test_support_fake_sftp as _fake_sftp
import ecqs_test_support_sshd as _sshd
import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@pytest.fixture
def sshd_in(tmp_path: Path) -> Any:
    """Start OpenSSH servers: a context manager that takes the host key's type and further settings."""

    def start(host_key: str = "ed25519", extra: str = "") -> Any:
        folder = tmp_path / f"sshd-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return _sshd.running_sshd(folder, host_key=host_key, extra=extra)

    return start


def new_host_key(folder: Path) -> paramiko.PKey:
    path = folder / "key"
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    path.write_bytes(pem)
    return paramiko.Ed25519Key.from_private_key_file(str(path))


@pytest.fixture(scope="session")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> paramiko.PKey:
    return new_host_key(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="session")
def other_host_key(tmp_path_factory: pytest.TempPathFactory) -> paramiko.PKey:
    return new_host_key(tmp_path_factory.mktemp("other"))


@pytest.fixture
def fake(host_key: paramiko.PKey) -> Iterator[Any]:
    """A server that can be told to misbehave."""
    with _fake_sftp.fake_server(host_key) as server:
        yield server
