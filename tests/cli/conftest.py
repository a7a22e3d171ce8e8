"""The world these tests live in: see tests/support/world.py."""

from __future__ import annotations

import ecqs_test_support_world as _world

w, bare, world = _world.w, _world.bare, _world.world
