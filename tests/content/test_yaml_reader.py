from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.content.scalars import Plain
from ecqs_gateway.content.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_yaml


def refused(text: str | bytes) -> tuple[int, int, str, str, str | None]:
    raw = text if isinstance(text, bytes) else text.encode()
    _, problems = read_yaml("x.yaml", raw)
    assert len(problems) == 1, problems
    found = problems[0]
    assert (found.file, found.severity) == ("x.yaml", "error")
    return found.line, found.column, found.code, found.message, found.hint


def test_scalars_keep_their_spelling_and_know_whether_they_were_quoted() -> None:
    document, problems = read_yaml("x.yaml", b'a: 01\nb: no\nc: "320000"\nd: 2027-12-31\ne: 1.10\nf: ~\ng:\n')
    assert problems == []
    assert document is not None
    assert document.data == {
        "a": "01", "b": "no", "c": "320000", "d": "2027-12-31", "e": "1.10", "f": None, "g": None,
    }  # fmt: skip
    assert isinstance(document.data["a"], Plain)
    assert not isinstance(document.data["c"], Plain)


def test_every_place_is_known_also_behind_chinese_text() -> None:
    document, _ = read_yaml("x.yaml", "单位: 江苏 # 省\nlist:\n  - {甲: 一, 乙: [1, 二]}\n".encode())
    assert document is not None
    places = {
        path: (mark.key_line, mark.key_column, mark.line, mark.column) for path, mark in document.marks.items() if path
    }
    assert places == {
        ("单位",): (1, 1, 1, 5),
        ("list",): (2, 1, 3, 3),
        ("list", 0): (3, 5, 3, 5),
        ("list", 0, "甲"): (3, 6, 3, 9),
        ("list", 0, "乙"): (3, 12, 3, 15),
        ("list", 0, "乙", 0): (3, 16, 3, 16),
        ("list", 0, "乙", 1): (3, 19, 3, 19),
    }


def test_a_place_that_is_not_written_is_looked_for_above() -> None:
    document, _ = read_yaml("x.yaml", b"a:\n  b: 1\n")
    assert document is not None
    assert document.mark(("a", "missing", 3)) == document.marks["a",]


def test_anchors_save_writing_inside_limits() -> None:
    document, problems = read_yaml("x.yaml", b"a: &x {k: 1}\nb: *x\nc: [*x, &y 5, *y]\n")
    assert problems == []
    assert document is not None
    assert document.data == {"a": {"k": "1"}, "b": {"k": "1"}, "c": [{"k": "1"}, "5", "5"]}


def test_every_duplicate_key_is_reported_and_the_first_kept() -> None:
    document, problems = read_yaml("x.yaml", b"a: 1\na: {b: 2, b: 3}\nc: {d: 1, d: 2}\n")
    assert document is not None
    assert document.data == {"a": "1", "c": {"d": "1"}}
    assert [(p.line, p.column, p.code, p.message) for p in problems] == [
        (2, 1, "ECQS-1004", "'a' stands twice in this table, first in line 1"),
        (3, 11, "ECQS-1004", "'d' stands twice in this table, first in line 3"),
    ]
    assert document.marks["a",].line == 1


SYNTAX = [
    ("a: 1\n\tb: 2\n", 2, 1, "a tab stands where only spaces may", "use spaces"),
    ("a:\n\tb: 2\n", 2, 1, "a tab stands where only spaces may", "use spaces"),
    ("a: b: c\n", 1, 5, "a colon stands where no key can be", "indentation, or text that needs quotes"),
    ("a: @x\n", 1, 4, "a value cannot begin with @", "put the value in quotes"),
    ("a: `x`\n", 1, 4, "a value cannot begin with `", "put the value in quotes"),
    ("a: [1, 2\nb: 3\n", 1, 4, "a [ is opened here and not closed", "close it with ]"),
    ("a: {x: 1\n", 1, 4, "a { is opened here and not closed", "close it with }"),
    ("a: 'x\nb: 3\n", 1, 4, "a quote is opened here and never closed", "close the quote"),
    ("a:\n  b: 1\n c: 2\n", 3, 2, "the indentation does not fit the lines above", "line it up with its neighbours"),
    ("a: 1\nb\nc: 2\n", 3, 1, "the colon after a key is missing", "write key: value"),
    ("key：1\nb: 2\n", 2, 2, "a colon stands where no key can be", "write the colon as : and a blank, not as ："),
    ("- a\nb: 1\n", 2, 1, "a list goes on as something else", "begin every item with - "),
    ('a: "\\d"\n', 1, 5, "\\ begins an escape YAML does not know", "use single quotes, or write \\\\"),
    ("a: - b\n", 1, 4, "a list must begin on its own line", "put the - on the next line"),
    ("a: *x\n", 1, 4, "*x refers to nothing that ends above it", None),
    ("a: &x [*x]\n", 1, 8, "*x refers to nothing that ends above it", None),
    (": 1\n", 1, 1, "a key is missing before the colon", None),
    ("", 1, 1, "the file is empty", "copy the matching file of connectors/_template/"),
    ("# nothing\n", 1, 1, "the file is empty", "copy the matching file of connectors/_template/"),
]


