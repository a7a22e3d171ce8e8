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

__all__ = ["LANGUAGES", "Made", "files_of", "names", "report_of", "write"]

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
    data, workbook, shown = names(report.month, report.units[0].code if len(report.units) == 1 else None, language)
    return {
        data: report.json_bytes(),
        workbook: book(report, language=language),
        shown: page(report, language=language).encode(),
    }


def names(month: str, unit: str | None = None, language: str = "zh") -> tuple[str, str, str]:
    """Give the names of data, workbook and page of a report of all units, or of one."""
    stem = f"report-{month}" + (f"-{unit}" if unit else "")
    end = "" if language == "zh" else f".{language}"
    return f"{stem}.json", f"{stem}{end}.xlsx", f"{stem}{end}.html"


def write(report: Report, folder: Path, languages: Sequence[str] = ("zh",)) -> Made:
    """Write the files into a folder, each whole or not at all."""
    wanted = {name: data for language in languages for name, data in files_of(report, language).items()}
    for name, data in wanted.items():
        write_atomic(folder / name, data)
    return Made(report, tuple(folder / name for name in wanted))
