"""The pages of a list, one after the other, by page number, offset, cursor or link.

A server may give fewer rows than it was asked for, so a short page is never taken for the last one: a list ends with
its total, with an empty page, or where the answer names no next one. A server that ignores the parameter would give
its first page for ever: an answer that repeats the one before ends the run with an error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ecqs_gateway.content.models_http import HttpStream, Pages
from ecqs_gateway.doors.web import Answer, WebClient
from ecqs_gateway.errors import Misconfigured, Terminal, Transient
from ecqs_gateway.extract.json_rows import Json, at_place, read_json

__all__ = ["Page", "PageReader"]


@dataclass(frozen=True)
class Page:
    """One answer: its rows, the number of all rows where it told it, and the server's clock."""

    number: int
    rows: list[Json]
    total: int | None
    sent_at: datetime | None


@dataclass(frozen=True)
class _Next:
    """What the next request names: an address of its own, or one more parameter."""

    path: str
    params: dict[str, str]


class PageReader:
    """Asks for the pages of one stream."""

    def __init__(self, client: WebClient, stream: HttpStream, place: str) -> None:
        """Keep the client; it must be entered before pages are read."""
        self._client, self._stream, self._place = client, stream, place

    def read(self, lowest: str | None) -> Iterator[Page]:
        """Give all pages of what changed at or after ``lowest`` (None: of everything).

        Raises what ``WebClient.get`` raises, Terminal ECQS-2065, Misconfigured 2066, Transient 2067 when the answer
        itself says that something failed, Terminal 2069 for pages that repeat.
        """
        stream, seen, read = self._stream, b"", 0
        asked: _Next | None = self._first(lowest)
        number = 0
        while asked is not None:
            number += 1
            answer = self._client.get(asked.path, asked.params)
            digest = hashlib.sha256(answer.body).digest()
            found = read_json(answer.body, answer.charset, self._place)
            self._require_success(found)
            rows = at_place(found, stream.rows, self._place)
            rows = [] if rows is None else rows
            if not isinstance(rows, list):
                self._wrong(stream.rows, "is no list")
            if rows and digest == seen:
                self._repeats()
            seen, read = digest, read + len(rows)
            total = self._total(found)
            yield Page(number, rows, total, answer.sent_at)
            asked = self._next(asked, answer, found, _So(number, read, len(rows), total))

    def _first(self, lowest: str | None) -> _Next:
        stream, pages = self._stream, self._stream.pages
        params = dict(stream.params)
        if stream.since is not None and lowest is not None:
            params[stream.since.parameter] = lowest
        if pages is not None and pages.size_parameter is not None:
            params[pages.size_parameter] = str(pages.size)
        if pages is not None and pages.parameter is not None and pages.by in {"page", "offset"}:
            params[pages.parameter] = str(pages.first if pages.by == "page" else 0)
        return _Next(stream.path, params)

    def _next(self, asked: _Next, answer: Answer, found: Json, so: _So) -> _Next | None:
        pages = self._stream.pages
        if pages is None:
            return None
        if pages.by in {"page", "offset"}:
            return self._counted(asked, pages, so)
        mark: Json = at_place(found, pages.next, self._place, optional=True) if pages.next else answer.next_link
        if mark is None or mark == "" or mark is False:
            return None
        if not isinstance(mark, str):
            self._wrong(pages.next, "is no text")
        if pages.by == "link":
            return _Next(str(mark), {})
        if so.rows == 0:
            return None  # some servers name a mark behind the last row, too
        if mark == asked.params.get(str(pages.parameter)):
            self._repeats()
        return _Next(asked.path, {**asked.params, str(pages.parameter): str(mark)})

    @staticmethod
    def _counted(asked: _Next, pages: Pages, so: _So) -> _Next | None:
        if so.rows == 0 or (so.total is not None and so.read >= so.total):
            return None
        place = pages.first + so.number if pages.by == "page" else so.read
        return _Next(asked.path, {**asked.params, str(pages.parameter): str(place)})

    def _total(self, found: Json) -> int | None:
        path = self._stream.pages.total if self._stream.pages is not None else None
        if path is None:
            return None
        text = at_place(found, path, self._place)
        if not isinstance(text, str) or not text.isdecimal():
            self._wrong(path, "is no number")
        return int(text)

    def _require_success(self, found: Json) -> None:
        success = self._stream.success
        if success is None:
            return
        status = at_place(found, success.field, self._place)
        told = status if isinstance(status, str) else json.dumps(status)
        if told not in success.values:
            shown = told if told.isascii() and len(told) <= 20 else "something else"
            message = f"the answer says that something failed: {success.field} is {shown}"
            hint = "ask the province what this code means; the next run tries again"
            raise Transient("ECQS-2067", message, where=self._place, hint=hint)

    def _wrong(self, path: str | None, what: str) -> None:
        message = f"what the answer has at {path or 'its top'!r} {what}"
        raise Misconfigured("ECQS-2066", message, where=self._place, hint="correct this path in the connector")

    def _repeats(self) -> None:
        message = "the server gave the same page again: it seems not to know the parameter of pages"
        raise Terminal("ECQS-2069", message, where=self._place, hint="correct pages in the connector")


@dataclass(frozen=True)
class _So:
    """How far reading has come: pages, rows in all, rows of this page, rows there are."""

    number: int
    read: int
    rows: int
    total: int | None
