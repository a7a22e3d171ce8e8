"""`ecqs inspectors` as it is typed: what it prints, for people and for scripts, and its exit codes."""

from __future__ import annotations

import json

import ecqs_test_support_roster as roster
import ecqs_test_support_world as _world
import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app

UNIT = "320000"


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory):
    """A world whose list has two versions: in the second one inspector is revoked and one is new."""
    world = _world.World(tmp_path_factory.mktemp("inspectors"))
    world.build()
    world.without_rules()
    with world.headquarters():
        made = roster.Roster(world, UNIT)
        made.send()
        assert ecqs(made, "pull")[0] == 0
        made.put(2, zt="撤销", ztrq="2026-05-06")
        made.put(4, xm="贾样本")
        made.send()
        yield made


def ecqs(province, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["inspectors", *arguments], env=province.world.environment())
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def as_json(province, *arguments: str):
    code, text = ecqs(province, *arguments, "--json")
    return code, json.loads(text)


def test_a_pull_says_what_came_and_what_was_written(province) -> None:
    code, found = as_json(province, "pull")
    assert code == 0
    assert (found["before"], found["version"], found["refused"]) == (1, 2, [])
    assert [(each["unit"], each["version"], each["error"]) for each in found["written"]] == [(UNIT, 2, None)]
    code, text = ecqs(province, "pull")
    assert code == 0
    assert "Version 2 is the one we hold." in text


def test_the_list_is_shown_with_who_has_it(province) -> None:
    ecqs(province, "pull")
    code, text = ecqs(province, "list")
    assert code == 0
    assert "4 inspectors in version 2" in text
    assert "320000 has version 2 in qg" in text
    _, found = as_json(province, "list", "--status", "撤销")
    assert [(row["number"], row["status_name"]) for row in found["inspectors"]] == [(province.key(2), "撤销")]
    _, found = as_json(province, "list", "--search", "贾", "--unit", UNIT)
    assert found["total"] == 1
    assert as_json(province, "list", "--as-of", "1")[1]["total"] == 3


def test_an_inspector_is_shown_with_all_that_was_ever_said(province) -> None:
    ecqs(province, "pull")
    code, found = as_json(province, "show", province.key(2))
    assert code == 0
    assert [(row["from_version"], row["status_name"]) for row in found["said"]] == [(1, "有效"), (2, "撤销")]
    assert {span["until"] for span in found["recognised"]} == {"2026-05-05"}
    code, text = ecqs(province, "show", province.key(2))
    assert "recognised for 水泥 from 2021-03-01 to 2026-05-05" in text
    assert ecqs(province, "show", "无此人")[0] == 1


@pytest.mark.parametrize(
    ("number", "options", "why"),
    [(1, ["--product", "水泥", "--on", "2026-06-01"], "recognised"), (1, ["--product", "06"], "recognised"),
     (1, ["--product", "化肥"], "other class"), (2, ["--on", "2026-05-05"], "recognised"),
     (2, ["--on", "2026-05-06"], "3"), (2, ["--on", "2026-05-06", "--as-of", "1"], "recognised"),
     (1, ["--on", "2021-02-28"], "early"), (77, [], "unknown")],
)  # fmt: skip
def test_a_look_up_answers_by_its_exit_code(province, number: int, options: list[str], why: str) -> None:
    ecqs(province, "pull")
    code, found = as_json(province, "lookup", province.key(number), *options)
    assert found["why"] == why
    assert code == (0 if why == "recognised" else 1)
    assert ecqs(province, "lookup", province.key(number), *options)[0] == code


def test_an_unknown_product_is_answered_with_those_there_are(province) -> None:
    code, text = ecqs(province, "lookup", province.key(1), "--product", "玻璃")
    assert code == 1
    assert "ECQS-7127" in text
    assert "02 水泥" in text


def test_differences_are_shown_in_words(province) -> None:
    ecqs(province, "pull")
    _, found = as_json(province, "diff")
    assert (found["before"], found["after"]) == (1, 2)
    assert [(row["number"], row["change"]) for row in found["changes"]] == [
        (province.key(2), "changed"), (province.key(4), "added"),
    ]  # fmt: skip
    assert found["changes"][0]["fields"] == {"status": ["1", "3"], "status_date": [None, "2026-05-06"]}
    _, text = ecqs(province, "diff", "1", "2")
    assert "status: 1 → 3" in text
    assert "ECQS-7128" in ecqs(province, "diff", "1", "9")[1]
    assert "say the same" in ecqs(province, "diff", "2", "2")[1]


def test_writing_again_changes_nothing_and_a_failure_is_seen(province) -> None:
    ecqs(province, "pull")
    assert "every province has the newest version" in ecqs(province, "write")[1]
    code, found = as_json(province, "write", "--again", "--unit", UNIT)
    assert code == 0
    assert found[0]["counts"]["updated"] == 0
    with province.world.table(UNIT) as db:
        db.execute("ALTER TABLE qg RENAME TO weg")
    try:
        code, text = ecqs(province, "write", "--again")
        assert code == 1
        assert "ECQS-7131" in text
        assert "the last try failed" in ecqs(province, "list")[1]
    finally:
        with province.world.table(UNIT) as db:
            db.execute("ALTER TABLE weg RENAME TO qg")


def test_no_approval_is_touched_where_none_was_sent(province) -> None:
    ecqs(province, "pull")
    code, found = as_json(province, "affected")
    assert code == 0
    assert (found["inspectors"], found["approvals"], found["rows"]) == (1, 0, [])
    assert "No visit was made by any of the 1 inspectors" in ecqs(province, "affected")[1]


def test_a_salt_is_made_with_keys_salt(province) -> None:
    done = CliRunner().invoke(app, ["keys", "salt", "370000"], env=province.world.environment())
    assert done.exit_code == 0
    assert "salt-370000.key made" in done.output
    assert CliRunner().invoke(app, ["keys", "salt", "37"], env=province.world.environment()).exit_code == 1
