"""The salt of a unit: made once, kept for this account alone, never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ecqs_gateway.doors.salts import load_salt, make_salt, salt_file
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows import keyring


def test_a_salt_is_made_once_and_belongs_to_this_account_alone(tmp_path: Path) -> None:
    assert make_salt(tmp_path, "320000")
    first = load_salt(tmp_path, "320000")
    assert not make_salt(tmp_path, "320000")
    assert load_salt(tmp_path, "320000") == first
    assert stat.S_IMODE(salt_file(tmp_path, "320000").stat().st_mode) == 0o600
    assert first.secret.hex() not in f"{first!r} {first.id}"


def test_two_units_have_two_salts_and_one_person_two_digests(tmp_path: Path) -> None:
    for unit in ("320000", "370000"):
        make_salt(tmp_path, unit)
    one, other = (load_salt(tmp_path, unit) for unit in ("320000", "370000"))
    assert one.digest("329926197505141763") != other.digest("329926197505141763")


@pytest.mark.parametrize(("text", "code"), [(None, "ECQS-7100"), ("", "ECQS-7101"), ("hmac-sha-256 abc", "ECQS-7101")])
def test_a_salt_that_is_missing_or_spoilt_is_never_replaced(tmp_path: Path, text: str | None, code: str) -> None:
    if text is not None:
        salt_file(tmp_path, "320000").write_text(text, encoding="ascii")
    with pytest.raises(Misconfigured) as raised:
        load_salt(tmp_path, "320000")
    assert raised.value.code == code


def test_salts_are_listed_with_an_id_and_a_spoilt_one_is_seen(tmp_path: Path) -> None:
    assert keyring.salt(tmp_path, "320000").new
    salt_file(tmp_path, "370000").write_text("x", encoding="ascii")
    good, spoilt = [key for key in keyring.keys(tmp_path) if key.role == "digests"]
    assert (good.file, good.id) == ("salt-320000.key", load_salt(tmp_path, "320000").id)
    assert spoilt.made is None
