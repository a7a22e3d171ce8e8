"""Random inspections end to end: headquarters draws and checks by its own code, the gateway by ours."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.errors import Conflict, Terminal
from ecqs_gateway.flows import audits as flow
from ecqs_gateway.flows import dossier, followups
from ecqs_gateway.flows.dossier import Adding
from ecqs_gateway.ledger import audits as ledger
from ecqs_gateway.ledger import evidence
from ecqs_gateway.sandbox.audit_desk import Order, open_desk
from ecqs_gateway.sandbox.audit_writing import pack
from ecqs_gateway.sandbox.keys import load_or_create

UNIT, OTHER = "320000", "370000"
ROOT = Path(__file__).resolve().parents[2]
CALENDAR = ROOT / "schemas" / "calendar"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
DUE = date(2026, 12, 7)


class Desk:
    """Headquarters' desk beside the gateway, with both asked by their own ledgers."""

    def __init__(self, world: Any, w: Any) -> None:
        self.world, self.w = world, w

    # headquarters

    def draw(self, unit: str = UNIT, **order: Any) -> str:
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return desk.draw(unit, Order(**({"rate": 200, "seed": "七", "due": DUE} | order))).id

    def asked(self, request: str) -> dict[str, Any]:
        """Give all that headquarters knows of a request."""
        with open_desk(self.world.hq_home, CALENDAR) as desk:
            return {
                "state": desk.audits.find(request).state,
                "cases": desk.audits.items(request),
                "said": desk.audits.acknowledgement(request),
                "answers": desk.audits.answers(request),
            }

    def alarms(self) -> list[str]:
        with self.world.query() as query:
            return [alarm.code for alarm in query.alarms() if alarm.code.startswith("audit")]

    def folder(self, unit: str = UNIT) -> Path:
        return self.world.hq_home / "files" / self.w.ACCOUNT / "audits" / unit

    def put(self, name: str, data: bytes, unit: str = UNIT) -> None:
        self.folder(unit).mkdir(parents=True, exist_ok=True)
        (self.folder(unit) / name).write_bytes(data)

    def key(self) -> Any:
        return load_or_create(self.world.hq_home / "keys" / "headquarters-ed25519.pem")

    def signed_anew(self, request: str, change: Any, *, key: Any = None, name: str = "") -> bytes:
        """Give a request changed by ``change(xml, population)`` and signed by headquarters' own key, or another."""
        members = self.members((self.folder() / f"{request}.request.zip").read_bytes())
        xml = members["audit_request.xml"].decode()
        text = gzip.decompress(members["population.tsv.gz"]).decode()
        xml, text = change(xml, text)
        root = xml.partition("\n")[2]
        head, _, body = root.removeprefix("<audit_request ").removesuffix("</audit_request>").partition(">")
        said = dict(part.split('="') for part in head.removesuffix('"').split('" '))
        del said["xmlns"]
        packed = [("population.tsv.gz", gzip.compress(text.encode(), mtime=0))]
        return pack("audit_request", said, body, key or self.key(), packed)

    @staticmethod
    def members(data: bytes) -> dict[str, bytes]:
        import io
        import zipfile

        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    # the gateway

    def pull(self, unit: str = UNIT) -> flow.UnitResult:
        with self.world.gateway() as gateway:
            result = flow.run_unit(gateway, unit)
        if self.world.running is not None:
            self.world.running.wait_idle()
        return result

    def request(self, request: str) -> dict[str, Any]:
        with self.world.gateway() as gateway:
            found = ledger.find(gateway.database, request)
            assert found is not None
            return found

    def quarantined(self) -> list[str]:
        with self.world.gateway() as gateway:
            return [row["code"] for row in ledger.quarantined(gateway.database)]

    def events(self) -> list[str]:
        sql = "SELECT event FROM evidence WHERE event LIKE 'audit %' ORDER BY sequence"
        return [event for (event,) in self.world.rows(sql)]

    def papers(self, request: str, code: str = "02") -> None:
        """Add one PDF to every case."""
        file = self.world.root / f"{code}.pdf"
        file.write_bytes(PDF)
        numbers = range(1, len(self.asked(request)["cases"]) + 1)
        with self.world.gateway() as gateway:
            dossier.assemble(gateway, request, [Adding(number, code, file) for number in numbers], by="张三")

    def absent(self, request: str, number: int, why: str) -> None:
        with self.world.gateway() as gateway:
            dossier.assemble(gateway, request, [Adding(number, "02", absent=why)], by="张三")

    def answer(self, request: str) -> Any:
        with self.world.gateway() as gateway:
            return dossier.answer(gateway, request, by="张三")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A world in which two units have delivered, made once."""
    w = sys.modules["ecqs_test_support_world"]
    made = w.World(tmp_path_factory.mktemp("audits") / "base")
    made.build()
    made.without_rules()
    for unit in (UNIT, OTHER):
        made.province(unit, [w.licence(unit, n, cpmc="架空绞线" if n % 3 else "控制电缆") for n in range(1, 31)])
    with made.headquarters() as headquarters:
        assert made.sync().failed == {}
        headquarters.wait_idle()
    return made


@pytest.fixture
def desk(base: Any, tmp_path: Path, w: Any) -> Iterator[Desk]:
    world = w.clone(base, tmp_path / "world")
    with world.headquarters() as headquarters:
        yield Desk(world, w)
        headquarters.wait_idle()
    with world.query() as query:
        assert query.faults() == []
    with world.ledger() as database, database.read() as connection:
        evidence.verify(connection)


def test_a_drawn_case_is_answered_from_what_was_sent_and_closed(desk: Desk) -> None:
    request = desk.draw()
    result = desk.pull()
    assert (result.errors, result.requests, result.sent) == ([], 1, 1)
    asked = desk.asked(request)
    assert (asked["state"], asked["said"]["draw"], asked["said"]["population"]) == (
        "acknowledged",
        "reproduced",
        "agrees",
    )
    # The province changes its database: the answer is what was sent, not what stands there now.
    desk.world.put(UNIT, [desk.w.licence(UNIT, n, qymc="改名后的企业") for n in range(1, 31)])
    with pytest.raises(Terminal) as lacking:
        desk.answer(request)
    assert lacking.value.code == "ECQS-7064"
    desk.papers(request)
    message = desk.answer(request)
    result = desk.pull()
    assert (result.errors, result.sent, result.receipts) == ([], 1, 0)
    assert desk.pull().receipts == 1
    asked = desk.asked(request)
    assert (asked["state"], desk.request(request)["state"]) == ("closed", "closed")
    [kept] = asked["answers"]
    assert (kept["digest"], kept["outcome"], json.loads(kept["remarks"])) == (message.file.digest, "closed", [])
    assert len(asked["cases"]) == 4 + 2  # 200 per thousand of 20 and of 10
    assert desk.events() == [
        *("audit received", "audit sent", *["audit paper"] * 6, "audit answered", "audit sent", "audit receipt"),
    ]
    with pytest.raises(Conflict) as closed:
        desk.papers(request)
    assert closed.value.code == "ECQS-7041"


def test_the_same_request_twice_is_acknowledged_once_and_answered_with_the_same_bytes(desk: Desk) -> None:
    request = desk.draw()
    again = (desk.folder() / f"{request}.request.zip").read_bytes()
    assert desk.pull().requests == 1
    desk.put(f"{request}.request.zip", again)
    second = desk.pull()
    assert (second.requests, second.sent, second.quarantined, second.errors) == (0, 0, 0, [])
    assert list(desk.folder().glob("*.zip")) == []
    assert desk.asked(request)["said"]["submissions"] == 1
    desk.papers(request)
    message = desk.answer(request)
    desk.pull()
    # A resend, as after an answer that was lost on the way: the stored bytes, and the same receipt.
    with desk.world.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE audit_message SET state = 'sealed' WHERE kind = 'answer'")
    assert desk.pull().sent == 1
    [kept] = desk.asked(request)["answers"]
    assert (kept["digest"], kept["submissions"]) == (message.file.digest, 2)
    assert desk.alarms() == []


def test_other_bytes_under_the_id_of_a_request_are_quarantined(desk: Desk) -> None:
    request = desk.draw()
    other = desk.signed_anew(request, lambda xml, text: (xml.replace("2026-12-07", "2027-01-07"), text))
    desk.pull()
    desk.put(f"{request}.request.zip", other)
    assert desk.pull().quarantined == 1
    assert desk.quarantined() == ["ECQS-7005"]
    assert desk.request(request)["due"] == "2026-12-07"


def test_a_forged_request_is_quarantined_reported_and_routes_nothing(desk: Desk, tmp_path: Path) -> None:
    route_to_folder(desk, tmp_path / "drop")
    request = desk.draw()
    mine = load_or_create(tmp_path / "mine.pem")
    forged = desk.signed_anew(request, lambda xml, text: (xml, text), key=mine)
    (desk.folder() / f"{request}.request.zip").unlink()
    desk.put(f"{request}.request.zip", forged)
    cut = forged[:-10]
    desk.put("320000-audit-00000008.request.zip", cut)
    desk.put("320000-audit-00000009.1.receipt.zip", forged)
    result = desk.pull()
    assert (result.requests, result.routed, result.sent, result.quarantined) == (0, 0, 0, 3)
    assert sorted(desk.quarantined()) == ["ECQS-4011", "ECQS-4012", "ECQS-4024"]
    assert list((tmp_path / "drop").rglob("*")) == []
    assert desk.asked(request)["said"] is None
    assert desk.pull().quarantined == 0  # taken: it is looked at once
    code, said = cli(desk, "audits", "list")
    assert (code, said.count("NOT BELIEVED")) == (3, 3)
    for number in (1, 2, 3):
        assert cli(desk, "audits", "seen", str(number), "--by", "李四")[0] == 0
    assert cli(desk, "audits", "list") == (0, "Headquarters asks for nothing.\n")
    assert cli(desk, "audits", "seen", "1", "--by", "李四")[0] == 1
    assert desk.events() == ["audit quarantined"] * 3 + ["audit quarantine seen"] * 3


def test_a_request_for_another_unit_is_quarantined(desk: Desk) -> None:
    request = desk.draw(OTHER)
    data = (desk.folder(OTHER) / f"{request}.request.zip").read_bytes()
    desk.put(f"{request}.request.zip", data)  # under its own name in our folder
    desk.put("320000-audit-00000007.request.zip", data)  # under a name of ours
    result = desk.pull()
    assert (result.requests, result.sent, result.quarantined) == (0, 0, 2)
    assert desk.quarantined() == ["ECQS-7004", "ECQS-7004"]
    assert desk.asked(request)["said"] is None
    assert desk.pull(OTHER).requests == 1  # where it belongs it is fine


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda xml, text: (_other_case(xml, text), text), "ECQS-7012"),
        (lambda xml, text: (_seed(xml), text), "ECQS-7012"),
        (lambda xml, text: (xml, text.replace("架空绞线", "架空绞綫", 1)), "ECQS-7011"),
        (lambda xml, text: (xml.replace('drawn="4"', 'drawn="5"'), text), "ECQS-7012"),
        (lambda xml, text: (xml.replace('records="20"', 'records="19"'), text), "ECQS-7012"),
    ],
    ids=["another case", "another seed", "another population", "more drawn than came out", "another size"],
)
def test_a_tampered_draw_is_refused_and_headquarters_is_told(desk: Desk, change: Any, code: str) -> None:
    request = desk.draw()
    desk.put(f"{request}.request.zip", desk.signed_anew(request, change))
    with closing(sqlite3.connect(desk.world.hq_home / "headquarters.db")) as db, db:
        import hashlib

        data = (desk.folder() / f"{request}.request.zip").read_bytes()
        db.execute("UPDATE audits SET digest = ?", (hashlib.sha256(data).hexdigest(),))  # it believes it sent this
    result = desk.pull()
    assert (result.requests, result.quarantined, result.errors) == (1, 0, [])
    found = desk.request(request)
    assert (found["state"], found["code"]) == ("refused", code)
    asked = desk.asked(request)
    assert (asked["state"], asked["said"]["verdict"], asked["said"]["code"], asked["said"]["draw"]) == (
        *("refused", "refused", code, "differs"),
    )
    with pytest.raises(Terminal) as refused:
        desk.answer(request)
    assert refused.value.code == "ECQS-7065"


def _other_case(xml: str, text: str) -> str:
    """Ask for a case that was not drawn in the place of one that was."""
    first = xml.index("<item ")
    end = xml.index("</item>", first)
    key = xml[first:end].partition('key="')[2].partition('"')[0]
    other = next(line.split("\t") for line in text.splitlines() if f"\t{key}\t" not in line and "架空绞线" in line)
    return (
        f'{xml[:first]}<item kind="{other[0]}" product="{other[1]}" key="{other[2]}" version="{other[3]}">{xml[end:]}'
    )


def _seed(xml: str) -> str:
    before, _, rest = xml.partition('seed="')
    return f'{before}seed="{"0" * 64}{rest[64:]}'


def test_a_case_this_ledger_never_sent_is_answered_as_unknown_with_its_reason(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.world.home / "ledger.db")) as db, db:  # as after a loss: the ledger lacks some
        db.execute("DELETE FROM record_version WHERE position % 2 = 0")
    request = desk.draw()
    assert desk.pull().errors == []
    asked = desk.asked(request)
    assert (asked["said"]["verdict"], asked["said"]["population"]) == ("accepted", "differs")
    with desk.world.gateway() as gateway:
        cases = dossier.view(gateway, request).cases
    unknown = [case.number for case in cases if case.unknown]
    assert 0 < len(unknown) < len(cases)
    assert "没有该业务主键" in str(next(case.unknown for case in cases if case.unknown))
    desk.papers(request)
    desk.answer(request)
    desk.pull()
    desk.pull()
    assert desk.request(request)["state"] == "closed"
    remarks = json.loads(desk.request(request)["remarks"])
    assert [(remark["case"], remark["code"]) for remark in remarks] == [(number, "HQ-320") for number in unknown]
    assert desk.alarms() == ["audit case unknown"] * len(unknown)


def test_headquarters_asks_again_for_a_lacking_paper_and_takes_the_reason_the_second_time(desk: Desk) -> None:
    request = desk.draw()
    desk.pull()
    desk.papers(request)
    desk.absent(request, 2, "企业已搬迁，原件遗失")
    first = desk.answer(request)
    desk.pull()
    assert desk.pull().receipts == 1
    found = desk.request(request)
    assert (found["state"], desk.asked(request)["state"]) == ("again", "again")
    assert [(r["case"], r["code"]) for r in json.loads(found["remarks"])] == [(2, "HQ-313")]
    with desk.world.gateway() as gateway:
        told = flow.notice(gateway, found)
    assert (told.round, [row["case_no"] for row in told.rows]) == (2, [2])
    second = desk.answer(request)
    assert (first.number, second.number) == (1, 2)
    desk.pull()
    desk.pull()
    assert desk.request(request)["state"] == "closed"
    assert [answer["outcome"] for answer in desk.asked(request)["answers"]] == ["again", "closed"]


def test_a_due_date_in_a_year_without_a_calendar_is_kept_and_never_guessed(desk: Desk) -> None:
    request = desk.draw(due=date(2031, 1, 10))
    assert desk.pull().requests == 1
    assert desk.request(request)["due"] == "2031-01-10"
    code, said = cli(desk, "audits", "show", request)
    assert code == 0
    assert "due 2031-01-10 (its year has no calendar here)" in said
    code, said = cli(desk, "audits", "list", "--json")
    [row] = json.loads(said)["requests"]
    assert (code, row["left"], row["overdue"]) == (0, None, False)
    with desk.world.gateway() as gateway:
        assert flow.working_days_left(gateway, "2026-12-07") is not None


def test_an_overdue_request_escalates_once_in_evidence_and_at_every_look(desk: Desk) -> None:
    request = desk.draw()
    desk.pull()
    desk.world.clock.moment = desk.world.clock.moment.replace(month=12, day=7)
    assert desk.pull().overdue == []  # its last day is in time
    desk.world.clock.forward(days=1)
    assert desk.pull().overdue == [request]
    assert desk.pull().overdue == [request]
    assert desk.events().count("audit overdue") == 1
    desk.papers(request)
    desk.answer(request)
    with desk.world.gateway() as gateway:  # sealed is not sent: still overdue
        today = desk.world.clock().astimezone(SHANGHAI).date()
        assert len(ledger.mark_overdue(gateway.database, UNIT, today, clock=gateway.clock)) == 1
    assert desk.pull().overdue == []


def _doctor(desk: Desk) -> dict[str, tuple[str, str]]:
    from ecqs_gateway.flows.doctor.core import Options
    from ecqs_gateway.flows.doctor.examine import examine

    options = Options(offline=True, quick=True)
    report = examine(desk.world.settings(), options, connections=desk.world.resolve, clock=desk.world.clock)
    return {f.check: (str(f.verdict), f.message) for f in report.findings if f.check.startswith("audits.")}


def test_the_doctor_tells_what_is_late_refused_not_believed_or_told_to_nobody(desk: Desk) -> None:
    assert [verdict for verdict, _ in _doctor(desk).values()] == ["ok", "ok"]
    request = desk.draw()
    desk.put("320000-audit-00000008.request.zip", b"no ZIP")
    desk.pull()
    assert _doctor(desk)["audits.due"] == ("warning", "its connector does not say where it goes")
    assert _doctor(desk)["audits.believed"][0] == "problem"
    desk.world.clock.moment = desk.world.clock.moment.replace(month=12, day=6)
    assert _doctor(desk)["audits.due"] == ("warning", "its answer is due 2026-12-07")
    desk.world.clock.forward(days=3)
    assert _doctor(desk)["audits.due"] == ("problem", "its answer was due 2026-12-07")
    desk.papers(request)
    desk.answer(request)
    desk.pull()
    assert _doctor(desk)["audits.due"][0] == "ok"
    status = json.loads(cli(desk, "status", "--json")[1])
    assert (status["audits"], len(status["quarantined"])) == ([], 1)


def test_a_case_drawn_under_another_product_than_its_package_names_is_told(desk: Desk) -> None:
    request = desk.draw(least=20)

    def mislabelled(xml: str, text: str) -> tuple[str, str]:
        """Headquarters puts every record into one stratum and draws honestly from that."""
        from ecqs_gateway.sandbox.audit_writing import RequestFacts, Sealing, write_request
        from ecqs_gateway.sandbox.draw import Population, Row, draw

        cells = [line.split("\t") for line in text.splitlines()]
        rows = tuple(Row(kind, "水泥", key, version) for kind, _, key, version in cells)
        found = Population(rows, {"certificate": 1})
        drawn = draw(rows, seed="1" * 64, population=found.digest, rate=0, least=9)
        issued = desk.world.clock()
        facts = RequestFacts(request, UNIT, issued, DUE, 10, "1" * 64, 0, 9, {"certificate": ("02",)})
        data = write_request(facts, found, drawn, Sealing(desk.key(), "ecqs-sandbox"))
        desk.put(f"{request}.request.zip", data)
        return xml, text

    desk.signed_anew(request, mislabelled)
    assert (desk.pull().requests, desk.request(request)["state"]) == (1, "received")
    compared = json.loads(desk.request(request)["population"])
    assert (compared["verdict"], compared["other_products"]) == ("differs", 9)


def test_two_workers_at_once_do_everything_once(desk: Desk, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    route_to_folder(desk, tmp_path / "drop")
    requests = [desk.draw(seed=str(n)) for n in range(3)]
    with ThreadPoolExecutor(3) as workers:
        results = [worker.result() for worker in [workers.submit(desk.pull) for _ in range(3)]]
    assert sum(result.requests for result in results) == 3
    assert [error for result in results for error in result.errors if not error.retry] == []
    desk.pull()
    assert [desk.asked(request)["state"] for request in requests] == ["acknowledged"] * 3
    for event in ("audit received", "audit routed", "audit sent"):
        assert desk.events().count(event) == 3, event
    assert desk.quarantined() == desk.alarms() == []


@pytest.mark.postgresql
def test_it_is_the_same_with_a_ledger_on_postgresql(world: Any, w: Any, postgresql_url: str) -> None:
    world.without_rules()
    world.ledger_url = postgresql_url
    world.province(UNIT, 6)
    assert world.sync().failed == {}
    desk = Desk(world, w)
    world.running.wait_idle()
    request = desk.draw(least=2)
    assert (desk.pull().errors, desk.asked(request)["said"]["population"]) == ([], "agrees")
    desk.world.clock.moment = desk.world.clock.moment.replace(month=12, day=20)
    assert desk.pull().overdue == [request]
    desk.papers(request)
    desk.absent(request, 1, "遗失")
    desk.answer(request)
    desk.pull()
    assert (desk.pull().receipts, desk.request(request)["state"]) == (1, "again")
    desk.answer(request)
    desk.pull()
    assert (desk.pull().receipts, desk.request(request)["state"]) == (1, "closed")


def test_sending_obeys_a_stop_order(desk: Desk) -> None:
    from ecqs_gateway.ledger import stops
    from ecqs_gateway.ledger.stops import Scope

    request = desk.draw()
    with desk.world.ledger() as database:
        stops.order(database, Scope(UNIT), reason="演练", by="李四")
    result = desk.pull()
    assert (result.requests, result.sent) == (1, 0)
    assert "李四" in str(result.stopped)
    with desk.world.ledger() as database:
        stops.lift(database, Scope(UNIT), by="李四")
    assert desk.pull().sent == 1
    assert desk.asked(request)["state"] == "acknowledged"


# -- What headquarters makes of a bad answer


def _answer_package(desk: Desk, good: bytes, number: int, change: Any) -> bytes:
    """Give a good answer with its number, then changed by ``change(xml, files)``, and signed by the gateway's key."""
    from ecqs_gateway.deliver.signing import algorithm, seal
    from ecqs_gateway.doors.archive import build_zip

    members = desk.members(good)
    files = {name: data for name, data in members.items() if not name.startswith("audit_answer.")}
    xml = members["audit_answer.xml"].decode().replace(' number="1"', f' number="{number}"', 1)
    xml, files, owner = change(xml, files)
    key = algorithm("ed25519").signer((desk.world.keys / "gateway-ed25519.pem").read_bytes())
    if owner is not None:
        key = algorithm("ed25519").signer(algorithm("ed25519").generate().private)
    written = xml.encode()
    return build_zip([("audit_answer.xml", written), ("audit_answer.sig", seal(written, key)), *sorted(files.items())])


