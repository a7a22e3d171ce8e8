"""`ecqs demo`: sample provinces reach a stand-in headquarters through the real DAG and come back as receipts."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecqs_gateway.cli.output import console, errors, is_terminal, print_table, say
from ecqs_gateway.cli.status import RUN_COLUMNS, run_rows

if TYPE_CHECKING:
    from ecqs_gateway.cli.demo_stage import DemoHome

__all__ = ["register"]

_DAG = "ecqs_nightly_sync"
_LIST_TRIES, _LIST_PAUSE = 10, 0.2


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(demo)


def demo(
    rows: Annotated[
        int, typer.Option(min=100, max=1_000_000, help="Rows per generated province, on the first run.")
    ] = 400,
    home: Annotated[Path, typer.Option(help="Folder for everything the demo writes.")] = Path(".demo"),
    airflow: Annotated[
        bool, typer.Option(help="Run the Airflow DAG; --no-airflow runs the same flow without it.")
    ] = True,
) -> None:
    """Run the whole gateway on sample data: four units, a stand-in headquarters, receipts. Everything on loopback.

    Run it again and nothing is sent, for nothing changed. Remove the folder (`make clean`) to start over.
    """
    with errors():
        from ecqs_gateway.cli import demo_audit, demo_stage  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        started = time.monotonic()
        content = load_settings().content
        stage = demo_stage.DemoHome(home.resolve())
        say("1  Sample provinces")
        made = demo_stage.fill_provinces(stage, rows)
        say("   江苏 320000  normalised database, pinyin columns, child tables" + ("" if made else "  (as before)"))
        say("   山东 370000  one flat wide table, status in words, numbers that repeat")
        say("   吉林 220000, 上海 310000  inspection results as really published: UTF-8 and GB18030 files")
        say("2  Stand-in headquarters, in a process of its own")
        with demo_stage.headquarters(stage, content / "schemas" / "ecqs" / "1.0") as endpoint:
            say(f"   SFTP on {endpoint.host}:{endpoint.port}, receipts signed with key {endpoint.key_id}")
            environment = demo_stage.environment(stage, endpoint, content / "samples")
            say(f"3  {'The Airflow DAG ' + _DAG if airflow else 'The nightly flow, without Airflow'}")
            succeeded = _run(stage, content, environment, airflow=airflow)
            _write_env_file(stage, environment)
            sent = _report(environment)
            if succeeded:
                say("4  A random inspection: headquarters draws, the province answers from what it sent")
                demo_audit.inspect(stage, content, environment)
                say("")
                say("5  The national list of inspectors comes down, and goes back to the provinces")
                _inspectors(environment)
            say("")
            say("6  Reconciliation with headquarters")
            from ecqs_gateway.cli.demo_reconcile import lose_and_mend  # noqa: PLC0415

            succeeded &= lose_and_mend(stage.headquarters, environment)
            report = _make_report(stage, environment) if succeeded else None
        say("")
        say(f"Done in {time.monotonic() - started:.0f} s." if succeeded else "The run failed.", style="bold")
        if not succeeded:
            say(f"   {stage.root / 'run.log'} holds what Airflow said.", style="red")
            raise typer.Exit(1)
        if not sent:
            say("Nothing new was sent: headquarters holds every record already.")
    _next_steps(stage)
    if report is not None:
        say("")
        say(f"The report to headquarters, to open in a browser: {os.path.relpath(report)}", style="bold")


def _make_report(stage: DemoHome, environment: dict[str, str]) -> Path:
    """Make this month's report and send each unit's own to headquarters; give the page."""
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.flows.report import make  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    output = str(stage.root / "reports")
    command = [sys.executable, "-m", "ecqs_gateway.cli", "report", "--send", "--json", "--output", output]
    with open_gateway(load_settings(environment)) as gateway:
        month = f"{gateway.clock():%Y-%m}"
    with (stage.root / "report.log").open("wb") as log:
        done = subprocess.run(  # noqa: S603
            [*command, "--month", month], env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    say(f"7  The report of {month}, " + ("sent and received" if done.returncode == 0 else "see report.log"))
    return stage.root / "reports" / next(name for name in make.names(month) if name.endswith(".html"))


def _run(stage: DemoHome, content: Path, environment: dict[str, str], *, airflow: bool) -> bool:
    from ecqs_gateway.cli.demo_watch import watch  # noqa: PLC0415

    command = [sys.executable, "-m"]
    if airflow:
        dags = content / "dags"
        command += ["ecqs_gateway.airflow.local", _DAG, "--dags", str(dags), "--home", str(stage.airflow)]
    else:
        command += ["ecqs_gateway.cli", "sync", "--json"]
    with (stage.root / "run.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
        watch(process, environment, console, live=is_terminal())
    return process.returncode == 0


def _inspectors(environment: dict[str, str]) -> None:
    """Pull the list as the DAG ecqs_inspector_lists does every day, here without Airflow."""
    from ecqs_gateway.doors.connections import connection  # noqa: PLC0415
    from ecqs_gateway.flows import inspectors  # noqa: PLC0415
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    with open_gateway(load_settings(environment), connections=partial(connection, environ=environment)) as gateway:
        pulled = inspectors.pull(gateway)
        for _ in range(_LIST_TRIES):  # headquarters issues it once it has loaded everything
            if pulled.published is not None:
                break
            time.sleep(_LIST_PAUSE)
            pulled = inspectors.pull(gateway)
        say(f"   version {pulled.version}, signed by headquarters" + ("" if pulled.taken else "  (as before)"))
        for done in inspectors.write_back_all(gateway):
            told = done.error or f"{done.counts['entries']} inspectors written to {done.target}"
            say(f"   {done.unit}  {told}", style="red" if done.error else None)


def _report(environment: dict[str, str]) -> int:
    from ecqs_gateway.flows.gateway import open_gateway  # noqa: PLC0415
    from ecqs_gateway.ledger import query  # noqa: PLC0415
    from ecqs_gateway.settings import load_settings  # noqa: PLC0415

    with open_gateway(load_settings(environment)) as gateway:
        last = query.last_run(gateway.database)
        rows = query.run_counts(gateway.database, last["id"]) if last else []
        names = gateway.unit_names()
    say("")
    print_table("What became of every row", RUN_COLUMNS, run_rows(rows, names), numbers=list(RUN_COLUMNS)[3:])
    for row in rows:
        if row["error"]:
            say(f"{row['unit']} {row['kind']}: {row['error']}", style="red")
    return sum(row["sent"] for row in rows)


def _write_env_file(stage: DemoHome, environment: dict[str, str]) -> None:
    """Write the demo's settings as a file a shell can read, so that every `ecqs` command works on the demo."""
    mine = {k: v for k, v in environment.items() if os.environ.get(k) != v}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(mine.items())]
    (stage.root / "env").write_text("".join(lines), encoding="utf-8")


def _next_steps(stage: DemoHome) -> None:
    place = os.path.relpath(stage.root)
    say("")
    say("Where to look next:")
    for command, why in (
        (f". {place}/env", "lets the commands below work on the demo"),
        (".venv/bin/ecqs status", "where every lane stands"),
        (".venv/bin/ecqs show '苏XK06-001-00001'", "everything known of one certificate, in any spelling"),
        (".venv/bin/ecqs prove '苏XK06-001-00001'", "one file that proves what became of it, to anyone"),
        (".venv/bin/ecqs audits list --all", "what headquarters drew at random, and how it was answered"),
        (".venv/bin/ecqs report --help", "the monthly report, and the records behind each number"),
        (".venv/bin/ecqs sandbox show", "what headquarters holds, by its own ledger"),
        (".venv/bin/ecqs reconcile --list", "what source, ledger and headquarters disagree on"),
        (".venv/bin/ecqs inspectors affected", "approvals a later revocation touches"),
        (".venv/bin/ecqs check", "every mistake in connectors/, mappings/ and schemas/"),
        ("docs/tutorial/your-first-province.md", "onboard a province of your own"),
    ):
        say(f"   {command:<42} {why}")
