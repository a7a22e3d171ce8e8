"""The verifier as tests use it: loaded from its one file, or run as the program it is; and bundles taken apart."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ecqs_gateway.deliver.signing import algorithm, seal
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.flows.prove_parts import canonical

PROGRAM = Path(__file__).resolve().parents[2] / "verifier" / "ecqs_verify.py"


def load() -> ModuleType:
    """Load the program as a module, once."""
    if "ecqs_verify" not in sys.modules:
        found = importlib.util.spec_from_file_location("ecqs_verify", PROGRAM)
        assert found is not None
        assert found.loader is not None
        sys.modules["ecqs_verify"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules["ecqs_verify"])
    return sys.modules["ecqs_verify"]


V = load()


def run(*arguments: object, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the program alone: isolated from our packages' environment variables and the current folder."""
    done = subprocess.run(
        [python, "-I", str(PROGRAM), *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def members_of(data: bytes) -> dict[str, bytes]:
    """Take a bundle apart."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def examined(data: bytes, **with_: Any) -> Any:
    """Examine a bundle in this process and give the report."""
    report = V.Report()
    trust = V.Trust(with_.get("gateway", {}), with_.get("headquarters", {}))
    V.Bundle(data, report, trust, with_.get("anchors")).examine()
    return report


def bad(report: Any) -> dict[str, str]:
    """Give what is BAD: check → why."""
    return {check: detail for status, check, detail in report.lines if status == "BAD"}


def forged(data: bytes, key: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> bytes:
    """Give a bundle its own gateway has falsified: changed, listed anew and signed with its true key."""
    import hashlib
    import json

    members = members_of(data)
    document = json.loads(members["bundle.json"])
    change(members, document)
    rest: Mapping[str, bytes] = {n: d for n, d in members.items() if n not in ("bundle.json", "bundle.sig")}
    document["members"] = [
        {"name": name, "sha256": hashlib.sha256(rest[name]).hexdigest(), "size": len(rest[name])}
        for name in sorted(rest)
    ]
    written = canonical(document) + b"\n"
    signer = algorithm("ed25519").signer(key.read_bytes())
    return build_zip([("bundle.json", written), ("bundle.sig", seal(written, signer)), *rest.items()])
