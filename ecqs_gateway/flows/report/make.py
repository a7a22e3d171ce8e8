"""Making the report's files: data, workbook and page, from one set of numbers that has been proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.flows.report.context import Context
from ecqs_gateway.flows.report.sections import make
from ecqs_gateway.report.book import book
from ecqs_gateway.report.data import Report
from ecqs_gateway.report.page import page

__all__ = ["LANGUAGES", "Made", "files_of", "report_of", "write"]

LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Made:
    """A report on disk."""

    report: Report
    files: tuple[Path, ...]


def report_of(gateway: Gateway, month: str | None, units: Sequence[str] = ()) -> Report:
    """Make the data of a report; without a month, of the one before this."""
    return make(Context.of(gateway, month, units))


def files_of(report: Report, language: str) -> dict[str, bytes]:
    """Give the report's files by name."""
    if language not in LANGUAGES:
        hint = f"one of {', '.join(LANGUAGES)}"
        raise Misconfigured("ECQS-8105", "there is no report in this language", where="--lang", hint=hint)
    stem = f"report-{report.month}" + ("" if len(report.units) != 1 else f"-{report.units[0].code}")
    end = "" if language == "zh" else f".{language}"
    return {
        f"{stem}.json": report.json_bytes(),
        f"{stem}{end}.xlsx": book(report, language=language),
        f"{stem}{end}.html": page(report, language=language).encode(),
    }


def write(report: Report, folder: Path, languages: Sequence[str] = ("zh",)) -> Made:
    """Write the files into a folder, each whole or not at all."""
    wanted = {name: data for language in languages for name, data in files_of(report, language).items()}
    for name, data in wanted.items():
        write_atomic(folder / name, data)
    return Made(report, tuple(folder / name for name in wanted))
