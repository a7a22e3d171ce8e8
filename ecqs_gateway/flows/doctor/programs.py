"""The programs underneath: versions that matter for speed or for what can be signed."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version

from ecqs_gateway import __version__
from ecqs_gateway.doors import libcrypto, xml_stream
from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, check

__all__: list[str] = []

_SHOWN = ("polars", "lxml", "sqlalchemy", "paramiko", "cryptography", "psycopg")


@check("programs.versions")
def versions(_context: Context) -> Iterator[Finding]:
    """Say what runs here, for a report of a fault."""
    found = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    text = f"gateway {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {found}"
    yield Finding("programs.versions", Verdict.OK, text)


@check("programs.libxml2")
def libxml2(_context: Context) -> Iterator[Finding]:
    """The system's libxml2 validates batches as a stream: faster, and with less memory."""
    found = xml_stream.library_version()
    if found is not None:
        yield Finding("programs.libxml2", Verdict.OK, f"libxml2 {found} validates batches as a stream")
        return
    text = "the system has no libxml2 that fits: batches are validated by lxml, which is slower"
    yield Finding(
        "programs.libxml2", Verdict.WARNING, text, next="install the system's libxml2 (apt-get install libxml2)"
    )


@check("programs.sm2")
def sm2(context: Context) -> Iterator[Finding]:
    """Where SM2 is asked for, the system's OpenSSL should do it."""
    name = context.national.signature.algorithm
    if name != "sm2-sm3":
        raise NotChecked(f"batches are signed with {name}")
    if libcrypto.available():
        yield Finding("programs.sm2", Verdict.OK, "OpenSSL signs with SM2")
        return
    text = "the system's OpenSSL cannot do SM2: signing is done in Python, which is slow and not constant in time"
    yield Finding("programs.sm2", Verdict.WARNING, text, next="install OpenSSL 3 with SM2 (libssl3)")
