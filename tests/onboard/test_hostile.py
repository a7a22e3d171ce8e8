"""Names and comments that try to be something else: the files load again, mean the same, and nothing is executed."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.content.models_sources import observed_text
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.content.yaml_write import comment, flow, scalar
from ecqs_gateway.doors.connections import connection
from ecqs_gateway.flows.onboard import Options, onboard
from ecqs_gateway.flows.onboard.propose import write

HOSTILE = [
    'a"b', "a'b", "a`b", "a: b", "a #b", "- a", "[a]", "{a: b}", "*a", "&a", "!a", "| a", "> a", "% a", "@a",
    "?", "~",
    "null", "true", "no", "on", "1", "01", "0x1F", "1e3", "1_000", ".5", "2024-01-01", "12:30:00", "<<", "=",
    "---", "...",
    "'; DROP TABLE xkz; --", "x); DELETE FROM xkz; --", "a\nb: c", "a\tb", "a\\n", "a\u2028b", "a\u0085b",
    "a\x07b", "a\x7fb",
    "\ufeffa", "a\ufffeb"[:2], "é😀漢", "💣", "长" * 300, "x" * 300, " a", "a ", "TODO_a", "${jndi:x}",
    "{{ 7*7 }}", "$(id)", "`id`",
    "__import__('os').system('id')", "item", "$.a", "../../etc/passwd", "a,b", "a;b", "\u202eabc", "a{unit}",
]  # fmt: skip


ADDRESS = '住所: #1 "x" [y]'


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture
def hostile_file(tmp_path: Path) -> Path:
    """A good table of certificates with every hostile name as one more column, and one hostile table beside it."""
    file = tmp_path / "hostile.sqlite"
    good = [
        "id INTEGER PRIMARY KEY",
        "zsbh TEXT",
        "qymc TEXT",
        "tyshxydm TEXT",
        "fzrq TEXT",
        "yxqz TEXT",
        "zt TEXT",
        "cpmc TEXT",
    ]
    columns = [*good, *(f"{quoted(name)} TEXT" for name in HOSTILE), f"{quoted(ADDRESS)} TEXT"]
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"CREATE TABLE xkz ({', '.join(columns)})")
        db.execute('CREATE TABLE "x""; DROP TABLE xkz; --" (a TEXT)')
        for n in range(1, 4):
            row = [
                n,
                f"(浙)XK06-001-0000{n}",
                f"某某{n}电缆有限公司",
                "91440300192317458F",
                "2024-01-02",
                "2029-01-01",
                "有效",
                "电线电缆",
            ]
            row += [f"= {name} -- '); DROP TABLE xkz" for name in HOSTILE] + ["浙江省杭州市某某路1号"]
            db.execute(f"INSERT INTO xkz VALUES ({', '.join('?' * len(row))})", row)
        db.commit()
    return file


def test_hostile_names_come_back_as_they_are_and_nothing_is_executed(
    content: Content, hostile_file: Path, workplace: Path
) -> None:
    before = hashlib.sha256(hostile_file.read_bytes()).hexdigest()
    files = sorted(hostile_file.parent.rglob("*"))
    proposal = onboard(content, Options("330000", str(hostile_file)), connection)
    assert hashlib.sha256(hostile_file.read_bytes()).hexdigest() == before
    assert sorted(hostile_file.parent.rglob("*")) == files
    assert any("passed over" in remark for remark in proposal.remarks)
    write(proposal, workplace)

    loaded = load(workplace, cases=True)
    assert [
        str(p) for p in loaded.problems if p.severity != "todo" and p.file.startswith(("conn", "mapp", "schemas/so"))
    ] == []
    mapping = yaml.safe_load((workplace / "mappings/330000/certificate.yaml").read_text(encoding="utf-8"))
    ignored = {str(name).removeprefix("TODO ") for name in mapping["ignore"]}
    used = str(mapping["fields"]) + str(mapping["children"])
    assert {name for name in set(HOSTILE) - ignored if name not in used} == set()
    assert ADDRESS in str(mapping["fields"]["holder.address"])
    seen = loaded.sources["330000"].tables["xkz"].names
    assert set(HOSTILE) <= set(seen)
    assert loaded.mappings[("330000", "certificate")].fields["number"].from_ == "zsbh"


@pytest.mark.postgresql
def test_hostile_comments_stay_comments(content: Content, postgresql_url: str, workplace: Path) -> None:
    engine = sa.create_engine(postgresql_url)
    bad = "证书编号\nowner: evil\n# x\u2028fields: {number: {const: 1}}'; DROP TABLE xkz; --\u0085evil: 1 {{7*7}} 😀"
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE xkz (id int PRIMARY KEY, a text, b text, c text, d text, e text)")
        for column in ("a", "b", "c"):
            db.exec_driver_sql(f"COMMENT ON COLUMN xkz.{column} IS '{bad.replace(chr(39), chr(39) * 2)}'")
        db.exec_driver_sql(f"COMMENT ON TABLE xkz IS '{bad.replace(chr(39), chr(39) * 2)}'")
        db.exec_driver_sql("INSERT INTO xkz VALUES (1, '浙XK06-001-00001', 'x', 'y', 'z', 'w')")
    proposal = onboard(content, Options("330000", postgresql_url, kinds=("certificate",)), connection)
    write(proposal, workplace)
    loaded = load(workplace)
    unreadable = [p for p in loaded.problems if p.code in {"ECQS-1002", "ECQS-1003", "ECQS-1004", "ECQS-1010"}]
    assert unreadable == []
    for name in proposal.files:
        if name.endswith(".yaml"):
            assert "evil" not in yaml.safe_load((workplace / name).read_text(encoding="utf-8"))
    with engine.connect() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM xkz").scalar() == 1
    engine.dispose()


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60).filter(lambda text: text.strip() != ""))
def test_any_text_written_as_yaml_is_the_same_text_again(text: str) -> None:
    written = f"{scalar(text)}: {flow([text, {text: text}])}  {comment(text)}\nlast: x\n"
    document, problems = read_yaml("x.yaml", written.encode())
    assert problems == []
    assert document is not None
    assert document.data == {text: [text, {text: text}], "last": "x"}


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_observed_name_is_the_same_name_again(name: str) -> None:
    written = observed_text({"name": name})
    document, problems = read_yaml("x.json", written.encode())
    assert problems == []
    assert document is not None
    assert document.data == {"name": name}
