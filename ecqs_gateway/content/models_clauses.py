"""The files ``schemas/clauses/*.yaml``: every sentence of a document, and why what no rule checks cannot be checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from ecqs_gateway.content.models_connector import ContentModel, Version
from ecqs_gateway.content.scalars import Text

__all__ = ["ArticleOf", "ClausesFile", "Sentence", "Unchecked"]


class Unchecked(ContentModel):
    """Why no rule checks a sentence."""

    zh: Text
    """In Chinese."""
    en: Text
    """In English."""


class Sentence(ContentModel):
    """One sentence, or a part of one that ends in a semicolon, as the document has it."""

    quote: Text
    """Its words."""
    unchecked: Unchecked | None = None
    """Why no rule checks it; left out where a rule quotes it."""


class ArticleOf(ContentModel):
    """An article and its sentences, in order."""

    article: Text
    """As rules name it."""
    title: Text | None = None
    """Its heading."""
    sentences: tuple[Sentence, ...]
    """Everything else that stands in it."""


class ClausesFile(ContentModel):
    """A file schemas/clauses/<name>.yaml: a document sentence by sentence."""

    model_config = ConfigDict(title="schemas/clauses/<name>.yaml")

    version: Version
    """Version of this file format; 1."""
    document: Text
    """Name of the document, as rules name it."""
    clauses: Annotated[tuple[ArticleOf, ...], Field(min_length=1)]
    """All of it, in order."""
