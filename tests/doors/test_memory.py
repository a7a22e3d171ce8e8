"""The program's start sets the allocators; what an operator set before stays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SAY = "import os, ecqs_gateway.cli; print(os.environ.get('_RJEM_MALLOC_CONF'))"


def _said(**more: str) -> str:
    env = {name: value for name, value in os.environ.items() if "MALLOC" not in name} | more
    done = subprocess.run([sys.executable, "-c", _SAY], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_program_makes_the_allocator_of_polars_give_freed_pages_back() -> None:
    assert "dirty_decay_ms:1000" in _said()


def test_what_the_operator_set_stays() -> None:
    assert _said(_RJEM_MALLOC_CONF="narenas:8") == "narenas:8"


@pytest.mark.parametrize("module", ["polars", "sqlalchemy", "numpy"])
def test_nothing_large_is_imported_before_the_allocators_are_set(module: str) -> None:
    code = f"import sys, ecqs_gateway.doors.memory; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_made_for_good_is_passed_over_by_the_search_for_unused_objects() -> None:
    code = """
import gc
from ecqs_gateway.doors.memory import for_good
before = gc.get_freeze_count()
with for_good():
    assert not gc.isenabled()
    kept = [[] for _ in range(1000)]
assert gc.isenabled() and gc.get_freeze_count() > before + 1000
try:
    with for_good():
        raise KeyError
except KeyError:
    assert gc.isenabled()
gc.disable()
with for_good():
    pass
assert not gc.isenabled()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_start_is_not_searched_for_unused_objects_and_a_run_as_often_as_python_does() -> None:
    code = """
import gc
usual = gc.get_threshold()
import ecqs_gateway.cli
from ecqs_gateway.doors.memory import for_good
assert gc.isenabled() and gc.get_threshold()[0] > 100 * usual[0]
with for_good():
    pass
assert gc.get_threshold() == usual
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_end_of_the_program_searches_nothing_and_still_says_and_does_what_was_asked_of_it() -> None:
    code = """
import atexit, gc
before = gc.get_freeze_count()
atexit.register(lambda: print(gc.get_freeze_count() > before + 1000))  # registered first, it comes last
import ecqs_gateway.cli
atexit.register(print, "asked")
print("said", end=" ")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "said asked\nTrue\n"
