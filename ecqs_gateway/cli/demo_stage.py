"""Sets the stage of the demo: a stand-in headquarters, keys, accounts, and sample provinces, all below one folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Transient
from ecqs_gateway.flows import keyring
from ecqs_gateway.sandbox import provinces
from ecqs_gateway.sandbox.serve import Endpoint, add_account, register_gateway

__all__ = ["DEMO_UNITS", "DemoHome", "environment", "fill_provinces", "headquarters"]

DEMO_UNITS = ("220000", "310000", "320000", "370000")
_ACCOUNT = "gateway"
_READY_SECONDS = 20


@dataclass(frozen=True)
class DemoHome:
    """The folders of the demo."""

    root: Path

    @property
    def gateway(self) -> Path:
        """ECQS_HOME: ledger, stage, keys."""
        return self.root / "gateway"

    @property
    def headquarters(self) -> Path:
        """Everything headquarters knows."""
        return self.root / "headquarters"

    @property
    def provinces(self) -> Path:
        """The databases of the sample provinces."""
        return self.root / "provinces"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def keys(self) -> Path:
        """The gateway's keys."""
        return self.gateway / "keys"


def fill_provinces(home: DemoHome, rows: int) -> bool:
    """Make the databases of the two generated provinces; False when they are there already."""
    made = False
    for unit in provinces.GENERATED:
        file = home.provinces / f"{unit}.sqlite"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            part.unlink(missing_ok=True)
            provinces.generate(unit, f"sqlite:///{part}", rows=rows)
            part.rename(file)
            made = True
    return made


@contextmanager
def headquarters(home: DemoHome, schemas: Path) -> Iterator[Endpoint]:
    """Run headquarters in a process of its own, with the gateway's key and account registered."""
    _introduce(home)
    command = [sys.executable, "-m", "ecqs_gateway.sandbox.serve"]
    command += ["--home", str(home.headquarters), "--schemas", str(schemas)]
    log = home.root / "headquarters.log"
    with (
        log.open("ab") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr) as process,  # noqa: S603  our own module
    ):
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise Transient(
                    "ECQS-6005", "the stand-in headquarters did not start", where=str(log), hint="its log says why"
                )
            endpoint = Endpoint(**json.loads(line))
            write_atomic(home.keys / f"headquarters-{endpoint.algorithm}.pem", Path(endpoint.public_key).read_bytes())
            yield endpoint
        finally:
            process.terminate()
            process.wait(timeout=_READY_SECONDS)


def _introduce(home: DemoHome) -> None:
    """Make the gateway's keys once, and tell headquarters the public halves."""
    keyring.init(home.keys, "ed25519")
    keyring.salt(home.keys, "320000")
    public = home.keys / "gateway-ed25519.pub.pem"
    register_gateway(home.headquarters, public)
    add_account(home.headquarters, _ACCOUNT, (home.keys / "sftp.pub").read_text(encoding="ascii"))


def environment(home: DemoHome, endpoint: Endpoint | None, samples: Path) -> dict[str, str]:
    """Give the environment in which every command of the gateway works on the demo: settings and connections."""
    connections: dict[str, dict[str, object]] = {
        f"ECQS_{unit}": {"conn_type": "sqlite", "host": str(home.provinces / f"{unit}.sqlite")}
        for unit in provinces.GENERATED
    }
    for unit in ("220000", "310000"):
        connections[f"ECQS_{unit}"] = {"conn_type": "fs", "extra": {"path": str(samples / "inspections")}}
    connections["ECQS_320000_WRITE"] = connections["ECQS_320000"]
    connections["ECQS_370000_FILES"] = {"conn_type": "fs", "extra": {"path": str(home.provinces / "370000-files")}}
    if endpoint is not None:
        extra = {"key_file": str(home.keys / "sftp.pem"), "host_key": endpoint.host_key}
        way = {"conn_type": "sftp", "host": endpoint.host, "port": endpoint.port, "login": _ACCOUNT, "extra": extra}
        connections["ECQS_NATIONAL"] = way
    values = {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
    values |= {
        "ECQS_HOME": str(home.gateway),
        "ECQS_LEDGER_URL": f"sqlite:///{home.gateway / 'ledger.db'}",
        "ECQS_STAGE": str(home.gateway / "stage"),
        "ECQS_KEYS": str(home.keys),
        "ECQS_SANDBOX": str(home.headquarters),
    }
    # Nothing of a real installation may leak into the demo: neither its ledger nor its Airflow.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ECQS_"))}
    content = {name: os.environ[name] for name in ("ECQS_CONTENT",) if name in os.environ}
    return {**inherited, **content, **values}
