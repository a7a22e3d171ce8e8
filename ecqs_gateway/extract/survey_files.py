"""A first look at a folder: which files belong together, how they are written, where their header is, some rows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl

from ecqs_gateway.content.models import FilesSource as FilesSettings
from ecqs_gateway.content.models import FileStream
from ecqs_gateway.doors.clock import now
from ecqs_gateway.errors import GatewayError, Misconfigured
from ecqs_gateway.extract.csv_rows import CsvRows
from ecqs_gateway.extract.describe import ColumnDescription, TableDescription
from ecqs_gateway.extract.files import FolderSource
from ecqs_gateway.extract.folder import Drop
from ecqs_gateway.extract.notes import Notes, Tally
from ecqs_gateway.extract.sheet import read_sheet
from ecqs_gateway.extract.survey import Sampled, Surveyed, SurveyedColumn

__all__ = ["FolderSurvey"]

_LOOKED_AT = 256 * 1024
_LINES = 30
_DELIMITERS = ",\t;|"
_FORMATS = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx"}
_NUMBERS = re.compile(r"[0-9]+(?:[-_.][0-9]+)*")
_NO_NAME = re.compile(r"[-+]?[0-9][0-9.,:/ -]*")
_SPECIAL = re.compile(r"[*?\[\]]")


@dataclass
class FolderSurvey(Sampled):
    """Looks at a folder of CSV and XLSX files."""

    folder: Path
    unit: str
    rows: int = 2000
    remarks: list[str] = field(default_factory=list)
    type: str = "files"
    dialect: str = "files"

    def tables(self, wanted: Sequence[str] = ()) -> list[Surveyed]:
        """Look at all groups of files, or at those of these names; raises Misconfigured ECQS-2021, 2029."""
        groups = self._groups()
        if not groups:
            raise Misconfigured(
                "ECQS-2029",
                "the folder holds no .csv or .xlsx file",
                where=str(self.folder),
                hint="put a sample file of the province there, or name another folder with --from",
            )
        chosen = {name: files for name, files in groups.items() if not wanted or name in wanted}
        return [found for name, files in chosen.items() if (found := self._look(name, files)) is not None]

    def _groups(self) -> dict[str, list[Path]]:
        """Put files together whose names differ in numbers only: ``jilin-2024.csv`` and ``jilin-2025.csv``."""
        notes, tally = Notes(), Tally()
        groups: dict[str, list[Path]] = {}
        for dropped in Drop(self.folder, "*", _PLACE, timedelta(0)).files(notes, tally):
            path = dropped.path
            if path.suffix in _FORMATS and not _SPECIAL.search(path.name):
                groups.setdefault(_NUMBERS.sub("*", path.stem) + path.suffix, []).append(path)
            else:
                self.remarks.append(f"the file {ascii(path.name)[1:-1]} was passed over: neither .csv nor .xlsx")
        return {name if len(files) > 1 else files[0].name: files for name, files in sorted(groups.items())}

    def _look(self, name: str, files: Sequence[Path]) -> Surveyed | None:
        try:
            stream = _stream(name, files[-1])
            settings = FilesSettings(type="files", connection="onboard")
            source = FolderSource(self.folder, settings, stream, unit=self.unit, kind="onboard", clock=now)
            frames: list[pl.DataFrame] = []
            complete = True
            with source:
                for chunk in source.chunks():
                    frames.append(chunk.frame)
                    if sum(frame.height for frame in frames) >= self.rows:
                        complete = False
                        break
        except GatewayError as error:
            self.remarks.append(f"the files {name} were passed over: {error.message}")
            return None
        sample = pl.concat(frames, how="diagonal_relaxed").head(self.rows)
        names = [column for column in sample.columns if column not in {"__file", "__line"}]
        columns = tuple(SurveyedColumn(column, "TEXT") for column in names)
        described = _description(names, sample)
        return Surveyed(name, columns, sample, whole=complete, stream=stream, description=described)


_PLACE = "ecqs onboard"


def _description(names: Sequence[str], sample: pl.DataFrame) -> TableDescription:
    """Describe the columns as ``ecqs observe`` does."""
    file = sample["__file"][0] if sample.height else ""
    columns: list[ColumnDescription] = [
        {"name": name, "type": "TEXT", "nullable": True, "comment": f"first seen in {file}"} for name in names
    ]
    return {"comment": "", "key": [], "columns": columns}


def _stream(name: str, file: Path) -> FileStream:
    """Find out how a file is written; raises GatewayError where it is no table at all."""
    given: dict[str, object] = {"files": name, "format": _FORMATS[file.suffix], "key": ["__file", "__line"]}
    if given["format"] == "xlsx":
        cells = read_sheet(file.read_bytes(), 0, place=file.name).head(_LINES)
        given["header_row"] = _header_row([[str(cell or "") for cell in row] for row in cells.iter_rows()], file.name)
        return FileStream.model_validate({**given, "settle": timedelta(0)})
    with file.open("rb") as handle:
        head = handle.read(_LOOKED_AT)
    encoding, text = _decoded(head)
    delimiter = max(_DELIMITERS, key=lambda sign: _columns_by(text, sign))
    nothing: tuple[list[int], list[list[str]]] = ([], [])
    lines, rows = next(CsvRows(io.StringIO(text, newline=""), delimiter, '"').batches(_LINES), nothing)
    header = lines[_header_row(rows, file.name) - 1]
    given |= {"header_row": header, "encoding": encoding, "settle": timedelta(0)}
    return FileStream.model_validate(given if delimiter == "," else {**given, "delimiter": delimiter})


def _decoded(head: bytes) -> tuple[str, str]:
    """Tell the encoding by trying; the last character may be cut in two."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", head[: len(head) // 2 * 2].decode("utf-16", "replace")
    for cut in range(4):
        try:
            return "utf-8", head[: len(head) - cut].decode("utf-8-sig")
        except UnicodeDecodeError:
            if len(head) < _LOOKED_AT:
                break
    return "gb18030", head.decode("gb18030", "replace")


def _columns_by(text: str, delimiter: str) -> int:
    counts = [line.count(delimiter) for line in text.splitlines()[:_LINES] if line.strip()]
    return sorted(counts)[len(counts) // 2] if counts else 0


def _header_row(rows: Sequence[Sequence[str]], place: str) -> int:
    """Give the first row that is about as wide as the table and holds names, not numbers or dates."""
    widest = max((sum(bool(cell.strip()) for cell in row) for row in rows), default=0)
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row if cell.strip()]
        names = [cell for cell in cells if not _NO_NAME.fullmatch(cell) and len(cell) <= 60]
        if len(cells) >= max(2, 0.7 * widest) and len(names) == len(cells) == len(set(cells)):
            return number
    message = "no row of the file looks like a header with names"
    raise Misconfigured("ECQS-2023", message, where=place, hint="write the connector by hand, with header_row")