@pytest.mark.parametrize(("text", "line", "column", "message", "hint"), SYNTAX)
def test_a_syntax_error_says_in_plain_words_where_and_what(text, line, column, message, hint) -> None:
    assert refused(text) == (line, column, "ECQS-1003", message, hint)


FEATURES = [
    ("a: !!python/object/apply:os.system [x]\n", 1, 4, "tags (!…) are not used here"),
    ("a: !!str 01\n", 1, 4, "tags (!…) are not used here"),
    ("!x a: 1\n", 1, 1, "tags (!…) are not used here"),
    ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "merge keys (<<) are not used here"),
    ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"),
    ("? [a]\n: 1\n", 1, 3, "a key must be a plain word"),
    ("a: &x 1\n*x : 2\n", 2, 1, "a key must be a plain word, not an alias"),
    ("[" * 2000, 1, MAX_DEPTH + 1, f"tables and lists are nested more than {MAX_DEPTH} deep"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), FEATURES)
def test_yaml_features_that_only_bring_surprises_are_refused(text, line, column, message) -> None:
    assert refused(text)[:4] == (line, column, "ECQS-1005", message)


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    began = time.perf_counter()
    assert refused(bomb)[2:4] == ("ECQS-1005", f"the file holds more than {MAX_NODES} values, aliases written out")
    assert time.perf_counter() - began < 1


def test_a_megabyte_of_brackets_neither_crashes_nor_hangs() -> None:
    began = time.perf_counter()
    assert refused("[" * MAX_BYTES)[2] == "ECQS-1005"
    assert refused("{a: " * (MAX_BYTES // 4))[2] == "ECQS-1005"
    assert refused("- " * (MAX_BYTES // 2))[2] == "ECQS-1005"
    assert time.perf_counter() - began < 5


ENCODING = [
    (b"\xef\xbb\xbfa: 1\n", 1, 1, "the file begins with a byte order mark", "save it as UTF-8 without BOM"),
    ("a: 1\n".encode("utf-16"), 1, 1, "the file begins with a byte order mark", "save it as UTF-8 without BOM"),
    (
        "a: 1\nowner: 甲 ".encode() + "数据管理科\n".encode("gbk"), 2, 10, "the file is not UTF-8",
        "it looks like GBK or GB18030: save it as UTF-8",
    ),
    (b"a: 1\nb: \xff\n", 2, 4, "the file is not UTF-8", "save it as UTF-8"),
    (b"a: 1\nb: x\x00y\n", 2, 5, "a control character (U+0000) stands here", "delete it"),
    ("a: 甲\x0b\n".encode(), 1, 5, "a control character (U+000B) stands here", "delete it"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "line", "column", "message", "hint"), ENCODING)
def test_a_file_that_is_not_clean_utf_8_says_where(raw, line, column, message, hint) -> None:
    assert refused(raw) == (line, column, "ECQS-1002", message, hint)


def test_a_file_beyond_the_limit_is_not_parsed() -> None:
    assert refused(b"a: " + b"x" * MAX_BYTES)[2:] == ("ECQS-1001", "the file is larger than 1024 KiB", "split it")


def test_windows_line_ends_change_nothing() -> None:
    unix, _ = read_yaml("x.yaml", b"a: 1\nb:\n  - c\n")
    windows, _ = read_yaml("x.yaml", b"a: 1\r\nb:\r\n  - c\r\n")
    assert unix == windows


keys = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
trees = st.recursive(
    st.none() | keys,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(keys, below, max_size=4),
    max_leaves=20,
)


@given(tree=st.dictionaries(keys, trees, min_size=1, max_size=5))
def test_what_yaml_writes_is_read_back(tree) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    if "? " in text:  # long keys, which people do not write
        return
    document, problems = read_yaml("x.yaml", text.encode())
    assert problems == []
    assert document is not None
    assert document.data == tree


@given(raw=st.binary(max_size=60) | st.text("a:{}[]-#&*!|>'\"%@` \n\t，：", max_size=60).map(str.encode))
def test_no_bytes_make_the_reader_raise(raw: bytes) -> None:
    document, problems = read_yaml("x.yaml", raw)
    assert (document is None) == any(p.code != "ECQS-1004" for p in problems)
    for found in problems:
        assert found.line >= 1
        assert found.column >= 1
