"""The SFTP door: what a client may do, what it may not, and the faults it can be made to see."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ecqs_gateway.sandbox.misbehave import Chance, Disconnect, Hang, Orders, misbehave
from ecqs_gateway.sandbox.serve import add_account

pytestmark = pytest.mark.timeout(60)


def new_key(folder: Path, name: str) -> paramiko.Ed25519Key:
    path = folder / name
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    return paramiko.Ed25519Key(filename=str(path))


class Client:
    """An SFTP client that pins the host key, as any sane one does."""

    def __init__(self, endpoint, user="gateway", *, key=None, password=None):
        kind, text = endpoint.host_key.split()
        assert kind == "ssh-ed25519"
        sock = socket.create_connection((endpoint.host, endpoint.port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = paramiko.Transport(sock)
        try:
            self.transport.connect(
                hostkey=paramiko.Ed25519Key(data=base64.b64decode(text)), username=user, pkey=key, password=password
            )
            self.files = paramiko.SFTPClient.from_transport(self.transport)
            assert self.files is not None
            self.files.get_channel().settimeout(10)
        except BaseException:
            self.transport.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.transport.close()

    def upload(self, name, data, unit="320000"):
        part = f"inbox/{unit}/.{name}.part"
        with self.files.open(part, "wb") as file:
            file.set_pipelined(pipelined=True)
            file.write(data)
        self.files.posix_rename(part, f"inbox/{unit}/{name}")


@pytest.fixture
def key(office, tmp_path):
    key = new_key(tmp_path, "id_ed25519")
    add_account(office.home, "gateway", f"{key.get_name()} {key.get_base64()} gateway@province")
    return key


@pytest.fixture
def client(office, key):
    with Client(office.running.endpoint, key=key) as client:
        yield client


def test_a_package_goes_up_and_its_receipts_come_down(office, client):
    client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    office.running.wait_idle()
    names = [f"320000-certificate-00000001.{level}.zip" for level in ("loaded", "received", "validated")]
    assert client.files.listdir("receipts/320000") == names
    with client.files.open(f"receipts/320000/{names[0]}") as file:
        assert file.read() == office.raw(1)["loaded"]
    for name in names:
        client.files.posix_rename(f"receipts/320000/{name}", f"receipts/320000/taken/{name}")
    assert client.files.listdir("receipts/320000") == ["taken"]
    assert client.files.listdir("receipts/320000/taken") == names
    assert client.files.listdir("inbox/320000") == []


def test_a_large_package_arrives_whole(office, client):
    data = bytes(range(256)) * 4096 * 8
    client.upload("320000-certificate-00000001.zip", data)
    office.running.wait_idle()
    with office.query() as query:
        batch = query.batches()[0]
    assert (office.home / "packages" / f"{batch.digest}.zip").read_bytes() == data


def test_folders_are_there_when_they_are_asked_for(client):
    assert client.files.listdir("inbox/450000") == []
    assert client.files.listdir("receipts/450000") == []
    client.files.stat("receipts/460000/taken")
    client.files.mkdir("inbox/990000")
    with pytest.raises(OSError, match="denied"):
        client.files.mkdir("elsewhere")
    with pytest.raises(FileNotFoundError):
        client.files.listdir("inbox/guangxi")


@pytest.mark.parametrize(
    "name",
    ["../../headquarters.db", "/../../headquarters.db", "inbox/320000/../../../../headquarters.db", "/etc/passwd"],
)
def test_nothing_outside_the_account_can_be_read(office, client, name):
    with pytest.raises(OSError):
        client.files.open(name)
    with pytest.raises(OSError):
        client.files.stat(name)


@pytest.mark.parametrize(
    "name",
    [
        "inbox/320000/../../../../owned",
        "receipts/320000/forged.zip",
        "inbox/320000/a\\b",
        "inbox/320000/a\nb",
        "inbox/320000/a\0b",
        f"inbox/320000/{'x' * 300}",
        "owned",
        "inbox/owned/there",
    ],
)
def test_nothing_outside_the_inbox_can_be_written(office, client, name):
    before = {path for path in office.home.rglob("*") if path.is_file()}
    with pytest.raises(OSError):
        client.files.open(name, "w")
    client.upload("ok.part", b"x")
    written = {path for path in office.home.rglob("*") if path.is_file()} - before
    assert {path.name for path in written} <= {"ok.part", "headquarters.db-wal", "headquarters.db-shm"}


def test_links_are_neither_made_nor_followed(office, client):
    root = office.home / "files" / "gateway"
    client.files.listdir("inbox/320000")
    (root / "inbox" / "320000" / "link").symlink_to(office.home / "headquarters.db")
    (root / "inbox" / "outside").symlink_to(office.home)
    for name in ("inbox/320000/link", "inbox/outside/headquarters.db", "inbox/outside"):
        with pytest.raises(OSError, match="denied"):
            client.files.stat(name)
        with pytest.raises(OSError, match="denied"):
            client.files.open(name)
    with pytest.raises(OSError):
        client.files.symlink("/etc/passwd", "inbox/320000/mine")


def test_receipts_can_be_taken_and_nothing_else_done_with_them(office, client):
    client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    office.running.wait_idle()
    receipt = "receipts/320000/320000-certificate-00000001.loaded.zip"
    with pytest.raises(OSError, match="denied"):
        client.files.remove(receipt)
    with pytest.raises(OSError, match="denied"):
        client.files.posix_rename(receipt, "inbox/320000/x")
    with pytest.raises(OSError, match="denied"):
        client.files.open(receipt, "r+")
    with pytest.raises(OSError, match="denied"):
        client.files.rmdir("receipts/320000")
    client.files.stat(receipt)


def test_the_plain_rename_does_not_overwrite_and_the_posix_one_does(client):
    for name in ("a.part", "b.part"):
        with client.files.open(f"inbox/320000/{name}", "w") as file:
            file.write(name.encode())
    with pytest.raises(OSError):
        client.files.rename("inbox/320000/a.part", "inbox/320000/b.part")
    client.files.posix_rename("inbox/320000/a.part", "inbox/320000/b.part")
    assert client.files.open("inbox/320000/b.part").read() == b"a.part"
    client.files.remove("inbox/320000/b.part")
    assert client.files.listdir("inbox/320000") == []


def test_only_the_registered_key_is_let_in(office, key, tmp_path):
    with pytest.raises(paramiko.AuthenticationException):
        Client(office.running.endpoint, key=new_key(tmp_path, "stranger"))
    for user in ("nobody", "../gateway", ""):
        with pytest.raises(paramiko.SSHException):
            Client(office.running.endpoint, user, key=key)
    with pytest.raises(paramiko.AuthenticationException):
        Client(office.running.endpoint, password="guess")


def test_an_account_may_have_a_password(office, key):
    add_account(office.home, "manual", "ssh-ed25519 AAAA", password="correct horse")
    with Client(office.running.endpoint, "manual", password="correct horse") as client:
        assert client.files.listdir("inbox/320000") == []
    for wrong in ("", "wrong"):
        with pytest.raises(paramiko.AuthenticationException):
            Client(office.running.endpoint, "manual", password=wrong)


def test_accounts_see_only_their_own_files_and_receipts(office, client, tmp_path):
    key = new_key(tmp_path, "second")
    add_account(office.home, "second", f"{key.get_name()} {key.get_base64()}")
    with Client(office.running.endpoint, "second", key=key) as second:
        second.upload("320000-certificate-00000001.zip", office.sender.package(1))
        office.running.wait_idle()
        assert len(second.files.listdir("receipts/320000")) == 3
        assert client.files.listdir("receipts/320000") == []


def test_several_clients_deliver_at_once(office, key, kit):
    def deliver(unit_sender):
        with Client(office.running.endpoint, key=key) as client:
            for n in range(1, 4):
                record = kit.Record(number=f"(苏)XK{unit_sender.unit[:2]}-001-{n:05d}")
                client.upload(f"{unit_sender.batch_id(n)}.zip", unit_sender.package(n, [record]), unit_sender.unit)

    senders = [office.register(kit.Sender(f"{n}0000")) for n in (11, 12, 13, 14, 15)]
    threads = [threading.Thread(target=deliver, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    office.running.wait_idle()
    for sender in senders:
        assert [office.levels(n, sender)[-1] for n in (1, 2, 3)] == ["loaded"] * 3


def test_a_client_that_dies_in_the_middle_disturbs_nobody(office, client, key):
    dying = Client(office.running.endpoint, key=key)
    file = dying.files.open("inbox/320000/.320000-certificate-00000001.zip.part", "wb")
    file.write(b"half a pack")
    dying.transport.sock.close()
    with socket.create_connection(("127.0.0.1", office.running.endpoint.port)) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
    client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    office.running.wait_idle()
    assert office.levels(1) == ["received", "validated", "loaded"]
    with contextlib.suppress(OSError, EOFError):
        dying.transport.close()


def test_stopping_does_not_wait_for_idle_clients(office, client):
    assert client.files.listdir("inbox/320000") == []
    started = time.monotonic()
    office.stop()
    assert time.monotonic() - started < 2
    with pytest.raises((OSError, EOFError)):
        client.files.listdir("inbox/320000")


# Faults on command


def order(office, **what):
    misbehave(office.home, Orders(**what))


def acts(office):
    with office.query() as query:
        return [act.act for act in query.acts()]


def test_logins_can_be_refused(office, key):
    order(office, refuse="login")
    with pytest.raises(paramiko.AuthenticationException):
        Client(office.running.endpoint, key=key)
    assert set(acts(office)) == {"refuse login"}


def test_the_disk_can_be_full(office, client):
    order(office, refuse="disk_full")
    with pytest.raises(OSError, match="Failure"):
        client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    assert set(acts(office)) == {"refuse disk full"}
    assert client.files.listdir("receipts/320000") == []


def test_everything_can_be_forbidden(office, client):
    order(office, refuse="permission")
    with pytest.raises(OSError, match="denied"):
        client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    with pytest.raises(OSError, match="denied"):
        client.files.listdir("receipts/320000")
    assert set(acts(office)) == {"refuse permission"}


def test_the_connection_can_be_cut_in_the_middle_of_an_upload(office, key):
    order(office, disconnect=Disconnect(after_bytes=100_000, times=1))
    package = office.sender.package(1)
    with Client(office.running.endpoint, key=key) as client, pytest.raises((OSError, EOFError, paramiko.SSHException)):
        client.upload("320000-certificate-00000001.zip", package + bytes(500_000))
    with Client(office.running.endpoint, key=key) as client:
        client.upload("320000-certificate-00000001.zip", package)
    office.running.wait_idle()
    assert office.levels(1) == ["received", "validated", "loaded"]
    assert acts(office) == ["disconnect"]


def test_the_connection_can_be_cut_after_a_rename_was_done(office, key):
    order(office, disconnect=Disconnect(after_rename=True, times=1))
    with Client(office.running.endpoint, key=key) as client, pytest.raises((OSError, EOFError, paramiko.SSHException)):
        client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    office.running.wait_idle()
    assert office.levels(1) == ["received", "validated", "loaded"]
    assert acts(office) == ["disconnect after rename"]


@pytest.mark.parametrize("at", ["login", "list", "open", "write", "read", "rename"])
def test_operations_can_hang(office, key, at):
    order(office, hang=Hang(at=at, seconds=0.6, times=1))
    started = time.monotonic()
    with Client(office.running.endpoint, key=key) as client:
        client.upload("a.part", b"x")
        client.files.listdir("receipts/320000")
        with client.files.open("inbox/320000/a.part") as file:
            assert file.read() == b"x"
    assert time.monotonic() - started > 0.5
    assert acts(office) == ["hang"]


def test_a_connection_can_be_accepted_and_never_answered(office, key):
    order(office, hang=Hang(at="connect", times=1))
    address = ("127.0.0.1", office.running.endpoint.port)
    with socket.create_connection(address, timeout=0.3) as silent, pytest.raises(TimeoutError):
        silent.recv(1)
    with Client(office.running.endpoint, key=key) as client:
        assert client.files.listdir("inbox/320000") == []
    assert acts(office) == ["hang"]


def test_another_host_key_can_be_shown(office, key):
    order(office, host_key="other")
    with pytest.raises(paramiko.SSHException, match="Bad host key"):
        Client(office.running.endpoint, key=key)
    order(office)
    with Client(office.running.endpoint, key=key) as client:
        assert client.files.listdir("inbox/320000") == []


def test_the_line_can_be_slow(office, client):
    order(office, throttle=20_000)
    started = time.monotonic()
    with client.files.open("inbox/320000/slow.part", "w") as file:
        file.write(bytes(10_000))
    assert 0.4 < time.monotonic() - started < 3


def test_a_dropped_receipt_is_not_seen_over_the_wire_either(office, client):
    order(office, drop=Chance(levels=("loaded",)))
    client.upload("320000-certificate-00000001.zip", office.sender.package(1))
    office.running.wait_idle()
    assert len(client.files.listdir("receipts/320000")) == 2
