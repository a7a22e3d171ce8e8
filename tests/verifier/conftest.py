"""A world that has synced once, its bundle and its anchors; and the verifier: see tests/support."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import ecqs_test_support_verifier as _verifier
import ecqs_test_support_world as _world
import pytest

w, bare, world = _world.w, _world.bare, _world.world

UNIT, OTHER = "320000", "370000"


@pytest.fixture(scope="session")
def v() -> ModuleType:
    """The verifier's support: V (the program as a module), run(), examined(), bad(), forged() …"""
    return _verifier


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Two units over three nights, with changes and a dead letter, proven by one gateway; shared, never changed."""
    from ecqs_gateway.flows import prove
    from ecqs_gateway.ledger import proofs
    from ecqs_gateway.sandbox.anchors import export

    made = _world.World(tmp_path_factory.mktemp("story"))
    made.build()
    made.national(records=10)
    with made.headquarters() as running:
        bad_row = _world.licence(UNIT, 31, fzrq="昨天")
        made.province(UNIT, [*(_world.licence(UNIT, n) for n in range(1, 31)), bad_row], batch_rows=15)
        made.province(OTHER, 12)
        made.sync()
        for night, state in enumerate(("注销", "有效"), 1):
            made.clock.forward(days=1)
            stamp = f"2026-11-2{night} 09:00:00"
            made.put(UNIT, [_world.licence(UNIT, n, zt=state, qymc="甲&<乙>有限公司", gxsj=stamp) for n in (3, 4)])
            assert made.sync().failed == {}
        with made.gateway() as gateway:
            one = prove.prove(gateway, prove.Ask(_world.spelled(UNIT, 3), with_rows=True))
            every = prove.prove(gateway, prove.Ask(_world.key(UNIT, 3), all_versions=True))
            letter = prove.prove(gateway, prove.Ask("31"))
            chain, _ = proofs.chain(gateway.database)
        with made.query() as query:
            anchors = export(query.anchors())
        gateway_key, headquarters_key = made.keys / "gateway-ed25519.pub.pem", Path(running.endpoint.public_key)
        file = made.root / "anchors.json"
        file.write_text(json.dumps(anchors), encoding="utf-8")
        yield SimpleNamespace(
            world=made, one=one, every=every, letter=letter, chain=chain, anchors=anchors["anchors"], file=file,
            gateway_key=gateway_key, headquarters_key=headquarters_key, signing_key=made.keys / "gateway-ed25519.pem",
        )  # fmt: skip
