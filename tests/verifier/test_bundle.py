"""A bundle proves what it says, any changed byte is found, and a gateway that forges its own bundle is found too."""

from __future__ import annotations

import hashlib
import json
import random

import ecqs_test_support_soak as soak
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.flows.prove_parts import canonical

PLACES, SEED = (1000 if soak.SOAK else 100), soak.SEED
UNIT = "320000"


def _report(program: str) -> None:
    """Tell what was found; after the assertions."""
    soak.report("F12", program=program, demanded="1,000 random places", run=f"{PLACES:,} places", found=PLACES)


def _outside(story, v):
    gateway = v.V.read_key(story.gateway_key.read_bytes())
    headquarters = v.V.read_key(story.headquarters_key.read_bytes())
    return {"gateway": {gateway.id: gateway}, "headquarters": {headquarters.id: headquarters}, "anchors": story.anchors}


def test_a_good_bundle_holds_with_keys_and_anchors_from_outside(story, v, tmp_path) -> None:
    file = tmp_path / "bundle.zip"
    for proof in (story.one, story.every, story.letter):
        file.write_bytes(proof.data)
        keys = ("--gateway-key", story.gateway_key, "--headquarters-key", story.headquarters_key)
        done = v.run(file, "--anchors", story.file, *keys)
        assert done.returncode == 0, done.stdout
        assert "BAD" not in done.stdout
        assert "WARNING" not in done.stdout
        told = json.loads(v.run(file, "--anchors", story.file, *keys, "--json").stdout)
        assert (told["holds"], told["complete"]) == (True, True)
        assert {line["status"] for line in told["checks"]} == {"OK"}


def test_the_version_headquarters_holds_is_the_one_proven(story, v, w) -> None:
    report = v.examined(story.one.data, **_outside(story, v))
    [told] = [detail for _, check, detail in report.lines if check.startswith("version")]
    assert "LOADED by headquarters" in told
    [record] = story.one.document["records"]
    [version] = record["versions"]
    assert version["digest"] == story.world.held()[w.key(UNIT, 3)].version
    assert len(record["others"]) == 2
    every = story.every.document["records"][0]["versions"]
    assert [v_["previous"] for v_ in every] == [None, every[0]["digest"], every[1]["digest"]]
    with story.world.query() as query:
        assert [h.version for h in query.history(w.key(UNIT, 3))] == [v_["digest"] for v_ in every]


