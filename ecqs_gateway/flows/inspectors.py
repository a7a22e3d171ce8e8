"""The national list of inspectors: pulled and verified, kept with its history, and written back to each province.

Pulling prefers the small files of changes and takes the whole list where they do not lead on from ours: the first
time, after a gap, or when one of them is not believed. What is refused is kept as evidence and changes nothing.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import polars as pl

from ecqs_gateway.content.models import InspectorTable
from ecqs_gateway.deliver.sftp import Folders, SftpTransport
from ecqs_gateway.doors.redact import redactor
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import Conflict, GatewayError, Terminal
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.inbound.inspector_target import target_name, write_file, write_table
from ecqs_gateway.inbound.inspector_xml import Believed, InspectorList, ListRefused, frame, open_list
from ecqs_gateway.inbound.inspectors import Held, difference, follow
from ecqs_gateway.ledger import inspectors as ledger
from ecqs_gateway.ledger.stage import StagedFile
from ecqs_gateway.model.inspector_list import ListName, parse_list_name

__all__ = ["FLOW", "Pulled", "Refused", "WrittenBack", "pull", "readable", "targets", "write_back", "write_back_all"]

FLOW = "inspectors"
_MOST_STEPS = 400
"""Files of changes followed one by one; farther behind, the whole list is one fetch."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A published file that was not believed: its name at headquarters, a stable code and why."""

    name: str
    code: str
    reason: str


@dataclass(frozen=True)
class Pulled:
    """What a pull came to: the version before and after it, the newest published, and what was refused."""

    before: int | None
    version: int | None
    published: int | None
    refused: tuple[Refused, ...] = ()
    taken: tuple[str, ...] = ()
    """Files taken in, in their order."""

    @property
    def behind(self) -> bool:
        """Say whether something published could not be taken in."""
        return (self.published or 0) != (self.version or 0)

    def require(self) -> None:
        """Raise Terminal ECQS-7124 where what headquarters publishes is not believed; what we hold stays in force."""
        if not self.behind and not self.refused:
            return
        why = "; ".join(f"{each.name}: {each.code} {each.reason}" for each in self.refused[:3]) or "nothing fits"
        raise Terminal(
            "ECQS-7124",
            f"the published list of inspectors is not believed ({why})",
            hint=f"version {self.version or 'none'} stays in force; ask headquarters, and see `ecqs inspectors list`",
        )


@dataclass(frozen=True)
class WrittenBack:
    """What a unit was given: version, target and counts of rows, or why not."""

    unit: str
    version: int
    target: str
    counts: Mapping[str, int] = field(default_factory=dict)
    error: GatewayError | None = None


def pull(gateway: Gateway) -> Pulled:
    """Fetch what headquarters has published since our version, and take in what is verified.

    Raises Transient or Terminal of the transport, Conflict ECQS-7123 where another worker was faster. What is not
    believed is in ``refused``; call ``Pulled.require`` to make it an error.
    """
    with closing(_transport(gateway)) as transport:
        return _Pull(gateway, transport, gateway.national.transport.inspectors).run()


def _transport(gateway: Gateway) -> SftpTransport:
    settings = gateway.national.transport
    endpoint = Endpoint.of(gateway.resolve(settings.connection), host_key=settings.host_key)
    return SftpTransport(endpoint, Folders(settings.inbox, settings.receipts))


@dataclass
class _Pull:
    """One pull in progress."""

    gateway: Gateway
    transport: SftpTransport
    folder: str
    refused: list[Refused] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def run(self) -> Pulled:
        sizes = self._published()
        held = self._held()
        before = held.version if held is not None else None
        published = max((name.version for name in sizes), default=None)
        if published is not None:
            if before is not None and published <= before:
                self._look(sizes, held)
            else:
                held = self._catch_up(sizes, held, published)
        elif before is not None:
            _log.warning("inspectors.folder holds no list, but version %d was taken in before", before)
        after = held.version if held is not None else None
        return Pulled(before, after, published, tuple(self.refused), tuple(self.taken))

    def _published(self) -> dict[ListName, int]:
        names = {parse_list_name(name): size for name, size in self.transport.published(self.folder).items()}
        return {name: size for name, size in names.items() if name is not None}

    def _held(self) -> Held | None:
        taken = ledger.newest(self.gateway.database)
        if taken is None:
            return None
        entries = ledger.entries(self.gateway.database)
        return Held(taken.version, taken.issued, taken.digest, taken.chain, entries)

    def _look(self, sizes: Mapping[ListName, int], held: Held | None) -> None:
        """Look at what is published under our version or an older one: the same list again changes nothing."""
        newest = max(sizes, key=lambda name: (name.version, name.form == "changes"))
        self._believed(newest, sizes, held)

    def _catch_up(self, sizes: Mapping[ListName, int], held: Held | None, newest: int) -> Held | None:
        start = held.version if held is not None else 0
        steps = [ListName(version, "changes") for version in range(start + 1, newest + 1)]
        if held is not None and len(steps) <= _MOST_STEPS and all(step in sizes for step in steps):
            for step in steps:
                found = self._believed(step, sizes, held)
                if found is None:
                    break
                held = self._keep(*found, held)
        reached = held.version if held is not None else 0
        wholes = sorted((name for name in sizes if name.form == "full" and name.version > reached), reverse=True)
        for whole in wholes:
            found = self._believed(whole, sizes, held)
            if found is not None:
                return self._keep(*found, held)
        return held

    def _believed(
        self, name: ListName, sizes: Mapping[ListName, int], held: Held | None
    ) -> tuple[InspectorList, pl.DataFrame, StagedFile] | None:
        """Fetch and verify one file; None where it is refused, which is kept as evidence."""
        data = self.transport.fetch_published(self.folder, name.file, sizes[name])
        try:
            found = open_list(data, name, self._whom())
            entries = follow(found, held, ledger.chains(self.gateway.database))
        except ListRefused as refusal:
            self._refuse(name, data, refusal)
            return None
        return found, entries, self._staged(data)

    def _whom(self) -> Believed:
        return Believed(self.gateway.trust, self.gateway.national.receipts.issuer, self.gateway.inspector_schema)

    def _staged(self, data: bytes) -> StagedFile:
        return self.gateway.stage.put_sealed(f"lists/inspectors/{hashlib.sha256(data).hexdigest()}.zip", data)

    def _refuse(self, name: ListName, data: bytes, refusal: ListRefused) -> None:
        self.refused.append(Refused(name.file, refusal.code, refusal.reason))
        file = self._staged(data)
        ledger.refuse(self.gateway.database, name.file, file, refusal.code, refusal.reason, clock=self.gateway.clock)
        _log.error("inspectors.refused %s: %s %s", name.file, refusal.code, refusal.reason)

    def _keep(self, found: InspectorList, entries: pl.DataFrame, file: StagedFile, held: Held | None) -> Held:
        before = held.entries if held is not None else frame()
        changed = difference(before, entries).select("number", "change")
        of = {name: changed.filter(pl.col("change") == name)["number"].to_list() for name in ("changed", "removed")}
        fresh = changed.filter(pl.col("change") != "removed")["number"].implode()
        changes = ledger.Changes(entries.filter(pl.col("number").is_in(fresh)), of["changed"], of["removed"])
        taken = ledger.TakenList(
            *(found.version, found.issued, found.digest, found.chain, entries.height),
            *(found.form, found.algorithm, found.key_id, file),
        )
        after = held.version if held is not None else 0
        ledger.keep(self.gateway.database, taken, changes, after=after, clock=self.gateway.clock)
        self.taken.append(ListName(found.version, found.form).file)
        return Held(found.version, found.issued, found.digest, found.chain, entries)


