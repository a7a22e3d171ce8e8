"""The line to headquarters, and what befalls lines: cut, reset, slow, dead, or somebody else at the other end.

``Line`` forwards one port to another and breaks as told; the other servers are what a gateway meets when nothing is
right: a full backlog that swallows connections, a web server's error page where SSH should be.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Break:
    """How the next connection breaks: after so many bytes to or from headquarters, closed or reset; or slowly."""

    up: int | None = None
    down: int | None = None
    reset: bool = False
    crawl: int | None = None
    """From that byte from headquarters on, one byte a second."""


@dataclass
class Line:
    """A running forwarder; ``broken`` counts the connections that broke, ``up`` and ``down`` the bytes of the last."""

    port: int
    target: int
    breaks: Break = field(default_factory=Break)
    broken: int = 0
    up: int = 0
    down: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def carry(self, client: socket.socket) -> None:
        """Forward one connection until it ends or breaks."""
        breaks, self.up, self.down = self.breaks, 0, 0
        reset = threading.Event()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.target), timeout=10) as server:
            server.settimeout(None)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._pump, args=(server, client, breaks, "down", reset), daemon=True)
            back.start()
            self._pump(client, server, breaks, "up", reset)
            back.join()
        client.close()

    def _pump(
        self, source: socket.socket, sink: socket.socket, breaks: Break, way: str, reset: threading.Event
    ) -> None:
        limit = getattr(breaks, way)
        with suppress(OSError):
            while data := source.recv(1 if self._crawls(breaks, way) else 65536):
                moved = getattr(self, way)
                if limit is not None and moved + len(data) > limit:
                    sink.sendall(data[: limit - moved])
                    self.broken += 1
                    if breaks.reset:
                        reset.set()
                    break
                setattr(self, way, moved + len(data))
                sink.sendall(data)
                if self._crawls(breaks, way):
                    self.broken += 1
                    self.closing.wait(1)
        self._end(source, sink, reset=reset.is_set())

    def _crawls(self, breaks: Break, way: str) -> bool:
        return way == "down" and breaks.crawl is not None and self.down >= breaks.crawl

    @staticmethod
    def _end(one: socket.socket, other: socket.socket, *, reset: bool) -> None:
        for end in (one, other):
            with suppress(OSError):
                if reset:  # zero linger makes the close a reset, as soon as nobody waits in a read of it any more
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RD)
                    end.close()
                else:
                    end.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, handle) -> threading.Thread:
    def run() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=handle, args=(client,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _stop(listener: socket.socket, thread: threading.Thread) -> None:
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=5)


@contextmanager
def line(target: int) -> Iterator[Line]:
    """Run a forwarder to a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Line(listener.getsockname()[1], target)
        thread = _serve(listener, made.carry)
        try:
            yield made
        finally:
            made.closing.set()
            _stop(listener, thread)


@contextmanager
def swallowing() -> Iterator[int]:
    """Give a port whose backlog is full: connections to it are neither taken nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()


@contextmanager
def closed() -> Iterator[int]:
    """Give a port nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: refused, and nobody else can get it
        yield held.getsockname()[1]


@dataclass
class Knocks:
    """A port where every connection is hung up on; ``count`` says how many came."""

    port: int
    count: int = 0


@contextmanager
def hanging_up() -> Iterator[Knocks]:
    """Run a server that is not there for anyone: each connection is reset at once, and counted."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        made = Knocks(listener.getsockname()[1])

        def hang_up(client: socket.socket) -> None:
            made.count += 1
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

        thread = _serve(listener, hang_up)
        try:
            yield made
        finally:
            _stop(listener, thread)


PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@contextmanager
def web_server(status: str = "502 Bad Gateway") -> Iterator[int]:
    """Give a port where a web server answers whatever is said with an error page."""

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n"
            client.sendall(head.encode() + PAGE)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(5)
            while client.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = _serve(listener, answer)
        try:
            yield listener.getsockname()[1]
        finally:
            _stop(listener, thread)
