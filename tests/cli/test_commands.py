"""The `ecqs` command as a person and as a script use it: in a process of its own, by what it prints and returns."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from ecqs_gateway.cli import main
from ecqs_gateway.cli.main import app

UNIT, OTHER = "320000", "370000"
ROOT = Path(__file__).resolve().parents[2]


def _ecqs(world, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "ecqs_gateway.cli", *arguments],
        env={**world.environment(), "COLUMNS": "200", "NO_COLOR": "1"},
        cwd=world.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def _commands(command: click.Command, path: str = "ecqs") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{path} {name}")


COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_every_module_that_brings_a_command_is_listed() -> None:
    listed = {path.removeprefix("ecqs ") for path in COMMANDS if path.count(" ") == 1}
    brought: list[str] = []
    for file in Path(main.__file__).parent.glob("*.py"):
        module = importlib.import_module(f"ecqs_gateway.cli.{file.stem}") if file.stem != "__main__" else main
        alone = typer.Typer()
        if hasattr(module, "register") and "_" not in file.stem:
            module.register(alone)
        elif isinstance(getattr(module, "app", None), typer.Typer) and module is not main:
            alone.add_typer(module.app, name={"letters": "dead-letters"}.get(file.stem, file.stem))
        brought += typer.main.get_group(alone).commands
    assert listed == set(brought)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_option_and_argument_says_what_it_is_for(path: str) -> None:
    command = COMMANDS[path]
    assert command.help, path
    assert len(command.help.split()) >= 3, path
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        assert text, f"{path} {parameter.name}"
        assert text[0].isupper(), f"{path} {parameter.name}: {text}"
        assert text.endswith("."), f"{path} {parameter.name}: {text}"


def test_help_is_quick_and_lists_the_commands(world) -> None:
    done = _ecqs(world, "--help")
    assert done.returncode == 0
    for path, command in COMMANDS.items():
        if path.count(" ") == 1 and not command.hidden:
            assert path.split()[1] in done.stdout


def test_a_wrong_option_is_refused_with_code_2_and_the_nearest_one(world) -> None:
    done = _ecqs(world, "sync", "--unti", UNIT)
    assert done.returncode == 2
    assert "--unit" in done.stderr


def test_sync_status_and_show_tell_one_story(world, w) -> None:
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 6)), w.licence(UNIT, 6, fzrq="昨天")])
    rehearsed = _ecqs(world, "sync", "--dry-run")
    assert rehearsed.returncode == 0
    assert "5 records would be sent" in rehearsed.stdout
    assert world.held() == {}

    done = _ecqs(world, "sync", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == {}
    assert [(row["unit"], row["loaded"], row["dead_new"]) for row in told["counts"]] == [(UNIT, 5, 1)]
    w.judged_faultless(world, {UNIT: 5})
    again = _ecqs(world, "sync")
    assert again.returncode == 0
    assert "Nothing new was sent: 1 row is a dead letter; `ecqs dead-letters list --by rule`" in again.stdout
    unknown = _ecqs(world, "show", "苏XK06-001-99999", "--json")
    assert unknown.returncode == 1
    assert not any(json.loads(unknown.stdout).values())

    status = json.loads(_ecqs(world, "status", "--json").stdout)
    assert status["last_run"]["state"] == "done"
    assert [(lane["unit"], lane["loaded"], lane["dead_letters"]) for lane in status["lanes"]] == [(UNIT, 5, 1)]
    plain = _ecqs(world, "status").stdout
    assert UNIT in plain
    assert "dead letters" in plain
    assert json.loads(_ecqs(world, "status", "--unit", OTHER, "--json").stdout)["lanes"] == []

    shown = json.loads(_ecqs(world, "show", "（苏）ＸＫ06－001－00003", "--json").stdout)
    assert shown["versions"][0]["key"] == w.key(UNIT, 3)
    text = _ecqs(world, "show", "苏XK06-001-00003").stdout
    for part in (
        w.key(UNIT, 3),
        world.held()[w.key(UNIT, 3)].version,
        "loaded",
        "zsbh = 苏XK06-001-00003",
        "<certificate",
    ):
        assert part in text
    letter = _ecqs(world, "show", "6").stdout
    for part in ("Dead letter", "issue_date", "fzrq", "ECQS-12"):
        assert part in letter
    sandbox = json.loads(_ecqs(world, "sandbox", "show", "--json").stdout)
    assert sandbox == [{"unit": UNIT, "kind": "certificate", "loaded": 5}]
    history = json.loads(_ecqs(world, "sandbox", "show", w.key(UNIT, 3), "--json").stdout)
    assert json.loads(_ecqs(world, "sandbox", "show", "（苏）ＸＫ06－001－00003", "--json").stdout) == history
    assert [version["outcome"] for version in history] == ["loaded"]


def test_a_unit_that_fails_makes_the_exit_code_1_and_is_named_with_the_next_step(world, w) -> None:
    world.province(UNIT, 3)
    world.province(OTHER, 3)
    with world.table(OTHER) as db:
        db.execute("ALTER TABLE zs RENAME TO nirgends")
    done = _ecqs(world, "sync")
    assert done.returncode == 1
    assert f"{OTHER} certificate: ECQS-2011" in done.stdout
    assert "Next:" in done.stdout
    told = _ecqs(world, "sync", "--json")
    assert told.returncode == 1
    assert list(json.loads(told.stdout)["failed"]) == [f"{OTHER} certificate"]
    w.judged_faultless(world, {UNIT: 3, OTHER: 0})


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sync", "--unit", "999999"], 1, ["ECQS-6002", "999999", "next:"]),
        (["sync", "--kind", "cert"], 1, ["ECQS-6018", "kinds they have: certificate"]),
        (["sync", "--since", "gestern"], 2, ["since"]),
        (["show", "苏XK06-001-99999"], 1, ["Nothing is known", "ecqs status"]),
        (["status"], 0, ["ecqs sync"]),
        (["check"], 0, ["no errors", "Content "]),
        (["check", "--unit", UNIT, "--json"], 0, ['"problems"']),
        (["check", "--unit", OTHER], 1, ["ECQS-6002", "units that have one: 320000"]),
        (["sandbox", "misbehave", '{"dorp": 1}'], 1, ["dorp", "drop"]),
        (["sandbox", "misbehave", "{"], 1, ["Known orders"]),
        (["sandbox", "show", "--home", "absent"], 1, ["ECQS-6056", "ECQS_SANDBOX"]),
        (["sandbox", "anchors", "--home", "absent"], 1, ["ECQS-6056", "ecqs sandbox run"]),
        (["report"], 0, ["report"]),
        (["sandbox", "behave"], 0, ["behaves again"]),
        (["--version"], 0, ["ecqs-gateway 0"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_a_command_says_and_returns(arguments: list[str], code: int, words: list[str], bare) -> None:
    bare.province(UNIT, 1)
    done = _ecqs(bare, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    for word in words:
        assert word in done.stdout + done.stderr


def test_check_names_file_line_and_what_was_meant(bare) -> None:
    bare.province(UNIT, 1)
    file = bare.content / f"mappings/{UNIT}/certificate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("issue_date: fzrq", "issue_dat: fzrq"), encoding="utf-8")
    done = _ecqs(bare, "check")
    assert done.returncode == 1
    line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if "issue_dat" in text)
    assert f"mappings/{UNIT}/certificate.yaml:{line}:" in done.stdout
    assert "issue_date" in done.stdout
    problems = json.loads(_ecqs(bare, "check", "--json").stdout)["problems"]
    assert any(problem["line"] == line and problem["code"].startswith("ECQS-") for problem in problems)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ECQS_LEDGER_URL", "mysql://x"),
        ("ECQS_LEDGER_URL", "postgresql://nobody:geheim@127.0.0.1:1/none"),
        ("ECQS_HOME", "/proc/nowhere"),
        ("ECQS_CONTENT", "/tmp/nowhere-at-all"),
        ("ECQS_HOEM", "x"),
    ],
)
def test_a_wrong_setting_is_a_message_and_no_traceback(variable: str, value: str, bare, w) -> None:
    environment = {**bare.environment(), variable: value}
    if variable == "ECQS_HOEM":
        environment.pop("ECQS_HOME")
    done = subprocess.run(
        [sys.executable, "-m", "ecqs_gateway.cli", "status"],
        env=environment, cwd=bare.root, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("ECQS-")
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stdout + done.stderr


def test_an_interrupted_sync_gives_its_lanes_back(world, w) -> None:
    import signal
    import time

    world.province(UNIT, 120, batch_rows=10)
    world.national(records=5)
    worker = subprocess.Popen(
        [sys.executable, "-m", "ecqs_gateway.cli", "sync"],
        env=world.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=world.root,
    )  # fmt: skip
    while not (world.home / "ledger.db").exists() and worker.poll() is None:
        time.sleep(0.02)
    time.sleep(0.5)
    worker.send_signal(signal.SIGINT)
    output, _ = worker.communicate(timeout=60)
    assert worker.returncode != -signal.SIGKILL
    assert (world.home / "ledger.db").exists()
    done = _ecqs(world, "sync", "--json")
    assert done.returncode == 0, output.decode() + done.stdout + done.stderr
    w.judged_faultless(world, {UNIT: 120})


def test_an_operator_stops_sees_it_everywhere_and_resumes(world, w) -> None:
    world.province(UNIT, 5)
    assert _ecqs(world, "stop", "--unit", "999999", "--reason", "x").returncode == 1
    assert _ecqs(world, "stop", "--unit", UNIT).returncode == 1, "without a reason"
    done = _ecqs(world, "stop", "--unit", UNIT, "--reason", "端口切换", "--by", "李工")
    assert done.returncode == 0
    assert f"ecqs resume --unit {UNIT}" in done.stdout
    synced = _ecqs(world, "sync")
    assert synced.returncode == 0, "an order is no failure"
    for shown in (synced.stdout, _ecqs(world, "status").stdout, _ecqs(world, "stop", "--list").stdout):
        assert "李工" in shown
        assert "端口切换" in shown
    w.judged_faultless(world, {UNIT: 0})

    wrong = _ecqs(world, "resume")
    assert wrong.returncode == 1
    assert f"orders that stand are for: {UNIT}" in wrong.stderr
    _ecqs(world, "stop", "--kind", "approval", "--reason", "x")
    lifted = json.loads(_ecqs(world, "resume", "--unit", UNIT, "--json").stdout)
    assert [order["reason"] for order in lifted["lifted"]] == ["端口切换"]
    assert [order["kind"] for order in lifted["standing"]] == ["approval"]
    every = json.loads(_ecqs(world, "stop", "--list", "--json").stdout)
    assert [bool(order["lifted_at"]) for order in every] == [True, False]
    assert _ecqs(world, "sync").returncode == 0
    w.judged_faultless(world, {UNIT: 5})


def test_the_stop_switch_works_when_the_content_is_broken(world) -> None:
    world.province(UNIT, 1)
    world.write("connectors/national.yaml", "version: [\n")
    assert _ecqs(world, "stop", "--reason", "x").returncode == 0
    assert _ecqs(world, "resume").returncode == 0


def test_a_held_lane_is_released_with_words_that_say_it_is_no_resend(world, w, tmp_path: Path) -> None:
    world.province(UNIT, 3)
    _ecqs(world, "sync")
    refused = _ecqs(world, "release", UNIT, "certificate", "--reason", "x")
    assert refused.returncode == 1
    assert "not held" in refused.stderr
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(world.home / "ledger.db")) as db, db:
        db.execute("UPDATE batch SET state = 'rejected'")
        db.execute("UPDATE lane SET held_reason = 'headquarters refused batch 1: HQ-113'")
    done = _ecqs(world, "release", UNIT, "certificate", "--reason", "mended", "--by", "li")
    assert done.returncode == 0, done.stderr
    for words in ("3 records", "This is no resend", "new version", "HQ-113"):
        assert words in done.stdout
    assert _ecqs(world, "release", UNIT, "certificate", "--reason", "x").returncode == 1
