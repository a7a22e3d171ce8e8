"""Loads the content folders: every file read, checked and compiled, every mistake reported, nothing hidden.

A mistake breaks the smallest thing it can: a file of one unit breaks that unit, a file all units need (code tables,
rules, national.yaml) breaks the bundle, and everything else is still loaded and usable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ecqs_gateway.content.explain import explain, without_faults
from ecqs_gateway.content.files import Bundle, Place, place_of, scan
from ecqs_gateway.content.models import CaseFile, ConnectorFile, MappingFile, NationalFile, RulesFile
from ecqs_gateway.content.models_clauses import ClausesFile
from ecqs_gateway.content.models_followups import FollowUpsFile
from ecqs_gateway.content.models_sources import SourceFile
from ecqs_gateway.content.models_vocabulary import VocabularyFile
from ecqs_gateway.content.places import Lane, Loaded
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.content.todos import unfinished_values
from ecqs_gateway.content.yaml_reader import Document, read_yaml
from ecqs_gateway.doors import clock
from ecqs_gateway.model.codes import CodeTables

if TYPE_CHECKING:
    from ecqs_gateway.content.proved import Proved
    from ecqs_gateway.mapping.codes import LocalCodeTable
    from ecqs_gateway.mapping.compiled import CompiledMapping
    from ecqs_gateway.rules.calendar import WorkingCalendar

__all__ = ["Content", "Lane", "load"]

AnyModel = TypeVar("AnyModel", bound=BaseModel)

_MODELS: Mapping[str, type[BaseModel]] = {
    "national": NationalFile,
    "connector": ConnectorFile,
    "mapping": MappingFile,
    "case": CaseFile,
    "rules": RulesFile,
    "followups": FollowUpsFile,
    "clauses": ClausesFile,
    "source": SourceFile,
    "vocabulary": VocabularyFile,
}


@dataclass(frozen=True)
class Content:
    """The content bundle in memory: what every flow works by.

    ``connectors`` by unit, ``mappings`` by (unit, kind), ``local_codes`` by unit and file name, ``cases`` by (unit,
    kind), ``sources`` by unit hold every file that could be read, also where cross-checks found something wrong:
    ask ``broken`` before using a unit. ``compiled`` holds only what is free of errors.
    """

    root: Path
    digest: str
    units: Mapping[str, str]
    """Names of the reporting units by code, as in schemas/codes/units.csv."""
    codes: CodeTables
    national: NationalFile | None
    connectors: Mapping[str, ConnectorFile]
    mappings: Mapping[Lane, MappingFile]
    local_codes: Mapping[str, Mapping[str, LocalCodeTable]]
    cases: Mapping[Lane, Mapping[str, CaseFile]]
    sources: Mapping[str, SourceFile]
    rules: Mapping[str, RulesFile]
    """The rule catalogue by file path."""
    followups: Mapping[str, FollowUpsFile]
    """What is to be done after records were sent, by file path."""
    calendar: WorkingCalendar
    vocabulary: VocabularyFile | None
    """What `ecqs onboard` knows of names and values; None where the file is missing, cannot be read or was proved."""
    compiled: Mapping[Lane, CompiledMapping]
    problems: tuple[Problem, ...]
    onboarded: tuple[str, ...] = field(default=())
    """Units that have a connector file, readable or not, in order."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The files ``digest`` is over, by path: what is kept when a run uses this bundle for the first time."""

    def unit_problems(self, unit: str) -> tuple[Problem, ...]:
        """Give the problems of the files of one unit."""
        return tuple(problem for problem in self.problems if _unit_of(problem.file) == unit)

    @property
    def shared_problems(self) -> tuple[Problem, ...]:
        """Give the problems of files that belong to no unit: national settings, code tables, rules."""
        return tuple(problem for problem in self.problems if not _unit_of(problem.file))

    def broken(self, unit: str) -> bool:
        """Say whether a unit cannot run: one of its files has an error or is still to be filled in."""
        return any(problem.blocking for problem in self.unit_problems(unit))

    @property
    def unusable(self) -> bool:
        """True when no unit can run: something they all need is broken."""
        return any(problem.blocking for problem in self.shared_problems)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Give the problems that are errors."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def lanes(self) -> tuple[Lane, ...]:
        """Give the (unit, kind) pairs that can run: stream and mapping are there, and the unit is not broken."""
        return tuple(
            (unit, kind)
            for unit in self.onboarded
            if not self.broken(unit)
            for kind in self.connectors[unit].streams
            if (unit, kind) in self.compiled
        )


def _unit_of(path: str) -> str:
    place = place_of(path)
    if place is not None:
        return place.unit
    # A stray file below a unit's folder is that unit's affair.
    parts = path.split("/")
    return parts[1] if parts[0] == "mappings" and len(parts) > 2 else ""


