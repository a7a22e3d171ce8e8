"""`ecqs reconcile` by what it prints and returns; status and doctor tell what is open, too."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.flows.doctor import Options, Verdict, examine

UNIT, KIND = "320000", "certificate"
LANE = ("--unit", UNIT, "--kind", KIND)


@pytest.fixture
def run(world, monkeypatch: pytest.MonkeyPatch):
    world.without_rules()
    world.province(UNIT, 20)
    for name, value in {**world.environment(), "COLUMNS": "200", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)

    def ecqs(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    return ecqs


def test_what_is_found_mended_and_left_to_a_person_is_told_everywhere(run, world, w) -> None:
    assert "nothing to compare" in run("reconcile")
    run("sync")
    assert "Everything agrees." in run("reconcile", "--source")
    run("sandbox", "tamper", "lose", *LANE, "--number", "2")
    run("sandbox", "tamper", "alter", *LANE, "--key", w.key(UNIT, 9))

    told = run("reconcile", code=3)
    assert "2 missing there" in told
    assert "holder.name" in told
    assert "3 differences are open." in told
    plain = json.loads(run("reconcile", "--repair", "--json", code=3))
    [lane] = plain["lanes"]
    assert (lane["repaired"]["resent"], lane["confirmed"], lane["open"]) == (2, True, 1)
    assert not plain["agrees"]

    assert "1 different" in run("status")
    assert json.loads(run("status", "--json"))["differences"] == [{"unit": UNIT, "kind": KIND, "different": 1}]
    assert w.key(UNIT, 9) in run("reconcile", "--list")
    with world.gateway() as gateway:
        report = examine(gateway.settings, Options(offline=True, quick=True), connections=world.resolve)
    [finding] = [each for each in report.findings if each.check == "work.differences"]
    assert finding.verdict is Verdict.WARNING
    assert "ecqs reconcile" in (finding.next or "")

    assert "ECQS-8050" in run("reconcile", *LANE, "--resend", w.key(UNIT, 9), code=1)
    assert "ECQS-8052" in run("reconcile", "--resend", w.key(UNIT, 9), "--reason", "x", code=1)
    said = run("reconcile", *LANE, "--resend", w.key(UNIT, 9), "--reason", "以我省为准", "--by", "王")
    assert "headquarters: loaded" in said
    assert "Everything agrees." in run("reconcile")
    assert "No difference is open." in run("reconcile", "--list")
