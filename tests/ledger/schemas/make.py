"""Makes the ledger of a released version, for tests that open it with the newest one.

Run it with the released code: `git worktree add /somewhere <commit>`, copy this file there, and
`python make.py <folder> sqlite` or `... postgresql <url of an empty database>`. It syncs a province against the
stand-in headquarters, leaves a dead letter, a resolved letter, a batch headquarters has loaded, a batch that was never
sent and an extraction nobody processed, and writes ledger.sql, the stage and the gateway's public key.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from unittest import mock

UNIT = "320000"


def _world():
    found = importlib.util.spec_from_file_location("world", Path.cwd() / "tests" / "support" / "world.py")
    assert found is not None
    assert found.loader is not None
    sys.modules["world"] = importlib.util.module_from_spec(found)
    found.loader.exec_module(sys.modules["world"])
    return sys.modules["world"]


def _sync(world, url: str | None):
    from ecqs_gateway.flows import nightly
    from ecqs_gateway.flows.gateway import open_gateway

    settings = world.settings()
    if url is not None:
        settings = dataclasses.replace(settings, ledger_url=url)
    with open_gateway(settings, connections=world.resolve, clock=world.clock) as gateway:
        return nightly.sync(gateway, nightly.Options()).failed


def _fill(w, world, url: str | None) -> None:
    from ecqs_gateway.ledger import outbox

    world.national(records=7)
    world.province(UNIT, [*(w.licence(UNIT, n) for n in range(1, 20)), w.licence(UNIT, 20, fzrq="昨天")], batch_rows=10)
    with world.headquarters():
        assert _sync(world, url) == {}
        world.put(UNIT, [w.licence(UNIT, n, zt="注销", gxsj="2026-11-21 08:00:00") for n in (1, 2, 20)])
        world.clock.forward(days=1)
        assert _sync(world, url) == {}
    # Headquarters is closed: what comes now waits in the outbox.
    world.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-22 08:00:00") for n in range(21, 26)])
    world.clock.forward(days=1)
    assert "ECQS-5001" in str(_sync(world, url))
    # And what comes last is stored but not processed, as a crash leaves it.
    world.put(UNIT, [w.licence(UNIT, n, gxsj="2026-11-22 09:00:00") for n in range(26, 29)])
    world.clock.forward(days=1)
    with mock.patch.object(outbox, "commit_prepared", side_effect=KeyboardInterrupt):
        try:
            _sync(world, url)
        except KeyboardInterrupt:
            return
    raise AssertionError("it should have been interrupted")


def _dump_sqlite(world) -> str:
    with closing(sqlite3.connect(world.home / "ledger.db")) as db:
        return "\n".join(db.iterdump()) + "\n"


def _dump_postgresql(url: str) -> str:
    plain = url.replace("+psycopg", "")
    command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--dbname", plain]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    lines = [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]
    return "\n".join(lines) + "\n"


def main() -> None:
    folder, dialect = Path(sys.argv[1]), sys.argv[2]
    url = sys.argv[3] if dialect == "postgresql" else None
    w = _world()
    with tempfile.TemporaryDirectory() as temporary:
        world = w.World(Path(temporary), sealed=False)  # the tests have no payload key
        world.build()
        _fill(w, world, url)
        target = folder / dialect
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        text = _dump_sqlite(world) if url is None else _dump_postgresql(url)
        assert temporary not in text
        (target / "ledger.sql").write_text(text, encoding="utf-8")
        shutil.copytree(world.home / "stage", target / "stage")
        shutil.copyfile(world.keys / "gateway-ed25519.pub.pem", target / "gateway.pub.pem")


if __name__ == "__main__":
    main()