def _swapped(name: str, data: bytes, xml: str, files: dict[str, bytes]) -> Any:
    """Put other bytes in the place of a file, described rightly."""
    import hashlib
    import re

    [place] = [each for each in files if each.startswith(name)]
    digest = hashlib.sha256(data).hexdigest()
    said = f'<file name="{place}"[^>]*>'
    xml = re.sub(said, f'<file name="{place}" media="application/zip" digest="{digest}" size="{len(data)}">', xml)
    return xml, files | {place: data}, None


def test_headquarters_asks_again_for_whatever_is_wrong_with_an_answer(desk: Desk) -> None:
    request = desk.draw()
    desk.pull()
    desk.papers(request)
    message = desk.answer(request)
    with desk.world.gateway() as gateway:
        good = gateway.stage.get(message.file.name, message.file.digest)
    other = desk.draw(OTHER)
    foreign = (desk.folder(OTHER) / f"{other}.request.zip").read_bytes()
    bad = [
        ("HQ-302", lambda xml, files: (xml, files, "another key")),
        ("HQ-303", lambda xml, files: (xml.replace('outcome="answered"', 'outcome="maybe"', 1), files, None)),
        ("HQ-304", lambda xml, files: (xml.replace(f'request="{request}"', f'request="{request[:-1]}9"'), files, None)),
        ("HQ-305", lambda xml, files: (xml, files | {next(iter(files)): b"other bytes"}, None)),
        ("HQ-305", lambda xml, files: (xml, files | {"packages/more.zip": b"x"}, None)),
        ("HQ-311", lambda xml, files: (xml.replace('<case number="2"', '<case number="99"'), files, None)),
        ("HQ-312", lambda xml, files: _swapped("packages/", foreign, xml, files)),
        ("HQ-312", lambda xml, files: _swapped("receipts/", foreign, xml, files)),
        ("HQ-314", lambda xml, files: _swapped("papers/", b"MZ executable", xml, files)),
    ]
    inbox = desk.world.hq_home / "files" / desk.w.ACCOUNT / "inbox" / UNIT

    def bring(number: int, data: bytes) -> None:
        part = inbox / f".{number}.part"
        part.write_bytes(data)
        part.rename(inbox / f"{request}.{number}.answer.zip")
        desk.world.running.wait_idle()

    for number, (code, change) in enumerate(bad, 1):
        bring(number, _answer_package(desk, good, number, change))
        kept = desk.asked(request)["answers"][-1]
        assert (kept["number"], kept["outcome"]) == (number, "again")
        assert {said for _, said, _ in json.loads(kept["remarks"])} == {code}, number
    bring(1, good)
    assert desk.alarms() == ["audit conflict"]  # another answer holds that number
    last = len(bad) + 1
    bring(last, _answer_package(desk, good, last, lambda xml, files: (xml, files, None)))
    assert desk.asked(request)["state"] == "closed"
    assert desk.pull().quarantined == last  # receipts for answers this ledger never gave


