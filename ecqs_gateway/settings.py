"""Settings of one installation: where things lie on this machine. From the environment only, each with a default.

What a unit or headquarters is like is content (``connectors/``), what is secret is a connection
(``ecqs_gateway.doors.connections``); only what differs from machine to machine stands here.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ecqs_gateway.errors import Misconfigured

__all__ = ["Setting", "Settings", "describe", "load_settings"]

_PREFIX = "ECQS_"
_LEDGERS = ("sqlite", "postgresql")


def _help(variable: str, default: str, text: str) -> dict[str, str]:
    return {"variable": variable, "default": default, "help": text}


@dataclass(frozen=True)
class Settings:
    """The settings of this installation; paths are absolute."""

    home: Path = field(metadata=_help("ECQS_HOME", "./var", "Folder for everything the gateway writes."))
    content: Path = field(
        metadata=_help(
            "ECQS_CONTENT",
            "this folder if it holds connectors/, else the folder the program was installed from",
            "Folder that holds connectors/, mappings/ and schemas/.",
        )
    )
    ledger_url: str = field(
        repr=False,  # may hold a password
        metadata=_help(
            "ECQS_LEDGER_URL",
            "sqlite:///<home>/ledger.db",
            "Database of the ledger: sqlite:///<file>, or postgresql+psycopg://… where several workers run.",
        ),
    )
    stage: Path = field(
        metadata=_help("ECQS_STAGE", "<home>/stage", "Folder for batches and extracts; all workers must share it.")
    )
    keys: Path = field(
        metadata=_help("ECQS_KEYS", "<home>/keys", "Folder with the gateway's own key and headquarters' public key.")
    )
    sandbox: Path = field(metadata=_help("ECQS_SANDBOX", "<home>/sandbox", "Folder of the stand-in headquarters."))


@dataclass(frozen=True)
class Setting:
    """One setting as documentation: its variable, default and help."""

    name: str
    variable: str
    default: str
    help: str


def describe() -> list[Setting]:
    """List all settings, for ``ecqs --help`` and the reference."""
    return [
        Setting(f.name, f.metadata["variable"], f.metadata["default"], f.metadata["help"])
        for f in dataclasses.fields(Settings)
    ]


def load_settings(environ: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Settings:
    """Read the settings; raises ``Misconfigured`` ECQS-1088 for a value that makes no sense, naming the variable.

    ``folder`` is the current folder unless given. Nothing is created or opened.
    """
    values = os.environ if environ is None else environ
    here = (folder or Path.cwd()).resolve()
    _refuse_misspelt(values)
    home = _path(values, "ECQS_HOME", here / "var", here)
    return Settings(
        home=home,
        content=_content(values, here),
        ledger_url=_ledger(values, home),
        stage=_path(values, "ECQS_STAGE", home / "stage", here),
        keys=_path(values, "ECQS_KEYS", home / "keys", here),
        sandbox=_path(values, "ECQS_SANDBOX", home / "sandbox", here),
    )


def _value(values: Mapping[str, str], name: str) -> str | None:
    """Give a variable's value; set but blank is a mistake of the deployment, not a default."""
    if name not in values:
        return None
    text = values[name].strip()
    if not text:
        raise _nonsense(name, "is set but blank", "give it a value, or unset it to get the default")
    return text


def _path(values: Mapping[str, str], name: str, default: Path, here: Path) -> Path:
    text = _value(values, name)
    if text is None:
        return default
    if "://" in text:
        raise _nonsense(name, "is a URL, but a folder is needed here", "name a local or mounted folder")
    if "\0" in text:
        raise _nonsense(name, "is not a path", "name a folder")
    path = Path(os.path.normpath(here / Path(text).expanduser()))
    if path.exists() and not path.is_dir():
        raise _nonsense(name, "names a file, but a folder is needed", "name a folder; it may not exist yet")
    return path


def _content(values: Mapping[str, str], here: Path) -> Path:
    given = _value(values, "ECQS_CONTENT")
    if given is not None:
        path = _path(values, "ECQS_CONTENT", here, here)
        if not (path / "connectors").is_dir():
            raise _nonsense(
                "ECQS_CONTENT", f"names {given!r}, which holds no connectors/", "name the folder above connectors/"
            )
        return path
    packaged = Path(__file__).resolve().parent.parent
    for candidate in (here, packaged):
        if (candidate / "connectors").is_dir():
            return candidate
    raise _nonsense(
        "ECQS_CONTENT", "is not set, and there is no connectors/ here", "go to the folder above connectors/, or set it"
    )


def _ledger(values: Mapping[str, str], home: Path) -> str:
    url = _value(values, "ECQS_LEDGER_URL")
    if url is None:
        return f"sqlite:///{home / 'ledger.db'}"
    scheme, separator, rest = url.partition("://")
    family = scheme.partition("+")[0]
    if not separator or family not in _LEDGERS:
        # The URL may hold a password, so only what stands before :// is shown.
        shown = f" (it begins with {scheme!r})" if separator else ""
        hint = "write sqlite:////data/ledger.db or postgresql+psycopg://gateway@db.example/ecqs"
        raise _nonsense("ECQS_LEDGER_URL", f"is no URL of SQLite or PostgreSQL{shown}", hint)
    if family == "sqlite" and not rest.strip("/"):
        raise _nonsense(
            "ECQS_LEDGER_URL", "names no file: the ledger cannot live in memory", "sqlite:////data/ledger.db"
        )
    return f"postgresql+psycopg://{rest}" if scheme == "postgresql" else url


def _refuse_misspelt(values: Mapping[str, str]) -> None:
    known = [setting.variable for setting in describe()]
    for name in sorted(values):
        if name.startswith(_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, [k for k in known if k not in values], n=1, cutoff=0.86)
            if near:
                raise _nonsense(name, "is not a setting", f"did you mean {near[0]}?")


def _nonsense(name: str, what: str, hint: str) -> Misconfigured:
    return Misconfigured("ECQS-1088", f"the environment variable {name} {what}", where=name, hint=hint)
