from __future__ import annotations

import json
import pickle
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from ecqs_gateway.doors import connections
from ecqs_gateway.doors.connections import (
    Connection,
    Secret,
    adbc_uri,
    connection,
    folder,
    from_json,
    from_uri,
    sqlalchemy_url,
)
from ecqs_gateway.errors import Misconfigured

PASSWORD = "canary-p@ss/w:rd#%?"


def env(text: str, connection_id: str = "ecqs_320000") -> dict[str, str]:
    return {f"AIRFLOW_CONN_{connection_id.upper()}": text}


def test_json_gives_every_part() -> None:
    parts = {
        "conn_type": "postgres", "host": "db.example", "port": 5433, "login": "reader", "password": PASSWORD,
        "schema": "licences", "description": "读库", "extra": {"sslmode": "require"},
    }  # fmt: skip
    found = connection("ecqs_320000", env(json.dumps(parts)))
    assert found == Connection(
        "ecqs_320000", "postgres", "db.example", 5433, "reader", Secret(PASSWORD), "licences", {"sslmode": "require"}
    )


def test_extra_of_json_may_be_a_text_that_holds_json() -> None:
    found = connection("x", env('{"conn_type": "fs", "extra": "{\\"path\\": \\"/data\\"}"}', "x"))
    assert folder(found) == Path("/data")


def test_uri_parts_are_unquoted_and_keep_their_capitals() -> None:
    uri = f"postgresql://re%40der:{quote(PASSWORD, safe='')}@Db.Example:5433/%E8%AE%B8%E5%8F%AF?sslmode=require"
    found = from_uri("x", uri)
    assert (found.conn_type, found.host, found.port, found.login) == ("postgres", "Db.Example", 5433, "re@der")
    assert found.password == Secret(PASSWORD)
    assert (found.schema, found.option("sslmode")) == ("许可", "require")


def test_uri_may_carry_a_whole_json_extra() -> None:
    extra = {"host_key": "ssh-ed25519 AAAA", "nested": {"a": [1, 2]}}
    found = from_uri("x", f"sftp://gateway@hq.example:2222/?__extra__={quote(json.dumps(extra))}")
    assert dict(found.extra) == extra
    assert found.option("nested") == '{"a": [1, 2]}'


def test_uri_host_may_have_a_protocol_and_an_ipv6_address() -> None:
    assert from_uri("x", "http://https://api.example/v1").host == "https://api.example"
    assert from_uri("x", "postgres://u@[::1]:5432/db").host == "::1"


URIS = (
    "postgres://reader:pw@db.example:5432/licences?sslmode=require",
    "postgresql://u%40x:p%3Aw%2F@h/db",
    "mysql://u@h:3306/%E8%AE%B8",
    "google-cloud-platform://?a=&b=2",
    "sqlite:////data/x.db",
    "sqlite://%2Fdata%2Fx.db",
    "http://https://api.example:8443/v1?x=y",
    "fs://?__extra__=%7B%22path%22%3A%20%22%2Fdata%22%7D",
    "sftp://gw@127.0.0.1:2222",
    "generic://%E4%B8%AD",
)


@pytest.mark.airflow
def test_uris_are_read_as_airflow_reads_them() -> None:
    from airflow.sdk import Connection as Theirs

    for uri in URIS:
        ours, theirs = from_uri("x", uri), Theirs.from_uri(uri, "x")
        password = ours.password.reveal() if ours.password else None
        mine = (ours.conn_type, ours.host, ours.port, ours.login, password, ours.schema, dict(ours.extra))
        assert mine == (
            theirs.conn_type, (theirs.host or None), theirs.port, theirs.login or None, theirs.password or None,
            theirs.schema or None, theirs.extra_dejson,
        ), uri  # fmt: skip


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(login=texts, password=texts, host=texts, schema=texts, value=texts, port=st.integers(1, 65535))
def test_any_text_survives_the_uri(login, password, host, schema, value, port) -> None:
    def q(text: str) -> str:
        return quote(text, safe="")

    found = from_uri("x", f"postgres://{q(login)}:{q(password)}@{q(host)}:{port}/{q(schema)}?k={q(value)}")
    assert (found.login, found.host, found.port, found.schema) == (login, host, port, schema)
    assert found.password == Secret(password)
    assert found.extra["k"] == value


@given(login=texts, password=texts, schema=texts, host=st.sampled_from(["db.example", "::1", "/var/run/postgresql"]))
def test_libpq_reads_back_what_the_adbc_uri_says(login, password, schema, host) -> None:
    uri = adbc_uri(Connection("x", "postgres", host, 5433, login, Secret(password), schema, {"sslmode": "require"}))
    read = conninfo_to_dict(uri)
    assert read == {
        "user": login, "password": password, "host": host, "port": "5433", "dbname": schema, "sslmode": "require",
    }  # fmt: skip


