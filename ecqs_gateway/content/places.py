"""One loaded file of the bundle, as loader and checks hand it to each other."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from ecqs_gateway.content.files import Place
from ecqs_gateway.content.yaml_reader import Document

__all__ = ["Lane", "Loaded"]

Lane = tuple[str, str]
"""A unit and a record kind."""


@dataclass(frozen=True)
class Loaded:
    """One YAML or JSON file: where it lies, what it says, and the model made of it, if it could be made."""

    path: str
    place: Place
    document: Document | None
    model: BaseModel | None
    rest: BaseModel | None = None
    """What could be read of a mapping in which single fields are wrong: looked at for more mistakes, never used."""
