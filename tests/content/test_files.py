from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ecqs_gateway.content.files import place_of, scan

CODES = "mappings/320000/codes/zt.csv"


def test_the_digest_is_sha256_over_path_length_and_bytes_in_order(tmp_path: Path) -> None:
    for name, text in (("schemas/b.csv", "β"), ("connectors/a.yaml", "x: 1\n"), ("mappings/1/c.json", "")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    by_hand = b"connectors/a.yaml\x005\x00x: 1\nmappings/1/c.json\x000\x00schemas/b.csv\x002\x00\xce\xb2"
    assert scan(tmp_path).digest == "sha256:" + hashlib.sha256(by_hand).hexdigest()


def test_the_digest_does_not_depend_on_where_when_or_how_the_files_lie(bundle: Path, tmp_path: Path) -> None:
    digest = scan(bundle).digest
    copy = tmp_path / "elsewhere" / "复制"
    shutil.copytree(bundle, copy)
    for path in copy.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            path.chmod(0o600)
            os.utime(path, (0, 0))
    assert scan(copy).digest == digest


def test_the_digest_does_not_depend_on_locale_or_hash_seed(bundle: Path) -> None:
    script = (
        "import sys, pathlib; from ecqs_gateway.content.files import scan;print(scan(pathlib.Path(sys.argv[1])).digest)"
    )
    digests = set()
    for seed, locale in (("1", "C"), ("2", "C.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": "America/New_York"}
        done = subprocess.run(
            [sys.executable, "-c", script, str(bundle)], capture_output=True, text=True, check=True, env=environment
        )
        digests.add(done.stdout.strip())
    assert digests == {scan(bundle).digest}


@pytest.mark.parametrize(
    "name",
    [
        "connectors/_template/connector.yaml",
        "connectors/provinces/_draft.yaml",
        "mappings/320000/.certificate.yaml.swp",
        "mappings/320000/certificate.yaml~",
        "mappings/320000/certificate.yaml.bak",
        "mappings/320000/.old/certificate.yaml",
        "mappings/README.md",
        "README.md",
        "docs/x.yaml",
    ],
)
def test_leftovers_and_templates_do_not_count(bundle: Path, name: str) -> None:
    before = scan(bundle)
    (bundle / name).parent.mkdir(parents=True, exist_ok=True)
    (bundle / name).write_text("x: [", encoding="utf-8")
    assert scan(bundle) == before


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (CODES, lambda path: path.write_bytes(path.read_bytes() + b"\n")),
        (CODES, lambda path: path.write_bytes(path.read_bytes().replace(b"04", b"05"))),
        (CODES, lambda path: path.rename(path.with_name("zu.csv"))),
        (CODES, lambda path: path.unlink()),
        (CODES, lambda path: path.with_name("new.csv").write_bytes(b"")),
    ],
)
def test_any_change_of_a_file_that_counts_changes_the_digest(bundle: Path, file: str, change) -> None:
    before = scan(bundle).digest
    change(bundle / file)
    assert scan(bundle).digest != before


def test_bytes_cannot_move_between_name_and_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root, files in ((one, {"a.csv": "1", "b.csv": "2"}), (other, {"a.csv": "1b.csv2", "b.csv": ""})):
        (root / "schemas").mkdir(parents=True)
        for name, text in files.items():
            (root / "schemas" / name).write_text(text)
    assert scan(one).digest != scan(other).digest


def test_every_role_has_its_place() -> None:
    roles = {
        "connectors/national.yaml": ("national", "", ""),
        "connectors/provinces/320000.yaml": ("connector", "320000", ""),
        "mappings/320000/certificate.yaml": ("mapping", "320000", "certificate"),
        "mappings/320000/codes/zt.csv": ("local_codes", "320000", "zt"),
        "mappings/320000/cases/普通.yaml": ("case", "320000", "普通"),
        "schemas/sources/320000.json": ("source", "320000", ""),
        "schemas/rules/a.yaml": ("rules", "", "a"),
        "schemas/codes/units.csv": ("codes", "", "units"),
        "schemas/calendar/2026.csv": ("calendar", "", "2026"),
        "schemas/ecqs/1.0/batch.xsd": ("xsd", "", "batch"),
        "schemas/content/mapping.schema.json": ("content_schema", "", "mapping"),
    }
    for path, expected in roles.items():
        place = place_of(path)
        assert place is not None, path
        assert (place.role, place.unit, place.name) == expected
    assert place_of("mappings/certificate.yaml") is None
    assert place_of("connectors/provinces/x/320000.yaml") is None


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_there(bundle: Path) -> None:
    path = bundle / CODES
    path.unlink()
    path.mkdir()
    huge = bundle / "schemas/codes/huge.csv"
    with huge.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    found = scan(bundle)
    assert [(p.file, p.code) for p in found.problems] == [("schemas/codes/huge.csv", "ECQS-1001")]
    assert "mappings/320000/certificate.yaml" in found.files
    assert "schemas/codes/huge.csv" not in found.files
