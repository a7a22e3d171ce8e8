"""The use case: look at a source, propose its record kinds, and write the files."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ecqs_gateway.content.load import Content
from ecqs_gateway.content.models_sources import observed_text
from ecqs_gateway.doors.connections import Resolver
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract.describe import ColumnDescription, SourceDescription, TableDescription
from ecqs_gateway.extract.survey import Survey, Surveyed
from ecqs_gateway.flows.onboard.cases import Rules, make_cases
from ecqs_gateway.flows.onboard.plan import KindPlan, plan_kind
from ecqs_gateway.flows.onboard.render import case_text, connector_text, mapping_text
from ecqs_gateway.flows.onboard.source import Origin, origin
from ecqs_gateway.flows.onboard.tables import Knowledge, Reading, fits, read_as
from ecqs_gateway.mapping.drift_rows import filled
from ecqs_gateway.model.kinds import KINDS

__all__ = ["Options", "Proposal", "TableNote", "onboard", "propose", "write"]


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    unit: str
    source: str | None = None
    """Connection id, URL, SQLite file or folder; the connection ecqs_<unit> unless given."""
    kinds: tuple[str, ...] = ()
    """Record kinds to propose; all that are found unless given."""
    tables: tuple[str, ...] = ()
    """Tables or files to look at; all unless given."""
    owner: str = "TODO"
    rows: int = 400
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Secret of the stand-ins in cases; with the same one a value has the same stand-in in every run."""


@dataclass(frozen=True)
class TableNote:
    """One table and what it was taken for."""

    table: str
    columns: int
    taken_for: str
    why: str


@dataclass(frozen=True)
class Proposal:
    """What is proposed, and the text of every file by its path below the content folder."""

    unit: str
    name: str
    plans: tuple[KindPlan, ...]
    tables: tuple[TableNote, ...]
    files: dict[str, str] = field(repr=False)
    remarks: tuple[str, ...] = ()
    setting: str | None = None


def onboard(content: Content, options: Options, resolve: Resolver) -> Proposal:
    """Look at the source and propose; raises Misconfigured ECQS-6901 to 6904, and what reading the source raises."""
    _check(content, options)
    return propose(content, options, origin(options.source, options.unit, options.rows, resolve))


def _check(content: Content, options: Options) -> None:
    if options.unit not in content.units:
        from ecqs_gateway.content.problems import did_you_mean  # noqa: PLC0415

        raise Misconfigured(
            "ECQS-6901",
            f"{options.unit} is no reporting unit",
            where="schemas/codes/units.csv",
            hint=did_you_mean(options.unit, content.units, listed=0) or "units have six digits, such as 330000",
        )
    for kind in options.kinds:
        if kind not in KINDS:
            raise Misconfigured(
                "ECQS-6902",
                f"there is no record kind {kind!r}",
                where="--kind",
                hint=f"one of {', '.join(sorted(KINDS))}",
            )
    if content.vocabulary is None:
        raise Misconfigured(
            "ECQS-6903",
            "schemas/onboarding/vocabulary.yaml is missing or cannot be read",
            hint="run `ecqs check`: it says what is wrong; the file comes with the gateway",
        )


def propose(content: Content, options: Options, found: Origin) -> Proposal:
    """Propose from a source already opened."""
    if content.vocabulary is None:
        raise ValueError("no vocabulary")
    survey, knowledge = found.survey, Knowledge(content.vocabulary, content.codes)
    tables = survey.tables(options.tables)
    readings = _readings(tables, options.kinds or tuple(sorted(KINDS)), knowledge)
    chosen = _chosen(readings, forced=bool(options.kinds))
    if not chosen:
        raise _nothing(tables, options)
    unit = (options.unit, content.units[options.unit])
    plans = tuple(plan_kind(unit, reading, tables, survey, knowledge) for reading in chosen)
    notes = tuple(_notes(tables, plans, readings))
    files = _files(content, options, found, plans, knowledge)
    return Proposal(*unit, plans, notes, files, tuple(survey.remarks), found.setting)


def _readings(tables: Sequence[Surveyed], kinds: Sequence[str], knowledge: Knowledge) -> list[Reading]:
    found = [read_as(table, kind, knowledge) for table in tables for kind in kinds]
    return sorted(found, key=lambda reading: -reading.score)


def _chosen(readings: Sequence[Reading], *, forced: bool) -> list[Reading]:
    """Take the best table of each kind; each table is of one kind, the one it fits best."""
    chosen: dict[str, Reading] = {}
    taken: set[str] = set()
    for reading in readings:
        kind = reading.kind.kind
        if kind in chosen or reading.table.name in taken or not (fits(reading) or forced):
            continue
        if not reading.made.fields or (not forced and not _telling(reading)):
            continue
        chosen[kind] = reading
        taken.add(reading.table.name)
    return [chosen[kind] for kind in sorted(chosen)]


