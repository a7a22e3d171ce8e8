"""The doctor: each fault is found by its own check, says what to do, and leaves the other checks alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors import clock as clocks
from ecqs_gateway.doors.connections import connection
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.flows import inspectors
from ecqs_gateway.flows.doctor import Finding, Options, Report, Verdict, disk, examine
from ecqs_gateway.flows.doctor.core import Check, Context, Job, NotChecked, run_jobs
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.ledger import lanes

UNIT, OTHER = "320000", "370000"
OK, WARNING, PROBLEM, SKIPPED = Verdict.OK, Verdict.WARNING, Verdict.PROBLEM, Verdict.NOT_CHECKED


def _examine(world, **options) -> Report:
    environment = world.environment()
    report = examine(
        world.settings(),
        Options(**{"offline": True, **options}),
        connections=lambda name: connection(name, environment),
        clock=world.clock,
    )
    for finding in report.findings:
        assert finding.next or finding.verdict in (OK, SKIPPED), f"no next step: {finding}"
        assert "the check itself failed" not in finding.message, finding
    return report


def _found(report: Report, check: str) -> list[Finding]:
    found = [finding for finding in report.findings if finding.check == check]
    assert found, f"{check} said nothing"
    return found


def _one(report: Report, check: str) -> Finding:
    (found,) = _found(report, check)
    return found


def _change(world, *statements: str) -> None:
    with world.ledger() as database, database.write() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


@pytest.fixture
def healthy(world, w):
    """A world in the present in which one unit was synced."""
    world.clock = clocks.now
    world.province(UNIT, 5)
    world.sync()
    return world


@contextmanager
def _silent() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def _state(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_a_healthy_installation_has_no_problem_and_is_left_as_it_is(healthy) -> None:
    before = _state(healthy.home)
    report = _examine(healthy, offline=False, deep=True)
    assert [f for f in report.findings if f.verdict in (PROBLEM, WARNING)] == []
    assert report.verdict is OK
    checks = {finding.check for finding in report.findings}
    assert {"headquarters.host_key", "source", "ledger.chain", "work.late", "disk.write"} <= checks
    assert _state(healthy.home) == before


def test_before_the_first_run_there_is_only_a_ledger_to_be_made(bare) -> None:
    bare.clock = clocks.now
    report = _examine(bare)
    assert _one(report, "ledger.schema").verdict is WARNING
    assert "first `ecqs sync`" in _one(report, "ledger.schema").message
    assert _one(report, "ledger.chain").verdict is SKIPPED
    assert not (bare.home / "ledger.db").exists()


def test_a_disk_without_room_or_that_takes_no_file_is_a_problem(healthy, monkeypatch) -> None:
    monkeypatch.setattr(disk, "_LEAST", 10**16)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    report = _examine(healthy, quick=True)
    assert {finding.verdict for finding in _found(report, "disk.space")} == {PROBLEM}
    assert [finding.verdict for finding in _found(report, "disk.write")] == [PROBLEM] * 3
    assert "No space left" in _found(report, "disk.write")[0].message
    assert not list(healthy.home.rglob(".ecqs-doctor-*"))


def test_a_damaged_ledger_is_found_and_stops_no_other_check(healthy) -> None:
    file = healthy.home / "ledger.db"
    data = bytearray(file.read_bytes())
    for page in range(3, len(data) // 4096, 2):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    file.write_bytes(data)
    report = _examine(healthy)
    verdicts = {f.check: f.verdict for f in report.findings}
    assert PROBLEM in (verdicts["ledger.integrity"], verdicts.get("ledger.open"))
    assert verdicts["keys.signing"] is OK
    assert verdicts["disk.write"] is OK


def test_a_changed_evidence_entry_is_named(healthy) -> None:
    _change(healthy, "UPDATE evidence SET facts = '{}' WHERE sequence = 3")
    finding = _one(_examine(healthy), "ledger.chain")
    assert finding.verdict is PROBLEM
    assert "at entry 3" in finding.message


def test_a_ledger_of_a_newer_version_is_told_and_not_read(healthy) -> None:
    _change(healthy, "UPDATE alembic_version SET version_num = '9999'")
    report = _examine(healthy)
    assert _one(report, "ledger.schema").verdict is PROBLEM
    assert _one(report, "work.held").verdict is SKIPPED


def test_a_missing_or_changed_file_that_is_needed_is_found(healthy, w) -> None:
    healthy.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-21 08:00:00") for n in range(6, 9)])
    healthy.connections["ecqs_national"]["port"] = 1
    assert healthy.sync().failed
    (package,) = healthy.rows("SELECT package FROM batch WHERE state = 'sealed'")[0]
    file = healthy.home / "stage" / package
    good = file.read_bytes()
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert _one(_examine(healthy), "stage.needed").verdict is OK  # the size fits; bytes are read with --deep
    finding = _one(_examine(healthy, deep=True), "stage.needed")
    assert finding.verdict is PROBLEM
    assert "has other bytes (batch 320000-certificate-00000002)" in finding.message
    file.write_bytes(good[:-1])
    assert "bytes, not" in _one(_examine(healthy), "stage.needed").message
    file.unlink()
    assert "No such file" in _one(_examine(healthy), "stage.needed").message
    stray = healthy.home / "stage" / "outbox" / "left.zip"
    stray.write_bytes(b"x")
    os.utime(stray, (1, 1))
    assert "1 files" in _one(_examine(healthy), "stage.stray").message


def test_a_past_that_lies_in_the_future_is_a_problem(healthy) -> None:
    _change(healthy, "UPDATE run SET started_at = '2099-01-01T00:00:00+08:00'")
    assert _one(_examine(healthy), "clock.past").verdict is PROBLEM


@pytest.mark.parametrize(("hours", "way"), [(5, "ahead of"), (-5, "behind")])
def test_a_headquarters_with_another_time_is_told_by_its_receipts(hours: int, way: str, healthy) -> None:
    issued = (clocks.now() + timedelta(hours=hours)).isoformat()
    _change(healthy, f"UPDATE receipt SET issued_at = '{issued}'")
    finding = _one(_examine(healthy), "clock.headquarters")
    assert finding.verdict is WARNING
    assert way in finding.message


def test_keys_that_are_missing_wrong_or_open_to_others_are_problems(healthy) -> None:
    healthy.keys.joinpath("sftp.pem").chmod(0o644)
    (healthy.keys / "headquarters-ed25519.pem").unlink()
    shutil.copyfile(healthy.keys / "gateway-ed25519.pub.pem", healthy.keys / "gateway-ed25519.pem")
    for key in healthy.keys.glob("payload-*.key"):
        key.write_text("aes-256-gcm 00", encoding="ascii")
    report = _examine(healthy, quick=True)
    assert _one(report, "keys.files").place.endswith("sftp.pem")
    for check in ("keys.files", "keys.headquarters", "keys.signing", "keys.payload"):
        assert _one(report, check).verdict is PROBLEM, check
    (healthy.keys / "gateway-ed25519.pem").unlink()
    next(healthy.keys.glob("payload-*.key")).unlink()
    report = _examine(healthy, quick=True)
    assert "missing" in _one(report, "keys.signing").message
    assert _one(report, "keys.payload").verdict is WARNING


def test_a_salt_that_is_missing_wrong_or_open_to_others_is_a_problem(province) -> None:
    world = province.world
    assert [_one(_examine(world, quick=True), check).verdict for check in ("keys.salt", "keys.files")] == [OK, OK]
    salt = world.keys / f"salt-{UNIT}.key"
    secret = salt.read_text(encoding="ascii")
    salt.chmod(0o644)
    assert _one(_examine(world, quick=True), "keys.files").place == str(salt)
    salt.write_text("hmac-sha-256 zz\n", encoding="ascii")
    wrong = _one(_examine(world, quick=True), "keys.salt")
    assert (wrong.verdict, wrong.place, "ECQS-7101" in wrong.message) == (PROBLEM, str(salt), True)
    salt.unlink()
    missing = _one(_examine(world, quick=True), "keys.salt")
    assert (missing.verdict, "ECQS-7100" in missing.message) == (PROBLEM, True)
    assert f"`ecqs keys salt {UNIT}`" in missing.next
    assert _one(_examine(world, quick=True, unit=OTHER), "keys.salt").verdict is SKIPPED
    salt.write_text(secret, encoding="ascii")
    for key in world.keys.glob("payload-*.key"):
        key.unlink()
    unsealed = _one(_examine(world, quick=True), "keys.salt")
    assert (unsealed.verdict, unsealed.place) == (PROBLEM, UNIT)


def test_no_salt_is_asked_for_where_no_mapping_digests_id_numbers(healthy) -> None:
    assert _one(_examine(healthy, quick=True), "keys.salt").verdict is SKIPPED


def _write_back(world) -> list[inspectors.WrittenBack]:
    with world.gateway() as gateway:
        inspectors.pull(gateway)
        return list(inspectors.write_back_all(gateway))


def test_a_list_of_inspectors_a_province_could_not_be_given_is_told(province) -> None:
    world = province.world
    assert _one(_examine(world, quick=True), "inspectors.written").verdict is SKIPPED
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE qg RENAME TO away")
    assert _write_back(world)[0].error is not None
    failed = _one(_examine(world, quick=True), "inspectors.written")
    assert (failed.verdict, failed.place) == (WARNING, UNIT), "the next one may go through"
    assert "version none" in failed.message
    assert f"`ecqs inspectors write --unit {UNIT}`" in failed.next
    world.clock.forward(days=2)
    assert _one(_examine(world, quick=True), "inspectors.written").verdict is PROBLEM
    assert _one(_examine(world, quick=True, unit=OTHER), "inspectors.written").verdict is SKIPPED
    with world.table(UNIT) as db:
        db.execute("ALTER TABLE away RENAME TO qg")
    assert _write_back(world)[0].error is None
    assert _one(_examine(world, quick=True), "inspectors.written").verdict is OK


@pytest.mark.parametrize(("hours", "verdict"), [(24, OK), (48, PROBLEM)])
def test_a_newer_list_nobody_wrote_back_is_told_when_a_day_was_missed(hours: int, verdict: Verdict, province) -> None:
    world = province.world
    _write_back(world)
    province.put(2, zt="撤销", ztrq="2026-05-06")
    province.send()
    with world.gateway() as gateway:
        inspectors.pull(gateway)
    world.clock.forward(hours=hours)
    found = _one(_examine(world, quick=True), "inspectors.written")
    assert found.verdict is verdict
    if verdict is PROBLEM:
        assert "it has version 1 of the list, the newest is 2" in found.message
        assert "ecqs_inspector_lists" in found.next


@pytest.mark.parametrize(("days", "verdict"), [(-1, PROBLEM), (10, WARNING), (400, OK)])
def test_a_certificate_is_watched_before_it_expires(days: int, verdict: Verdict, healthy) -> None:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "headquarters")])
    end = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(end - timedelta(days=500)).not_valid_after(end).sign(key, None)
    )  # fmt: skip
    (healthy.keys / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    assert _one(_examine(healthy, quick=True), "keys.certificates").verdict is verdict


def test_another_host_key_is_an_alarm_and_nobody_logs_in(healthy) -> None:
    other = generate_ssh_key().public
    healthy.connections["ecqs_national"]["extra"]["host_key"] = other
    report = _examine(healthy, offline=False, quick=True)
    finding = _one(report, "headquarters.host_key")
    assert finding.verdict is PROBLEM
    assert "ECQS-5010" in finding.message
    assert "telephone" in finding.next


def test_a_folder_the_account_may_not_see_and_a_login_that_fails_are_problems(healthy, w) -> None:
    shutil.rmtree(healthy.hq_home / "accounts" / w.ACCOUNT)
    report = _examine(healthy, offline=False, quick=True)
    assert _one(report, "headquarters.host_key").verdict is OK
    assert "ECQS-5012" in _one(report, "headquarters.folders").message


def test_what_hangs_delays_nothing_and_is_named(healthy, w) -> None:
    healthy.province(OTHER, 5)
    with _silent() as port:
        silent = {"conn_type": "postgres", "host": "127.0.0.1", "port": port, "login": "x", "schema": "y"}
        healthy.connections[f"ecqs_{OTHER}"] = silent
        healthy.connections["ecqs_national"]["port"] = port
        started = time.monotonic()
        report = _examine(healthy, offline=False, limit=5.0)
        assert time.monotonic() - started < 8
    sources = {finding.place: finding for finding in _found(report, "source")}
    assert sources[UNIT].verdict is OK
    assert sources[OTHER].verdict is PROBLEM
    assert "no answer within" in sources[OTHER].message
    assert _one(report, "headquarters.host_key").verdict is PROBLEM
    assert _one(report, "ledger.chain").verdict is OK


def test_a_source_that_lost_a_table_or_a_column_is_named_and_the_other_is_fine(healthy, w) -> None:
    healthy.province(OTHER, 5)
    with healthy.table(UNIT) as db:
        db.execute("ALTER TABLE zs RENAME COLUMN qymc TO mc")
    with healthy.table(OTHER) as db:
        db.execute("ALTER TABLE zs RENAME TO nirgends")
    sources = {finding.place: finding for finding in _found(_examine(healthy, offline=False, quick=True), "source")}
    assert "qymc, which the source does not have" in sources[UNIT].message
    assert "ECQS-2011" in sources[OTHER].message
    healthy.province("310000", 1)
    only = _found(_examine(healthy, offline=False, quick=True, unit="310000"), "source")
    assert [(finding.place, finding.verdict) for finding in only] == [("310000", OK)]


def test_lanes_and_runs_a_dead_worker_left_are_told_as_harmless(healthy) -> None:
    dead = "host:" + lanes.owners.myself().split(":")[1] + ":999999:1:abcd"
    until = (clocks.now() + timedelta(seconds=30)).isoformat()
    _change(
        healthy,
        f"UPDATE lane SET lease_owner = '{dead}', lease_until = '{until}'",
        f"UPDATE run SET state = 'running', owner = '{dead}'",
    )
    report = _examine(healthy, quick=True)
    for check in ("work.leases", "work.runs"):
        assert _one(report, check).verdict is WARNING, check
        assert "continues" in _one(report, check).next
    _change(healthy, "UPDATE lane SET lease_until = '2099-01-01T00:00:00+08:00'")
    assert _one(_examine(healthy, quick=True), "work.leases").verdict is PROBLEM


def test_held_and_stopped_lanes_say_why_and_what_to_do(healthy) -> None:
    order = "INSERT INTO stop_order (unit, reason, by, at) VALUES ('320000', '维护', '王', '2026-11-26T20:00:00+08:00')"
    _change(healthy, "UPDATE lane SET held_reason = 'headquarters refused batch 7'", order)
    report = _examine(healthy, quick=True)
    assert "refused batch 7" in _one(report, "work.held").message
    assert _one(report, "work.held").verdict is PROBLEM
    assert "维护" in _one(report, "work.stopped").message
    assert "ecqs resume" in _one(report, "work.stopped").next
    _change(healthy, f"UPDATE lane SET held_reason = '{lanes.RESTORED} 2026-11-25'")
    assert "restore --reconcile" in _one(_examine(healthy, quick=True), "work.held").next
    assert _one(_examine(healthy, quick=True, unit=OTHER), "work.held").verdict is OK


@pytest.mark.parametrize(("hours", "verdict"), [(0, OK), (3, WARNING), (30, PROBLEM)])
def test_batches_that_wait_too_long_are_told_with_those_nobody_answered(hours: int, verdict, healthy) -> None:
    at = (clocks.now() - timedelta(hours=hours)).isoformat()
    _change(healthy, f"UPDATE batch SET state = 'sent', sealed_at = '{at}', sent_at = '{at}'")
    finding = _one(_examine(healthy, quick=True), "work.unsettled")
    assert finding.verdict is verdict
    assert verdict is OK or "1 sent and not answered at all" in finding.message


@pytest.mark.parametrize(("days", "verdict"), [(0, OK), (2, WARNING), (9, PROBLEM)])
def test_a_lane_that_went_through_long_ago_is_late(days: int, verdict: Verdict, healthy) -> None:
    at = (clocks.now() - timedelta(days=days)).isoformat()
    _change(
        healthy, f"UPDATE run SET started_at = '{at}'", f"UPDATE extraction SET created_at = '{at}', state = 'stored'"
    )
    report = _examine(healthy, quick=True)
    assert _one(report, "work.late").verdict is verdict
    assert _one(report, "work.extractions").verdict is (OK if days == 0 else WARNING)


def test_dead_letters_that_come_in_numbers_are_told(world, w) -> None:
    world.clock = clocks.now
    world.province(UNIT, [w.licence(UNIT, n, fzrq="昨天") for n in range(1, 30)])
    world.sync()
    finding = _one(_examine(world, quick=True), "work.letters")
    assert finding.verdict is WARNING
    assert "29 dead letters in the last day" in finding.message
    before = (clocks.now() - timedelta(days=3)).isoformat()
    _change(world, f"UPDATE dead_letter SET created_at = '{before}'")
    assert _one(_examine(world, quick=True), "work.letters").verdict is OK


@pytest.mark.parametrize(
    ("day", "verdict"), [("2026-11-30", OK), ("2026-12-01", WARNING), ("2026-12-26", PROBLEM), ("2027-01-02", PROBLEM)]
)
def test_the_calendar_of_next_year_is_asked_for_in_december(day: str, verdict: Verdict, bare, w) -> None:
    shutil.copytree(w.ROOT / "schemas", bare.root / "schemas-copy", symlinks=True)
    (bare.content / "schemas").unlink()
    (bare.root / "schemas-copy").rename(bare.content / "schemas")
    (bare.content / "schemas" / "calendar" / "2027.csv").unlink(missing_ok=True)
    bare.clock = w.SettableClock(datetime.fromisoformat(f"{day}T03:00:00+08:00"))
    assert _one(_examine(bare, quick=True), "content.calendar").verdict is verdict


def test_what_ends_soon_and_what_is_broken_in_the_content_is_named(bare, w) -> None:
    bare.clock = w.SettableClock(datetime.fromisoformat("2026-11-26T03:00:00+08:00"))
    bare.province(UNIT, 1)
    bare.province(OTHER, 1)
    file = bare.content / "mappings" / UNIT / "certificate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("2099-12-31", "2026-12-05"), encoding="utf-8")
    bare.write(f"connectors/provinces/{OTHER}.yaml", "version: 1\nunit: [")
    report = _examine(bare, quick=True)
    (ends,) = [f for f in _found(report, "content.ending") if f.verdict is WARNING]
    assert ends.place == f"mappings/{UNIT}/certificate.yaml"
    broken = [f for f in _found(report, "content.files") if f.verdict is PROBLEM]
    assert [f.place for f in broken] == [OTHER]
    bare.write("connectors/national.yaml", "version: x")
    report = _examine(bare, quick=True)
    assert any(f.place == "connectors/national.yaml" for f in _found(report, "content.files"))
    assert _one(report, "headquarters.settings").verdict is SKIPPED


def test_a_check_that_fails_or_hangs_becomes_a_line_of_its_own(bare) -> None:
    context = Context(bare.settings(), Options())

    def broken(_: Context) -> list[Finding]:
        raise ZeroDivisionError("a value nobody may see")

    def hanging(_: Context) -> list[Finding]:
        time.sleep(30)
        return []

    def fine(_: Context) -> list[Finding]:
        return [Finding("fine", OK, "fine")]

    def needs(_: Context) -> list[Finding]:
        raise NotChecked("no ledger")

    works = {"broken": broken, "hanging": hanging, "fine": fine, "needs": needs}
    jobs = [
        Job(Check(name, work, online=name == "hanging", reads_much=False, parts=None), None)
        for name, work in works.items()
    ]
    found = {f.check: f for f in run_jobs(context, jobs, until=time.monotonic() + 0.5)}
    assert list(found) == list(works)
    assert found["broken"].verdict is PROBLEM
    assert "ZeroDivisionError" in found["broken"].message
    assert "nobody may see" not in found["broken"].message
    assert found["hanging"].verdict is PROBLEM
    assert found["fine"].verdict is OK
    assert (found["needs"].verdict, found["needs"].message) == (SKIPPED, "no ledger")


@pytest.mark.postgresql
def test_a_postgresql_ledger_is_examined_and_an_unreachable_one_is_told(world, postgresql_url: str) -> None:
    world.clock = clocks.now
    settings = replace(world.settings(), ledger_url=postgresql_url)
    with open_gateway(settings, connections=world.resolve):
        pass
    report = examine(settings, Options(offline=True), connections=world.resolve)
    assert _one(report, "clock.database").verdict is OK
    assert "PostgreSQL" in _one(report, "ledger.integrity").message
    assert _one(report, "ledger.schema").verdict is OK
    lost = replace(settings, ledger_url="postgresql+psycopg://gateway:s3cret-word@127.0.0.1:1/none")
    report = examine(lost, Options(offline=True), connections=world.resolve)
    assert _one(report, "ledger.open").verdict is PROBLEM
    assert "s3cret-word" not in str(report)


def test_the_command_has_stable_keys_and_exit_codes_and_offline_contacts_nobody(healthy) -> None:
    healthy.connections["ecqs_national"]["port"] = 1

    def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ecqs_gateway.cli", "doctor", *arguments]
        return subprocess.run(
            command, env=healthy.environment(), capture_output=True, text=True, check=False, timeout=60
        )

    done = doctor("--offline", "--json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert set(told) == {"verdict", "checked_at", "seconds", "counts", "findings"}
    assert set(told["findings"][0]) == {"check", "verdict", "message", "place", "next"}
    assert set(told["counts"]) == {"ok", "not checked", "warning", "problem"}
    assert {f["message"] for f in told["findings"] if f["check"] == "source"} == {"left out by --offline"}
    done = doctor()
    assert done.returncode == 1
    assert "problem      headquarters.host_key" in done.stdout
    assert "next: " in done.stdout


def test_a_setting_that_makes_no_sense_is_the_one_finding(world) -> None:
    environment = world.environment() | {"ECQS_LEDGER_URL": "mysql://x"}
    command = [sys.executable, "-m", "ecqs_gateway.cli", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [(f["check"], f["verdict"]) for f in json.loads(done.stdout)["findings"]] == [("settings", "problem")]


def test_the_signing_key_of_another_algorithm_than_declared_is_a_problem(healthy) -> None:
    pair = algorithm("sm2-sm3").generate()
    (healthy.keys / "gateway-ed25519.pem").write_bytes(pair.private)
    assert _one(_examine(healthy, quick=True), "keys.signing").verdict is PROBLEM