# -- Routing


def route_to_folder(desk: Desk, place: Path) -> None:
    place.mkdir()
    desk.world.connections["drop"] = {"conn_type": "fs", "extra": {"path": str(place)}}
    _connector(desk, "audits: {type: folder, connection: drop, folder: 抽查}\n")


def _connector(desk: Desk, line: str) -> None:
    file = desk.world.content / "connectors" / "provinces" / f"{UNIT}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + line, encoding="utf-8")


def test_a_request_is_written_to_the_provinces_folder_and_its_papers_are_taken_from_there(
    desk: Desk, tmp_path: Path
) -> None:
    route_to_folder(desk, tmp_path / "drop")
    request = desk.draw()
    result = desk.pull()
    assert (result.routed, result.errors) == (1, [])
    place = tmp_path / "drop" / "抽查" / request
    cases = json.loads((place / "request.json").read_text(encoding="utf-8"))["cases"]
    assert [(c["case_no"], c["papers"], c["due_date"]) for c in cases] == [(n, "02", "2026-12-07") for n in range(1, 7)]
    assert (place / "cases.csv").read_text(encoding="utf-8-sig").count("\n") == 7
    assert (place / "request.json").stat().st_mode & 0o777 == 0o660
    assert desk.request(request)["routed_to"] == f"folder 抽查/{request}"
    for case in cases:
        (place / str(case["case_no"]) / "02-营业执照.pdf").write_bytes(PDF + str(case).encode() + b"%%EOF")
    with desk.world.gateway() as gateway:
        found, new = dossier.assemble(gateway, request, by="张三")
        assert (found.lacking, new) == (0, 6)
        assert dossier.assemble(gateway, request, by="张三")[1] == 0  # the same again is nothing new
    assert desk.pull().routed == 0


