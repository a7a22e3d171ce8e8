"""Addresses and credentials, read the way Airflow keeps them, without Airflow.

A connection has an id. Without Airflow it is the environment variable ``AIRFLOW_CONN_<ID>``, as JSON or as a URI in
Airflow's own quoting; under Airflow its adapter is handed in wherever a ``Resolver`` is asked for, and connections
then come from Airflow's database, environment or secrets backend. No credential is ever shown: they are of the type
``Secret``, whose text is ``***``.

Codes: ECQS-1085 no such connection, ECQS-1086 cannot be read, ECQS-1087 not usable for what is asked.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ecqs_gateway.doors.redact import looks_secret, redactor
from ecqs_gateway.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = [
    "Connection",
    "Resolver",
    "Secret",
    "adbc_uri",
    "connection",
    "folder",
    "from_json",
    "from_uri",
    "sqlalchemy_url",
    "variable",
]

PREFIX = "AIRFLOW_CONN_"
_ADDRESS_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^:/?#@\s]*:([^\s/?#]+)@", re.IGNORECASE)
"""The password in an address such as the extra ``sqlalchemy_url``."""

_EXAMPLE = '{"conn_type": "postgres", "host": "db.example", "login": "reader", "password": "...", "schema": "licences"}'

_EXTRA_KEY = "__extra__"

_JSON_KEYS = frozenset({"conn_type", "description", "host", "login", "password", "schema", "port", "extra", "conn_id"})


class Secret:
    """A text nobody may see by accident; ``reveal`` gives it to the library that needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep the text."""
        self._value = value

    def reveal(self) -> str:
        """Give the text; never put it in a log, an exception or a file."""
        return self._value

    def __repr__(self) -> str:
        """Show nothing."""
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Show nothing."""
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        """Two secrets are equal when their texts are."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Fit ``__eq__``."""
        return hash(self._value)

    def __bool__(self) -> bool:
        """Say whether there is any text."""
        return bool(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled: a pickle is a file or a message, and it would hold the text."""
        raise TypeError("a Secret cannot be pickled")


@dataclass(frozen=True)
class Connection:
    """One address with its credentials, with the parts Airflow gives a connection.

    ``conn_type`` is normalised (``postgresql`` is ``postgres``, - is _). Nothing secret appears in its repr; values
    of ``extra`` may be secret too and are therefore not shown either.
    """

    id: str
    conn_type: str
    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: Secret | None = None
    schema: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    def __post_init__(self) -> None:
        """Normalise the type, close the extra to changes, and tell the redactor what must never be shown."""
        kind = self.conn_type.lower().replace("-", "_")
        object.__setattr__(self, "conn_type", "postgres" if kind == "postgresql" else kind)
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))
        if self.password:
            redactor.add(self.password.reveal())
        for name, value in self.extra.items():
            if isinstance(value, str) and looks_secret(name):
                redactor.add(value)
            elif isinstance(value, str) and (found := _ADDRESS_PASSWORD.match(value)):
                redactor.add(found[1])
                redactor.add(unquote(found[1]))

    def option(self, name: str) -> str | None:
        """Give one value of the extra as text; None when it is absent or empty."""
        value = self.extra.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def secret(self, name: str) -> Secret | None:
        """Give one value of the extra as a secret, such as a private key."""
        value = self.option(name)
        return None if value is None else Secret(value)


Resolver = Callable[[str], Connection]
"""Finds the connection of an id, or raises ``Misconfigured``."""


def variable(connection_id: str) -> str:
    """Name the environment variable a connection is read from."""
    return f"{PREFIX}{connection_id.upper()}"


def connection(connection_id: str, environ: Mapping[str, str] | None = None) -> Connection:
    """Find a connection in the environment, as JSON or URI; the resolver used without Airflow."""
    values = os.environ if environ is None else environ
    name = variable(connection_id)
    text = values.get(name, "").strip()
    if not text:
        known = [v.removeprefix(PREFIX) for v in values if v.startswith(PREFIX)]
        near = difflib.get_close_matches(connection_id.upper(), known, n=1, cutoff=0.75)
        meant = f"; {PREFIX}{near[0]} is set: is that the one?" if near else ""
        raise Misconfigured(
            "ECQS-1085",
            f"there is no connection {connection_id!r}: the environment variable {name} is not set",
            where=connection_id,
            hint=f"set {name}, for example to {_EXAMPLE}, or add the connection in Airflow{meant}",
        )
    return from_json(connection_id, text) if text.startswith("{") else from_uri(connection_id, text)


def from_json(connection_id: str, text: str) -> Connection:
    """Read Airflow's JSON form of a connection; ``extra`` may be an object or a text holding one."""
    try:
        parts = json.loads(text)
    except ValueError as error:
        place = f"character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "somewhere"
        raise _unreadable(connection_id, f"is not JSON ({place})") from None
    unknown = sorted(set(parts) - _JSON_KEYS)
    if unknown:
        raise _unreadable(connection_id, f"has unknown keys: {', '.join(unknown)}")
    if not isinstance(parts.get("conn_type"), str) or not parts["conn_type"]:
        raise _unreadable(connection_id, "does not say its conn_type")
    for name in ("host", "login", "password", "schema"):
        if parts.get(name) is not None and not isinstance(parts[name], str):
            raise _unreadable(connection_id, f"has a {name} that is not a text")
    password = parts.get("password")
    return Connection(
        connection_id,
        parts["conn_type"],
        parts.get("host") or None,
        _port(connection_id, parts.get("port")),
        parts.get("login") or None,
        Secret(password) if password else None,
        parts.get("schema") or None,
        _extra(connection_id, parts.get("extra")),
    )


def from_uri(connection_id: str, uri: str) -> Connection:
    """Read Airflow's URI form: every part percent-quoted, the extra as query or as JSON under ``__extra__``.

    ``type://login:password@host:port/schema?key=value``; a host with a protocol of its own is written
    ``type://protocol://host``, as Airflow does.
    """
    kind, separator, rest = uri.partition("://")
    if not separator or not kind:
        raise _unreadable(connection_id, "is neither JSON nor a URI such as postgres://reader:...@db.example/licences")
    protocol = ""
    if "://" in rest.partition("?")[0]:
        protocol, _, rest = rest.partition("://")
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        raise _unreadable(connection_id, "is not a URI: a sign such as @ / : # in a part must be %-quoted") from None
    if parts.fragment:
        raise _unreadable(connection_id, "holds a #, which must be written as %23")
    host = _host(parts.netloc)
    password = unquote(parts.password) if parts.password else None
    return Connection(
        connection_id,
        kind,
        (f"{protocol}://{host}" if protocol else host) or None,
        port,
        unquote(parts.username) if parts.username else None,
        Secret(password) if password else None,
        unquote(parts.path[1:]) or None,
        _query_extra(connection_id, parts.query),
    )


def _host(netloc: str) -> str:
    """Cut the host out of the address part, keeping capitals, which urlsplit does not."""
    address = netloc.rpartition("@")[2]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return unquote(address.partition(":")[0])


def _query_extra(connection_id: str, query: str) -> Mapping[str, Any]:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    return _extra(connection_id, pairs[_EXTRA_KEY]) if _EXTRA_KEY in pairs else pairs


def _extra(connection_id: str, extra: Any) -> Mapping[str, Any]:
    if isinstance(extra, str) and extra.strip():
        try:
            extra = json.loads(extra)
        except ValueError:
            raise _unreadable(connection_id, "has an extra that is not JSON") from None
    if not extra:
        return {}
    if not isinstance(extra, dict):
        raise _unreadable(connection_id, "has an extra that is not a JSON object")
    return extra


def _port(connection_id: str, port: Any) -> int | None:
    if port is None or port == "":
        return None
    text = str(port)
    if isinstance(port, bool) or not text.isdecimal() or not 0 < int(text) < 65_536:
        raise _unreadable(connection_id, "has a port that is not a number from 1 to 65535")
    return int(text)


def _unreadable(connection_id: str, what: str) -> Misconfigured:
    return Misconfigured(
        "ECQS-1086",
        f"the connection {connection_id!r} {what}",
        where=variable(connection_id),
        hint=f"write it as JSON, for example {_EXAMPLE}",
    )


def _unusable(found: Connection, what: str, hint: str) -> Misconfigured:
    return Misconfigured("ECQS-1087", f"the connection {found.id!r} {what}", where=variable(found.id), hint=hint)


_DRIVERS: Mapping[str, str] = {
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_QUERY: Mapping[str, tuple[str, ...]] = {
    "postgres": (
        "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options",
        "target_session_attrs", "keepalives_idle",
    ),
    "mysql": ("charset", "connect_timeout", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "unix_socket"),
}  # fmt: skip


def sqlalchemy_url(found: Connection) -> URL:
    """Give the SQLAlchemy URL of a database connection; its repr hides the password.

    postgres (psycopg), mysql and mariadb (pymysql, utf8mb4) and sqlite are known by type. Any other database is
    reached by the extra ``sqlalchemy_dialect`` (such as ``oracle+oracledb``) or by a whole ``sqlalchemy_url`` in the
    extra, into which login and password of the connection are put where it has none.
    """
    from sqlalchemy import URL  # noqa: PLC0415  a slow import that file sources do not need

    if found.option("sqlalchemy_url"):
        return _given_url(found)
    if found.conn_type == "sqlite":
        return URL.create("sqlite", database=str(_sqlite_file(found)))
    driver = found.option("sqlalchemy_dialect") or _DRIVERS.get(found.conn_type)
    if driver is None:
        hint = 'give the extra sqlalchemy_dialect, for example {"sqlalchemy_dialect": "oracle+oracledb"}'
        raise _unusable(found, f"is of the type {found.conn_type!r}, which is no known database", hint)
    if driver.startswith(("mysql", "mariadb")) and not found.schema:
        hint = 'give the name of the database, such as "schema": "licences"'
        raise _unusable(found, "names no schema, which for this database is the name of the database", hint)
    return URL.create(
        driver,
        username=found.login,
        password=found.password.reveal() if found.password else None,
        host=found.host,
        port=found.port,
        database=found.schema,
        query=_query(found),
    )


def _query(found: Connection) -> dict[str, str]:
    family = "mysql" if found.conn_type == "mariadb" else found.conn_type
    query = {name: value for name in _QUERY.get(family, ()) if (value := found.option(name)) is not None}
    if family == "mysql":
        # Without it pymysql takes the server's default, which cannot hold every character of a company name.
        query.setdefault("charset", "utf8mb4")
    return query


def _given_url(found: Connection) -> URL:
    from sqlalchemy import make_url  # noqa: PLC0415  see above
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        url = make_url(found.option("sqlalchemy_url") or "")
    except (ArgumentError, ValueError):
        hint = "write it as dialect+driver://host:port/database"
        raise _unusable(found, "has an extra sqlalchemy_url that is not a URL", hint) from None
    if url.username is None and found.login:
        url = url.set(username=found.login)
    if url.password is None and found.password:
        url = url.set(password=found.password.reveal())
    return url


def _sqlite_file(found: Connection) -> Path:
    path = found.option("path") or found.schema or found.host
    if not path:
        raise _unusable(found, "names no database file", 'for example {"conn_type": "sqlite", "schema": "/data/x.db"}')
    return Path(path)


def adbc_uri(found: Connection) -> str:
    """Give the libpq URI of a PostgreSQL connection. It holds the password: hand it to the driver and nothing else."""
    if found.conn_type != "postgres":
        raise _unusable(found, f"is of the type {found.conn_type!r}, not postgres", "use sqlalchemy_url for others")
    user = quote(found.login or "", safe="")
    password = f":{quote(found.password.reveal(), safe='')}" if found.password else ""
    host = found.host or ""
    # A folder (unix socket) stands quoted in the host part, an IPv6 address in brackets: libpq's own rules.
    host = f"[{host}]" if ":" in host else quote(host, safe="")
    port = f":{found.port}" if found.port else ""
    database = quote(found.schema or "", safe="")
    query = "?" + urlencode(_query(found), quote_via=quote) if _query(found) else ""
    at = "@" if user or password else ""
    return f"postgresql://{user}{password}{at}{host}{port}/{database}{query}"


def folder(found: Connection) -> Path:
    """Give the folder of a connection of type fs (its extra ``path``, as in Airflow)."""
    path = found.option("path")
    if found.conn_type not in {"fs", "file"} or not path:
        example = f'set {variable(found.id)} to {{"conn_type": "fs", "extra": {{"path": "/data/drop"}}}}'
        raise _unusable(found, "is not a folder: it must be of the type fs with an extra path", example)
    return Path(path)
