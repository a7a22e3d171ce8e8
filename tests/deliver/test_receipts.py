"""Receipts: believed only when everything fits what was sent; each forgery is refused for its own reason."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.receipts import Believed, RefusedReceipt, Sent, VerifiedReceipt, verify_receipt
from ecqs_gateway.deliver.signing import KeyPair, Trust, algorithm, seal
from ecqs_gateway.deliver.transport import RemoteReceipt
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.doors.xml_schema import load_schema
from ecqs_gateway.model.batch import NAMESPACE, BatchState, parse_batch_id
from ecqs_gateway.model.receipt import Level

SCHEMA = load_schema(Path(__file__).parents[2] / "schemas" / "ecqs" / "1.0" / "receipt.xsd")
ISSUER = "总局（演示）"
PAIRS = {name: algorithm(name).generate() for name in ("ed25519", "sm2-sm3")}
FOREIGN = algorithm("ed25519").generate()
BELIEVED = Believed(Trust.of([("ed25519", PAIRS["ed25519"].public)]), ISSUER, SCHEMA)

VERSIONS = pl.DataFrame(
    {"key": [f"k{n}" for n in range(5)], "version": [hashlib.sha256(b"%d" % n).hexdigest() for n in range(5)]}
)
PART = ("batch.xml.gz", "sha-256", "d" * 64)


def loaded_digest(*without: int) -> str:
    kept = [version for index, version in enumerate(VERSIONS["version"]) if index not in without]
    return hashlib.sha256("".join(kept).encode()).hexdigest()


def rejection(index: int, reason: str = "拒绝") -> str:
    key, version = VERSIONS.row(index)
    return f'<rejection key="{key}" version="{version}" code="HQ-201" field="holder.uscc">{reason}</rejection>'


BODIES = {
    "received": "",
    "validated": '<counts records="5" valid="4" invalid="1"></counts>',
    "loaded": f'<counts records="5" loaded="3" rejected="2"></counts><loaded digest="{loaded_digest(1, 3)}"></loaded>'
    f"{rejection(1)}{rejection(3)}",
    "rejected": '<rejection code="HQ-101">签名不符</rejection>',
}


@dataclass
class Headquarters:
    """Writes receipts, right ones unless told otherwise."""

    level: str = "received"
    algorithm: str = "ed25519"
    pair: KeyPair | None = None
    changes: dict[str, str | None] = field(default_factory=dict)
    parts: str = '<part name="{}" digest-algorithm="{}" digest="{}"></part>'.format(*PART)
    body: str | None = None

    def document(self) -> bytes:
        pair = self.pair or PAIRS[self.algorithm]
        facts: dict[str, str | None] = {
            "id": "R-1",
            "level": self.level,
            "batch": "320000-certificate-00000007",
            "unit": "320000",
            "kind": "certificate",
            "sequence": "7",
            "issued": "2026-11-23T03:00:00+08:00",
            "issuer": ISSUER,
            "manifest": "a" * 64,
            "signature": self.algorithm,
            "key": algorithm(self.algorithm).verifier(pair.public).key_id,
            "number": "12",
        } | self.changes
        start = "".join(f' {name}="{value}"' for name, value in facts.items() if value is not None)
        body = BODIES[self.level] if self.body is None else self.body
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<receipt xmlns="{NAMESPACE}"{start}>{self.parts}{body}</receipt>'
        ).encode()

    def package(self, document: bytes | None = None) -> bytes:
        pair = self.pair or PAIRS[self.algorithm]
        written = self.document() if document is None else document
        envelope = seal(written, algorithm(self.algorithm).signer(pair.private))
        return build_zip([("receipt.xml", written), ("receipt.sig", envelope)])


STATES = {
    "received": BatchState.SENT,
    "validated": BatchState.RECEIVED,
    "loaded": BatchState.VALIDATED,
    "rejected": BatchState.SENT,
}


def sent(level: str, **changes: Any) -> Sent:
    values: dict[str, Any] = {
        "id": "320000-certificate-00000007",
        "unit": "320000",
        "kind": "certificate",
        "sequence": 7,
        "records": 5,
        "manifest_digest": "a" * 64,
        "parts": frozenset({PART}),
        "versions": lambda: VERSIONS,
        "state": STATES[level],
    }
    return Sent(**(values | changes))


def name(level: str, batch: str = "320000-certificate-00000007") -> RemoteReceipt:
    return RemoteReceipt(parse_batch_id(batch), Level(level), 0)


def judge(hq: Headquarters, believed: Believed = BELIEVED, **changes: Any) -> VerifiedReceipt | RefusedReceipt:
    return verify_receipt(hq.package(), name(hq.level), sent(hq.level, **changes), believed=believed)


def refused(verdict: VerifiedReceipt | RefusedReceipt) -> str:
    assert isinstance(verdict, RefusedReceipt), verdict
    assert verdict.reason
    return verdict.code


# What is right


@pytest.mark.parametrize("level", BODIES)
@pytest.mark.parametrize("schema", [SCHEMA, None], ids=["with schema", "without"])
def test_a_receipt_that_fits_is_believed(level: str, schema: Any) -> None:
    hq = Headquarters(level)
    verdict = judge(hq, replace(BELIEVED, schema=schema))
    assert isinstance(verdict, VerifiedReceipt), verdict
    assert not verdict.repeat
    assert (verdict.receipt.level, verdict.receipt.number) == (level, 12)
    assert verdict.digest == hashlib.sha256(hq.document()).hexdigest()


def test_what_is_read_is_what_stands_there() -> None:
    verdict = judge(Headquarters("loaded"))
    assert isinstance(verdict, VerifiedReceipt)
    assert [item.key for item in verdict.receipt.rejections] == ["k1", "k3"]
    assert verdict.receipt.rejections[0].reason == "拒绝"
    assert verdict.receipt.rejections[0].field == "holder.uscc"
    assert verdict.receipt.counts is not None
    assert (verdict.receipt.counts.loaded, verdict.receipt.counts.rejected) == (3, 2)


def test_everything_loaded_and_nothing_loaded_both_add_up() -> None:
    every = f'<counts records="5" loaded="5" rejected="0"></counts><loaded digest="{loaded_digest()}"></loaded>'
    nothing = (
        f'<counts records="5" loaded="0" rejected="5"></counts><loaded digest="{hashlib.sha256(b"").hexdigest()}">'
        f"</loaded>{''.join(rejection(index) for index in range(5))}"
    )
    for body in (every, nothing):
        assert isinstance(judge(Headquarters("loaded", body=body)), VerifiedReceipt)


def test_sm2_receipts_are_believed_where_sm2_is_trusted() -> None:
    believed = Believed(Trust.of([("sm2-sm3", PAIRS["sm2-sm3"].public)]), ISSUER, SCHEMA)
    assert isinstance(judge(Headquarters(algorithm="sm2-sm3"), believed), VerifiedReceipt)


def test_a_package_nobody_could_open_is_rejected_without_its_manifest() -> None:
    hq = Headquarters("rejected", changes={"manifest": None}, parts="")
    assert isinstance(judge(hq), VerifiedReceipt)
    assert isinstance(judge(hq, state=BatchState.RECEIVED), VerifiedReceipt)


def test_validated_may_name_the_invalid_records_or_not() -> None:
    named = BODIES["validated"] + rejection(2)
    assert isinstance(judge(Headquarters("validated", body=named)), VerifiedReceipt)


def test_a_sealed_batch_whose_sending_was_not_noted_takes_its_receipt() -> None:
    assert isinstance(judge(Headquarters(), state=BatchState.SEALED), VerifiedReceipt)


# The same again, and another one


@pytest.mark.parametrize("state", [BatchState.RECEIVED, BatchState.VALIDATED, BatchState.LOADED])
@pytest.mark.parametrize("held_as", ["package", "document"])
def test_the_same_receipt_again_is_a_repeat_at_any_time(state: BatchState, held_as: str) -> None:
    hq = Headquarters()
    digest = hashlib.sha256(hq.package() if held_as == "package" else hq.document()).hexdigest()
    verdict = judge(hq, state=state, held={"received": digest})
    assert isinstance(verdict, VerifiedReceipt)
    assert verdict.repeat


@pytest.mark.parametrize("level", BODIES)
def test_another_receipt_of_a_level_is_a_conflict(level: str) -> None:
    verdict = judge(Headquarters(level, changes={"id": "R-2"}), held={level: "0" * 64}, state=STATES[level])
    assert refused(verdict) == "ECQS-5114"


@pytest.mark.parametrize(
    ("level", "state"),
    [
        ("rejected", BatchState.LOADED),
        ("rejected", BatchState.VALIDATED),
        ("loaded", BatchState.REJECTED),
        ("received", BatchState.REJECTED),
        ("validated", BatchState.LOADED),
        ("received", BatchState.VALIDATED),
    ],
)
def test_a_level_that_contradicts_what_is_settled_is_a_conflict(level: str, state: BatchState) -> None:
    verdict = judge(Headquarters(level), state=state)
    assert refused(verdict) == "ECQS-5114"
    assert isinstance(verdict, RefusedReceipt)
    assert not verdict.wait


@pytest.mark.parametrize(
    ("level", "state"),
    [
        ("validated", BatchState.SENT),
        ("loaded", BatchState.SENT),
        ("loaded", BatchState.RECEIVED),
        ("validated", BatchState.SEALED),
    ],
)
def test_a_level_that_comes_too_early_waits(level: str, state: BatchState) -> None:
    verdict = judge(Headquarters(level), state=state)
    assert refused(verdict) == "ECQS-5113"
    assert isinstance(verdict, RefusedReceipt)
    assert verdict.wait


@pytest.mark.parametrize("last", [12, 13])
@pytest.mark.parametrize("level", ["validated", "loaded", "rejected"])
def test_a_level_that_was_issued_before_the_one_it_follows_is_refused_for_good(level: str, last: int) -> None:
    verdict = judge(Headquarters(level), last_number=last)
    assert refused(verdict) == "ECQS-5117"
    assert isinstance(verdict, RefusedReceipt)
    assert not verdict.wait
    assert isinstance(judge(Headquarters(level), last_number=11), VerifiedReceipt)


# Forgeries


def other_part(**changes: str) -> str:
    facts = dict(zip(("name", "digest-algorithm", "digest"), PART, strict=True)) | {
        key.replace("_", "-"): value for key, value in changes.items()
    }
    return "<part" + "".join(f' {key}="{value}"' for key, value in facts.items()) + "></part>"


def loaded(old: str, new: str) -> Headquarters:
    """A receipt of level loaded with one thing changed."""
    assert old in BODIES["loaded"]
    return Headquarters("loaded", body=BODIES["loaded"].replace(old, new))


def validated(records: int, valid: int, invalid: int, more: str = "") -> Headquarters:
    counts = f'<counts records="{records}" valid="{valid}" invalid="{invalid}"></counts>'
    return Headquarters("validated", body=counts + more)


SWAPPED = hashlib.sha256("".join(VERSIONS["version"].gather([2, 0, 4])).encode()).hexdigest()
LOADED = f'<loaded digest="{loaded_digest(1, 3)}"></loaded>'
COUNTED = 'loaded="3" rejected="2"'
HALF = '<rejection key="k1" code="HQ-201">x</rejection>'

FORGED: dict[str, tuple[Headquarters, str]] = {
    "another issuer": (Headquarters(changes={"issuer": "某省局"}), "ECQS-5107"),
    "another batch": (Headquarters(changes={"batch": "320000-certificate-00000008", "sequence": "8"}), "ECQS-5108"),
    "another unit": (Headquarters(changes={"batch": "210000-certificate-00000007", "unit": "210000"}), "ECQS-5108"),
    "another kind": (Headquarters(changes={"batch": "320000-approval-00000007", "kind": "approval"}), "ECQS-5108"),
    "a sequence that is not the id's": (Headquarters(changes={"sequence": "8"}), "ECQS-5106"),
    "another manifest": (Headquarters(changes={"manifest": "b" * 64}), "ECQS-5109"),
    "no manifest": (Headquarters(changes={"manifest": None}), "ECQS-5106"),
    "another digest": (Headquarters(parts=other_part(digest="e" * 64)), "ECQS-5110"),
    "another digest algorithm": (Headquarters(parts=other_part(digest_algorithm="sm3")), "ECQS-5110"),
    "another part": (Headquarters(parts=other_part(name="other.xml")), "ECQS-5110"),
    "no part": (Headquarters(parts=""), "ECQS-5106"),
    "a part more": (Headquarters(parts=other_part() + other_part(name="more.xml")), "ECQS-5110"),
    "a part twice": (Headquarters(parts=other_part() * 2), "ECQS-5110"),
    "counts of another batch": (validated(6, 5, 1), "ECQS-5111"),
    "counts that do not add up": (validated(5, 5, 1), "ECQS-5106"),
    "fewer named than counted": (validated(5, 3, 2, rejection(0)), "ECQS-5111"),
    "loaded less than named": (loaded(COUNTED, 'loaded="4" rejected="1"'), "ECQS-5106"),
    "another digest of what was loaded": (loaded(loaded_digest(1, 3), loaded_digest(1, 2)), "ECQS-5112"),
    "two loaded records swapped": (loaded(loaded_digest(1, 3), SWAPPED), "ECQS-5112"),
    "a record we did not send": (loaded('key="k1"', 'key="k9"'), "ECQS-5115"),
    "a version we did not send": (loaded(VERSIONS["version"][1], "c" * 64), "ECQS-5115"),
    "a key with another's version": (loaded('key="k1"', 'key="k0"'), "ECQS-5115"),
    "a record refused twice": (loaded(rejection(3), rejection(1)), "ECQS-5115"),
    "no digest of what was loaded": (loaded(LOADED, ""), "ECQS-5106"),
    "rejected and loaded": (Headquarters("rejected", body=LOADED + BODIES["rejected"]), "ECQS-5106"),
    "rejected without reason": (Headquarters("rejected", body=""), "ECQS-5106"),
    "received with counts": (Headquarters(body=BODIES["validated"]), "ECQS-5106"),
    "an unknown level": (Headquarters(changes={"level": "accepted"}), "ECQS-5106"),
    "an unknown attribute": (Headquarters(changes={"more": "x"}), "ECQS-5106"),
    "an attribute missing": (Headquarters(changes={"number": None}), "ECQS-5106"),
    "an unknown element": (Headquarters(body="<extra></extra>"), "ECQS-5106"),
    "elements out of order": (Headquarters("rejected", parts="", body=BODIES["rejected"] + other_part()), "ECQS-5106"),
    "text where none belongs": (Headquarters(body="stray"), "ECQS-5106"),
    "a time without zone": (Headquarters(changes={"issued": "2026-11-23T03:00:00"}), "ECQS-5106"),
    "a number that is none": (Headquarters(changes={"number": "１２"}), "ECQS-5106"),
    "half a record refused": (Headquarters("rejected", body=HALF), "ECQS-5106"),
    "a foreign key": (Headquarters(pair=FOREIGN), "ECQS-5104"),
    "an algorithm we do not trust": (Headquarters(algorithm="sm2-sm3"), "ECQS-5103"),
    "another algorithm in the document": (Headquarters(changes={"signature": "sm2-sm3"}), "ECQS-5105"),
    "another key in the document": (Headquarters(changes={"key": "f" * 16}), "ECQS-5105"),
}


@pytest.mark.parametrize("forgery", FORGED)
@pytest.mark.parametrize("schema", [SCHEMA, None], ids=["with schema", "without"])
def test_each_forgery_is_refused_for_its_own_reason(forgery: str, schema: Any) -> None:
    hq, code = FORGED[forgery]
    level = hq.level
    verdict = verify_receipt(hq.package(), name(level), sent(level), believed=replace(BELIEVED, schema=schema))
    assert refused(verdict) == code


def test_a_batch_we_never_sent_has_no_receipts() -> None:
    assert refused(verify_receipt(Headquarters().package(), name("received"), None, believed=BELIEVED)) == "ECQS-5108"


def test_a_receipt_under_another_name_is_refused() -> None:
    hq = Headquarters("validated")
    assert refused(verify_receipt(hq.package(), name("loaded"), sent("validated"), believed=BELIEVED)) == "ECQS-5116"


def test_a_good_receipt_of_another_batch_is_refused_everywhere() -> None:
    """Swap the receipts of several batches, units and kinds: each fits its own and no other."""
    batches = [
        parse_batch_id(f"{unit}-{kind}-{n:08d}")
        for unit in ("320000", "210000")
        for kind in ("approval", "certificate")
        for n in (1, 2)
    ]

    def of(batch: Any) -> tuple[Headquarters, Sent]:
        facts = {"batch": str(batch), "unit": batch.unit, "kind": batch.kind, "sequence": str(batch.sequence)}
        own = sent("received", id=str(batch), unit=batch.unit, kind=batch.kind, sequence=batch.sequence)
        return Headquarters(changes=facts), own

    for one, other in itertools.product(batches, batches):
        hq, _ = of(one)
        _, own = of(other)
        verdict = verify_receipt(hq.package(), name("received", str(other)), own, believed=BELIEVED)
        assert isinstance(verdict, VerifiedReceipt) == (one == other)


def test_a_tampered_document_is_refused_wherever_it_was_touched() -> None:
    hq = Headquarters("loaded")
    good = hq.document()
    envelope = seal(good, algorithm("ed25519").signer(PAIRS["ed25519"].private))
    for place in range(0, len(good), 7):
        forged = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        package = build_zip([("receipt.xml", forged), ("receipt.sig", envelope)])
        verdict = verify_receipt(package, name("loaded"), sent("loaded"), believed=BELIEVED)
        assert refused(verdict) == "ECQS-5105"


def test_a_signature_of_another_receipt_is_refused() -> None:
    other = seal(Headquarters(changes={"id": "R-9"}).document(), algorithm("ed25519").signer(PAIRS["ed25519"].private))
    package = build_zip([("receipt.xml", Headquarters().document()), ("receipt.sig", other)])
    assert refused(verify_receipt(package, name("received"), sent("received"), believed=BELIEVED)) == "ECQS-5105"


@pytest.mark.parametrize("cut", [0, 10, 100, -1])
def test_a_truncated_package_is_refused(cut: int) -> None:
    package = Headquarters().package()[:cut]
    assert refused(verify_receipt(package, name("received"), sent("received"), believed=BELIEVED)) == "ECQS-5101"


def test_a_package_with_a_member_missing_or_added_is_refused() -> None:
    written = Headquarters().document()
    envelope = seal(written, algorithm("ed25519").signer(PAIRS["ed25519"].private))
    for members in (
        [("receipt.xml", written)],
        [("receipt.sig", envelope)],
        [("receipt.xml", written), ("receipt.sig", envelope), ("more", b"")],
    ):
        verdict = verify_receipt(build_zip(members), name("received"), sent("received"), believed=BELIEVED)
        assert refused(verdict) == "ECQS-5101"


def test_a_broken_envelope_is_refused() -> None:
    package = build_zip([("receipt.xml", Headquarters().document()), ("receipt.sig", b"{}")])
    assert refused(verify_receipt(package, name("received"), sent("received"), believed=BELIEVED)) == "ECQS-5102"


SIGNED_NONSENSE: dict[str, bytes] = {
    "no xml": b"hello",
    "another root": f'<batch xmlns="{NAMESPACE}"/>'.encode(),
    "another namespace": Headquarters().document().replace(NAMESPACE.encode(), b"urn:other"),
    "doctype": b"<!DOCTYPE receipt [<!ENTITY x 'y'>]>" + Headquarters().document().partition(b"\n")[2],
    "comment in a reason": Headquarters("rejected", body='<rejection code="HQ-101">a<!-- -->b</rejection>').document(),
    "a receipt in a receipt": Headquarters(body=Headquarters().document().partition(b"\n")[2].decode()).document(),
    "two receipts": Headquarters().document() + Headquarters().document().partition(b"\n")[2],
    "two counts": Headquarters("validated", body=BODIES["validated"] * 2).document(),
    "two digests": loaded(LOADED, LOADED * 2).document(),
    "an element in a reason": Headquarters("rejected", body='<rejection code="HQ-101">a<b/></rejection>').document(),
    "a blank reason": Headquarters("rejected", body='<rejection code="HQ-101"> </rejection>').document(),
    "a text in a part": Headquarters(parts=other_part().replace("></", ">x</")).document(),
}


@pytest.mark.parametrize("nonsense", SIGNED_NONSENSE)
@pytest.mark.parametrize("schema", [SCHEMA, None], ids=["with schema", "without"])
def test_even_signed_nonsense_is_refused(nonsense: str, schema: Any) -> None:
    package = Headquarters().package(SIGNED_NONSENSE[nonsense])
    verdict = verify_receipt(package, name("received"), sent("received"), believed=replace(BELIEVED, schema=schema))
    assert refused(verdict) == "ECQS-5106"


def test_a_receipt_wrapped_around_another_is_read_by_what_was_signed() -> None:
    """Signature wrapping: the signed bytes travel inside, the outer document says something else."""
    inner = Headquarters().document()
    outer = (
        Headquarters("loaded", body=BODIES["loaded"])
        .document()
        .replace(b"</receipt>", inner.partition(b"\n")[2] + b"</receipt>")
    )
    envelope = seal(inner, algorithm("ed25519").signer(PAIRS["ed25519"].private))
    package = build_zip([("receipt.xml", outer), ("receipt.sig", envelope)])
    assert refused(verify_receipt(package, name("loaded"), sent("loaded"), believed=BELIEVED)) == "ECQS-5105"


@given(st.sets(st.integers(0, 4)))
@settings(max_examples=32, deadline=None)
def test_only_the_digest_of_exactly_what_was_loaded_is_believed(without: set[int]) -> None:
    body = (
        f'<counts records="5" loaded="{5 - len(without)}" rejected="{len(without)}"></counts>'
        f'<loaded digest="{loaded_digest(1, 3)}"></loaded>{"".join(map(rejection, sorted(without)))}'
    )
    assert isinstance(judge(Headquarters("loaded", body=body)), VerifiedReceipt) == (without == {1, 3})


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise_anything(data: bytes) -> None:
    for package in (data, Headquarters().package(data)):
        assert isinstance(
            verify_receipt(package, name("received"), sent("received"), believed=BELIEVED), RefusedReceipt
        )
