"""A nursery of worker processes that are cheap to start and can be killed at any instant.

Starting Python and importing the gateway takes two seconds; a fault program that kills a thousand workers cannot pay
that each time. The nursery is one process that has imported everything a sync needs and has no thread of its own; each
worker is a fork of it: a process with its own number, its own connections, and nothing inherited but code. Requests
and answers are lines of JSON on stdin and stdout.

    {"start": {"die_at": ["upload", "before", 2]}}   →  {"pid": 4711}
    {"wait": 4711}                                   →  {"signal": 9} or {"code": 0} or {"stopped": true}

A worker runs the nightly sync and can be told to die (SIGKILL), or to stand still (SIGSTOP), right before or after
the so-manieth call of a named step, or to die in the middle of an SQLite commit.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import itertools
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

STEPS = {
    "run start": ("ecqs_gateway.ledger.runs", "start"),
    "lease": ("ecqs_gateway.ledger.lanes", "acquire"),
    "stage write": ("ecqs_gateway.ledger.stage", "Stage.put"),
    "stage rename": ("ecqs_gateway.doors.files", "sync_folder"),
    "extraction commit": ("ecqs_gateway.ledger.extractions", "store"),
    "seal": ("ecqs_gateway.flows.seal", "Sealer.seal"),
    "outbox commit": ("ecqs_gateway.ledger.outbox", "commit_prepared"),
    "upload temp": ("ecqs_gateway.doors.sftp_wire", "SftpWire.write_new"),
    "upload rename": ("ecqs_gateway.doors.sftp_wire", "SftpWire.rename"),
    "attempt record": ("ecqs_gateway.ledger.outbox", "record_attempt"),
    "receipt fetch": ("ecqs_gateway.deliver.sftp", "SftpTransport.fetch"),
    "settle": ("ecqs_gateway.ledger.receipts", "settle"),
    "take": ("ecqs_gateway.deliver.sftp", "SftpTransport.take"),
    "run end": ("ecqs_gateway.ledger.runs", "finish"),
}
"""The named step boundaries, in the order in which a record meets them: module and function."""


def at_step(place: str, when: str, call: int, act: Callable[[], None]) -> None:
    """Do something right before or right after the so-manieth call of one step."""
    module, path = STEPS[place]
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real, calls = getattr(owner, name), itertools.count(1)

    def step(*given: Any, **named: Any) -> Any:
        mine = next(calls)
        if when == "before" and mine == call:
            act()
        result = real(*given, **named)
        if when == "after" and mine == call:
            act()
        return result

    setattr(owner, name, step)
    # Modules that took the function by name have to meet the step too.
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith("ecqs_gateway") and vars(other).get(name) is real:
            setattr(other, name, step)


def stand_still() -> None:
    """Stop this process as a frozen machine would, but never while one of its threads holds the ledger's lock."""
    with _one_writer:
        # To this very thread: sent to the process, it may reach another one first and let this one give up the lock.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


_one_writer = threading.RLock()


def one_writer_at_a_time() -> None:
    """Have each write transaction of this process hold a lock, so that it can be stopped between two of them.

    A process frozen inside a transaction holds up every other worker until the database gives up on it, which is what
    tests/ledger/test_database.py is about.
    """
    from ecqs_gateway.ledger.database import Database

    real = Database.write

    @contextmanager
    def write(self: Database) -> Iterator[Any]:
        with _one_writer, real(self) as connection:
            yield connection

    Database.write = write  # type: ignore[method-assign]


