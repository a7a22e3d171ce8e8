"""Hostile XML at the door: refused fast, with no file opened, no socket, no memory taken.

Python's audit hook does not see what C libraries open, so beside it the kernel watches the canary file (inotify) and
a listening socket waits for whoever follows an address.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ecqs_gateway.doors.xml import parse
from ecqs_gateway.errors import Terminal

IN_ACCESS_OR_OPEN = 0x1 | 0x20
CANARY = "canary-content-4b1d"


@dataclass
class Watch:
    """Counts what must stay at zero."""

    path: Path
    port: int
    notify: int
    listener: socket.socket
    events: list[tuple[str, Any]] = field(default_factory=list)
    listening: bool = False

    def touched(self) -> list[object]:
        found: list[object] = list(self.events)
        if select.select([self.notify], [], [], 0)[0]:
            found.append(("inotify", os.read(self.notify, 4096)))
        if select.select([self.listener], [], [], 0)[0]:
            self.listener.accept()[0].close()
            found.append("socket")
        return found


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    path = tmp_path_factory.mktemp("canary") / "canary.txt"
    path.write_text(CANARY)
    (path.parent / "evil.dtd").write_text('<!ENTITY x "y">')
    libc = ctypes.CDLL(None, use_errno=True)
    notify = libc.inotify_init1(os.O_NONBLOCK)
    for watched in (path, path.parent / "evil.dtd"):
        assert libc.inotify_add_watch(notify, str(watched).encode(), IN_ACCESS_OR_OPEN) > 0
    listener = socket.create_server(("127.0.0.1", 0))
    watcher = Watch(path, listener.getsockname()[1], notify, listener)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watcher.listening and (
            event == "open" or event.startswith(("socket.", "urllib.", "subprocess.", "os.exec"))
        ):
            watcher.events.append((event, str(arguments)[:100]))

    sys.addaudithook(hook)
    yield watcher
    watcher.listening = False
    os.close(notify)
    listener.close()


def external(path: str, port: int) -> dict[str, str]:
    """Documents that point somewhere: every way XML has of doing so, in several spellings."""
    file, http = f"file://{path}", f"http://127.0.0.1:{port}/x"
    dtd = f"file://{Path(path).parent}/evil.dtd"
    found = {}
    for number, target in enumerate(
        (path, file, file.replace("file://", "file://localhost"), http, f"ftp://127.0.0.1:{port}/x")
    ):
        found |= {
            f"entity {number}": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]><a>&x;</a>',
            f"public entity {number}": f'<!DOCTYPE a [<!ENTITY x PUBLIC "p" "{target}">]><a>&x;</a>',
            f"parameter entity {number}": f'<!DOCTYPE a [<!ENTITY % x SYSTEM "{target}"> %x;]><a/>',
            f"external subset {number}": f'<!DOCTYPE a SYSTEM "{target}"><a/>',
            f"public subset {number}": f'<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "{target}"><a/>',
            f"entity in attribute {number}": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]><a b="&x;"/>',
            f"notation {number}": f'<!DOCTYPE a [<!NOTATION n SYSTEM "{target}"><!ENTITY x SYSTEM "y" NDATA n>]><a/>',
            f"stylesheet {number}": f'<?xml-stylesheet type="text/xsl" href="{target}"?><a/>',
        }
    return found | {
        "out of band": f'<!DOCTYPE a [<!ENTITY % f SYSTEM "{file}"><!ENTITY % d SYSTEM "{dtd}">%d;]><a>&x;</a>',
        "lower case": f'<!doctype a SYSTEM "{http}"><a/>',
        "blank in the mark": f'<! DOCTYPE a SYSTEM "{http}"><a/>',
        "line break": f'<!DOCTYPE\na\nSYSTEM\n"{http}"><a/>',
        "doctype after comment": f'<!-- x --><!DOCTYPE a SYSTEM "{http}"><a/>',
        "doctype after blanks": f'\n\n  <!DOCTYPE a SYSTEM "{http}"><a/>',
        "expect": '<!DOCTYPE a [<!ENTITY x SYSTEM "expect://id">]><a>&x;</a>',
        "php": '<!DOCTYPE a [<!ENTITY x SYSTEM "php://filter/resource=/etc/passwd">]><a>&x;</a>',
        "gopher": f'<!DOCTYPE a [<!ENTITY x SYSTEM "gopher://127.0.0.1:{port}/_x">]><a>&x;</a>',
        "unc path": '<!DOCTYPE a [<!ENTITY x SYSTEM "\\\\127.0.0.1\\share\\x">]><a>&x;</a>',
        "default attribute": "<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>",
        "schema in dtd": f'<!DOCTYPE a [<!ATTLIST a xsi:schemaLocation CDATA "{http}">]><a/>',
    }


def bombs() -> dict[str, bytes]:
    """Documents that are small and grow, or are large in one way."""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return {
        "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a>&l9;</a>'.encode(),
        "quadratic": f'<!DOCTYPE a [<!ENTITY x "{"y" * 50_000}">]><a>{"&x;" * 1000}</a>'.encode(),
        "parameter laughs": b'<!DOCTYPE a [<!ENTITY % a "x"><!ENTITY % b "%a;%a;"><!ENTITY % c "%b;%b;">%c;]><a/>',
        "recursion": b'<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>',
        "depth 65": b"<a>" * 65 + b"</a>" * 65,
        "depth 300": b"<a>" * 300 + b"</a>" * 300,
        "depth a million": b"<a>" * 1_000_000,
        "elements": b"<a>" + b"<b/>" * 1_000_001 + b"</a>",
        "one text": b"<a>" + b"x" * 1_000_001 + b"</a>",
        "one attribute": b'<a b="' + b"x" * 1_000_001 + b'"/>',
        "text over ten megabytes": b"<a>" + b"x" * 11_000_000 + b"</a>",
        "cdata": b"<a><![CDATA[" + b"x" * 1_000_001 + b"]]></a>",
        "attributes": b"<a " + b" ".join(b'a%d="1"' % i for i in range(20_000)) + b"/>",
        "namespaces": b"<a " + b" ".join(b'xmlns:a%d="u"' % i for i in range(5_000)) + b"><b/></a",
        "long name": b"<" + b"a" * 100_000 + b"/>",
        "comment": b"<a><!--" + b"x" * 5_000_000 + b"--></a>",
        "instruction": b"<a><?x " + b"x" * 5_000_000 + b"?></a>",
        "unclosed comment": b"<a><!--" + b"x" * 5_000_000,
        "character references": b"<a>" + b"&#120;" * 1_000_001 + b"</a>",
        "gzipped": __import__("gzip").compress(b"<a>" + b"x" * 1_000_000 + b"</a>"),
    }


def spellings(port: int) -> dict[str, bytes]:
    """DOCTYPE in other encodings, malformed declarations, and what is not XML of ours at all."""
    attack = f'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/">]><a>&x;</a>'
    plain = "<a>x</a>"
    return {
        "utf-16": attack.encode("utf-16"),
        "utf-16 without mark": attack.encode("utf-16-le"),
        "utf-16 big end": attack.encode("utf-16-be"),
        "utf-32": attack.encode("utf-32"),
        "utf-7": b"<?xml version='1.0' encoding='UTF-7'?>" + attack.encode("utf-7"),
        "ebcdic": f"<?xml version='1.0' encoding='cp037'?>{attack}".encode("cp037"),
        "ebcdic without declaration": attack.encode("cp037"),
        "declares utf-16": b"<?xml version='1.0' encoding='UTF-16'?>" + plain.encode(),
        "declares gbk": "<?xml version='1.0' encoding='GBK'?><a>好</a>".encode("gbk"),
        "declares latin": b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
        "declares nothing we know": b"<?xml version='1.0' encoding='x-user'?><a/>",
        "version 1.1": b"<?xml version='1.1'?><a>&#x1;</a>",
        "version missing": b"<?xml encoding='UTF-8'?><a/>",
        "declaration broken": b"<?xml version='1.0'><a/>",
        "not utf-8": b"<a>\xff\xfe</a>",
        "overlong": b"<a>\xc0\xbc</a>",
        "surrogate": b"<a>\xed\xa0\x80</a>",
        "nul": b"<a>\0</a>",
        "nul before": b"\0<a/>",
        "control character": b"<a>\x01</a>",
        "control reference": b"<a>&#1;</a>",
        "undeclared entity": b"<a>&nbsp;</a>",
        "two roots": b"<a/><b/>",
        "text before": b"x<a/>",
        "empty": b"",
        "blank": b"  \n",
        "json": b'{"a": 1}',
        "html": b"<html><br></html>",
        "two declarations": b"<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "comment splits text": b"<a>100<!-- -->0</a>",
        "instruction splits text": b"<a>100<?x?>0</a>",
        "attribute twice": b"<a b='1' b='2'/>",
        "attribute twice by namespace": b"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "prefix unbound": b"<p:a/>",
        "cut off": b"<a><b>",
        "mark twice": b"\xef\xbb\xbf\xef\xbb\xbf<a/>",
    }


def refuse(document: bytes, watch: Watch) -> float:
    watch.events.clear()
    watch.listening = True
    started = time.perf_counter()
    try:
        with pytest.raises(Terminal) as error:
            parse(document)
    finally:
        watch.listening = False
    took = time.perf_counter() - started
    assert error.value.code in ("ECQS-4001", "ECQS-4002", "ECQS-4003")
    assert CANARY not in str(error.value)
    assert watch.touched() == []
    return took


@pytest.fixture(params=["as it is", "after a hostile set_default_parser"])
def whatever_the_default_parser(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param != "as it is":
        etree.set_default_parser(
            etree.XMLParser(
                resolve_entities=True, load_dtd=True, no_network=False, huge_tree=True, dtd_validation=False
            )
        )
    yield
    etree.set_default_parser(None)


@pytest.mark.usefixtures("whatever_the_default_parser")
def test_nothing_in_a_document_reaches_a_file_or_a_socket(watch: Watch) -> None:
    payloads = external(str(watch.path), watch.port)
    assert len(payloads) >= 50
    for name, payload in payloads.items():
        for document in (payload.encode(), b'<?xml version="1.0" encoding="UTF-8"?>\n' + payload.lstrip().encode()):
            assert refuse(document, watch) < 0.1, name


@pytest.mark.usefixtures("whatever_the_default_parser")
def test_no_spelling_gets_past_the_door(watch: Watch) -> None:
    payloads = spellings(watch.port)
    assert len(payloads) >= 30
    for name, payload in payloads.items():
        assert refuse(payload, watch) < 0.1, name


@pytest.mark.usefixtures("whatever_the_default_parser")
@pytest.mark.parametrize("name", bombs())
def test_bombs_are_refused_in_little_time_and_memory(watch: Watch, name: str) -> None:
    document = bombs()[name]
    before = _resident()
    took = refuse(document, watch)
    assert took < max(0.1, len(document) / 10e6)  # a document of a megabyte may take its hundred milliseconds
    assert _resident() - before < 64_000_000


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_includes_and_locations_are_data_and_stay_so(watch: Watch) -> None:
    watch.listening = True
    root = parse(
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="urn:x http://127.0.0.1:{watch.port}/x.xsd">'
        f'<xi:include href="file://{watch.path}" parse="text"/></a>'.encode()
    )
    watch.listening = False
    assert CANARY not in etree.tostring(root, encoding="unicode")
    assert watch.touched() == []


def test_the_watch_would_see_an_open_and_a_connection(watch: Watch) -> None:
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)
    document = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{watch.path}">]><a>&x;</a>'.encode()
    assert CANARY in etree.tostring(etree.fromstring(document, parser), encoding="unicode")
    assert any("inotify" in str(event) for event in watch.touched())
    socket.create_connection(("127.0.0.1", watch.port)).close()
    assert watch.touched() == ["socket"]
