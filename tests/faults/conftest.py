"""The world these tests live in: see tests/support/world.py."""

from __future__ import annotations

from types import ModuleType

import ecqs_test_support_soak as _soak
import ecqs_test_support_world as _world
import pytest

w, bare, world = _world.w, _world.bare, _world.world


@pytest.fixture
def soak() -> ModuleType:
    """tests/support/soak.py: SOAK, SEED and report()."""
    return _soak
