"""Headquarters doing wrong on command, so that the gateway can be tested against it.

Orders stand in ``<home>/misbehave.json`` and are read again before each action:

    {"seed": 7, "drop": {"probability": 0.3, "levels": ["loaded"]}, "delay": {"received": 2.0}}

Whether an act happens to a receipt follows from the seed, the act, the batch, the level and how often that receipt was
issued, so a run can be repeated, and a receipt that was dropped may get through when it is issued again. What was done
stands in the ledger (``acts``), for the judge.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.sandbox.home import Home, replace_file
from ecqs_gateway.sandbox.keys import SigningKey
from ecqs_gateway.sandbox.receipts import pack, seal, unseal
from ecqs_gateway.sandbox.store import Package, Store

__all__ = ["Chance", "Crash", "Disconnect", "Hang", "Misbehaviour", "Orders", "behave", "misbehave", "read_orders"]

Level = Literal["received", "validated", "loaded", "rejected"]
FORGERIES = ("tamper", "swap", "replay", "neighbour", "last_year", "issuer", "sequence", "truncate", "foreign")
_LEAD = 0.3
"""Seconds by which a premature receipt is ahead of the level it skips."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Chance(_Part):
    """When an act befalls a receipt."""

    probability: float = Field(1.0, ge=0, le=1)
    levels: tuple[Level, ...] = ("received", "validated", "loaded", "rejected")
    units: tuple[str, ...] = ()
    """Empty: all units."""
    times: int | None = Field(None, ge=0)
    """At most so often under these orders."""


class Disconnect(_Part):
    """Cut the connection: after so many bytes written or read on it, or after a rename was done but not answered."""

    after_bytes: int | None = Field(None, ge=0)
    after_rename: bool = False
    times: int | None = Field(None, ge=0)


class Hang(_Part):
    """Stop answering at some operation, for so many seconds."""

    at: Literal["connect", "login", "list", "open", "write", "read", "rename"]
    seconds: float = Field(30.0, ge=0)
    times: int | None = Field(None, ge=0)


class Crash(_Part):
    """Die like ``kill -9``, just before or just after the commit that reaches a level."""

    at: Literal["received", "validated", "loaded", "rejected"]
    point: Literal["before_commit", "after_commit"] = "after_commit"
    times: int | None = Field(1, ge=0)


class Orders(_Part):
    """Everything headquarters can be told to do wrong; empty orders mean it behaves."""

    seed: int = 0
    delay: Mapping[Level, float] = {}
    """Seconds by which the receipts of a level come late; the order of levels is kept."""
    drop: Chance | None = None
    """The receipt never appears, until the batch is sent again."""
    duplicate: Chance | None = None
    """The receipt appears again once it has been taken."""
    reorder: Chance | None = None
    """The receipts of a batch appear in reverse, once the last of them is there."""
    tamper: Chance | None = None
    """One bit of the receipt is flipped; the seal stays."""
    swap: Chance | None = None
    """Digest of the manifest and digest of the part change places, under a true seal."""
    replay: Chance | None = None
    """The receipt of another batch appears under this batch's name."""
    neighbour: Chance | None = None
    """The receipt of another batch of the same unit appears under this batch's name."""
    last_year: Chance | None = None
    """A receipt of a year ago for a batch of the same id: other digests, under a true seal."""
    issuer: Chance | None = None
    """Another office's name stands on it, under a true seal."""
    sequence: Chance | None = None
    """Another sequence stands on it, under a true seal."""
    premature: Chance | None = None
    """Along with ``validated`` comes a ``loaded`` of headquarters' own making, before anything was loaded."""
    truncate: Chance | None = None
    """Half the file is missing."""
    foreign: Chance | None = None
    """Sealed with a key that is not headquarters', under the id of the key that is."""
    silent: bool = False
    """Enquiries about certificates stay unanswered."""
    refuse: Literal["login", "disk_full", "permission"] | None = None
    disconnect: Disconnect | None = None
    hang: Hang | None = None
    throttle: int | None = Field(None, ge=1)
    """Bytes a second, reading and writing."""
    host_key: Literal["own", "other"] = "own"
    crash: Crash | None = None


