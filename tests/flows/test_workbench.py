"""The workbench on a world with a source and a ledger: previews, captures, coverage and unmapped values."""

from __future__ import annotations

import sys

import pytest

from ecqs_gateway.content.case_suite import Suite
from ecqs_gateway.content.load import load
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.bench import Unusable, open_bench
from ecqs_gateway.flows.capture import capture
from ecqs_gateway.flows.covers import cover, sampled
from ecqs_gateway.flows.previews import Wish, previews
from ecqs_gateway.flows.unmapped import unmapped

UNIT = "320000"
KIND = "certificate"
MAP = f"mappings/{UNIT}/{KIND}.yaml"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A unit with five good rows, one refused for its code, one for its day; everything sent, once for all tests."""
    w = sys.modules["ecqs_test_support_world"]
    world = w.World(tmp_path_factory.mktemp("workbench"))
    world.build()
    with world.headquarters():
        rows = [
            *(w.licence(UNIT, n) for n in range(1, 6)),
            w.licence(UNIT, 6, zt="暂停"),
            w.licence(UNIT, 7, fzrq="昨天"),
        ]
        world.province(UNIT, rows)
        world.sync()
    return world


@pytest.fixture
def synced(base, w, tmp_path):
    """A copy of it for one test."""
    return w.clone(base, tmp_path / "world")


def see(world, **wish):
    with world.gateway() as gateway:
        return previews(gateway, Wish(UNIT, KIND, **wish))


def edit(world, was: str, now: str, file: str = MAP) -> None:
    path = world.content / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now), encoding="utf-8")


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("key", ["3", "(苏)XK06-001-00003", "（苏）ＸＫ06-001-00003", "苏XK06-001-00003"])
def test_one_row_is_found_by_either_key_in_any_spelling(synced, w, key, stored):
    found = see(synced, key=key, stored=stored)
    assert [row.source_key for row in found.rows] == ["3"]
    assert found.rows[0].key == w.key(UNIT, 3)
    assert found.rows[0].verdict == "goes"


def test_the_row_of_a_dead_letter_is_shown_with_its_reasons(synced):
    (letter,) = synced.rows("SELECT id FROM dead_letter WHERE source_key = '6'")
    found = see(synced, letter=letter[0])
    status = next(one for one in found.rows[0].fields if one.field == "status")
    assert [(p.rule, p.severity) for p in status.problems] == [("ECQS-1291", "reject")]
    assert found.rows[0].verdict == "refused"


@pytest.mark.parametrize("wish", [{"key": "nobody"}, {"key": "nobody", "stored": True}, {"letter": 999}])
def test_what_is_not_there_is_told_with_a_next_step_and_without_the_key(synced, wish):
    with pytest.raises(Misconfigured) as found:
        see(synced, **wish)
    assert found.value.hint
    assert "nobody" not in str(found.value)


def test_no_more_rows_are_read_than_are_shown(synced):
    assert len(see(synced, limit=2).rows) == 2
    assert see(synced, limit=2, stored=True).rows[0].source_key == "1"


def test_a_preview_moves_nothing(synced):
    before = synced.rows("SELECT watermark, next_sequence FROM lane")
    see(synced, limit=5)
    assert synced.rows("SELECT watermark, next_sequence FROM lane") == before


def test_broken_files_are_told_all_at_once_and_hide_no_other_kind(synced):
    edit(synced, "holder.name: qymc", "holder.nmae: qymc")
    edit(synced, "clean: [width, spaces]", "clean: [widht, spaces]")
    with pytest.raises(Unusable) as found:
        see(synced)
    told = [(p.file, p.code, p.hint) for p in found.value.problems]
    assert (MAP, "ECQS-1030", "did you mean 'holder.name'?") in told
    assert len([p for p in found.value.problems if p.line > 1]) >= 1
    synced.province("370000", 1)
    with synced.gateway() as gateway:
        assert previews(gateway, Wish("370000", KIND)).rows[0].verdict == "goes"


def test_a_broken_mapping_of_one_kind_lets_another_of_the_unit_be_previewed(synced):
    synced.write(f"mappings/{UNIT}/approval.yaml", "version: 1\nkind: [\n")
    assert see(synced).rows[0].verdict == "goes"
    with pytest.raises(Unusable):
        see_other(synced, "approval")


def see_other(world, kind):
    with world.gateway() as gateway:
        return previews(gateway, Wish(UNIT, kind))


@pytest.mark.parametrize(("unit", "kind", "hint"), [("32000", KIND, "320000"), (UNIT, "certificat", "certificate")])
def test_a_misspelt_unit_or_kind_is_told_with_the_nearest(synced, unit, kind, hint):
    with pytest.raises(Misconfigured) as found:
        open_bench(load(synced.content), unit, kind)
    assert hint in (found.value.hint or "")


def test_a_captured_row_holds_no_real_name_and_comes_out_the_same(synced, w):
    with synced.gateway() as gateway:
        made = capture(gateway, Wish(UNIT, KIND, key="2"), name="two")
    assert made.file == f"mappings/{UNIT}/cases/two.yaml"
    assert made.changed == ()
    assert set(made.masked) == {"zsbh", "qymc", "tyshxydm"}
    for real in ("远山", w.USCC, w.spelled(UNIT, 2)):
        assert real not in made.text
    suite = Suite(load(synced.content))
    (result,) = suite.run(suite.files([UNIT]))
    assert result.status == "passed"
    with synced.gateway() as gateway:
        again = capture(gateway, Wish(UNIT, KIND, key="2", stored=True), name="again")
    assert again.text == made.text


def test_a_refused_row_is_captured_with_its_problems(synced):
    (letter,) = synced.rows("SELECT id FROM dead_letter WHERE source_key = '7'")
    with synced.gateway() as gateway:
        made = capture(gateway, Wish(UNIT, KIND, letter=letter[0]), name="refused")
    assert "{row: 1, field: issue_date, rule: ECQS-1201}" in made.text or "field: issue_date" in made.text
    assert "records: []" in made.text
    suite = Suite(load(synced.content))
    assert [one.status for one in suite.run(suite.files([UNIT]))] == ["passed"]


def test_what_cannot_be_disguised_is_said(synced):
    edit(synced, "holder.name: qymc", "holder.name: {expr: \"CASE WHEN qymc LIKE '远山%' THEN qymc END\"}")
    with synced.gateway() as gateway:
        made = capture(gateway, Wish(UNIT, KIND, key="1"), name="one")
        assert made.changed == ("qymc",)
        assert "远山" not in made.text
        kept = capture(gateway, Wish(UNIT, KIND, key="1"), name="kept", keep=["qymc"])
    assert kept.changed == ()
    assert "远山" in kept.text


def test_a_case_is_never_written_over_nor_outside_its_folder(synced):
    with synced.gateway() as gateway:
        capture(gateway, Wish(UNIT, KIND, key="1"), name="one")
        for name, code in (("one", "ECQS-6066"), ("../x", "ECQS-6067"), (".hidden", "ECQS-6067"), ("a/b", "ECQS-6067")):
            with pytest.raises(Misconfigured, match=code):
                capture(gateway, Wish(UNIT, KIND, key="2"), name=name)


def test_coverage_counts_what_stored_and_live_rows_hold(synced):
    with synced.gateway() as gateway:
        plain = cover(gateway.content, UNIT, KIND, day=gateway.clock().date())
        for live in (False, True):
            found = sampled(gateway, plain, live=live, rows=1000)
            assert found.observed is not None
            assert found.observed.rows == 7
            assert found.observed.fields["issue_date"].filled == 6
            assert dict(found.observed.fields["status"].codes) == {"01": 6}
            assert found.observed.columns["qymc"].rate == 1.0
            assert "of stored" not in (found.origin or "")
    assert plain.faults == 0
    groups = {one.line.path: one.line.group for one in plain.fields}
    assert (groups["number"], groups["authority.name"], groups["holder.address"]) == ("mapped", "constant", "absent")


def test_an_overdue_absence_and_a_column_nobody_looked_at_are_faults(synced):
    edit(synced, "test_method: {absent: {reason: 没有, owner: 测试, until: 2099-12-31}}",
         "test_method: {absent: {reason: 没有, owner: 张三处, until: 2020-01-01}}")  # fmt: skip
    edit(synced, "ignore: [id, gxsj]", "ignore: [id]")
    with synced.table(UNIT) as db:
        db.execute("ALTER TABLE zs ADD COLUMN xin TEXT")
    with synced.gateway() as gateway:
        plain = cover(gateway.content, UNIT, KIND, day=gateway.clock().date())
        found = sampled(gateway, plain, live=True, rows=10)
    overdue = [one for one in found.fields if one.problem]
    assert [(one.line.path, one.line.absent.owner) for one in overdue] == [("test_method", "张三处")]
    assert overdue[0].file_line is not None
    assert [one.name for one in found.columns if one.use == "unknown"] == ["xin"]
    assert found.faults == 2


def test_unmapped_values_are_found_in_letters_findings_and_rows(synced):
    with synced.gateway() as gateway:
        found = unmapped(gateway, UNIT, KIND, live=False, rows=1000)
    (one,) = found.values
    assert (one.field, one.value, one.cause) == ("status", "暂停", "unlisted")
    assert (one.letters, one.findings, one.rows) == (1, 0, 1)
    assert (one.suggestion.file, one.suggestion.line) == (f"mappings/{UNIT}/codes/zt.csv", 4)
    assert one.suggestion.text.startswith("暂停,")


def test_a_value_that_got_its_line_is_no_longer_unmapped(synced):
    edit(synced, "注销,04,\n", "注销,04,\n暂停,05,\n", f"mappings/{UNIT}/codes/zt.csv")
    with synced.gateway() as gateway:
        assert unmapped(gateway, UNIT, KIND, live=False, rows=1000).values == ()


def test_flagged_values_are_counted_from_the_findings(world, w):
    world.province(UNIT, [w.licence(UNIT, 1, zt="暂停"), w.licence(UNIT, 2)])
    edit(world, "unmapped: reject", 'unmapped: {default: "99", reason: 暂无对应}')
    edit(
        world,
        "  status_note: {absent: {reason: 没有, owner: 测试, until: 2099-12-31}}\n",
        "  status_note: {const: 说明}\n",
    )
    world.sync()
    with world.gateway() as gateway:
        (one,) = unmapped(gateway, UNIT, KIND, live=True, rows=10).values
    assert (one.letters, one.findings, one.rows) == (0, 1, 1)


def test_rows_that_were_removed_are_told_and_not_guessed(synced):
    with synced.ledger() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE extraction SET pruned_at = '2026-12-01'")
    with synced.gateway() as gateway:
        found = unmapped(gateway, UNIT, KIND, live=True, rows=10)
        with pytest.raises(Misconfigured, match="ECQS-6063"):
            previews(gateway, Wish(UNIT, KIND, stored=True))
    assert found.gone == 1
    assert [one.rows for one in found.values] == [1]
