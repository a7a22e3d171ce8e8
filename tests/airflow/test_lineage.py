"""Names of OpenLineage datasets, and that telling of the work never harms it; the events of a run: test_dags.py."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import sqlalchemy as sa

from ecqs_gateway.airflow import lineage
from ecqs_gateway.doors.connections import from_json

UNIT = "320000"


@pytest.mark.parametrize(
    ("url", "table", "place"),
    [
        ("postgresql+psycopg://u:geheim@db:5433/xk", "zs", ("postgres://db:5433", "xk.public.zs")),
        ("postgresql+psycopg://u:geheim@db/xk", "lic.zs", ("postgres://db:5432", "xk.lic.zs")),
        ("mysql+pymysql://u:geheim@db/xk", "zs", ("mysql://db:3306", "xk.zs")),
        ("mariadb+pymysql://u:geheim@db/xk", "other.zs", ("mysql://db:3306", "other.zs")),
        ("oracle+oracledb://u:geheim@db/?service_name=xk", "ZS", ("oracle://db:1521", "xk.U.ZS")),
        ("sqlite:////data/xk.sqlite", "zs", ("file", "/data/xk.sqlite/zs")),
    ],
)
def test_tables_are_named_as_openlineage_names_them_and_without_secrets(url, table, place):
    found = lineage._table_place(sa.make_url(url), table)
    assert found == place
    assert "geheim" not in str(found)


def test_files_are_named_by_folder_and_glob(bare, tmp_path):
    connection = SimpleNamespace(conn_type="fs", option=lambda _name: str(tmp_path), id="x")
    lane = SimpleNamespace(connector=SimpleNamespace(source=lineage.FilesSource(type="files", connection="x")))
    assert lineage.input_place(lane, "zs-*.csv", connection) == ("file", f"{tmp_path}/zs-*.csv")


def test_lists_of_an_api_are_named_by_address_and_path():
    connection = from_json(
        "x", '{"conn_type": "http", "schema": "https", "host": "u:geheim@api.example", "port": 8443}'
    )
    lane = SimpleNamespace(connector=SimpleNamespace(source=lineage.HttpSource(type="http", connection="x")))
    assert lineage.input_place(lane, "/api/zs", connection) == ("https://api.example:8443", "/api/zs")


def test_without_the_provider_nothing_happens(bare, monkeypatch):
    bare.province(UNIT, 1)
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.api", None)
    with bare.gateway() as gateway:
        lineage.emit(gateway, UNIT)


class _Api(ModuleType):
    """The provider's functions, with a transport that is configured and may fail."""

    def __init__(self, error=None):
        super().__init__("airflow.providers.openlineage.api")
        self.told, self.error, self.active = [], error, True

    def is_openlineage_active(self):
        return self.active

    def emit_dataset_lineage(self, **what):
        if self.error:
            raise self.error
        self.told.append(what)


def test_a_unit_that_is_broken_or_a_transport_that_fails_does_not_stop_the_task(bare, monkeypatch, caplog):
    bare.province(UNIT, 1)
    api = _Api(ConnectionError("secret words"))
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage.api", api)
    with bare.gateway() as gateway:
        lineage.emit(gateway, UNIT)
    assert "could not be told to OpenLineage (ConnectionError)" in caplog.text
    assert "secret words" not in caplog.text
    api.error = None
    file = bare.content / f"mappings/{UNIT}/certificate.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text("version: [", encoding="utf-8")
    with bare.gateway() as gateway:
        lineage.emit(gateway, UNIT)
    assert api.told == []
    file.write_text(text, encoding="utf-8")
    api.active = False
    with bare.gateway() as gateway:
        lineage.emit(gateway, UNIT)
    assert api.told == []
    api.active = True
    with bare.gateway() as gateway:
        lineage.emit(gateway, UNIT)
    [told] = api.told
    assert [made.name for made in told["outputs"]] == [f"{UNIT}.certificate"]
    assert [made.name for made in told["inputs"]] == [f"{bare.source(UNIT)}/zs"]
