"""A few rows are picked by what a person typed, on every dialect and from files, and no more is asked for."""

from __future__ import annotations

import pytest

from ecqs_gateway.content.models import FilesSource, FileStream
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.files import FolderSource

CP = {"cp": {"table": "cp", "parent_key": ["zs"], "key": ["bh"]}}


@pytest.fixture
def source(lab):
    lab.run(
        "CREATE TABLE zs (id INTEGER PRIMARY KEY, bh VARCHAR(40) NOT NULL, je DECIMAL(10,2))",
        "CREATE TABLE cp (id INTEGER PRIMARY KEY, zs VARCHAR(40), mc VARCHAR(40))",
    )
    lab.run("INSERT INTO zs VALUES (:id, :bh, :je)", rows=[{"id": n, "bh": f"（苏）{n}", "je": n} for n in range(1, 8)])
    lab.run(
        "INSERT INTO cp VALUES (:id, :zs, :mc)",
        rows=[{"id": n, "zs": f"（苏）{n % 7 + 1}", "mc": f"m{n}"} for n in range(9)],
    )
    return lab.source("zs", ["id"], children=CP)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, [1, 2, 3]),
        ({"id": "5"}, [5]),
        ({"bh": "（苏）6"}, [6]),
        ({"bh": "（苏）6", "id": "5"}, []),
        ({"id": "5 OR 1=1"}, []),
        ({"id": "99999999999999999999"}, []),
        ({"bh": "'; DROP TABLE zs; --"}, []),
    ],
)
def test_rows_are_picked_with_their_child_rows(source, where, found):
    with source as opened:
        chunk = opened.pick(3, where)
        assert sorted(chunk.frame["id"].to_list()) == found
        assert chunk.watermark is None
        children = chunk.children["cp"].frame
        assert set(children["zs"].to_list()) == set(chunk.frame["bh"].to_list())
        assert opened.pick(10).frame.height == 7


def test_a_column_that_is_not_there_never_reaches_the_database(source):
    with source as opened, pytest.raises(Misconfigured, match="ECQS-2012"):
        opened.pick(3, {"bh; DROP TABLE zs": "1"})


def test_files_are_picked_from_the_same_way(tmp_path):
    for number in range(3):
        rows = "".join(f"{number}{line},x\n" for line in range(4))
        (tmp_path / f"a{number}.csv").write_text(f"序号,名称\n{rows}", encoding="utf-8")
    stream = FileStream(files="*.csv", format="csv", key=("序号",), settle="0s")
    made = FolderSource(tmp_path, FilesSource(type="files", connection="x"), stream, unit="310000", kind="certificate")
    with made as opened:
        assert opened.pick(6).frame["序号"].to_list() == ["00", "01", "02", "03", "10", "11"]
        assert opened.pick(6, {"序号": "21"}).frame["序号"].to_list() == ["21"]
        assert opened.pick(6, {"序号": "zz"}).frame.height == 0
        assert opened.pick(6, {"没有": "21"}).frame.height == 0
