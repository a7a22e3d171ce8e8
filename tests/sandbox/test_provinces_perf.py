"""The table every throughput figure is measured on has the width and the dirt it says."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from stdnum.cn import uscc

from ecqs_gateway.sandbox.provinces.perf import DIRT, perf_frame, perf_frames, perf_table

ROWS = 30_000


@pytest.fixture(scope="module")
def frame():
    return perf_frame(0, ROWS)


def test_rows_are_as_wide_as_those_of_the_published_figures(frame):
    assert frame.width == 28
    assert 740 <= len(frame.write_csv(include_header=False).encode()) / ROWS <= 820


def test_each_kind_of_dirt_has_its_share_and_no_row_has_two(frame):
    bad = {
        "code": frame["tyshxydm"].map_elements(lambda code: not uscc.is_valid(code), return_dtype=bool),
        "day": frame["fzrq"].str.to_date("%Y%m%d", strict=False).is_null(),
        "unknown": frame["zt"] != "01",
        "order": frame["yxqz"] <= frame["yxqq"],
        "name": frame["qymc"] == "",
    }
    for kind, share in DIRT:
        assert share * 0.6 < bad[kind].mean() < share * 1.5, kind
    together = sum(column.cast(int) for column in bad.values())
    assert together.max() == 1


def test_numbers_and_keys_are_unique_and_codes_hold(frame):
    assert frame["zsid"].is_unique().all()
    assert frame["zsbh"].is_unique().all()
    assert uscc.is_valid(frame["fzjg_tyxydm"][0])
    assert frame["gxsj"].null_count() == 0


def test_a_small_table_is_the_beginning_of_a_large_one(frame):
    assert perf_frame(0, 100).equals(frame.head(100))
    assert perf_frame(5_000, 5_100).equals(frame.slice(5_000, 100))
    assert not perf_frame(0, 100, seed=2).equals(frame.head(100))
    assert sum(piece.height for piece in perf_frames(150_000)) == 150_000


def test_the_table_holds_what_the_frame_says(tmp_path, frame):
    url = f"sqlite:///{tmp_path / 'perf.db'}"
    assert perf_table(url, 1_000) == 1_000
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT zsid, qymc, zczj, yxqz FROM t_xk_zs ORDER BY zsid")).all()
        indexes = [index["column_names"] for index in sa.inspect(connection).get_indexes("t_xk_zs")]
    engine.dispose()
    assert [tuple(row) for row in rows] == frame.select("zsid", "qymc", "zczj", "yxqz").head(1_000).rows()
    assert ["gxsj"] in indexes