def test_a_missing_connection_names_the_variable_to_set_and_the_one_probably_meant() -> None:
    with pytest.raises(Misconfigured) as caught:
        connection("ecqs_320000", {"AIRFLOW_CONN_ECQS_32000": f"postgres://u:{PASSWORD}@h/d"})
    assert caught.value.code == "ECQS-1085"
    assert "AIRFLOW_CONN_ECQS_320000 is not set" in caught.value.message
    assert "AIRFLOW_CONN_ECQS_32000 is set" in str(caught.value.hint)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}"', "is not JSON"),
        (f'{{"conn_type": "postgres", "pasword": "{PASSWORD}"}}', "has unknown keys: pasword"),
        (f'{{"password": "{PASSWORD}"}}', "does not say its conn_type"),
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}", "port": "70000"}}', "a port that is not a number"),
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}", "port": true}}', "a port that is not a number"),
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}", "host": 5}}', "a host that is not a text"),
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}", "extra": "x"}}', "an extra that is not JSON"),
        (f'{{"conn_type": "postgres", "password": "{PASSWORD}", "extra": [1]}}', "an extra that is not a JSON object"),
        (PASSWORD, "is neither JSON nor a URI"),
        (f"postgres://u:{PASSWORD}@h/d", "written as %23"),
        ("postgres://u:canary@[h/d", "%-quoted"),
        ("postgres://u:canary@h:99999/d", "is not a URI"),
        ("postgres://u:canary@h/d#x", "holds a #"),
    ],
)
def test_an_unreadable_connection_says_why_and_shows_nothing_of_it(text: str, said: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        connection("ecqs_320000", env(text))
    assert caught.value.code == "ECQS-1086"
    assert said in caught.value.message
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_nothing_secret_is_shown_or_pickled() -> None:
    found = Connection("x", "sftp", "h", 22, "u", Secret(PASSWORD), None, {"private_key": PASSWORD})
    shown = f"{found} {found!r} {found.password} {found.password!r} {found.password:>5} {found.secret('private_key')}"
    assert PASSWORD not in shown
    assert "***" in shown
    assert repr(sqlalchemy_url(Connection("x", "postgres", "h", 1, "u", Secret(PASSWORD), "d"))).count(PASSWORD) == 0
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(found)
    assert found.secret("private_key") == Secret(PASSWORD)
    assert found.secret("none") is None


def test_secrets_compare_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")


@pytest.mark.parametrize(
    ("found", "url"),
    [
        (
            Connection("x", "postgresql", "h", 5432, "u", Secret("p"), "d", {"sslmode": "require", "other": "x"}),
            "postgresql+psycopg://u:p@h:5432/d?sslmode=require",
        ),
        (Connection("x", "mysql", "h", 3306, "u", Secret("p"), "d"), "mysql+pymysql://u:p@h:3306/d?charset=utf8mb4"),
        (
            Connection("x", "mariadb", "h", None, "u", None, "d", {"charset": "gbk"}),
            "mariadb+pymysql://u@h/d?charset=gbk",
        ),
        (Connection("x", "sqlite", schema="/data/x.db"), "sqlite:////data/x.db"),
        (Connection("x", "sqlite", host="/data/x.db"), "sqlite:////data/x.db"),
        (Connection("x", "sqlite", extra={"path": "/data/x.db"}), "sqlite:////data/x.db"),
        (
            Connection("x", "oracle", "h", 1521, "u", Secret("p"), None, {"sqlalchemy_dialect": "oracle+oracledb"}),
            "oracle+oracledb://u:p@h:1521",
        ),
        (
            Connection("x", "generic", login="u", password=Secret("p"), extra={"sqlalchemy_url": "dm+dmPython://h/d"}),
            "dm+dmPython://u:p@h/d",
        ),
    ],
)
def test_databases_are_reached_by_type_dialect_or_whole_url(found: Connection, url: str) -> None:
    assert sqlalchemy_url(found).render_as_string(hide_password=False) == url


@pytest.mark.parametrize(
    ("found", "ask", "said"),
    [
        (Connection("x", "oracle", "h"), sqlalchemy_url, "no known database"),
        (Connection("x", "sqlite"), sqlalchemy_url, "names no database file"),
        (Connection("x", "generic", extra={"sqlalchemy_url": "nonsense"}), sqlalchemy_url, "that is not a URL"),
        (Connection("x", "mysql", "h"), adbc_uri, "not postgres"),
        (Connection("x", "fs"), folder, "is not a folder"),
        (Connection("x", "postgres", extra={"path": "/x"}), folder, "is not a folder"),
    ],
)
def test_a_connection_of_the_wrong_kind_says_what_to_set(found, ask, said) -> None:
    with pytest.raises(Misconfigured) as caught:
        ask(found)
    assert caught.value.code == "ECQS-1087"
    assert said in caught.value.message
    assert caught.value.hint


def test_the_extra_cannot_be_changed_afterwards() -> None:
    extra = {"path": "/a"}
    found = Connection("x", "fs", extra=extra)
    extra["path"] = "/b"
    assert found.option("path") == "/a"
    with pytest.raises(TypeError):
        found.extra["path"] = "/c"  # type: ignore[index]


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(connections.variable("ecqs_test_only"), '{"conn_type": "fs", "extra": {"path": "/d"}}')
    assert folder(connection("ecqs_test_only")) == Path("/d")


def test_options_of_any_type_come_out_as_text() -> None:
    found = from_json("x", '{"conn_type": "x", "extra": {"a": true, "b": 5, "c": "", "d": null, "e": "x"}}')
    assert [found.option(name) for name in "abcdef"] == ["true", "5", None, None, "x", None]
