"""A bundle with one unit whose names are as hostile as names can be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

GOOD = Path(__file__).parents[1] / "content" / "cases" / "good"


@pytest.fixture
def bundle(tmp_path: Path, project_root: Path) -> Path:
    """The root of a small bundle that is right in everything."""
    root = tmp_path / "bundle"
    shutil.copytree(GOOD, root)
    for folder in ("codes", "calendar"):
        shutil.copytree(project_root / "schemas" / folder, root / "schemas" / folder)
    return root
