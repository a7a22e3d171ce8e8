"""Checks the bundle as a whole and compiles what is sound: code tables, code files, mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ecqs_gateway.content.case_runs import SourceShape, run_case
from ecqs_gateway.content.codes import load_code_tables
from ecqs_gateway.content.cross import (
    Surroundings,
    at,
    check_case,
    check_connector,
    check_mapping,
    check_newest,
    check_source,
    used_codes,
)
from ecqs_gateway.content.files import Bundle, place_of
from ecqs_gateway.content.followup_checks import check_followups
from ecqs_gateway.content.models import CaseFile, ConnectorFile, MappingFile, RulesFile
from ecqs_gateway.content.models_followups import FollowUpsFile
from ecqs_gateway.content.models_sources import SourceFile
from ecqs_gateway.content.models_vocabulary import VocabularyFile, check_vocabulary
from ecqs_gateway.content.places import Lane, Loaded
from ecqs_gateway.content.problems import Problem, Severity, nearest
from ecqs_gateway.content.proved import Proved
from ecqs_gateway.content.rule_checks import check_catalogue
from ecqs_gateway.content.shapes import seen
from ecqs_gateway.content.todos import unfinished_cells
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.mapping.codes import LocalCodeTable, load_local_codes
from ecqs_gateway.mapping.compile import Columns, inspect_mapping
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.expr import ExprContext
from ecqs_gateway.mapping.faults import MappingProblem
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import KindSpec, Leaf
from ecqs_gateway.model.types import Code
from ecqs_gateway.rules.calendar import WorkingCalendar, load_calendar
from ecqs_gateway.rules.catalogue import CompiledRules, compile_rules
from ecqs_gateway.rules.check import EXAMPLE_DAY

__all__ = ["Checked", "check_bundle"]

_FOLLOW_FROM_GAPS = frozenset({"ECQS-1031", "ECQS-1051"})
_UNITS = "schemas/codes/units.csv"
_CALENDAR = "schemas/calendar"
_RULES = "schemas/rules/"
_LISTED = 12
"""Longest code table a hint lists in full."""


@dataclass(frozen=True)
class Checked:
    """What checking the bundle gave."""

    units: Mapping[str, str]
    codes: CodeTables
    local_codes: Mapping[str, Mapping[str, LocalCodeTable]]
    compiled: Mapping[Lane, CompiledMapping]
    problems: tuple[Problem, ...]
    calendar: WorkingCalendar


def check_bundle(
    root: Path, bundle: Bundle, files: list[Loaded], *, today: date, cases: bool, proved: Proved
) -> Checked:
    """Run every check that needs more than one file; nothing found in one unit keeps another from being checked.

    ``cases`` says whether the sample rows are run through their mappings, too; rules and follow-ups that are
    ``proved`` are not checked again.
    """
    return _Check(root, bundle, files, today, cases, proved).run()


@dataclass
class _Check:
    root: Path
    bundle: Bundle
    files: list[Loaded]
    today: date
    cases: bool
    proved: Proved
    problems: list[Problem] = field(default_factory=list)

    def run(self) -> Checked:
        codes = self._code_tables()
        units = _units(codes)
        calendar = self._calendar()
        local = self._local_codes()
        around = self._surroundings(units)
        compiled: dict[Lane, CompiledMapping] = {}
        for file in self.files:
            if isinstance(file.model, ConnectorFile):
                self.problems.extend(check_connector(file, file.model, around))
            elif isinstance(file.model, MappingFile):
                self.problems.extend(check_mapping(file, file.model, around))
                self._compile(file, file.model, around, codes, local, compiled)
            elif isinstance(file.rest, MappingFile):
                self._look_at_rest(file, file.rest, around, codes, local)
            elif isinstance(file.model, SourceFile):
                self.problems.extend(check_source(file, file.model, around))
            elif isinstance(file.model, VocabularyFile):
                self.problems.extend(check_vocabulary(file, file.model, codes))
            elif isinstance(file.model, FollowUpsFile):
                context = ExprContext(codes, calendar, EXAMPLE_DAY)
                self._unless_proved(file.path, partial(check_followups, file, file.model, context))
            elif isinstance(file.model, CaseFile):
                mapping = self._mapping(file.place.unit, file.model.kind)
                connector = around.connectors.get(file.place.unit)
                self.problems.extend(check_case(file, file.model, mapping, connector))
        if self.cases:
            self._run_cases(around, compiled, codes, calendar)
        self._unused_codes(local)
        self._national()
        self._rules(codes, calendar)
        return Checked(units, codes, local, MappingProxyType(compiled), tuple(self.problems), calendar)

    def _code_tables(self) -> CodeTables:
        tables, found = load_code_tables(self.root / "schemas" / "codes")
        self.problems.extend(found)
        if "units" not in tables and not any(problem.file == _UNITS for problem in found):
            message = "the file is missing: nothing says which reporting units there are"
            self.problems.append(Problem(_UNITS, 1, 1, "error", "ECQS-1070", message))
        return tables

    def _calendar(self) -> WorkingCalendar:
        before = len(self.problems)
        for path, raw in self.bundle.files.items():
            if (place := place_of(path)) is not None and place.role == "calendar":
                self._utf8(path, raw)
        if len(self.problems) > before:
            return WorkingCalendar({})
        try:
            return load_calendar(self.root / _CALENDAR)
        except Misconfigured as error:
            name, _, line = (error.where or "").partition(":")
            file = f"{_CALENDAR}/{name}"
            self.problems.append(Problem(file, int(line or 1), 1, "error", error.code, error.message, error.hint))
        return WorkingCalendar({})

    def _local_codes(self) -> Mapping[str, Mapping[str, LocalCodeTable]]:
        found: dict[str, dict[str, LocalCodeTable]] = {}
        for path, raw in self.bundle.files.items():
            place = place_of(path)
            if place is None or place.role != "local_codes":
                continue
            text = self._utf8(path, raw)
            if text is not None:
                table, mistakes = load_local_codes(place.name, text, path)
                self.problems.extend(_of_code_file(mistake, None) for mistake in mistakes)
                self.problems.extend(unfinished_cells(path, text))
                found.setdefault(place.unit, {})[place.name] = table
        return MappingProxyType({unit: MappingProxyType(tables) for unit, tables in found.items()})

    def _utf8(self, path: str, raw: bytes) -> str | None:
        """Decode a CSV file; spreadsheets put a byte order mark before it, which is let pass."""
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            hint = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
            self.problems.append(Problem(path, line, 1, "error", "ECQS-1002", "the file is not UTF-8", hint))
            return None

    def _surroundings(self, units: Mapping[str, str]) -> Surroundings:
        connectors = {f.place.unit: f.model for f in self.files if isinstance(f.model, ConnectorFile)}
        sources = {f.place.unit: f.model for f in self.files if isinstance(f.model, SourceFile)}
        mappings = frozenset((f.place.unit, f.place.name) for f in self.files if f.place.role == "mapping")
        written = frozenset(f.place.unit for f in self.files if f.place.role == "connector")
        return Surroundings(units, connectors, written, mappings, sources)

    def _mapping(self, unit: str, kind: str) -> MappingFile | None:
        for file in self.files:
            if isinstance(file.model, MappingFile) and (file.place.unit, file.model.kind) == (unit, kind):
                return file.model
        return None

    def _compile(
        self,
        file: Loaded,
        mapping: MappingFile,
        around: Surroundings,
        codes: CodeTables,
        local: Mapping[str, Mapping[str, LocalCodeTable]],
        compiled: dict[Lane, CompiledMapping],
    ) -> None:
        """Let the compiler of the mapping language look at a mapping, with all that is known of its source."""
        if mapping.kind not in KINDS or mapping.kind != file.place.name:
            return
        unit = file.place.unit
        tables = local.get(unit, {})
        columns, children = _seen(unit, mapping.kind, around)
        kind = spec(mapping.kind)
        try:
            result = inspect_mapping(mapping, kind, codes, tables, columns, children=children, today=self.today)
        except Misconfigured as error:
            # A code table the kind needs is missing: said once of the table, and here, because it cannot be compiled.
            self.problems.append(at(file, (), error.code, error.message, error.hint))
            return
        for mistake in result.problems:
            self.problems.append(_converted(file, mistake, kind, codes, tables))
        if result.mapping is None:
            return
        compiled[unit, mapping.kind] = result.mapping
        connector = around.connectors.get(unit)
        if connector is not None and kind.kind in connector.streams:
            made_of = [name for name, users in result.mapping.wanted.items() if kind.key in users]
            self.problems.extend(check_newest(file, mapping, kind.key, connector.streams[kind.kind], made_of))
        if columns is not None and connector is not None:
            by_connector = _connector_columns(connector, mapping.kind)
            for name in result.mapping.coverage(columns).unknown:
                if name not in by_connector and not name.startswith("__"):
                    message = f"the source column {name} is neither used nor ignored"
                    hint = "map it, or add it to ignore"
                    self.problems.append(at(file, ("ignore",), "ECQS-1051", message, hint, severity="warning"))

    def _look_at_rest(
        self,
        file: Loaded,
        mapping: MappingFile,
        around: Surroundings,
        codes: CodeTables,
        local: Mapping[str, Mapping[str, LocalCodeTable]],
    ) -> None:
        """Tell the mistakes of the good fields of a mapping whose other fields cannot be read."""
        found: dict[Lane, CompiledMapping] = {}
        before = len(self.problems)
        self._compile(file, mapping, around, codes, local, found)
        # What the wrong fields would have used or given is missing here, and is no mistake of its own.
        mine = [one for one in self.problems[before:] if one.code not in _FOLLOW_FROM_GAPS]
        self.problems[before:] = mine

    def _run_cases(
        self,
        around: Surroundings,
        compiled: Mapping[Lane, CompiledMapping],
        codes: CodeTables,
        calendar: WorkingCalendar,
    ) -> None:
        """Run the cases of every mapping that compiles, with the rules that compile."""
        catalogue = [f.model for f in self.files if isinstance(f.model, RulesFile)]
        context = ExprContext(codes, calendar, EXAMPLE_DAY)
        rules: dict[str, CompiledRules | None] = {}
        for file in self.files:
            case = file.model
            connector = around.connectors.get(file.place.unit)
            if not isinstance(case, CaseFile) or connector is None or case.kind not in connector.streams:
                continue
            mapping = compiled.get((file.place.unit, case.kind))
            if mapping is None:
                continue
            if case.kind not in rules:
                rules[case.kind] = _rules_of(case.kind, catalogue, context)
            columns, children = _seen(file.place.unit, case.kind, around)
            for found in run_case(case, mapping, rules[case.kind], SourceShape(connector, columns, children)):
                self.problems.append(at(file, found.path, "ECQS-1045", found.message, found.hint))

    def _rules(self, codes: CodeTables, calendar: WorkingCalendar) -> None:
        # Rules judged by half a code table or no calendar would be told of mistakes they do not have.
        if not any(p.blocking and p.file.startswith(("schemas/codes/", f"{_CALENDAR}/")) for p in self.problems):
            self._unless_proved(_RULES, partial(check_catalogue, self.files, codes, calendar))

    def _unless_proved(self, place: str, check: Callable[[], Iterable[Problem]]) -> None:
        """Run a check of the files below a place, unless just these were found good before."""
        digest = self.proved.digest(self.bundle, place)
        if self.proved.good(digest):
            return
        found = list(check())
        self.problems.extend(found)
        if not found:
            self.proved.keep(digest)

    def _unused_codes(self, local: Mapping[str, Mapping[str, LocalCodeTable]]) -> None:
        unreadable = {f.place.unit for f in self.files if f.place.role == "mapping" and f.model is None}
        used: dict[str, set[str]] = {}
        for file in self.files:
            if isinstance(file.model, MappingFile):
                used.setdefault(file.place.unit, set()).update(used_codes(file.model))
        for unit, tables in local.items():
            if unit in unreadable:
                continue
            for name, table in tables.items():
                if name not in used.get(unit, ()):
                    hint = f"name it in a mapping (codes: {{table: {name}, …}}), or delete it"
                    message = "no mapping of the unit uses this code file"
                    self.problems.append(Problem(table.file, 1, 1, "warning", "ECQS-1044", message, hint))

    def _national(self) -> None:
        if not any(file.place.role == "national" for file in self.files):
            message = "the file is missing: nothing says how to reach headquarters"
            hint = "copy connectors/_template/national.yaml"
            self.problems.append(Problem("connectors/national.yaml", 1, 1, "error", "ECQS-1070", message, hint))


def _rules_of(kind: str, catalogue: list[RulesFile], context: ExprContext) -> CompiledRules | None:
    try:
        return compile_rules(spec(kind), catalogue, context)
    except Misconfigured:
        return None  # told of the rule itself


def _units(codes: CodeTables) -> Mapping[str, str]:
    if "units" not in codes:
        return {}
    rows = codes["units"].rows
    return MappingProxyType(dict(zip(rows["code"].to_list(), rows["name"].to_list(), strict=True)))


def _seen(unit: str, kind: str, around: Surroundings) -> tuple[Columns | None, Mapping[str, Columns | None] | None]:
    connector = around.connectors.get(unit)
    return seen(connector, around.sources.get(unit), kind) if connector is not None else (None, None)


def _connector_columns(connector: ConnectorFile, kind: str) -> frozenset[str]:
    stream = connector.streams.get(kind)
    if stream is None:
        return frozenset()
    names = [*stream.key]
    names += [stream.changed_at] if stream.changed_at is not None else []
    names += [name for child in stream.children.values() for name in child.key]
    return frozenset(names)


def _converted(
    file: Loaded, mistake: MappingProblem, kind: KindSpec, codes: CodeTables, tables: Mapping[str, LocalCodeTable]
) -> Problem:
    """Give the compiler's finding its place in the file."""
    if mistake.file is not None:
        return _of_code_file(mistake, _code_hint(mistake, kind, codes, tables))
    return at(file, mistake.path, mistake.code, mistake.message, mistake.hint, severity=_severity(mistake))


