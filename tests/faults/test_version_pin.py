"""F10: a batch sent again is the same bytes, also after the mapping changed; a new mapping makes new versions."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.deliver.sftp import SftpTransport

UNIT = "320000"
ROUNDS = 3


def _sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counter[str]]:
    """Watch what goes over the line: digest of the bytes, by the package's name."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    real = SftpTransport.put

    def put(transport, name, unit, data):
        seen[name][hashlib.sha256(data).hexdigest()] += 1
        return real(transport, name, unit, data)

    monkeypatch.setattr(SftpTransport, "put", put)
    return seen


def _upgrade(world) -> None:
    """Change the mapping, so that every record looks different."""
    file = world.content / f"mappings/{UNIT}/certificate.yaml"
    text = file.read_text(encoding="utf-8")
    assert "某某市场监督管理局" in text
    file.write_text(text.replace("某某市场监督管理局", "远山市场监督管理局"), encoding="utf-8")


def _content_of(package: bytes) -> str:
    """Give the digest of the content bundle a package says it was made with."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        found = re.search(rb' content="([^"]+)"', archive.read("manifest.xml"))
    assert found is not None
    return found[1].decode()


def resends_across_an_upgrade(w, folder: Path, monkeypatch, *, batches: int, upgrade: bool = True) -> None:
    """Lose every receipt, change the mapping, and have every batch sent again three times."""
    world, seen = w.World(folder), _sent(monkeypatch)
    world.build()
    world.without_rules()
    world.national(records=1, wait="50ms")
    world.province(UNIT, batches, batch_rows=500)
    with world.headquarters():
        world.misbehave(drop={"probability": 1.0})
        assert world.sync().failed == {}
        first = dict(seen)
        if upgrade:
            _upgrade(world)
        for _ in range(ROUNDS):
            world.clock.forward(hours=2)
            assert world.sync().failed == {}
        world.behave()
        for _ in range(3):
            world.clock.forward(hours=2)
            assert world.sync().failed == {}
        resends = sum(sum(seen[name].values()) - 1 for name in first)
        soak.require(len(first) == batches > 0 and resends >= ROUNDS * batches, "nothing was sent again")
        assert all(len(digests) == 1 for digests in seen.values()), "a resend had other bytes"
        _new_versions(world, w, batches)
        w.judged_faultless(world, {UNIT: batches})
    soak.report(
        "F10", demanded="300 resends across a mapping upgrade", run=f"{resends} resends of {batches} batches",
        lost=0, doubled=0, hands=0, met=not soak.SOAK or resends >= 300, byte_identical="100 %",
        new_versions_linked=batches,
    )  # fmt: skip


def _new_versions(world, w, batches: int) -> None:
    """The old mapping's versions stand as they were; each record has one new version, linked, from other content."""
    with world.query() as query:
        assert query.alarms("conflict") == []
        assert all(batch.bound for batch in query.batches())
        histories = [query.history(w.key(UNIT, number)) for number in range(1, batches + 1)]
        soak.require(all(len(history) == 2 for history in histories), "the new mapping made no new versions")
        made_with = {version.batch: _content_of(query.package(version.batch)) for h in histories for version in h}
    for old, new in histories:
        assert new.previous == old.version != new.version
        assert made_with[new.batch] != made_with[old.batch], "the batch does not say that the mapping is another one"
    bundles = dict(world.rows("SELECT id, bundle FROM batch"))
    assert bundles == made_with


@pytest.mark.timeout(1800 if soak.SOAK else 120)
def test_a_resend_is_the_same_bytes_and_a_new_mapping_a_new_version(
    w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resends_across_an_upgrade(w, tmp_path, monkeypatch, batches=100 if soak.SOAK else 6)