def load(root: Path, *, today: date | None = None, cases: bool = False, proved: Path | None = None) -> Content:
    """Read, check and compile the content below a folder; mistakes are in ``problems``, none is raised.

    ``today`` is the business date by which declarations of absence expire; the current one unless given.
    ``cases`` runs the sample rows of every mapping, too: for ``ecqs check``; a nightly run need not repeat it.
    ``proved`` is a file to remember in which rules, follow-ups and vocabulary were found good: those are not checked
    again, and the vocabulary, which only `ecqs onboard` works by, is not even read.
    """
    from ecqs_gateway.content.checks import Checked, check_bundle  # noqa: PLC0415  Polars, only when loading
    from ecqs_gateway.content.proved import Proved  # noqa: PLC0415

    bundle = scan(root)
    problems = list(bundle.problems)
    known = Proved(proved)
    files = [_read(path, bundle.files[path], problems) for path in _wanted(bundle, known)]
    day = today or clock.today()
    checked: Checked = check_bundle(root, bundle, files, today=day, cases=cases, proved=known)
    problems.extend(checked.problems)
    _remember_vocabulary(bundle, known, {problem.file for problem in problems})
    return Content(
        root=root,
        digest=bundle.digest,
        units=checked.units,
        codes=checked.codes,
        national=next(_models(files, NationalFile), None),
        connectors=_by_unit(files, ConnectorFile),
        mappings=MappingProxyType({_lane(f): m for f, m in _pairs(files, MappingFile)}),
        local_codes=checked.local_codes,
        cases=_cases(files),
        sources=_by_unit(files, SourceFile),
        rules=MappingProxyType({f.path: m for f, m in _pairs(files, RulesFile)}),
        followups=MappingProxyType({f.path: m for f, m in _pairs(files, FollowUpsFile)}),
        calendar=checked.calendar,
        vocabulary=next(_models(files, VocabularyFile), None),
        compiled=checked.compiled,
        problems=_without_todo_noise(problems),
        onboarded=_onboarded(bundle),
        files=bundle.files,
    )


def _role(path: str) -> str:
    place = place_of(path)
    return place.role if place is not None else ""


def _wanted(bundle: Bundle, known: Proved) -> Iterator[str]:
    """Give the files to be read: those with a model, but for a vocabulary that is known to be good."""
    for path in bundle.files:
        role = _role(path)
        if role in _MODELS and not (role == "vocabulary" and known.good(known.digest(bundle, path))):
            yield path


def _remember_vocabulary(bundle: Bundle, known: Proved, faulty: Collection[str]) -> None:
    for path in bundle.files:
        if _role(path) == "vocabulary" and path not in faulty and not known.good(known.digest(bundle, path)):
            known.keep(known.digest(bundle, path))


def _onboarded(bundle: Bundle) -> tuple[str, ...]:
    places = (place_of(path) for path in bundle.files)
    return tuple(sorted(place.unit for place in places if place is not None and place.role == "connector"))


def _read(path: str, raw: bytes, problems: list[Problem]) -> Loaded:
    """Read one file into its model; what is wrong goes to the problems, and the rest of it is still returned."""
    place = place_of(path) or Place("")
    model_type = _MODELS[place.role]
    document, found = read_yaml(path, raw)
    problems.extend(found)
    if document is None:
        return Loaded(path, place, None, None)
    problems.extend(unfinished_values(path, document))
    try:
        model = model_type.model_validate(document.data)
    except ValidationError as error:
        problems.extend(explain(error, document, file=path, model=model_type))
        return Loaded(path, place, document, None, _rest(error, document) if model_type is MappingFile else None)
    return Loaded(path, place, document, model)


def _rest(error: ValidationError, document: Document) -> MappingFile | None:
    """Give the mapping without its wrong fields, so that the other fields' mistakes are told in the same breath."""
    data = without_faults(error, document.data) if isinstance(document.data, dict) else None
    try:
        return MappingFile.model_validate(data) if data is not None else None
    except ValidationError:
        return None


def _without_todo_noise(problems: list[Problem]) -> tuple[Problem, ...]:
    """Leave out what checks say about a place that is known to be unfinished, and put all in reading order.

    A line of a code table is one place: what is said of its code is no news while the line is unfinished.
    """
    unfinished = {_spot(p) for p in problems if p.severity == "todo"}
    drafts = {p.file.split("/")[1] for p in problems if p.severity == "todo" and p.file.startswith("mappings/")}
    kept = {p for p in problems if p.severity == "todo" or not (_spot(p) in unfinished or _only_draft(p, drafts))}
    return tuple(sorted(kept, key=lambda problem: problem.sort_key))


def _spot(problem: Problem) -> tuple[str, int, int]:
    return (problem.file, problem.line, 0 if problem.file.endswith(".csv") else problem.column)


def _only_draft(problem: Problem, drafts: set[str]) -> bool:
    """Say whether a warning only follows from a mapping that is a draft: cases cannot run, code files seem unused."""
    parts = problem.file.split("/")
    return (
        problem.severity == "warning"
        and problem.code in {"ECQS-1023", "ECQS-1044"}
        and parts[0] == "mappings"
        and parts[1] in drafts
        and parts[2] in {"cases", "codes"}
    )


def _pairs(files: list[Loaded], kind: type[AnyModel]) -> Iterator[tuple[Loaded, AnyModel]]:
    return ((file, file.model) for file in files if isinstance(file.model, kind))


def _models(files: list[Loaded], kind: type[AnyModel]) -> Iterator[AnyModel]:
    return (model for _, model in _pairs(files, kind))


def _by_unit(files: list[Loaded], kind: type[AnyModel]) -> Mapping[str, AnyModel]:
    return MappingProxyType({file.place.unit: model for file, model in _pairs(files, kind)})


def _lane(file: Loaded) -> Lane:
    return file.place.unit, file.place.name


def _cases(files: list[Loaded]) -> Mapping[Lane, Mapping[str, CaseFile]]:
    found: dict[Lane, dict[str, CaseFile]] = {}
    for file, case in _pairs(files, CaseFile):
        found.setdefault((file.place.unit, case.kind), {})[file.path] = case
    return MappingProxyType({lane: MappingProxyType(cases) for lane, cases in found.items()})