def _of_code_file(mistake: MappingProblem, meant: tuple[str, str | None] | None) -> Problem:
    text, hint = meant or (None, None)
    place = mistake.file or "", mistake.line or 1, mistake.column or 1
    return Problem(
        *place, _severity(mistake), mistake.code, mistake.message, mistake.hint or hint, mistake.text or text
    )


def _severity(mistake: MappingProblem) -> Severity:
    return "warning" if mistake.severity == "warning" else "error"


def _code_hint(
    mistake: MappingProblem, kind: KindSpec, codes: CodeTables, tables: Mapping[str, LocalCodeTable]
) -> tuple[str, str | None] | None:
    """Find the national code that was probably meant in a line of a code file."""
    written = next(
        (
            code.national
            for t in tables.values()
            if t.file == mistake.file
            for code in t.codes
            if code.line == mistake.line
        ),
        None,
    )
    leaf = _leaf(kind, [str(step) for step in mistake.path])
    if written is None:
        return None
    if leaf is None or not isinstance(leaf.type, Code) or leaf.type.table not in codes:
        return written, None
    return written, _meant_code(written, codes[leaf.type.table])


def _meant_code(written: str, table: CodeTable) -> str | None:
    """Say which national code was probably meant; people also write its name in place of the code."""
    names = dict(zip(table.rows["code"].to_list(), table.rows["name"].to_list(), strict=True))
    by_name = {name: code for code, name in names.items()}
    code = by_name.get(written) or nearest(written, names) or by_name.get(nearest(written, by_name) or "")
    if code is not None:
        return f"did you mean {code!r} ({names[code]})?"
    if len(names) <= _LISTED:
        return f"allowed: {', '.join(f'{one} {name}' for one, name in names.items())}"
    return f"the codes stand in schemas/codes/{table.name}.csv"


def _leaf(kind: KindSpec, path: list[str]) -> Leaf | None:
    """Follow the place of a field in a mapping file to the field."""
    leaves: Iterator[Leaf] = iter(())
    if path[:1] == ["fields"]:
        leaves, path = kind.leaves(), path[1:]
    elif path[:1] == ["children"] and path[2:3] == ["fields"]:
        leaves = (leaf for node in kind.repeated() if node.path == path[1] for leaf in node.leaves())
        path = path[3:]
    return next((leaf for leaf in leaves if path and leaf.path == path[0]), None)
