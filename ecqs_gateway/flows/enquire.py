"""Looking certificates up for cross-record rules: in this ledger, and at headquarters, which alone sees all provinces.

An answer is asked for once per case and kept. Where headquarters is not reached or does not answer in time, nothing is
guessed: the record is held, the rest of the run does not wait again, and the next run asks anew.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.deliver.enquiry import About, Enquiries, answer_name, file_name, read_answer, write_enquiry
from ecqs_gateway.deliver.sftp_enquiries import SftpEnquiries
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.prepare import Recent
from ecqs_gateway.ledger import crossing, stops
from ecqs_gateway.ledger.crossing import Answered, Asked
from ecqs_gateway.mapping.mapped import ROW
from ecqs_gateway.rules.against import ANSWER_SCHEMA, certificate_leaves, read_facts

__all__ = ["Certificates", "Enquirer", "way_to_ask"]

_MOST_AT_ONCE = 2_000
_log = logging.getLogger(__name__)


def way_to_ask(gateway: Gateway) -> Enquiries:
    """Give the way enquiries go, as the national settings say; nothing is opened yet."""
    transport, settings = gateway.national.transport, gateway.national.enquiries
    endpoint = Endpoint.of(gateway.resolve(transport.connection), host_key=transport.host_key)
    return SftpEnquiries(endpoint, settings.folder, settings.answers)


@dataclass
class Enquirer:
    """Asks headquarters for one lane in one run."""

    gateway: Gateway
    unit: str
    kind: str
    way: Callable[[Gateway], Enquiries] = way_to_ask
    given_up: bool = False
    """Whether asking failed in this run: what is held further on waits for the next one."""

    def ask(self, about: Sequence[About]) -> None:
        """Bring the answers there can be into the ledger; a failure is logged, for it only means that records wait."""
        if self.given_up or not about:
            return
        if stops.standing(self.gateway.database, self.unit, self.kind):
            self.given_up = True  # an operator's order: nothing goes to headquarters
            return
        try:
            way = self.way(self.gateway)
            try:
                self._take(way)
                missing = self._unanswered(about)
                for start in range(0, len(missing), _MOST_AT_ONCE):
                    self._ask(way, missing[start : start + _MOST_AT_ONCE])
            finally:
                way.close()
        except GatewayError as error:
            self.given_up = True
            _log.warning("enquiry.failed %s %s: %s", self.unit, self.kind, error)

    def _unanswered(self, about: Sequence[About]) -> list[About]:
        said = crossing.answers(self.gateway.database, self.unit, [case for _, case in about])
        answered = {(one.number, one.case) for one in said}
        return sorted(set(about) - answered)

    def _ask(self, way: Enquiries, about: Sequence[About]) -> None:
        if not about or self.given_up:
            return
        moment = self.gateway.clock()
        enquiry = f"{self.unit}-{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        digest, data = write_enquiry(enquiry, self.unit, about, asked=moment, signer=self.gateway.signer)
        asked = Asked(enquiry, self.unit, digest, tuple(about))
        crossing.store_asked(self.gateway.database, asked, clock=self.gateway.clock)
        way.ask(self.unit, file_name(enquiry), data)
        settings, start = self.gateway.national.enquiries, time.monotonic()
        while (done := self._take(way).get(enquiry)) is None:
            left = settings.wait.total_seconds() - (time.monotonic() - start)
            if left <= 0 or self.gateway.limits.interrupt.wait(min(settings.poll.total_seconds(), left)):
                self.given_up = True
                _log.warning("enquiry.unanswered %s: its records are held, the next run asks anew", enquiry)
                return
        self.given_up = not done

    def _take(self, way: Enquiries) -> dict[str, bool]:
        """Book every answer that waits, also late ones; say of each enquiry that was answered if it is believed."""
        waiting = way.list_answers(self.unit)
        known = crossing.open_enquiries(self.gateway.database, self.unit) if waiting else {}
        done: dict[str, bool] = {}
        for name, size in waiting:
            asked = known.get(answer_name(name, self.unit) or "")
            if asked is not None:
                done[asked.id] = self._book(asked, way.fetch_answer(self.unit, name, size))
            way.take_answer(self.unit, name)
        return done

    def _book(self, asked: Asked, data: bytes) -> bool:
        numbers = frozenset(number for number, _ in asked.about)
        issuer = self.gateway.national.receipts.issuer
        try:
            said = read_answer(
                data, enquiry=asked.id, digest=asked.digest, numbers=numbers, trust=self.gateway.trust, issuer=issuer
            )
        except GatewayError as error:
            _log.warning("enquiry.refused %s: %s", asked.id, error)
            digest = hashlib.sha256(data).hexdigest()
            kept = self.gateway.stage.put_sealed(f"answers/{self.unit}/refused-{digest}.zip", data)
            crossing.refuse(self.gateway.database, asked, error.code, kept, clock=self.gateway.clock)
            return False
        told = [
            Answered(number, case, said[number].facts, tuple((u.unit, u.case) for u in said[number].replaced_by))
            for number, case in asked.about
        ]
        file = self.gateway.stage.put_sealed(f"answers/{self.unit}/{asked.id}.zip", data)
        crossing.settle(self.gateway.database, asked, told, file, clock=self.gateway.clock)
        return True


@dataclass
class Certificates:
    """Looks up the certificates that cases of one lane replace; ``enquirer`` None asks the ledger only."""

    gateway: Gateway
    unit: str
    recent: Callable[[], Sequence[Recent]] = field(default=tuple)
    """Versions on their way into the ledger."""
    enquirer: Enquirer | None = None

    def __call__(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Give ``ANSWER_SCHEMA`` for the cases, one line each; what headquarters says goes before the ledger."""
        pairs = list(cases.select("number", "key").iter_rows())
        if self.enquirer is not None:
            self.enquirer.ask(self.enquirer._unanswered(pairs))  # noqa: SLF001  one module
        said = crossing.answers(self.gateway.database, self.unit, cases["key"].to_list())
        numbers = cases["number"].unique().to_list()
        ours = crossing.certificates(self.gateway.database, numbers)
        joined = (
            cases.join(_answers(said), on=["number", "key"], how="left", maintain_order="left")
            .join(ours.rename({"facts": "ours"}), on="number", how="left", maintain_order="left")
            .join(self._others(cases, said, numbers), on=["number", "key"], how="left", maintain_order="left")
        )
        asking = pl.lit(None, pl.Boolean) if self.enquirer is None else pl.col("answered").fill_null(value=False)
        facts = read_facts(joined.select(pl.coalesce("facts", "ours"))["facts"], certificate_leaves())
        told = joined.select(ROW, pl.col("others").fill_null(0).cast(pl.Int64), asking.alias("answered"))
        return told.hstack(facts).select(pl.col(name).cast(dtype) for name, dtype in ANSWER_SCHEMA.items())

    def _others(self, cases: pl.DataFrame, said: Sequence[Answered], numbers: Sequence[str]) -> pl.DataFrame:
        """Count, per case, the other cases that replace the same certificate, wherever they are known from."""
        mine = [cases.filter("counts").select("number", pl.lit(self.unit).alias("unit"), pl.col("key").alias("case"))]
        for one in self.recent():
            if "link" in one.versions.columns and one.versions["link"].dtype == pl.String:
                linked = one.among(pl.col("link").is_in(numbers))
                mine.append(linked.select(number="link", unit=pl.lit(self.unit), case="key"))
        told = [(one.number, unit, case) for one in said for unit, case in one.uses]
        schema = dict.fromkeys(("number", "unit", "case"), pl.String)
        heard = pl.DataFrame(told, schema=schema, orient="row")
        every = pl.concat([*mine, crossing.uses(self.gateway.database, numbers), heard]).unique()
        counted = cases.select("number", "key").join(every, on="number")
        other = (pl.col("unit") != self.unit) | (pl.col("case") != pl.col("key"))
        return counted.filter(other).group_by("number", "key").agg(pl.len().alias("others"))


def _answers(said: Sequence[Answered]) -> pl.DataFrame:
    rows = [(one.number, one.case, one.facts, True) for one in said]
    schema = {"number": pl.String, "key": pl.String, "facts": pl.String, "answered": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
