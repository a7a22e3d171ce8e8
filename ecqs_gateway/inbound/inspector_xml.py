"""Reading the national list of inspectors: package, signature, document; nothing is believed that is not signed.

Only what the list says of itself is checked here. Whether it follows on the version we hold is ``inspectors``' part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ecqs_gateway.deliver.signing import Trust, Verified
from ecqs_gateway.doors.archive import ArchiveLimits, read_zip
from ecqs_gateway.doors.xml import Element, Limits, parse
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import NAMESPACE
from ecqs_gateway.model.inspector_list import COLUMNS, LIST_FILE, LIST_SIGNATURE_FILE, ListName

__all__ = ["SCHEMA", "Believed", "InspectorList", "ListRefused", "Version", "frame", "open_list"]

SCHEMA = dict.fromkeys(COLUMNS, pl.String())
"""Polars schema of the entries of a list: all text, days as ``2024-05-06``, null where the list says nothing."""

_ARCHIVE = ArchiveLimits(archive=64_000_000, entries=2, inflated=128_000_000)
_LIMITS = Limits(document=128_000_000, depth=4, elements=1_000_000, attributes=20, text=4_000)
_NS = f"{{{NAMESPACE}}}"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


class ListRefused(Exception):
    """A published file that is not believed: a stable code and why, without a value of the list."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Believed:
    """Whom we believe, from our own settings: keys, headquarters' name, and the XSD of the list."""

    trust: Trust
    issuer: str
    schema: Schema


@dataclass(frozen=True)
class Version:
    """One version as a whole list names it: number, time of issue as written, digest of the content."""

    number: int
    issued: str
    digest: str


@dataclass(frozen=True)
class InspectorList:
    """One published list as headquarters signed it.

    ``entries`` (see ``SCHEMA``) are all inspectors in the form ``full``, and those that are new or changed in the form
    ``changes``, where ``removed`` holds the numbers of those that are gone. ``history`` stands in ``full`` only.
    """

    form: str
    version: int
    issued: str
    count: int
    digest: str
    previous: str
    chain: str
    entries: pl.DataFrame
    removed: tuple[str, ...]
    history: tuple[Version, ...]
    algorithm: str
    key_id: str


_SIGNATURE_CODES = {
    "ECQS-4021": ("ECQS-7113", "the signature's algorithm is not one we accept"),
    "ECQS-4023": ("ECQS-7112", "the signature file is not a signature envelope"),
    "ECQS-4024": ("ECQS-7114", "the signature's key is not one we trust"),
    "ECQS-4025": ("ECQS-7115", "the signature does not fit the list"),
}


def open_list(data: bytes, name: ListName, believed: Believed) -> InspectorList:
    """Read a package's exact bytes; raises ListRefused.

    Codes: ECQS-7111 package, 7112 envelope, 7113 algorithm, 7114 key, 7115 signature, 7116 document, 7117 issuer, 7118
    name and content differ.
    """
    verified = _opened(data, believed.trust)
    try:
        root = parse(verified.data, limits=_LIMITS, where=LIST_FILE)
        problems = believed.schema.check_tree(root)
    except Terminal as error:
        raise ListRefused("ECQS-7116", error.message) from error
    if problems:
        raise ListRefused("ECQS-7116", f"the list is not valid against the schema ({problems[0].kind})")
    if root.tag != f"{_NS}inspector_list":
        raise ListRefused("ECQS-7116", "the document is no list of inspectors")
    facts = {str(key): str(value) for key, value in root.attrib.items()}
    if (facts["signature"], facts["key"]) != (verified.algorithm, verified.key_id):
        raise ListRefused("ECQS-7115", "the list names another key than the one that signed it")
    if facts["issuer"] != believed.issuer:
        raise ListRefused("ECQS-7117", "the list is issued by someone else than headquarters")
    if (int(facts["version"]), facts["form"]) != name:
        raise ListRefused("ECQS-7118", "the file's name says something else than the list")
    return _document(root, facts, verified)


def _opened(data: bytes, trust: Trust) -> Verified:
    try:
        members = read_zip(data, (LIST_FILE, LIST_SIGNATURE_FILE), limits=_ARCHIVE)
    except Terminal as error:
        raise ListRefused("ECQS-7111", error.message) from error
    if len(members) != 2:
        raise ListRefused("ECQS-7111", "the package lacks the list or its signature")
    try:
        return trust.verify(members[LIST_FILE], members[LIST_SIGNATURE_FILE])
    except Terminal as error:
        raise ListRefused(*_SIGNATURE_CODES[error.code]) from error


def _document(root: Element, facts: Mapping[str, str], verified: Verified) -> InspectorList:
    try:
        datetime.fromisoformat(facts["issued"])
    except ValueError:
        raise ListRefused("ECQS-7116", "the list's time of issue is not one") from None
    form = facts["form"]
    history = tuple(
        Version(int(each.get("number", "0")), each.get("issued", ""), each.get("digest", ""))
        for each in root.iterfind(f"{_NS}version")
    )
    removed = tuple(each.get("number", "") for each in root.iterfind(f"{_NS}removed"))
    if (form == "full" and removed) or (form == "changes" and history):
        raise ListRefused("ECQS-7116", "the list holds what belongs to the other form")
    return InspectorList(
        *(form, int(facts["version"]), facts["issued"], _whole(facts["entries"]), facts["digest"]),
        *(facts["previous"], facts["chain"], _entries(root), removed, history),
        *(verified.algorithm, verified.key_id),
    )


def _entries(root: Element) -> pl.DataFrame:
    """Put the entries into columns; a list has some thousands, so they are walked one by one here and nowhere else."""
    rows: dict[str, list[str | None]] = {name: [] for name in COLUMNS}
    for entry in root.iterfind(f"{_NS}entry"):
        values = entry.attrib
        for name in COLUMNS[:-1]:
            rows[name].append(values.get(name))
        pairs = [f"{scope.get('product_class')}\x1d{scope.get('variety', '')}" for scope in entry]
        rows["scopes"].append("\x1e".join(pairs) or None)
    found = frame(rows)
    if found["number"].n_unique() != found.height:
        raise ListRefused("ECQS-7116", "the list names an inspector twice")
    return found


def frame(rows: Mapping[str, list[str | None]] | None = None) -> pl.DataFrame:
    """Make a frame of entries; an empty one unless columns are given."""
    return pl.DataFrame(rows if rows is not None else {}, schema=SCHEMA)


def _whole(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ListRefused("ECQS-7116", "a number in the list is not one")
    return int(text)
