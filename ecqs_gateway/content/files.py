"""Which files make up the content bundle, and the digest that names exactly this bundle.

The bundle is every regular file below ``connectors/``, ``mappings/`` and ``schemas/`` that ends in .yaml, .csv, .json
or .xsd and has no part of its path beginning with ``_`` or ``.`` (templates, editor leftovers). Other files (README.md,
*.bak, *~) do not count, and neither do symbolic links.

The digest is ``sha256:`` and the SHA-256 over, for each file in order of its path: path, NUL, length, NUL, bytes. Paths
are relative, with forward slashes, NFC. CR LF counts as LF, so that a checkout with other line ends is the same bundle.
Machine, locale, time stamps and permissions play no part.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecqs_gateway.content.problems import Problem

__all__ = ["FOLDERS", "Bundle", "Place", "place_of", "scan"]

FOLDERS = ("connectors", "mappings", "schemas")
SUFFIXES = frozenset({".yaml", ".csv", ".json", ".xsd"})

_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """What a file is, by where it lies: its role, and the unit and name its path gives it."""

    role: str
    unit: str = ""
    name: str = ""


_PLACES = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"connectors/national\.yaml", "national"),
        (r"connectors/provinces/(?P<unit>[^/]+)\.yaml", "connector"),
        (r"mappings/(?P<unit>[^/]+)/(?P<name>[^/]+)\.yaml", "mapping"),
        (r"mappings/(?P<unit>[^/]+)/codes/(?P<name>[^/]+)\.csv", "local_codes"),
        (r"mappings/(?P<unit>[^/]+)/cases/(?P<name>[^/]+)\.yaml", "case"),
        (r"schemas/sources/(?P<unit>[^/]+)\.json", "source"),
        (r"schemas/rules/(?P<name>[^/]+)\.yaml", "rules"),
        (r"schemas/followups/(?P<name>[^/]+)\.yaml", "followups"),
        (r"schemas/clauses/(?P<name>[^/]+)\.yaml", "clauses"),
        (r"schemas/onboarding/vocabulary\.yaml", "vocabulary"),
        (r"schemas/codes/(?P<name>[^/]+)\.csv", "codes"),
        (r"schemas/calendar/(?P<name>[^/]+)\.csv", "calendar"),
        (r"schemas/ecqs/[^/]+/(?P<name>[^/]+)\.xsd", "xsd"),
        (r"schemas/content/(?P<name>[^/]+)\.schema\.json", "content_schema"),
        (r"schemas/report/(?P<name>[^/]+)\.schema\.json", "content_schema"),
    )
)
_WHERE = (
    "connectors/provinces/<unit>.yaml, connectors/national.yaml, mappings/<unit>/<kind>.yaml, "
    "mappings/<unit>/codes/<name>.csv, mappings/<unit>/cases/<name>.yaml, schemas/rules/<name>.yaml, "
    "schemas/followups/<name>.yaml"
)


def place_of(path: str) -> Place | None:
    """Say what a file of the bundle is; None when nothing is expected at this place."""
    for pattern, role in _PLACES:
        found = pattern.fullmatch(path)
        if found is not None:
            groups = found.groupdict()
            return Place(role, groups.get("unit") or "", groups.get("name") or "")
    return None


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle by path (bytes as they lie on the disk), its digest, and what is odd about the files."""

    files: Mapping[str, bytes]
    digest: str
    problems: tuple[Problem, ...]


def scan(root: Path) -> Bundle:
    """Read all files of the bundle; one that cannot be read is a problem, and the others are still there."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for folder in FOLDERS:
        _scan_folder(root, folder, files, problems)
    ordered = dict(sorted(files.items(), key=lambda item: item[0].encode()))
    return Bundle(MappingProxyType(ordered), _digest(ordered), tuple(problems))


def _scan_folder(root: Path, folder: str, files: dict[str, bytes], problems: list[Problem]) -> None:
    for parent, folders, names in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        for name in sorted(names):
            if name.startswith(("_", ".")):
                continue
            file = Path(parent) / name
            path = unicodedata.normalize("NFC", file.relative_to(root).as_posix())
            if file.suffix in SUFFIXES:
                _take(file, path, files, problems)
            elif file.suffix.lower() in {".yml", *SUFFIXES}:
                right = "yaml" if file.suffix.lower() == ".yml" else file.suffix.lower()[1:]
                message = f"files ending in {file.suffix} are not read"
                problems.append(Problem(path, 1, 1, "error", "ECQS-1071", message, f"rename it to end in .{right}"))


def _take(file: Path, path: str, files: dict[str, bytes], problems: list[Problem]) -> None:
    if file.is_symlink():
        message = "a symbolic link is not read"
        problems.append(Problem(path, 1, 1, "error", "ECQS-1071", message, "put the file itself here"))
        return
    if place_of(path) is None:
        message = "no file is expected at this place, so nothing reads it"
        problems.append(Problem(path, 1, 1, "warning", "ECQS-1071", message, f"places: {_WHERE}"))
    try:
        if file.stat().st_size > _MAX_BYTES:
            message = f"the file is larger than {_MAX_BYTES // 1024 // 1024} MiB"
            problems.append(Problem(path, 1, 1, "error", "ECQS-1001", message, "content is configuration, not data"))
            return
        files[path] = file.read_bytes()
    except OSError as error:
        message = f"the file cannot be read ({error.strerror or type(error).__name__})"
        problems.append(Problem(path, 1, 1, "error", "ECQS-1001", message, "check that it is a file you may read"))


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, raw in files.items():
        data = raw.replace(b"\r\n", b"\n")
        digest.update(path.encode() + b"\0" + str(len(data)).encode() + b"\0")
        digest.update(data)
    return f"sha256:{digest.hexdigest()}"
