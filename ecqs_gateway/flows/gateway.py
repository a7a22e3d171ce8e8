"""The gateway opened: settings, content, ledger, stage, keys and connections, each made when it is first needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import sqlalchemy as sa

from ecqs_gateway.content.load import Content, load
from ecqs_gateway.content.models import ConnectorFile, NationalFile
from ecqs_gateway.content.problems import Problem
from ecqs_gateway.deliver.package import SealedBatch
from ecqs_gateway.deliver.signing import Signer, Trust, algorithm
from ecqs_gateway.doors.clock import Clock, now, today
from ecqs_gateway.doors.connections import Resolver, connection
from ecqs_gateway.doors.salts import load_salt
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.doors.xml_schema import Schema, load_schema
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.extract import Source, open_source
from ecqs_gateway.flows.facts import FactPlan
from ecqs_gateway.flows.lane import LanePlan
from ecqs_gateway.flows.limits import Limits
from ecqs_gateway.flows.progress import Progress, Silent
from ecqs_gateway.ledger import bundles, retention
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import Stage
from ecqs_gateway.ledger.tables import lane as lane_table
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.persons import needs_salt, salted
from ecqs_gateway.model import kinds
from ecqs_gateway.model.batch import SCHEMA_VERSION
from ecqs_gateway.model.types import FieldProblem
from ecqs_gateway.rules import ExprContext, compile_rules
from ecqs_gateway.settings import Settings, load_settings

__all__ = ["Gateway", "open_gateway", "open_ledger"]

SIGNING_KEY = "gateway-{algorithm}.pem"
"""File under the keys folder with the gateway's private key."""
HEADQUARTERS_KEYS = "headquarters-{algorithm}*.pem"
"""Files under the keys folder with headquarters' public keys; several while a key is being changed."""
PROVED = "proved-content"
"""File under the home with digests of rules that were found good; it may be deleted at any time."""


@dataclass(frozen=True)
class Gateway:
    """Everything a flow works with."""

    settings: Settings
    content: Content
    database: Database
    stage: Stage
    resolve: Resolver
    clock: Clock = now
    progress: Progress = field(default_factory=Silent)
    limits: Limits = field(default_factory=Limits)

    def listening(self, progress: Progress | None) -> Gateway:
        """Give the same gateway with someone who listens to its steps."""
        return self if progress is None else replace(self, progress=progress)

    def units(self, wanted: Sequence[str] = ()) -> list[str]:
        """List the units that have a connector, broken ones included; raises Misconfigured for an unknown one."""
        unknown = sorted(set(wanted) - set(self.content.onboarded))
        if unknown:
            raise Misconfigured(
                "ECQS-6002",
                f"no connector for {', '.join(unknown)}",
                where="connectors/provinces",
                hint=f"units that have one: {', '.join(self.content.onboarded) or 'none'}",
            )
        return [unit for unit in self.content.onboarded if not wanted or unit in wanted]

    def unit_names(self) -> dict[str, str]:
        """Give the names of all reporting units."""
        return dict(self.content.units)

    def kinds(self, unit: str, wanted: Sequence[str] = ()) -> list[str]:
        """List the record kinds of a unit, as its connector has them.

        A unit whose connector cannot be read has one entry, so that its failure is seen.
        """
        connector = self.content.connectors.get(unit)
        found = list(connector.streams) if connector is not None else ["-"]
        return [kind for kind in found if not wanted or kind in wanted]

    def require_kinds(self, units: Sequence[str], wanted: Sequence[str]) -> None:
        """Raise Misconfigured ECQS-6018 for a kind that no connector of these units has: nothing would be done."""
        there = {kind for unit in units for kind in self.kinds(unit)}
        missing = sorted(set(wanted) - there)
        if missing and "-" not in there:  # a connector that cannot be read may have it
            raise Misconfigured(
                "ECQS-6018",
                f"no connector of {', '.join(units[:5])} has {', '.join(missing)}",
                where="--kind",
                hint=f"kinds they have: {', '.join(sorted(there)) or 'none'}",
            )

    @property
    def national(self) -> NationalFile:
        """Give the national settings; raises Misconfigured where they cannot be read."""
        if self.content.national is None:
            raise Misconfigured(
                "ECQS-6003",
                "connectors/national.yaml is missing or cannot be read",
                hint="run `ecqs check`: it says what is wrong and where",
            )
        return self.content.national

    def keep_content(self) -> None:
        """Keep the content bundle, so that what is made with it can be proven; costs one read where it is kept."""
        bundles.keep(self.database, self.stage, self.content.digest, self.content.files, clock=self.clock)

    @cached_property
    def schema(self) -> Schema:
        """Give the exchange schema, compiled."""
        return load_schema(self._schemas / "batch.xsd")

    @cached_property
    def receipt_schema(self) -> Schema:
        """Give the schema of receipts, compiled."""
        return load_schema(self._schemas / "receipt.xsd")

    @cached_property
    def inspector_schema(self) -> Schema:
        """Give the schema of the national list of inspectors, compiled."""
        return load_schema(self._schemas / "inspector_list.xsd")

    @property
    def _schemas(self) -> Path:
        return self.content.root / "schemas" / "ecqs" / SCHEMA_VERSION

    @cached_property
    def vault(self) -> Vault:
        """Give what seals payloads at rest: the same keys the stage seals its frames with."""
        return Vault.of(self.settings.keys)

    @cached_property
    def signer(self) -> Signer:
        """Give the gateway's signing key."""
        name = self.national.signature.algorithm
        file = self.settings.keys / SIGNING_KEY.format(algorithm=name)
        if not file.is_file():
            raise Misconfigured(
                "ECQS-4026",
                f"the gateway's {name} signing key is missing",
                where=str(file),
                hint="make one with `ecqs keys init`, and give its public half to headquarters",
            )
        return algorithm(name).signer(file.read_bytes())

    @cached_property
    def trust(self) -> Trust:
        """Give headquarters' keys."""
        keys = [
            (name, file.read_bytes())
            for name in ("ed25519", "sm2-sm3")
            for file in sorted(self.settings.keys.glob(HEADQUARTERS_KEYS.format(algorithm=name)))
        ]
        if not keys:
            raise Misconfigured(
                "ECQS-4027",
                "no public key of headquarters is known, so no receipt could be believed",
                where=str(self.settings.keys),
                hint="take in the key headquarters gave you with `ecqs keys trust FILE.pem`",
            )
        return Trust.of(keys)

    def connector(self, unit: str) -> ConnectorFile:
        """Give a unit's connector; raises Misconfigured with the first problem where it cannot be read."""
        found = self.content.connectors.get(unit)
        if found is None:
            raise _broken(self.content.unit_problems(unit))
        return found

    def lane(self, unit: str, kind: str) -> LanePlan:
        """Make one unit and kind ready; raises Misconfigured with the first problem where its content is broken."""
        return _lane_plan(self, unit, kind)

    def source(self, lane: LanePlan) -> AbstractContextManager[Source]:
        """Open a lane's source for reading, in one consistent snapshot."""
        found = self.resolve(lane.connector.source.connection)
        source = open_source(lane.connector, lane.kind, found)
        source.arrived = self.limits.arrived
        return source

    def peek(self, unit: str, kind: str) -> tuple[int, str | None]:
        """Give a lane's number and watermark without making the lane; 0 and None where there is none yet."""
        wanted = sa.select(lane_table.c.id, lane_table.c.watermark).where(
            lane_table.c.unit == unit, lane_table.c.kind == kind
        )
        with self.database.read() as connection_:
            found = connection_.execute(wanted).first()
        return (found.id, found.watermark) if found else (0, None)

    @staticmethod
    def parts_json(sealed: SealedBatch) -> str:
        """Write the parts of a sealed batch as the ledger keeps them for checking receipts."""
        parts = [[part.name, part.digest_algorithm, part.digest] for part in sealed.manifest.parts]
        return json.dumps(parts)

    @staticmethod
    def canonical_key(text: str) -> str | None:
        """Give the canonical spelling when a text is a certificate number in any spelling; None otherwise."""
        spec = kinds.spec("certificate")
        number = next(leaf for leaf in spec.leaves() if leaf.path == spec.key)
        try:
            return str(number.type.read(text))
        except FieldProblem:
            return None


