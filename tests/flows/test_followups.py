"""What is to be done after records were sent, from a province's tables to the list, judged by hand-counted days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.content.models_followups import FollowUpsFile
from ecqs_gateway.flows import followups
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.rules.followups import compile_followups

UNIT, OTHER = "320000", "370000"
CONNECTOR = """version: 1
unit: "{unit}"
owner: 测试
source: {{type: sql, connection: ecqs_{unit}}}
streams:
  certificate: {{table: zs, key: [id], changed_at: gxsj}}
  approval: {{table: bj, key: [bh], changed_at: gxsj}}
  supervision_check: {{table: jc, key: [bh], changed_at: gxsj}}
"""
HEAD = 'version: 1\nunit: "{unit}"\nkind: {kind}\nowner: 测试\nignore: [gxsj]\nfields:\n'
APPROVAL = """  case_number: bh
  application_kind: lb
  enterprise.name: {const: 远山电缆有限公司}
  enterprise.uscc: {const: USCC}
  original_number: yzh
  submission_date: sqrq
  decision_date: fzrq
  decision: jd
  issue_date: fzrq
  authority.name: {const: 某某市场监督管理局}
  visit_waived: mhc
  certificate_number: zsbh
children:
  products: {split: {from: cp, by: "[;；]"}, fields: {name: item}}
"""
CHECK = """  check_number: bh
  check_kind: lb
  enterprise.name: {const: 远山电缆有限公司}
  enterprise.uscc: {const: USCC}
  certificate_number: zsbh
  authority.name: {const: 某某市场监督管理局}
  check_date: rq
  result: jg
  rectification.due_date: zgqx
  rectification.closed_date: zgrq
