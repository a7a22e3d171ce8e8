"""A PostgreSQL ledger by PostgreSQL's own programs: pg_dump, pg_restore and psql must be installed.

The password goes to them in the environment, never on a command line that others can read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from ecqs_gateway.errors import Misconfigured, Terminal

__all__ = ["dump", "restore", "verify"]

_LONGEST = 6 * 3600


def dump(url: sa.URL, target: Path, *, snapshot: str) -> None:
    """Write the ledger as one file in pg_dump's own format, as it was at an exported snapshot."""
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
    _run("pg_dump", [*options, f"--dbname={_address(url)}"], url)
    target.chmod(0o600)


def verify(file: Path) -> None:
    """Have pg_restore read the whole file; raises Terminal ECQS-6034 where it cannot."""
    _run("pg_restore", ["--file=/dev/null", str(file)], None)


def restore(url: sa.URL, file: Path, *, after: str) -> None:
    """Restore into an empty database and run the SQL ``after``, both in one transaction."""
    with tempfile.TemporaryDirectory() as folder:
        script, last = Path(folder) / "ledger.sql", Path(folder) / "after.sql"
        _run("pg_restore", ["--no-owner", "--no-privileges", f"--file={script}", str(file)], None)
        last.write_text(f"SET search_path = public;\n{after}\n", encoding="utf-8")
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        _run("psql", [*options, f"--dbname={_address(url)}", f"--file={script}", f"--file={last}"], url)


def _address(url: sa.URL) -> str:
    """Write the address as libpq reads it, without the password; a blank is %20 there, never +."""
    query = urlencode(sorted(url.query.items()), doseq=True, quote_via=quote)
    bare = url.set(drivername="postgresql", password=None, query={}).render_as_string(hide_password=False)
    return f"{bare}?{query}" if query else bare


def _run(program: str, arguments: list[str], url: sa.URL | None) -> None:
    path = shutil.which(program)
    if path is None:
        raise Misconfigured(
            "ECQS-6034",
            f"{program} is not installed here, and a PostgreSQL ledger is backed up with it",
            hint="install PostgreSQL's client programs, of the server's version or newer",
        )
    environment = dict(os.environ)
    if url is not None and url.password:
        environment["PGPASSWORD"] = str(url.password)
    command = [path, *arguments]
    try:
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=_LONGEST, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Terminal("ECQS-6034", f"{program} did not end within {_LONGEST // 3600} hours") from error
    if done.returncode:
        raise Terminal("ECQS-6034", f"{program} failed: {_error_line(done.stderr)}", hint="mend what it says")


def _error_line(text: str) -> str:
    """Give the line that says what went wrong; later ones may quote rows."""
    lines = [line.strip() for line in text.splitlines() if "error" in line.lower()]
    return (lines[0] if lines else "it gave no reason")[:300]
