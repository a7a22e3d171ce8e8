"""The monthly report over a real run: numbers, the records behind each of them, and its way to headquarters."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows.report import others, sections
from ecqs_gateway.flows.report.context import Context
from ecqs_gateway.flows.report.send import send_unit
from ecqs_gateway.flows.switch import stop
from ecqs_gateway.ledger import evidence, report_outbox
from ecqs_gateway.ledger.stops import Scope

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
        assert absent == {"reconciliation", "audits", "inspectors", "followups"}
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
        lambda c: others.followups(c, checks),
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
