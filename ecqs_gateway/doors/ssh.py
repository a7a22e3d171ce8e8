"""The only door to paramiko: an SFTP session with one host, whose key is known beforehand.

The host key is pinned: the server is asked for a key of exactly that type, the key is compared before anything about
us is said, and a key that is unknown, changed or of another type ends the attempt for good. One credential is tried
once, so that no account is locked by retries. Every wait has an end, also for a server that answers a byte a second.
``TCP_NODELAY`` is set on our own socket: without it each small file waits 44 ms for a delayed acknowledgement.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import io
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ecqs_gateway.doors.connections import Connection, Secret
from ecqs_gateway.doors.paramiko_alone import paramiko
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.doors.sftp_wire import SftpProtocolError, SftpWire
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient

__all__ = ["Endpoint", "HostKey", "SftpSession", "Timeouts"]

_LOG_CHANNEL = "ecqs_gateway.paramiko"
# paramiko prints a traceback for whatever goes wrong and repeats what the server says; our own errors say it better.
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL + 1)

_KEY_ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),  # the key type is ssh-rsa also where SHA-1 is not used
}
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr")
_MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
_WEAKEST_RSA = 2048
_POLL = 0.25


@dataclass(frozen=True)
class Timeouts:
    """How long each step may take, in seconds."""

    connect: float = 10
    handshake: float = 15
    login: float = 20
    answer: float = 30
    """Silence within a transfer."""
    slowest: int = 16_000
    """Bytes a second below which a transfer is given up: it adds to ``answer`` for what is transferred."""

    def within(self, size: int) -> float:
        """Give the time an exchange of that many bytes may take in all."""
        return self.answer + size / self.slowest


@dataclass(frozen=True)
class HostKey:
    """A host's public key as it stands in ``known_hosts``: type and the key itself."""

    type: str
    blob: bytes

    @classmethod
    def parse(cls, text: str, *, where: str) -> HostKey:
        """Read ``ssh-ed25519 AAAA…``; raises Misconfigured ECQS-5016."""
        parts = text.split()
        try:
            blob = base64.b64decode(parts[1], validate=True)
            inner = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii")
        except (IndexError, binascii.Error, UnicodeDecodeError):
            raise _bad_host_key(where) from None
        if parts[0] not in _KEY_ALGORITHMS or inner != parts[0]:
            raise _bad_host_key(where)
        return cls(parts[0], blob)


def _bad_host_key(where: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-5016",
        f"the host key is not one of the types {', '.join(_KEY_ALGORITHMS)}",
        where=where,
        hint='set "host_key" in the connection\'s extra to "ssh-ed25519 AAAA…", confirmed by telephone',
    )


@dataclass(frozen=True)
class Endpoint:
    """Where to, as whom, and by which host key the other side is known."""

    host: str
    port: int
    user: str
    host_key: HostKey
    password: Secret | None = None
    private_key: Secret | None = None
    passphrase: Secret | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)

    @classmethod
    def of(cls, connection: Connection, *, host_key: str | None = None, timeouts: Timeouts | None = None) -> Endpoint:
        """Read an Airflow connection of type ``sftp`` or ``ssh``.

        From its extra: ``host_key`` (``host_key`` given here goes before it), ``private_key`` or ``key_file``, and
        ``private_key_passphrase``; ``no_host_key_check`` has no effect. Raises Misconfigured ECQS-5016 or ECQS-5017.
        """
        if not connection.host or not connection.login:
            raise _incomplete(connection, "names no host or no login")
        text = host_key or connection.option("host_key")
        if text is None:
            raise _bad_host_key(connection.id)
        private_key, file = connection.secret("private_key"), connection.option("key_file")
        if private_key is None and file is not None:
            try:
                private_key = Secret(Path(file).read_text(encoding="ascii"))
            except (OSError, UnicodeDecodeError) as error:
                raise _incomplete(connection, "names a key_file that cannot be read") from error
        if private_key is None and connection.password is None:
            raise _incomplete(connection, "has neither private_key nor password")
        passphrase = connection.secret("private_key_passphrase")
        for secret in (connection.password, private_key, passphrase):
            if secret is not None:
                redactor.add(secret.reveal())
        return cls(
            connection.host,
            connection.port or 22,
            connection.login,
            HostKey.parse(text, where=connection.id),
            connection.password,
            private_key,
            passphrase,
            timeouts or Timeouts(),
        )

    @property
    def address(self) -> str:
        """Name the endpoint in messages."""
        return f"{self.host}:{self.port}"


