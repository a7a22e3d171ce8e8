"""A first look at an HTTP API: where its rows stand, how it says that all went well, how its pages follow.

What the answer shows is told by looking; which parameter turns the page is found by trying the usual names and
comparing the answers. What cannot be seen (how to ask for what has changed) is left open and said.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from ecqs_gateway.content.models_http import HttpStream
from ecqs_gateway.doors.connections import Connection
from ecqs_gateway.doors.web import Door, WebClient
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.extract.describe import text_description
from ecqs_gateway.extract.http_pages import PageReader
from ecqs_gateway.extract.json_rows import Json, JsonRows, JsonTable, read_json
from ecqs_gateway.extract.survey import Sampled, Surveyed, SurveyedColumn

__all__ = ["HttpSurvey"]

_PLACE = "ecqs onboard"
_TIMEOUT = timedelta(seconds=30)
_MOST_BYTES = 64_000_000
_DEEPEST = 4
_STATUS = ("code", "errcode", "errorCode", "status", "success", "ret", "resultCode")
_TOTAL = ("total", "totalCount", "totalElements", "recordsTotal", "totalNum", "count")
_NEXT = ("next", "nextCursor", "next_cursor", "cursor", "scrollId", "nextPage")
_PAGE = ("page", "pageNum", "pageNo", "pageIndex", "current", "currentPage", "pageNumber")
_OFFSET = ("offset", "start", "skip")
_CURSOR = ("cursor", "pageToken", "scrollId", "after", "marker")
_SIZE = ("size", "pageSize", "page_size", "limit", "rows", "per_page")


@dataclass
class HttpSurvey(Sampled):
    """Looks at lists of an API; each is named by its path, with the query every request shall carry."""

    connection: Connection
    lists: Sequence[str]
    rows: int = 400
    remarks: list[str] = field(default_factory=list)
    type: str = "http"
    dialect: str = "http"

    def tables(self, wanted: Sequence[str] = ()) -> list[Surveyed]:
        """Look at these lists, or at those named before; raises Misconfigured ECQS-1089 where none is named."""
        lists = list(wanted) or list(self.lists)
        if not lists:
            hint = "name the path of a list: --table /api/certificates, or --from https://api.example/api/certificates"
            raise Misconfigured("ECQS-1089", "an API does not say which lists it has", where=_PLACE, hint=hint)
        door = Door(_TIMEOUT, _MOST_BYTES, time.sleep, tries=1)  # a person is waiting
        with WebClient(self.connection, door, _PLACE) as client:
            return [self._look(client, name) for name in lists]

    def _look(self, client: WebClient, name: str) -> Surveyed:
        parts = urlsplit(name)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = client.get(parts.path, params)
        first = _Answer(read_json(answer.body, answer.charset, _PLACE), parts.path)
        pages, left = self._pages(client, first, params, answer.next_link)
        given: dict[str, object] = {"path": parts.path, "params": left, "rows": first.rows_at, "key": ["__row"]}
        given |= {"pages": pages} if pages else {}
        given |= {"success": first.success} if first.success else {}
        stream = HttpStream.model_validate({k: v for k, v in given.items() if v is not None})
        rows, whole = self._read(client, stream)
        frame = JsonRows(JsonTable(()), stream.path, _PLACE).frames(rows).frame
        columns = tuple(SurveyedColumn(column, "TEXT") for column in frame.columns)
        return Surveyed(
            stream.path, columns, frame, whole=whole, stream=stream, description=text_description(frame.columns)
        )

    def _read(self, client: WebClient, stream: HttpStream) -> tuple[list[Json], bool]:
        found: list[Json] = []
        for page in PageReader(client, stream, _PLACE).read(None):
            found += page.rows
            if len(found) >= self.rows:
                return found[: self.rows], False
        return found, True

    def _pages(
        self, client: WebClient, first: _Answer, params: Mapping[str, str], link: str | None
    ) -> tuple[dict[str, object] | None, dict[str, str]]:
        """Give how pages follow, and the parameters that are no matter of pages."""
        size = next((name for name in _SIZE if name in params), None)
        sized: dict[str, object] = {}
        if size is not None and params[size].isdecimal():
            sized = {"size_parameter": size, "size": int(params[size])}
        total = {"total": first.total_at} if first.total_at else {}
        left = {name: value for name, value in params.items() if name not in (*_PAGE, *_OFFSET, size)}
        if link is not None:
            return {"by": "link"}, dict(params)
        known = next((name for name in (*_PAGE, *_OFFSET) if name in params), None)
        if known is not None:
            by = "page" if known in _PAGE else "offset"
            start = {"first": int(params[known])} if by == "page" and params[known].isdecimal() else {}
            return {"by": by, "parameter": known, **start, **sized, **total}, left
        if first.next_at is not None:
            found = self._by_next(client, first, params)
            return ({**found, **sized}, left) if found is not None else (None, dict(params))
        if first.total is None or first.total <= len(first.rows):
            return None, dict(params)
        found = self._tried(client, first, params)
        if found is None:
            told = f"{first.path} gave {len(first.rows)} of {first.total} rows, and none of the usual parameters turns"
            self.remarks.append(f"{told} the page: name it with --from, such as ?page=1&pageSize=100")
            return None, dict(params)
        return {**found, **sized, **total}, left

    def _by_next(self, client: WebClient, first: _Answer, params: Mapping[str, str]) -> dict[str, object] | None:
        """Follow the mark of the answer: a link, or a value some parameter takes."""
        mark = str(first.next_value)
        if mark.startswith(("/", "http")) or "?" in mark:
            return {"by": "link", "next": first.next_at}
        name = str(first.next_at).rpartition(".")[2]
        parameter = self._turns(client, first, params, dict.fromkeys((name, *_CURSOR), mark))
        if parameter is None:
            self.remarks.append(f"{first.path}: no parameter was found that takes {first.next_at}; add pages by hand")
            return None
        return {"by": "cursor", "parameter": parameter, "next": first.next_at}

    def _tried(self, client: WebClient, first: _Answer, params: Mapping[str, str]) -> dict[str, object] | None:
        """Turn the page by the usual names."""
        guesses = {**dict.fromkeys(_PAGE, "2"), **dict.fromkeys(_OFFSET, str(len(first.rows)))}
        name = self._turns(client, first, params, guesses)
        return None if name is None else {"by": "page" if name in _PAGE else "offset", "parameter": name}

    @staticmethod
    def _turns(client: WebClient, first: _Answer, params: Mapping[str, str], guesses: Mapping[str, str]) -> str | None:
        """Give the first parameter by which an answer brings other rows of the same list."""
        for name, value in guesses.items():
            try:
                answer = client.get(first.path, {**params, name: value})
                other = _Answer(read_json(answer.body, answer.charset, _PLACE), first.path)
            except GatewayError:
                continue
            if other.rows_at == first.rows_at and other.rows[0] not in first.rows:
                return name
        return None


class _Answer:
    """One answer, looked at: its longest list of objects, and what stands beside it."""

    def __init__(self, answer: Json, path: str) -> None:
        self.path = path
        lists = list(_lists(answer, ""))
        if not lists:
            message = "the answer holds no list of objects"
            hint = "open the address in a browser: is it the list, and is the login right?"
            raise Misconfigured("ECQS-2066", message, where=path, hint=hint)
        at, self.rows, beside = max(lists, key=lambda found: len(found[1]))
        self.rows_at = at or None
        self._above = at.rpartition(".")[0]
        total = next((n for n in _TOTAL if isinstance(beside.get(n), str) and beside[n].isdecimal()), None)
        self.total = int(beside[total]) if total else None
        self.total_at = self._beside(total)
        following = next((n for n in _NEXT if beside.get(n) not in (None, "", False)), None)
        self.next_at = self._beside(following)
        self.next_value: Json = beside[following] if following else None
        self.success = self._success(answer)

    def _beside(self, name: str | None) -> str | None:
        return None if name is None else f"{self._above}.{name}".lstrip(".")

    @staticmethod
    def _success(answer: Json) -> dict[str, object] | None:
        if not isinstance(answer, dict):
            return None
        for name in _STATUS:
            value = answer.get(name)
            if isinstance(value, str | bool):
                return {"field": name, "values": [value if isinstance(value, str) else str(value).lower()]}
        return None


_Found = tuple[str, list[Json], Mapping[str, Json]]


def _lists(value: Json, at: str, beside: Mapping[str, Json] | None = None, depth: int = 0) -> Iterator[_Found]:
    """Give the lists of objects with their place and what stands beside them; those inside rows are no candidates."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        yield at, value, beside or {}
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _lists(inner, f"{at}.{name}".lstrip("."), value, depth + 1)
