"""A small bundle that is right in everything, to be made wrong in one way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

GOOD = Path(__file__).parent / "cases" / "good"


@pytest.fixture
def bundle(tmp_path: Path, project_root: Path) -> Path:
    """The root of a bundle with two units, using the national code tables and calendars of the project."""
    root = tmp_path / "bundle"
    shutil.copytree(GOOD, root)
    for folder in ("codes", "calendar"):
        shutil.copytree(project_root / "schemas" / folder, root / "schemas" / folder)
    return root
