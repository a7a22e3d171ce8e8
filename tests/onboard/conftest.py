"""Content to propose with, and short ways to run the command."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ecqs_gateway.content.load import Content, load
from tests.support.world import ROOT


@pytest.fixture(scope="session")
def content() -> Content:
    """The content of this checkout."""
    return load(ROOT)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A content folder of its own, with all schemas and no unit yet."""
    place = tmp_path / "content"
    shutil.copytree(ROOT / "schemas", place / "schemas", ignore=shutil.ignore_patterns("sources"))
    (place / "connectors" / "provinces").mkdir(parents=True)
    shutil.copy(ROOT / "connectors" / "national.yaml", place / "connectors" / "national.yaml")
    return place


def database(file: Path, script: str) -> Path:
    """Make a SQLite file."""
    with closing(sqlite3.connect(file)) as db:
        db.executescript(script)
    return file
