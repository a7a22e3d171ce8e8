"""What can go wrong at a source, each with its code, its kind by recovery, and the next step.

====  ===============================================================================================
2001  Transient      the database cannot be reached
2002  Terminal       the database refuses the login: never retried, since repeated failures lock accounts
2003  Transient      the connection was lost while reading: what was committed stays, the next run goes on
2004  Transient      a statement ran longer than ``statement_timeout``
2005  Terminal       the account may not read the table
2006  Misconfigured  the connection names a database that does not exist
2007  Terminal       the database reports an error of its own
2008  Transient      the database is busy: too many connections, a lock, starting up or shutting down
2009  Misconfigured  the driver of the database is not installed
2011  Misconfigured  no such table
2012  Misconfigured  no such column
2013  Misconfigured  ``changed_at`` holds nothing that can be read as a time
2014  Misconfigured  no such stream, or one that does not fit the source
2015  Terminal       the watermark does not fit the column
2016  Misconfigured  a column of the key is binary
2021  Misconfigured  the folder does not exist or cannot be read
2022  Misconfigured  the file is in another encoding than declared
2023  Misconfigured  a file has no header in that row, or one without names
2024  Misconfigured  a column of the key is not in the header
2025  Terminal       the file is no readable XLSX file
2026  Misconfigured  no such sheet
2027  Transient      a file changed while it was read
2028  Terminal       an XLSX file is too large to be read safely
2029  Misconfigured  no file matches, so there are no columns to describe
2041  (dead letter)  a row or line that could not be turned into columns
2061  Transient      the API cannot be reached, or keeps failing
2062  Terminal       the API refuses the login: never retried, since repeated failures lock accounts
2063  Misconfigured  the API refuses the request
2064  Terminal       the API sends us to another address
2065  Terminal       the answer is too large, or no JSON
2066  Misconfigured  the answer has nothing where the connector says
2067  Transient      the answer itself says that something failed
2069  Terminal       the API gives the same page again and again
2083  Terminal       a key at the border of two pages is no text, so the page behind it cannot be asked for
====  ===============================================================================================

Messages are our own: those of a driver may quote values or addresses, so only their state code is passed on.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ecqs_gateway.doors.arrow import ArrowStreamError
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient

__all__ = ["binary_key", "meant", "no_such_column", "no_such_table", "source_errors", "translate"]

_Maker = Callable[[str, str], GatewayError]

_REFUSED = "check login, password and allowed hosts of the connection; it was tried once only, so that no account locks"
_RETRY = "nothing is lost: rows already stored stay, and the next run goes on behind them"


def translate(error: BaseException, place: str, *, reading: bool = False) -> GatewayError | None:
    """Give the gateway's error for one of a database driver, or None for an error that is not the database's."""
    cause = _driver_error(error)
    if cause is None:
        return None
    state = _state(cause)
    kind = _by_state(state) or _by_words(cause, reading=reading)
    shown = f" ({state})" if state else ""
    return _ERRORS[kind](shown, place)


@contextmanager
def source_errors(place: str, *, reading: bool = False) -> Iterator[None]:
    """Turn errors of database drivers into the gateway's; ``reading`` says the connection had been made."""
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        known = translate(error, place, reading=reading)
        if known is None:
            raise
        raise known from error


def _driver_error(error: BaseException) -> BaseException | None:
    """Find the driver's own error: SQLAlchemy wraps it, Arrow's streams pass it on as an error of theirs."""
    original = getattr(error, "orig", None)
    if isinstance(original, BaseException):
        return original
    if isinstance(error, ArrowStreamError):
        return error
    modules = ("psycopg", "pymysql", "sqlalchemy", "adbc_driver_manager", "sqlite3", "oracledb", "pyodbc")
    if type(error).__module__.split(".")[0] in modules or isinstance(
        error, sqlite3.Error | ConnectionError | TimeoutError
    ):
        return error
    return None


def _state(error: BaseException) -> str:
    """Give the SQLSTATE, or the number MariaDB and MySQL use."""
    first = error.args[0] if error.args else None
    if isinstance(first, int) and not isinstance(error, OSError):
        return str(first)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str) and state.strip("\0 "):
        return state
    found = re.search(r"SQLSTATE:?\s*([0-9A-Z]{5})", str(error))
    return found[1] if found else ""


_STATES: tuple[tuple[str, str], ...] = (
    (r"28...|1045|1044|1130|1129|1698|4151", "refused"),
    (r"3D000|1049", "database"),
    (r"57014|1969|3024|1317", "slow"),
    (r"42501|1142|1143|1370", "forbidden"),
    (r"42P01|3F000|1146|42S02", "table"),
    (r"42703|1054|42S22", "column"),
    (r"2002|2003|2005|08001|08004|2055", "unreachable"),
    (r"57P..|08...|2006|2013|1927|1158|1159|1160|1161|1053|4031|25P03", "lost"),
    (r"53...|55...|40...|1040|1203|1205|1213|1226", "busy"),
)


