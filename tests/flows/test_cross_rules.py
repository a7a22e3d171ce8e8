"""Cross-record rules end to end: what the ledger knows, what headquarters answers, and what waits until it does."""

from __future__ import annotations

import pytest

from ecqs_gateway.ledger.needed import named_files
from ecqs_gateway.ledger.retention import live_files
from ecqs_gateway.sandbox.certificate_desk import CertificateDesk

PROVINCE, OTHER = "320000", "330000"
CONNECTOR = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: sql, connection: ecqs_{unit}, time_zone: Asia/Shanghai}}
streams:
  certificate: {{table: zs, key: [id], changed_at: gxsj, overlap: 30m, batch_rows: 100}}
  approval: {{table: bj, key: [id], changed_at: gxsj, overlap: 30m, batch_rows: 100}}
"""
MAPPING = """version: 1
unit: "{unit}"
kind: approval
owner: 测试
ignore: [id, gxsj]
fields:
  case_number: id
  application_kind: {{const: "01"}}
  enterprise.name: {{const: 远山水泥有限公司}}
  enterprise.uscc: {{const: 91440300192317458F}}
  authority.name: {{const: 某某市场监督管理局}}
  submission_date: slrq
  acceptance_date: slrq
  decision: jdjg
  decision_date: jdrq
  replacement.kind: {{expr: "CASE WHEN bzhbh IS NOT NULL THEN '1' END"}}
  replacement.replaced_number: bzhbh
  replacement.cancellation_date: {{expr: "CASE WHEN bzhbh IS NOT NULL THEN slrq END"}}
{absent}children:
  products: {{split: {{from: cp, by: "；"}}, fields: {{name: item}}}}
  production_addresses: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  papers: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
  inspectors: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}
