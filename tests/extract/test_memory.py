"""Memory is bounded by the size of a chunk, whatever the size of the table."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import sqlalchemy as sa
from ecqs_gateway.content.models import SqlSource, SqlStream
from ecqs_gateway.extract.sql import DatabaseSource, Target
url, arrow = sys.argv[1], sys.argv[2] or None
stream = SqlStream.model_validate({"table": "t", "key": ["id"], "changed_at": "gxsj", "batch_rows": 5000})
rows, peaks = 0, []
target = Target("320000", "certificate", sa.make_url(url), arrow)
with DatabaseSource(target, SqlSource(type="sql", connection="x"), stream) as source:
    for chunk in source.chunks():
        rows += chunk.frame.height
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(rows, peaks[-1] - peaks[5])
"""


@pytest.mark.parametrize("path", ["sqlite", "postgresql", "arrow", "mariadb"])
def test_memory_does_not_grow_with_the_table(path, request):
    lab = request.getfixturevalue(f"{path}_lab")
    rows = 120_000
    lab.run(f"CREATE TABLE t (id BIGINT PRIMARY KEY, mc VARCHAR(700), gxsj {lab.time})")
    series = {
        "postgresql": "SELECT n, repeat('泥', 200), timestamp '2026-01-01' + n * interval '1 second' "
        f"FROM generate_series(1, {rows}) n",
        "mariadb": f"SELECT seq, repeat('泥', 200), '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows}",
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) SELECT i, "
        "replace(hex(zeroblob(100)), '00', '泥泥'), datetime('2026-01-01', i || ' seconds') FROM n",
    }[lab.dialect]
    lab.run(f"INSERT INTO t {series}", "CREATE INDEX t_gxsj ON t (gxsj)")
    url = lab.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", PROGRAM, url, lab.arrow_uri or ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    total, growth = map(int, done.stdout.split())
    assert total == rows
    assert growth < 40_000  # kB; the table is 70 MB
