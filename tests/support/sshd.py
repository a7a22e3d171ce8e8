"""A real OpenSSH server on a free loopback port, as a plain process with its own keys and folders."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecqs_gateway.doors.connections import Secret
from ecqs_gateway.doors.ssh import Endpoint, HostKey, Timeouts

SSHD = "/usr/sbin/sshd"


@dataclass(frozen=True)
class Server:
    """A running server: its endpoint (login by key) and the folder that is the account's root."""

    endpoint: Endpoint
    root: Path
    process: subprocess.Popen[bytes]


def need_sshd() -> None:
    if not Path(SSHD).exists() or shutil.which("ssh-keygen") is None:
        message = f"{SSHD} or ssh-keygen is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


def keygen(path: Path, kind: str = "ed25519") -> str:
    """Make a key pair; give the public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_sshd(folder: Path, *, host_key: str = "ed25519", extra: str = "") -> Iterator[Server]:
    need_sshd()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd will not start as root without it
    root = folder / "root"
    root.mkdir()
    public = keygen(folder / "host", host_key)
    (folder / "authorized").write_text(keygen(folder / "user"))
    port = free_port()
    (folder / "config").write_text(
        f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
Subsystem sftp internal-sftp
ForceCommand internal-sftp -d {root}
LogLevel ERROR
{extra}
"""
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=log)
    try:
        _wait(port, process, folder / "log")
        parts = public.split()
        endpoint = Endpoint(
            "127.0.0.1",
            port,
            getpass.getuser(),
            HostKey.parse(f"{parts[0]} {parts[1]}", where="test"),
            private_key=Secret((folder / "user").read_text()),
            timeouts=Timeouts(connect=5, handshake=10, login=10, answer=10),
        )
        yield Server(endpoint, root, process)
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"sshd did not start: {log.read_text(errors='replace')}")
