"""Files of the stage: frames are sealed for their place, everything is private, nothing changed is believed."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import polars as pl
import pytest

from ecqs_gateway.doors.vault import Vault, make_payload_key
from ecqs_gateway.errors import Conflict, GatewayError, Terminal
from ecqs_gateway.ledger.stage import Stage, StagedFile

FRAME = pl.DataFrame({"xm": ["张三丰", None], "sjh": ["13800138000", "1"]})
NAME = "extractions/320000/certificate/x.rows.arrow"


@pytest.fixture
def sealing(tmp_path: Path) -> Stage:
    make_payload_key(tmp_path / "keys")
    return Stage(tmp_path / "stage", Vault.of(tmp_path / "keys"))


def test_a_frame_is_sealed_and_comes_back(sealing: Stage) -> None:
    file = sealing.put_frame(NAME, FRAME)
    assert sealing.get_frame(file).equals(FRAME)
    stored = (sealing.root / NAME).read_bytes()
    assert "张三丰".encode() not in stored
    assert b"13800138000" not in stored
    assert hashlib.sha256(stored).hexdigest() == file.digest != file.content
    assert file.size == len(stored)


def test_the_content_digest_is_that_of_the_frame_without_a_key(sealing: Stage, tmp_path: Path) -> None:
    plain = Stage(tmp_path / "plain").put_frame(NAME, FRAME)
    assert not plain.sealed
    assert plain.content == plain.digest == sealing.put_frame(NAME, FRAME).content


def test_files_written_before_there_was_a_key_are_read(sealing: Stage) -> None:
    before = Stage(sealing.root).put_frame(NAME, FRAME)
    assert sealing.get_frame(before).equals(FRAME)


def test_other_bytes_than_frames_stay_as_they_are(sealing: Stage) -> None:
    file = sealing.put("outbox/x.zip", b"signed bytes")
    assert (sealing.root / "outbox/x.zip").read_bytes() == b"signed bytes"
    assert sealing.get(file.name, file.digest) == b"signed bytes"


def test_json_keeps_the_fourth_part_and_reads_lines_of_three(sealing: Stage) -> None:
    file = sealing.put_frame(NAME, FRAME)
    assert StagedFile.many_from_json(StagedFile.many_to_json({"rows": file})) == {"rows": file}
    old = StagedFile.many_from_json('{"rows": ["a", "00", 2]}')["rows"]
    assert (old.content, old.sealed) == ("00", False)
    assert StagedFile.many_to_json({"rows": old}) == '{"rows": ["a", "00", 2]}'


def _code(work: object) -> str:
    with pytest.raises(GatewayError) as caught:
        work()  # type: ignore[operator]
    return caught.value.code


def test_a_frame_that_was_changed_moved_or_replaced_is_refused(sealing: Stage) -> None:
    file = sealing.put_frame(NAME, FRAME)
    path = sealing.root / NAME
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert _code(lambda: sealing.get_frame(file)) == "ECQS-3011"
    # Also where somebody corrected the digest in the ledger, the seal and the plain bytes tell.
    changed = StagedFile(NAME, hashlib.sha256(path.read_bytes()).hexdigest(), file.size, file.content)
    assert _code(lambda: sealing.get_frame(changed)) == "ECQS-3043"
    moved = sealing.root / "extractions/320000/certificate/y.rows.arrow"
    moved.write_bytes(good)
    assert _code(lambda: sealing.get_frame(StagedFile(moved.relative_to(sealing.root).as_posix(), file.digest, 1)))
    plain = Stage(sealing.root).put_frame(NAME, FRAME.head(1))
    swapped = StagedFile(NAME, plain.digest, plain.size, file.content)
    assert _code(lambda: sealing.get_frame(swapped)) == "ECQS-3011"


def test_without_the_key_a_frame_does_not_open(sealing: Stage) -> None:
    file = sealing.put_frame(NAME, FRAME)
    assert _code(lambda: Stage(sealing.root).get_frame(file)) == "ECQS-3042"


def test_files_and_new_folders_belong_to_this_account_alone(sealing: Stage) -> None:
    sealing.put_frame(NAME, FRAME)
    for path in (sealing.root, *sealing.root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    root = tmp_path / "shared"
    root.mkdir(mode=0o750)
    root.chmod(0o750)
    Stage(root).put("a/b", b"x")
    assert stat.S_IMODE(root.stat().st_mode) == 0o750
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o700


def test_a_name_stays_inside(sealing: Stage) -> None:
    with pytest.raises(Terminal):
        sealing.put("../x", b"")
    with pytest.raises(Conflict):
        sealing.put("a", b"1")
        sealing.get("a", "0" * 64)


def test_a_sealed_file_is_read_by_the_digest_of_its_content(sealing: Stage) -> None:
    file = sealing.put_sealed("receipts/r.zip", b"quoted 13800138000")
    stored = (sealing.root / "receipts/r.zip").read_bytes()
    assert b"13800138000" not in stored
    assert (file.digest, file.size) == (hashlib.sha256(b"quoted 13800138000").hexdigest(), 18)
    assert sealing.get(file.name, file.digest) == b"quoted 13800138000"
    assert sealing.get(file.name, hashlib.sha256(stored).hexdigest()) == stored
    assert _code(lambda: sealing.get(file.name, "0" * 64)) == "ECQS-3011"
    (sealing.root / "receipts/r.zip").write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    assert _code(lambda: sealing.get(file.name, file.digest)) == "ECQS-3011"
    (sealing.root / "receipts/r.zip").write_bytes(stored)
    assert _code(lambda: Stage(sealing.root).get(file.name, file.digest)) == "ECQS-3042"
    (sealing.root / "receipts/r.zip").write_bytes(b"plain, in its place")
    assert _code(lambda: sealing.get(file.name, file.digest)) == "ECQS-3011"