def test_a_request_is_written_to_the_provinces_table_once(desk: Desk) -> None:
    _connector(desk, "audits: {type: table, table: T_CC}\n")
    columns = ", ".join(f"{name} TEXT" for name in ("unit", "kind", "business_key", "product", "version", "papers"))
    ddl = f"CREATE TABLE T_CC (request_id TEXT, round INTEGER, case_no INTEGER, {columns}, remark TEXT,"
    ddl += " issued_at TEXT, due_date TEXT, PRIMARY KEY (request_id, round, case_no))"
    request = desk.draw()
    assert [error.code for error in desk.pull().errors] == ["ECQS-7021"]  # no such table yet
    with desk.world.table(UNIT) as db:
        db.execute(ddl)
    assert desk.pull().routed == 1
    with desk.world.ledger() as database, database.write() as connection:  # as when it died before it took note
        connection.exec_driver_sql("UPDATE audit_request SET state = 'received', routed_at = NULL")
    assert desk.pull().routed == 1
    with desk.world.table(UNIT) as db:
        rows = db.execute("SELECT request_id, round, case_no, due_date FROM T_CC ORDER BY case_no").fetchall()
    assert rows == [(request, 1, number, "2026-12-07") for number in range(1, 7)]


# -- Kills


_DIES = """
import os, signal, sys
from ecqs_gateway.flows import audits as flow
from ecqs_gateway.flows import dossier
from ecqs_gateway.flows.gateway import open_gateway
from ecqs_gateway.inbound.audit_box import AuditBox
from ecqs_gateway.ledger import audits, dossiers

where, when, what = sys.argv[1:4]
owner = next(each for each in (AuditBox, audits, dossiers) if hasattr(each, where))
real = getattr(owner, where)

def dying(*given, **named):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, where, dying)
with open_gateway() as gateway:
    if what == "answer":
        dossier.answer(gateway, sys.argv[4], by="x")
    flow.run_unit(gateway, "320000")
"""


