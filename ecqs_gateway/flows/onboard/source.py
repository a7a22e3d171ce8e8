"""Where the rows are: ``--from`` as a connection id, a database URL, a SQLite file, a folder, or a list's address."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from ecqs_gateway.doors.connections import Connection, Resolver, Secret, folder, sqlalchemy_url, variable
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.survey import Survey

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["Origin", "origin"]

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_ID = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Origin:
    """A source with the connection the connector will name."""

    survey: Survey
    connection: str
    setting: str | None = None
    """What to set before the connector works, without password; None where the connection is there already."""


def origin(given: str | None, unit: str, rows: int, resolve: Resolver) -> Origin:
    """Open what ``--from`` names; without it the connection ecqs_<unit>.

    Raises Misconfigured ECQS-1089 for what is none of these.
    """
    wanted = given if given is not None else f"ecqs_{unit}"
    if wanted.lower().startswith(("http://", "https://")):
        return _by_address(wanted, unit, rows)
    if "://" in wanted:
        return _by_url(wanted, unit, rows)
    path = Path(wanted).expanduser()
    if path.is_dir():
        return _by_folder(path.resolve(), unit, rows)
    if path.is_file():
        return _by_file(path.resolve(), unit, rows)
    if not _ID.fullmatch(wanted):
        raise Misconfigured(
            "ECQS-1089",
            "--from is neither a connection id, nor a URL, nor a folder or SQLite file that exists",
            where=wanted,
            hint="name an Airflow connection id such as ecqs_330000, sqlite:///data/x.db, or a folder of CSV or XLSX",
        )
    return _by_connection(resolve(wanted), unit, rows)


def _by_address(address: str, unit: str, rows: int) -> Origin:
    """Open the list behind a whole address; its login, if any, becomes the connection's."""
    parts = urlsplit(address)
    given: dict[str, object] = {"conn_type": "http", "schema": parts.scheme, "host": parts.hostname or ""}
    given |= {"port": parts.port} if parts.port else {}
    given |= {"login": parts.username} if parts.username else {}
    secret = unquote(parts.password) if parts.password else None
    found = Connection(f"ecqs_{unit}", "http", parts.hostname, parts.port, parts.username, schema=parts.scheme,
                       password=Secret(secret) if secret else None)  # fmt: skip
    setting = _setting(unit, given | ({"password": "..."} if secret else {}))
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Origin(_api(found, [path], rows), found.id, setting)


def _api(found: Connection, lists: list[str], rows: int) -> Survey:
    from ecqs_gateway.extract.survey_http import HttpSurvey  # noqa: PLC0415

    return HttpSurvey(found, lists, rows)


def _by_connection(found: Connection, unit: str, rows: int) -> Origin:
    if found.password:
        redactor.add(found.password.reveal())
    if found.conn_type in {"fs", "file"}:
        return Origin(_files(folder(found), unit, rows), found.id)
    if found.conn_type in {"http", "https"}:
        return Origin(_api(found, [], rows), found.id)
    return Origin(_database(sqlalchemy_url(found), rows), found.id)


def _by_url(text: str, unit: str, rows: int) -> Origin:
    from sqlalchemy import make_url  # noqa: PLC0415  a slow import that folders do not need
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    scheme, _, rest = text.partition("://")
    try:
        url = make_url(f"{_DRIVERS.get(scheme, scheme)}://{rest}")
    except (ArgumentError, ValueError):
        hint = "write it as sqlite:///data/x.db or postgresql://reader:...@db.example/licences"
        raise Misconfigured("ECQS-1089", "--from is not a database URL", where=f"{scheme}://…", hint=hint) from None
    if url.password:
        redactor.add(str(url.password))
    return Origin(_database(url, rows), f"ecqs_{unit}", _setting(unit, _parts(url)))


def _parts(url: URL) -> dict[str, object]:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return {"conn_type": "sqlite", "host": str(Path(url.database or "").resolve())}
    kind = {"postgresql": "postgres"}.get(backend, backend)
    parts: dict[str, object] = {"conn_type": kind, "host": url.host, "port": url.port, "login": url.username}
    parts |= {"password": "..." if url.password else None, "schema": url.database}
    if backend not in {"postgresql", "mysql", "mariadb"}:
        parts["extra"] = {"sqlalchemy_dialect": url.drivername}
    return {name: value for name, value in parts.items() if value is not None}


def _by_folder(path: Path, unit: str, rows: int) -> Origin:
    setting = _setting(unit, {"conn_type": "fs", "extra": {"path": str(path)}})
    return Origin(_files(path, unit, rows), f"ecqs_{unit}", setting)


def _by_file(path: Path, unit: str, rows: int) -> Origin:
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head != _SQLITE:
        raise Misconfigured(
            "ECQS-1089",
            "--from names a file that is no SQLite database",
            where=str(path),
            hint="for CSV or XLSX name the folder it lies in: a connector reads all files of one name there",
        )
    from sqlalchemy import URL  # noqa: PLC0415  see above

    url = URL.create("sqlite", database=str(path))
    return Origin(_database(url, rows), f"ecqs_{unit}", _setting(unit, _parts(url)))


def _setting(unit: str, parts: dict[str, object]) -> str:
    return f"export {variable(f'ecqs_{unit}')}='{json.dumps(parts, ensure_ascii=False)}'"


def _database(url: URL, rows: int) -> Survey:
    from ecqs_gateway.extract.survey import DatabaseSurvey  # noqa: PLC0415

    return DatabaseSurvey(url, ZoneInfo("Asia/Shanghai"), rows)


def _files(path: Path, unit: str, rows: int) -> Survey:
    from ecqs_gateway.extract.survey_files import FolderSurvey  # noqa: PLC0415

    return FolderSurvey(path, unit, max(rows, 2000))