def test_without_keys_from_outside_it_says_so_loudly(story, v, tmp_path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(story.one.data)
    done = v.run(file)
    assert done.returncode == 0
    assert done.stdout.count("!!! TRUST: the keys of ") == 2
    assert "!!! ANCHORS: none given" in done.stdout


def test_keys_of_others_are_not_believed(story, v) -> None:
    other = v.V.read_key(algorithm("ed25519").generate().public)
    outside = _outside(story, v)
    told = v.bad(v.examined(story.one.data, **{**outside, "gateway": {other.id: other}}))
    assert any(check.startswith("package") for check in told)
    assert "bundle signature" in told
    told = v.bad(v.examined(story.one.data, **{**outside, "headquarters": {other.id: other}}))
    assert [check for check in told if check.startswith("receipt")]
    assert all("not among the keys that count" in why for check, why in told.items() if check.startswith("receipt"))


def test_any_changed_byte_of_any_member_is_found(story, v) -> None:
    generator = random.Random(SEED)
    members = v.members_of(story.one.data)
    names = list(members)
    hit = set()
    for round_ in range(PLACES):
        name = names[round_ % len(names)]  # each member in turn, however small
        changed = bytearray(members[name])
        place = generator.randrange(len(changed))
        changed[place] ^= 1 << generator.randrange(8)
        hit.add(name)
        report = v.examined(build_zip([(n, bytes(changed) if n == name else d) for n, d in members.items()]))
        assert v.bad(report), (name, place)
    assert hit == set(members)
    _report("a bit of a proof's member flipped")


def test_any_changed_byte_of_the_file_is_found(story, v) -> None:
    generator = random.Random(SEED + 1)
    for _ in range(PLACES):
        changed = bytearray(story.one.data)
        place = generator.randrange(len(changed))
        changed[place] ^= 1 << generator.randrange(8)
        assert v.bad(v.examined(bytes(changed))), place
    _report("a bit of a proof's file flipped")


def test_a_file_with_more_or_less_in_it_is_found(story, v) -> None:
    members = v.members_of(story.one.data)
    assert v.bad(v.examined(story.one.data + b"x"))
    assert v.bad(v.examined(story.one.data[:-1]))
    assert v.bad(v.examined(build_zip([*members.items(), ("more.txt", b"")])))
    for name in members:
        assert v.bad(v.examined(build_zip([(n, d) for n, d in members.items() if n != name]))), name
    assert v.bad(v.examined(build_zip(list(reversed(members.items()))))) == {}  # order is no content


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_whatever_is_given_is_judged_and_never_believed(v, data: bytes) -> None:
    assert v.bad(v.examined(data))
    members = [("bundle.json", data), ("bundle.sig", data)]
    assert v.bad(v.examined(build_zip(members)))


# A gateway that falsifies its own bundle: it has the signing key, and lists every member anew.


def _batch(document) -> str:
    return document["records"][0]["versions"][0]["batch"]


def _swap_receipts(members, document) -> None:
    place = f"batches/{_batch(document)}"
    one, other = f"{place}/validated.zip", f"{place}/loaded.zip"
    members[one], members[other] = members[other], members[one]
    for receipt in document["batches"][_batch(document)]["receipts"]:
        if "member" in receipt:
            receipt["sha256"] = hashlib.sha256(members[receipt["member"]]).hexdigest()


def _drop_a_level(members, document) -> None:
    receipts = document["batches"][_batch(document)]["receipts"]
    gone = receipts.pop(1)
    del members[gone["member"]]


def _claim_another_record(members, document) -> None:
    document["records"][0]["versions"][0]["position"] += 1


def _claim_another_digest(members, document) -> None:
    document["records"][0]["versions"][0]["digest"] = "ab" * 32


def _claim_another_key(members, document) -> None:
    document["records"][0]["key"] = "(苏)XK06-001-00099"


def _hide_a_predecessor(members, document) -> None:
    document["records"][0]["versions"][0]["previous"] = None


def _claim_another_row(members, document) -> None:
    source = document["records"][0]["versions"][0]["source"]
    members[source["member"]] = members[source["member"]].replace("注销".encode(), "有效".encode()) + b" "


def _claim_another_extraction(members, document) -> None:
    document["records"][0]["versions"][0]["source"]["extraction"] = 1


def _other_content(members, document) -> None:
    [said] = document["content"]
    members[said["member"]] = build_zip([("connectors/national.yaml", b"version: 1\n")])


def _higher_state(members, document) -> None:
    document["batches"][_batch(document)]["state"] = "rejected"


def _cut_the_chain(members, document) -> None:
    lines = members["chain.jsonl"].splitlines(keepends=True)
    members["chain.jsonl"] = b"".join(lines[:-3])
    last = json.loads(lines[-4])
    document["chain"] |= {"entries": len(lines) - 3, "head": last["hash"]}


def _change_the_chain(members, document) -> None:
    members["chain.jsonl"] = (
        members["chain.jsonl"].replace(b'"fence\\":', b'"fences\\":').replace(b"nightly", b"nightlY")
    )


def _package_of_another_batch(members, document) -> None:
    said = document["batches"][_batch(document)]["package"]
    other = next(n for n in members if n.endswith("package.zip") and n != said["member"])
    members[said["member"]] = members[other]
    said["sha256"] = hashlib.sha256(members[other]).hexdigest()


FORGERIES = {
    _swap_receipts: "receipt", _drop_a_level: "levels", _claim_another_record: "version",
    _claim_another_digest: "version", _claim_another_key: "version", _hide_a_predecessor: "version",
    _claim_another_row: "source", _claim_another_extraction: "source", _other_content: "content",
    _higher_state: "levels", _change_the_chain: "chain",
}  # fmt: skip


@pytest.mark.parametrize("change", FORGERIES, ids=lambda change: change.__name__)
def test_what_a_gateway_forges_in_its_own_bundle_is_found(story, v, change) -> None:
    told = v.bad(v.examined(v.forged(story.one.data, story.signing_key, change), **_outside(story, v)))
    assert any(check.startswith(FORGERIES[change]) for check in told), told
    assert "bundle signature" not in told
    assert "members" not in told


def test_a_package_of_another_batch_is_found(story, v) -> None:
    data = v.forged(story.every.data, story.signing_key, _package_of_another_batch)
    assert any("another batch" in why for why in v.bad(v.examined(data)).values())


def test_a_chain_cut_in_the_bundle_is_found_through_anchors_only(story, v) -> None:
    def cut(members, document) -> None:
        lines = members["chain.jsonl"].splitlines(keepends=True)
        sealed = max(n for n, line in enumerate(lines) if b'"event":"sealed"' in line)
        members["chain.jsonl"] = b"".join(lines[:sealed])
        document["chain"] |= {"entries": sealed, "head": json.loads(lines[sealed - 1])["hash"]}
        document["records"], document["batches"], document["content"] = [], {}, []
        for name in [n for n in members if n.startswith(("batches/", "content/", "rows/"))]:
            del members[name]

    data = v.forged(story.one.data, story.signing_key, cut)
    assert v.bad(v.examined(data)) == {}
    told = v.bad(v.examined(data, **_outside(story, v)))
    assert list(told) == ["anchors"]
    assert "is missing" in told["anchors"]


def test_a_record_sent_with_other_content_than_its_digest_is_found(story, v) -> None:
    """The gateway signs a falsified batch anew, with its own key: digests and chain speak against it."""
    import gzip

    from ecqs_gateway.deliver.signing import seal

    signer = algorithm("ed25519").signer(story.signing_key.read_bytes())

    def change(members, document) -> None:
        batch = _batch(document)
        said = document["batches"][batch]
        package = v.members_of(members[said["package"]["member"]])
        text = gzip.decompress(package["batch.xml.gz"]).replace("甲&amp;".encode(), "乙&amp;".encode())
        packed = gzip.compress(text, mtime=0)
        manifest = package["manifest.xml"]
        old = v.V.read_xml(manifest, "manifest").children("part")[0].attributes
        for name, value in (("digest", hashlib.sha256(packed).hexdigest()), ("size", len(packed))):
            manifest = manifest.replace(f' {name}="{old[name]}"'.encode(), f' {name}="{value}"'.encode())
        parts = [("manifest.xml", manifest), ("manifest.sig", seal(manifest, signer)), ("batch.xml.gz", packed)]
        data = build_zip(parts)
        members[said["package"]["member"]] = data
        members[said["manifest"]["member"]] = manifest
        said["package"]["sha256"] = hashlib.sha256(data).hexdigest()
        said["manifest"]["sha256"] = hashlib.sha256(manifest).hexdigest()

    told = v.bad(v.examined(v.forged(story.one.data, story.signing_key, change)))
    batch = _batch(story.one.document)
    assert "version digest of its record" in told[f"package {batch}"]
    assert "no entry 'sealed'" in told[f"chain knows {batch}"]


def test_missing_parts_are_told_and_give_another_exit_code(story, v, tmp_path) -> None:
    def prune(members, document) -> None:
        said = document["batches"][_batch(document)]
        del members[said["package"].pop("member")]
        document["missing"].append("batch: its package was removed under the retention")

    file = tmp_path / "bundle.zip"
    file.write_bytes(v.forged(story.one.data, story.signing_key, prune))
    done = v.run(file, "--anchors", story.file)
    assert done.returncode == 3, done.stdout
    assert "NOT CHECKED  missing: batch: its package was removed" in done.stdout
    assert "NOT CHECKED  version" in done.stdout


def test_a_record_that_never_went_out_says_so(story, v) -> None:
    [record] = story.letter.document["records"]
    assert record["versions"] == []
    [letter] = record["dead_letters"]
    assert letter["state"] == "open"
    assert all(set(reason) == {"rule", "field"} for reason in letter["reasons"])
    assert "never went out" in v.members_of(story.letter.data)["README.txt"].decode()
    report = v.examined(story.letter.data, **_outside(story, v))
    assert any("no version of it ever went out" in detail for _, _, detail in report.lines)


def test_no_cell_of_a_row_is_in_a_bundle_unless_it_is_asked_for(story, v) -> None:
    def holding(text: str, data: bytes) -> list[str]:
        return [name for name, member in v.members_of(data).items() if text.encode() in member]

    [name] = holding("2026-11-22 09:00:00", story.one.data)
    assert name.startswith(f"rows/{UNIT}-certificate-")
    assert holding("2026-11-22 09:00:00", story.every.data) == []
    assert holding("昨天", story.letter.data) == []


def test_the_row_is_digested_in_the_documented_form(story, v) -> None:
    [version] = story.one.document["records"][0]["versions"]
    row = v.members_of(story.one.data)[version["source"]["member"]]
    values = json.loads(row)
    assert canonical(values) == row
    assert values["zsbh"] == ["text", "苏XK06-001-00003"]
    assert values["id"] in (["text", "3"], ["integer", "3"])
    assert hashlib.sha256(row).hexdigest() == version["source"]["row_sha256"]


def test_the_same_ledger_gives_the_same_bundle(story) -> None:
    from ecqs_gateway.flows import prove

    with story.world.gateway() as gateway:
        again = prove.prove(gateway, prove.Ask(story.one.document["asked"]["key"], with_rows=True))
    assert again.digest == story.one.digest


def test_anchors_of_other_gateways_are_left_out_by_the_key(story, v, tmp_path) -> None:
    document = json.loads(story.file.read_text(encoding="utf-8"))
    document["anchors"].append({**document["anchors"][-1], "key": "f" * 16, "head": "0" * 64, "batch": "x"})
    mixed, file = tmp_path / "anchors.json", tmp_path / "bundle.zip"
    mixed.write_text(json.dumps(document), encoding="utf-8")
    file.write_bytes(story.one.data)
    assert v.run(file, "--anchors", mixed).returncode == 1
    done = v.run(file, "--anchors", mixed, "--gateway-key", story.gateway_key)
    assert done.returncode == 0, done.stdout
    assert "1 of other keys left out" in done.stdout


def test_wrong_usage_is_told(v, tmp_path) -> None:
    assert v.run().returncode == 2
    assert v.run(tmp_path / "none.zip").returncode == 2
    empty = tmp_path / "empty.zip"
    empty.write_bytes(b"")
    done = v.run(empty)
    assert done.returncode == 1
    assert "BAD" in done.stdout
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]", encoding="utf-8")
    assert v.run(empty, "--anchors", wrong).returncode == 1
    assert v.run(empty, "--gateway-key", wrong).returncode == 1