def _incomplete(connection: Connection, why: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-5017", f"the connection {why}", where=connection.id, hint="complete the connection's settings"
    )


class _Transport(paramiko.Transport):
    """Remembers that the server sent us away, which paramiko reports like a broken line."""

    sent_away = False

    def _parse_disconnect(self, message: paramiko.Message) -> None:
        self.sent_away = True
        super()._parse_disconnect(message)  # type: ignore[misc]


class SftpSession:
    """One SFTP session over one SSH connection; used by one thread at a time."""

    def __init__(self, endpoint: Endpoint, *, log_in: bool = True) -> None:
        """Connect, know the host, log in, start SFTP; without ``log_in`` only know the host, and be of no other use.

        Raises Terminal: ECQS-5010 another host key, ECQS-5011 none of the pinned type, ECQS-5012 login refused,
        ECQS-5013 no common algorithms, ECQS-5014 no SFTP; Transient: ECQS-5001 unreachable, ECQS-5002 connection
        lost, ECQS-5003 too slow.
        """
        self._endpoint = endpoint
        self._key = _private_key(endpoint)
        self._socket = _connect(endpoint)
        self._watch = _Watch(self._socket)
        try:
            self._transport = self._handshake()
            if not log_in:
                return
            with self._guarded(endpoint.timeouts.login):
                self._log_in()
                self.wire = self._start_sftp()
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Say whether the connection still stands, as far as is known without asking."""
        return self._transport.is_active()

    @property
    def cipher(self) -> str:
        """Name the cipher of what we send."""
        return str(self._transport.local_cipher)

    @contextmanager
    def within(self, seconds: float) -> Iterator[SftpWire]:
        """Use the session for an exchange that may take that long in all.

        A connection that fails or takes longer is closed, and Transient ECQS-5002 or ECQS-5003 is raised; what the
        server refuses comes out as SftpFailure and leaves the session usable.
        """
        with self._guarded(seconds):
            yield self.wire

    def close(self) -> None:
        """End the connection; safe to call twice."""
        self._watch.stop()
        transport: _Transport | None = getattr(self, "_transport", None)
        if transport is not None:
            transport.close()
        self._socket.close()

    def _handshake(self) -> _Transport:
        endpoint = self._endpoint
        transport = _Transport(self._socket, strict_kex=True)
        self._transport = transport
        transport.set_log_channel(_LOG_CHANNEL)
        transport.banner_timeout = transport.handshake_timeout = endpoint.timeouts.handshake
        transport.auth_timeout = endpoint.timeouts.login
        transport.daemon = True
        options = transport.get_security_options()
        options.key_types = _KEY_ALGORITHMS[endpoint.host_key.type]
        options.ciphers = _CIPHERS
        options.digests = _MACS
        options.kex = tuple(name for name in options.kex if "sha1" not in name)
        with self._guarded(endpoint.timeouts.handshake):
            transport.start_client(timeout=endpoint.timeouts.handshake)
            if not transport.initial_kex_done:
                raise TimeoutError
            key = transport.get_remote_server_key().asbytes()
        if not hmac.compare_digest(key, endpoint.host_key.blob):
            raise Terminal(
                "ECQS-5010", "the server's host key is not the pinned one", where=endpoint.address, hint=_ALARM
            )
        return transport

    def _log_in(self) -> None:
        """Try the one credential there is; a second one only where the server asks for it beside the first."""
        endpoint, transport = self._endpoint, self._transport
        try:
            wanted = []
            if self._key is not None:
                wanted = transport.auth_publickey(endpoint.user, self._key)
            if endpoint.password is not None and (self._key is None or "password" in wanted):
                wanted = transport.auth_password(endpoint.user, endpoint.password.reveal())
        except paramiko.AuthenticationException as error:
            lost = not transport.is_active() and not transport.sent_away
            if lost or "timeout" in str(error):
                raise EOFError from None
            raise self._refused_login() from None
        if wanted or not transport.is_authenticated():
            raise self._refused_login()
        transport.set_keepalive(30)

    def _refused_login(self) -> Terminal:
        hint = "check user and key with headquarters; nothing is tried again, so that the account is not locked"
        return Terminal("ECQS-5012", "the server refused the login", where=self._endpoint.address, hint=hint)

    def _start_sftp(self) -> SftpWire:
        channel = self._transport.open_session(timeout=self._endpoint.timeouts.login)
        channel.settimeout(self._endpoint.timeouts.answer)
        try:
            channel.invoke_subsystem("sftp")
        except paramiko.SSHException:
            if not self._transport.is_active():
                raise
            raise self._no_sftp() from None
        return SftpWire(channel)

    def _no_sftp(self) -> Terminal:
        hint = "ask headquarters whether this account may use SFTP"
        return Terminal("ECQS-5014", "the server offers no SFTP here", where=self._endpoint.address, hint=hint)

    @contextmanager
    def _guarded(self, seconds: float) -> Iterator[None]:
        """Limit the time, and turn what paramiko and sockets raise into our own errors."""
        try:
            with self._watch.limit(seconds):
                yield
        except SftpProtocolError:
            self.close()
            raise self._no_sftp() from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            self.close()
            raise self._connection_error(error, seconds) from error

    def _connection_error(self, error: Exception, seconds: float) -> GatewayError:
        where = self._endpoint.address
        if self._watch.expired or isinstance(error, TimeoutError):
            hint = "it is tried again; if it stays so, ask the network people about the line to headquarters"
            return Transient("ECQS-5003", f"no answer within {seconds:.0f} s", where=where, hint=hint)
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            if "host key" in str(error):
                kind = self._endpoint.host_key.type
                return Terminal("ECQS-5011", f"the server has no host key of type {kind}", where=where, hint=_ALARM)
            hint = "headquarters' SSH server offers only algorithms that are not safe any more"
            return Terminal("ECQS-5013", "no SSH algorithm in common", where=where, hint=hint)
        return Transient("ECQS-5002", "the connection was lost", where=where, hint="it is tried again")


_ALARM = (
    "nothing was sent; someone may be in between. Confirm the new host key with headquarters by telephone "
    "before changing the connection"
)


def _connect(endpoint: Endpoint) -> socket.socket:
    try:
        connected = socket.create_connection((endpoint.host, endpoint.port), timeout=endpoint.timeouts.connect)
    except OSError as error:
        raise Transient(
            "ECQS-5001",
            f"headquarters cannot be reached ({error.strerror or type(error).__name__})",
            where=endpoint.address,
            hint="it is tried again; if it stays so, check host, port and firewall",
        ) from error
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connected


def _private_key(endpoint: Endpoint) -> paramiko.PKey | None:
    """Read an OpenSSH or PKCS#8 private key of type Ed25519, RSA or ECDSA; raises Misconfigured ECQS-5017."""
    if endpoint.private_key is None:
        return None
    text = endpoint.private_key.reveal().strip().encode() + b"\n"
    password = endpoint.passphrase.reveal().encode() if endpoint.passphrase else None
    load = serialization.load_ssh_private_key if b"OPENSSH" in text else serialization.load_pem_private_key
    try:
        key: Any = load(text, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad_private_key(endpoint) from None
    kinds: tuple[tuple[type, type[paramiko.PKey]], ...] = (
        (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
        (rsa.RSAPrivateKey, paramiko.RSAKey),
        (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
    )
    weak = isinstance(key, rsa.RSAPrivateKey) and key.key_size < _WEAKEST_RSA
    made = next((made for kind, made in kinds if isinstance(key, kind)), None)
    if made is None or weak:
        raise _bad_private_key(endpoint)
    openssh = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return made.from_private_key(io.StringIO(openssh.decode("ascii")))


def _bad_private_key(endpoint: Endpoint) -> Misconfigured:
    return Misconfigured(
        "ECQS-5017",
        "the private key cannot be used: it is not Ed25519, ECDSA or RSA of 2048 bits, or the passphrase is wrong",
        where=endpoint.address,
        hint="make one with `ssh-keygen -t ed25519` and give headquarters its public half",
    )


class _Watch:
    """Shuts a socket when an exchange takes too long in all, which single timeouts do not see."""

    def __init__(self, watched: socket.socket) -> None:
        self.expired = False
        self._socket = watched
        self._until: float | None = None
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="ecqs-ssh-watch", daemon=True).start()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = None

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_POLL):
            until = self._until
            if until is not None and time.monotonic() > until:
                self.expired = True
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                return
