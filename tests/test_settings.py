from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.settings import Settings, describe, load_settings


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "connectors").mkdir()
    return tmp_path


def test_everything_has_a_default_under_the_current_folder(here: Path) -> None:
    assert load_settings({}, folder=here) == Settings(
        home=here / "var",
        content=here,
        ledger_url=f"sqlite:///{here}/var/ledger.db",
        stage=here / "var/stage",
        keys=here / "var/keys",
        sandbox=here / "var/sandbox",
    )


def test_other_places_follow_the_home_and_may_be_set_one_by_one(here: Path) -> None:
    found = load_settings({"ECQS_HOME": "data", "ECQS_STAGE": "/mnt/stage/../shared"}, folder=here)
    assert found.home == here / "data"
    assert found.stage == Path("/mnt/shared")
    assert found.keys == here / "data/keys"


def test_without_connectors_here_the_packaged_content_is_used(tmp_path: Path) -> None:
    import ecqs_gateway

    packaged = Path(ecqs_gateway.__file__).resolve().parent.parent
    if (packaged / "connectors").is_dir():
        assert load_settings({}, folder=tmp_path).content == packaged
    else:
        with pytest.raises(Misconfigured, match="ECQS_CONTENT"):
            load_settings({}, folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ECQS_HOME", " ", "is set but blank"),
        ("ECQS_STAGE", "s3://bucket/x", "is a URL"),
        ("ECQS_CONTENT", "nowhere", "holds no connectors/"),
        ("ECQS_LEDGER_URL", "mysql://gw:canary@h/d", "is no URL of SQLite or PostgreSQL (it begins with 'mysql')"),
        ("ECQS_LEDGER_URL", "canary", "is no URL of SQLite or PostgreSQL"),
        ("ECQS_LEDGER_URL", "sqlite://", "names no file"),
        ("ECQS_STAGEE", "x", "is not a setting"),
        ("ECQS_LEDGER_URI", "x", "is not a setting"),
    ],
)
def test_nonsense_is_refused_and_names_the_variable(here: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load_settings({name: value}, folder=here)
    assert caught.value.code == "ECQS-1088"
    assert caught.value.where == name
    assert said in caught.value.message
    assert caught.value.hint
    assert "canary" not in str(caught.value)


def test_a_file_in_place_of_a_folder_is_refused(here: Path) -> None:
    (here / "x").write_text("")
    with pytest.raises(Misconfigured, match="names a file"):
        load_settings({"ECQS_HOME": "x"}, folder=here)


def test_variables_of_other_parts_are_left_alone(here: Path) -> None:
    assert load_settings({"ECQS_POOL": "x", "ECQS_XSD_ENGINE": "auto"}, folder=here).content == here


def test_a_postgresql_ledger_gets_the_driver_we_ship_and_is_not_shown(here: Path) -> None:
    found = load_settings({"ECQS_LEDGER_URL": "postgresql://gw:canary@h/d"}, folder=here)
    assert found.ledger_url == "postgresql+psycopg://gw:canary@h/d"
    assert "canary" not in repr(found)


def test_every_setting_is_documented() -> None:
    assert [s.name for s in describe()] == [f.name for f in dataclasses.fields(Settings)]
    for setting in describe():
        assert setting.variable == "ECQS_" + setting.name.upper()
        assert setting.help.endswith(".")
        assert setting.default