# -- written back


def targets(gateway: Gateway, units: Sequence[str] = ()) -> list[str]:
    """List the units whose connector says where the list goes; raises Misconfigured ECQS-6002 for an unknown one."""
    connectors = gateway.content.connectors
    return [unit for unit in gateway.units(units) if unit in connectors and connectors[unit].inspectors is not None]


def write_back_all(gateway: Gateway, units: Sequence[str] = (), *, again: bool = False) -> Iterator[WrittenBack]:
    """Write the newest version back to each unit that does not have it (``again``: to all); none stops the others."""
    taken = ledger.newest(gateway.database)
    if taken is None:
        return
    has = ledger.written(gateway.database)
    for unit in targets(gateway, units):
        if again or has.get(unit) != taken.version:
            yield write_back(gateway, unit)


def write_back(gateway: Gateway, unit: str) -> WrittenBack:
    """Write the newest version back to one unit; what goes wrong is in ``error``, and noted in the ledger.

    Raises Terminal ECQS-7125 before the first version, and defects.
    """
    taken = ledger.newest(gateway.database)
    if taken is None:
        hint = "run `ecqs inspectors pull` first"
        raise Terminal("ECQS-7125", "there is no list of inspectors to write back yet", hint=hint)
    done = WrittenBack(unit, taken.version, "")
    try:
        target = gateway.connector(unit).inspectors
        if target is None:
            hint = "name a table or file under inspectors"
            where = f"connectors/provinces/{unit}.yaml"
            raise Terminal("ECQS-7126", "the connector does not say where the list goes", where=where, hint=hint)
        done = replace(done, target=target_name(target))
        entries = readable(gateway, ledger.entries(gateway.database, taken.version)).with_columns(
            version=pl.lit(taken.version, pl.Int64), issued=pl.lit(taken.issued[:10])
        )
        found = gateway.resolve(target.connection)
        if isinstance(target, InspectorTable):
            counts = write_table(target, found, entries)
        else:
            counts = write_file(target, found, entries)
        ledger.note_written(gateway.database, unit, taken.version, done.target, counts, clock=gateway.clock)
        return replace(done, counts=counts)
    except Conflict:
        raise
    except GatewayError as error:
        ledger.note_failure(gateway.database, unit, redactor.mask(str(error)), clock=gateway.clock)
        return replace(done, error=error)


def readable(gateway: Gateway, entries: pl.DataFrame) -> pl.DataFrame:
    """Give entries with the names of their codes beside them, and scopes as codes and names for people."""
    names = {column: _names(gateway, table) for column, table in _TABLES.items()}
    classes = _names(gateway, "product_classes")
    scopes = pl.col("scopes").str.split("\x1e")
    code = pl.element().str.split("\x1d").list.first()
    variety = pl.element().str.split("\x1d").list.get(1, null_on_oob=True)
    named = code.replace_strict(classes, default=code, return_dtype=pl.String)
    full = pl.when(variety != "").then(pl.concat_str(named, pl.lit("："), variety)).otherwise(named)
    return entries.with_columns(
        unit_name=pl.col("unit").replace_strict(gateway.unit_names(), default=pl.col("unit"), return_dtype=pl.String),
        **{
            f"{column}_name": pl.col(column).replace_strict(known, default=None, return_dtype=pl.String)
            for column, known in names.items()
        },
        scope_names=scopes.list.eval(full).list.join("；"),
        scopes=scopes.list.eval(code).list.unique(maintain_order=True).list.join(","),
    )


_TABLES = {"regime": "inspector_regimes", "level": "inspector_levels", "status": "inspector_statuses"}


def _names(gateway: Gateway, table: str) -> dict[str, str]:
    rows = gateway.content.codes[table].rows if table in gateway.content.codes else None
    return dict(rows.select("code", "name").iter_rows()) if rows is not None else {}
