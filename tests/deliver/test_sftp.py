"""Packages and receipts over SFTP: whole or not at all, once, and clear about what went wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.deliver.sftp import Folders, SftpTransport, _receipt
from ecqs_gateway.deliver.transport import ReceiptStays, ReceiptUnread, RemoteReceipt
from ecqs_gateway.doors import sftp_wire
from ecqs_gateway.doors.sftp_wire import Entry, SftpProtocolError, SftpWire
from ecqs_gateway.errors import Conflict, GatewayError, Misconfigured, Terminal, Transient
from ecqs_gateway.model.batch import BatchId
from ecqs_gateway.model.receipt import Level

NAME = "320000-certificate-00000001.zip"
INBOX, RECEIPTS = "inbox/320000", "receipts/320000"
DATA = bytes(range(256)) * 1000


@pytest.fixture
def transport(fake: Any) -> Any:
    made = SftpTransport(fake.endpoint())
    yield made
    made.close()


def failure(transport: SftpTransport, data: bytes = DATA) -> GatewayError:
    with pytest.raises(GatewayError) as error:
        transport.put(NAME, "320000", data)
    return error.value


# A real OpenSSH server


@pytest.mark.openssh
def test_a_package_arrives_whole_under_its_name(sshd: Any) -> None:
    transport = SftpTransport(sshd.endpoint)
    for size in (0, 1, 32768, 32769, 5_000_000):
        name = f"320000-certificate-{size + 1:08d}.zip"
        data = (DATA * 20)[:size]
        assert not transport.put(name, "320000", data).already
        assert (sshd.root / "inbox/320000" / name).read_bytes() == data
    assert not [path for path in (sshd.root / "inbox/320000").iterdir() if path.name.startswith(".")]
    transport.close()


@pytest.mark.openssh
def test_sending_again_changes_nothing_and_says_so(sshd: Any) -> None:
    transport = SftpTransport(sshd.endpoint)
    transport.put(NAME, "320000", DATA)
    before = (sshd.root / "inbox/320000" / NAME).stat()
    assert transport.put(NAME, "320000", DATA).already
    after = (sshd.root / "inbox/320000" / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    transport.close()


@pytest.mark.openssh
def test_other_bytes_under_the_same_name_are_never_overwritten(sshd: Any) -> None:
    transport = SftpTransport(sshd.endpoint)
    transport.put(NAME, "320000", DATA)
    error = failure(transport, b"other")
    assert (type(error), error.code) == (Conflict, "ECQS-5030")
    assert (sshd.root / "inbox/320000" / NAME).read_bytes() == DATA
    assert len(list((sshd.root / "inbox/320000").iterdir())) == 1
    transport.close()


@pytest.mark.openssh
def test_a_folder_that_is_not_there_is_terminal_and_named(sshd: Any) -> None:
    transport = SftpTransport(sshd.endpoint, Folders(inbox="drop/{unit}"))
    error = failure(transport)
    assert (type(error), error.code, error.where) == (Terminal, "ECQS-5021", "drop/320000")
    transport.close()


@pytest.mark.openssh
def test_receipts_are_listed_in_order_fetched_and_taken(sshd: Any) -> None:
    folder = sshd.root / "receipts/320000"
    names = [
        f"320000-certificate-0000000{n}.{level}.zip" for n in (2, 1) for level in ("loaded", "received", "validated")
    ]
    for name in names:
        (folder / name).write_bytes(name.encode() * 5000)
    transport = SftpTransport(sshd.endpoint)
    found = transport.list_receipts("320000")
    assert [(receipt.batch.sequence, receipt.level.value) for receipt in found] == [
        (number, level) for number in (1, 2) for level in ("received", "validated", "loaded")
    ]
    for receipt in found:
        assert transport.fetch(receipt) == (receipt.name.encode() * 5000)
        transport.take(receipt)
        transport.take(receipt)
    assert transport.list_receipts("320000") == []
    assert len(list((folder / "taken").iterdir())) == 6
    transport.close()


@pytest.mark.openssh
def test_a_receipt_that_comes_again_is_taken_again(sshd: Any) -> None:
    folder = sshd.root / "receipts/320000"
    path = folder / "320000-certificate-00000001.received.zip"
    transport = SftpTransport(sshd.endpoint)
    for content in (b"first", b"again"):
        path.write_bytes(content)
        (receipt,) = transport.list_receipts("320000")
        transport.take(receipt)
    assert (folder / "taken" / path.name).read_bytes() == b"again"
    transport.close()


@pytest.mark.openssh
def test_names_that_are_no_receipts_are_left_alone(sshd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sshd.root / "receipts/320000"
    written = 0
    for name in hostile_names():
        try:
            (folder.as_posix().encode() + b"/" + name).decode("utf-8", "surrogateescape")
            with open(folder.as_posix().encode() + b"/" + name, "wb") as file:  # noqa: PTH123 - bytes that are no text
                file.write(b"x")
            written += 1
        except (OSError, ValueError):
            continue
    assert written > 60
    (folder / "320000-certificate-00000007.loaded.zip").symlink_to("/etc/passwd")
    (folder / "320000-certificate-00000008.loaded.zip").mkdir()
    (folder / "320000-certificate-00000009.loaded.zip").write_bytes(b"good")
    transport = SftpTransport(sshd.endpoint)
    assert [receipt.batch.sequence for receipt in transport.list_receipts("320000")] == [9]
    transport.close()


def hostile_names() -> list[bytes]:
    good = b"320000-certificate-00000001.received.zip"
    changed = [
        good[:place] + piece + good[place:]
        for piece in (
            b"\n",
            b"\r",
            b"\t",
            b" ",
            b"\\",
            b"\x7f",
            b"\xff",
            b"\xc3\x28",
            "\u202e".encode(),
            "０".encode(),
            b"%2f",
            b"..",
        )
        for place in (0, 6, 7, 18, 27, 36, len(good))
    ]
    return [
        *changed,
        good.upper(),
        good.replace(b".zip", b".zip.part"),
        b"." + good,
        b"-" + good,
        good.replace(b"received", b"accepted"),
        good.replace(b"received", b"Received"),
        good.replace(b"320000", b"210000"),
        good.replace(b"320000", b"32000a"),
        good.replace(b"00000001", b"00000000"),
        good.replace(b"00000001", b"1"),
        good.replace(b"00000001", "００００００01".encode()),
        good.replace(b"certificate", b"..certificate"),
        good.replace(b"certificate", "certificaté".encode()),
        good.replace(b"certificate", "certificate\u0301".encode()),
        b"a" * 255,
        b"\xb2\xe2\xca\xd4.zip",
        b"CON",
        b"aux.zip",
        b"~",
        b"$(touch x).zip",
        b"`id`.zip",
        b"; rm -rf .zip",
        b"*",
        b"../../etc/cron.d/x",
        b"..",
        b".",
        b"/etc/passwd",
        b"a/b",
        b"\0",
        good + b"\0",
        b"",
    ]


def test_no_hostile_name_is_taken_for_a_receipt() -> None:
    names = hostile_names()
    assert len(names) > 100
    assert [name for name in names if _receipt(Entry(name, 1, plain=True), "320000")] == []
    assert _receipt(Entry(b"320000-certificate-00000001.received.zip", 1, plain=True), "320000")
    assert _receipt(Entry(b"320000-certificate-00000001.received.zip", 1, plain=False), "320000") is None


@given(st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_a_name_that_is_taken_is_made_of_nothing_but_its_parts(name: bytes) -> None:
    found = _receipt(Entry(name, 1, plain=True), "320000")
    assert found is None or found.name.encode() == name


@pytest.mark.openssh
@pytest.mark.slow
def test_small_packages_go_fast(sshd: Any) -> None:
    transport = SftpTransport(sshd.endpoint)
    transport.put(NAME, "320000", DATA)
    started = time.perf_counter()
    for index in range(100):
        transport.put(f"320000-certificate-{index + 10:08d}.zip", "320000", DATA[:50_000])
    assert time.perf_counter() - started < 2  # 44 ms of Nagle a file would make it four seconds and more
    transport.close()


# A server that misbehaves


def test_a_disk_that_is_full_is_transient_and_leaves_nothing_half(fake: Any, transport: SftpTransport) -> None:
    fake.behaviour.disk = 100_000
    error = failure(transport)
    assert (type(error), error.code) == (Transient, "ECQS-5023")
    assert fake.files == {}
    fake.behaviour.disk = None
    assert not transport.put(NAME, "320000", DATA).already
    assert fake.files == {f"{INBOX}/{NAME}": DATA}


@pytest.mark.parametrize("lost", [0, 3, 7])
def test_one_lost_write_among_good_ones_is_noticed(fake: Any, transport: SftpTransport, lost: int) -> None:
    fake.behaviour.lose_write = lost
    assert failure(transport).code == "ECQS-5023"
    assert fake.files == {}
    assert fake.seen.writes == 8  # the others were carried out: the size alone would have looked right


def test_a_last_write_that_was_acknowledged_and_lost_is_noticed(fake: Any, transport: SftpTransport) -> None:
    fake.behaviour.swallow_write = 7
    assert failure(transport).code == "ECQS-5023"
    assert fake.files == {}


@pytest.mark.parametrize(
    ("how", "kind", "code"),
    [
        ("failure", Transient, "ECQS-5023"),
        ("denied", Terminal, "ECQS-5022"),
        ("missing", Terminal, "ECQS-5021"),
        ("unsupported", Terminal, "ECQS-5024"),
    ],
)
def test_a_rename_that_is_refused_leaves_nothing_half(
    fake: Any, transport: SftpTransport, how: str, kind: type[GatewayError], code: str
) -> None:
    fake.behaviour.rename = how
    error = failure(transport)
    assert (type(error), error.code) == (kind, code)
    assert fake.files == {}


def test_a_rename_that_was_carried_out_but_answered_with_failure_counts(fake: Any, transport: SftpTransport) -> None:
    fake.behaviour.rename = "done"
    assert transport.put(NAME, "320000", DATA).already
    assert fake.files == {f"{INBOX}/{NAME}": DATA}


@pytest.mark.parametrize(("how", "code"), [("failure", "ECQS-5023"), ("denied", "ECQS-5022"), ("missing", "ECQS-5021")])
def test_an_open_that_is_refused_says_why(fake: Any, transport: SftpTransport, how: str, code: str) -> None:
    fake.behaviour.open = how
    assert failure(transport).code == code
    assert fake.files == {}


@pytest.mark.parametrize("operation", ["stat", "open", "write", "close", "rename"])
def test_a_line_cut_anywhere_is_transient_and_the_next_try_succeeds(
    fake: Any, transport: SftpTransport, operation: str
) -> None:
    fake.behaviour.disconnect_at = operation
    error = failure(transport)
    assert (type(error), error.code) == (Transient, "ECQS-5002")
    assert f"{INBOX}/{NAME}" not in fake.files
    transport.put(NAME, "320000", DATA)
    assert fake.files == {f"{INBOX}/{NAME}": DATA}
    assert fake.seen.connections == 2


@pytest.mark.parametrize("operation", ["open", "write", "rename"])
def test_a_server_that_falls_silent_is_left_in_time(fake: Any, operation: str) -> None:
    transport = SftpTransport(fake.endpoint())
    fake.behaviour.hang_at = operation
    started = time.monotonic()
    assert failure(transport, DATA[:1000]).code == "ECQS-5003"
    assert time.monotonic() - started < 5
    transport.close()


def test_a_connection_that_died_between_two_calls_is_opened_again(fake: Any, transport: SftpTransport) -> None:
    transport.put(NAME, "320000", DATA)
    fake.behaviour.disconnect_at = "list"
    with pytest.raises(Transient):
        transport.list_receipts("320000")
    assert transport.list_receipts("320000") == []


def test_servers_without_posix_rename_are_served(old_fake: Any) -> None:
    transport = SftpTransport(old_fake.endpoint())
    assert not transport.put(NAME, "320000", DATA).already
    assert transport.put(NAME, "320000", DATA).already
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.RECEIVED, 1)
    for content in (b"1", b"2"):
        old_fake.files[f"{RECEIPTS}/{receipt.name}"] = content
        transport.take(receipt)
    assert old_fake.files[f"{RECEIPTS}/taken/{receipt.name}"] == b"2"
    transport.close()


def test_a_receipt_of_any_size_up_to_the_limit_is_read_and_none_above(
    fake: Any, transport: SftpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecqs_gateway.deliver.sftp._LARGEST_RECEIPT", len(DATA))
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.LOADED, 0)  # a server may tell no size
    for content in (b"", b"x", DATA):
        fake.files[f"{RECEIPTS}/{receipt.name}"] = content
        assert transport.fetch(receipt) == content
        assert transport.fetch(replace(receipt, size=len(content))) == content
    fake.files[f"{RECEIPTS}/{receipt.name}"] = DATA + b"x"
    for size in (0, len(DATA) + 1):
        with pytest.raises(ReceiptUnread, match=r"ECQS-5026.*larger"):
            transport.fetch(replace(receipt, size=size))


@pytest.mark.parametrize("size", [6, 1_000_000])
def test_a_receipt_that_was_replaced_by_a_shorter_one_since_it_was_listed_is_given_as_it_lies(
    fake: Any, transport: SftpTransport, size: int
) -> None:
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.LOADED, size)
    fake.files[f"{RECEIPTS}/{receipt.name}"] = b"short"
    assert transport.fetch(receipt) == b"short"


def test_one_that_grows_while_it_is_read_is_not_given(
    fake: Any, transport: SftpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.LOADED, 10)
    path = f"{RECEIPTS}/{receipt.name}"
    real = SftpWire.read

    def read(wire: SftpWire, name: bytes, *, expected: int, most: int) -> bytes:
        data = real(wire, name, expected=expected, most=most)
        fake.files[path] += b"x"
        return data

    fake.files[path] = b"short"
    with monkeypatch.context() as patch:
        patch.setattr(SftpWire, "read", read)
        with pytest.raises(ReceiptUnread, match=r"ECQS-5026.*fewer bytes"):
            transport.fetch(receipt)
    assert transport.fetch(receipt) == b"shortx"


def test_a_size_the_server_invents_does_not_make_us_wait_for_ever(fake: Any, transport: SftpTransport) -> None:
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.LOADED, 2**63)
    fake.files[f"{RECEIPTS}/{receipt.name}"] = b"short"
    with pytest.raises(ReceiptUnread, match=r"ECQS-5026.*larger"):
        transport.fetch(receipt)


def test_a_receipt_that_is_gone_is_told(transport: SftpTransport) -> None:
    receipt = RemoteReceipt(BatchId("320000", "certificate", 1), Level.LOADED, 10)
    with pytest.raises(ReceiptUnread, match=r"ECQS-5026.*gone"):
        transport.fetch(receipt)
    with pytest.raises(ReceiptStays, match=r"ECQS-5027.*gone"):
        transport.take(receipt)


@pytest.mark.parametrize(
    ("how", "why"), [("denied", "denies"), ("unsupported", "cannot rename"), ("failure", "could not carry it out")]
)
def test_a_receipt_that_cannot_be_moved_leaves_the_line_and_is_moved_later(
    fake: Any, transport: SftpTransport, how: str, why: str
) -> None:
    path = f"{RECEIPTS}/320000-certificate-00000001.loaded.zip"
    fake.files[path] = DATA
    (receipt,) = transport.list_receipts("320000")
    fake.behaviour.rename = how
    with pytest.raises(ReceiptStays, match=f"ECQS-5027 {path}: .*{why}.*taken/"):
        transport.take(receipt)
    fake.behaviour.rename = None
    transport.take(receipt)
    assert transport.list_receipts("320000") == []
    assert fake.seen.connections == 1


def test_a_line_that_is_cut_while_a_receipt_is_moved_is_no_fault_of_the_receipt(
    fake: Any, transport: SftpTransport
) -> None:
    fake.files[f"{RECEIPTS}/320000-certificate-00000001.loaded.zip"] = DATA
    (receipt,) = transport.list_receipts("320000")
    fake.behaviour.disconnect_at = "rename"
    with pytest.raises(Transient) as caught:
        transport.take(receipt)
    assert type(caught.value) is Transient


@pytest.mark.parametrize(
    ("how", "why"), [("denied", "denies"), ("missing", "gone"), ("failure", "could not read"), ("short", "fewer bytes")]
)
def test_one_receipt_that_cannot_be_had_leaves_the_line_and_the_others_as_they_are(
    fake: Any, transport: SftpTransport, how: str, why: str
) -> None:
    for number in (1, 2):
        fake.files[f"{RECEIPTS}/320000-certificate-0000000{number}.loaded.zip"] = DATA
    bad, good = transport.list_receipts("320000")
    path = f"{RECEIPTS}/{bad.name}"
    if how == "short":
        fake.behaviour.shorten[path] = len(DATA) - 1
    else:
        fake.behaviour.open_of[path] = how
    with pytest.raises(ReceiptUnread, match=f"ECQS-5026 {path}: .*{why}"):
        transport.fetch(bad)
    assert transport.fetch(good) == DATA
    fake.behaviour.shorten.clear()
    fake.behaviour.open_of.clear()
    assert transport.fetch(bad) == DATA
    assert fake.seen.connections == 1


@pytest.mark.parametrize("operation", ["open", "read"])
def test_a_line_that_is_cut_while_a_receipt_is_read_is_no_fault_of_the_receipt(
    fake: Any, transport: SftpTransport, operation: str
) -> None:
    fake.files[f"{RECEIPTS}/320000-certificate-00000001.loaded.zip"] = DATA
    (receipt,) = transport.list_receipts("320000")
    fake.behaviour.disconnect_at = operation
    with pytest.raises(Transient) as caught:
        transport.fetch(receipt)
    assert type(caught.value) is Transient


def test_a_folder_with_too_many_names_is_not_listed(
    fake: Any, transport: SftpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecqs_gateway.deliver.sftp._MOST_NAMES", 5)
    fake.files |= {f"{RECEIPTS}/{index}": b"" for index in range(6)}
    with pytest.raises(Terminal, match="ECQS-5025"):
        transport.list_receipts("320000")


@pytest.mark.parametrize("name", ["320000-certificate-00000001", "210000-certificate-00000001.zip", "../x.zip", "x"])
def test_only_a_package_of_the_unit_is_sent(transport: SftpTransport, fake: Any, name: str) -> None:
    with pytest.raises(Terminal):
        transport.put(name, "320000", DATA)
    assert fake.seen.connections == 0


@pytest.mark.parametrize(
    "path",
    ["/inbox/{unit}", "../{unit}", "inbox/{unit}/..", "inbox", "inbox/{kind}/{unit}", "in box/{unit}", "a//{unit}", ""],
)
def test_only_plain_relative_folders_are_accepted(path: str) -> None:
    with pytest.raises(Misconfigured, match="ECQS-5018"):
        Folders(inbox=path)


# A server that breaks the protocol


class Script:
    """A channel that answers with prepared bytes."""

    def __init__(self, answers: bytes) -> None:
        self.answers = answers

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, most: int) -> bytes:
        taken, self.answers = self.answers[:most], self.answers[most:]
        return taken


def packet(kind: int, body: bytes) -> bytes:
    return (len(body) + 1).to_bytes(4, "big") + bytes([kind]) + body


VERSION = packet(2, b"\0\0\0\3")
ID = b"\0\0\0\1"


@pytest.mark.parametrize(
    "answers",
    [
        packet(2, b"\0\0\0\2"),
        packet(101, b"\0\0\0\3"),
        packet(2, b""),
        b"Welcome to this machine!\n",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        VERSION + packet(105, b"\0\0\0\7\0\0\0\0"),
        VERSION + packet(102, ID + b"\0\0\0\1x"),
        VERSION + packet(101, ID + b"\0\0\0\0"),
        VERSION + packet(101, ID),
        VERSION + packet(105, ID + b"\0\0\0\1\0"),
        VERSION + packet(105, ID + b"\x80\0\0\0\xff\xff\xff\xff"),
        VERSION + packet(105, b""),
    ],
)
def test_an_answer_that_breaks_the_protocol_is_refused(answers: bytes) -> None:
    with pytest.raises(SftpProtocolError):
        SftpWire(Script(answers)).size(b"x")


def test_an_end_in_the_middle_is_an_end() -> None:
    for cut in range(len(VERSION)):
        with pytest.raises(EOFError):
            SftpWire(Script(VERSION[:cut]))


@given(st.binary(max_size=80))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_answer_raises_anything_unexpected(noise: bytes) -> None:
    for act in (lambda w: w.size(b"x"), lambda w: w.listing(b"x", most=5), lambda w: w.read(b"x", expected=1, most=5)):
        wire = SftpWire(Script(VERSION + noise))
        try:
            act(wire)
        except (SftpProtocolError, EOFError, sftp_wire.SftpFailure, sftp_wire.TooLarge):
            continue


def test_more_data_than_was_asked_for_is_refused() -> None:
    handle = packet(102, ID + b"\0\0\0\1h")
    data = packet(103, b"\0\0\0\2" + (40_000).to_bytes(4, "big") + b"x" * 40_000)
    with pytest.raises(SftpProtocolError):
        SftpWire(Script(VERSION + handle + data)).read(b"x", expected=1, most=100)


def test_a_file_that_is_answered_in_small_pieces_is_read_whole() -> None:
    pieces, number = b"", 1
    content = bytes(range(100))
    handle = packet(102, ID + b"\0\0\0\1h")
    for start in range(0, 100, 30):
        number += 1
        piece = content[start : start + 30]
        pieces += packet(103, number.to_bytes(4, "big") + len(piece).to_bytes(4, "big") + piece)
    end = packet(101, (number + 1).to_bytes(4, "big") + b"\0\0\0\1") + packet(
        101, (number + 2).to_bytes(4, "big") + b"\0\0\0\0"
    )
    assert SftpWire(Script(VERSION + handle + pieces + end)).read(b"x", expected=100, most=1000) == content
