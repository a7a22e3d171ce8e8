"""What a bundle says where something is gone, damaged, refused, unanswered or ambiguous."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.flows import prove

UNIT = "320000"


def _proof(world, key: str, **asked) -> prove.Proof:
    with world.gateway() as gateway:
        return prove.prove(gateway, prove.Ask(key, **asked))


def _sql(world, statement: str) -> None:
    with closing(sqlite3.connect(world.home / "ledger.db")) as db, db:
        db.execute(statement)


def _files(world, pattern: str) -> list:
    found = sorted((world.home / "stage").rglob(pattern))
    assert found, "nothing to spoil: this proves nothing"
    return found


def test_what_was_pruned_is_said_and_the_rest_still_proves(world, w, v) -> None:
    world.province(UNIT, 3)
    world.sync()
    _sql(world, "UPDATE batch SET pruned_at = '2027-01-01T00:00:00+08:00'")
    _sql(world, "UPDATE extraction SET pruned_at = '2027-01-01T00:00:00+08:00'")
    for file in [*_files(world, "outbox/**/*.zip"), *_files(world, "extractions/**/*.arrow")]:
        file.unlink()
    proof = _proof(world, w.key(UNIT, 2), with_rows=True)
    missing = proof.document["missing"]
    assert len(missing) == 2
    assert all("under the retention on 2027-01-01" in text for text in missing)
    assert "under the retention" in v.members_of(proof.data)["README.txt"].decode()
    report = v.examined(proof.data)
    assert v.bad(report) == {}
    told = {check: status for status, check, _ in report.lines}
    assert told["chain knows 320000-certificate-00000001"] == "OK"
    assert [status for check, status in told.items() if check.startswith("version")] == ["NOT CHECKED"]


@pytest.mark.parametrize("pattern", ["outbox/**/*.zip", "receipts/**/*.zip", "content/*.zip", "extractions/**/*.arrow"])
def test_what_is_damaged_or_gone_in_the_stage_is_said(pattern: str, world, w, v) -> None:
    world.province(UNIT, 3)
    world.sync()
    for file in _files(world, pattern):
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    damaged = _proof(world, w.key(UNIT, 2))
    assert damaged.document["missing"]
    assert all("ECQS-3011" in text for text in damaged.document["missing"])
    for file in _files(world, pattern):
        file.unlink()
    gone = _proof(world, w.key(UNIT, 2))
    assert all("ECQS-3012" in text for text in gone.document["missing"])
    for proof in (damaged, gone):
        report = v.examined(proof.data)
        assert v.bad(report) == {}
        assert report.count("NOT CHECKED") >= 1
        assert str(world.root) not in proof.data.decode("latin-1"), "no path of this machine"


def test_content_of_a_time_before_it_was_kept_is_said(world, w, v) -> None:
    world.province(UNIT, 1)
    world.sync()
    _sql(world, "DELETE FROM content_bundle")
    proof = _proof(world, w.key(UNIT, 1))
    [text] = proof.document["missing"]
    assert "before bundles were kept" in text
    assert v.bad(v.examined(proof.data)) == {}


def test_keys_that_are_not_there_are_said_and_without_a_signing_key_nothing_is_written(world, w, v) -> None:
    world.province(UNIT, 1)
    world.sync()
    (world.keys / "gateway-ed25519.pub.pem").unlink()
    proof = _proof(world, w.key(UNIT, 1))
    [text] = proof.document["missing"]
    assert "the gateway's public key" in text
    key = v.V.read_key((world.hq_home / "gateways").joinpath(_registered(world)).read_bytes())
    assert v.bad(v.examined(proof.data, gateway={key.id: key})) == {}
    assert "bundle signature" in v.bad(v.examined(proof.data))
    (world.keys / "gateway-ed25519.pem").unlink()
    with pytest.raises(Misconfigured, match="ECQS-4026"):
        _proof(world, w.key(UNIT, 1))


def _registered(world) -> str:
    [file] = (world.hq_home / "gateways").glob("*.pem")
    return file.name


def test_a_record_headquarters_refused_is_proven_as_refused(world, w, v) -> None:
    world.province(UNIT, [w.licence(UNIT, 1), w.licence(UNIT, 2, zsbh="鲁XK06-001-00002")])
    world.sync()
    proof = _proof(world, "(鲁)XK06-001-00002")
    report = v.examined(proof.data)
    assert v.bad(report) == {}
    [told] = [detail for _, check, detail in report.lines if check.startswith("version")]
    assert "REFUSED by headquarters (HQ-207)" in told
    [letter] = proof.document["records"][0]["dead_letters"]
    assert [reason["rule"] for reason in letter["reasons"]] == ["HQ-207"]


def test_a_batch_nobody_has_answered_yet_is_proven_as_such(bare, w, v) -> None:
    bare.province(UNIT, 2)
    with bare.headquarters():
        pass
    assert bare.sync().failed
    report = v.examined(_proof(bare, w.key(UNIT, 1)).data)
    assert v.bad(report) == {}
    details = {check: detail for _, check, detail in report.lines}
    assert details["levels 320000-certificate-00000001"] == "no receipt yet"
    assert any("no verified receipt" in detail for detail in details.values())


def test_a_batch_refused_as_a_whole_is_proven_as_refused(world, w, v, monkeypatch: pytest.MonkeyPatch) -> None:
    from ecqs_gateway.sandbox import process
    from ecqs_gateway.sandbox.package import Refusal

    def refuse(*_: object, **__: object) -> None:
        raise Refusal("HQ-104", "坏")

    world.province(UNIT, 2)
    monkeypatch.setattr(process, "judge", refuse)
    assert world.sync().failed
    report = v.examined(_proof(world, w.key(UNIT, 1)).data)
    assert v.bad(report) == {}
    [told] = [detail for _, check, detail in report.lines if check.startswith("version")]
    assert "REFUSED by headquarters (HQ-104)" in told


def test_a_key_of_two_lanes_gives_both_unless_one_is_named(world, w) -> None:
    world.province(UNIT, [w.licence(UNIT, 7, fzrq="昨天")])
    world.province("370000", [w.licence("370000", 7, fzrq="昨天")])
    world.sync()
    assert [r["unit"] for r in _proof(world, "7").document["records"]] == [UNIT, "370000"]
    assert [r["unit"] for r in _proof(world, "7", unit="370000").document["records"]] == ["370000"]
    with pytest.raises(Terminal, match="ECQS-6070"):
        _proof(world, "7", kind="approval")


def test_a_bundle_does_not_change_what_it_is_made_of(world, w) -> None:
    world.province(UNIT, 1)
    world.sync()
    before = world.rows("SELECT count(*), max(hash) FROM evidence")
    proof = _proof(world, w.key(UNIT, 1))
    assert world.rows("SELECT count(*), max(hash) FROM evidence") == before
    assert json.loads(json.dumps(proof.document)) is not None
    assert _proof(world, w.key(UNIT, 1)).digest == proof.digest
