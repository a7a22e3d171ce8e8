"""Canary values in rows, connections and keys, every way of failing, and a search through everything that is left.

Id numbers, mobile numbers and secrets may stand nowhere but in sealed payloads and in the keys' own files. Names of
persons may not either, except where a mapping sends them on purpose, which these mappings do not.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.doors import redact
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.errors import GatewayError

UNIT, OTHER, FILES = "320000", "370000", "310000"
ROOT = Path(__file__).resolve().parents[2]
SELF = ("keys/",)
"""Below ECQS_HOME only the folder of the keys may hold keys."""


@pytest.fixture(autouse=True)
def _masked_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = logging.getLogRecordFactory()
    monkeypatch.setattr(redact, "_installed", None)
    redact.install()
    yield
    logging.setLogRecordFactory(before)


class Told:
    """Collects everything anybody is told, by where it was said."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}

    def add(self, place: str, text: str | bytes) -> None:
        name = f"{place} #{len(self.texts)}"
        self.texts[name] = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text

    def error(self, place: str, error: BaseException) -> None:
        self.add(place, str(error))
        self.add(f"{place} (repr)", repr(error))
        self.add(f"{place} (traceback)", redact.traceback_text(error))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def sick(world, w, canaries, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """A world full of canaries, with everything logged that anybody logs."""
    caplog.set_level(logging.DEBUG)
    (world.content / "schemas").unlink()  # `ecqs observe` writes into it
    shutil.copytree(ROOT / "schemas", world.content / "schemas")
    canaries.sql_province(world, w, UNIT)
    canaries.files_province(world, FILES, tmp_path / "drop")
    return world


def nothing_leaked(world, told: Told, canaries, caplog: pytest.LogCaptureFixture) -> None:
    told.add("log", caplog.text)
    for record in caplog.records:
        told.add("log record", f"{record.getMessage()} {record.__dict__}")
    everything = canaries.EVERYTHING | canaries.keys_of(world.keys)
    assert canaries.hits(told.texts, everything) == []
    left = canaries.files(world.home, skip=SELF)
    assert left, "nothing was written"
    assert canaries.hits(left, everything) == []


def _sync(world, told: Told, **options: Any) -> Any:
    try:
        summary = world.sync(**options)
    except GatewayError as error:
        told.error("sync", error)
        return None
    told.add("summary", repr(summary) + summary.sentence())
    return summary


def test_the_search_finds_what_is_there(world, told, canaries, caplog, w) -> None:
    """Without a payload key and with careless words everything is found: the search is no decoration."""
    for key in world.keys.glob("payload-*.key"):
        key.unlink()
    canaries.sql_province(world, w, UNIT)
    world.sync()
    left = canaries.files(world.home, skip=SELF)
    found = canaries.hits(left, canaries.EVERYTHING)
    for name in ("citizen", "mobile", "person"):
        assert any(hit.startswith(f"{name} in ledger.db") for hit in found), name
    told.add("careless", json.dumps(f"{canaries.PERSON} {canaries.CITIZEN}"))
    with pytest.raises(AssertionError):
        nothing_leaked(world, told, canaries, caplog)


def test_bad_rows_leave_nothing_in_the_open(sick, told, canaries, caplog, w) -> None:
    summary = _sync(sick, told)
    assert summary.failed == {}, summary.failed
    bad = len(canaries.bad_cells())
    assert w.counts(summary)["dead_new"] >= bad - 2
    assert w.counts(summary)["sent"] >= 20
    assert w.counts(summary, FILES)["dead_new"] >= 3
    _sync(sick, told, dry_run=True)
    _commands(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def _status(world, told: Told) -> None:
    """Run what is looked at after every failure; the other commands are all run in one test, for each loads content."""
    told.add("status", CliRunner().invoke(app, ["status", "--json"], env=world.environment()).output)


def _commands(world, told: Told) -> None:
    """Run every command that shows no rows."""
    runner = CliRunner()
    commands = [
        ["status"], ["status", "--json"], ["check"], ["check", "--json"], ["keys", "list"], ["keys", "list", "--json"],
        ["keys", "init"], ["keys", "init", "--json"], ["keys", "trust", str(world.keys / "sftp.pem")],
        ["observe", UNIT], ["observe", "999999"], ["sync", "--json"], ["sync"], ["sync", "--dry-run", "--json"],
        ["show", "no such key"], ["findings"], ["dead-letters", "list"], ["dead-letters", "list", "--json"],
        ["dead-letters", "retry", "--all", "--dry-run"], ["dead-letters", "corrections", "--json"],
        ["evidence", "verify"], ["evidence", "export", str(world.root / "chain.jsonl")],
        ["prune", "--dry-run"], ["prune", "--dry-run", "--json"], ["no-such-command"],
    ]  # fmt: skip
    for command in commands:
        done = runner.invoke(app, command, env=world.environment())
        told.add(" ".join(command), done.output)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            told.error(" ".join(command), done.exception)


def test_show_hides_numbers_unless_it_is_told_not_to(sick, canaries, w) -> None:
    _sync(sick, Told())
    runner = CliRunner()
    key = w.key(UNIT, 3)
    shown = runner.invoke(app, ["show", key], env=sick.environment())
    assert shown.exit_code == 0, shown.output
    assert canaries.hits({"show": shown.output.encode()}, canaries.NUMBERS) == []
    assert canaries.PERSON in shown.output, "the operator sees the row"
    before = _evidence(sick)
    shown = runner.invoke(app, ["show", key, "--unmasked"], env=sick.environment())
    assert canaries.CITIZEN in shown.output
    assert canaries.MOBILE in shown.output
    assert _evidence(sick)[len(before) :] == [("shown unmasked", key)]
    assert before[-1][0] != "shown unmasked"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_dead_letters_hide_numbers_unless_told_not_to(options: list[str], sick, canaries) -> None:
    _sync(sick, Told())
    runner = CliRunner()
    letters = [number for (number,) in sick.rows("SELECT id FROM dead_letter ORDER BY id")]
    assert len(letters) > 15
    shown = b""
    for number in letters[:: 4 if options else 7]:
        done = runner.invoke(app, ["dead-letters", "show", str(number), *options], env=sick.environment())
        assert done.exit_code == 0, done.output
        shown += done.output.encode()
    assert canaries.hits({"shown": shown}, canaries.NUMBERS) == []
    assert canaries.PERSON.encode() in shown
    listed = runner.invoke(app, ["dead-letters", "list", *options], env=sick.environment())
    assert canaries.hits({"listed": listed.output.encode()}, canaries.NUMBERS | canaries.PERSONS) == []
    [(number,)] = sick.rows("SELECT CAST(min(id) AS TEXT) FROM dead_letter WHERE reasons LIKE '%fzrq%'")
    done = runner.invoke(app, ["dead-letters", "show", number, "--unmasked", *options], env=sick.environment())
    assert canaries.hits({"unmasked": done.output.encode()}, canaries.NUMBERS)
    assert _evidence(sick)[-1] == ("shown unmasked", f"dead letter {number}")


def _evidence(world) -> list[tuple[str, str]]:
    return world.rows("SELECT event, subject FROM evidence ORDER BY sequence")


def _broken_mapping(world) -> None:
    file = world.content / f"mappings/{UNIT}/certificate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("issue_date: fzrq", "issue_date: fehlt"), "utf-8")


def _wrong_password(world, canaries) -> None:
    world.connections[f"ecqs_{UNIT}"] = {
        "conn_type": "mysql", "host": "127.0.0.1", "port": 3306, "login": "kanarie", "password": canaries.PASSWORD,
        "schema": "licences", "extra": {"api_token": canaries.EXTRA_SECRET},
    }  # fmt: skip


def _password_in_a_url(world, canaries) -> None:
    from urllib.parse import quote

    url = f"postgresql+psycopg://kanarie:{quote(canaries.URL_PASSWORD, safe='')}@127.0.0.1:1/licences"
    world.connections[f"ecqs_{UNIT}"] = {
        "conn_type": "postgres", "extra": {"sqlalchemy_url": url, "secret": canaries.EXTRA_SECRET},
    }  # fmt: skip


def _password_in_a_nonsense_url(world, canaries) -> None:
    world.connections[f"ecqs_{UNIT}"] = {
        "conn_type": "generic", "extra": {"sqlalchemy_url": f"nonsense://kanarie:{canaries.URL_PASSWORD}@@@:x:/"},
    }  # fmt: skip


def _wrong_host_key(world, canaries) -> None:
    extra = world.connections["ecqs_national"]["extra"]
    extra["host_key"] = " ".join(generate_ssh_key().public.split()[:2])
    world.connections["ecqs_national"]["password"] = canaries.PASSWORD


def _login_refused(world, canaries) -> None:
    world.connections["ecqs_national"]["password"] = canaries.PASSWORD
    world.misbehave(refuse="login")


def _no_such_key_file(world, canaries) -> None:
    world.connections["ecqs_national"]["extra"]["key_file"] = str(world.keys / f"{canaries.MOBILE}.pem")


def _inline_key(world, canaries) -> None:
    extra = world.connections["ecqs_national"]["extra"]
    extra["private_key"] = Path(extra.pop("key_file")).read_text(encoding="ascii").replace("A", "B")
    extra["private_key_passphrase"] = canaries.PASSWORD


def _source_gone(world, canaries) -> None:
    world.source(UNIT).unlink()


def _broken_connection_text(world, canaries) -> None:
    world.connections[f"ecqs_{UNIT}"]["schema"] = 7
    world.connections[f"ecqs_{UNIT}"]["password"] = canaries.PASSWORD


def _file_in_another_encoding(world, canaries) -> None:
    folder = Path(world.connections[f"ecqs_{FILES}"]["extra"]["path"])
    text = f"id,{canaries.PERSON}\n{canaries.CITIZEN}\n"
    (folder / f"坏{canaries.CITIZEN}.csv").write_bytes(text.encode("utf-16"))


def _file_without_its_key(world, canaries) -> None:
    folder = Path(world.connections[f"ecqs_{FILES}"]["extra"]["path"])
    (folder / f"a{canaries.MOBILE}.csv").write_text(f"{canaries.PERSON},{canaries.CITIZEN}\n1,2\n", encoding="utf-8")


FAILURES: list[Callable[..., None]] = [
    _wrong_password, _password_in_a_url, _password_in_a_nonsense_url, _wrong_host_key, _login_refused, _source_gone,
    _no_such_key_file, _inline_key, _broken_connection_text, _file_in_another_encoding, _file_without_its_key,
]  # fmt: skip


@pytest.mark.mariadb
@pytest.mark.parametrize("break_it", FAILURES, ids=lambda given: given.__name__.strip("_"))
def test_failures_tell_no_secret_and_no_row(break_it, sick, told, canaries, caplog) -> None:
    break_it(sick, canaries)
    summary = _sync(sick, told)
    assert summary is None or summary.failed, "nothing failed"
    _status(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def test_a_broken_mapping_tells_no_row(sick, told, canaries, caplog) -> None:
    _broken_mapping(sick)
    assert _sync(sick, told).failed
    _status(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def test_reasons_of_headquarters_that_quote_values_are_masked(
    sick, told, canaries, caplog, w, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecqs_gateway.sandbox import receipts

    plain = receipts.escape
    quoted = f"：{canaries.CITIZEN}，{canaries.MOBILE} {canaries.OLD_CITIZEN}"
    monkeypatch.setattr(receipts, "escape", lambda text, *more: plain(text + ("" if more else quoted), *more))
    sick.province(OTHER, [w.licence(OTHER, 1, zsbh=w.spelled(UNIT, 5))])  # belongs to another unit: refused
    summary = _sync(sick, told)
    assert w.counts(summary, OTHER)["rejected"] == 1
    [reasons] = [text for (text,) in sick.rows("SELECT reasons FROM dead_letter WHERE origin = 'headquarters'")]
    assert "***" in reasons
    _status(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def test_a_whole_batch_refused_with_a_value_in_the_reason_is_masked(
    sick, told, canaries, caplog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecqs_gateway.sandbox import process
    from ecqs_gateway.sandbox.package import Refusal

    def refuse(*_: Any, **__: Any) -> None:
        raise Refusal("HQ-104", f"坏 {canaries.CITIZEN} {canaries.MOBILE}")

    monkeypatch.setattr(process, "judge", refuse)
    summary = _sync(sick, told)
    assert f"{UNIT} certificate" in summary.failed
    held = [reason for (reason,) in sick.rows("SELECT held_reason FROM lane") if reason]
    assert held
    assert all("***" in reason for reason in held)
    _status(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def test_records_the_schema_refuses_leave_nothing_in_the_open(sick, told, canaries, caplog, w) -> None:
    file = sick.content / "schemas" / "ecqs/1.0/certificate.xsd"
    text = file.read_text(encoding="utf-8")
    assert 'name="issue_date"' in text
    file.write_text(text.replace('name="issue_date"', 'name="issue_day"'), encoding="utf-8")
    summary = _sync(sick, told)
    assert w.counts(summary)["dead_new"] >= 20
    assert sick.rows("SELECT count(*) FROM dead_letter WHERE origin = 'schema'")[0][0] >= 20
    nothing_leaked(sick, told, canaries, caplog)


def test_a_full_disk_tells_no_row(sick, told, canaries, caplog, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"/x/{canaries.PERSON}")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        summary = _sync(sick, told)
        assert summary is None or summary.failed
    nothing_leaked(sick, told, canaries, caplog)
    _sync(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


_CRASH = """
import sys
import ecqs_gateway.flows.prepare as prepare
import ecqs_gateway.flows.collect as collect
real = prepare.prepare
def crash(lane, chunk, *a, **k):
    import polars as pl
    if "{how}" == "polars":
        chunk.frame.select(pl.col("fr").cast(pl.Int64))
    row = chunk.frame.row(0)
    local = [str(cell) for cell in row]
    raise ValueError("cannot handle %s" % (row,)) from KeyError(local[-1])
collect.prepare = crash
from ecqs_gateway.cli.main import app
sys.argv = ["ecqs", *sys.argv[1:]]
app()
"""


@pytest.mark.parametrize("how", ["python", "polars"])
def test_a_crash_tells_where_but_no_row(how: str, sick, told, canaries, caplog) -> None:
    command = [sys.executable, "-c", _CRASH.replace("{how}", how), "sync", "--unit", UNIT]
    done = subprocess.run(command, env=sick.environment(), capture_output=True, check=False, timeout=120)
    assert done.returncode == 1
    assert b"Traceback" in done.stderr
    assert b"collect.py" in done.stderr
    assert (b"KeyError" if how == "python" else b"InvalidOperationError") in done.stderr
    told.add("stdout", done.stdout)
    told.add("stderr", done.stderr)
    _status(sick, told)
    nothing_leaked(sick, told, canaries, caplog)


def test_our_own_exceptions_carry_no_cause_that_quotes_a_row(sick, told, canaries, w) -> None:
    """As raised, without any redactor: str() of the error and of every cause that is printed beside it."""
    _wrong_password(sick, canaries)
    with sick.gateway() as gateway, pytest.raises(GatewayError) as caught:
        from ecqs_gateway.flows import nightly
        from ecqs_gateway.ledger import runs

        run = runs.start(gateway.database, nightly.FLOW, gateway.content.digest, clock=sick.clock)
        nightly.collect_unit(gateway, run, UNIT)
    told.add("raw traceback", "".join(traceback.format_exception(caught.value)))
    assert canaries.hits(told.texts, canaries.EVERYTHING) == []


_DAG_WITHOUT_RETRIES = """
from ecqs_gateway.airflow import local
prepare = local.prepare_environment
def without_retries(dags, home):
    prepare(dags, home)
    from ecqs_gateway.airflow import defaults
    arguments = defaults.dag_arguments
    def patched(cron):
        given = arguments(cron)
        given["default_args"]["retries"] = 0
        return given
    defaults.dag_arguments = patched
local.prepare_environment = without_retries
raise SystemExit(local.main())
"""


@pytest.mark.airflow
@pytest.mark.timeout(240)
@pytest.mark.xdist_group("airflow")
@pytest.mark.parametrize("how", ["failing", "crashing"])
def test_airflow_keeps_no_row_and_no_secret(how: str, sick, told, canaries, caplog, tmp_path: Path) -> None:
    sick.national(wait="20s")
    if how == "failing":
        _wrong_password(sick, canaries)
    # Airflow itself prints at DEBUG the secrets it asks its own supervisor to mask: ours alone are that talkative.
    levels = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO", "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "ecqs_gateway=DEBUG"}
    environment = sick.environment() | levels
    head = _CRASH.replace("{how}", "polars").partition("from ecqs_gateway.cli.main")[0] if how == "crashing" else ""
    code = head + _DAG_WITHOUT_RETRIES
    home = tmp_path / "airflow"
    arguments = ["ecqs_nightly_sync", "--dags", str(ROOT / "dags"), "--home", str(home)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, check=False, timeout=220
    )
    assert done.returncode == 1, done.stderr[-2000:]
    told.add("airflow stdout", done.stdout)
    told.add("airflow stderr", done.stderr)
    expected = b"ECQS-2002" if how == "failing" else b"ECQS-6083"
    assert expected in done.stdout + done.stderr
    left = canaries.files(home)
    assert any(name.endswith("airflow.db") for name in left)
    # Airflow keeps the keys' paths and ids of connections, never what is in them.
    everything = canaries.EVERYTHING | canaries.keys_of(sick.keys)
    assert canaries.hits(left, everything) == []
    nothing_leaked(sick, told, canaries, caplog)


def test_packages_say_nothing_but_what_the_contract_has(sick, told, canaries) -> None:
    _sync(sick, told)
    left = canaries.files(sick.home, skip=SELF)
    sent = {name: data for name, data in left.items() if name.startswith("stage/outbox/")}
    assert any(b"<record" in data for data in sent.values())
    assert canaries.hits(sent, canaries.NUMBERS | canaries.PERSONS | canaries.SECRETS) == []
    assert canaries.headers(left)


def test_id_numbers_of_inspectors_leave_only_as_digests(sick, told, canaries, caplog, roster) -> None:
    """Up to headquarters, down again and back into a province's table: good numbers, bad ones, and a broken salt."""
    from ecqs_gateway.doors.salts import load_salt
    from ecqs_gateway.flows import inspectors

    unit = "330000"
    made = roster.Roster(sick, unit, rows=0)
    for number, (text, more) in enumerate(
        [(canaries.CITIZEN, {}), (canaries.OLD_CITIZEN, {}), (f"{canaries.CHILD_CITIZEN}9", {}),
         (canaries.CHILD_CITIZEN, {"fzrq": "昨天"}), (canaries.MOBILE, {})], 1
    ):  # fmt: skip
        made.put(number, sfz=text, **more)
    summary = _sync(sick, told)
    counted = next(row for row in summary.rows if row["unit"] == unit)
    assert (counted["loaded"], counted["dead_new"]) == (2, 3)
    sick.running.wait_idle()
    with sick.gateway() as gateway:
        inspectors.pull(gateway).require()
        done = {each.unit: each for each in inspectors.write_back_all(gateway)}
    told.add("written back", repr(done))
    assert done[unit].error is None
    runner = CliRunner()
    for command in (["list", "--json"], ["show", made.key(1)], ["diff", "--json"], ["affected", "--json"], ["write"]):
        told.add(" ".join(command), runner.invoke(app, ["inspectors", *command], env=sick.environment()).output)
    listed = runner.invoke(app, ["dead-letters", "list", "--unit", unit, "--json"], env=sick.environment())
    told.add("dead letters", listed.output)
    numbers = [str(letter["id"]) for letter in json.loads(listed.output)["letters"]]
    assert len(numbers) == 3
    shown = {
        number: runner.invoke(app, ["dead-letters", "show", number], env=sick.environment()).output.encode()
        for number in numbers
    }
    assert canaries.hits(shown, canaries.NUMBERS) == [], "names of persons are shown to the operator, numbers are not"
    left = canaries.files(sick.hq_home, skip=("accounts/", "keys/"))
    assert any(load_salt(sick.keys, unit).digest(canaries.CITIZEN).encode() in data for data in left.values())
    assert canaries.hits(left, canaries.NUMBERS | canaries.keys_of(sick.keys)) == []
    (sick.keys / f"salt-{unit}.key").write_text(f"hmac-sha-256 {'kaputt' * 11}", encoding="ascii")
    made.put(6, sfz=canaries.CITIZEN)
    sick.clock.forward(minutes=5)
    assert "ECQS-7101" in str(_sync(sick, told).failed)
    nothing_leaked(sick, told, canaries, caplog)