def _broken(problems: Sequence[Problem]) -> Misconfigured:
    """Make an error of the first problem that blocks, and say how many more there are."""
    first = next(problem for problem in problems if problem.blocking)
    more = sum(problem.blocking for problem in problems) - 1
    return Misconfigured(
        first.code,
        first.message + (f" ({more} more)" if more else ""),
        where=f"{first.file}:{first.line}:{first.column}",
        hint=first.hint or "run `ecqs check` for all problems",
    )


def _lane_plan(gateway: Gateway, unit: str, kind: str) -> LanePlan:
    content = gateway.content
    blocking = [p for p in (*content.unit_problems(unit), *content.shared_problems) if p.blocking]
    if blocking:
        raise _broken(blocking)
    connector = content.connectors[unit]
    compiled = content.compiled.get((unit, kind))
    if kind not in connector.streams or compiled is None:
        raise Misconfigured(
            "ECQS-6004",
            f"there is no mapping for {kind}",
            where=f"mappings/{unit}/{kind}.yaml",
            hint="write the mapping, or take the stream out of the connector",
        )
    spec = kinds.spec(kind)
    context = ExprContext(content.codes, content.calendar, today())
    rules = compile_rules(spec, list(content.rules.values()), context)
    if needs_salt(compiled):
        compiled = _salted(gateway, compiled)
    facts = FactPlan.of(content, spec, gateway.clock().date())
    return LanePlan(unit, kind, spec, connector, connector.streams[kind], compiled, rules, facts)


def _salted(gateway: Gateway, compiled: CompiledMapping) -> CompiledMapping:
    """Give the mapping with the unit's salt; source rows hold id numbers then, so they must be sealed at rest."""
    if not gateway.vault.sealing:
        raise Misconfigured(
            "ECQS-7104",
            "the source holds id numbers, and there is no payload key to seal its rows with",
            where=compiled.where,
            hint="make one with `ecqs keys init`",
        )
    return salted(compiled, load_salt(gateway.settings.keys, compiled.mapping.unit))


@contextmanager
def open_ledger(settings: Settings | None = None) -> Iterator[Database]:
    """Open the ledger alone, brought up to date: for what must work whatever the content is like."""
    database = Database((settings or load_settings()).ledger_url)
    try:
        database.upgrade()
        yield database
    finally:
        database.dispose()


@contextmanager
def open_gateway(
    settings: Settings | None = None, *, connections: Resolver = connection, clock: Clock = now
) -> Iterator[Gateway]:
    """Open the gateway for the time of a command or task: content loaded, ledger brought up to date."""
    settings = settings or load_settings()
    with open_ledger(settings) as database:
        content = load(settings.content, proved=settings.home / PROVED)
        stage = Stage(settings.stage, Vault.of(settings.keys), partial(retention.removed_at, database))
        yield Gateway(settings, content, database, stage, connections, clock)
