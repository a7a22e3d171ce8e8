"""The door to HTTP: encrypted unless the connection says otherwise, no redirects, bounded answers, tries counted.

A redirect is refused because credentials would go along to wherever it points; what the environment says of proxies
is ignored, so that a run behaves the same by hand and under a scheduler.
"""

from __future__ import annotations

import email.utils
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from ecqs_gateway.doors.connections import Connection
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal, Transient

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Door", "WebClient", "base_url"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_NEXT_RUN = "nothing is lost: what was stored stays, and the next run reads again from there"


@dataclass(frozen=True)
class Answer:
    """A whole answer; ``sent_at`` is the server's clock where it told it."""

    status: int
    body: bytes
    charset: str | None
    sent_at: datetime | None
    next_link: str | None
    """Target of the header ``Link: …; rel="next"``."""


@dataclass(frozen=True)
class Door:
    """What a client keeps to: silence of one step, bytes of one answer, how it waits, and how often it asks."""

    timeout: timedelta
    most_bytes: int
    sleep: Callable[[float], object]
    tries: int = 4


def base_url(found: Connection) -> str:
    """Give scheme, host and port of a connection of type http; raises Misconfigured ECQS-1087 for any other.

    https unless the schema, or the protocol before the host, says ``http``.
    """
    if found.conn_type not in {"http", "https"} or not found.host:
        hint = 'for example {"conn_type": "http", "schema": "https", "host": "api.example", "password": "..."}'
        message = f"the connection {found.id!r} is no HTTP address: it must be of the type http and name a host"
        raise Misconfigured("ECQS-1087", message, where=found.id, hint=hint)
    protocol, separator, host = found.host.partition("://")
    if not separator:
        protocol, host = found.schema or "https", found.host
    if protocol not in {"http", "https"}:
        hint = "write http or https as its schema, and put paths into the connector"
        message = f"the connection {found.id!r} names {protocol!r} as its protocol"
        raise Misconfigured("ECQS-1087", message, where=found.id, hint=hint)
    host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host.rstrip("/")
    return f"{protocol}://{host}:{found.port}" if found.port else f"{protocol}://{host}"


class WebClient:
    """Asks one server; a context manager that keeps its connection open."""

    def __init__(self, found: Connection, door: Door, place: str) -> None:
        """Keep what is asked with; nothing is connected yet."""
        self.base = base_url(found)
        self._found, self._door, self._place = found, door, place

    def __enter__(self) -> Self:
        """Make the client; raises Misconfigured ECQS-1087 when the CA file cannot be read."""
        import httpx  # noqa: PLC0415 - a slow import that other sources do without

        headers, auth = self._credentials()
        self._client = httpx.Client(
            base_url=self.base,
            headers={"Accept": "application/json", "User-Agent": "ecqs-gateway", **headers},
            auth=auth,
            timeout=self._door.timeout.total_seconds(),
            follow_redirects=False,
            trust_env=False,
            verify=self._trust(),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._client.close()

    def _credentials(self) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Login and password go as Basic, a password alone as Bearer, or under the header the extra names."""
        found = self._found
        secret = found.password.reveal() if found.password else ""
        if name := found.option("header"):
            return {name: secret}, None
        if found.login:
            return {}, (found.login, secret)
        return ({"Authorization": f"Bearer {secret}"} if secret else {}), None

    def _trust(self) -> ssl.SSLContext:
        file = self._found.option("ca_file")
        try:
            return ssl.create_default_context(cafile=file)
        except (OSError, ssl.SSLError) as error:
            message = f"the ca_file of the connection {self._found.id!r} cannot be read ({type(error).__name__})"
            hint = "name a PEM file with the certificate of the province's authority"
            raise Misconfigured("ECQS-1087", message, where=self._found.id, hint=hint) from error

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Ask for a path (or an address of the same server) and give its answer.

        Raises Transient ECQS-2061 where the server is not there or keeps failing, Terminal 2062 when it refuses the
        login, Misconfigured 2063 for other refusals, Terminal 2064 for a redirect and 2065 for too large an answer.
        """
        url = self._own(path)
        for number in range(1, self._door.tries + 1):
            pause, problem = self._try(url, params)
            if isinstance(problem, Answer):
                return problem
            if number == self._door.tries:
                raise problem
            self._door.sleep(min(_LONGEST_PAUSE, max(pause, _FIRST_PAUSE * 2 ** (number - 1))))
        raise AssertionError("unreachable")

    def _own(self, path: str) -> str:
        """Make an address of this server, and of no other: a link in an answer is only data."""
        url = urljoin(self.base + "/", path)
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            message = "the answer points at another server, to which nothing is sent"
            raise Terminal("ECQS-2064", message, where=self._place, hint="ask the province which address is right")
        return url

    def _try(self, url: str, params: Mapping[str, str]) -> tuple[float, Answer | GatewayError]:
        """Ask once; gives the answer, or the pause the server asks for and what to raise if it stays so."""
        import httpx  # noqa: PLC0415 - see above

        try:
            # An address that carries its own query would lose it to an empty one.
            with self._client.stream("GET", url, params=dict(params) or None) as response:
                if response.status_code in _BUSY:
                    return _retry_after(response), self._busy(f"answers {response.status_code}")
                self._require_good(response)
                return 0.0, self._answer(response)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return 0.0, self._busy(f"cannot be reached, or broke off ({type(error).__name__})")

    def _busy(self, what: str) -> GatewayError:
        return Transient(
            "ECQS-2061", f"the server {what}; tried {self._door.tries} times", where=self._place, hint=_NEXT_RUN
        )

    def _require_good(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in {401, 403, 407}:
            hint = "correct login and password of the connection; it was asked once only, so that no account locks"
            raise Terminal("ECQS-2062", f"the server refuses the login ({status})", where=self._place, hint=hint)
        if 300 <= status < 400:
            message = f"the server sends us elsewhere ({status}), where nobody follows with credentials"
            hint = "name the final address in the connection"
            raise Terminal("ECQS-2064", message, where=self._place, hint=hint)
        if status >= 400:
            hint = "compare path and params of the connector with the API's description"
            raise Misconfigured("ECQS-2063", f"the server answers {status}", where=self._place, hint=hint)

    def _answer(self, response: httpx.Response) -> Answer:
        pieces, size = [], 0
        for piece in response.iter_bytes():  # inflated, so that what is counted is what is held
            size += len(piece)
            if size > self._door.most_bytes:
                message = f"an answer is larger than {self._door.most_bytes // 1_000_000} MB"
                hint = "ask for smaller pages (pages.size in the connector)"
                raise Terminal("ECQS-2065", message, where=self._place, hint=hint)
            pieces.append(piece)
        link = response.links.get("next", {}).get("url")
        return Answer(response.status_code, b"".join(pieces), response.charset_encoding, _sent_at(response), link)


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def _sent_at(response: httpx.Response) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
