from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

import ecqs_gateway.content
from ecqs_gateway.content import problems
from ecqs_gateway.content.models import CleanWord
from ecqs_gateway.content.problems import Problem, did_you_mean, nearest
from ecqs_gateway.mapping.words import WORDS


@pytest.mark.parametrize(
    ("word", "allowed", "meant"),
    [
        ("changed-at", ["changed_at", "key", "table"], "changed_at"),
        ("CHANGED_AT", ["changed_at", "key"], "changed_at"),
        ("qymc", ["QYMC", "QYDZ"], "QYMC"),
        ("证书编码", ["证书编号", "企业名称"], "证书编号"),
        ("pool", ["changed_at", "key"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_word_is_what_was_probably_meant(word: str, allowed: list[str], meant: str | None) -> None:
    assert nearest(word, allowed) == meant


def test_where_nothing_is_near_a_short_list_is_shown_and_a_long_one_is_not() -> None:
    assert did_you_mean("pool", ["a", "b"]) == "allowed: a, b"
    assert did_you_mean("pool", [f"c{n}" for n in range(13)]) is None
    assert did_you_mean("pool", []) is None
    assert did_you_mean("ke", ["key"]) == "did you mean 'key'?"


def test_quoted_text_is_one_short_line() -> None:
    problem = Problem("f", 1, 1, "error", "ECQS-1012", "m", text="a\n  b\t" + "长" * 100)
    assert problem.text is not None
    assert problem.text.startswith("a b 长")
    assert len(problem.text) == 60
    assert problem.text.endswith("…")


def test_problems_sort_as_the_files_read() -> None:
    found = [
        Problem("b", 1, 1, "error", "E", "m"),
        Problem("a", 10, 1, "error", "E", "m"),
        Problem("a", 9, 5, "todo", "E", "m"),
    ]
    assert [(p.file, p.line) for p in sorted(found, key=lambda p: p.sort_key)] == [("a", 9), ("a", 10), ("b", 1)]


def test_only_warnings_let_a_file_be_used() -> None:
    blocking = {kind: Problem("f", 1, 1, kind, "E", "m").blocking for kind in typing.get_args(problems.Severity)}
    assert blocking == {"error": True, "todo": True, "warning": False}


def test_every_code_of_this_package_is_explained() -> None:
    explained = set(re.findall(r"^(10\d\d)  ", problems.__doc__ or "", re.MULTILINE))
    used: set[str] = set()
    folder = Path(ecqs_gateway.content.__file__).parent
    for path in folder.glob("*.py"):
        used |= set(re.findall(r'"ECQS-(10\d\d)"', path.read_text(encoding="utf-8")))
    assert used
    assert used <= explained, sorted(used - explained)


def test_the_models_know_the_cleaning_words_of_the_language() -> None:
    assert set(typing.get_args(CleanWord)) == set(WORDS)
    assert [name for name, word in WORDS.items() if word.takes_list] == ["fillers"]
