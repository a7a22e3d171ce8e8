"""`ecqs prove`, `ecqs evidence` and `ecqs sandbox anchors` as a person and an auditor use them, one after the other."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

UNIT = "320000"
PROGRAM = Path(__file__).resolve().parents[2] / "verifier" / "ecqs_verify.py"


def _run(world, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command],
        env={**world.environment(), "COLUMNS": "200", "NO_COLOR": "1"},
        cwd=world.root, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def _ecqs(world, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(world, "-m", "ecqs_gateway.cli", *arguments)


def test_a_record_is_proven_and_checked_and_a_cut_chain_is_found(world, w) -> None:
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 4)), w.licence(UNIT, 4, fzrq="昨天")])
    assert world.sync().failed == {}

    done = _ecqs(world, "prove", "苏XK06-001-00002", "--out", "proof.zip")
    assert done.returncode == 0, done.stderr
    for part in (w.key(UNIT, 2), world.held()[w.key(UNIT, 2)].version, "received, validated, loaded", "does not prove"):
        assert part in done.stdout
    anchors = _ecqs(world, "sandbox", "anchors")
    (world.root / "anchors.json").write_text(anchors.stdout, encoding="utf-8")
    keys = (
        "--gateway-key",
        "gateway/keys/gateway-ed25519.pub.pem",
        "--headquarters-key",
        "headquarters/headquarters.pub.pem",
    )
    checked = _run(world, str(PROGRAM), "proof.zip", "--anchors", "anchors.json", *keys)
    assert checked.returncode == 0, checked.stdout
    assert "LOADED by headquarters" in checked.stdout
    assert "WARNING" not in checked.stdout

    told = json.loads(_ecqs(world, "prove", "苏XK06-001-00002", "--json").stdout)
    assert Path(told["file"]).name == "proof-苏XK06-001-00002.zip"
    assert Path(told["file"]).read_bytes() == (world.root / "proof.zip").read_bytes()
    letter = _ecqs(world, "prove", "4")
    assert letter.returncode == 0
    assert "never went out" in letter.stdout
    assert "昨天" not in letter.stdout
    unknown = _ecqs(world, "prove", "苏XK06-001-09999")
    assert unknown.returncode == 1
    assert "ECQS-6070" in unknown.stderr
    assert "next:" in unknown.stderr


def test_the_chain_is_verified_exported_and_held_against_headquarters(world, w) -> None:
    world.province(UNIT, 3)
    world.sync()
    good = _ecqs(world, "evidence", "verify")
    assert good.returncode == 0, good.stdout
    assert "The chain holds: 10 entries" in good.stdout
    assert "No anchors of headquarters were given" in good.stdout
    (world.root / "anchors.json").write_text(_ecqs(world, "sandbox", "anchors").stdout, encoding="utf-8")
    told = json.loads(_ecqs(world, "evidence", "verify", "--anchors", "anchors.json", "--json").stdout)
    assert (told["holds"], told["entries"], told["anchors"], told["own_manifests"]) == (True, 10, 1, 1)
    assert "evidence" in _ecqs(world, "sandbox", "show", "--anchors").stdout
    assert json.loads(_ecqs(world, "sandbox", "anchors", "--unit", "370000").stdout)["anchors"] == []

    assert _ecqs(world, "evidence", "export", "chain.jsonl").returncode == 0
    checked = _run(world, str(PROGRAM), "--chain", "chain.jsonl", "--anchors", "anchors.json", "--json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["holds"] is True

    with closing(sqlite3.connect(world.home / "ledger.db")) as db, db:
        db.execute("UPDATE evidence SET facts = replace(facts, '3', '4') WHERE event = 'extracted'")
    broken = _ecqs(world, "evidence", "verify")
    assert broken.returncode == 1
    assert "entry 3 is the first bad one" in broken.stdout
    wrong = _ecqs(world, "evidence", "verify", "--anchors", "chain.jsonl")
    assert wrong.returncode == 1
    assert "ECQS-6071" in wrong.stderr
