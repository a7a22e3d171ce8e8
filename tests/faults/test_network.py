"""F5: nine ways in which the line to headquarters fails; none makes a batch accepted that is not, none hangs for long.

A forwarder between gateway and headquarters breaks as told; where nobody, a web server or an SFTP server that says
yes to everything answers, that is what the gateway is sent to. After each kind of fault the line is mended, and
headquarters must hold everything once.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import ecqs_test_support_fake_sftp as fake_sftp
import ecqs_test_support_line as lines
import ecqs_test_support_soak as soak
import paramiko
import pytest

from ecqs_gateway.deliver.sftp import SftpTransport
from ecqs_gateway.doors import ssh
from ecqs_gateway.flows import nightly

UNIT = "320000"
CASES = 100 if soak.SOAK else 2
QUICK = ssh.Timeouts(connect=0.5, handshake=0.8, login=0.8, answer=0.8)
GRACE = 5.0


@dataclasses.dataclass
class Scene:
    """The world, its open gateway, the line, and how long each call of the transport took beyond what it may."""

    world: object
    gateway: object
    line: lines.Line
    dice: random.Random
    typical: tuple[int, int] = (0, 0)
    """Bytes up and down of a run in which nothing breaks."""
    met: int = 0
    slowest: float = 0.0
    """Longest time by which a call of the transport outlived its timeouts; below zero when none did."""

    def sync(self) -> dict[str, str]:
        return nightly.sync(self.gateway, nightly.Options()).failed

    def at(self, port: int, **changes: object) -> None:
        """Send the gateway to this port from now on."""
        self.world.connections["ecqs_national"] |= {"port": port, **changes}


@contextmanager
def _line(scene: Scene, broken: Callable[[Scene], lines.Break]) -> Iterator[None]:
    scene.line.breaks, before = broken(scene), scene.line.broken
    yield
    scene.line.breaks = lines.Break()
    scene.met += scene.line.broken > before


def _up(scene: Scene, *, reset: bool = False) -> lines.Break:
    return lines.Break(up=scene.dice.randint(0, scene.typical[0] // 2), reset=reset)


def _down(scene: Scene) -> lines.Break:
    return lines.Break(down=scene.dice.randint(int(scene.typical[1] * 0.4), int(scene.typical[1] * 0.9)))


def _crawl(scene: Scene) -> lines.Break:
    return lines.Break(crawl=scene.dice.choice([0, scene.dice.randint(0, scene.typical[1] // 2)]))


@contextmanager
def _nobody(scene: Scene, server: Callable[[], Iterator[int]]) -> Iterator[None]:
    with server() as port:
        scene.at(port)
        yield
    scene.at(scene.line.port)
    scene.met += 1


@contextmanager
def _cut_after_body(scene: Scene) -> Iterator[None]:
    """The rename was carried out; the line dies before the answer."""
    with scene.world.query() as query:
        before = len(query.acts("disconnect after rename"))
    scene.world.misbehave(seed=scene.dice.randrange(10**9), disconnect={"after_rename": True, "times": 1})
    yield
    scene.world.behave()
    with scene.world.query() as query:
        scene.met += len(query.acts("disconnect after rename")) > before


@contextmanager
def _yes_to_everything(scene: Scene) -> Iterator[None]:
    """An SFTP server that takes the package, says all is well, and offers error pages as receipts."""
    key = paramiko.RSAKey.generate(2048) if _KEYS == [] else _KEYS[0]
    _KEYS[:] = [key]
    good = dict(scene.world.connections["ecqs_national"])
    (sequence,) = scene.world.rows("SELECT next_sequence FROM lane")[0]
    with fake_sftp.fake_server(key) as server:
        for level in ("received", "validated", "loaded"):
            body = scene.dice.choice([lines.PAGE, b'{"status": "error"}', b"", b"PK\x05\x06" + bytes(18)])
            server.files[f"receipts/{UNIT}/{UNIT}-certificate-{sequence:08d}.{level}.zip"] = body
        extra = good["extra"] | {"host_key": f"ssh-rsa {key.get_base64()}"}
        scene.at(server.port, extra=extra, login=fake_sftp.USER)
        yield
        scene.met += any(name.startswith(f"inbox/{UNIT}/") for name in server.files)
    scene.world.connections["ecqs_national"] = good
    scene.world.clock.forward(hours=2)  # what was sent into the void is sent again


_KEYS: list[paramiko.RSAKey] = []

FAULTS = {
    "refused": lambda scene: _nobody(scene, lines.closed),
    "connect timeout": lambda scene: _nobody(scene, lines.swallowing),
    "cut in request": lambda scene: _line(scene, _up),
    "cut after body": _cut_after_body,
    "truncated receipt": lambda scene: _line(scene, _down),
    "error page instead of SSH": lambda scene: _nobody(scene, lines.web_server),
    "success with an error body": _yes_to_everything,
    "one byte a second": lambda scene: _line(scene, _crawl),
    "reset": lambda scene: _line(scene, partial(_up, reset=True)),
}


def _watched(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the time of every call of the transport, against what its timeouts allow."""
    for name in ("put", "list_receipts", "fetch", "take"):
        real = getattr(SftpTransport, name)

        def timed(transport, *given, real=real):
            size = next((len(value) for value in given if isinstance(value, bytes)), 0)
            allowed = QUICK.connect + QUICK.handshake + QUICK.login + QUICK.within(size)
            started = time.monotonic()
            try:
                return real(transport, *given)
            finally:
                scene.slowest = max(scene.slowest, time.monotonic() - started - allowed)

        monkeypatch.setattr(SftpTransport, name, timed)


