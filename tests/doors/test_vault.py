"""What is sealed opens with its key, in its place and unchanged, and in no other way."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors.vault import Vault, make_payload_key
from ecqs_gateway.errors import Misconfigured, Terminal

CIPHERS = ("aes-256-gcm", "sm4-gcm")
MAGIC = b"ECQS\x01"


@pytest.fixture(scope="module", params=CIPHERS)
def keys(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_payload_key(folder, request.param)
    return folder


@pytest.fixture(scope="module")
def vault(keys: Path) -> Vault:
    return Vault.of(keys)


def refused(code: str, work: object, *arguments: object) -> Terminal:
    with pytest.raises(Terminal) as caught:
        work(*arguments)  # type: ignore[operator]
    assert caught.value.code == code, caught.value
    assert caught.value.hint
    return caught.value


@given(data=st.binary(max_size=2000), context=st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_what_is_sealed_opens_and_shows_nothing_of_itself(vault: Vault, data: bytes, context: str) -> None:
    sealed = vault.seal(data, context)
    assert vault.open(sealed, context) == data
    assert vault.seal(data, context) != sealed, "a nonce came twice"
    assert len(data) < 6 or data not in sealed
    assert vault.key_of(sealed) == vault.keys[-1].id
    assert vault.key_of(data) is None or data.startswith(MAGIC)


@given(text=st.text(max_size=500), context=st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_texts_for_columns_come_back_as_they_were(vault: Vault, text: str, context: str) -> None:
    sealed = vault.seal_text(text, context)
    assert sealed.isascii()
    assert vault.open_text(sealed, context) == text


@given(data=st.binary(max_size=200), context=st.text(max_size=20), other=st.text(max_size=20))
@settings(deadline=None, max_examples=60)
def test_a_payload_put_in_anothers_place_does_not_open(vault: Vault, data: bytes, context: str, other: str) -> None:
    assume(context != other)
    error = refused("ECQS-3043", vault.open, vault.seal(data, context), other)
    assert error.where == other


@given(data=st.binary(max_size=64), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=150)
def test_no_bit_can_be_flipped(vault: Vault, data: bytes, place: float, bit: int) -> None:
    sealed = bytearray(vault.seal(data, "here"))
    at = len(MAGIC) + int(place * (len(sealed) - len(MAGIC)))
    sealed[at] ^= 1 << bit
    in_key_id = len(MAGIC) < at <= len(MAGIC) + 8
    refused("ECQS-3042" if in_key_id else "ECQS-3043", vault.open, bytes(sealed), "here")


@given(data=st.binary(max_size=64), cut=st.floats(0, 1, exclude_max=True), more=st.binary(min_size=1, max_size=5))
@settings(deadline=None, max_examples=100)
def test_neither_less_nor_more_opens(vault: Vault, data: bytes, cut: float, more: bytes) -> None:
    sealed = vault.seal(data, "here")
    kept = len(MAGIC) + int(cut * (len(sealed) - len(MAGIC)))
    refused("ECQS-3043", vault.open, sealed[:kept], "here")
    refused("ECQS-3043", vault.open, sealed + more, "here")


@pytest.mark.parametrize("text", ["sealed:", "sealed:%%%", "sealed:QUJD", "sealed:é", "sealed:RUNRUwE="])
def test_a_text_that_only_looks_sealed_is_refused(vault: Vault, text: str) -> None:
    refused("ECQS-3043", vault.open_text, text, "here")


def test_another_key_does_not_open_it_and_the_error_says_what_to_do(vault: Vault, tmp_path: Path) -> None:
    make_payload_key(tmp_path)
    sealed = vault.seal(b"secret row", "extractions/x")
    error = refused("ECQS-3042", Vault.of(tmp_path).open, sealed, "extractions/x")
    assert "payload-NNNN.key" in str(error)
    refused("ECQS-3042", Vault().open, sealed, "extractions/x")
    assert "secret row" not in str(error)


def test_old_keys_open_and_the_newest_seals(tmp_path: Path) -> None:
    made = []
    sealed = []
    for cipher in ("aes-256-gcm", "sm4-gcm", "aes-256-gcm"):
        made.append(make_payload_key(tmp_path, cipher))
        sealed.append(Vault.of(tmp_path).seal(b"row", "x"))
    vault = Vault.of(tmp_path)
    assert [file.name for file in made] == ["payload-0001.key", "payload-0002.key", "payload-0003.key"]
    assert [key.file for key in vault.keys] == made
    assert [vault.open(each, "x") for each in sealed] == [b"row"] * 3
    assert [vault.key_of(each) for each in sealed] == [key.id for key in vault.keys]
    made[0].unlink()
    refused("ECQS-3042", Vault.of(tmp_path).open, sealed[0], "x")
    assert make_payload_key(tmp_path).name == "payload-0004.key"


def test_the_newest_is_told_by_its_number_not_by_its_spelling(tmp_path: Path) -> None:
    (tmp_path / "payload-9999.key").write_text(f"aes-256-gcm {'00' * 32}\n")
    newest = make_payload_key(tmp_path)
    assert newest.name == "payload-10000.key"
    assert Vault.of(tmp_path).keys[-1].file == newest


def test_without_a_key_everything_stays_as_it_is_and_is_read_later(tmp_path: Path) -> None:
    plain = Vault.of(tmp_path / "nowhere")
    assert not plain.sealing
    assert plain.seal(b"ARROW1 row", "x") == b"ARROW1 row"
    assert plain.seal_text('{"a": 1}', "x") == '{"a": 1}'
    make_payload_key(tmp_path)
    later = Vault.of(tmp_path)
    assert later.sealing
    assert later.open(b"ARROW1 row", "x") == b"ARROW1 row"
    assert later.open_text('{"a": 1}', "x") == '{"a": 1}'


@pytest.mark.parametrize(
    "text", ["", "aes-256-gcm", "aes-256-gcm zz", f"sm4-gcm {'00' * 32}", f"rot13 {'00' * 32}", "\xff\xfe"]
)
def test_a_file_that_is_no_key_stops_everything_before_a_row_is_stored_open(text: str, tmp_path: Path) -> None:
    (tmp_path / "payload-0001.key").write_bytes(text.encode("latin-1"))
    error = refused("ECQS-3041", Vault.of, tmp_path)
    assert error.where == str(tmp_path / "payload-0001.key")
    assert "00" * 8 not in str(error)


def test_other_files_of_the_folder_are_no_keys(tmp_path: Path) -> None:
    for name in ("payload-x.key", "payload-.key", "payload-0001.key.bak", "gateway-ed25519.pem", "payload-１.key"):
        (tmp_path / name).write_text("anything")
    assert not Vault.of(tmp_path).sealing


def test_an_unknown_cipher_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        make_payload_key(tmp_path, "des")
    assert caught.value.code == "ECQS-3040"
    assert "aes-256-gcm" in (caught.value.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_keys_belong_to_this_account_alone_and_are_never_shown(tmp_path: Path) -> None:
    file = make_payload_key(tmp_path / "deep" / "keys")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    secret = file.read_text(encoding="ascii").split()[1]
    key = Vault.of(file.parent).keys[0]
    assert secret not in repr(key)
    assert repr(key.secret) not in repr(key)
    assert key.id.hex() not in secret
