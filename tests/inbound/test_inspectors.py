"""Who was recognised when, by all that the list ever said: by example, and against a day-by-day oracle."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecqs_gateway.inbound.inspector_xml import SCHEMA, InspectorList, ListRefused, Version, frame
from ecqs_gateway.inbound.inspectors import (
    GENESIS,
    HISTORY,
    Held,
    adverse,
    apply,
    chained,
    content_digest,
    difference,
    follow,
    lookup,
    recognised,
)
from ecqs_gateway.sandbox import inspector_lists as headquarters


def entry(number: str = "A1", **given_) -> dict[str, str | None]:
    plain = {
        "unit": "320000", "number": number, "name": "梅示例", "authority": "江苏省市场监督管理局", "regime": "2",
        "issue_date": "2021-03-01", "status": "1", "record": "0" * 64,
    }  # fmt: skip
    return dict.fromkeys(SCHEMA) | plain | given_


def entries(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def history(*rows: tuple[int, int | None, dict[str, str | None]]) -> pl.DataFrame:
    """Make a history of which version N was issued on 2024-01-N."""
    day = {n: date(2024, 1, n) for n in range(1, 32)}
    made = [
        row | {"from_version": start, "until_version": end, "issued": day[start], "ended": day[end] if end else None}
        for start, end, row in rows
    ]
    return pl.DataFrame(made, schema=HISTORY)


def ok(found: pl.DataFrame, day: str, product: str | None = None, number: str = "A1", as_of: int | None = None) -> bool:
    """Ask both ways, which must agree."""
    when = date.fromisoformat(day)
    spans = recognised(found, as_of=as_of).filter(
        (pl.col("number") == number) & (pl.col("from") <= when)
        & (pl.col("until").is_null() | (pl.col("until") >= when))
        & (pl.lit(product is None) | pl.col("product_class").is_null() | (pl.col("product_class") == (product or "")))
    )  # fmt: skip
    verdict = lookup(found, number, product, when, as_of=as_of)
    assert verdict.recognised == bool(spans.height)
    return verdict.recognised


def test_a_certificate_counts_from_its_first_to_its_last_day() -> None:
    found = history((1, None, entry(valid_until="2024-02-29")))
    assert not ok(found, "2021-02-28")
    assert ok(found, "2021-03-01")
    assert ok(found, "2024-02-29")
    assert not ok(found, "2024-03-01")
    assert lookup(found, "A1", None, date(2024, 3, 1)).why == "expired"
    assert lookup(found, "A1", None, date(2021, 2, 28)).why == "early"
    assert lookup(found, "A2", None, date(2024, 3, 1)).why == "unknown"


def test_valid_from_goes_before_the_day_of_issue() -> None:
    found = history((1, None, entry(valid_from="2021-06-01")))
    assert not ok(found, "2021-03-01")
    assert ok(found, "2021-06-01")


def test_scopes_bound_the_products_and_none_means_all() -> None:
    some = history((1, None, entry(scopes="02\x1d水泥\x1e06\x1d\x1e02\x1d特种水泥")))
    assert ok(some, "2022-01-01", "02")
    assert ok(some, "2022-01-01", "06")
    assert not ok(some, "2022-01-01", "09")
    assert lookup(some, "A1", "09", date(2022, 1, 1)).why == "other class"
    assert recognised(some)["product_class"].sort().to_list() == ["02", "06"]
    assert ok(history((1, None, entry())), "2022-01-01", "09")


def test_a_later_revocation_rewrites_no_history() -> None:
    revoked = entry(status="3", status_date="2024-05-06")
    found = history((1, 2, entry()), (2, None, revoked))
    assert ok(found, "2024-05-05")
    assert not ok(found, "2024-05-06")
    verdict = lookup(found, "A1", None, date(2025, 1, 1))
    assert (verdict.why, verdict.since, verdict.version) == ("3", date(2024, 5, 6), 2)
    assert ok(found, "2024-05-06", as_of=1), "what was known before"


def test_a_revocation_without_a_day_counts_from_the_day_the_list_was_issued() -> None:
    found = history((1, 5, entry()), (5, None, entry(status="3")))
    assert ok(found, "2024-01-04")
    assert not ok(found, "2024-01-05")


def test_somebody_first_listed_as_revoked_was_recognised_before() -> None:
    found = history((3, None, entry(status="3", status_date="2023-07-01")))
    assert not ok(found, "2021-02-28")
    assert ok(found, "2023-06-30")
    assert not ok(found, "2023-07-01")


def test_a_suspension_leaves_a_gap_once_it_is_lifted() -> None:
    found = history(
        (1, 2, entry()),
        (2, 3, entry(status="2", status_date="2024-02-01")),
        (3, None, entry(status="1", status_date="2024-03-01")),
    )
    assert [ok(found, day) for day in ("2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01")] == [
        True, False, False, True,
    ]  # fmt: skip
    assert adverse(found).height == 0


def test_a_suspension_that_is_taken_back_without_a_day_never_was() -> None:
    found = history((1, 2, entry()), (2, 3, entry(status="2", status_date="2024-02-01")), (3, None, entry()))
    assert ok(found, "2024-02-10")
    assert not ok(found, "2024-02-10", as_of=2)


def test_who_is_taken_off_the_list_is_not_recognised_from_that_day() -> None:
    found = history((1, 7, entry()))
    assert ok(found, "2024-01-06")
    assert not ok(found, "2024-01-07")
    assert lookup(found, "A1", None, date(2024, 6, 1)).why == "gone"
    [row] = adverse(found).to_dicts()
    assert (row["number"], row["status"], row["effective"], row["version"]) == ("A1", "gone", date(2024, 1, 7), 7)


def test_a_renewal_keeps_the_days_of_the_old_certificate() -> None:
    old = entry(valid_from="2021-03-01", valid_until="2024-02-29")
    new = entry(valid_from="2024-03-10", valid_until="2027-03-09")
    found = history((1, 9, old), (9, None, new))
    assert [ok(found, day) for day in ("2024-02-29", "2024-03-05", "2024-03-10")] == [True, False, True]


def test_only_spans_that_touch_the_days_asked_for_are_given() -> None:
    found = history((1, None, entry(valid_until="2024-02-29")), (1, None, entry("B1", issue_date="2025-01-01")))
    assert recognised(found, date(2024, 3, 1), None)["number"].to_list() == ["B1"]
    assert recognised(found, None, date(2024, 3, 1))["number"].to_list() == ["A1"]


def test_an_empty_history_recognises_nobody() -> None:
    assert recognised(history()).height == 0
    assert adverse(history()).height == 0
    assert dict(recognised(history()).schema) == dict(recognised(history((1, None, entry()))).schema)


_DAYS = st.integers(0, 60).map(lambda n: date(2024, 1, 1) + timedelta(days=n))
_SAID = st.fixed_dictionaries(
    {"status": st.sampled_from("11234"), "status_date": st.none() | _DAYS, "valid_from": st.none() | _DAYS,
     "valid_until": st.none() | _DAYS, "scopes": st.sampled_from([None, "02\x1d", "02\x1d\x1e06\x1d水泥"])}
)  # fmt: skip


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _oracle(said, as_of: int, day: date, product: str | None) -> bool:
    """Ask the versions one by one, newest first: the first that says anything of the day rules."""
    known = said[:as_of]
    first_version = next((n for n, one in enumerate(known) if one is not None), None)
    for place in range(len(known) - 1, -1, -1):
        one, before, issued = known[place], known[place - 1] if place else None, date(2024, 1, place + 1)
        if one is None:
            if before is not None and issued <= day:
                return False
            continue
        first = one["valid_from"] or date(2024, 1, 3)
        start = one["status_date"] or (first if one["status"] == "1" else issued)
        implied = place == first_version and first <= day < start
        if start <= day or implied:
            valid = one["status"] == "1" or (implied and not start <= day)
            classes = [pair[:2] for pair in (one["scopes"] or "").split("\x1e") if pair]
            fits = product is None or not classes or product in classes
            return valid and fits and first <= day and (one["valid_until"] is None or day <= one["valid_until"])
    return False


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | _SAID, min_size=1, max_size=5), st.integers(1, 5), st.sampled_from([None, "02", "06"]))
def test_the_frame_says_what_the_versions_say_day_by_day(said, as_of, product) -> None:
    """``said`` is what versions 1, 2 … say of one certificate; None when it is not on the list."""
    rows: list[tuple[int, int | None, dict[str, str | None]]] = []
    for version, one in enumerate(said, 1):
        if rows and rows[-1][1] is None:
            rows[-1] = (rows[-1][0], version, rows[-1][2])
        if one is not None:
            plain = {name: _text(value) if isinstance(value, date) else value for name, value in one.items()}
            rows.append((version, None, entry(issue_date="2024-01-03", **plain)))
    found = history(*rows)
    spans = [
        (span["from"], span["until"] or date(2100, 1, 1))
        for span in recognised(found, as_of=as_of).to_dicts()
        if product is None or span["product_class"] in (None, product)
    ]
    for day in (date(2023, 12, 30) + timedelta(days=n) for n in range(70)):
        assert any(start <= day <= end for start, end in spans) == _oracle(said, as_of, day, product), day
    for day in (date(2024, 1, 2), date(2024, 1, 20)):
        assert lookup(found, "A1", product, day, as_of=as_of).recognised == _oracle(said, as_of, day, product)


# -- versions that follow on one another


def listed(version: int, rows: pl.DataFrame, chain_before: str, *, form: str = "full", **given_) -> InspectorList:
    issued, digest = f"2024-01-{version:02d}T05:00:00+08:00", content_digest(rows)
    plain = {
        "form": form, "version": version, "issued": issued, "count": rows.height, "digest": digest,
        "previous": chain_before, "chain": chained(chain_before, version, issued, digest), "entries": rows,
        "removed": (), "history": (), "algorithm": "ed25519", "key_id": "0" * 16,
    }  # fmt: skip
    return InspectorList(**(plain | given_))


def held(found: InspectorList, rows: pl.DataFrame) -> Held:
    return Held(found.version, found.issued, found.digest, found.chain, rows)


ONE, TWO = entries(entry("A1"), entry("A2")), entries(entry("A2", status="3"), entry("A3"))
FIRST = listed(1, ONE, GENESIS)
FIRST = listed(1, ONE, GENESIS, history=(Version(1, FIRST.issued, FIRST.digest),))
SECOND = listed(2, TWO, FIRST.chain)
SECOND = listed(2, TWO, FIRST.chain, history=(*FIRST.history, Version(2, SECOND.issued, SECOND.digest)))
CHANGES = listed(2, TWO, FIRST.chain, form="changes", removed=("A1",))


def test_both_sides_digest_the_same_list_to_the_same_bytes() -> None:
    rows = entries(entry("B", scopes="02\x1d水泥\x1e06\x1d", employer="甲"), entry("A", status_note="因“故”"))
    theirs = [
        row | {"scopes": [pair.split("\x1d") for pair in (row["scopes"] or "").split("\x1e") if pair]}
        for row in rows.to_dicts()
    ]
    assert content_digest(rows) == headquarters.content_digest(theirs)
    assert GENESIS == headquarters.GENESIS
    assert chained("a", 3, "b", "c") == headquarters.chained("a", 3, "b", "c")


def test_a_whole_list_and_its_changes_come_to_the_same() -> None:
    whole = follow(SECOND, held(FIRST, ONE), {1: FIRST.chain})
    stepped = follow(CHANGES, held(FIRST, ONE), {1: FIRST.chain})
    assert whole.sort("number").equals(stepped.sort("number"))
    assert follow(FIRST, None, {}).equals(ONE)


@pytest.mark.parametrize(
    ("found", "ours", "known", "code"),
    [
        (FIRST, held(SECOND, TWO), {2: SECOND.chain}, "ECQS-7120"),
        (SECOND, held(FIRST, ONE), {1: "f" * 64}, "ECQS-7121"),
        (CHANGES, Held(1, "", "", "f" * 64, ONE), {}, "ECQS-7121"),
        (listed(2, ONE, FIRST.chain, form="changes"), held(SECOND, TWO), {}, "ECQS-7121"),
        (listed(3, TWO, SECOND.chain, form="changes"), held(FIRST, ONE), {}, "ECQS-7122"),
        (CHANGES, None, {}, "ECQS-7122"),
        (listed(2, TWO, FIRST.chain, form="changes", chain="e" * 64), held(FIRST, ONE), {}, "ECQS-7119"),
        (listed(2, TWO, FIRST.chain, form="changes", removed=("A9",)), held(FIRST, ONE), {}, "ECQS-7119"),
        (listed(2, TWO, FIRST.chain, form="changes"), held(FIRST, ONE), {}, "ECQS-7119"),
        (listed(1, ONE, GENESIS, count=3, history=FIRST.history), None, {}, "ECQS-7119"),
        (listed(1, ONE, GENESIS), None, {}, "ECQS-7119"),
        (listed(2, TWO, FIRST.chain, history=SECOND.history[1:]), None, {}, "ECQS-7119"),
        (listed(2, TWO, GENESIS, history=SECOND.history), None, {}, "ECQS-7119"),
        (listed(2, TWO, FIRST.chain, entries=ONE, history=SECOND.history), None, {}, "ECQS-7119"),
    ],
)
def test_a_list_that_does_not_follow_on_ours_is_refused(found, ours, known, code) -> None:
    with pytest.raises(ListRefused) as refused:
        follow(found, ours, known)
    assert refused.value.code == code


def test_the_version_we_hold_may_come_again() -> None:
    again = listed(2, TWO, FIRST.chain, form="changes", removed=("A1",))
    assert follow(again, held(SECOND, TWO), {}).equals(TWO)


def test_differences_name_the_columns_that_changed() -> None:
    rows = {row["number"]: row for row in difference(ONE, TWO).to_dicts()}
    assert {number: row["change"] for number, row in rows.items()} == {"A1": "removed", "A2": "changed", "A3": "added"}
    assert rows["A2"]["fields"] == ["status"]
    assert (rows["A2"]["status_before"], rows["A2"]["status"]) == ("1", "3")
    assert difference(ONE, ONE).height == 0
    assert difference(frame(), ONE)["change"].to_list() == ["added", "added"]


_ENTRY = st.builds(
    lambda number, status, note: entry(number, status=status, status_note=note),
    st.sampled_from("ABCDEFGH"), st.sampled_from("123"), st.none() | st.sampled_from(["甲", "乙"]),
)  # fmt: skip
_LIST = st.lists(_ENTRY, max_size=8, unique_by=lambda row: row["number"]).map(lambda rows: entries(*rows))


@settings(max_examples=80, deadline=None)
@given(_LIST, _LIST)
def test_applying_the_difference_gives_the_later_list(before, after) -> None:
    changed = difference(before, after)
    fresh = changed.filter(pl.col("change") != "removed")["number"].implode()
    gone = changed.filter(pl.col("change") == "removed")["number"].to_list()
    applied = apply(before, after.filter(pl.col("number").is_in(fresh)), gone)
    assert applied.sort("number").equals(after.sort("number"))
