"""The list of inspectors from province to headquarters and back, and everything that may go wrong on the way down."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from unittest import mock

import ecqs_test_support_roster as roster
import ecqs_test_support_world as _world
import pytest

from ecqs_gateway.errors import Conflict, Misconfigured, Terminal, Transient
from ecqs_gateway.flows import inspectors
from ecqs_gateway.inbound import inspector_target
from ecqs_gateway.inbound.inspector_xml import Believed, ListRefused, open_list
from ecqs_gateway.inbound.inspectors import follow
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger import inspectors as ledger
from ecqs_gateway.model.inspector_list import ListName
from ecqs_gateway.sandbox.receipts import pack

UNIT, OTHER = "320000", "370000"


def pull(province) -> inspectors.Pulled:
    with province.world.gateway() as gateway:
        return inspectors.pull(gateway)


def newest(province) -> int | None:
    with province.world.gateway() as gateway:
        taken = ledger.newest(gateway.database)
        return taken.version if taken else None


def codes(pulled: inspectors.Pulled) -> list[str]:
    return [each.code for each in pulled.refused]


def events(province) -> list[tuple[str, str]]:
    rows = province.world.rows("SELECT event, subject FROM evidence WHERE event LIKE 'inspectors%' ORDER BY sequence")
    with province.world.ledger() as database, database.read() as connection:
        assert evidence.walk(evidence.entries(connection)).flaws == ()
    return rows


def test_the_list_comes_down_and_is_written_back_once(province) -> None:
    pulled = pull(province)
    assert (pulled.before, pulled.version, pulled.refused) == (None, 1, ())
    with province.world.gateway() as gateway:
        [done] = inspectors.write_back_all(gateway)
        assert done.error is None
        assert dict(done.counts) == {"entries": 3, "inserted": 3, "updated": 0, "deleted": 0}
        assert list(inspectors.write_back_all(gateway)) == []
    assert province.table()[0] == (province.key(1), "梅示例", "江苏省", "水泥；电线电缆", "有效", None, 1)
    again = pull(province)
    assert (again.version, again.taken, again.refused) == (1, (), ())
    again.require()
    expected = [("inspectors pulled", "version 1"), ("inspectors written", UNIT)]
    assert events(province) == expected


def test_changes_are_followed_and_only_rows_that_differ_are_touched(province) -> None:
    pull(province)
    with province.world.gateway() as gateway:
        list(inspectors.write_back_all(gateway))
    with province.world.table(UNIT) as db:
        db.execute("CREATE TABLE touched (bh)")
        db.execute("CREATE TRIGGER t AFTER UPDATE ON qg BEGIN INSERT INTO touched VALUES (new.bh); END")
        db.execute("INSERT INTO qg (bh, xm) VALUES ('局外人', '某人')")
    province.put(2, zt="撤销", ztrq="2026-05-06")
    province.put(4)
    province.send()
    pulled = pull(province)
    assert pulled.taken == ("inspectors-00000002.changes.zip",)
    with province.world.gateway() as gateway:
        [done] = inspectors.write_back_all(gateway)
    assert dict(done.counts) == {"entries": 4, "inserted": 1, "updated": 3, "deleted": 1}, "the version is a column"
    assert [row[4:] for row in province.table()] == [
        ("有效", None, 2), ("撤销", "2026-05-06", 2), ("有效", None, 2), ("有效", None, 2),
    ]  # fmt: skip
    assert province.world.rows("SELECT added, changed, removed FROM inspector_list ORDER BY version") == [
        (3, 0, 0), (1, 1, 0),
    ]  # fmt: skip
    with province.world.gateway() as gateway:
        assert ledger.entries(gateway.database, 1)["status"].to_list() == ["1", "1", "1"]
        assert ledger.entries(gateway.database)["status"].to_list() == ["1", "3", "1", "1"]


def test_two_provinces_make_one_list_and_one_who_leaves_is_off_it(province) -> None:
    other = roster.Roster(province.world, OTHER, rows=1)
    other.send()
    pull(province)
    with province.world.gateway() as gateway:
        assert ledger.entries(gateway.database)["unit"].unique().sort().to_list() == [UNIT, OTHER]
        assert [done.unit for done in inspectors.write_back_all(gateway)] == [UNIT, OTHER]
    assert province.table() == other.table()


def test_a_gap_in_the_changes_is_bridged_by_the_whole_list(province) -> None:
    pull(province)
    for number in (4, 5, 6):
        province.put(number)
        province.send()
    roster.published(province.world, 3, "changes").unlink()
    pulled = pull(province)
    assert (pulled.version, pulled.taken) == (4, ("inspectors-00000004.full.zip",))
    assert pulled.refused == ()


@pytest.mark.parametrize(("how", "code"), [("half", "ECQS-7111"), ("other key", "ECQS-7114")])
def test_changes_that_are_not_believed_are_kept_and_the_whole_list_is_taken(province, how: str, code: str) -> None:
    pull(province)
    province.put(4)
    province.send()
    file = roster.published(province.world, 2, "changes")
    _spoil(province.world, file, how)
    pulled = pull(province)
    assert codes(pulled) == [code]
    assert (pulled.version, pulled.taken) == (2, ("inspectors-00000002.full.zip",))
    with pytest.raises(Terminal, match=code):
        pulled.require()
    assert ("inspectors refused", file.name) in events(province)
    assert [row["code"] for row in _refusals(province)] == [code]


def _spoil(world, file: Path, how: str) -> None:
    data = file.read_bytes()
    half = data[: len(data) // 2]
    file.write_bytes(half if how == "half" else roster.signed(world, roster.document(data), key="foreign"))


def _refusals(province) -> list[dict[str, object]]:
    with province.world.gateway() as gateway:
        return ledger.refusals(gateway.database)


def test_where_nothing_is_believed_the_list_we_hold_stays_and_is_told_once(province) -> None:
    pull(province)
    province.put(4)
    province.send()
    for form in ("changes", "full"):
        _spoil(province.world, roster.published(province.world, 2, form), "other key")
    for _ in range(2):
        pulled = pull(province)
        assert (pulled.version, pulled.published, pulled.behind) == (1, 2, True)
        assert codes(pulled) == ["ECQS-7114", "ECQS-7114"]
    assert [event for event, _ in events(province)].count("inspectors refused") == 2, "each file once"
    with province.world.gateway() as gateway:
        assert ledger.entries(gateway.database).height == 3
        assert [done.error for done in inspectors.write_back_all(gateway)] == [None]


def test_an_older_list_is_refused(province) -> None:
    pull(province)
    province.put(4)
    province.send()
    pull(province)
    for form in ("changes", "full"):
        roster.published(province.world, 2, form).unlink()
    pulled = pull(province)
    assert codes(pulled) == ["ECQS-7120"]
    assert newest(province) == 2


def test_another_list_under_a_version_we_hold_is_refused(province) -> None:
    pull(province)
    world = province.world
    with closing(sqlite3.connect(world.hq_home / "headquarters.db")) as db, db:
        db.execute("DELETE FROM inspector_lists")
    for form in ("changes", "full"):
        roster.published(world, 1, form).unlink()
    province.put(4)
    province.send()
    assert codes(pull(province)) == ["ECQS-7121"]
    province.put(5)
    province.send()
    assert codes(pull(province)) == ["ECQS-7121", "ECQS-7121"], "neither changes nor the whole list follow on ours"
    assert newest(province) == 1


@pytest.mark.parametrize(
    ("how", "code"),
    [("beside another signature", "ECQS-7115"), ("other issuer", "ECQS-7117"), ("renamed", "ECQS-7118"),
     ("other content", "ECQS-7119"), ("doctype", "ECQS-7116"), ("no list", "ECQS-7116"), ("twice", "ECQS-7116"),
     ("no signature", "ECQS-7111"), ("strange signature", "ECQS-7112"),
     ("algorithm", "ECQS-7113"), ("removed in a whole list", "ECQS-7116"), ("time", "ECQS-7116")],
)  # fmt: skip
def test_every_part_of_a_list_is_held_against_the_others(published, how: str, code: str) -> None:
    world, whom, data = published
    name = ListName(1, "full") if how != "renamed" else ListName(2, "full")
    with pytest.raises(ListRefused) as refused:
        follow(open_list(_altered(world, data, how), name, whom), None, {})
    assert refused.value.code == code


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory):
    """Version 1 as headquarters published it, and whom the gateway believes."""
    world = _world.World(tmp_path_factory.mktemp("published"))
    world.build()
    world.without_rules()
    with world.headquarters():
        roster.Roster(world, UNIT).send()
        with world.gateway() as gateway:
            whom = Believed(gateway.trust, "ecqs-sandbox", gateway.inspector_schema)
            yield world, whom, roster.published(world, 1, "full").read_bytes()


def _altered(world, data: bytes, how: str) -> bytes:
    text = roster.document(data)
    if how in _TEXTS:
        old, new = _TEXTS[how]
        assert old in text
        return roster.signed(world, text.replace(old, new, 1))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        signature = archive.read("list.sig")
    if how == "no signature":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("list.xml"), text)
        return buffer.getvalue()
    if how == "strange signature":
        return pack(text.encode(), b"{}", roster.NAMES)
    if how == "algorithm":
        return pack(text.encode(), signature.replace(b"ed25519", b"none"), roster.NAMES)
    if how == "twice":
        entry = text[text.index("<entry") : text.index("</entry>") + len("</entry>")]
        return roster.signed(world, text.replace(entry, entry * 2, 1))
    return pack(text.replace("梅示例", "贾示例").encode(), signature, roster.NAMES) if "beside" in how else data


_TEXTS = {
    "other issuer": ('issuer="ecqs-sandbox"', 'issuer="someone"'),
    "other content": ("梅示例", "贾示例"),
    "doctype": ("<inspector_list", "<!DOCTYPE x>\n<inspector_list"),
    "no list": ('form="full"', 'form="full" extra="1"'),
    "removed in a whole list": ("</inspector_list>", '<removed number="A1"/></inspector_list>'),
    "time": ("+08:00", "+09:00"),
}


def test_names_that_are_no_list_are_left_alone(province) -> None:
    folder = roster.published(province.world, 1, "full").parent
    strange = ("inspectors-00000000.full.zip", "inspectors-9.full.zip", "readme.txt", ".inspectors-00000009.full.zip")
    for name in strange:
        (folder / name).write_bytes(b"x")
    assert pull(province).version == 1


def test_without_a_list_nothing_happens(bare) -> None:
    bare.without_rules()
    with bare.headquarters(), bare.gateway() as gateway:
        pulled = inspectors.pull(gateway)
        assert (pulled.version, pulled.published, pulled.refused) == (None, None, ())
        assert list(inspectors.write_back_all(gateway)) == []


def test_a_kill_between_pull_and_write_back_is_made_good_by_the_next_run(province) -> None:
    pull(province)
    with province.world.gateway() as gateway:
        with (
            mock.patch.object(ledger, "note_written", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            list(inspectors.write_back_all(gateway))
        assert ledger.written(gateway.database) == {}
    assert len(province.table()) == 3
    with province.world.gateway() as gateway:
        [done] = inspectors.write_back_all(gateway)
        assert dict(done.counts) == {"entries": 3, "inserted": 0, "updated": 0, "deleted": 0}
        assert ledger.written(gateway.database) == {UNIT: 1}


def test_a_kill_inside_the_write_back_leaves_the_table_as_it_was(province) -> None:
    pull(province)
    with (
        province.world.gateway() as gateway,
        mock.patch.object(inspector_target, "_bound", side_effect=KeyboardInterrupt),
    ):
        with province.world.table(UNIT) as db:
            db.execute("INSERT INTO qg (bh, xm) VALUES (?, '旧')", [province.key(1)])
            db.execute("INSERT INTO qg (bh, xm) VALUES ('局外人', '旧')")
        with pytest.raises(KeyboardInterrupt):
            list(inspectors.write_back_all(gateway))
    assert [row[:2] for row in province.table()] == [(province.key(1), "旧"), ("局外人", "旧")]


def test_a_locked_table_or_a_missing_column_stops_nobody_else(province) -> None:
    other = roster.Roster(province.world, OTHER, rows=1)
    third = roster.Roster(province.world, "330000", rows=1)
    third.send()
    pull(province)
    with third.world.table("330000") as db:
        db.execute("ALTER TABLE qg DROP COLUMN rq")
    lock = sqlite3.connect(province.world.source(UNIT))
    lock.execute("BEGIN EXCLUSIVE")
    try:
        with (
            province.world.gateway() as gateway,
            mock.patch.object(inspector_target, "_WAIT_SECONDS", 0.2),
        ):
            done = {each.unit: each for each in inspectors.write_back_all(gateway)}
            kept = {row["unit"]: row for row in ledger.writebacks(gateway.database)}
    finally:
        lock.close()
    assert isinstance(done[UNIT].error, Transient)
    assert done[UNIT].error.code == "ECQS-7133"
    assert isinstance(done["330000"].error, Misconfigured)
    assert done["330000"].error.code == "ECQS-7132"
    assert "rq" in str(done["330000"].error)
    assert done[OTHER].error is None
    assert len(other.table()) == 5
    assert "ECQS-7133" in str(kept[UNIT]["error"])
    assert kept[OTHER]["error"] is None
    with province.world.gateway() as gateway:
        assert [each.unit for each in inspectors.write_back_all(gateway)] == [UNIT, "330000"]
        assert ledger.written(gateway.database) == dict.fromkeys((UNIT, OTHER), newest(province))


def test_two_pulls_at_once_take_a_version_in_once(province) -> None:
    with province.world.gateway() as gateway:
        real = ledger.keep

        def both(*arguments, **named):
            real(*arguments, **named)
            return real(*arguments, **named)

        with mock.patch.object(ledger, "keep", side_effect=both), pytest.raises(Conflict, match="ECQS-7123"):
            inspectors.pull(gateway)
    assert newest(province) == 1
    assert [event for event, _ in events(province)] == ["inspectors pulled"]


def test_no_id_number_leaves_the_province(province) -> None:
    world = province.world
    pull(province)
    for file in [*Path(world.home).rglob("*"), *Path(world.hq_home).rglob("*")]:
        if file.is_file():
            data = file.read_bytes()
            for number in roster.NUMBERS:
                assert number.encode() not in data, file
    held = json.dumps(world.rows("SELECT * FROM inspector_entry"), default=str)
    assert "person" not in held


def test_a_mapping_that_digests_needs_its_salt_and_a_payload_key(province) -> None:
    world = province.world
    salt = world.keys / f"salt-{UNIT}.key"
    salt.rename(salt.with_suffix(".away"))
    world.clock.forward(minutes=5)
    province.put(9)
    assert "ECQS-7100" in str(world.sync().failed)
    salt.write_text("hmac-sha-256 zz\n", encoding="ascii")
    assert "ECQS-7101" in str(world.sync().failed)
    salt.with_suffix(".away").replace(salt)
    (world.keys / "payload-0001.key").rename(world.keys / "payload.away")
    assert "ECQS-7104" in str(world.sync().failed)
