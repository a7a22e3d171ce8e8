"""One SSH connection to headquarters: who is on the other end, and the faults that befall it on command."""

from __future__ import annotations

import hmac
import re
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_PERMISSION_DENIED

from ecqs_gateway.sandbox.home import Home
from ecqs_gateway.sandbox.misbehave import Misbehaviour

__all__ = ["Session"]


class Session(paramiko.ServerInterface):
    """One connection: who is on the other end, and the faults that befall it."""

    def __init__(
        self,
        home: Home,
        misbehaviour: Misbehaviour,
        connection: tuple[paramiko.Transport, socket.socket],
        changed: Callable[[], None],
        closing: threading.Event,
    ) -> None:
        self._home = home
        self._misbehaviour = misbehaviour
        self._transport, self._socket = connection
        self._closing = closing
        self._bytes = 0
        self.changed = changed
        self.account = ""

    @property
    def root(self) -> Path:
        """Folder this account sees as ``/``."""
        return self._home.root(self.account)

    def get_allowed_auths(self, username: str) -> str:
        """Keys always, a password where the account has one."""
        return "publickey,password" if self._secret(username, "password") else "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Let in who holds a key of the account's ``authorized_keys``."""
        lines = (self._secret(username, "authorized_keys") or "").splitlines()
        known = any(line.split()[:2] == [key.get_name(), key.get_base64()] for line in lines)
        return self._login(username, known=known)

    def check_auth_password(self, username: str, password: str) -> int:
        """Let in who knows the account's password, if it has one."""
        secret = self._secret(username, "password")
        known = bool(secret) and hmac.compare_digest((secret or "").strip().encode(), password.encode())
        return self._login(username, known=known)

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        """Sessions only: no forwarding of any kind."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def _login(self, username: str, *, known: bool) -> int:
        orders = self._misbehaviour.orders
        self.pause("login")
        if orders.refuse == "login":
            self._misbehaviour.act("refuse login")
            return AUTH_FAILED
        if not known:
            return AUTH_FAILED
        self.account = username
        self.root.mkdir(parents=True, exist_ok=True)
        return AUTH_SUCCESSFUL

    def _secret(self, username: str, name: str) -> str | None:
        if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", username, re.ASCII) is None:
            return None
        path = self._home.accounts / username / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    # Faults

    def pause(self, operation: str) -> None:
        """Hang at this operation if told so, but not beyond headquarters' own end."""
        hang = self._misbehaviour.orders.hang
        if hang and hang.at == operation and self._misbehaviour.act("hang", times=hang.times, detail=operation):
            self._closing.wait(hang.seconds)

    def refused(self, *, writing: bool) -> int | None:
        """Give the error to answer with if told to refuse, else None."""
        refuse = self._misbehaviour.orders.refuse
        if refuse == "permission" and self._misbehaviour.act("refuse permission"):
            return SFTP_PERMISSION_DENIED
        if refuse == "disk_full" and writing and self._misbehaviour.act("refuse disk full"):
            return SFTP_FAILURE
        return None

    def moved(self, count: int) -> None:
        """Account for bytes moved: throttle, and cut the connection where told to. Raises EOFError when cut."""
        orders = self._misbehaviour.orders
        self._bytes += count
        if orders.throttle:
            self._closing.wait(count / orders.throttle)
        cut = orders.disconnect
        if cut and cut.after_bytes is not None and self._bytes >= cut.after_bytes:
            self._cut("disconnect", cut.times)

    def renamed(self) -> None:
        """Cut the connection after a rename if told to: it is done, but the client cannot know."""
        cut = self._misbehaviour.orders.disconnect
        if cut and cut.after_rename:
            self._cut("disconnect after rename", cut.times)

    def _cut(self, act: str, times: int | None) -> None:
        if not self._misbehaviour.act(act, times=times, detail=f"after {self._bytes} bytes"):
            return
        # Zero linger makes the close a reset, which is what a dying network looks like.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.close()
        raise EOFError
