"""Connector models of a source over HTTP: where rows stand in an answer, how its pages follow, what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ecqs_gateway.content.models_base import ConnectionId, ContentModel, TimeZone, refuse
from ecqs_gateway.content.models_tables import ChildTable
from ecqs_gateway.content.scalars import Duration, Integer, Name, Text

__all__ = ["HttpSince", "HttpSource", "HttpStream", "HttpSuccess", "Pages"]


def _path(path: str) -> str:
    if "://" in path or path.startswith("//") or "?" in path or "#" in path or "\\" in path:
        raise refuse("must be a path below the connection's host: no protocol, no host, no ? and no #; use params")
    return path


class HttpSource(ContentModel):
    """An HTTP API that answers in JSON, reached through an Airflow connection of type http."""

    type: Literal["http"]
    """The source is an HTTP API."""
    connection: ConnectionId
    """Airflow connection id of type http: host, port, schema (https unless it says http), and the credentials.

    Login and password are sent as Basic; a password alone as Bearer token, or in the header the extra names as header.
    """
    time_zone: TimeZone = "Asia/Shanghai"
    """Time zone of a `changed_at` that carries none; other times in the rows keep the day they are written with."""
    timeout: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=60)
    """Longest silence of the server within one request."""


class Pages(ContentModel):
    """How the pages of a list follow one another; a short page is never taken for the last one."""

    by: Literal["page", "offset", "cursor", "link"]
    """What the next request names: the page's number, the rows read so far, a mark of the answer, or a whole link."""
    parameter: Text | None = None
    """Query parameter that carries it; needed unless by is link."""
    first: Annotated[Integer, Field(ge=0)] = 1
    """Number of the first page."""
    size_parameter: Text | None = None
    """Query parameter for the rows of a page; goes with size."""
    size: Annotated[Integer, Field(ge=1, le=100_000)] | None = None
    """Rows asked for; goes with size_parameter; the server may give fewer."""
    next: Text | None = None
    """Where the answer holds the mark (by: cursor needs it) or the link, which may also stand in the header Link."""
    total: Text | None = None
    """Where the answer holds the number of all rows, such as data.total: a list that changes meanwhile is noticed."""

    @model_validator(mode="after")
    def _complete(self) -> Pages:
        if self.by != "link" and self.parameter is None:
            raise refuse(f"by: {self.by} needs parameter, the query parameter that carries it")
        if self.by == "cursor" and self.next is None:
            raise refuse("by: cursor needs next, the place of the mark in the answer")
        if self.by in {"page", "offset"} and self.next is not None:
            raise refuse(f"next has no meaning for by: {self.by}")
        if (self.size is None) != (self.size_parameter is None):
            raise refuse("size and size_parameter belong together")
        return self


class HttpSince(ContentModel):
    """How the API is asked for what has changed."""

    parameter: Text
    """Query parameter that takes the earliest time of change wanted."""
    format: Text | None = None
    """Form of that time with %Y %m %d %H %M %S, or epoch or epoch_ms; left out, it is written as the rows write it."""


class HttpSuccess(ContentModel):
    """How the API says inside its answer that all went well, though HTTP said so already."""

    field: Text
    """Where the answer holds its own status, such as code."""
    values: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The texts that mean success, such as "0" and "200"."""


class HttpStream(ContentModel):
    """One record kind read from a list of an HTTP API."""

    path: Annotated[Text, AfterValidator(_path)]
    """Path of the list below the connection's host, such as /api/v1/certificates."""
    params: Mapping[Text, Text] = Field(default_factory=dict)
    """Query parameters every request carries."""
    rows: Text | None = None
    """Where the rows stand in an answer, such as data.list; left out, the answer is the list itself."""
    pages: Pages | None = None
    """How the pages follow; left out, one answer holds everything."""
    success: HttpSuccess | None = None
    """How the API says that all went well; left out, HTTP's own status decides."""
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Fields that tell one row from every other."""
    changed_at: Text | None = None
    """Field with the time of a row's last change; goes with since; left out, the whole list is read each run."""
    since: HttpSince | None = None
    """How the API is asked for what has changed; needs changed_at."""
    overlap: Duration = timedelta(minutes=30)
    """How far below the last watermark reading starts again, for late commits; only goes with changed_at."""
    columns: tuple[Text, ...] = ()
    """Fields that rows may leave out: a column is there even when no row of a run has it."""
    items: Mapping[Name, Text] = Field(default_factory=dict)
    """Lists inside a row that are mapped as child rows, by the name the mapping uses: {products: cpList}."""
    batch_rows: Annotated[Integer, Field(ge=1, le=1_000_000)] = 5_000
    """Rows mapped at once; bounds the memory."""

    @model_validator(mode="after")
    def _since_needs_time(self) -> HttpStream:
        if (self.changed_at is None) != (self.since is None):
            raise refuse("changed_at and since belong together: the field, and how the API is asked for what is new")
        if self.changed_at is None and "overlap" in self.model_fields_set:
            raise refuse("overlap has no meaning without changed_at")
        return self

    @property
    def origin(self) -> str:
        """What the rows come from, as the ledger and schemas/sources name it."""
        return self.path

    @cached_property
    def children(self) -> Mapping[str, ChildTable]:
        """The lists inside a row as child tables; their rows carry the parent's key as ``__parent_<name>``."""
        return {
            name: ChildTable.model_construct(
                table=f"{self.path}#{place}",
                parent_key=tuple(f"__parent_{part}" for part in self.key),
                key=self.key,
                order_by=(),
                changed_at=None,
            )
            for name, place in self.items.items()
        }
