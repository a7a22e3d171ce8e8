"""A record the XML schema refuses at sealing is not known to what is mapped while that is found out."""

from __future__ import annotations

import re
import shutil
import time

import pytest

from ecqs_gateway.flows import limits
from ecqs_gateway.flows.seal import Cut, Ready, Sealer

UNIT = "320000"


@pytest.fixture
def strict(world, monkeypatch: pytest.MonkeyPatch):
    """A world whose schema, asked slowly, takes no cancelled certificates, which mapping lets through; one core."""
    world.without_rules()
    schema = world.content / "schemas" / "ecqs"
    source = schema.resolve()
    schema.unlink()
    shutil.copytree(source, schema)
    codes = schema / "1.0" / "codes.xsd"
    text = codes.read_text(encoding="utf-8")
    kind = re.search(r'<xs:simpleType name="CertificateStatusesCode">.*?</xs:simpleType>', text, re.DOTALL).group()
    without = re.sub(r'<xs:enumeration value="04">.*?</xs:enumeration>', "", kind, flags=re.DOTALL)
    assert without != kind
    codes.write_text(text.replace(kind, without), encoding="utf-8")
    real = Sealer.make_ready

    def slow(sealer: Sealer, batch: Cut) -> Ready:
        time.sleep(0.2)
        return real(sealer, batch)

    monkeypatch.setattr(Sealer, "make_ready", slow)
    monkeypatch.setattr(limits, "_CORES", 0)  # one turn for mapping and validating: who waits must not keep it
    return world


def test_it_does_not_count_as_known_to_the_chunks_behind_it(strict, w) -> None:
    number = w.spelled(UNIT, 1)
    rows = [
        w.licence(UNIT, 1, zt="注销", gxsj="2026-11-20 08:00:00"),
        w.licence(UNIT, 2, zsbh=number, zt="注销", gxsj="2026-11-20 08:01:00"),
        w.licence(UNIT, 3, zsbh=number, gxsj="2026-11-20 08:02:00"),
        w.licence(UNIT, 4, gxsj="2026-11-20 08:03:00"),
        w.licence(UNIT, 5, zsbh=w.spelled(UNIT, 4), gxsj="2026-11-20 08:04:00"),
    ]
    strict.province(UNIT, rows, batch_rows=1)
    summary = strict.sync()
    assert summary.failed == {}
    counts = w.counts(summary)
    assert (counts["batched"], counts["dead_new"], counts["dead_known"], counts["unchanged"]) == (2, 1, 1, 1)
    assert strict.rows("SELECT origin, state FROM dead_letter") == [("schema", "open")]
    assert strict.rows("SELECT previous FROM record_version") == [(None,), (None,)]
    w.judged_faultless(strict, {UNIT: 2})
