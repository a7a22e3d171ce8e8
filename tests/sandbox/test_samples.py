"""The published sheets are sample data: they stay as they were published."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "inspections"

SHEETS = [
    ("jilin-2024.csv", "utf-8", 1, 199, "5e552004707f17779d9b5b19cfcef365c35b51969602ef2c07bf530cc6be7043"),
    ("jilin-2025.csv", "utf-8", 1, 205, "0ac4dc0ff5b3dcbabf59d13dc9a0e27a2832537fec9cebadee05deca42c59f51"),
    ("shanghai-2023-2025.csv", "gb18030", 2, 390, "c5a72996a93f77434444dad67153e9c4345e9972476f3568afc0f6474dd7333a"),
]


@pytest.mark.parametrize(("name", "encoding", "header", "rows", "digest"), SHEETS)
def test_published_sheets_stay_as_published(name, encoding, header, rows, digest):
    data = (FOLDER / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    lines = list(csv.reader(data.decode(encoding).splitlines(keepends=True)))
    assert "公布日期" in lines[header - 1]
    assert len(lines) - header == rows


def test_no_sheet_is_without_a_promise():
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(sheet[0] for sheet in SHEETS)
