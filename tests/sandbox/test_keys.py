"""Headquarters' signatures: its own implementations against OpenSSL's, and the traps of gmssl."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess

import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.keys import KeyRing, load_or_create, read_public_key
from ecqs_gateway.sandbox.serve import register_gateway

USER_ID = ("-sigopt", "distid:1234567812345678")
N = int("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123", 16)


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)


def openssl_sign(key, data, folder):
    (folder / "data").write_bytes(data)
    assert openssl("dgst", "-sm3", "-sign", key, *USER_ID, "-out", folder / "sig", folder / "data").returncode == 0
    return (folder / "sig").read_bytes()


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2-sm3"])
def test_what_is_signed_verifies_and_anything_else_does_not(tmp_path, algorithm):
    key = load_or_create(tmp_path / "key.pem", algorithm)
    signature = key.sign(b"receipt")
    assert key.public.verify(b"receipt", signature)
    assert not key.public.verify(b"receipt.", signature)
    assert not key.public.verify(b"receipt", signature[:-1])
    assert not key.public.verify(b"receipt", b"")
    other = load_or_create(tmp_path / "other.pem", algorithm)
    assert not other.public.verify(b"receipt", signature)


@pytest.mark.parametrize("algorithm", ["ed25519", "sm2-sm3"])
def test_a_key_is_made_once_and_read_ever_after(tmp_path, algorithm):
    path = tmp_path / "key.pem"
    made = load_or_create(path, algorithm)
    assert load_or_create(path).public.raw == made.public.raw
    assert path.stat().st_mode & 0o077 == 0
    (tmp_path / "public.pem").write_bytes(made.public.pem())
    assert read_public_key(tmp_path / "public.pem").key_id == made.public.key_id


def test_sm2_signatures_of_openssl_verify_here_and_ours_there(tmp_path):
    path = tmp_path / "key.pem"
    key = load_or_create(path, "sm2-sm3")
    for data in (b"", b"manifest", bytes(100_000)):
        assert key.public.verify(data, openssl_sign(path, data, tmp_path))
    (tmp_path / "public.pem").write_bytes(key.public.pem())
    (tmp_path / "sig").write_bytes(key.sign(b"receipt"))
    (tmp_path / "data").write_bytes(b"receipt")
    verify = ("dgst", "-sm3", "-verify", tmp_path / "public.pem", *USER_ID, "-signature", tmp_path / "sig")
    assert openssl(*verify, tmp_path / "data").returncode == 0


def test_sm2_keys_made_by_openssl_are_read(tmp_path):
    assert openssl("genpkey", "-algorithm", "SM2", "-out", tmp_path / "key.pem").returncode == 0
    assert openssl("pkey", "-in", tmp_path / "key.pem", "-pubout", "-out", tmp_path / "pub.pem").returncode == 0
    assert load_or_create(tmp_path / "key.pem").public.raw == read_public_key(tmp_path / "pub.pem").raw


def test_an_sm2_key_whose_point_begins_with_04_is_not_mangled(tmp_path):
    """gmssl strips leading zeros and fours from such a key; one key in 256 has one."""
    path = tmp_path / "key.pem"
    for secret in range(1, 2000):
        path.write_bytes(_pkcs8(secret))
        key = load_or_create(path)
        if key.public.raw[1] in {0x04, 0x00, 0x40, 0x44}:
            break
    assert key.public.raw[1] in {0x04, 0x00, 0x40, 0x44}
    assert key.public.verify(b"manifest", key.sign(b"manifest"))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (1, N - 1), (2**255, N + 5)])
def test_sm2_numbers_out_of_range_are_no_signature(tmp_path, r, s):
    key = load_or_create(tmp_path / "key.pem", "sm2-sm3")
    assert not key.public.verify(b"manifest", _der(r, s))


def test_an_sm2_signature_counts_in_one_spelling_only(tmp_path):
    key = load_or_create(tmp_path / "key.pem", "sm2-sm3")
    signature = key.sign(b"manifest")
    assert key.public.verify(b"manifest", signature)
    padded = b"\x30" + bytes([signature[1] + 1]) + b"\x02" + bytes([signature[3] + 1]) + b"\0" + signature[4:]
    raw = b"".join(signature[4:].split(b"\x02", 1))
    for other in (signature + b"\0", padded, raw, b"\x30\x81" + signature[1:]):
        assert not key.public.verify(b"manifest", other)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_a_key_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "bad.pem").write_bytes(content)
    with pytest.raises(Misconfigured, match="ECQS-6052"):
        read_public_key(tmp_path / "bad.pem")


def test_a_point_off_the_curve_is_no_key(tmp_path):
    good = load_or_create(tmp_path / "key.pem", "sm2-sm3").public.pem()
    body = bytearray(base64.b64decode(b"".join(good.splitlines()[1:-1])))
    body[-1] ^= 1
    lines = base64.b64encode(bytes(body))
    (tmp_path / "bad.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\n" + lines + b"\n-----END PUBLIC KEY-----\n")
    with pytest.raises(Misconfigured, match="ECQS-6052"):
        read_public_key(tmp_path / "bad.pem")


def test_one_unreadable_key_file_does_not_keep_the_others_out(tmp_path):
    key = load_or_create(tmp_path / "key.pem")
    folder = tmp_path / "gateways"
    folder.mkdir()
    (folder / "320000.pem").write_bytes(key.public.pem())
    (folder / "110000.pem").write_bytes(b"broken")
    ring = KeyRing(folder)
    assert ring.find("320000", key.public.key_id) is not None
    assert ring.find("330000", key.public.key_id) is None
    (folder / "all.pem").write_bytes(key.public.pem())
    assert ring.find("330000", key.public.key_id) is not None


def test_a_unit_may_sign_with_sm2(office, kit, tmp_path):
    """OpenSSL signs, headquarters verifies with gmssl; the parts are digested with SM3."""
    key_file = tmp_path / "sm2.pem"
    key = load_or_create(key_file, "sm2-sm3")
    (tmp_path / "public.pem").write_bytes(key.public.pem())
    register_gateway(office.home, tmp_path / "public.pem", "320000")
    package = kit.unpack(office.sender.package(1))
    sm3 = {"part_digest": hashlib.new("sm3", package["batch.xml.gz"]).hexdigest(), "part_digest-algorithm": "sm3"}
    signed = {"signature": "sm2-sm3", "key": key.public.key_id}
    members = kit.unpack(office.sender.package(1, **sm3, **signed))
    signature = base64.b64encode(openssl_sign(key_file, members["manifest.xml"], tmp_path)).decode()
    seal = {"algorithm": "sm2-sm3", "key_id": key.public.key_id, "signature": signature}
    members["manifest.sig"] = json.dumps(seal).encode()
    assert office.deliver(1, kit.pack(members)) == ["received", "validated", "loaded"]
    assert office.receipts(1)["loaded"].parts == [("batch.xml.gz", sm3["part_digest"])]


def test_receipts_may_be_sealed_with_sm2(office, kit, tmp_path):
    office.stop()
    office.start(algorithm="sm2-sm3")
    office.deliver(1, office.sender.package(1))
    members = kit.unpack(office.raw(1)["loaded"])
    (tmp_path / "data").write_bytes(members["receipt.xml"])
    (tmp_path / "sig").write_bytes(base64.b64decode(json.loads(members["receipt.sig"])["signature"]))
    public = office.home / "headquarters.pub.pem"
    verify = ("dgst", "-sm3", "-verify", public, *USER_ID, "-signature", tmp_path / "sig", tmp_path / "data")
    assert openssl(*verify).returncode == 0
    assert office.receipts(1)["loaded"].attributes["signature"] == "sm2-sm3"


def _pkcs8(secret):
    """Write a private key with a public point of zeros: headquarters computes the point itself."""
    head = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
    body = base64.b64encode(head + secret.to_bytes(32, "big") + bytes.fromhex("a144034200") + bytes(65))
    return b"-----BEGIN PRIVATE KEY-----\n" + body + b"\n-----END PRIVATE KEY-----\n"


def _der(r, s):
    numbers = [value.to_bytes(value.bit_length() // 8 + 1, "big") for value in (r, s)]
    body = b"".join(b"\x02" + bytes([len(number)]) + number for number in numbers)
    return b"\x30" + bytes([len(body)]) + body
