"""Standard output on a full disk: what is printed is dropped and told; a reader who left is not our business."""

from __future__ import annotations

import errno
import sys

import pytest

from ecqs_gateway.cli import lost_output


class _Sink:
    def __init__(self, number: int) -> None:
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, "no")

    def flush(self) -> None: ...

    def fileno(self) -> int:
        raise OSError(errno.EBADF, "none")


class _Context:
    def __init__(self) -> None:
        self.ends: list = []

    def call_on_close(self, end) -> None:
        self.ends.append(end)


def _guarded(monkeypatch: pytest.MonkeyPatch, number: int) -> _Context:
    monkeypatch.setattr(sys, "stdout", _Sink(number))
    context = _Context()
    lost_output.guard(context)
    return context


def test_a_full_disk_drops_the_text_and_ends_with_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    context = _guarded(monkeypatch, errno.ENOSPC)
    assert sys.stdout.write("counts") == 6
    with pytest.raises(SystemExit) as ended:
        context.ends[0]()
    assert ended.value.code == 1
    assert "ECQS-6090" in capsys.readouterr().err


def test_a_reader_who_left_ends_the_command_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    context = _guarded(monkeypatch, errno.EPIPE)
    with pytest.raises(BrokenPipeError):
        sys.stdout.write("counts")
    context.ends[0]()  # nothing was lost for want of space


def test_nothing_lost_is_nothing_said(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    before = sys.stdout
    context = _Context()
    lost_output.guard(context)
    sys.stdout.write("counts\n")
    context.ends[0]()
    assert sys.stdout is before
    assert capsys.readouterr() == ("counts\n", "")
