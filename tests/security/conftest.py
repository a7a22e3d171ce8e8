"""The world these tests live in: see tests/support/world.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _support(name: str) -> ModuleType:
    """Load a module of tests/support, once; tests are no package."""
    full = f"ecqs_test_support_{name}"
    if full not in sys.modules:
        found = importlib.util.spec_from_file_location(full, Path(__file__).parents[1] / "support" / f"{name}.py")
        assert found is not None
        assert found.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules[full])
    return sys.modules[full]


_world = _support("world")
w, bare, world = _world.w, _world.bare, _world.world


@pytest.fixture
def canaries() -> ModuleType:
    """Values that must turn up nowhere: see tests/support/canaries.py."""
    return _support("canaries")
