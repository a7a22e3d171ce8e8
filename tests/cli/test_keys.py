"""`ecqs keys` and the warnings about keys, as a person and as a script see them."""

from __future__ import annotations

import json

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ecqs_gateway.cli.main import app
from ecqs_gateway.deliver.signing import algorithm


@pytest.fixture
def ecqs(bare):
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env=bare.environment())

    return run


def test_init_says_what_was_made_and_who_gets_which_half(bare, ecqs) -> None:
    for file in bare.keys.iterdir():
        file.unlink()
    first = ecqs("keys", "init")
    assert first.exit_code == 0, first.output
    for text in ("gateway-ed25519.pub.pem: give it to headquarters", "payload-0001.key", "sftp.pub", "keys trust"):
        assert text in first.output
    assert first.output.count("  made") == 3
    again = json.loads(ecqs("keys", "init", "--json").output)
    assert [key["new"] for key in again["keys"]] == [False] * 3
    assert again["headquarters"] is False


def test_list_shows_no_secret_and_fails_for_a_broken_key(bare, ecqs) -> None:
    listed = ecqs("keys", "list")
    assert listed.exit_code == 0
    told = json.loads(ecqs("keys", "list", "--json").output)
    assert {key["role"] for key in told["keys"]} == {"signs", "seals", "sftp login"}
    secret = (bare.keys / "payload-0001.key").read_text(encoding="ascii").split()[1]
    assert secret not in listed.output + json.dumps(told)
    (bare.keys / "payload-0002.key").write_text("torn", encoding="ascii")
    broken = ecqs("keys", "list")
    assert broken.exit_code == 1
    assert "not a payload key" in broken.output


def test_rotating_tells_the_story(bare, ecqs) -> None:
    assert "older keys stay" in ecqs("keys", "rotate", "payload").output
    assert (bare.keys / "payload-0002.key").exists()
    assert "signs nothing yet" in ecqs("keys", "rotate", "signing").output
    assert "signs from now on" in ecqs("keys", "rotate", "signing", "--activate").output
    wrong = ecqs("keys", "rotate", "signing", "--activate")
    assert wrong.exit_code == 1
    assert "ECQS-6081" in wrong.output
    assert "ECQS-6082" in ecqs("keys", "rotate", "payload", "--activate").output
    assert "ECQS-3040" in ecqs("keys", "rotate", "payload", "--cipher", "des").output


def test_trusting_a_key_asks_to_compare_it(bare, ecqs, tmp_path) -> None:
    file = tmp_path / "hq.pem"
    file.write_bytes(algorithm("ed25519").generate().public)
    done = ecqs("keys", "trust", str(file))
    assert done.exit_code == 0, done.output
    assert "telephone" in done.output
    assert "was trusted before" in json.loads(ecqs("keys", "trust", str(file), "--json").output)["note"]
    refused = ecqs("keys", "trust", str(bare.keys / "gateway-ed25519.pem"))
    assert refused.exit_code == 1
    assert "private key" in refused.output


def test_check_warns_of_a_missing_payload_key_and_does_not_fail(bare, ecqs) -> None:
    bare.province("320000", 1)
    assert "ECQS-3044" not in ecqs("check").output
    (bare.keys / "payload-0001.key").unlink()
    warned = ecqs("check")
    assert warned.exit_code == 0, warned.output
    assert "ECQS-3044" in warned.output
    assert "ecqs keys init" in warned.output
    assert len(json.loads(ecqs("check", "--json").output)["warnings"]) == 1
