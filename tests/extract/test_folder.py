"""Files of a folder: every line accounted for, every oddity named with its file and line."""

# ruff: noqa: DTZ001 - sources write times without a zone

from __future__ import annotations

import codecs
import contextlib
import hashlib
import os
import subprocess
import sys
import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.models import ConnectorFile, FilesSource, FileStream
from ecqs_gateway.doors.connections import Connection
from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.extract import describe, open_source
from ecqs_gateway.extract.files import FolderSource
from ecqs_gateway.model.watermark import Watermark

OLD = 1_700_000_000


def put(folder, name, content, *, age=None):
    """Write a file that looks settled."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    stamp = OLD if age is None else time.time() - age
    os.utime(path, (stamp, stamp))
    return path


def source(folder, **stream):
    made = FileStream.model_validate({"files": "*.csv", "format": "csv", "key": ["__file", "__line"], **stream})
    return FolderSource(
        folder, FilesSource(type="files", connection="x"), made, unit="220000", kind="sampling_inspection"
    )


def read(opened, after=None, since=None):
    with opened:
        return list(opened.chunks(after, since))


def rows(chunks):
    frames = [chunk.frame.drop("__file") for chunk in chunks if chunk.frame.height]
    return [row for frame in frames for row in frame.iter_rows()]


def aside(chunks):
    return [row for chunk in chunks for row in chunk.unreadable.select("__line", "reason").iter_rows()]


def test_a_file_is_read_once_and_again_when_its_content_changes(tmp_path):
    first = put(tmp_path, "a.csv", "序号,名称\n1,甲\n")
    put(tmp_path, "b.csv", "序号,名称\n2,乙\n")
    chunks = read(source(tmp_path))
    assert rows(chunks) == [("1", "甲", 2), ("2", "乙", 2)]
    after = Watermark.from_json(chunks[-1].watermark.to_json())
    assert after.files["a.csv"] == hashlib.sha256(first.read_bytes()).hexdigest()
    opened = source(tmp_path)
    assert read(opened, after) == []
    assert opened.tally.files_known == 2
    put(tmp_path, "a.csv", "序号,名称\n1,甲\n3,丙\n")
    again = read(source(tmp_path), after)
    assert rows(again) == [("1", "甲", 2), ("3", "丙", 3)]
    assert set(again[-1].watermark.files) == {"a.csv", "b.csv"}


def test_the_watermark_moves_only_with_the_last_chunk_of_a_file(tmp_path):
    put(tmp_path, "a.csv", "n\n" + "".join(f"{n}\n" for n in range(10)))
    chunks = read(source(tmp_path, batch_rows=4))
    assert [chunk.frame.height for chunk in chunks] == [4, 4, 2]
    assert [chunk.watermark is None for chunk in chunks] == [True, True, False]


def test_since_reads_files_again_that_changed_on_or_after_the_day(tmp_path):
    put(tmp_path, "old.csv", "n\n1\n")
    put(tmp_path, "new.csv", "n\n2\n", age=60)
    after = read(source(tmp_path))[-1].watermark
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    again = read(source(tmp_path), after, date.fromordinal(today.toordinal() - 1))
    assert [chunk.frame["__file"][0] for chunk in again] == ["new.csv"]


def test_physical_line_numbers_survive_line_breaks_inside_fields(tmp_path):
    put(tmp_path, "a.csv", '标题,,\n序号,"名\n称",备注\n1,"甲\n乙",x\r\n\n2,丙,"y\n\nz"\n,,\n3,丁,\n')
    opened = source(tmp_path, header_row=2)
    chunks = read(opened)
    assert rows(chunks) == [("1", "甲\n乙", "x", 4), ("2", "丙", "y\n\nz", 7), ("3", "丁", "", 11)]
    assert chunks[0].frame.columns == ["序号", "名称", "备注", "__file", "__line"]
    assert opened.tally.empty_lines == 2


def test_lines_that_are_no_rows_are_set_aside_with_file_line_and_text(tmp_path):
    put(tmp_path, "a.csv", '序号,名称,备注\n1,甲\n2,乙,b,\n3,丙,c,d\n4,"丁"x,e\n5,戊,f\n6,"没有结束,g\n7,己,h\n')
    chunks = read(source(tmp_path))
    assert rows(chunks) == [("2", "乙", "b", 3), ("5", "戊", "f", 6), ("7", "己", "h", 8)]
    assert aside(chunks) == [
        (2, "有 2 列, 表头有 3 列"),
        (4, "有 4 列, 表头有 3 列"),
        (5, "引号之后有多余的字符, 或字段过长"),
        (7, "引号没有配对"),
    ]
    unreadable = pl.concat([chunk.unreadable for chunk in chunks])
    assert unreadable["__file"].unique().to_list() == ["a.csv"]
    assert unreadable["text"].to_list()[0] == "1,甲"
    assert unreadable["text"].to_list()[3] == '6,"没有结束,g'


def test_one_quotation_mark_too_many_costs_one_line_of_a_long_file(tmp_path):
    lines = [f"{n},甲{n}" for n in range(5_000)]
    lines[7] = '7,"甲7'
    put(tmp_path, "a.csv", "n,m\n" + "\n".join(lines) + "\n")
    chunks = read(source(tmp_path))
    assert len(rows(chunks)) == 4_999
    assert aside(chunks) == [(9, "引号没有配对")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(
        st.lists(st.text(st.sampled_from('甲a1 ,"\n\r;\t|'), max_size=6), min_size=3, max_size=3), max_size=8
    )
)
def test_whatever_a_csv_writer_writes_is_read_back(tmp_path, table):
    import csv
    import io

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["a", "b", "c"])
    writer.writerows(table)
    put(tmp_path, "a.csv", text.getvalue())
    opened = source(tmp_path)
    found = [row[:3] for row in rows(read(opened))]
    kept = [tuple(row) for row in table if any(cell.strip() for cell in row)]
    assert found == kept
    assert opened.tally.empty_lines == len(table) - len(kept)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(st.sampled_from('a,"\n\r甲'), max_size=80).map(str.encode))
def test_no_bytes_make_it_fail_otherwise_than_with_an_error_of_ours(tmp_path, content):
    put(tmp_path, "a.csv", b"a,b\n" + content)
    chunks = []
    with contextlib.suppress(Misconfigured):
        chunks = read(source(tmp_path))
    assert all(chunk.frame.schema["__line"] == pl.UInt32 for chunk in chunks)


@pytest.mark.parametrize(
    ("declared", "real", "likely"),
    [
        ("utf-8", "gb18030", "gb18030"),
        ("utf-8", "big5", "big5"),
        ("utf-8", "utf-16", "utf-16"),
        ("utf-8-sig", "gbk", "gb18030"),
        ("gb18030", "utf-8", "utf-8"),
        ("gb18030", "utf-8-sig", "utf-8"),
        ("gbk", "utf-8", "utf-8"),
        ("utf-16", "gb18030", "gb18030"),
    ],
)
def test_a_wrong_encoding_is_refused_before_any_row_with_place_and_likely_encoding(tmp_path, declared, real, likely):
    text = "序號,產品名稱\n" if real == "big5" else "序号,产品名称\n"
    text += "".join(f"{n},水泥示例 {n}\n" for n in range(50))
    put(tmp_path, "a.csv", text.encode(real))
    with pytest.raises(Misconfigured, match="ECQS-2022") as caught:
        read(source(tmp_path, encoding=declared))
    assert "a.csv" in caught.value.where
    assert likely in caught.value.hint


def test_the_first_bad_byte_is_named_by_offset_and_line(tmp_path):
    put(tmp_path, "a.csv", b"a,b\n1,2\n" + "3,泥\n".encode("gb18030"))
    with pytest.raises(Misconfigured, match=r"byte 10 of the file \(line 3\)"):
        read(source(tmp_path))


def test_a_few_damaged_bytes_cost_their_lines_only(tmp_path):
    lines = [f"{n},水泥示例{n}".encode("gb18030") for n in range(100)]
    lines[5] = b"5,\xa3\xff\xb1"
    lines[77] = b"77,\xff"
    put(tmp_path, "a.csv", "序号,名称\n".encode("gb18030") + b"\n".join(lines) + b"\n")
    chunks = read(source(tmp_path, encoding="gb18030"))
    assert len(rows(chunks)) == 98
    assert aside(chunks) == [(7, "含有不能按 gb18030 解码的字节"), (79, "含有不能按 gb18030 解码的字节")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "big5", "utf-16"])
def test_every_declared_encoding_is_read(tmp_path, encoding):
    put(tmp_path, "a.csv", "甲,乙\n水,一\n".encode(encoding))
    assert rows(read(source(tmp_path, encoding=encoding))) == [("水", "一", 2)]
    put(tmp_path, "a.csv", codecs.BOM_UTF8 + "甲,乙\n水,一\n".encode())
    assert read(source(tmp_path))[0].frame.columns[0] == "甲"


def test_headers_are_mended_in_one_fixed_way_and_remarked_on(tmp_path):
    put(tmp_path, "a.csv", "序号,标称生产 单位所在地, 名称 ,名称,,Prod  Date,__file,\n1,南京,a,b,c,d,e,\n")
    opened = source(tmp_path)
    (chunk,) = read(opened)
    assert chunk.frame.columns == [
        "序号",
        "标称生产单位所在地",
        "名称",
        "名称__2",
        "__column5",
        "Prod Date",
        "__file__source",
        "__file",
        "__line",
    ]
    assert {note.code for note in opened.notes.items} == {"ECQS-2055"}
    assert len(opened.notes.items) == 6


@pytest.mark.parametrize("content", ["", "\n\n", "某某汇总表,,\n序号,名称,备注\n", ",,\n"])
def test_a_row_that_is_no_header_is_refused(tmp_path, content):
    put(tmp_path, "a.csv", content)
    with pytest.raises(Misconfigured, match="ECQS-2023") as caught:
        read(source(tmp_path))
    assert "header_row" in caught.value.hint


def test_a_key_column_that_is_not_in_the_header_is_named_with_the_nearest(tmp_path):
    put(tmp_path, "a.csv", "序号,公布日期\n1,2\n")
    with pytest.raises(Misconfigured, match="ECQS-2024") as caught:
        read(source(tmp_path, key=["公布时期"]))
    assert "公布日期" in caught.value.hint


def test_delimiter_and_quote_are_the_declared_ones(tmp_path):
    put(tmp_path, "a.csv", "a\tb\n'x\ty'\t\"2\"\n")
    assert rows(read(source(tmp_path, delimiter="\t", quote="'"))) == [("x\ty", '"2"', 2)]


def test_an_empty_file_with_a_header_counts_as_read(tmp_path):
    put(tmp_path, "a.csv", "a,b\n")
    (chunk,) = read(source(tmp_path))
    assert chunk.frame.schema == {"a": pl.String, "b": pl.String, "__file": pl.String, "__line": pl.UInt32}
    assert chunk.watermark.files


def test_blank_lines_are_kept_apart_when_they_are_not_to_be_skipped(tmp_path):
    put(tmp_path, "a.csv", "a,b\n1,2\n\n,\n")
    chunks = read(source(tmp_path, skip_empty=False))
    assert rows(chunks) == [("1", "2", 2), ("", "", 4)]
    assert [line for line, _ in aside(chunks)] == [3]


def test_a_file_that_is_still_being_written_is_left_and_said(tmp_path):
    put(tmp_path, "done.csv", "a\n1\n")
    put(tmp_path, "fresh.csv", "a\n2\n", age=0)
    for name in ("x.csv.part", "y.csv.filepart", ".z.csv", "~$w.csv"):
        put(tmp_path, name, "a\n3\n")
    put(tmp_path, "other.txt.part", "a\n4\n")
    opened = source(tmp_path)
    chunks = read(opened)
    assert [chunk.frame["__file"][0] for chunk in chunks] == ["done.csv"]
    assert opened.tally.files_left == 5
    assert {note.code for note in opened.notes.items} == {"ECQS-2054"}
    assert all("left for the next run" in note.message for note in opened.notes.items)


def test_nothing_outside_the_folder_is_ever_opened(tmp_path):
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    put(outside, "secret.csv", "a\ngeheim\n")
    put(inside, "good.csv", "a\n1\n")
    (inside / "link.csv").symlink_to(outside / "secret.csv")
    (inside / "within.csv").symlink_to(inside / "good.csv")
    (inside / "dangling.csv").symlink_to(inside / "nowhere.csv")
    (inside / "deep").symlink_to(outside)
    os.mkfifo(inside / "pipe.csv")
    put(inside, "new\nline.csv", "a\n2\n")
    put(inside, os.fsdecode(b"\xff\xfe.csv"), "a\n3\n")
    opened = source(inside)
    found = [chunk.frame["__file"][0] for chunk in read(opened)]
    assert found == ["good.csv", "within.csv"]
    assert opened.tally.files_left == 5
    assert read(source(inside, files="deep/*.csv")) == []


def test_files_of_folders_below_are_named_by_their_path(tmp_path):
    put(tmp_path, "2024/a.csv", "a\n1\n")
    put(tmp_path, "2025/a.csv", "a\n2\n")
    chunks = read(source(tmp_path, files="*/a.csv"))
    assert list(chunks[-1].watermark.files) == ["2024/a.csv", "2025/a.csv"]


def test_a_folder_that_is_not_there_is_a_matter_of_the_connection(tmp_path):
    with pytest.raises(Misconfigured, match="ECQS-2021"):
        read(source(tmp_path / "absent"))


def test_an_empty_folder_gives_nothing(tmp_path):
    assert read(source(tmp_path)) == []


def book(path, cells, *, title="Sheet"):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for place, value in cells.items():
        sheet[place] = value
    made.save(path)
    os.utime(path, (OLD, OLD))
    return made


def xlsx(folder, **stream):
    return source(folder, files="*.xlsx", format="xlsx", **stream)


def test_cells_that_show_an_error_are_told_with_their_places(tmp_path, caplog):
    book(tmp_path / "a.xlsx", {"A1": "n", "B1": "mc", "A2": 1, "B2": "#REF!", "A3": 2, "B3": "=B2"})
    with caplog.at_level("WARNING"):
        read(xlsx(tmp_path))
    [told] = [line for line in caplog.messages if "ECQS-2060" in line]
    assert "a.xlsx: 2 cells hold an error or a formula without a result and count as empty: B2, B3" in told


def test_cells_of_a_sheet_come_as_people_see_them_with_the_row_of_the_sheet(tmp_path):
    cells = {
        "A2": "某某省监督抽查结果", "A4": "序号", "B4": "产品 名称", "C4": "日期", "D4": "数量", "F4": "备注",
        "A5": 1, "B5": "水泥", "C5": date(2024, 1, 5), "D5": 12.5, "E5": "无名", "F5": True,
        "A7": 2.0, "B7": "钢\n筋", "C7": datetime(2024, 1, 5, 10, 30), "D7": 0.1 + 0.2, "F7": "00123",
    }  # fmt: skip
    book(tmp_path / "a.xlsx", cells)
    made = openpyxl.load_workbook(tmp_path / "a.xlsx")
    made.active.merge_cells("A2:F2")
    made.save(tmp_path / "a.xlsx")
    os.utime(tmp_path / "a.xlsx", (OLD, OLD))
    opened = xlsx(tmp_path, header_row=4, key=["序号"])
    (chunk,) = read(opened)
    assert chunk.frame.columns == ["序号", "产品名称", "日期", "数量", "__column5", "备注", "__file", "__line"]
    assert rows([chunk]) == [
        ("1", "水泥", "2024-01-05", "12.5", "无名", "true", 5),
        ("2", "钢\n筋", "2024-01-05 10:30:00", "0.3", None, "00123", 7),
    ]
    assert opened.tally.empty_lines == 1


def test_a_sheet_is_found_by_position_or_name(tmp_path):
    made = book(tmp_path / "a.xlsx", {"A1": "n", "A2": 1})
    made.create_sheet("明细")["A1"] = "m"
    made["明细"]["A2"] = "x"
    made.save(tmp_path / "a.xlsx")
    os.utime(tmp_path / "a.xlsx", (OLD, OLD))
    assert rows(read(xlsx(tmp_path))) == [("1", 2)]
    assert rows(read(xlsx(tmp_path, sheet="明细"))) == [("x", 2)]
    assert rows(read(xlsx(tmp_path, sheet=1))) == [("x", 2)]
    with pytest.raises(Misconfigured, match="ECQS-2026") as caught:
        read(xlsx(tmp_path, sheet="明晰"))
    assert "明细" in caught.value.hint


def test_what_is_no_sheet_is_refused(tmp_path):
    for content in (b"", b"a,b\n1,2\n", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 an old .xls"):
        put(tmp_path, "a.xlsx", content)
        with pytest.raises(Terminal, match="ECQS-2025"):
            read(xlsx(tmp_path))


def test_a_sheet_that_inflates_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("ecqs_gateway.extract.sheet._LARGEST_INFLATED", 100_000)
    book(tmp_path / "a.xlsx", {f"A{n}": "x" * 1000 for n in range(1, 300)})
    with pytest.raises(Terminal, match="ECQS-2028"):
        read(xlsx(tmp_path))


def connector(**stream):
    made = {"files": "*.csv", "format": "csv", "key": ["序号"], **stream}
    return ConnectorFile.model_validate(
        {
            "version": 1,
            "unit": "220000",
            "owner": "示例",
            "source": {"type": "files", "connection": "x"},
            "streams": {"sampling_inspection": made},
        }
    )


def test_the_observed_columns_are_described_in_a_stable_form(tmp_path):
    put(tmp_path, "a.csv", "序号,名称\n1,2\n")
    put(tmp_path, "b.csv", "序号,规格\n1,2\n")
    found = describe(connector(), Connection("x", "fs", extra={"path": str(tmp_path)}))
    assert found["streams"] == {"sampling_inspection": ["*.csv"]}
    assert [c["name"] for c in found["tables"]["*.csv"]["columns"]] == ["序号", "名称", "规格"]
    assert found == describe(connector(), Connection("x", "fs", extra={"path": str(tmp_path)}))


def test_a_stream_the_connector_does_not_have_is_named(tmp_path):
    with pytest.raises(Misconfigured, match="ECQS-2014") as caught:
        open_source(connector(), "sampling_inspections", Connection("x", "fs", extra={"path": str(tmp_path)}))
    assert "sampling_inspection" in caught.value.hint


def test_every_row_of_the_published_results_is_accounted_for(project_root):
    folder = project_root / "samples" / "inspections"
    for name, header, encoding, expected in (("jilin-*.csv", 1, "utf-8", 404), ("shanghai-*.csv", 2, "gb18030", 390)):
        opened = source(folder, files=name, header_row=header, encoding=encoding, key=["公布日期", "序号"])
        chunks = read(opened)
        lines = sum(len(path.read_bytes().splitlines()) - header for path in folder.glob(name))
        assert opened.tally.rows == expected == lines
        assert opened.tally.unreadable == opened.tally.empty_lines == 0
        assert pl.concat([chunk.frame for chunk in chunks]).select("公布日期", "序号").is_unique().all()


def test_memory_does_not_grow_with_the_file(tmp_path):
    line = ",".join(["水泥示例"] * 10) + "\n"
    with (tmp_path / "a.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(f"c{n}" for n in range(10)) + "\n")
        for _ in range(40):
            file.write(line * 10_000)
    os.utime(tmp_path / "a.csv", (OLD, OLD))
    program = f"""
import resource
from pathlib import Path
from ecqs_gateway.content.models import FilesSource, FileStream
from ecqs_gateway.extract.files import FolderSource
stream = FileStream.model_validate({{"files": "*.csv", "format": "csv", "key": ["__line"]}})
folder, made = Path({str(tmp_path)!r}), FilesSource(type="files", connection="x")
source = FolderSource(folder, made, stream, unit="220000", kind="k")
with source:
    peaks = []
    for chunk in source.chunks():
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(source.tally.rows, peaks[-1] - peaks[4])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    total, growth = map(int, done.stdout.split())
    assert total == 400_000
    assert growth < 40_000  # kB
