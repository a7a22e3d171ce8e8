"""Keys are made once, changed without losing anything, and only public ones of headquarters are believed."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.doors.vault import Vault, make_payload_key
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.flows import keyring
from ecqs_gateway.sandbox.serve import register_gateway

UNIT = "320000"


def roles(folder: Path) -> list[str]:
    return sorted(key.role for key in keyring.keys(folder))


@pytest.mark.parametrize(("signature", "cipher"), [("ed25519", "aes-256-gcm"), ("sm2-sm3", "sm4-gcm")])
def test_init_makes_what_is_missing_and_nothing_twice(signature: str, cipher: str, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = keyring.init(folder, signature)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert all(made.new for made in first)
    assert not any(made.new for made in keyring.init(folder, signature))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [key.algorithm for key in Vault.of(folder).keys] == [cipher]
    algorithm(signature).signer(before[f"gateway-{signature}.pem"])
    algorithm(signature).verifier(before[f"gateway-{signature}.pub.pem"])
    assert roles(folder) == ["seals", "sftp login", "signs"]
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (folder / "sftp.pem").unlink()
    assert [made.role for made in keyring.init(folder, signature) if made.new] == ["sftp login"]


def test_what_is_listed_holds_no_secret(tmp_path: Path) -> None:
    keyring.init(tmp_path, "ed25519")
    told = repr(keyring.keys(tmp_path)) + repr(keyring.init(tmp_path, "ed25519"))
    for name in ("gateway-ed25519.pem", "sftp.pem", "payload-0001.key"):
        for word in (tmp_path / name).read_text(encoding="ascii").split():
            assert len(word) < 20 or word not in told


def test_files_that_are_no_keys_are_listed_with_what_is_wrong(tmp_path: Path) -> None:
    keyring.init(tmp_path, "ed25519")
    (tmp_path / "gateway-ed25519.pem").write_text("no key")
    (tmp_path / "payload-0002.key").write_text("no key")
    (tmp_path / "headquarters-ed25519.pem").write_text("no key")
    (tmp_path / "sftp.pem").chmod(0o644)
    found = {key.file: key for key in keyring.keys(tmp_path)}
    for name in ("gateway-ed25519.pem", "payload-0002.key", "headquarters-ed25519.pem"):
        assert found[name].made is None, name
        assert "key" in found[name].note
    assert "chmod 600" in found["sftp.pem"].note


def test_only_a_public_key_of_someone_else_is_trusted_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keyring.init(folder, "ed25519")
    pair = algorithm("sm2-sm3").generate()
    (tmp_path / "hq.pem").write_bytes(pair.public)
    (tmp_path / "private.pem").write_bytes(pair.private)
    (tmp_path / "text.pem").write_text("hello")
    key = keyring.trust(folder, tmp_path / "hq.pem")
    assert (folder / key.file).read_bytes() == pair.public
    assert keyring.trust(folder, tmp_path / "hq.pem").note == "was trusted before"
    assert roles(folder).count("headquarters") == 1
    for wrong in (
        tmp_path / "private.pem",
        tmp_path / "text.pem",
        tmp_path / "none",
        folder / "gateway-ed25519.pub.pem",
    ):
        with pytest.raises(Misconfigured) as caught:
            keyring.trust(folder, wrong)
        assert caught.value.code == "ECQS-4022"
        assert caught.value.hint
    assert roles(folder).count("headquarters") == 1


def test_the_next_signing_key_signs_only_when_it_is_activated(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="keys init"):
        keyring.next_signing(tmp_path, "ed25519")
    keyring.init(tmp_path, "ed25519")
    with pytest.raises(Misconfigured, match="rotate signing"):
        keyring.activate(tmp_path, "ed25519")
    old = (tmp_path / "gateway-ed25519.pem").read_bytes()
    coming = keyring.next_signing(tmp_path, "ed25519")
    assert coming.new
    assert not keyring.next_signing(tmp_path, "ed25519").new
    assert (tmp_path / "gateway-ed25519.pem").read_bytes() == old
    wanted = algorithm("ed25519").signer(coming.file.read_bytes()).key_id
    keyring.activate(tmp_path, "ed25519")
    by_role = {key.role: key for key in keyring.keys(tmp_path)}
    assert by_role["signs"].id == wanted
    assert "signs next" not in by_role
    assert by_role["signed earlier"].id == algorithm("ed25519").signer(old).key_id
    assert (tmp_path / "retired" / f"gateway-ed25519-{by_role['signed earlier'].id}.pem").read_bytes() == old


@pytest.mark.parametrize("crash_at", range(1, 5))
def test_an_activation_that_was_cut_off_can_be_done_again(
    crash_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.init(tmp_path, "ed25519")
    old = algorithm("ed25519").signer((tmp_path / "gateway-ed25519.pem").read_bytes()).key_id
    new = algorithm("ed25519").signer(keyring.next_signing(tmp_path, "ed25519").file.read_bytes()).key_id
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == crash_at:
            raise KeyboardInterrupt

    plain_replace = Path.replace
    with monkeypatch.context() as patched:
        patched.setattr(keyring, "write_atomic", lambda path, data: (step(), write_atomic(path, data)))
        patched.setattr(
            Path, "replace", lambda self, to: (self.name.startswith("gateway") and step(), plain_replace(self, to))[1]
        )
        with pytest.raises(KeyboardInterrupt):
            keyring.activate(tmp_path, "ed25519")
    keyring.activate(tmp_path, "ed25519")
    by_role = {key.role: key.id for key in keyring.keys(tmp_path)}
    assert by_role["signs"] == new
    assert by_role["signed earlier"] == old
    public = algorithm("ed25519").verifier((tmp_path / "gateway-ed25519.pub.pem").read_bytes())
    assert public.key_id == new


def test_rows_and_batches_from_before_a_change_of_keys_stay_good(world, w) -> None:
    """One night with the old keys, the change, one night with the new ones; old extractions still open."""
    world.province(UNIT, 5)
    world.sync()
    keyring.rotate_payload(world.keys)
    coming = keyring.next_signing(world.keys, "ed25519")
    register_gateway(world.hq_home, coming.public)
    keyring.activate(world.keys, "ed25519")
    world.put(UNIT, [w.licence(UNIT, 6)])
    assert world.sync().failed == {}
    w.judged_faultless(world, {UNIT: 6})
    with world.gateway() as gateway:
        from ecqs_gateway.flows import record

        for number in (1, 6):
            [version] = record.describe(gateway, w.key(UNIT, number))["versions"]
            assert version["source"]["zsbh"] == w.spelled(UNIT, number)
    (world.keys / "payload-0001.key").unlink()
    with world.gateway() as gateway:
        [version] = record.describe(gateway, w.key(UNIT, 1))["versions"]
        assert "ECQS-3042" in version["source"]


def test_a_gateway_without_a_payload_key_works_and_says_so_once(tmp_path: Path, w, caplog) -> None:
    world = w.World(tmp_path, sealed=False)
    world.build()
    with world.headquarters():
        world.province(UNIT, 5)
        world.province("370000", 5)
        assert world.sync().failed == {}
        told = [line.getMessage() for line in caplog.records if "ECQS-3044" in line.getMessage()]
        assert len(told) == 1
        assert "ecqs keys init" in told[0]
        make_payload_key(world.keys)
        world.put(UNIT, [w.licence(UNIT, 6)])
        world.sync()
        w.judged_faultless(world, {UNIT: 6, "370000": 5})
        assert len([line for line in caplog.records if "ECQS-3044" in line.getMessage()]) == 1
        with world.gateway() as gateway:
            from ecqs_gateway.flows import record

            assert record.describe(gateway, w.key(UNIT, 1))["versions"][0]["source"]["qymc"] == "远山电缆有限公司"


def test_a_broken_payload_key_stops_a_run_before_anything_is_stored_open(world) -> None:
    world.province(UNIT, 5)
    (world.keys / "payload-0002.key").write_text("torn")
    with pytest.raises(GatewayError) as caught:
        world.sync()
    assert caught.value.code == "ECQS-3041"
    assert not (world.home / "stage").exists()


def test_a_checkout_without_any_key_is_not_warned(tmp_path: Path) -> None:
    assert keyring.unsealed_warning(tmp_path / "none") is None
    tmp_path.joinpath("keys").mkdir()
    assert keyring.unsealed_warning(tmp_path / "keys") is None
    keyring.init(tmp_path / "keys", "ed25519")
    assert keyring.unsealed_warning(tmp_path / "keys") is None
    shutil.move(tmp_path / "keys" / "payload-0001.key", tmp_path)
    assert "ECQS-3044" in str(keyring.unsealed_warning(tmp_path / "keys"))
