"""The world these tests live in: see tests/support/world.py."""

from __future__ import annotations

import ecqs_test_support_roster as _roster
import ecqs_test_support_world as _world
import pytest

w, bare, world = _world.w, _world.bare, _world.world


@pytest.fixture
def province(bare):
    """A world whose one province has three inspectors at headquarters: list version 1."""
    bare.without_rules()
    with bare.headquarters():
        made = _roster.Roster(bare, "320000")
        made.send()
        yield made
