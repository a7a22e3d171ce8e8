"""What was found good is not checked again, unless anything its verdict depends on has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ecqs_gateway.content import proved
from ecqs_gateway.content.files import scan
from ecqs_gateway.content.load import load

TODAY = date(2026, 11, 23)
RULES = "schemas/rules/certificate.yaml"
CODES = "schemas/codes/certificate_statuses.csv"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "proved-content"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An engine of one source file, to be changed."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "one.py").write_text("x = 1\n")
    monkeypatch.setattr(proved, "_ENGINE", folder)
    proved._engine.cache_clear()
    yield folder
    proved._engine.cache_clear()


def codes(root: Path, file: Path | None) -> list[str]:
    return [problem.code for problem in load(root, today=TODAY, proved=file).problems]


def break_example(root: Path) -> None:
    """Let a failing example of a rule pass."""
    path = root / RULES
    text = path.read_text(encoding="utf-8")
    assert text.count("fail:") >= 1
    path.write_text(text.replace("fail:", "pass_:", 1).replace("pass:", "fail:", 1).replace("pass_:", "pass:", 1))


def trust_all(root: Path, file: Path) -> None:
    """Write down that everything as it is now was found good, whatever it is."""
    known = proved.Proved(file)
    for place in ("schemas/rules/", *(p for p in scan(root).files if p.startswith("schemas/followups/"))):
        known.keep(known.digest(scan(root), place))


def test_good_content_is_remembered_once(bundle: Path, file: Path) -> None:
    assert codes(bundle, file) == []
    first = file.read_text()
    assert [len(line) for line in first.splitlines()] in ([64], [64, 64])
    assert codes(bundle, file) == []
    assert file.read_text() == first


def test_what_was_found_good_is_not_checked_again(bundle: Path, file: Path) -> None:
    break_example(bundle)
    trust_all(bundle, file)
    assert codes(bundle, file) == []
    assert "ECQS-1306" in codes(bundle, None)  # as `ecqs check` loads it: always everything


def test_a_changed_rule_is_checked_again(bundle: Path, file: Path) -> None:
    assert codes(bundle, file) == []
    break_example(bundle)
    assert "ECQS-1306" in codes(bundle, file)
    assert "ECQS-1306" in codes(bundle, file), "what is wrong is never remembered as good"


@pytest.mark.parametrize("place", [CODES, "schemas/calendar/2026.csv"])
def test_a_changed_table_lets_the_rules_be_checked_again(bundle: Path, file: Path, place: str) -> None:
    break_example(bundle)
    trust_all(bundle, file)
    path = bundle / place
    path.write_bytes(path.read_bytes() + b"\n")
    assert "ECQS-1306" in codes(bundle, file)


@pytest.mark.parametrize("change", ["size", "time", "new file", "file gone"])
def test_a_changed_engine_lets_the_rules_be_checked_again(bundle: Path, file: Path, engine: Path, change: str) -> None:
    break_example(bundle)
    trust_all(bundle, file)
    assert codes(bundle, file) == []
    one = engine / "one.py"
    if change == "size":
        one.write_text("x = 10\n")
    elif change == "time":
        os.utime(one, ns=(1, 1))
    elif change == "new file":
        (engine / "below").mkdir()
        (engine / "below" / "two.py").write_text("")
    else:
        one.unlink()
    proved._engine.cache_clear()
    assert "ECQS-1306" in codes(bundle, file)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"{}", b"good\n" * 100_000, b"0" * 64])
def test_a_file_that_holds_anything_else_is_no_promise(bundle: Path, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert codes(bundle, file) == []
    break_example(bundle)
    assert "ECQS-1306" in codes(bundle, file)


def test_a_place_that_cannot_be_written_is_no_failure(bundle: Path, file: Path, tmp_path: Path) -> None:
    file.mkdir()
    assert codes(bundle, file) == []
    nowhere = tmp_path / "no" / "home" / "proved-content"
    assert codes(bundle, nowhere) == []
    assert not nowhere.parent.exists()
    assert codes(bundle, Path("/proc/proved-content")) == []


def test_content_with_files_nobody_reads_is_not_remembered(bundle: Path, file: Path) -> None:
    (bundle / "schemas" / "codes" / "more.csv").symlink_to(bundle / CODES)
    assert "ECQS-1071" in codes(bundle, file)
    assert not file.exists()


def test_only_the_newest_are_kept(bundle: Path, file: Path) -> None:
    known = proved.Proved(file)
    for number in range(100):
        known.keep(f"{number:064d}")
    lines = file.read_text().splitlines()
    assert len(lines) == 40
    assert lines[-1] == f"{99:064d}"


def test_the_project_itself_is_remembered_by_kind_of_file(project_root: Path, tmp_path: Path, file: Path) -> None:
    root = tmp_path / "project"
    for folder in ("connectors", "schemas"):
        shutil.copytree(project_root / folder, root / folder)
    (root / "connectors" / "provinces").exists() and shutil.rmtree(root / "connectors" / "provinces")
    load(root, today=TODAY, proved=file)
    followups = [path for path in scan(root).files if path.startswith("schemas/followups/")]
    assert len(file.read_text().splitlines()) == len(["rules", "vocabulary"]) + len(followups)


@pytest.fixture
def words(bundle: Path, project_root: Path) -> Path:
    """The project's vocabulary, in the bundle."""
    path = bundle / "schemas" / "onboarding" / "vocabulary.yaml"
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(project_root / "schemas" / "onboarding" / "vocabulary.yaml", path)
    return path


@pytest.mark.usefixtures("words")
def test_a_vocabulary_found_good_is_not_read_again(bundle: Path, file: Path) -> None:
    before = load(bundle, today=TODAY, proved=file)
    again = load(bundle, today=TODAY, proved=file)
    assert before.vocabulary is not None
    assert again.vocabulary is None
    assert again.problems == before.problems
    assert load(bundle, today=TODAY).vocabulary == before.vocabulary  # as `ecqs onboard` loads it


@pytest.mark.parametrize("mistake", ["note: TODO say\n", "words: [\n", "nonsense: 1\n"])
def test_a_vocabulary_with_a_mistake_is_read_every_time(bundle: Path, file: Path, words: Path, mistake: str) -> None:
    assert codes(bundle, file) == codes(bundle, None)
    words.write_text(words.read_text(encoding="utf-8") + mistake, encoding="utf-8")
    first = codes(bundle, file)
    assert first != []
    assert codes(bundle, file) == first == codes(bundle, None)
