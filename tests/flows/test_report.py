"""The monthly report over a real run: numbers, the records behind each of them, and its way to headquarters."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.deliver.transport import ReceiptUnread, RemoteReceipt
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows import followups
from ecqs_gateway.flows.report import others, sections
from ecqs_gateway.flows.report.context import Context
from ecqs_gateway.flows.report.send import send_unit
from ecqs_gateway.flows.switch import stop
from ecqs_gateway.ledger import differences, evidence, report_outbox
from ecqs_gateway.ledger.differences import Compared, Kept
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.stops import Scope
from ecqs_gateway.ledger.tables_audits import audit_message, audit_request
from ecqs_gateway.ledger.tables_followups import followup_due, followup_met
from ecqs_gateway.ledger.tables_inspectors import inspector_entry, inspector_list

UNIT, OTHER = "320000", "370000"
MONTH = "2026-11"


@pytest.fixture
def busy(world, w):
    """Two units with loaded records, changed ones, dead letters and records headquarters refused."""
    return _busy(world, w)


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, world, w):
    """The same, with the ledger on either database."""
    if request.param == "postgresql":
        world.ledger_url = request.getfixturevalue("postgresql_url")
    return _busy(world, w)


def _busy(world, w):
    world.province(UNIT, 14, batch_rows=10)
    rows = [w.licence(OTHER, n, zt="吊销" if n == 3 else "有效") for n in range(1, 8)]
    stolen = w.licence(OTHER, 9, zsbh=w.spelled(UNIT, 77))  # another unit's abbreviation: HQ-207
    world.province(OTHER, [*rows, stolen])
    world.sync()
    world.put(UNIT, [w.licence(UNIT, n, zt="注销", gxsj="2026-11-23 08:00:00") for n in (1, 2)])
    world.put(UNIT, [w.licence(UNIT, 20, fzrq="2026-11-03", gxsj="2026-11-23 08:00:00")])
    world.clock.forward(days=1)
    world.sync()
    world.running.wait_idle()
    return world


def test_every_number_is_what_is_listed_behind_it(on_both) -> None:
    with on_both.gateway() as gateway:
        context = Context.of(gateway, MONTH)
        report = sections.make(context)
        assert report.cell(f"volumes.{UNIT}-certificate.sealed") == 17
        assert report.cell(f"volumes.{UNIT}-certificate.renewed") == 2
        assert report.cell(f"volumes.{UNIT}-certificate.held") == 15
        assert report.cell(f"volumes.{OTHER}-certificate.refused") == 1
        assert report.cell(f"rejects.HQ-207.{OTHER}") == 1
        assert report.cell(f"letters.{OTHER}.open") == 2
        assert report.cell("electronic.total.valid") == 13 + 7
        assert report.cell(f"electronic.{UNIT}.issued") == 1
        asked = 0
        for table in report.tables():
            for row in (*table.rows, *((table.total,) if table.total else ())):
                for column in table.columns:
                    if not table.listed or column.kind != "count":
                        continue
                    address = f"{table.id}.{row.id}.{column.id}"
                    found = sections._LISTS[table.id](context, table.id, row.id, column.id, 100)
                    assert len(found) == (row.cells[column.id] or 0), address
                    asked += 1
        assert asked > 150


def test_a_report_of_one_unit_holds_nothing_of_another(busy) -> None:
    with busy.gateway() as gateway:
        report = sections.make(Context.of(gateway, MONTH, [UNIT]))
        assert [unit.code for unit in report.units] == [UNIT]
        assert OTHER not in report.json_bytes().decode()
        assert report.cell("volumes.total.sealed") == 17
        nothing = sections.make(Context.of(gateway, "2026-01", [UNIT]))
        assert nothing.cell("units.total.all") == 0
        for month in ("2026-13", "11-2026", "2027-01", "latest"):
            with pytest.raises(Misconfigured) as caught:
                Context.of(gateway, month)
            assert caught.value.code == "ECQS-8102"


def test_parts_that_are_not_there_say_so_and_notes_are_merged_in(busy) -> None:
    busy.write(f"reports/{MONTH}/notes.md", "# 问题\n\n<b>材料不全</b>")
    busy.write(f"reports/{MONTH}/{OTHER}.md", "- 先行先试")
    with busy.gateway() as gateway:
        report = sections.make(Context.of(gateway, MONTH))
        absent = {section.id for section in report.sections if section.state == "absent"}
        assert absent == {"reconciliation", "audits", "inspectors"}
        notes = report.sections[-1].text or ""
        assert "<b>材料不全</b>" in notes
        assert "## 山东省\n\n- 先行先试" in notes
        assert {proof.id for proof in report.proofs} == {
            "evidence_entry",
            "evidence_head",
            "content",
            "schema",
            "notes",
        }
        (gateway.content.root / "reports" / MONTH / "notes.md").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(Terminal) as caught:
            sections.make(Context.of(gateway, MONTH))
        assert caught.value.code == "ECQS-8103"


def test_sections_of_other_parts_add_up_on_given_data(busy, monkeypatch) -> None:
    day = date(2026, 11, 20)
    lines = [
        others.AuditLine(UNIT, "a", date(2026, 11, 2), day, date(2026, 11, 19)),
        others.AuditLine(UNIT, "b", date(2026, 11, 2), day, date(2026, 11, 21)),
        others.AuditLine(OTHER, "c", date(2026, 10, 2), date(2026, 10, 20), None),
        others.AuditLine(OTHER, "d", date(2026, 11, 3), date(2026, 11, 30), None),
    ]
    checks = [
        others.FollowUp(UNIT, "(苏)XK06-001-00001", day, None),
        others.FollowUp(UNIT, "(苏)XK06-001-00002", day, date(2026, 11, 1)),
        others.FollowUp(OTHER, "(鲁)XK06-001-00003", date(2026, 9, 1), None),
    ]
    compared = [others.Compared(UNIT, "certificate", "2026-11-22T02:00:00+08:00", 17, 16)]
    found = [others.Difference(UNIT, "certificate", "=1+1", "missing_there", "headquarters", "2026-11-22T02", "resend")]
    people = [others.InspectorLine(UNIT, 12, 2, 1, 1)]
    made = (
        lambda c: others.reconciliation(c, compared, found),
        lambda c: others.audits(c, lines),
        lambda c: others.inspectors(c, people),
        lambda c: others.followups(c, checks, {"FOLL-001": ("检查", Counter({UNIT: 1, OTHER: 1}))}),
    )
    monkeypatch.setattr(sections, "SECTIONS", made)
    monkeypatch.setattr(sections, "_TIES", ())
    with busy.gateway() as gateway:
        report = sections.make(Context.of(gateway, MONTH))
    assert report.cell("audits.total.share") == 0.5
    assert report.cell(f"audits.{OTHER}.overdue") == 1
    assert report.cell(f"audits.{OTHER}.running") == 1
    assert report.cell("followups.total.share") == 0.5
    assert report.cell("followups.total.overdue") == 2
    assert report.cell("followups_overdue.f1.unit") == "山东省"
    assert report.cell("reconciled.total.open") == 1
    assert report.cell("differences.d1.class") == "总局缺少"
    assert report.cell(f"inspectors.{UNIT}.added") == 2


def _fill(gateway) -> None:
    """Put rows into the tables of the four other parts."""
    due = {"unit": UNIT, "digest": b"d", "file": "f", "issued_at": "x", "working_days": 5, "demands": "{}"}
    due |= {"population": "{}", "received_at": "2026-11-02T09:00:00+08:00"}
    days = {"a": "2026-11-20", "b": "2026-11-20", "c": "2026-10-20", "d": "2026-11-30", "e": "2026-11-19"}
    states = {"a": "answered", "b": "closed", "c": "again", "d": "routed", "e": "refused"}
    sent = {"a": "2026-11-19", "b": "2026-11-21", "c": "2026-10-01"}
    entry = {"unit": UNIT, "name": "n", "authority": "a", "regime": "2", "issue_date": "2020-01-01", "record": "r"}
    listed = [(1, "1", "1", 2), (1, "2", "1", 3), (2, "1", "2", None), (2, "3", "1", None), (1, "4", "1", None)]
    with gateway.database.write() as c:
        number, run = c.exec_driver_sql("SELECT id, (SELECT max(id) FROM run) FROM lane WHERE unit = '320000'").one()
        c.execute(audit_request.insert(), [{**due, "id": i, "due": days[i], "state": states[i]} for i in days])
        message = {"kind": "answer", "number": 1, "digest": b"d", "file": "f", "size": 1, "state": "sent"}
        message["sealed_at"] = "x"
        c.execute(
            audit_message.insert(),
            [{**message, "request_id": i, "sent_at": f"{s}T10:00:00+08:00"} for i, s in sent.items()],
        )
        version = {
            "issued_at": "2026-10-01T00:00:00+08:00",
            "digest": b"d",
            "chain": b"c",
            "entries": 3,
            "form": "full",
        }
        version |= {"added": 0, "changed": 0, "removed": 0, "algorithm": "x", "key_id": "k", "file": "f"}
        version |= {"file_digest": b"d"}
        taken = {1: "2026-10-01", 2: "2026-11-02", 3: "2026-11-10"}
        c.execute(
            inspector_list.insert(),
            [{**version, "version": v, "taken_at": f"{t}T00:00:00+08:00"} for v, t in taken.items()],
        )
        c.execute(
            inspector_entry.insert(),
            [{**entry, "from_version": f, "number": n, "status": s, "until_version": u} for f, n, s, u in listed],
        )
        check = {"lane_id": number, "sequence": 1, "rule": "FOLL-001", "since": "2026-09-01"}
        days = {"k1": "2026-11-05", "k2": "2026-11-06", "k3": "2026-10-01", "k4": "2026-11-29"}
        c.execute(followup_due.insert(), [{**check, "key": k, "subject": k, "due": d} for k, d in days.items()])
        met = {"lane_id": number, "sequence": 1, "rule": "FOLL-001", "key": "m", "subject": "k1", "day": "2026-11-04"}
        c.execute(followup_met.insert(), met)
    kept = [
        Kept("headquarters", "missing_there", "k1", "aa", None, "resend"),
        Kept("source", "different", "k2", "aa", "bb", "queue"),
        Kept("headquarters", "waiting", "k3", "aa", None, "wait"),
    ]
    differences.store(gateway.database, Run(run, "reconcile"), number, Compared("both", 2, 2, 15, "aa", 14, "bb"), kept)


def test_what_other_parts_keep_is_read_added_up_and_listed(busy) -> None:
    with busy.gateway() as gateway:
        followups.scan(gateway)
        _fill(gateway)
        context = Context.of(gateway, MONTH)
        people = pl.DataFrame({"unit": [UNIT], "kind": ["inspector"], "state": ["loaded"]})
        people = people.with_columns(
            pl.lit(n, pl.Int64).alias(c) for c, n in (("batches", 1), ("records", 4), ("rejected", 0))
        )
        context.__dict__["batches"] = pl.concat([context.batches, people.select(context.batches.columns)])
        report = sections.make(context)
        assert report.cell("units.total.inspector") == 4
        assert {s.id for s in report.sections if s.state == "absent"} == {"notes"}
        lane = report.cell(f"reconciled.{UNIT}-certificate.open"), report.cell(f"reconciled.{UNIT}-certificate.there")
        assert lane == (2, 14)
        assert sum(sum(one.values()) for one in differences.open_counts(gateway.database).values()) == 2
        wanted = {"received": 5, "due": 3, "in_time": 1, "late": 1, "missed": 0, "running": 1, "overdue": 1}
        assert {name: report.cell(f"audits.{UNIT}.{name}") for name in wanted} == wanted
        wanted = {"valid": 2, "added": 1, "changed": 1, "removed": 1, "sent": 4}
        assert {name: report.cell(f"inspectors.{UNIT}.{name}") for name in wanted} == wanted
        wanted = {"due": 3, "in_time": 1, "late": 0, "missed": 1, "running": 1, "overdue": 2}
        assert {name: report.cell(f"followups.{UNIT}.{name}") for name in wanted} == wanted
        assert report.cell(f"overdue.FOLL-001.{UNIT}") == 2
        assert report.cell("followups_overdue.f1.due") == "2026-10-01"
        for address in (f"audits.{UNIT}.late", "followups.total.overdue", f"overdue.FOLL-001.{UNIT}"):
            shown = sections.behind(context, address, 100)
            assert len(shown.rows) == shown.value
        told = followups.find(gateway, within=timedelta(days=30)).rows.filter(pl.col("rule") == "AUDIT")
        assert told.select("unit", "title", "subject").unique().height == 2
        assert dict(told.select("key", "state").iter_rows())["c"] == "overdue"


def test_a_report_is_sent_once_and_headquarters_says_it_received_it(busy) -> None:
    with busy.gateway() as gateway:
        sent = send_unit(gateway, UNIT, MONTH)
        assert (sent.id, sent.state, sent.error) == (f"{UNIT}-report-20261101", "received", None)
        assert send_unit(gateway, UNIT, MONTH) == sent
        again = send_unit(gateway, UNIT, MONTH, again=True)
        assert (again.id, again.state) == (f"{UNIT}-report-20261102", "received")
        with gateway.database.read() as connection:
            events = [entry.event for entry in evidence.entries(connection)]
        assert events[-6:] == ["report sealed", "report sent", "report receipt"] * 2
    busy.running.wait_idle()
    with busy.query() as query:
        assert query.faults() == []
        assert query.gaps() == []
    assert busy.sync().failed == {}  # receipts of reports are nobody's lane


def test_one_receipt_that_cannot_be_fetched_or_moved_keeps_no_other_report_back(busy, monkeypatch, caplog) -> None:
    with busy.gateway() as gateway:
        first = send_unit(gateway, UNIT, MONTH)
    taken = busy.hq_home / "files" / "gateway" / "receipts" / UNIT / "taken"
    [old] = taken.glob(f"{first.id}.*.zip")
    old.rename(taken.parent / old.name)
    real = SftpTransport.fetch

    def fetch(transport: SftpTransport, receipt: RemoteReceipt) -> bytes:
        if receipt.name == bad:
            raise ReceiptUnread("ECQS-5026", "this receipt cannot be fetched", where=receipt.name)
        return real(transport, receipt)

    monkeypatch.setattr(SftpTransport, "fetch", fetch)
    bad = old.name
    with busy.gateway() as gateway:
        assert send_unit(gateway, UNIT, MONTH, again=True).state == "received"
        bad = f"{UNIT}-report-20261103.received.zip"
        busy.national(wait="2s")
    with busy.gateway() as gateway, pytest.raises(ReceiptUnread, match=f"ECQS-5026 {bad}"):
        send_unit(gateway, UNIT, MONTH, again=True)
    bad = ""
    taken.rename(taken.with_name("elsewhere"))
    taken.write_bytes(b"")
    with busy.gateway() as gateway:
        assert send_unit(gateway, UNIT, MONTH).state == "received"
    assert any("ECQS-5027" in line for line in caplog.messages)


def _forged(gateway, unit: str, change) -> str:
    """Seal a report whose data were changed after they were proven, and send it."""
    import hashlib

    from ecqs_gateway.flows.report import send

    real = send.files_of

    def lying(report, language):
        made = real(report, language)
        name = next(n for n in made if n.endswith(".json"))
        data = json.loads(made[name])
        change(data)
        made[name] = json.dumps(data).encode()
        page = next(n for n in made if n.endswith(".html"))
        digest = hashlib.sha256(made[name]).hexdigest()
        made[page] = made[page].replace(report.digest.encode(), digest.encode())
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, "files_of", lying)
        done = send_unit(gateway, unit, MONTH)
    assert done.state == "rejected"
    return (done.error or "").split()[0]


def test_headquarters_refuses_what_does_not_add_up_or_is_not_the_units_own(busy) -> None:
    def total(data):
        data["sections"][0]["tables"][0]["total"]["cells"]["all"] += 1

    def other(data):
        data["units"][0]["code"] = OTHER

    def unreadable(data):
        del data["sections"][0]["tables"][0]["rows"]

    with busy.gateway() as gateway:
        assert [_forged(gateway, UNIT, change) for change in (total, other, unreadable)] == [
            "HQ-123",
            "HQ-122",
            "HQ-121",
        ]
        assert send_unit(gateway, UNIT, MONTH).id == f"{UNIT}-report-20261104"
        assert [m.state for m in report_outbox.listed(gateway.database)] == ["rejected"] * 3 + ["received"]


def test_a_report_that_was_never_answered_goes_out_again_as_the_same_bytes(busy) -> None:
    busy.national(wait="0s")
    with busy.gateway() as gateway:
        stop(gateway.database, Scope(UNIT, None), reason="试", by="王", content=gateway.content.root)
        held = send_unit(gateway, UNIT, MONTH)
        assert held.state == "sealed"
        assert "stopped by 王" in (held.error or "")
        package = report_outbox.one(gateway.database, held.id).package
    busy.national()
    with busy.gateway() as gateway:
        from ecqs_gateway.flows.switch import resume

        resume(gateway.database, Scope(UNIT, None), by="王")
        done = send_unit(gateway, UNIT, MONTH)
        assert (done.id, done.state) == (held.id, "received")
        stored = gateway.stage.get(package.name, package.digest)
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        assert archive.namelist() == ["manifest.xml", "manifest.sig", "report.json", "report.xlsx", "report.html"]
    kept = busy.hq_home / "packages" / f"{package.digest}.zip"
    assert kept.read_bytes() == stored


def test_the_command_writes_lists_and_sends(busy, tmp_path: Path) -> None:
    env = busy.environment()
    out = tmp_path / "out"
    arguments = ["report", "--month", MONTH, "--output", str(out), "--lang", "zh", "--lang", "en", "--json"]
    done = CliRunner(env=env).invoke(app, [*arguments, "--send", "--unit", UNIT])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [one["state"] for one in said["sent"]] == ["received"]
    names = {Path(name).name for name in said["files"]}
    stem = f"report-{MONTH}-{UNIT}"
    assert names == {f"{stem}.json", f"{stem}.xlsx", f"{stem}.html", f"{stem}.en.xlsx", f"{stem}.en.html"}
    listed = CliRunner(env=env).invoke(
        app, ["report", "list", "--month", MONTH, "--behind", f"rejects.HQ-207.{OTHER}", "--json"]
    )
    assert json.loads(listed.stdout)["value"] == 1
    assert json.loads(listed.stdout)["records"][0]["cause"] == "HQ-207"
    wrong = CliRunner(env=env).invoke(app, ["report", "list", "--month", MONTH, "--cell", "nothing.at.all"])
    assert (wrong.exit_code, "ECQS-8101" in wrong.output) == (1, True)
    share = CliRunner(env=env).invoke(app, ["report", "list", "--month", MONTH, "--cell", "electronic.total.share"])
    assert "ECQS-8104" in share.output