def _by_state(state: str) -> str | None:
    return next((kind for pattern, kind in _STATES if state and re.fullmatch(pattern, state)), None)


_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"starting up|shutting down|recovery mode|too many (clients|connections)|connection slots|正在启动|正在关闭",
        "busy",
    ),
    (r"database .* does not exist|数据库.*不存在", "database"),
    (r"locked|busy", "busy"),
    (r"interrupted|statement timeout", "slow"),
    # A server that answers and says no: also in languages not listed here it is not asked a second time.
    (r"FATAL|致命|authentication|认证|no password supplied", "refused"),
    (
        r"translate host|resolve host|name resolution|timeout expired|refused|unreachable|timed out|unable to open",
        "unreachable",
    ),
)
_WORDS_READING: tuple[tuple[str, str], ...] = (
    (r"locked|busy", "busy"),
    (r"interrupted|statement timeout|canceling statement", "slow"),
    (r"terminat|closed|reset|broken|lost|EOF|no connection|timed out|not open", "lost"),
)


def _by_words(error: BaseException, *, reading: bool) -> str:
    """Judge by the driver's sentence, where it gives no code: libpq does not for failed logins."""
    words = str(error)
    known = _WORDS_READING if reading else _WORDS
    found = next((kind for pattern, kind in known if re.search(pattern, words, re.IGNORECASE)), None)
    if found is None and isinstance(error, ConnectionError | TimeoutError):
        return "lost" if reading else "unreachable"
    return found or "other"


def _transient(code: str, message: str, hint: str) -> _Maker:
    return lambda shown, place: Transient(code, message.format(shown), where=place, hint=hint)


def _terminal(code: str, message: str, hint: str) -> _Maker:
    return lambda shown, place: Terminal(code, message.format(shown), where=place, hint=hint)


def _misconfigured(code: str, message: str, hint: str) -> _Maker:
    return lambda shown, place: Misconfigured(code, message.format(shown), where=place, hint=hint)


_ERRORS = {
    "unreachable": _transient(
        "ECQS-2001", "the database cannot be reached{}", "check host, port and the network; the next run tries again"
    ),
    "refused": _terminal("ECQS-2002", "the database refuses the login{}", _REFUSED),
    "lost": _transient("ECQS-2003", "the connection to the database was lost while reading{}", _RETRY),
    "slow": _transient(
        "ECQS-2004",
        "a statement ran longer than statement_timeout and was stopped{}",
        "index changed_at and the key in the source, or raise statement_timeout in the connector",
    ),
    "forbidden": _terminal("ECQS-2005", "the account may not read it{}", "grant SELECT on this table to the account"),
    "database": _misconfigured(
        "ECQS-2006", "the connection names a database that does not exist{}", "correct the schema of the connection"
    ),
    "other": _terminal(
        "ECQS-2007",
        "the database reports an error of its own{}",
        "look the code up in the manual of the database and in its log of this time",
    ),
    "busy": _transient("ECQS-2008", "the database is busy{}", "the next run tries again"),
    "table": _misconfigured(
        "ECQS-2011",
        "a table vanished while it was read{}",
        "someone changed the source during the run: compare the connector with it, then run again",
    ),
    "column": _misconfigured(
        "ECQS-2012",
        "a column vanished while it was read{}",
        "someone changed the source during the run: compare the connector with it, then run again",
    ),
}


def no_such_table(name: str, known: Iterable[str], place: str) -> Misconfigured:
    """Say that a table is missing, and which one was probably meant."""
    return Misconfigured(
        "ECQS-2011", f"there is no table {name!r} this account can see", where=place, hint=meant(name, known, "tables")
    )


def no_such_column(name: str, table: str, known: Iterable[str], place: str) -> Misconfigured:
    """Say that a column is missing, and which one was probably meant."""
    message = f"table {table} has no column {name!r}"
    return Misconfigured("ECQS-2012", message, where=place, hint=meant(name, known, "columns"))


def binary_key(name: str, kind: str, table: str, place: str) -> Misconfigured:
    """Say that a key is binary: bytes that are no text cannot be held against those of other rows as text."""
    return Misconfigured(
        "ECQS-2016",
        f"column {name!r} ({kind}) of {table} is binary and cannot be a key: its bytes are no text",
        where=place,
        hint="name a column that gives it as text, in a view or an indexed generated column, here and in child tables: "
        "HEX(column) in MariaDB, MySQL and SQLite, encode(column, 'hex') in PostgreSQL",
    )


def meant(name: str, known: Iterable[str], what: str) -> str:
    """Give the next step for a name that is not there: the nearest one, or all there are."""
    names = sorted(known)
    folded = {other.casefold(): other for other in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"is {folded[near[0]]!r} meant? Correct the connector (capitals count)"
    shown = ", ".join(names[:20]) or "none"
    return f"correct the connector; the source has these {what}: {shown}{' …' if len(names) > 20 else ''}"