def read_orders(home: Path) -> Orders:
    """Read the orders in force; raises Misconfigured ECQS-6054 when the file is no such thing."""
    path = Home(home).control
    if not path.exists():
        return Orders()
    try:
        return Orders.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Misconfigured(
            "ECQS-6054",
            f"cannot read the orders: {place or 'file'}: {first['msg']}",
            where=str(path),
            hint="correct the file or remove it",
        ) from error


def misbehave(home: Path, orders: Orders) -> None:
    """Give headquarters new orders, in force from its next action on."""
    replace_file(Home(home).control, orders.model_dump_json(exclude_defaults=True).encode())


def behave(home: Path) -> None:
    """Take all orders back."""
    Home(home).control.unlink(missing_ok=True)


class Misbehaviour:
    """The orders in force, and the acts that follow from them."""

    def __init__(self, home: Home, store: Store, key: SigningKey, foreign: SigningKey) -> None:
        self._home = home
        self._store = store
        self._key = key
        self._foreign = foreign
        self._lock = threading.Lock()
        self._state: tuple[int, int, int] | None = (0, 0, 0)  # no file's: the first look always reads
        self._orders = Orders()
        self._digest = ""

    @property
    def orders(self) -> Orders:
        """The orders as they stand now; while the file cannot be read, the last ones that could."""
        try:
            stat = self._home.control.stat()
            state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except FileNotFoundError:
            state = None
        with self._lock:
            if state != self._state:
                self._state = state
                self._reload()
            return self._orders

    def _reload(self) -> None:
        try:
            orders = read_orders(self._home.path)
        except (Misconfigured, OSError) as error:
            self._store.log_act("unreadable orders", orders=self._digest, detail=type(error).__name__)
            return
        self._orders = orders
        if not orders.delay:
            self._store.release()
        text = json.dumps(orders.model_dump(mode="json"), sort_keys=True)
        self._digest = hashlib.sha256(f"{text}{self._state}".encode()).hexdigest()[:16]

    def look(self) -> None:
        """Take note of new orders, also when there is nothing to do under them."""
        _ = self.orders

    def act(self, act: str, *, times: int | None = None, package: Package | None = None, detail: str = "") -> bool:
        """Log an act and say that it may be done; False once it was done ``times`` times under these orders."""
        if times is not None and self._store.count_acts(act, self._digest) >= times:
            return False
        batch = package.batch if package else None
        self._store.log_act(act, orders=self._digest, batch=batch, detail=detail)
        return True

    def plan(self, package: Package, level: str, number: int, data: bytes) -> None:
        """Queue one more issue of a receipt, or what the orders make of it; inside the caller's transaction."""
        orders = self.orders
        issue = self._store.count_issue(number)
        due = max(time.time() + orders.delay.get(level, 0.0), self._store.latest_due(package))  # type: ignore[call-overload]
        if level in orders.delay:
            self._log("delay", package, level, f"{orders.delay[level]} s")  # type: ignore[index]
        if self._hits("drop", orders.drop, package, (level, issue)):
            self._log("drop", package, level, f"issue {issue}")
            return
        how = ""
        if orders.reorder and self._hits("reorder", orders.reorder, package, ("*", issue), level=level):
            self._log("reorder", package, level, f"issue {issue}")
            how = "reversed"
        if level == "validated" and self._hits("premature", orders.premature, package, (level, issue)):
            self._log("premature", package, level, f"issue {issue}")
            self._store.publish(package, number, self._premature(package, data), due=due, how="loaded")
            due += _LEAD
        payload = self._forge(orders, package, (level, issue), data)
        self._store.publish(package, number, payload, due=due, how=how)
        if self._hits("duplicate", orders.duplicate, package, (level, issue)):
            self._log("duplicate", package, level, f"issue {issue}")
            self._store.publish(package, number, payload, due=due, how="after_taken")

    def crash_point(self, level: str) -> str | None:
        """Say whether to die around the commit that reaches this level, and on which side of it."""
        crash = self.orders.crash
        if (
            crash is None
            or crash.at != level
            or not self.act("crash", times=crash.times, detail=f"{level} {crash.point}")
        ):
            return None
        return crash.point

    def _forge(self, orders: Orders, package: Package, issue: tuple[str, int], data: bytes) -> bytes | None:
        """Give the first forgery the orders ask for that is possible here; None for the true receipt."""
        for act in FORGERIES:
            chance: Chance | None = getattr(orders, act)
            if not self._hits(act, chance, package, issue):
                continue
            payload = self._forgery(act, package, issue, data)
            if payload is not None:
                self._log(act, package, issue[0], f"issue {issue[1]}")
                return payload
        return None

    def _forgery(self, act: str, package: Package, issue: tuple[str, int], data: bytes) -> bytes | None:
        xml, signature = unseal(data)
        if act == "tamper":
            place = 40 + self._number("place", package, issue) % (len(xml) - 40)
            return pack(xml[:place] + bytes([xml[place] ^ 1]) + xml[place + 1 :], signature)
        if act in ("replay", "neighbour"):
            return self._store.receipt_like(package, issue[0], own_unit=act == "neighbour")
        if act == "truncate":
            return data[: len(data) // 2]
        if act == "foreign":
            return seal(xml, self._foreign, claim=self._key.public.key_id)
        other = _REWRITTEN[act](xml)
        return None if other is None else seal(other, self._key)

    def _premature(self, package: Package, data: bytes) -> bytes:
        """Make a ``loaded`` out of a ``validated``: right in everything but that nothing has been loaded yet."""
        xml, _ = unseal(data)
        rows = self._store.rows(
            "SELECT version FROM versions WHERE package = ? AND outcome = 'valid' ORDER BY position", package.id
        )
        digest = hashlib.sha256("".join(row["version"] for row in rows).encode()).hexdigest()
        xml = xml.replace(b' level="validated"', b' level="loaded"', 1)
        xml = xml.replace(b' valid="', b' loaded="', 1).replace(b' invalid="', b' rejected="', 1)
        counts = re.search(rb"<counts [^>]*></counts>", xml)
        place = counts.end() if counts else len(xml)
        return seal(xml[:place] + f'<loaded digest="{digest}"></loaded>'.encode() + xml[place:], self._key)

    def _hits(
        self, act: str, chance: Chance | None, package: Package, issue: tuple[str, int], *, level: str | None = None
    ) -> bool:
        if chance is None or (level or issue[0]) not in chance.levels:
            return False
        if chance.units and package.unit not in chance.units:
            return False
        if chance.times is not None and self._store.count_acts(act, self._digest) >= chance.times:
            return False
        return self._number(act, package, issue) < chance.probability * 2**64

    def _number(self, act: str, package: Package, issue: tuple[str, int]) -> int:
        text = f"{self._orders.seed}|{act}|{package.batch}|{issue[0]}|{issue[1]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def _log(self, act: str, package: Package, level: str, detail: str) -> None:
        self._store.log_act(act, orders=self._digest, batch=package.batch, level=level, detail=detail)


def _swap_digests(xml: bytes) -> bytes | None:
    """Exchange the manifest's digest and the part's; None where the receipt does not name both."""
    found = re.search(rb' manifest="([0-9a-f]{64})"(.*?<part [^>]* digest=")([0-9a-f]{64})"', xml, re.DOTALL)
    if found is None:
        return None
    swapped = b' manifest="' + found[3] + b'"' + found[2] + found[1] + b'"'
    return xml[: found.start()] + swapped + xml[found.end() :]


def _last_year(xml: bytes) -> bytes:
    """Set the year back by one and replace each digest by another one."""
    xml = re.sub(rb' issued="(\d{4})', lambda found: b' issued="%04d' % (int(found[1]) - 1), xml)
    return re.sub(rb'(?<= manifest=")[0-9a-f]{64}|(?<= digest=")[0-9a-f]{64}', _other_digest, xml)


def _other_digest(found: re.Match[bytes]) -> bytes:
    return hashlib.sha256(b"last year " + found[0]).hexdigest().encode()


def _other_issuer(xml: bytes) -> bytes:
    return re.sub(rb' issuer="[^"]*"', b' issuer="another-office"', xml, count=1)


def _other_sequence(xml: bytes) -> bytes:
    return re.sub(rb' sequence="(\d+)"', lambda found: b' sequence="%d"' % (int(found[1]) + 1), xml, count=1)


_REWRITTEN = {
    "swap": _swap_digests, "last_year": _last_year, "issuer": _other_issuer, "sequence": _other_sequence,
}  # fmt: skip