def _least(scene: Scene, w) -> tuple[int, int]:
    """Give the bytes a short exchange takes each way: on a busy machine receipts come late, and one asks more often."""
    found = []
    for second in (1, 2, 3):
        scene.world.put(UNIT, [w.licence(UNIT, 2, gxsj=f"2026-11-20 08:00:0{second}", qymc=f"远山电缆{second}厂")])
        assert scene.sync() == {}
        found.append((scene.line.up, scene.line.down))
    return min(found)


@contextmanager
def _scene(w, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    world = w.World(folder)
    world.build()
    world.without_rules()
    world.national(records=50, wait="1s", attempts=1)
    world.province(UNIT, 1)
    plain = ssh.Endpoint.of
    quick = lambda *a, **k: dataclasses.replace(plain(*a, **k), timeouts=QUICK)  # noqa: E731
    with world.headquarters() as hq, lines.line(hq.endpoint.port) as line, world.gateway() as gateway:
        scene = Scene(world, gateway, line, random.Random(soak.SEED))
        scene.at(line.port)
        assert scene.sync() == {}
        scene.typical = _least(scene, w)
        monkeypatch.setattr(ssh.Endpoint, "of", quick)
        _watched(scene, monkeypatch)
        yield scene


def _no_false_acceptance(world) -> None:
    """Everything the gateway accepted is a receipt headquarters issued; no state runs ahead of headquarters'."""
    with world.query() as query:
        issued = {(r.batch, r.level, r.id, r.digest) for r in query.receipts()}
        states = {batch.batch: batch.state for batch in query.batches()}
    rows = "batch_id, level, receipt_id, lower(hex(digest))"
    assert set(world.rows(f"SELECT {rows} FROM receipt WHERE verdict = 'accepted'")) <= issued
    order = ["sealed", "sent", "received", "validated", "loaded"]
    for batch, state in world.rows("SELECT id, state FROM batch WHERE state NOT IN ('sealed', 'sent')"):
        assert order.index(state) <= order.index(states[batch])


def network_fails(w, folder: Path, monkeypatch, fault: str, *, cases: int, harmless: bool = False) -> None:
    """Meet one kind of fault so many times, each with a new batch waiting; mend the line; judge."""
    started = time.monotonic()
    with _scene(w, folder, monkeypatch) as scene:
        world = scene.world
        for case in range(3, cases + 3):
            world.put(UNIT, [w.licence(UNIT, case, gxsj=f"2026-11-20 09:{case // 60:02d}:{case % 60:02d}")])
            with nullcontext() if harmless else FAULTS[fault](scene):
                for message in scene.sync().values():
                    assert message.startswith("ECQS-50"), message
                    assert "Next:" in message
        _no_false_acceptance(world)
        soak.require(scene.met >= 0.8 * cases and scene.met, f"the line hardly ever failed ({scene.met} of {cases})")
        assert scene.slowest <= GRACE, f"a call outlived its timeouts by {scene.slowest:.1f} s"
        for _ in range(3):
            world.clock.forward(hours=2)
            assert scene.sync() == {}
        w.judged_faultless(world, {UNIT: cases + 2})
        with world.query() as query:
            assert all(batch.bound and batch.state == "loaded" for batch in query.batches())
        assert world.rows("SELECT count(*) FROM batch WHERE state <> 'loaded'") == [(0,)]
    soak.report(
        "F5", program=fault, demanded="100 times each of 9 faults", run=f"{cases} cases, {scene.met} broke",
        lost=0, doubled=0, hands=0, met=not soak.SOAK or scene.met >= 80, false_acceptances=0,
        beyond_timeout=f"{max(0.0, scene.slowest):.1f} s", seconds=round(time.monotonic() - started),
    )  # fmt: skip


@pytest.mark.timeout(1200 if soak.SOAK else 120)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_line_that_fails_makes_nothing_accepted_and_ends_in_time(
    fault: str, w, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network_fails(w, tmp_path, monkeypatch, fault, cases=CASES)
