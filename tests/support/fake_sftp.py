"""An SSH server that can be told to misbehave: disconnect, refuse, lose a write, fill its disk, answer with nonsense.

Files live in memory. ``Behaviour`` says what goes wrong; ``Seen`` what the server was told, above all credentials.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_OP_UNSUPPORTED, SFTP_PERMISSION_DENIED

from ecqs_gateway.doors.connections import Secret
from ecqs_gateway.doors.ssh import Endpoint, HostKey, Timeouts

USER, PASSWORD = "gateway", "canary-password-7f3a"
REFUSALS = {"failure": SFTP_FAILURE, "denied": SFTP_PERMISSION_DENIED, "missing": SFTP_NO_SUCH_FILE}


@dataclass
class Behaviour:
    """What goes wrong; everything is right by default."""

    disk: int | None = None
    """Bytes that fit in all; a write beyond fails like ENOSPC does."""
    lose_write: int | None = None
    """The number of a write (from 0) that is refused while those after it succeed."""
    swallow_write: int | None = None
    """The number of a write that is acknowledged and thrown away."""
    rename: str | None = None
    """``failure``, ``denied``, ``unsupported``; ``done`` carries it out and answers failure."""
    open: str | None = None
    open_of: dict[str, str] = field(default_factory=dict)
    """The same for single files, by path."""
    shorten: dict[str, int] = field(default_factory=dict)
    """How many bytes of a file there are to read, whatever the listing says."""
    disconnect_at: str | None = None
    """An operation (stat, open, write, close, rename, list, read) at which the line is cut, once."""
    hang_at: str | None = None
    reject_login: bool = False
    hang_up_at_login: bool = False
    no_subsystem: bool = False


@dataclass
class Seen:
    """What reached the server."""

    logins: list[str] = field(default_factory=list)
    connections: int = 0
    writes: int = 0


@dataclass
class FakeServer:
    """A running server."""

    port: int
    host_key: paramiko.PKey
    behaviour: Behaviour
    seen: Seen
    files: dict[str, bytes]

    def endpoint(self, *, pinned: paramiko.PKey | None = None, **changes: object) -> Endpoint:
        key = pinned or self.host_key
        values: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "host_key": HostKey(key.get_name(), key.asbytes()),
            "password": Secret(PASSWORD),
            "timeouts": Timeouts(connect=2, handshake=5, login=5, answer=1.5),
        }
        return Endpoint(**(values | changes))  # type: ignore[arg-type]


class _Cut(Exception):
    pass


class _Ssh(paramiko.ServerInterface):
    def __init__(self, server: FakeServer, transport: paramiko.Transport) -> None:
        self.server, self.transport = server, transport

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.seen.logins.append(password)
        if self.server.behaviour.hang_up_at_login:
            self.transport.sock.close()
        if self.server.behaviour.reject_login or password != PASSWORD:
            return paramiko.AUTH_FAILED
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.server.seen.logins.append(key.get_name())
        return paramiko.AUTH_FAILED if self.server.behaviour.reject_login else paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        if self.server.behaviour.no_subsystem:
            return False
        return super().check_channel_subsystem_request(channel, name)


class _Handle(paramiko.SFTPHandle):
    def __init__(self, fs: _Files, path: str) -> None:
        super().__init__(0)
        self.fs, self.path = fs, path
        self.data = io.BytesIO(fs.server.files.get(path, b""))

    def write(self, offset: int, data: bytes) -> int:
        self.fs.at("write")
        behaviour, seen = self.fs.server.behaviour, self.fs.server.seen
        number, seen.writes = seen.writes, seen.writes + 1
        used = sum(map(len, self.fs.server.files.values()))
        full = behaviour.disk is not None and used + offset + len(data) > behaviour.disk
        if full or number == behaviour.lose_write:
            return SFTP_FAILURE
        if number != behaviour.swallow_write:
            self.data.seek(offset)
            self.data.write(data)
        return SFTP_OK

    def read(self, offset: int, length: int) -> bytes:
        self.fs.at("read")
        end = self.fs.server.behaviour.shorten.get(self.path)
        self.data.seek(offset)
        return self.data.read(length if end is None else max(0, min(length, end - offset)))

    def close(self) -> None:
        with contextlib.suppress(_Cut):
            self.fs.at("close")
        if self.fs.server.files.get(self.path) is not None:
            self.fs.server.files[self.path] = self.data.getvalue()


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, ssh: _Ssh, *args: object, **kwargs: object) -> None:
        super().__init__(ssh)
        self.ssh, self.server = ssh, ssh.server

    def at(self, operation: str) -> None:
        behaviour = self.server.behaviour
        if behaviour.disconnect_at == operation:
            behaviour.disconnect_at = None
            self.ssh.transport.sock.close()
            raise _Cut
        if behaviour.hang_at == operation:
            behaviour.hang_at = None
            self.ssh.transport.sock.settimeout(0.1)
            threading.Event().wait(6)
            raise _Cut

    def open(self, path: str, flags: int, attr: object) -> object:
        self.at("open")
        refusal = self.server.behaviour.open or self.server.behaviour.open_of.get(path)
        if refusal:
            return REFUSALS[refusal]
        if not flags & 0x3 and path not in self.server.files:
            return SFTP_NO_SUCH_FILE
        if flags & 0x3:
            self.server.files[path] = b""
        return _Handle(self, path)

    def stat(self, path: str) -> object:
        self.at("stat")
        if path not in self.server.files:
            return SFTP_NO_SUCH_FILE
        attributes = paramiko.SFTPAttributes()
        attributes.st_size, attributes.st_mode = len(self.server.files[path]), 0o100644
        return attributes

    def list_folder(self, path: str) -> object:
        self.at("list")
        found = []
        for name, data in self.server.files.items():
            folder, _, last = name.rpartition("/")
            if folder == path:
                attributes = paramiko.SFTPAttributes()
                attributes.filename, attributes.st_size, attributes.st_mode = last, len(data), 0o100644
                found.append(attributes)
        return found

    def remove(self, path: str) -> int:
        return SFTP_OK if self.server.files.pop(path, None) is not None else SFTP_NO_SUCH_FILE

    def mkdir(self, path: str, attr: object) -> int:
        return SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        return SFTP_FAILURE if newpath in self.server.files else self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        self.at("rename")
        how = self.server.behaviour.rename
        if how == "unsupported":
            return SFTP_OP_UNSUPPORTED
        if how in REFUSALS:
            return REFUSALS[how]
        if oldpath not in self.server.files:
            return SFTP_NO_SUCH_FILE
        self.server.files[newpath] = self.server.files.pop(oldpath)
        return SFTP_FAILURE if how == "done" else SFTP_OK


@contextmanager
def fake_server(host_key: paramiko.PKey, *, posix_rename: bool = True) -> Iterator[FakeServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = FakeServer(listener.getsockname()[1], host_key, Behaviour(), Seen(), {})
    transports: list[paramiko.Transport] = []
    thread = threading.Thread(target=_accept, args=(listener, server, transports, posix_rename), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.close()
        for transport in transports:
            transport.close()


def _accept(
    listener: socket.socket, server: FakeServer, transports: list[paramiko.Transport], posix_rename: bool
) -> None:
    while True:
        try:
            connected, _ = listener.accept()
        except OSError:
            return
        server.seen.connections += 1
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(connected)
        transport.set_log_channel("fake")
        transport.daemon = True
        transport.add_server_key(server.host_key)
        transport.set_subsystem_handler("sftp", _Sftp if posix_rename else _OldSftp, _Files)
        transports.append(transport)
        with contextlib.suppress(Exception):
            transport.start_server(event=threading.Event(), server=_Ssh(server, transport))


class _Sftp(paramiko.SFTPServer):
    """paramiko's server, with the extension it carries out announced to the client."""

    def _send_server_version(self) -> int:
        kind, _ = self._read_packet()
        assert kind == 1
        message = paramiko.Message()
        message.add_int(3)
        message.add_string("posix-rename@openssh.com")
        message.add_string("1")
        self._send_packet(2, message)
        return 3


class _OldSftp(paramiko.SFTPServer):
    """paramiko's server as it is: it does not announce posix-rename."""
