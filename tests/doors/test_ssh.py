"""The SSH door: the pinned host or nobody, one login, an end to every wait."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ecqs_gateway.doors.connections import Connection, Secret
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.doors.ssh import Endpoint, HostKey, SftpSession, Timeouts
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient

PLAIN = serialization.NoEncryption()
QUICK = Timeouts(connect=1, handshake=1, login=1, answer=1)


def refusal(endpoint: Endpoint) -> GatewayError:
    with pytest.raises(GatewayError) as error:
        SftpSession(endpoint).close()
    return error.value


# The host key


def test_the_pinned_host_is_let_in(fake: Any) -> None:
    session = SftpSession(fake.endpoint())
    assert session.alive
    assert session.cipher == "aes128-gcm@openssh.com"
    session.close()
    session.close()
    assert not session.alive


def test_another_host_key_ends_it_before_anything_is_said(fake: Any, other_host_key: paramiko.PKey) -> None:
    error = refusal(fake.endpoint(pinned=other_host_key))
    assert (type(error), error.code) == (Terminal, "ECQS-5010")
    assert fake.seen.logins == []


def test_a_host_without_a_key_of_the_pinned_type_ends_it_before_anything_is_said(fake: Any) -> None:
    ecdsa = paramiko.ECDSAKey.generate()
    error = refusal(fake.endpoint(pinned=ecdsa))
    assert (type(error), error.code) == (Terminal, "ECQS-5011")
    assert fake.seen.logins == []


@pytest.mark.openssh
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_openssh_hosts_of_every_key_type_are_known_by_it(sshd_in: Any, kind: str) -> None:
    with sshd_in(kind) as server:
        session = SftpSession(server.endpoint)
        with session.within(5) as wire:
            assert wire.size(b"nothing") is None
        session.close()


@pytest.mark.openssh
def test_openssh_with_a_changed_key_or_type_is_refused_and_sees_no_login(sshd_in: Any, tmp_path: Path) -> None:
    with sshd_in("ed25519") as one, sshd_in("ecdsa", extra="LogLevel DEBUG1") as other:
        changed = replace(one.endpoint, port=other.endpoint.port)
        error = refusal(changed)
        assert (type(error), error.code) == (Terminal, "ECQS-5011")
    log = (other.root.parent / "log").read_text()
    assert "userauth-request" not in log
    assert "Accepted" not in log


@pytest.mark.openssh
@pytest.mark.parametrize(
    "setting", ["Ciphers aes128-cbc", "MACs hmac-sha1", "KexAlgorithms diffie-hellman-group14-sha1"]
)
def test_a_server_with_nothing_but_weak_algorithms_is_refused(sshd_in: Any, setting: str) -> None:
    weak = f"{setting}\nCiphers aes128-ctr" if setting.startswith("MACs") else setting
    with sshd_in(extra=weak) as server:
        error = refusal(server.endpoint)
    assert (type(error), error.code) == (Terminal, "ECQS-5013")


# Logging in


def test_a_password_is_used_once_and_not_shown(fake: Any) -> None:
    fake.behaviour.reject_login = True
    error = refusal(fake.endpoint())
    assert (type(error), error.code) == (Terminal, "ECQS-5012")
    assert len(fake.seen.logins) == 1
    assert fake.seen.logins[0] not in repr(error)
    assert fake.seen.logins[0] not in repr(fake.endpoint())


def private(key: Any, layout: serialization.PrivateFormat, encryption: Any = PLAIN) -> str:
    return key.private_bytes(serialization.Encoding.PEM, layout, encryption).decode()


SHORT_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what must be refused
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = {
    "openssh ed25519": (private(ED, serialization.PrivateFormat.OpenSSH), None, "ssh-ed25519"),
    "pkcs8 ed25519": (private(ED, serialization.PrivateFormat.PKCS8), None, "ssh-ed25519"),
    "encrypted openssh": (
        private(ED, serialization.PrivateFormat.OpenSSH, serialization.BestAvailableEncryption(b"words")),
        "words",
        "ssh-ed25519",
    ),
    "rsa": (private(rsa.generate_private_key(65537, 2048), serialization.PrivateFormat.PKCS8), None, "ssh-rsa"),
    "ecdsa": (
        private(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.PKCS8),
        None,
        "ecdsa-sha2-nistp256",
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_private_keys_of_every_common_form_log_in(fake: Any, name: str) -> None:
    text, passphrase, kind = KEYS[name]
    endpoint = fake.endpoint(
        password=None, private_key=Secret(text), passphrase=Secret(passphrase) if passphrase else None
    )
    SftpSession(endpoint).close()
    assert fake.seen.logins == [kind]


@pytest.mark.parametrize(
    ("text", "passphrase"),
    [
        ("nonsense", None),
        (KEYS["encrypted openssh"][0], None),
        (KEYS["encrypted openssh"][0], "wrong"),
        (private(SHORT_RSA, serialization.PrivateFormat.PKCS8), None),
        (KEYS["rsa"][0][:200], None),
    ],
    ids=["nonsense", "no passphrase", "wrong passphrase", "short rsa", "cut off"],
)
def test_a_private_key_that_cannot_be_used_is_misconfigured(fake: Any, text: str, passphrase: str | None) -> None:
    secret = Secret(passphrase) if passphrase else None
    error = refusal(fake.endpoint(private_key=Secret(text), passphrase=secret))
    assert (type(error), error.code) == (Misconfigured, "ECQS-5017")
    assert fake.seen.connections == 0


def test_a_refused_key_is_not_followed_by_the_password(fake: Any) -> None:
    fake.behaviour.reject_login = True
    assert refusal(fake.endpoint(private_key=Secret(KEYS["rsa"][0]))).code == "ECQS-5012"
    assert fake.seen.logins == ["ssh-rsa"]


def test_a_line_cut_during_login_may_be_tried_again(fake: Any) -> None:
    fake.behaviour.hang_up_at_login = True
    error = refusal(fake.endpoint())
    assert (type(error), error.code) == (Transient, "ECQS-5002")


@pytest.mark.openssh
def test_openssh_that_sends_us_away_has_refused_the_login(sshd_in: Any, tmp_path: Path) -> None:
    with sshd_in(extra="MaxAuthTries 1") as server:
        wrong = replace(server.endpoint, private_key=Secret(KEYS["rsa"][0]))
        error = refusal(wrong)
    assert (type(error), error.code) == (Terminal, "ECQS-5012")


def test_a_server_without_sftp_is_terminal(fake: Any) -> None:
    fake.behaviour.no_subsystem = True
    error = refusal(fake.endpoint())
    assert (type(error), error.code) == (Terminal, "ECQS-5014")


# Servers that are none


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that does something else than SSH with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            opened.append(connected)
            threading.Thread(target=_quietly, args=(serve, connected), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for connected in opened:
            connected.close()


def _quietly(serve: Callable[[socket.socket], None], connected: socket.socket) -> None:
    with suppress(OSError):
        serve(connected)


def trickle(text: bytes) -> Callable[[socket.socket], None]:
    def serve(connected: socket.socket) -> None:
        for byte in text:
            connected.sendall(bytes([byte]))
            time.sleep(0.3)

    return serve


SILENT = lambda connected: time.sleep(30)  # noqa: E731


@pytest.mark.parametrize(
    "serve",
    [
        SILENT,
        lambda connected: connected.close(),
        lambda connected: connected.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>") or connected.close(),
        lambda connected: connected.sendall(b"SSH-2.0-x\r\n") or connected.close(),
        lambda connected: connected.sendall(b"SSH-2.0-x\r\n") or time.sleep(30),
        lambda connected: connected.sendall(b"SSH-2.0-x\r\n" + os.urandom(5000)) or time.sleep(30),
        lambda connected: connected.sendall(b"x" * 100_000) or time.sleep(30),
        trickle(b"SSH-2.0-slow" * 20),
        lambda connected: [connected.sendall(b"banner\r\n") or time.sleep(0.2) for _ in range(100)],
    ],
    ids=[
        "silent",
        "closes",
        "http",
        "banner then closes",
        "banner then silent",
        "garbage",
        "no line end",
        "trickle",
        "endless banner",
    ],
)
def test_whatever_answers_instead_of_ssh_ends_in_time(
    serve: Callable[[socket.socket], None], host_key: paramiko.PKey
) -> None:
    with raw_server(serve) as port:
        endpoint = Endpoint(
            "127.0.0.1", port, "u", HostKey("ssh-ed25519", host_key.asbytes()), Secret("canary-pass"), timeouts=QUICK
        )
        started = time.monotonic()
        error = refusal(endpoint)
    assert isinstance(error, Transient)
    assert error.code in ("ECQS-5002", "ECQS-5003")
    assert time.monotonic() - started < 6


def test_nobody_there_is_transient(host_key: paramiko.PKey) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    endpoint = Endpoint("127.0.0.1", port, "u", HostKey("ssh-ed25519", host_key.asbytes()), Secret("x"), timeouts=QUICK)
    assert refusal(endpoint).code == "ECQS-5001"
    assert refusal(replace(endpoint, host="no-such-host.invalid")).code == "ECQS-5001"


def test_an_exchange_that_takes_too_long_ends_and_says_so(fake: Any) -> None:
    session = SftpSession(fake.endpoint())
    started = time.monotonic()
    with pytest.raises(Transient, match="ECQS-5003"), session.within(0.5):
        time.sleep(0.9)
        session.wire.size(b"x")
    assert time.monotonic() - started < 3
    assert not session.alive


def test_no_watching_thread_stays_behind(fake: Any) -> None:
    for _ in range(3):
        SftpSession(fake.endpoint()).close()
    deadline = time.monotonic() + 5
    while (left := [t for t in threading.enumerate() if t.name == "ecqs-ssh-watch"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


# Settings


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = {
        "id": "ecqs_national",
        "conn_type": "sftp",
        "host": "sftp.example",
        "login": "gateway",
        "password": Secret("long-canary-password"),
        "extra": {"host_key": f"ssh-ed25519 {base64.b64encode(HOST_BLOB).decode()}"},
    }
    return Connection(**(values | changes))


HOST_BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32


def test_an_airflow_connection_becomes_an_endpoint() -> None:
    endpoint = Endpoint.of(connection())
    assert (endpoint.host, endpoint.port, endpoint.user) == ("sftp.example", 22, "gateway")
    assert endpoint.host_key == HostKey("ssh-ed25519", HOST_BLOB)
    assert "canary" not in repr(endpoint)
    assert redactor.mask("it is long-canary-password") == "it is ***"


def test_a_key_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEYS["pkcs8 ed25519"][0])
    extra = {**connection().extra, "key_file": str(tmp_path / "key")}
    endpoint = Endpoint.of(connection(password=None, extra=extra))
    assert endpoint.private_key == Secret(KEYS["pkcs8 ed25519"][0])
    with pytest.raises(Misconfigured, match="ECQS-5017"):
        Endpoint.of(connection(extra={**extra, "key_file": str(tmp_path / "absent")}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAAA",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-ed25519 AAAA",
        "ssh-dss AAAAB3NzaC1kc3MAAAAA",
        f"ssh-rsa {base64.b64encode(HOST_BLOB).decode()}",
        f"SHA256:{base64.b64encode(HOST_BLOB).decode()}",
    ],
)
def test_a_host_key_that_is_none_is_misconfigured(text: str) -> None:
    with pytest.raises(Misconfigured, match="ECQS-5016"):
        Endpoint.of(connection(extra={"host_key": text, "no_host_key_check": True}))


def test_no_host_key_check_has_no_effect() -> None:
    with pytest.raises(Misconfigured, match="ECQS-5016"):
        Endpoint.of(connection(extra={"no_host_key_check": True}))


@pytest.mark.parametrize("changes", [{"host": None}, {"login": None}, {"password": None}])
def test_a_connection_with_something_missing_is_misconfigured(changes: dict[str, None]) -> None:
    with pytest.raises(Misconfigured, match="ECQS-5017"):
        Endpoint.of(connection(**changes))


def test_the_key_ssh_keygen_writes_is_read(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "k")], check=True)
    key = HostKey.parse((tmp_path / "k.pub").read_text(), where="test")
    assert key.type == "ssh-ed25519"


def test_the_door_brings_no_runner_of_programs() -> None:
    code = "import sys, ecqs_gateway.doors.ssh; sys.exit('invoke' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import ecqs_gateway.doors.ssh, invoke, paramiko; paramiko.Transport; invoke.run"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
