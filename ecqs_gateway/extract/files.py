"""A folder of CSV or XLSX files as a source: every file is read once, whole, and again when its content changes.

The watermark is the SHA-256 of each file read. It moves with the last chunk of a file, so that a file whose reading
was cut short is read again from its first line. Every line ends up somewhere: in a frame, among the unreadable rows,
or counted as empty.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO, Self
from zoneinfo import ZoneInfo

import polars as pl

from ecqs_gateway.content.models import FilesSource as FilesSettings
from ecqs_gateway.content.models import FileStream
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.errors import Misconfigured, Transient
from ecqs_gateway.extract.chunk import UNREADABLE, Chunk, no_unreadable
from ecqs_gateway.extract.csv_rows import CsvRows, Unreadable
from ecqs_gateway.extract.describe import ColumnDescription, TableDescription
from ecqs_gateway.extract.encodings import check_encoding, codec_for
from ecqs_gateway.extract.folder import Drop, Dropped
from ecqs_gateway.extract.headers import header_names
from ecqs_gateway.extract.notes import Notes, Tally
from ecqs_gateway.extract.sheet import read_sheet
from ecqs_gateway.extract.sheet_faults import faulty_cells
from ecqs_gateway.model.watermark import Watermark

__all__ = ["FolderSource"]

_IN_MEMORY = 32_000_000  # a file up to this size is read once, so that nobody can change it meanwhile
_PIECE = 1 << 20
_ROWS_AT_ONCE = 5_000  # rows held as Python texts; a chunk is put together of several


@dataclass(frozen=True)
class _Piece:
    """Some rows of one file."""

    frame: pl.DataFrame
    unreadable: pl.DataFrame


@dataclass
class _OpenFile:
    """A file being read, with the digest of what was read."""

    dropped: Dropped
    stream: BinaryIO
    sha256: str
    place: str

    def pieces(self) -> Iterator[bytes]:
        """Give the content from the beginning."""
        self.stream.seek(0)
        while piece := self.stream.read(_PIECE):
            yield piece


class FolderSource:
    """Reads one stream of a folder; a context manager like the other sources."""

    def __init__(
        self, folder: Path, settings: FilesSettings, stream: FileStream, *, unit: str, kind: str, clock: Clock = now
    ) -> None:
        """Keep what is to be read; nothing is looked at yet."""
        self.unit, self.kind = unit, kind
        self.notes, self.tally = Notes(), Tally()
        self.arrived: Callable[[], None] = lambda: None
        self._stream = stream
        self._zone = ZoneInfo(settings.time_zone)
        self._place = f"connectors/provinces/{unit}.yaml: streams.{kind}"
        self._drop = Drop(folder, stream.files, self._place, stream.settle, clock)
        self._files: list[Dropped] = []
        self.dialect = "files"

    def __enter__(self) -> Self:
        """List the files; raises Misconfigured ECQS-2021 when the folder cannot be read."""
        self._files = self._drop.files(self.notes, self.tally)
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open between two chunks that closing the iterator would not close."""

    def describe(self) -> dict[str, TableDescription]:
        """Describe the columns of the files, all of text, by the first file they occur in."""
        found: dict[str, str] = {}
        for dropped in self._files:
            with self._open(dropped) as file:
                for name in self._columns_of(file) if file else ():
                    found.setdefault(name, dropped.name)
        if not found:
            raise Misconfigured(
                "ECQS-2029",
                f"no file that can be read matches {self._stream.files!r}, so there are no columns to describe",
                where=self._place,
                hint="put a file there, or correct files in the connector",
            )
        columns: list[ColumnDescription] = [
            {"name": name, "type": "TEXT", "nullable": True, "comment": f"first seen in {file}"}
            for name, file in found.items()
        ]
        return {self._stream.files: {"comment": "", "key": list(self._stream.key), "columns": columns}}

    def chunks(self, after: Watermark | None = None, since: date | None = None) -> Iterator[Chunk]:
        """Give the rows of files that are new or changed; ``since`` reads files again that changed on or after the day.

        Raises Misconfigured ECQS-2022 to 2024 and 2026, Terminal ECQS-2025 and 2028, Transient ECQS-2027.
        """
        known = dict(after.files) if after is not None else {}
        again = None if since is None else datetime.combine(since, time(), self._zone).timestamp()
        numbers = itertools.count(1)
        for dropped in self._files:
            self.arrived()  # opening reads a small file whole
            with self._open(dropped) as file:
                if file is None:
                    continue
                forced = again is not None and dropped.changed_ns / 1e9 >= again
                if known.get(dropped.name) == file.sha256 and not forced:
                    self.tally.files_known += 1
                    continue
                self.tally.files += 1
                for piece, last in _with_last(self._pieces(file)):
                    if last:
                        self._check_unchanged(file)
                        known = {**known, dropped.name: file.sha256}
                    yield self._chunk(next(numbers), piece, Watermark(files=known) if last else None)

    def pick(self, limit: int, where: Mapping[str, str] | None = None) -> Chunk:
        """Give the first rows of the first files, or those whose columns have these texts; moves no watermark."""
        held: list[_Piece] = []
        for chunk in self.chunks():
            frame = chunk.frame
            for name, text in (where or {}).items():
                frame = frame.filter(pl.col(name).cast(pl.String) == text) if name in frame.columns else frame.clear()
            held.append(_Piece(frame.head(limit - sum(each.frame.height for each in held)), chunk.unreadable))
            if sum(each.frame.height for each in held) >= limit:
                break
        frames = [each.frame for each in held if each.frame.height] or [each.frame for each in held[:1]]
        unreadable = pl.concat([no_unreadable(), *(each.unreadable for each in held)])
        return self._chunk(1, _Piece(pl.concat(frames, how="diagonal") if frames else pl.DataFrame(), unreadable), None)

    def _chunk(self, number: int, piece: _Piece, watermark: Watermark | None) -> Chunk:
        self.tally.rows += piece.frame.height
        self.tally.unreadable += piece.unreadable.height
        stream = self._stream
        return Chunk(
            self.unit,
            self.kind,
            number,
            piece.frame,
            {},
            watermark,
            stream.files,
            unreadable=piece.unreadable,
            key=stream.key,
        )

    @contextmanager
    def _open(self, dropped: Dropped) -> Iterator[_OpenFile | None]:
        """Open a file and take its digest; None when it changed since it was listed."""
        place = f"{self._place}: {dropped.name}"
        try:
            stream = dropped.path.open("rb")
        except OSError as error:
            self._leave(place, f"it cannot be opened ({error.strerror})")
            yield None
            return
        with stream:
            source: BinaryIO = io.BytesIO(stream.read()) if dropped.size <= _IN_MEMORY else stream
            digest = hashlib.sha256()
            size = 0
            source.seek(0)
            while piece := source.read(_PIECE):
                digest.update(piece)
                size += len(piece)
            entry = dropped.path.stat()
            if (size, entry.st_size, entry.st_mtime_ns) != (dropped.size, dropped.size, dropped.changed_ns):
                self._leave(place, "it changed while it was looked at")
                yield None
                return
            yield _OpenFile(dropped, source, digest.hexdigest(), place)

    def _leave(self, place: str, why: str) -> None:
        self.notes.add("ECQS-2054", place, f"left for the next run: {why}")
        self.tally.files_left += 1

    def _check_unchanged(self, file: _OpenFile) -> None:
        """See that a large file is still the one whose digest was taken; a small one was read in one go."""
        if isinstance(file.stream, io.BytesIO):
            return
        entry = file.dropped.path.stat()
        if (entry.st_size, entry.st_mtime_ns) != (file.dropped.size, file.dropped.changed_ns):
            hint = "let files be delivered under a temporary name and renamed; the next run reads this one again"
            raise Transient("ECQS-2027", "the file changed while it was read", where=file.place, hint=hint)

    def _pieces(self, file: _OpenFile) -> Iterator[_Piece]:
        if self._stream.format == "csv":
            return _gathered(self._csv(file), self._stream.batch_rows)
        return self._xlsx(file)

    def _columns_of(self, file: _OpenFile) -> Sequence[str]:
        if self._stream.format == "csv":
            return self._csv_header(file)[1]
        return self._xlsx_header(self._sheet(file), file)

    def _csv_header(self, file: _OpenFile) -> tuple[CsvRows, list[str]]:
        check_encoding(file.pieces, self._stream.encoding, file.place)
        file.stream.seek(0)
        # Bytes that cannot be read are carried through, so that only their own line is set aside.
        codec = codec_for(self._stream.encoding)
        text = io.TextIOWrapper(
            io.BufferedReader(_Unclosing(file.stream)), encoding=codec, errors="surrogateescape", newline=""
        )
        rows = CsvRows(text, self._stream.delimiter, self._stream.quote)
        row = self._stream.header_row
        rows.skip_lines(row - 1)
        header = next(rows.batches(1), ([], [[]]))[1][0]
        return rows, self._names(header, file)

    def _names(self, header: Sequence[str | None], file: _OpenFile) -> list[str]:
        stream = self._stream
        return header_names(header, row=stream.header_row, place=file.place, notes=self.notes, key=stream.key)

    def _csv(self, file: _OpenFile) -> Iterator[_Piece]:
        rows, names = self._csv_header(file)
        name = file.dropped.name
        for numbers, fields in rows.batches(min(self._stream.batch_rows, _ROWS_AT_ONCE)):
            good_numbers, good, aside = self._sorted_out(numbers, fields, len(names))
            aside = sorted([*aside, *rows.take_unreadable()], key=lambda each: each.line)
            self.arrived()
            yield _Piece(_frame(names, good, good_numbers, name), _unreadable(aside, name))
        yield _Piece(_frame(names, [], [], name), _unreadable(rows.take_unreadable(), name))

    def _sorted_out(
        self, numbers: list[int], rows: list[list[str]], width: int
    ) -> tuple[list[int], list[list[str]], list[Unreadable]]:
        """Tell rows from lines that are empty, too short, too long, or hold bytes that are no text."""
        if all(len(row) == width and "".join(row).strip() for row in rows) and not _damaged(rows):
            return numbers, rows, []
        good_numbers: list[int] = []
        good: list[list[str]] = []
        aside: list[Unreadable] = []
        for number, row in zip(numbers, rows, strict=True):
            if self._stream.skip_empty and not any(cell.strip() for cell in row):
                self.tally.empty_lines += 1
                continue
            fitted = row[:width] if not any(row[width:]) else row
            reason = _fault(fitted, width, self._stream.encoding)
            if reason is None:
                good_numbers.append(number)
                good.append(fitted)
            else:
                shown = self._stream.delimiter.join(row).encode("utf-8", "replace").decode()
                aside.append(Unreadable(number, reason, shown[:2_000]))
        return good_numbers, good, aside

    def _sheet(self, file: _OpenFile) -> pl.DataFrame:
        file.stream.seek(0)
        return read_sheet(file.stream.read(), self._stream.sheet, place=file.place)

    def _remark_on_faults(self, file: _OpenFile) -> None:
        file.stream.seek(0)
        if faulty := faulty_cells(file.stream.read(), self._stream.sheet):
            shown = ", ".join(faulty[:10]) + (" …" if len(faulty) > 10 else "")
            many = "1 cell holds" if len(faulty) == 1 else f"{len(faulty)} cells hold"
            message = f"{many} an error or a formula without a result and count as empty: {shown}"
            self.notes.add("ECQS-2060", file.place, message)

    def _xlsx_header(self, cells: pl.DataFrame, file: _OpenFile) -> list[str]:
        row = self._stream.header_row
        header = cells.row(row - 1) if cells.height >= row else ()
        filled = cells.slice(row).select(pl.all().is_not_null().any())
        # A column that has values is one, even where nobody wrote a name above it.
        width = max((n for n, has in enumerate(filled.row(0) if filled.height else (), start=1) if has), default=0)
        names = self._names(header, file)
        return names + [f"__column{n}" for n in range(len(names) + 1, width + 1)]

    def _xlsx(self, file: _OpenFile) -> Iterator[_Piece]:
        cells = self._sheet(file)
        self._remark_on_faults(file)
        names = self._xlsx_header(cells, file)
        first = self._stream.header_row + 1
        rows = cells.slice(self._stream.header_row).select(
            *(pl.col(old).alias(new) for old, new in zip(cells.columns, names, strict=False)),
            __file=pl.lit(file.dropped.name),
            __line=pl.int_range(first, first + max(0, cells.height - first + 1), dtype=pl.UInt32),
        )
        if self._stream.skip_empty:
            kept = rows.filter(pl.any_horizontal(pl.col(names).str.strip_chars().str.len_bytes() > 0))
            self.tally.empty_lines += rows.height - kept.height
            rows = kept
        for start in range(0, max(1, rows.height), self._stream.batch_rows):
            yield _Piece(rows.slice(start, self._stream.batch_rows), no_unreadable())