"""
_ABSENT = (
    *("approval_mode", "enterprise.address", "original_number", "review_date", "excluded_days", "issue_date"),
    *("authority.uscc", "authority.area", "visit_waived", "visit.date", "visit.result", "policy_approval_number"),
    "certificate_number",
)
COLUMNS = ("id", "slrq", "jdjg", "jdrq", "bzhbh", "cp", "gxsj")


def onboard(world, unit: str, certificates: list, cases: list[tuple]) -> None:
    """A province with certificates and cases (id, acceptance, decision, its day, certificate replaced)."""
    world.province(unit, certificates)
    world.write(f"connectors/provinces/{unit}.yaml", CONNECTOR.format(unit=unit))
    absent = "".join(f"  {n}: {{absent: {{reason: 没有, owner: 测试, until: 2099-12-31}}}}\n" for n in _ABSENT)
    world.write(f"mappings/{unit}/approval.yaml", MAPPING.format(unit=unit, absent=absent))
    with world.table(unit) as db:
        db.execute(f"CREATE TABLE bj ({', '.join(COLUMNS)})")
    put(world, unit, cases)


def put(world, unit: str, cases: list[tuple], changed: str = "2026-11-20 08:00:00") -> None:
    with world.table(unit) as db:
        for case in cases:
            db.execute("DELETE FROM bj WHERE id = ?", (case[0],))
            db.execute("INSERT INTO bj VALUES (?, ?, ?, ?, ?, ?, ?)", (*case, "水泥", changed))


def case(name: str, number: str | None, *, accepted: str = "2024-06-03", decision: str | None = None) -> tuple:
    return (name, accepted, decision, "2024-06-10" if decision else None, number)


def findings(world, *rules: str) -> set[tuple[str, str]]:
    wanted = ", ".join(f"'{rule}'" for rule in rules)
    return set(world.rows(f"SELECT key, rule FROM finding WHERE rule IN ({wanted})"))


def events(world) -> list[str]:
    told = "'enquiry sent', 'enquiry answered', 'answer refused'"
    found = world.rows(f"SELECT event FROM evidence WHERE event IN ({told}) ORDER BY sequence")
    return [row[0] for row in found]


ACROSS = ("APPR-030", "APPR-031")


@pytest.fixture
def patient(world):
    """The world with enquiries that wait as long as it takes."""
    waiting(world, "20s")
    return world


def waiting(world, time: str) -> None:
    world.national()
    text = (world.content / "connectors/national.yaml").read_text(encoding="utf-8")
    world.write("connectors/national.yaml", f"{text}enquiries: {{wait: {time}, poll: 20ms}}\n")


def test_headquarters_knows_the_certificate_of_another_province(patient, w) -> None:
    onboard(patient, OTHER, [w.licence(OTHER, 1), w.licence(OTHER, 2, zt="注销")], [])
    patient.sync()
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1)), case("B", w.key(OTHER, 9)), case("C", None)])
    # Another gateway's ledger would not have the certificate: take away what this one knows of it.
    with patient.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE record_version SET facts = NULL")
    patient.sync()
    assert set(patient.held(PROVINCE)) == {"A", "B", "C"}
    assert findings(patient, *ACROSS) == {("A", "APPR-030")}
    with patient.query() as query:
        assert [version.flags > 0 for version in query.history("A")] == [True]
    assert events(patient) == ["enquiry sent", "enquiry answered"]
    # The answer is evidence: it is neither a stray file nor left out of a backup.
    with patient.ledger() as database, database.read() as connection:
        kept = {name for name in live_files(connection) if name.startswith("answers/")}
        assert kept == {named.name for named in named_files(connection) if named.name.startswith("answers/")}
        assert len(kept) == 1


def test_the_ledger_alone_knows_what_has_not_reached_headquarters_yet(patient, w) -> None:
    onboard(patient, PROVINCE, [w.licence(PROVINCE, 1)], [case("A", w.key(PROVINCE, 1)), case("B", w.key(PROVINCE, 1))])
    patient.sync()
    assert findings(patient, "APPR-031") == {("A", "APPR-031"), ("B", "APPR-031")}


def test_a_certificate_is_not_replaced_twice_across_provinces(patient, w) -> None:
    onboard(patient, OTHER, [w.licence(OTHER, 1)], [case("X", w.key(OTHER, 1), decision="1")])
    patient.sync()
    with patient.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM certificate_use")  # as if another gateway had sent it
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1)), case("B", w.key(OTHER, 2))])
    patient.sync()
    assert findings(patient, "APPR-031") == {("A", "APPR-031")}


def test_a_case_that_was_not_granted_replaces_nothing(patient, w) -> None:
    onboard(patient, OTHER, [], [case("X", w.key(OTHER, 1), decision="2"), case("Y", w.key(OTHER, 1), decision="1")])
    patient.sync()
    assert findings(patient, "APPR-031") == set()


def test_what_headquarters_has_not_answered_is_held_and_goes_by_itself_later(patient, w) -> None:
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1)), case("C", None)])
    patient.misbehave(silent=True)
    waiting(patient, "100ms")
    summary = patient.sync()
    assert summary.failed == {}
    assert set(patient.held(PROVINCE)) == {"C"}
    (letter,) = patient.rows("SELECT origin, state, reasons FROM dead_letter")
    assert letter[:2] == ("held", "open")
    assert "ECQS-1350" in letter[2]
    patient.clock.forward(days=1)
    assert patient.sync().failed == {}
    assert patient.rows("SELECT origin, state FROM dead_letter") == [("held", "open")]
    patient.behave()
    waiting(patient, "20s")
    patient.clock.forward(days=1)
    assert patient.sync().failed == {}
    assert set(patient.held(PROVINCE)) == {"A", "C"}
    assert patient.rows("SELECT state FROM dead_letter") == [("resolved",)]
    with patient.query() as query:
        assert query.repeated() == []


def test_an_answer_nobody_can_believe_changes_nothing(patient, w, monkeypatch) -> None:
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1))])
    sealed = CertificateDesk._sealed
    monkeypatch.setattr(
        CertificateDesk, "_sealed", lambda desk, text: sealed(desk, text).replace(b'"known": false', b'"known":  true')
    )
    patient.sync()
    assert patient.held(PROVINCE) == {}
    assert patient.rows("SELECT origin FROM dead_letter") == [("held",)]
    assert patient.rows("SELECT count(*) FROM certificate_answer") == [(0,)]
    assert events(patient) == ["enquiry sent", "answer refused"]


def test_a_sent_record_is_never_held_again(patient, w) -> None:
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1))])
    patient.sync()
    with patient.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM certificate_answer")
    patient.misbehave(silent=True)
    waiting(patient, "100ms")
    patient.clock.forward(days=1)
    assert w.counts(patient.sync(since=None), PROVINCE)["dead_new"] == 0


def test_a_status_that_cannot_follow_is_flagged_by_the_version_before(patient, w) -> None:
    onboard(patient, PROVINCE, [w.licence(PROVINCE, 1, zt="注销"), w.licence(PROVINCE, 2)], [])
    patient.sync()
    assert findings(patient, "CERT-022", "CERT-023") == set()
    later = "2026-11-24 08:00:00"
    patient.put(PROVINCE, [w.licence(PROVINCE, 1, gxsj=later), w.licence(PROVINCE, 2, zt="注销", gxsj=later)])
    patient.clock.forward(days=2)
    patient.sync()
    assert findings(patient, "CERT-022") == {(w.key(PROVINCE, 1), "CERT-022")}


def test_a_dry_run_asks_nobody(patient, w) -> None:
    onboard(patient, PROVINCE, [], [case("A", w.key(OTHER, 1))])
    patient.misbehave(silent=True)
    assert sum(row["batched"] for row in patient.sync(dry_run=True).rows) == 1
    assert patient.rows("SELECT count(*) FROM enquiry") == [(0,)]


def test_a_batch_of_cases_that_was_refused_as_a_whole_goes_out_after_its_release(world, w, monkeypatch) -> None:
    from ecqs_gateway.flows import release, seal

    plain = seal.seal_batch

    def wrong(header, batch, *, records, **rest):
        return plain(header, batch, records=records + (header.kind == "approval" and header.sequence == 1), **rest)

    monkeypatch.setattr(seal, "seal_batch", wrong)
    onboard(world, PROVINCE, [w.licence(PROVINCE, 1)], [case("A", w.key(PROVINCE, 1)), case("C", None)])
    assert list(world.sync().failed) == [f"{PROVINCE} approval"]
    with world.gateway() as gateway:
        release.release(gateway, PROVINCE, "approval", reason="试", by="甲")
    assert world.sync().failed == {}
    assert world.rows("SELECT sequence FROM certificate_use") == [(2,)]
