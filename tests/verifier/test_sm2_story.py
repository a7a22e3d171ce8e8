"""A gateway and a headquarters that sign with SM2 and SM3: the bundle is verified all the same, digests included."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecqs_gateway.deliver.signing import algorithm, seal
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.flows import prove
from ecqs_gateway.sandbox.serve import Headquarters, Settings, register_gateway

UNIT = "320000"


def test_an_sm2_bundle_is_verified_and_a_changed_one_is_not(bare, w, v) -> None:
    pair = algorithm("sm2-sm3").generate()
    write_atomic(bare.keys / "gateway-sm2-sm3.pem", pair.private)
    write_atomic(bare.keys / "gateway-sm2-sm3.pub.pem", pair.public)
    register_gateway(bare.hq_home, bare.keys / "gateway-sm2-sm3.pub.pem")
    bare.write(
        "connectors/national.yaml", w.NATIONAL.format(records=5, wait="10s", attempts=2).replace("ed25519", "sm2-sm3")
    )
    bare.province(UNIT, 8)
    with Headquarters(Settings(bare.hq_home, w.SCHEMAS, algorithm="sm2-sm3")) as running:
        bare.connect(running.endpoint)
        assert bare.sync().failed == {}
        theirs = v.V.read_key(Path(running.endpoint.public_key).read_bytes())
    with bare.gateway() as gateway:
        proof = prove.prove(gateway, prove.Ask(w.key(UNIT, 7)))
    ours = v.V.read_key(pair.public)
    trust = {"gateway": {ours.id: ours}, "headquarters": {theirs.id: theirs}}
    report = v.examined(proof.data, **trust)
    assert v.bad(report) == {}
    assert any("LOADED by headquarters" in detail for _, _, detail in report.lines)
    with bare.query() as query:
        assert v.bad(v.examined(proof.data, **trust, anchors=query.anchors())) == {}
    batch = proof.document["records"][0]["versions"][0]["batch"]
    package = v.members_of(v.members_of(proof.data)[f"batches/{batch}/package.zip"])
    stranger = algorithm("sm2-sm3").signer(algorithm("sm2-sm3").generate().private)
    envelope = seal(package["manifest.xml"], stranger).replace(stranger.key_id.encode(), ours.id.encode())
    changed = build_zip([(name, envelope if name == "manifest.sig" else data) for name, data in package.items()])
    with pytest.raises(v.V.Bad, match="does not fit its bytes"):
        v.V.open_package(changed, batch, {ours.id: ours})
