"""Measures proposals against labels: each national field, the column that is right for it, and what was proposed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from ecqs_gateway.content.load import Content
from ecqs_gateway.doors.connections import connection
from ecqs_gateway.flows.onboard import Options, Proposal, onboard
from ecqs_gateway.flows.onboard.plan import KindPlan

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Verdict:
    """One thing a label says, and what the proposal says of it."""

    case: str
    what: str
    wanted: str | None
    found: str | None
    confidence: str

    @property
    def right(self) -> bool:
        return self.wanted == self.found


@dataclass(frozen=True)
class Labelled:
    name: str
    folder: Path
    labels: dict[str, Any]

    @property
    def sql(self) -> str:
        return (self.folder / "source.sql").read_text(encoding="utf-8")

    @property
    def dialect(self) -> str:
        first = self.sql.split("\n", 1)[0]
        return first.removeprefix("-- dialect: ") if first.startswith("-- dialect: ") else "sqlite"


def labelled() -> list[Labelled]:
    """Give the labelled tables."""
    folders = sorted(path for path in CASES.iterdir() if (path / "labels.yaml").is_file())
    return [
        Labelled(one.name, one, yaml.safe_load((one / "labels.yaml").read_text(encoding="utf-8"))) for one in folders
    ]


def build_sqlite(case: Labelled, folder: Path) -> str:
    """Make the case's database as a SQLite file and give its address."""
    file = folder / f"{case.name}.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.executescript(case.sql)
    return f"sqlite:///{file}"


def build_server(case: Labelled, url: str) -> str:
    """Make the case's tables in an empty database of a server."""
    engine = sa.create_engine(url)
    with engine.begin() as db:
        for statement in case.sql.split(";\n"):
            if statement.strip():
                db.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()
    return url


def propose(content: Content, case: Labelled, url: str) -> Proposal:
    """Run the proposals on a case."""
    return onboard(content, Options(case.labels["unit"], url), connection)


def judged(case: Labelled, proposal: Proposal) -> list[Verdict]:
    """Compare a proposal with the labels of a case."""
    made: list[Verdict] = []
    for table, label in case.labels["tables"].items():
        plan = next((one for one in proposal.plans if one.table.name == table), None)
        kind = plan.kind.kind if plan else None
        made.append(Verdict(case.name, f"{table}: kind", label["kind"], kind, "high" if plan else ""))
        if plan is not None:
            made += _fields(case.name, plan, label)
            made += _lists(case.name, plan, label)
            made += _codes(case.name, plan, label)
            changed = plan.stream.changed_at
            found = changed.columns[0] if changed else None
            made.append(
                Verdict(case.name, "changed_at", label.get("changed_at"), found, changed.confidence if changed else "")
            )
    return made


def _proposed(plan: KindPlan) -> dict[str, tuple[str | None, str]]:
    """Give column and confidence of each field; a list's field is as sure as its list."""
    found = {line.path: (line.column, line.confidence) for line in plan.fields if line.column}
    for one in plan.lists:
        for line in one.fields:
            sure = line.confidence if one.confidence == "high" else one.confidence
            column = (
                one.column if one.column and "child" not in one.origin and "json" not in one.origin else line.column
            )
            found[line.path] = (column, sure)
    return found


def _fields(case: str, plan: KindPlan, label: dict[str, Any]) -> Iterator[Verdict]:
    wanted = dict(label["fields"])
    for one in label.get("lists", {}).values():
        wanted |= one["fields"]
    found = _proposed(plan)
    for path, column in wanted.items():
        mine, confidence = found.get(path, (None, ""))
        yield Verdict(case, path, column, mine, confidence)
    for path, (column, confidence) in found.items():
        if path not in wanted and column is not None and column != "TODO":
            yield Verdict(case, f"{path} (not wanted)", None, column, confidence)


def _lists(case: str, plan: KindPlan, label: dict[str, Any]) -> Iterator[Verdict]:
    for name, one in label.get("lists", {}).items():
        child = next((child for child in plan.children if child.list == name), None)
        yield Verdict(
            case, f"list {name}", one["table"], child.table.name if child else None, child.confidence if child else ""
        )


def _codes(case: str, plan: KindPlan, label: dict[str, Any]) -> Iterator[Verdict]:
    files = {file.name: file for file in plan.codes}
    for name, words in label.get("codes", {}).items():
        found = {line.source: line.guess for line in files[name].lines} if name in files else {}
        for word, code in words.items():
            guess = found.get(word)
            confidence = ("high" if guess.sure else "low") if guess else ""
            yield Verdict(case, f"code {name} {word}", code, guess.code if guess else None, confidence)
