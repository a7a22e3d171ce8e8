"""The stand-in headquarters: runs in a test, or as its own process (``python -m ecqs_gateway.sandbox.serve``).

A home folder is all it needs; started again on the same home it is the same headquarters: same keys, same port where
it is still free, and it goes on where it stopped, however it stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.sandbox.home import Home, HomeLock, replace_file
from ecqs_gateway.sandbox.keys import ALGORITHMS, KeyRing, load_or_create, read_public_key
from ecqs_gateway.sandbox.misbehave import Misbehaviour
from ecqs_gateway.sandbox.package import Schemas
from ecqs_gateway.sandbox.process import Office, Processor
from ecqs_gateway.sandbox.query import Query
from ecqs_gateway.sandbox.sftp import SftpDoor
from ecqs_gateway.sandbox.store import Store

__all__ = ["Endpoint", "Headquarters", "Settings", "add_account", "main", "register_gateway"]

_log = logging.getLogger(__name__)
_POLL = 0.2


@dataclass(frozen=True)
class Settings:
    """How a headquarters is set up; ``port`` 0 means the one used last on this home, or any free one."""

    home: Path
    schemas: Path
    """Folder with manifest.xsd and batch.xsd."""
    port: int = 0
    issuer: str = "ecqs-sandbox"
    """Name on the receipts."""
    algorithm: str = "ed25519"
    """How receipts are sealed: ``ed25519`` or ``sm2-sm3``."""


@dataclass(frozen=True)
class Endpoint:
    """What a gateway has to know to deliver here and to check the receipts."""

    host: str
    port: int
    host_key: str
    """Type and Base64, as in a known_hosts line."""
    public_key: str
    """Path of the PEM that verifies receipts."""
    key_id: str
    algorithm: str
    issuer: str
    pid: int


class _Died(BaseException):
    """Headquarters inside a test has been told to die: nothing on the way out may tidy up."""


class Headquarters:
    """A running headquarters; start it with ``with Headquarters(settings) as headquarters:``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self.died = threading.Event()
        """Set once it has died of ``crash`` orders; only a restart helps."""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> Endpoint:
        """Open the ledger and the door; raises Misconfigured when the home, the schemas or the port cannot be used."""
        with ExitStack() as undo:
            self._open(undo)
            self._undo = undo.pop_all()
        self._thread = threading.Thread(target=self._work, name="headquarters", daemon=True)
        self._thread.start()
        return self.endpoint

    def _open(self, undo: ExitStack) -> None:
        self.home.create()
        undo.callback(HomeLock(self.home).release)
        schemas = Schemas(self.settings.schemas)
        seal = load_or_create(self.home.keys / f"headquarters-{self.settings.algorithm}.pem", self.settings.algorithm)
        foreign = load_or_create(self.home.keys / f"foreign-{self.settings.algorithm}.pem", self.settings.algorithm)
        # Two connections to one ledger, since the door logs its acts while the processor is in a transaction.
        stores = (Store(self.home.database), Store(self.home.database))
        for store in stores:
            undo.callback(store.close)
        calendar = self.settings.schemas.parent.parent / "calendar"
        office = Office(seal, self.settings.issuer, KeyRing(self.home.gateways), schemas, calendar)
        inside, outside = (Misbehaviour(self.home, store, seal, foreign) for store in stores)
        self._processor = Processor(self.home, stores[0], office, inside, die=self._die)
        self._door = self._open_door(outside)
        undo.callback(self._door.close)
        public = self.home.path / "headquarters.pub.pem"
        replace_file(public, seal.public.pem())
        self.endpoint = Endpoint(
            *("127.0.0.1", self._door.port, self._door.host_key, str(public), seal.public.key_id),
            *(seal.public.algorithm, self.settings.issuer, os.getpid()),
        )
        replace_file(self.home.endpoint, json.dumps(asdict(self.endpoint), indent=2).encode())

    def stop(self) -> None:
        """Finish the step at hand, close the door, and give the home back."""
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self._undo.close()

    def query(self) -> Query:
        """Give a reader of the ledger; the caller closes it."""
        return Query(self.home.path)

    def wait_idle(self, timeout: float = 30.0) -> None:
        """Wait until there is nothing left to do; raises TimeoutError with what is left."""
        end = time.monotonic() + timeout
        self._wake.set()
        while not self.died.is_set():
            if self._processor.idle():
                return
            if time.monotonic() > end:
                raise TimeoutError(f"headquarters is still busy after {timeout} s")
            time.sleep(0.01)

    def _open_door(self, misbehaviour: Misbehaviour) -> SftpDoor:
        wanted = self.settings.port
        if not wanted and self.home.endpoint.exists():
            last = int(json.loads(self.home.endpoint.read_bytes())["port"])
            try:
                return SftpDoor(self.home, misbehaviour, port=last, changed=self._wake.set)
            except Misconfigured:
                _log.info("the port used last is taken, another one is chosen")
        return SftpDoor(self.home, misbehaviour, port=wanted, changed=self._wake.set)

    def _die(self) -> NoReturn:
        raise _Died

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self._processor.round()
            except _Died:
                self.died.set()
                return
            except Exception:  # noqa: BLE001  # the task border: one step that fails must not end headquarters
                _log.exception("headquarters could not finish a step and will try it again")
                self._stop.wait(1.0)
                continue
            if not busy:
                self._wake.wait(_POLL)
                self._wake.clear()


class _Process(Headquarters):
    """Headquarters as a process of its own: when told to die it dies as from ``kill -9``."""

    def _die(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit  # not reached


def register_gateway(home: Path, public_key: Path, unit: str = "all") -> None:
    """Accept manifests of a unit (or of all) signed with this key; raises Misconfigured when the file holds none."""
    key = read_public_key(public_key)
    name = f"{unit}-{key.key_id}.pem"
    replace_file(Home(home).gateways / name, key.pem())


def add_account(home: Path, name: str, authorized_key: str, *, password: str | None = None) -> None:
    """Let an SFTP account in with this public key (``ssh-ed25519 AAAA…``), or with a password where one is given."""
    folder = Home(home).accounts / name
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "authorized_keys", f"{authorized_key.strip()}\n".encode(), mode=0o600)
    if password is not None:
        replace_file(folder / "password", password.encode(), mode=0o600)


def main(arguments: list[str] | None = None) -> int:
    """Run headquarters until SIGTERM or SIGINT; prints one JSON line with the endpoint once it is ready."""
    options = _options().parse_args(arguments)
    settings = Settings(options.home, options.schemas, options.port, options.issuer, options.algorithm)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    headquarters = _Process(settings)
    try:
        endpoint = headquarters.start()
    except GatewayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{json.dumps(asdict(endpoint))}\n")
    sys.stdout.flush()
    asked.wait()
    headquarters.stop()
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for the national system e-CQS, on loopback.")
    parser.add_argument("--home", type=Path, required=True, help="folder that holds everything headquarters knows")
    parser.add_argument("--schemas", type=Path, default=Path("schemas/ecqs/1.0"), help="folder of the exchange schema")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: the last one used, or any free one")
    parser.add_argument("--issuer", default="ecqs-sandbox", help="name of headquarters on its receipts")
    parser.add_argument("--algorithm", choices=sorted(ALGORITHMS), default="ed25519", help="how receipts are sealed")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