def die_in_commit(number: int, more: int) -> None:
    """Let the kernel end this process within the so-manieth commit of the ledger, so many bytes into its write.

    The limit on the size of files is set just beyond the end of the write-ahead log; the write that crosses it raises
    SIGXFSZ, which ends the process as SIGKILL does: part of the transaction's pages are in the log, no commit record.
    """
    import sqlalchemy as sa

    from ecqs_gateway.ledger.database import Database

    calls = itertools.count(1)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

    def before(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("ecqs_read") or next(calls) < number:
            return
        index = Path(f"{connection.engine.url.database}-shm").read_bytes()
        (frames,) = struct.unpack_from("=I", index, 16)
        end = 32 + frames * (24 + 4096) + more
        resource.setrlimit(resource.RLIMIT_FSIZE, (end, resource.RLIM_INFINITY))

    real = Database.__init__

    def opened(self: Database, url: str, **options: Any) -> None:
        real(self, url, **options)
        sa.event.listen(self.engine, "commit", before)

    Database.__init__ = opened  # type: ignore[method-assign]


def _work(order: Mapping[str, Any]) -> int:
    """Be a worker: sync once, with what the order says to go wrong."""
    from ecqs_gateway.doors import clock
    from ecqs_gateway.flows import nightly
    from ecqs_gateway.flows.gateway import open_gateway

    if "die_at" in order:
        at_step(*order["die_at"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    if "stop_at" in order:
        one_writer_at_a_time()
        at_step(*order["stop_at"], stand_still)
    if "die_in_commit" in order:
        die_in_commit(*order["die_in_commit"])
    ahead = timedelta(seconds=order.get("ahead", 0))
    with open_gateway(clock=lambda: clock.now() + ahead) as gateway:
        failed = nightly.sync(gateway, nightly.Options()).failed
    sys.stdout.write(json.dumps(failed, ensure_ascii=False))
    return 1 if failed else 0


def _child(order: Mapping[str, Any], log: str) -> None:
    code = 70
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        faulthandler.dump_traceback_later(_LONGEST, exit=True)  # a worker that hangs says where
        if "modules" in order:
            _work({})
            Path(order["modules"]).write_text("\n".join(sys.modules), encoding="utf-8")
            code = 0
        else:
            code = _work(order)
    except BaseException:  # noqa: BLE001  whatever it is must not go on in the nursery's own code
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


_LONGEST = 90
"""Seconds after which a worker is taken to hang."""
_HARMLESS = {"python", "jemalloc_bg_thd", "polars-ooc-clea"}
"""Threads a fork may leave behind: they hold no lock that anyone else waits for."""


def _threads() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    return {(task / "comm").read_text(encoding="utf-8").strip() for task in tasks} - {Path(sys.executable).name}


def serve() -> None:
    """Be the nursery until stdin ends."""
    import ecqs_gateway.flows.nightly  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        if "import" in request:
            for name in Path(request["import"]).read_text(encoding="utf-8").split("\n"):
                if name.startswith(("ecqs_gateway", "sqlalchemy", "polars", "paramiko", "lxml", "cryptography")):
                    with contextlib.suppress(ImportError):
                        importlib.import_module(name)
            gc.collect()
            gc.freeze()  # or every worker would walk all that was imported
            answer = {"threads": sorted(_threads() - _HARMLESS)}
        elif "start" in request:
            pid = os.fork()
            if pid == 0:
                _child(request["start"], request["log"])
            answer = {"pid": pid}
        else:
            _, status = os.waitpid(request["wait"], os.WUNTRACED)
            if os.WIFSTOPPED(status):
                answer = {"stopped": True}
            elif os.WIFSIGNALED(status):
                answer = {"signal": os.WTERMSIG(status)}
            else:
                answer = {"code": os.WEXITSTATUS(status)}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


@dataclass
class Worker:
    """One worker of the nursery."""

    nursery: Nursery
    pid: int
    log: Path

    def kill(self) -> None:
        """Kill it with signal 9; a worker that has ended already stays ended."""
        os.kill(self.pid, signal.SIGKILL)

    def go_on(self) -> None:
        """Wake it after it stood still."""
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> dict[str, Any]:
        """Wait until it has ended or stands still, and say which."""
        return self.nursery.ask(wait=self.pid)

    def said(self) -> str:
        """Give what it printed: its failures as JSON, or its traceback."""
        return self.log.read_text(encoding="utf-8")


class Nursery:
    """The nursery, seen from the fault program."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start it and have it import what a sync imports; the first sync is run for that."""
        self._folder = folder
        self._numbers = itertools.count(1)
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        modules = folder / "modules"
        first = self.start(modules=str(modules))
        assert first.wait() == {"code": 0}, first.said()
        assert self.ask(**{"import": str(modules)}) == {"threads": []}, "a process with threads must not fork"

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request and give the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(self, **order: Any) -> Worker:
        """Start a worker: ``die_at``, ``stop_at`` (step, before or after, call), ``die_in_commit``, ``ahead`` (s)."""
        log = self._folder / f"worker-{next(self._numbers) % 8}.log"
        return Worker(self, self.ask(start=order, log=str(log))["pid"], log)

    def resumes(self, **order: Any) -> float:
        """Run a worker to its end: it must go through at once and by itself; gives the seconds it took."""
        started = time.monotonic()
        worker = self.start(**order)
        ended = worker.wait()
        assert ended == {"code": 0}, f"{ended}: {worker.said()}"
        return time.monotonic() - started

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)


@contextmanager
def nursery(environment: Mapping[str, str], folder: Path) -> Iterator[Nursery]:
    """Have a nursery for the time of a fault program."""
    folder.mkdir(exist_ok=True)
    made = Nursery(environment, folder)
    try:
        yield made
    finally:
        made.close()


if __name__ == "__main__":
    serve()
