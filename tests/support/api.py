"""A list behind HTTP that pages, filters, and misbehaves as told; for tests of the source and of whole runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOW = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)


@dataclass
class Api:
    """A list of rows behind HTTP, and what the next answers do instead."""

    port: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    most: int = 100
    """Rows the server gives at most, whatever is asked for."""
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    instead: list[Callable[[BaseHTTPRequestHandler], bool]] = field(default_factory=list)
    """Done before the next answers; True where the request has been answered by it."""
    now: datetime = NOW

    def found(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        since = asked.get("since")
        return [row for row in self.rows if since is None or str(row.get("gxsj")) >= since]

    def body(self, asked: dict[str, str]) -> dict[str, Any]:
        found = self.found(asked)
        size = min(self.most, int(asked.get("size", self.most)))
        start = int(asked["offset"]) if "offset" in asked else (int(asked.get("page", 1)) - 1) * size
        start = int(asked.get("cursor", start))
        more = start + size < len(found)
        after = {"page": int(asked.get("page", 1)) + 1, "size": size}
        link = f"/list?{'&'.join(f'{k}={v}' for k, v in after.items())}" if more else None
        data = {"list": found[start : start + size], "total": len(found)}
        return {"code": 0, "data": data | {"next": str(start + size) if more else None, "link": link}}


@contextmanager
def serving() -> Iterator[Api]:
    """Run an API on a free port of this machine."""
    made = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.headers.append(dict(self.headers))
            made.asked.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
            if made.instead and made.instead.pop(0)(self):
                return
            answer(self, json.dumps(made.body(made.asked[-1]), ensure_ascii=False).encode())

        def log_message(self, *_: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(made.now, usegmt=True)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def answer(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    return True