def _telling(reading: Reading) -> bool:
    """Say whether a table shows what only this kind has, and not just a firm's name and address."""
    required = {leaf.path for leaf in reading.kind.leaves() if leaf.required}
    of_item = {f"{node.path}.{leaf.path}" for node in reading.kind.repeated() for leaf in node.leaves()}
    own = [target for target in reading.made.fields if target not in of_item]
    return reading.kind.key in reading.made.fields or len(required & set(own)) >= 3


def _nothing(tables: Sequence[Surveyed], options: Options) -> Misconfigured:
    looked = ", ".join(ascii(table.name)[1:-1] for table in tables[:10]) or "none"
    asked = f" {' or '.join(options.kinds)}" if options.kinds else " a record kind"
    return Misconfigured(
        "ECQS-6904",
        f"no table looks like{asked}",
        where=options.source or f"ecqs_{options.unit}",
        hint=f"looked at: {looked}. Say which one it is with --table and --kind, or copy connectors/_template",
    )


def _notes(tables: Sequence[Surveyed], plans: Sequence[KindPlan], readings: Sequence[Reading]) -> Iterator[TableNote]:
    for table in tables:
        plan = next((one for one in plans if one.table.name == table.name), None)
        if plan is not None:
            yield TableNote(table.name, len(table.columns), plan.kind.kind, plan.why)
            continue
        owner = next(((p, c) for p in plans for c in p.children if c.table.name == table.name), None)
        if owner is not None:
            yield TableNote(table.name, len(table.columns), f"{owner[0].kind.kind}.{owner[1].list}", owner[1].why)
            continue
        best = next((reading for reading in readings if reading.table.name == table.name), None)
        near = f"nearest: {best.kind.kind}, {best.why}" if best is not None and best.made.fields else "nothing fits"
        yield TableNote(table.name, len(table.columns), "-", near)


def _files(
    content: Content, options: Options, found: Origin, plans: Sequence[KindPlan], knowledge: Knowledge
) -> dict[str, str]:
    unit, name = options.unit, content.units[options.unit]
    source = {"type": found.survey.type, "connection": found.connection}
    files = {f"connectors/provinces/{unit}.yaml": connector_text(unit, name, options.owner, source, plans)}
    rules = Rules(tuple(content.rules.values()), content.calendar)
    for plan in plans:
        files[f"mappings/{unit}/{plan.kind.kind}.yaml"] = mapping_text(plan, options.owner)
        for code in plan.codes:
            files[f"mappings/{unit}/codes/{code.name}.csv"] = code.text()
        for case in make_cases(plan, knowledge, rules, options.secret):
            files[f"mappings/{unit}/cases/{plan.kind.kind}-sample-{case.number}.yaml"] = case_text(plan, case)
    files[f"schemas/sources/{unit}.json"] = observed_text(_description(unit, found.survey, plans))
    return files


def _description(unit: str, survey: Survey, plans: Sequence[KindPlan]) -> SourceDescription:
    streams: dict[str, list[str]] = {}
    tables: dict[str, TableDescription] = {}
    for plan in plans:
        mine = {plan.table.name: plan.table, **{child.table.name: child.table for child in plan.children}}
        streams[plan.kind.kind] = list(mine)
        for name, table in mine.items():
            if table.description is not None:
                key = list(plan.stream.key.columns) if table.stream else table.description["key"]
                tables[name] = _counted({**table.description, "key": key}, table.sample)
    return {
        "unit": unit,
        "type": survey.type,
        "dialect": survey.dialect,
        "streams": streams,
        "tables": {name: tables[name] for name in sorted(tables)},
    }


def _counted(table: TableDescription, sample: pl.DataFrame) -> TableDescription:
    """Add to a description how often each column is filled in the sample: drift is judged by it."""
    columns: list[ColumnDescription] = [
        {**column, "filled": filled(sample[column["name"]])} if column["name"] in sample.columns else column
        for column in table["columns"]
    ]
    return {"comment": table["comment"], "key": table["key"], "rows": sample.height, "columns": columns}


def write(proposal: Proposal, folder: Path, *, force: bool = False) -> list[Path]:
    """Write the files below a folder; raises Misconfigured ECQS-6905 where one is there already, before any is written.

    With ``force`` they are replaced.
    """
    there = [name for name in proposal.files if (folder / name).exists()]
    if there and not force:
        raise Misconfigured(
            "ECQS-6905",
            f"{len(there)} of the {len(proposal.files)} files are there already, so nothing was written",
            where=str(folder / there[0]),
            hint="--out FOLDER writes elsewhere to compare; --force replaces them, with what people decided in them",
        )
    for name, text in proposal.files.items():
        write_atomic(folder / name, text.encode())
    return [folder / name for name in proposal.files]
