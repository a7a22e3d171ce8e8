"""How good the proposals are, on source tables a person labelled: what is asserted here stands in the how-to page."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecqs_gateway.content.load import Content
from tests.onboard.measure import Labelled, Verdict, build_server, build_sqlite, judged, labelled, propose

CASES = labelled()
LEAST_RIGHT = 0.85


def told(verdicts: list[Verdict]) -> str:
    """Write the table of a measurement."""
    lines = [f"{'case':20} {'right':>9} {'sure':>5} {'sure and wrong':>15}"]
    for name in dict.fromkeys(verdict.case for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.case == name]
        wanted = [verdict for verdict in mine if verdict.wanted is not None]
        sure = [verdict for verdict in mine if verdict.confidence == "high"]
        right = sum(verdict.right for verdict in wanted)
        wrong = sum(not verdict.right for verdict in sure)
        lines.append(f"{name:20} {right:>4}/{len(wanted):<4} {len(sure):>5} {wrong:>15}")
    return "\n".join(lines)


def check(verdicts: list[Verdict]) -> None:
    """Assert the promise: enough is right, and nothing that is called sure is wrong."""
    print(told(verdicts))  # noqa: T201 - the measurement is what this test is for
    wanted = [verdict for verdict in verdicts if verdict.wanted is not None]
    assert wanted
    assert sum(verdict.right for verdict in wanted) >= LEAST_RIGHT * len(wanted), told(verdicts)
    assert [v for v in verdicts if v.confidence == "high" and not v.right] == []


def test_there_are_enough_unlike_tables() -> None:
    assert len(CASES) >= 12
    assert {case.dialect for case in CASES} == {"sqlite", "postgresql", "mariadb"}
    kinds = {label["kind"] for case in CASES for label in case.labels["tables"].values()}
    assert kinds == {"certificate", "approval", "sampling_inspection"}


def test_most_fields_are_right_and_no_sure_one_is_wrong(content: Content, tmp_path: Path) -> None:
    verdicts: list[Verdict] = []
    for case in CASES:
        if case.dialect == "sqlite":
            verdicts += judged(case, propose(content, case, build_sqlite(case, tmp_path)))
    check(verdicts)


def on_server(content: Content, dialect: str, url: str) -> None:
    for case in CASES:
        if case.dialect == dialect:
            check(judged(case, propose(content, case, build_server(case, url))))


@pytest.mark.postgresql
@pytest.mark.parametrize("name", [case.name for case in CASES if case.dialect == "postgresql"])
def test_comments_and_foreign_keys_of_postgresql_are_read(content: Content, postgresql_url: str, name: str) -> None:
    case = next(one for one in CASES if one.name == name)
    check(judged(case, propose(content, case, build_server(case, postgresql_url))))


@pytest.mark.mariadb
def test_comments_of_mariadb_are_read(content: Content, mariadb_url: str) -> None:
    on_server(content, "mariadb", mariadb_url)


def test_every_label_names_a_column_that_exists() -> None:
    def missing(case: Labelled) -> list[str]:
        labels = case.labels["tables"].values()
        columns = {column for label in labels for column in label["fields"].values()}
        lists = [one for label in labels for one in label.get("lists", {}).values()]
        columns |= {column for one in lists for column in one["fields"].values()}
        return [column for column in columns if column not in case.sql]

    assert {case.name: missing(case) for case in CASES if missing(case)} == {}
