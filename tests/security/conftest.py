"""The world these tests live in: see tests/support/world.py."""

from __future__ import annotations

from types import ModuleType

import ecqs_test_support_canaries as _canaries
import ecqs_test_support_roster as _roster
import ecqs_test_support_world as _world
import pytest

w, bare, world = _world.w, _world.bare, _world.world


@pytest.fixture
def roster() -> ModuleType:
    """A province with inspectors: see tests/support/roster.py."""
    return _roster


@pytest.fixture
def canaries() -> ModuleType:
    """Values that must turn up nowhere: see tests/support/canaries.py."""
    return _canaries