def test_a_worker_killed_between_any_two_steps_loses_and_doubles_nothing(desk: Desk, tmp_path: Path) -> None:
    route_to_folder(desk, tmp_path / "drop")

    def dies(where: str, when: str, what: str = "pull") -> None:
        command = [sys.executable, "-c", _DIES, where, when, what, request]
        done = subprocess.run(
            command, env=desk.world.environment(), capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert desk.world.running is not None
        desk.world.running.wait_idle()

    request = desk.draw()
    dies("enter", "before")  # fetched and staged, not entered
    dies("take", "before")  # entered, not taken at headquarters
    dies("mark_routed", "before")  # written to the province, not noted
    dies("put", "after")  # the acknowledgement lies there, not noted
    assert desk.asked(request)["state"] == "acknowledged"
    result = desk.pull()
    assert (result.requests, result.errors) == (0, [])
    assert desk.asked(request)["said"]["submissions"] <= 2
    assert len(list((tmp_path / "drop" / "抽查").iterdir())) == 1
    desk.papers(request)
    dies("seal_answer", "before", "answer")  # packed and staged, not sealed
    dies("put", "after", "answer")  # sealed and there, not noted
    [kept] = desk.asked(request)["answers"]
    desk.pull()
    desk.pull()
    assert desk.request(request)["state"] == "closed"
    [again] = desk.asked(request)["answers"]
    assert again["digest"] == kept["digest"]
    assert desk.alarms() == []
    for event in ("audit received", "audit routed", "audit answered", "audit receipt"):
        assert desk.events().count(event) == 1, event


# -- Commands


def cli(desk: Desk, *arguments: str) -> tuple[int, str]:
    from typer.testing import CliRunner

    from ecqs_gateway.cli.main import app

    done = CliRunner(env=desk.world.environment()).invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def test_the_commands_lead_from_the_draw_to_the_closed_request(desk: Desk, tmp_path: Path) -> None:
    code, said = cli(desk, "sandbox", "draw", "--unit", UNIT, "--due", "2099-12-31", "--seed", "七")
    assert code == 0, said
    request = said.partition(":")[0]
    assert cli(desk, "audits", "pull", "--unit", UNIT)[0] == 0
    code, said = cli(desk, "audits", "show", request)
    assert code == 0
    assert said.count("02 营业执照: LACKING") == 2
    (tmp_path / "p" / "1").mkdir(parents=True)
    (tmp_path / "p" / "1" / "02-执照.pdf").write_bytes(PDF)
    code, said = cli(desk, "audits", "assemble", request, "--papers", str(tmp_path / "p"), "--absent", "2:02:遗失")
    assert (code, "2 papers added" in said, "Nothing that was demanded is lacking." in said) == (0, True, True)
    assert cli(desk, "audits", "assemble", request, "--absent", "2-02")[0] == 1
    code, said = cli(desk, "audits", "answer", request, "--by", "张三", "--json")
    assert (code, json.loads(said)["sent"]) == (0, True)
    assert desk.world.running is not None
    desk.world.running.wait_idle()
    assert cli(desk, "audits", "pull", "--unit", UNIT)[0] == 0
    code, said = cli(desk, "sandbox", "audits")
    assert "HQ-313" in said
    assert json.loads(cli(desk, "audits", "list", "--json")[1])["requests"][0]["state"] == "again"
    assert cli(desk, "audits", "show", "320000-audit-00000099")[0] == 1


_BAD_PAPERS = (
    ("02.pdf", b"MZ\x90\x00 not a paper", "ECQS-7052"),
    ("02.pdf", PDF[:20], "ECQS-7052"),
    ("02.pdf", b"", "ECQS-7051"),
    ("02.png", PDF, "ECQS-7053"),
    ("02.docx", b"PK\x03\x04 with macros", "ECQS-7052"),
    ("执照.pdf", PDF, "ECQS-7061"),
    ("77.pdf", PDF, "ECQS-7062"),
)


def test_a_paper_that_cannot_be_filed_is_refused_and_none_of_the_others_is_kept(desk: Desk, tmp_path: Path) -> None:
    request = desk.draw()
    desk.pull()
    with desk.world.gateway() as gateway:
        for position, (name, data, code) in enumerate(_BAD_PAPERS):
            for number, (file, content) in enumerate((("02.pdf", PDF), (name, data)), 1):
                place = tmp_path / str(position) / str(number)
                place.mkdir(parents=True)
                (place / file).write_bytes(content)
            with pytest.raises(Terminal) as refused:
                dossier.assemble(gateway, request, papers=tmp_path / str(position), by="张三")
            assert refused.value.code == code, name
            assert dossier.view(gateway, request).cases[0].papers == ()


def test_papers_lie_sealed_under_their_own_digest(desk: Desk) -> None:
    import hashlib

    request = desk.draw()
    desk.pull()
    desk.papers(request)
    digest = hashlib.sha256(PDF).hexdigest()
    [file] = [path for path in (desk.world.home / "stage" / "papers").rglob("*") if path.is_file()]
    assert file.name == digest
    assert PDF not in file.read_bytes()
    with desk.world.gateway() as gateway:
        assert gateway.stage.get(f"papers/{digest[:2]}/{digest}", digest) == PDF
        from ecqs_gateway.flows.prune import prune

        gateway.clock.forward(days=400)  # type: ignore[attr-defined]
        prune(gateway)
        assert gateway.stage.get(f"papers/{digest[:2]}/{digest}", digest) == PDF


def test_the_verifier_draws_the_request_again(desk: Desk, tmp_path: Path) -> None:
    request = desk.draw()
    file = desk.folder() / f"{request}.request.zip"
    key = desk.world.hq_home / "headquarters.pub.pem"

    def verified(path: Path, *more: object) -> tuple[int, str]:
        command = [sys.executable, "-I", ROOT / "verifier" / "ecqs_verify.py", "--draw", path, *more]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout

    code, said = verified(file, "--headquarters-key", key)
    assert (code, "6 of 30 records in 2 strata" in said) == (0, True)
    assert verified(file)[0] == 3  # nothing says whose it is
    bad = tmp_path / "bad.zip"
    bad.write_bytes(desk.signed_anew(request, lambda xml, text: (_other_case(xml, text), text)))
    code, said = verified(bad, "--headquarters-key", key)
    assert (code, "other cases come out of its seed" in said) == (1, True)


def test_an_answer_owed_is_a_follow_up_until_it_has_got_out(desk) -> None:
    asked = desk.draw()
    desk.pull()

    def owed(gateway: Any, day: int, unit: str = UNIT) -> pl.DataFrame:
        found = followups.find(gateway, within=timedelta(days=1), on=date(2026, 12, day), units=[unit]).rows
        return found.filter(pl.col("rule") == "AUDIT")

    with desk.world.gateway() as gateway:
        said = owed(gateway, 7).row(0, named=True)
        assert (said["unit"], said["title"], said["subject"], said["key"]) == (UNIT, "随机抽查答复", asked, asked)
        assert (said["due"], said["days"], said["state"]) == (DUE, 0, "due")
        assert owed(gateway, 5).is_empty()
        assert owed(gateway, 9).select("days", "state").row(0) == (-2, "overdue")
        assert owed(gateway, 9, OTHER).is_empty()
    desk.papers(asked)
    desk.answer(asked)
    with desk.world.gateway() as gateway:
        assert owed(gateway, 9).height == 1  # made, and not sent
    desk.pull()
    with desk.world.gateway() as gateway:
        assert owed(gateway, 9).is_empty()
