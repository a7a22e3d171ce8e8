"""The file operations of one SFTP session, confined to the account's folder.

What an account may do: write below ``inbox/``, ``questions/`` and ``enquiries/``, list and read everything of its own,
and put what it has taken of receipts, answers, replies and audit messages into the folder ``taken`` beside them. A name
from the wire becomes a local path only after it has been split and each piece looked at; symbolic links are neither
made nor followed.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from paramiko.sftp import SFTP_FAILURE, SFTP_OK, SFTP_OP_UNSUPPORTED, SFTP_PERMISSION_DENIED

from ecqs_gateway.sandbox.sftp_session import Session

__all__ = ["Files"]

_IN = ("inbox", "questions", "enquiries")
"""Folders an account puts things into."""
_OUT = ("receipts", "answers", "replies", "audits")
"""Folders headquarters puts things into for the account to take."""
_ON_DEMAND = re.compile(rf"/(?:(?:{'|'.join(_IN)})/[0-9]{{6}}|(?:{'|'.join(_OUT)})/[0-9]{{6}}(?:/taken)?)", re.ASCII)
_WRITABLE = tuple(f"/{name}/" for name in _IN)
_Answer = TypeVar("_Answer")


def _guarded(method: Callable[..., _Answer]) -> Callable[..., _Answer | int]:
    """Answer operating-system errors with the SFTP code that fits, and whatever lies outside with "denied"."""

    def answer(self: Any, *args: Any) -> _Answer | int:
        try:
            return method(self, *args)
        except PermissionError:
            return SFTP_PERMISSION_DENIED
        except OSError as error:
            return int(SFTPServer.convert_errno(error.errno or errno.EIO))

    return answer


class Files(SFTPServerInterface):
    """The operations of one SFTP session."""

    def __init__(self, server: Session, *args: object, **kwargs: object) -> None:
        super().__init__(server, *args, **kwargs)
        self._session = server

    def _path(self, name: str, *, writing: bool = False) -> Path:
        """Turn a name from the wire into a path inside the account's root; raises PermissionError or OSError."""
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in name) or "\\" in name:
            raise OSError(errno.EINVAL, "control characters and backslashes are not part of names here")
        clean = posixpath.normpath(posixpath.join("/", name))
        if clean.startswith("//"):
            clean = clean[1:]
        if writing and not clean.startswith(_WRITABLE):
            raise PermissionError(errno.EACCES, f"writing is for {', '.join(_IN)}")
        root = self._session.root.resolve()
        path = root.joinpath(*[piece for piece in clean.split("/") if piece])
        if _ON_DEMAND.fullmatch(clean) or _ON_DEMAND.fullmatch(posixpath.dirname(clean)):
            (path if _ON_DEMAND.fullmatch(clean) else path.parent).mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(root) and path != root:
            raise PermissionError(errno.EACCES, "outside")
        if path.is_symlink():
            raise PermissionError(errno.EACCES, "links are not followed")
        return path

    @_guarded
    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        """List a folder by name."""
        self._session.pause("list")
        refused = self._session.refused(writing=False)
        if refused is not None:
            return refused
        found = []
        for entry in sorted(os.scandir(self._path(path)), key=lambda entry: entry.name):
            try:
                found.append(SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name))
            except FileNotFoundError:  # taken between the listing and the look at it
                continue
        return found

    @_guarded
    def stat(self, path: str) -> SFTPAttributes:
        """Describe a file or folder."""
        return SFTPAttributes.from_stat(self._path(path).lstat())

    lstat = stat

    @_guarded
    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:  # noqa: ARG002
        """Open a file; for writing only below the inbox."""
        writing = bool(flags & (os.O_WRONLY | os.O_RDWR))
        self._session.pause("open")
        refused = self._session.refused(writing=False)
        if refused is not None:
            return refused
        return _File(os.open(self._path(path, writing=writing), flags | os.O_NOFOLLOW, 0o644), flags, self._session)

    @_guarded
    def remove(self, path: str) -> int:
        """Take back a file from the inbox."""
        self._path(path, writing=True).unlink()
        return SFTP_OK

    @_guarded
    def rename(self, oldpath: str, newpath: str) -> int:
        """Rename without overwriting, as the SFTP standard has it."""
        if self._ends(oldpath, newpath)[1].exists():
            return SFTP_FAILURE
        return self._rename(oldpath, newpath)

    @_guarded
    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """Rename, replacing what is there."""
        return self._rename(oldpath, newpath)

    def _rename(self, oldpath: str, newpath: str) -> int:
        self._session.pause("rename")
        refused = self._session.refused(writing=True)
        if refused is not None:
            return refused
        old, new = self._ends(oldpath, newpath)
        old.replace(new)
        if new.parent.parent.name in _IN:
            self._session.changed()
        self._session.renamed()
        return SFTP_OK

    def _ends(self, oldpath: str, newpath: str) -> tuple[Path, Path]:
        """Give both ends of a rename: within the inbox, or of what headquarters gave into a ``taken`` folder."""
        clean = posixpath.normpath(posixpath.join("/", oldpath))
        folder = clean.split("/")[1]
        if folder in _OUT:
            new = self._path(newpath)
            if new.parent.name != "taken" or new.parent.parent.parent.name != folder:
                raise PermissionError(errno.EACCES, "what was taken goes into taken")
            return self._path(oldpath), new
        return self._path(oldpath, writing=True), self._path(newpath, writing=True)

    @_guarded
    def mkdir(self, path: str, attr: SFTPAttributes) -> int:  # noqa: ARG002
        """Make one of the folders that are made on demand anyway; no others."""
        if _ON_DEMAND.fullmatch(posixpath.normpath(posixpath.join("/", path))) is None:
            return SFTP_PERMISSION_DENIED
        self._path(path)
        return SFTP_OK

    @_guarded
    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        """Set size and times of a file in the inbox; owner and mode stay headquarters' own."""
        target = self._path(path, writing=True)
        if attr.st_size is not None:
            os.truncate(target, attr.st_size)
        if attr.st_mtime is not None and attr.st_atime is not None:
            os.utime(target, (attr.st_atime, attr.st_mtime))
        return SFTP_OK

    def rmdir(self, path: str) -> int:  # noqa: ARG002
        """Refuse: the folders are headquarters'."""
        return SFTP_PERMISSION_DENIED

    def symlink(self, target_path: str, path: str) -> int:  # noqa: ARG002
        """Refuse: there are no links here."""
        return SFTP_OP_UNSUPPORTED

    def readlink(self, path: str) -> int:  # noqa: ARG002
        """Refuse: there are no links here."""
        return SFTP_OP_UNSUPPORTED


class _File(SFTPHandle):
    """An open file, read and written by position."""

    def __init__(self, descriptor: int, flags: int, session: Session) -> None:
        super().__init__(flags)
        self._descriptor = descriptor
        self._session = session

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @_guarded
    def read(self, offset: int, length: int) -> bytes:
        self._session.pause("read")
        data = os.pread(self._descriptor, min(length, 1 << 18), offset)
        self._session.moved(len(data))
        return data

    @_guarded
    def write(self, offset: int, data: bytes) -> int:
        self._session.pause("write")
        refused = self._session.refused(writing=True)
        if refused is not None:
            return refused
        os.pwrite(self._descriptor, data, offset)
        self._session.moved(len(data))
        return SFTP_OK

    @_guarded
    def stat(self) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.fstat(self._descriptor))

    @_guarded
    def chattr(self, attr: SFTPAttributes) -> int:
        if attr.st_size is not None:
            os.ftruncate(self._descriptor, attr.st_size)
        return SFTP_OK
