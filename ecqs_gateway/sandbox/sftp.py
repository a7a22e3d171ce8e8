"""The SFTP door of headquarters: listens on loopback and serves its accounts, several connections at once."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.misbehave import Misbehaviour
from ecqs_gateway.sandbox.sftp_files import Files
from ecqs_gateway.sandbox.sftp_session import Session

__all__ = ["SftpDoor"]

_LOG_CHANNEL = "ecqs_gateway.sandbox.ssh"
_MOST_CONNECTIONS = 64

# Without a handler, paramiko's complaints about clients that died would go to stderr.
logging.getLogger(_LOG_CHANNEL).addHandler(logging.NullHandler())


class SftpDoor:
    """Listens on loopback and serves every account of a home until closed.

    ``changed`` is called after a file was renamed into an inbox. Raises Misconfigured ECQS-6055 when the port is taken.
    """

    def __init__(self, home: Home, misbehaviour: Misbehaviour, *, port: int, changed: Callable[[], None]) -> None:
        self._home = home
        self._misbehaviour = misbehaviour
        self._changed = changed
        self._closing = threading.Event()
        self._transports: set[paramiko.Transport] = set()
        self._held: list[socket.socket] = []
        self._keys = {
            "own": _host_key(home.keys / "ssh_host_ed25519_key"),
            "other": _host_key(home.keys / "ssh_other_ed25519_key"),
        }
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="sftp-door", daemon=True)
        self._thread.start()

    @property
    def host_key(self) -> str:
        """The host key as it stands in a known_hosts line: type and Base64."""
        return f"{self._keys['own'].get_name()} {self._keys['own'].get_base64()}"

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept that is waiting
        self._listener.close()
        self._thread.join(timeout=5)
        for transport in list(self._transports):
            transport.close()
            transport.join(timeout=5)
        for connection in self._held:
            connection.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:  # the listener was closed
                return
            try:
                self._serve(connection)
            except (OSError, EOFError, paramiko.SSHException):  # this client is gone; the others matter
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        self._transports = {transport for transport in self._transports if transport.is_active()}
        if len(self._transports) >= _MOST_CONNECTIONS:
            connection.close()
            return
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        orders = self._misbehaviour.orders
        if orders.hang and orders.hang.at == "connect" and self._misbehaviour.act("hang", times=orders.hang.times):
            self._held.append(connection)
            return
        transport = paramiko.Transport(connection)
        transport.set_log_channel(_LOG_CHANNEL)
        transport.daemon = True
        if orders.host_key == "other":
            self._misbehaviour.act("other host key")
        transport.add_server_key(self._keys[orders.host_key])
        session = Session(self._home, self._misbehaviour, (transport, connection), self._changed, self._closing)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
        self._transports.add(transport)
        transport.start_server(event=threading.Event(), server=session)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(_MOST_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise Misconfigured(
            "ECQS-6055",
            "the port is taken",
            where=f"127.0.0.1:{port}",
            hint="choose another --port, or 0 for any free one",
        ) from error
    listener.settimeout(0.5)
    return listener


def _host_key(path: Path) -> paramiko.Ed25519Key:
    """Read a host key, or make one where there is none yet."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        replace_file(path, pem, mode=0o600)
    return paramiko.Ed25519Key(filename=str(path))
