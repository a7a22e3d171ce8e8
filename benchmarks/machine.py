"""What the benchmark runs on: an OpenSSH server of its own, a database with the 28-column table, measured processes."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import sqlalchemy as sa

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.sandbox.provinces.perf import perf_table

__all__ = ["Measured", "Server", "database", "describe", "measure", "new_home", "server"]

ROOT = Path(__file__).resolve().parent.parent
UNIT = "320000"
TABLE, PART = "t_xk_zs", "t_xk_zs_part"


@dataclass(frozen=True)
class Measured:
    """What one run of one design took: wall seconds, CPU seconds of all its processes, largest resident set."""

    rows: int
    wall: float
    cpu: float
    rss_mb: int

    @property
    def speed(self) -> float:
        """Rows a second, start of the process included."""
        return self.rows / self.wall


_RUN = """
import json, os, sys
child = os.fork()
if not child:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    json.dump([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss], file)
"""
"""Linux counts the memory of the process that forked into the child's peak: this one is small."""


def measure(
    rows: int, *commands: Sequence[str], env: Mapping[str, str] | None = None, log: Path | None = None
) -> Measured:
    """Run commands joined by pipes and measure them; raises where one fails."""
    started = time.perf_counter()
    with (log or Path(os.devnull)).open("ab") as err, ExitStack() as stack:
        files = [stack.enter_context(NamedTemporaryFile()) for _ in commands]
        running: list[subprocess.Popen[bytes]] = []
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            running.append(
                subprocess.Popen(
                    [sys.executable, "-S", "-c", _RUN, files[number].name, *command],
                    stdin=running[-1].stdout if running else subprocess.DEVNULL,
                    stdout=err if last else subprocess.PIPE,
                    stderr=err,
                    env={**_environment(), **(env or {})},
                )
            )
        codes = [process.wait() for process in running]
        wall = time.perf_counter() - started
        told = [json.loads(Path(file.name).read_text() or "[1, 0, 0]") for file in files]
    if any(codes) or any(status for status, _, _ in told):
        words = log.read_text(errors="replace").strip().splitlines()[-3:] if log else []
        raise RuntimeError(" / ".join(words) or "a command failed")
    return Measured(rows, wall, sum(cpu for _, cpu, _ in told), max(rss for _, _, rss in told) // 1024)


def _environment() -> dict[str, str]:
    """Give this process's environment as a user has it: programs keep what they compiled for their next start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Server:
    """An SFTP server in which nobody takes anything: where it listens, how to enter, and its folder."""

    port: int
    host_key: str
    user_key: Path
    folder: Path

    def fresh(self) -> None:
        """Empty the folder."""
        for name in ("inbox", "receipts", "naive"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name / UNIT).mkdir(parents=True)

    def connection(self) -> str:
        """The server as an Airflow connection."""
        extra = {"key_file": str(self.user_key), "host_key": self.host_key}
        found = {"conn_type": "sftp", "host": "127.0.0.1", "port": self.port, "login": getpass.getuser()}
        return json.dumps({**found, "extra": extra})


@contextmanager
def server(work: Path) -> Iterator[Server]:
    """Run OpenSSH's own server, with keys of this run, on a free port of the loopback interface."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    folder = work / "ssh"
    folder.mkdir(parents=True)
    host, user = generate_ssh_key(), generate_ssh_key()
    for name, text in (("host", host.private), ("authorized", user.public + "\n"), ("user", user.private)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"StrictModes no\nPidFile none\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
        f"ForceCommand internal-sftp -d {work}/drop\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (work / "sshd.log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=log)
    try:
        found = Server(port, host.public, folder / "user", work / "drop")
        found.fresh()
        _await(port)
        yield found
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("sshd does not start; see sshd.log")


@contextmanager
def database(server_url: str, rows: int, part: int) -> Iterator[sa.URL]:
    """Make a database with the table, and a smaller copy of it for slow peers; dropped at the end."""
    name = f"ecqs_bench_{os.getpid()}"
    admin = sa.create_engine(sa.make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = admin.url.set(database=name)
    try:
        perf_table(url, rows, name=TABLE)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE TABLE {PART} AS SELECT * FROM {TABLE} ORDER BY gxsj, zsid LIMIT {part}")
            connection.exec_driver_sql(f"ALTER TABLE {PART} ADD PRIMARY KEY (zsid)")
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        yield url
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def new_home(work: Path, url: sa.URL, sftp: Server) -> dict[str, str]:
    """Set up a gateway from nothing: content, keys, empty ledger; gives its environment."""
    home, content = work / "home", work / "content"
    for folder in (home, content):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "benchmarks" / "content", content)
    (content / "schemas").symlink_to(ROOT / "schemas")
    (home / "keys").mkdir(parents=True)
    keys = algorithm("ed25519").generate()
    (home / "keys" / "gateway-ed25519.pem").write_bytes(keys.private)
    (home / "keys" / "headquarters-ed25519.pem").write_bytes(keys.public)
    source = {"conn_type": "postgres", "host": url.host, "port": url.port, "login": url.username}
    source |= {"password": url.password, "schema": url.database}
    return {
        "ECQS_HOME": str(home),
        "ECQS_CONTENT": str(content),
        f"AIRFLOW_CONN_ECQS_{UNIT}": json.dumps({k: v for k, v in source.items() if v is not None}),
        "AIRFLOW_CONN_ECQS_NATIONAL": sftp.connection(),
    }


def describe() -> str:
    """Say what machine this is."""
    model = platform.processor() or "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} CPUs ({model}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