class _Unclosing(io.RawIOBase):
    """Lends a stream to a text wrapper that would close it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _frame(names: Sequence[str], rows: list[list[str]], numbers: list[int], file: str) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else (() for _ in names)
    series = [pl.Series(name, values, dtype=pl.String) for name, values in zip(names, columns, strict=True)]
    series.append(pl.repeat(file, len(numbers), dtype=pl.String, eager=True).alias("__file"))
    return pl.DataFrame([*series, pl.Series("__line", numbers, dtype=pl.UInt32)])


def _damaged(rows: list[list[str]]) -> bool:
    """Say whether any cell holds bytes that were carried through undecoded."""
    try:
        "".join(map("".join, rows)).encode()
    except UnicodeEncodeError:
        return True
    return False


def _fault(row: list[str], width: int, encoding: str) -> str | None:
    if len(row) != width:
        return f"有 {len(row)} 列, 表头有 {width} 列"
    if _damaged([row]):
        return f"含有不能按 {encoding} 解码的字节"
    return None


def _unreadable(lines: Sequence[Unreadable], file: str) -> pl.DataFrame:
    # Bytes that are no text were carried through as surrogates, which no column of text can hold.
    rows = [(file, each.line, None, each.reason, each.text.encode("utf-8", "replace").decode()) for each in lines]
    return pl.DataFrame(rows, schema=dict(UNREADABLE), orient="row")


def _gathered(pieces: Iterator[_Piece], size: int) -> Iterator[_Piece]:
    """Put small pieces together to chunks of up to ``size`` rows; gives at least one."""
    held: list[_Piece] = []
    rows = 0
    for piece in pieces:
        if held and rows + piece.frame.height > size:
            yield _joined(held)
            held, rows = [], 0
        held.append(piece)
        rows += piece.frame.height
    yield _joined(held)


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    return _Piece(pl.concat([each.frame for each in pieces]), pl.concat([each.unreadable for each in pieces]))


def _with_last(pieces: Iterator[_Piece]) -> Iterator[tuple[_Piece, bool]]:
    held = next(pieces, None)
    while held is not None:
        following = next(pieces, None)
        yield held, following is None
        held = following
