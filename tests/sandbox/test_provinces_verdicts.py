"""What the generators promise of their data is what mapping and rules make of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.doors.connections import Connection, from_json
from ecqs_gateway.extract import open_source
from ecqs_gateway.mapping.check import check, supersede
from ecqs_gateway.mapping.mapped import FLAG, ROW, Checked
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules import ExprContext, compile_rules
from ecqs_gateway.sandbox.provinces import Manifest, generate
from ecqs_gateway.sandbox.provinces.firm import AS_OF

ROOT = Path(__file__).resolve().parents[2]
LANES = (("320000", "certificate"), ("320000", "approval"), ("320000", "inspector"), ("370000", "certificate"))


@pytest.fixture(scope="module")
def content() -> Content:
    loaded = load(ROOT)
    assert not loaded.problems
    return loaded


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, Manifest]]:
    folder = tmp_path_factory.mktemp("provinces")
    made = {}
    for unit in ("320000", "370000"):
        url = f"sqlite:///{folder / unit}.sqlite"
        made[unit] = (url, generate(unit, url, rows=400))
    return made


CONN_TYPES = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql"}


def connection_to(url: str) -> Connection:
    parsed = sa.make_url(url)
    given = {"conn_type": CONN_TYPES[parsed.get_backend_name()], "host": parsed.host or parsed.database}
    if parsed.host:
        given |= {"port": parsed.port, "login": parsed.username, "schema": parsed.database}
        given |= {"password": parsed.password} if parsed.password else {}
    return from_json("ecqs_test", json.dumps(given))


def run(content: Content, unit: str, kind: str, url: str) -> tuple[Checked, pl.DataFrame, list[str]]:
    """Extract, map and check as the nightly job does; gives verdicts, superseded rows and the keys by row."""
    connector = content.connectors[unit]
    with open_source(connector, kind, connection_to(url)) as source:
        (chunk,) = source.chunks()
    mapping = content.compiled[unit, kind]
    mapped = mapping.apply(chunk.frame, chunk.children)
    context = ExprContext(codes=content.codes, calendar=content.calendar, today=AS_OF)
    checked = check(mapped, compile_rules(spec(kind), content.rules.values(), context))
    assert sum(mapped.orphans.values()) == 0
    (key,) = connector.streams[kind].key
    return checked, supersede(checked.good)[1], chunk.frame[key].cast(pl.String).to_list()


@pytest.mark.parametrize(("unit", "kind"), LANES)
def test_exactly_the_promised_rows_are_rejected_each_for_its_reason(content, sampled, unit, kind):
    url, manifest = sampled[unit]
    checked, _, keys = run(content, unit, kind, url)
    told = {keys[row]: {one["rule"] for one in reasons} for row, reasons in checked.bad.select(ROW, "reasons").rows()}
    assert set(told) == manifest.keys(kind, "reject")
    for dirt in manifest.of(kind, "reject"):
        for key in dirt.keys:
            assert told[key] & set(dirt.codes), (dirt.dirt, key, told[key])


@pytest.mark.parametrize(("unit", "kind"), LANES)
def test_exactly_the_promised_rows_carry_findings(content, sampled, unit, kind):
    url, manifest = sampled[unit]
    checked, superseded, keys = run(content, unit, kind, url)
    gone = {keys[row] for row in superseded[ROW].to_list()}
    told: dict[str, set[str]] = defaultdict(set)
    for row, rule in checked.flags.select(ROW, "rule").rows():
        if keys[row] not in gone:
            told[keys[row]].add(rule)
    assert set(told) == manifest.keys(kind, "flag") | manifest.keys(kind, "headquarters"), dict(told)
    for dirt in (*manifest.of(kind, "flag"), *manifest.of(kind, "headquarters")):
        for key in dirt.keys:
            assert told[key] & set(dirt.codes), (dirt.dirt, key, told[key])
    assert (checked.flags["severity"] == FLAG).all()


@pytest.mark.parametrize(("unit", "kind"), LANES)
def test_exactly_the_promised_rows_give_way_to_newer_ones(content, sampled, unit, kind):
    url, manifest = sampled[unit]
    _, superseded, keys = run(content, unit, kind, url)
    assert {keys[row] for row in superseded[ROW].to_list()} == manifest.keys(kind, "superseded")


@pytest.mark.parametrize("service", ["postgresql_url", "mariadb_url"])
@pytest.mark.parametrize(("unit", "kind"), LANES)
def test_every_database_gives_the_same_verdicts(content, sampled, request, service, unit, kind):
    url = request.getfixturevalue(service)
    manifest = generate(unit, url, rows=400)
    checked, superseded, keys = run(content, unit, kind, url)
    basis, _, their_keys = run(content, unit, kind, sampled[unit][0])
    assert {keys[row] for row in checked.bad[ROW].to_list()} == manifest.keys(kind, "reject")
    assert {keys[row] for row in superseded[ROW].to_list()} == manifest.keys(kind, "superseded")
    assert keys == their_keys
    assert checked.good.frame.equals(basis.good.frame)
    assert all(items.equals(basis.good.lists[path]) for path, items in checked.good.lists.items())