"""
TABLES = (
    "CREATE TABLE bj (bh PRIMARY KEY, lb, yzh, sqrq, jd, fzrq, mhc, zsbh, cp DEFAULT '架空绞线', gxsj)",
    "CREATE TABLE jc (bh PRIMARY KEY, lb, zsbh, rq, jg, zgqx, zgrq, gxsj)",
)
NUMBER = "苏XK06-001-00001"


class Bureau:
    """A province with certificates, approvals and supervision checks."""

    def __init__(self, world, w, unit=UNIT):
        self.world, self.unit, self.minute = world, unit, 0
        world.province(unit)
        world.write(f"connectors/provinces/{unit}.yaml", CONNECTOR.format(unit=unit))
        for kind, text in (("approval", APPROVAL), ("supervision_check", CHECK)):
            head = HEAD.format(unit=unit, kind=kind)
            world.write(f"mappings/{unit}/{kind}.yaml", head + text.replace("USCC", w.USCC))
        with world.table(unit) as db:
            for statement in TABLES:
                db.execute(statement)

    def write(self, table, **cells):
        self.minute += 1
        cells["gxsj"] = f"2026-11-20 09:{self.minute:02d}:00"
        with self.world.table(self.unit) as db:
            names, marks = ", ".join(cells), ", ".join("?" * len(cells))
            db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", list(cells.values()))

    def renewal(self, number=NUMBER, issued="2026-01-01", case="BJ-1", **cells):
        given = {"lb": "02", "sqrq": "2025-12-01", "jd": "1", "mhc": "是", "yzh": number, "zsbh": number}
        self.write("bj", bh=case, fzrq=issued, **(given | cells))

    def check(self, number=NUMBER, day="2026-02-01", case="JC-1", **cells):
        self.write("jc", bh=case, rq=day, zsbh=number, **({"lb": "02", "jg": "1"} | cells))


@pytest.fixture
def bureau(world, w):
    return Bureau(world, w)


def found(world, on, *, within=30, done=False, rule="FOLL-001"):
    assert world.sync().failed == {}
    with world.gateway() as gateway:
        rows = followups.find(gateway, within=timedelta(days=within), on=date.fromisoformat(on), met=done).rows
    rows = rows.filter(pl.col("rule") == rule)
    return [(row["subject"], str(row["due"]), row["state"]) for row in rows.rows(named=True)]


def test_a_renewal_without_visit_is_to_be_checked_within_sixty_days(bureau, world):
    bureau.renewal()
    bureau.renewal("苏XK06-001-00002", case="BJ-2", mhc="否")
    canonical = "(苏)XK06-001-00001"
    assert found(world, "2026-01-31", within=29) == []
    assert found(world, "2026-01-31") == [(canonical, "2026-03-02", "due")]
    assert found(world, "2026-03-02") == [(canonical, "2026-03-02", "due")]
    assert found(world, "2026-03-03") == [(canonical, "2026-03-02", "overdue")]
    bureau.check(day="2025-12-31")  # before it was issued: another matter
    assert found(world, "2026-03-03") == [(canonical, "2026-03-02", "overdue")]
    bureau.check(day="2026-02-20", jg="4", case="JC-2")  # nobody was there
    assert found(world, "2026-03-03") == [(canonical, "2026-03-02", "overdue")]
    bureau.check(day="2026-03-05", case="JC-3")
    assert found(world, "2026-03-06") == []
    assert found(world, "2026-03-06", done=True) == [(canonical, "2026-03-02", "late")]
    bureau.check(day="2026-03-01", case="JC-3")  # corrected at the source
    assert found(world, "2026-03-06", done=True) == [(canonical, "2026-03-02", "met")]


def test_a_new_version_of_the_record_moves_what_is_due_or_ends_it(bureau, world):
    bureau.renewal()
    assert len(found(world, "2026-02-20")) == 1
    bureau.renewal(issued="2026-01-11")
    assert found(world, "2026-02-20") == [("(苏)XK06-001-00001", "2026-03-12", "due")]
    bureau.renewal(mhc="否")
    assert found(world, "2026-02-20") == []


def test_a_check_of_another_province_counts_in_all(bureau, world, w):
    other = Bureau(world, w, OTHER)
    bureau.renewal()
    other.check(day="2026-02-01")
    assert found(world, "2026-03-03") == []


def test_expiring_certificates_are_told_six_months_before_until_they_lapse(bureau, world, w):
    world.put(UNIT, [w.licence(UNIT, 1, yxqz="2027-03-01", gxsj="2026-11-20 09:00:00")])
    ours = {"rule": "FOLL-002"}
    (due,) = found(world, "2026-08-20", **ours)
    assert due[1:] == ("2026-09-01", "due")
    assert found(world, "2026-12-01", **ours)[0][2] == "overdue"
    assert found(world, "2027-03-02", **ours) == []
    bureau.renewal(number=due[0], case="BJ-9", sqrq="2026-08-01", issued=None)
    assert found(world, "2026-12-01", **ours) == []
    assert found(world, "2026-12-01", done=True, **ours)[0][2] == "met"


def test_rectifications_are_due_on_their_own_day(bureau, world):
    bureau.check(jg="2", zgqx="2026-02-28", lb="01")
    assert found(world, "2026-03-01", rule="FOLL-003") == [("JC-1", "2026-02-28", "overdue")]
    bureau.check(jg="2", zgqx="2026-02-28", zgrq="2026-02-27", lb="01")
    assert found(world, "2026-03-01", rule="FOLL-003") == []


def test_a_check_of_the_same_number_in_another_province_settles_nothing(bureau, world, w):
    other = Bureau(world, w, OTHER)
    bureau.check(jg="2", zgqx="2026-02-28", lb="01")
    other.check(jg="2", zgqx="2026-02-28", zgrq="2026-02-27", lb="01")
    assert found(world, "2026-03-01", rule="FOLL-003") == [("JC-1", "2026-02-28", "overdue")]
    with world.gateway() as gateway:
        assert followups.overdue(gateway, date(2026, 3, 1))["unit"].to_list() == [UNIT]


def test_what_enterprises_have_to_do_is_not_held_against_the_unit(bureau, world, w):
    world.put(UNIT, [w.licence(UNIT, 1, yxqz="2027-03-01", gxsj="2026-11-20 09:00:00")])
    assert found(world, "2026-12-01", rule="FOLL-002")[0][2] == "overdue"
    with world.gateway() as gateway:
        assert followups.overdue(gateway, date(2026, 12, 1)).is_empty()
    (due,) = found(world, "2026-12-01", rule="FOLL-002")
    bureau.renewal(number=due[0], case="BJ-8", sqrq="2026-08-01", issued=None, jd="3")  # 不予受理
    assert found(world, "2026-12-01", rule="FOLL-002") == [due]


def test_batches_are_looked_through_once_and_again_when_the_follow_ups_change(bureau, world):
    bureau.renewal()
    assert world.sync().failed == {}
    with world.gateway() as gateway:
        assert followups.scan(gateway) == 1
        assert followups.scan(gateway) == 0
    world.without_rules()
    file = world.content / "schemas/followups"
    text = (file / "notice.yaml").read_text(encoding="utf-8")
    file.unlink()
    text = text.replace("days: 60", "days: 30").replace('on: "2026-03-02"', 'on: "2026-01-31"')
    world.write("schemas/followups/notice.yaml", text)
    assert found(world, "2026-01-31") == [("(苏)XK06-001-00001", "2026-01-31", "due")]


def test_what_the_retention_removed_before_is_counted_and_not_guessed(bureau, world):
    bureau.renewal()
    assert world.sync().failed == {}
    with world.gateway() as gateway:
        with gateway.database.write() as connection:
            connection.exec_driver_sql("UPDATE batch SET pruned_at = '2026-11-20T00:00:00+08:00'")
        told = followups.find(gateway, within=timedelta(days=30), on=date(2026, 3, 3))
    assert told.rows.is_empty()
    assert told.unread == 1


def test_the_command_lists_writes_a_calendar_and_says_by_its_exit_that_something_is_late(
    bureau, world, tmp_path, monkeypatch
):
    from icalendar import Calendar

    bureau.renewal()
    assert world.sync().failed == {}
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    ics, csv = tmp_path / "due.ics", tmp_path / "due.csv"
    arguments = ["followups", "--on", "2026-03-03", "--calendar", str(ics), "--csv", str(csv)]
    shown = CliRunner().invoke(app, [*arguments, "--json"])
    assert shown.exit_code == 3, shown.output
    (event,) = Calendar.from_ical(ics.read_bytes()).walk("VEVENT")
    assert event.decoded("dtstart") == date(2026, 3, 2)
    assert str(event["uid"]) == f"{UNIT}-FOLL-001-BJ-1@ecqs-gateway"
    assert "(苏)XK06-001-00001" in str(event["summary"])
    assert "FOLL-001" in csv.read_text(encoding="utf-8-sig")
    assert CliRunner().invoke(app, ["followups", "--on", "2026-03-01"]).exit_code == 0


DAYS = st.dates(date(2000, 1, 31), date(2099, 12, 31))


@given(day=DAYS, months=st.integers(-24, 24))
def test_months_are_counted_as_people_do(day, months):
    """The same day of that month, or its last day where it has none."""
    moved = _moved(day, {"months": months})
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    assert moved == date(year, month + 1, min(day.day, last))


@given(day=DAYS, days=st.integers(-400, 400))
def test_days_are_calendar_days(day, days):
    assert _moved(day, {"days": days}) == day + timedelta(days=days)


def _moved(day, due):
    one = {
        "id": "TEST-001", "kind": "certificate", "title": "x", "when": "TRUE", "subject": "number",
        "since": "issue_date", "due": {"from": "issue_date", **due},
        "met_by": {"kind": "certificate", "subject": "number", "date": "issue_date"},
        "clause": {"document": "x", "article": "x", "source": "x"}, "message": {"zh": "x", "en": "x"},
        "examples": {"due": [{"record": {"number": "x"}, "on": "2000-01-01"}], "none": [{"number": "x"}]},
    }  # fmt: skip
    file = FollowUpsFile.model_validate({"version": 1, "owner": "x", "followups": [one]})
    frame = pl.DataFrame({"key": ["k"], "number": ["n"], "issue_date": [day]})
    due_rows, _ = compile_followups([file], ExprContext()).of("certificate", frame)
    return due_rows["due"][0]
