"""Signatures: both algorithms, both implementations of SM2, other programs' signatures, and everything forged."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.signing import Algorithm, KeyPair, Signer, Trust, algorithm, der, digest, register, seal, sm2
from ecqs_gateway.deliver.signing import base as signing_base
from ecqs_gateway.deliver.signing.sm2 import SM2, PythonSigner, PythonVerifier, python_keys
from ecqs_gateway.doors import libcrypto
from ecqs_gateway.errors import Misconfigured, Terminal

ED25519 = algorithm("ed25519")
gmssl_pyx = pytest.importorskip("gmssl_pyx")

native = pytest.mark.skipif(not libcrypto.available(), reason="no OpenSSL 3 with SM2 on this system")


@pytest.fixture(params=[pytest.param("native", marks=native), "python"])
def sm2_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Algorithm:
    """SM2 by OpenSSL, and by gmssl where there is no OpenSSL."""
    monkeypatch.setattr(sm2, "_native", lambda: request.param == "native")
    return SM2


@pytest.fixture(params=["ed25519", "sm2"])
def any_algorithm(request: pytest.FixtureRequest) -> Algorithm:
    return {"ed25519": ED25519, "sm2": SM2}[request.param]


def test_sm3_is_the_standards_own() -> None:
    assert digest("sm3", b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm3_is_there_without_hashlib(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, data: bytes) -> None:
        raise ValueError(name)

    monkeypatch.setattr(hashlib, "new", refuse)
    assert digest("sm3", b"abc").startswith("66c7f0f4")


def test_an_unknown_digest_is_refused() -> None:
    with pytest.raises(Terminal, match="ECQS-4021"):
        digest("md5", b"")


def test_a_signature_verifies_and_names_its_key(any_algorithm: Algorithm) -> None:
    pair = any_algorithm.generate()
    signer, verifier = any_algorithm.signer(pair.private), any_algorithm.verifier(pair.public)
    assert verifier.verify(b"manifest", signer.sign(b"manifest"))
    assert signer.key_id == verifier.key_id
    assert signer.algorithm == verifier.algorithm == any_algorithm.name


def test_key_ids_are_of_the_raw_public_key() -> None:
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert ED25519.verifier(pem).key_id == hashlib.sha256(raw).hexdigest()[:16]
    pair = python_keys()
    point = der.public_point(pair.public)
    assert len(point) == 65
    assert SM2.verifier(pair.public).key_id == hashlib.sha256(point).hexdigest()[:16]


def test_every_changed_byte_breaks_a_signature(any_algorithm: Algorithm) -> None:
    pair = any_algorithm.generate()
    verifier, data = any_algorithm.verifier(pair.public), b"0123456789"
    signature = any_algorithm.signer(pair.private).sign(data)
    for index in range(len(signature)):
        forged = signature[:index] + bytes([signature[index] ^ 1]) + signature[index + 1 :]
        assert not verifier.verify(data, forged)
    for index in range(len(data)):
        assert not verifier.verify(data[:index] + b"x" + data[index + 1 :], signature)
    for forged in (b"", signature[:-1], signature + b"\0", signature * 2):
        assert not verifier.verify(data, forged)


def test_another_key_does_not_verify(any_algorithm: Algorithm) -> None:
    signature = any_algorithm.signer(any_algorithm.generate().private).sign(b"x")
    assert not any_algorithm.verifier(any_algorithm.generate().public).verify(b"x", signature)


@native
def test_both_implementations_of_sm2_understand_each_other() -> None:
    pair = SM2.generate()
    number, point = der.private_key(pair.private)
    by_hand, checker = PythonSigner(number, point), PythonVerifier(point)
    signer, verifier = SM2.signer(pair.private), SM2.verifier(pair.public)
    for size in (0, 1, 32, 55, 56, 64, 1000):
        data = bytes(range(256)) * 4
        assert checker.verify(data[:size], signer.sign(data[:size]))
        assert verifier.verify(data[:size], by_hand.sign(data[:size]))
    assert by_hand.key_id == signer.key_id == checker.key_id


@pytest.mark.parametrize("start", [0x04, 0x00, 0x40, 0x44])
def test_keys_that_begin_with_a_4_or_0_work_in_pure_python(start: int) -> None:
    # gmssl strips every leading 0 and 4 of a public key; about one key in sixty is then another key.
    pair = next(pair for pair in iter(SM2.generate, None) if der.public_point(pair.public)[1] == start)
    number, point = der.private_key(pair.private)
    assert PythonVerifier(point).verify(b"data", PythonSigner(number, point).sign(b"data"))
    assert PythonVerifier(point).verify(b"data", SM2.signer(pair.private).sign(b"data"))


def test_gmssl_pyx_understands_our_sm2_and_we_its(sm2_by: Algorithm) -> None:
    pair = SM2.generate()
    number, point = der.private_key(pair.private)
    private = number.to_bytes(32, "big")
    public = point[1:]
    ours = sm2_by.signer(pair.private).sign(b"message")
    assert gmssl_pyx.sm2_verify(public, b"message", ours, signer_id=b"1234567812345678")
    theirs = gmssl_pyx.sm2_sign(private, public, b"message", signer_id=b"1234567812345678")
    assert sm2_by.verifier(pair.public).verify(b"message", theirs)
    wrong_id = gmssl_pyx.sm2_sign(private, public, b"message", signer_id=b"somebody else...")
    assert not sm2_by.verifier(pair.public).verify(b"message", wrong_id)


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=False)

    return run


SM2_OPTIONS = ("-sm3", "-sigopt", "distid:1234567812345678")


def test_the_openssl_program_understands_our_sm2(
    sm2_by: Algorithm, openssl: Callable[..., subprocess.CompletedProcess[bytes]], tmp_path: Path
) -> None:
    pair = sm2_by.generate()
    (tmp_path / "data").write_bytes(b"manifest")
    (tmp_path / "public.pem").write_bytes(pair.public)
    (tmp_path / "signature").write_bytes(sm2_by.signer(pair.private).sign(b"manifest"))
    done = openssl("dgst", *SM2_OPTIONS, "-verify", "public.pem", "-signature", "signature", "data")
    assert b"Verified OK" in done.stdout


def test_we_understand_the_openssl_programs_sm2(
    sm2_by: Algorithm, openssl: Callable[..., subprocess.CompletedProcess[bytes]], tmp_path: Path
) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "private.pem")
    openssl("pkey", "-in", "private.pem", "-pubout", "-out", "public.pem")
    (tmp_path / "data").write_bytes(b"manifest")
    openssl("dgst", *SM2_OPTIONS, "-sign", "private.pem", "-out", "signature", "data")
    verifier = sm2_by.verifier((tmp_path / "public.pem").read_bytes())
    assert verifier.verify(b"manifest", (tmp_path / "signature").read_bytes())
    signer = sm2_by.signer((tmp_path / "private.pem").read_bytes())
    assert signer.key_id == verifier.key_id
    assert verifier.verify(b"other", signer.sign(b"other"))


def test_the_openssl_program_understands_our_ed25519(
    openssl: Callable[..., subprocess.CompletedProcess[bytes]], tmp_path: Path
) -> None:
    pair = ED25519.generate()
    (tmp_path / "data").write_bytes(b"manifest")
    (tmp_path / "public.pem").write_bytes(pair.public)
    (tmp_path / "signature").write_bytes(ED25519.signer(pair.private).sign(b"manifest"))
    done = openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "data", "-sigfile", "signature"
    )
    assert b"Verified Successfully" in done.stdout


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
@settings(max_examples=200, deadline=None)
def test_sm2_signatures_have_one_encoding(r: int, s: int) -> None:
    written = der.write_signature(r, s)
    assert der.read_signature(written) == (r, s)
    assert der.read_signature(written + b"\0") is None
    longer = bytes([0x30, 0x81, written[1]]) + written[2:]
    assert der.read_signature(longer) is None


@given(st.binary(max_size=90))
@settings(deadline=None)
def test_no_bytes_make_the_signature_reader_fall_over(data: bytes) -> None:
    found = der.read_signature(data)
    assert found is None or der.write_signature(*found) == data


N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


@pytest.mark.parametrize(("r", "s"), [(1, N - 1), (N, 1), (1, N), (N + 1, 1), (1, 1), (N - 1, N - 1)])
def test_numbers_out_of_range_are_no_signature(sm2_by: Algorithm, r: int, s: int) -> None:
    assert not sm2_by.verifier(SM2.generate().public).verify(b"x", der.write_signature(r, s))


def _p256() -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private, public)


def _encrypted() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )


@pytest.mark.parametrize("pem", [b"", b"nonsense", _p256().private, _encrypted(), ED25519.generate().public])
def test_what_is_no_private_key_is_misconfigured(any_algorithm: Algorithm, pem: bytes) -> None:
    with pytest.raises(Misconfigured, match="ECQS-4022"):
        any_algorithm.signer(pem)


@pytest.mark.parametrize("pem", [b"", b"nonsense", _p256().public, ED25519.generate().private])
def test_what_is_no_public_key_is_misconfigured(any_algorithm: Algorithm, pem: bytes) -> None:
    with pytest.raises(Misconfigured, match="ECQS-4022"):
        any_algorithm.verifier(pem)


def test_a_point_off_the_curve_is_no_key(sm2_by: Algorithm) -> None:
    point = der.public_point(SM2.generate().public)
    for wrong in (point[:-1] + bytes([point[-1] ^ 1]), b"\4" + b"\xff" * 64, b"\4" + b"\0" * 64):
        with pytest.raises(Misconfigured, match="ECQS-4022"):
            sm2_by.verifier(der.public_pem(wrong))


def test_a_file_with_two_keys_that_are_no_pair_is_refused(sm2_by: Algorithm) -> None:
    one, other = SM2.generate(), SM2.generate()
    mixed = der.private_pem(der.private_key(one.private)[0], der.public_point(other.public))
    with pytest.raises(Misconfigured, match="no pair"):
        sm2_by.signer(mixed)


@native
def test_signing_keeps_no_memory() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def work(times: int) -> None:
        for _ in range(times):
            verifier = SM2.verifier(pair.public)
            verifier.verify(b"x", signature)
            verifier.verify(b"y", signature)
            signer.sign(b"x")

    pair = SM2.generate()
    signer = SM2.signer(pair.private)
    signature = signer.sign(b"x")
    work(200)
    before = resident()
    work(1000)
    assert resident() - before < 1_000_000  # a lost key is more than a kilobyte


# The envelope


def test_trust_gives_back_the_bytes_that_were_signed(any_algorithm: Algorithm) -> None:
    pair = any_algorithm.generate()
    verified = Trust.of([(any_algorithm.name, pair.public)]).verify(
        b"data", seal(b"data", any_algorithm.signer(pair.private))
    )
    assert (verified.data, verified.algorithm) == (b"data", any_algorithm.name)


def _refusal(trust: Trust, data: bytes, envelope: bytes) -> str:
    with pytest.raises(Terminal) as error:
        trust.verify(data, envelope)
    return error.value.code


def test_a_downgrade_to_an_algorithm_that_is_not_allowed_is_refused() -> None:
    pair, strong = ED25519.generate(), SM2.generate()
    keys = [("ed25519", pair.public), ("sm2-sm3", strong.public)]
    trust = Trust.of(keys, algorithms=["sm2-sm3"])
    assert _refusal(trust, b"x", seal(b"x", ED25519.signer(pair.private))) == "ECQS-4021"
    assert trust.verify(b"x", seal(b"x", SM2.signer(strong.private))).algorithm == "sm2-sm3"


@pytest.mark.parametrize("name", ["none", "hmac-sha256", "sm2-sm3", "ED25519", "ed25519 ", ""])
def test_an_algorithm_that_is_another_is_refused(name: str) -> None:
    pair = ED25519.generate()
    envelope = json.loads(seal(b"x", ED25519.signer(pair.private))) | {"algorithm": name}
    assert _refusal(Trust.of([("ed25519", pair.public)]), b"x", json.dumps(envelope).encode()) == "ECQS-4021"


def test_an_allowed_algorithm_with_the_key_of_another_is_refused() -> None:
    ed, sm = ED25519.generate(), SM2.generate()
    trust = Trust.of([("ed25519", ed.public), ("sm2-sm3", sm.public)])
    envelope = json.loads(seal(b"x", ED25519.signer(ed.private))) | {"algorithm": "sm2-sm3"}
    assert _refusal(trust, b"x", json.dumps(envelope).encode()) == "ECQS-4024"


def test_a_foreign_key_is_refused_though_its_signature_is_good() -> None:
    trust = Trust.of([("ed25519", ED25519.generate().public)])
    assert _refusal(trust, b"x", seal(b"x", ED25519.signer(ED25519.generate().private))) == "ECQS-4024"


def test_a_foreign_signature_under_a_trusted_key_id_is_refused() -> None:
    pair = ED25519.generate()
    trust = Trust.of([("ed25519", pair.public)])
    forged = json.loads(seal(b"x", ED25519.signer(ED25519.generate().private)))
    forged["key_id"] = ED25519.verifier(pair.public).key_id
    assert _refusal(trust, b"x", json.dumps(forged).encode()) == "ECQS-4025"


def test_trust_in_nobody_is_misconfigured() -> None:
    with pytest.raises(Misconfigured, match="ECQS-4024"):
        Trust.of([])


SIGNATURE = base64.b64encode(b"\0" * 64).decode()
GOOD = {"algorithm": "ed25519", "key_id": "0" * 16, "signature": SIGNATURE}


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"NaN",
        b"\xff\xfe",
        b"[" * 5000,
        json.dumps([list(pair) for pair in GOOD.items()]).encode(),
        json.dumps({**GOOD, "more": "x"}).encode(),
        json.dumps({k: v for k, v in GOOD.items() if k != "key_id"}).encode(),
        json.dumps({**GOOD, "key_id": 5}).encode(),
        json.dumps({**GOOD, "key_id": None}).encode(),
        json.dumps({**GOOD, "signature": {"a": "b"}}).encode(),
        json.dumps({**GOOD, "signature": "!!!!"}).encode(),
        json.dumps({**GOOD, "signature": SIGNATURE + "\n"}).encode(),
        json.dumps({**GOOD, "signature": SIGNATURE[:-3] + "B=="}).encode(),
        json.dumps({**GOOD, "signature": "é"}).encode(),
        json.dumps(GOOD).encode() + b"x",
        json.dumps(GOOD).encode()[:-1] + b', "algorithm": "none"}',
        json.dumps({**GOOD, "signature": "A" * 8000}).encode(),
    ],
)
def test_what_is_not_exactly_an_envelope_is_refused(envelope: bytes) -> None:
    assert _refusal(Trust.of([("ed25519", ED25519.generate().public)]), b"x", envelope) == "ECQS-4023"


# The register


class _Rot13:
    algorithm, key_id = "rot13", "0" * 16

    def sign(self, data: bytes) -> bytes:
        return data[::-1]

    def verify(self, data: bytes, signature: bytes) -> bool:
        return data[::-1] == signature


def test_another_algorithm_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_base, "_registered", dict(signing_base._registered))
    plugin = Algorithm("rot13", "sha-256", python_keys, lambda pem: _Rot13(), lambda pem: _Rot13())
    register(plugin)
    register(plugin)  # again is no error
    assert algorithm("rot13") is plugin
    trust = Trust.of([("rot13", b"")])
    signer: Signer = plugin.signer(b"")
    assert trust.verify(b"abc", seal(b"abc", signer)).algorithm == "rot13"


def test_a_name_is_given_to_one_algorithm_only() -> None:
    with pytest.raises(Misconfigured, match="ECQS-4021"):
        register(Algorithm("ed25519", "sha-256", python_keys, ED25519.signer, ED25519.verifier))


def test_an_algorithm_can_come_from_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = Algorithm("rot26", "sha-256", python_keys, lambda pem: _Rot13(), lambda pem: _Rot13())

    class Entry:
        @staticmethod
        def load() -> Algorithm:
            return plugin

    def entries(*, group: str, name: str) -> list[type[Entry]]:
        return [Entry] if (group, name) == ("ecqs_gateway.signatures", "rot26") else []

    monkeypatch.setattr(signing_base, "_registered", dict(signing_base._registered))
    monkeypatch.setattr(signing_base, "entry_points", entries)
    assert algorithm("rot26") is plugin


def test_an_unknown_algorithm_says_which_there_are() -> None:
    with pytest.raises(Misconfigured, match="ed25519, sm2-sm3"):
        algorithm("rsa")


def test_no_private_key_shows_in_a_repr() -> None:
    pair = SM2.generate()
    signer = PythonSigner(*der.private_key(pair.private))
    assert str(signer.number) not in repr(signer)
    assert "PRIVATE" not in repr(pair)
