"""The world the flows are tested in: see tests/support/world.py."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.world import World


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


world_module = _support("world")


@pytest.fixture
def w() -> ModuleType:
    """The module with licence(), key() and judged_faultless()."""
    return world_module


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """A world whose headquarters is not running."""
    made = world_module.World(tmp_path)
    made.build()
    return made


@pytest.fixture
def world(bare: World) -> Iterator[World]:
    """A world with a running headquarters and no province yet."""
    with bare.headquarters():
        yield bare
