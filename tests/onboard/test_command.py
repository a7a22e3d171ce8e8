"""The command: where it reads, what it writes and what it refuses, in words a person can act on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ecqs_test_support_api as api
import pytest
from typer.testing import CliRunner, Result

from ecqs_gateway.cli.main import app
from ecqs_gateway.content.load import load
from tests.onboard.conftest import database
from tests.support.world import ROOT

SCRIPT = """
CREATE TABLE xkz (id INTEGER PRIMARY KEY, zsbh TEXT, qymc TEXT, tyshxydm TEXT, cpmc TEXT, fzrq TEXT, yxqz TEXT,
  zszt TEXT, fzjg TEXT, fddbr TEXT, sfzhm TEXT, rksj TEXT, gxsj TEXT);
INSERT INTO xkz VALUES (1, '浙XK06-001-00001', '某某甲电缆有限公司', '91440300192317458F', '电线电缆',
  '2024-01-02', '2029-01-01', '有效', '浙江省市场监督管理局', '王小明', '330101198001011234',
  '2024-01-02 10:00:00', '2024-01-02 10:00:00');
INSERT INTO xkz VALUES (2, '浙XK06-001-00002', '某某乙电缆有限公司', '91440300192317458F', '电线电缆',
  '2024-02-02', '2029-02-01', '注销', '浙江省市场监督管理局', '李小红', '330101198001011235',
  '2024-02-02 10:00:00', '2099-02-02 10:00:00');
"""
TIMELESS = """
CREATE TABLE xkz (id INTEGER PRIMARY KEY, zsbh TEXT, qymc TEXT, tyshxydm TEXT, cpmc TEXT, zszt TEXT);
INSERT INTO xkz VALUES (1, '浙XK06-001-00001', '某某甲电缆有限公司', '91440300192317458F', '电线电缆', '有效');
"""


@pytest.fixture(autouse=True)
def _here(workplace: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECQS_CONTENT", str(workplace))
    monkeypatch.setenv("ECQS_HOME", str(tmp_path / "home"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return database(tmp_path / "xkz.sqlite", SCRIPT)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["onboard", *map(str, arguments)])


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for part in ("connectors", "mappings", "schemas/sources")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    }


def test_a_dry_run_shows_every_file_and_writes_none(source: Path, workplace: Path) -> None:
    before = files(workplace)
    shown = run("330000", "--from", source, "--dry-run")
    assert shown.exit_code == 0, shown.output
    for name in (
        "connectors/provinces/330000.yaml",
        "mappings/330000/certificate.yaml",
        "mappings/330000/codes/status.csv",
    ):
        assert f"--- {name}" in shown.output
    assert files(workplace) == before


def test_files_that_are_there_are_never_replaced_unless_asked(source: Path, workplace: Path) -> None:
    mapping = workplace / "mappings" / "330000" / "certificate.yaml"
    mapping.parent.mkdir(parents=True)
    mapping.write_text("mine", encoding="utf-8")
    refused = run("330000", "--from", source)
    assert refused.exit_code == 1
    assert "ECQS-6905" in refused.output
    assert "--force" in refused.output
    assert mapping.read_text(encoding="utf-8") == "mine"
    assert not (workplace / "connectors" / "provinces" / "330000.yaml").exists()
    assert run("330000", "--from", source, "--force").exit_code == 0
    assert "fields:" in mapping.read_text(encoding="utf-8")


def test_out_writes_elsewhere(source: Path, workplace: Path, tmp_path: Path) -> None:
    before = files(workplace)
    assert run("330000", "--from", source, "--out", tmp_path / "else").exit_code == 0
    assert files(workplace) == before
    assert "mappings/330000/certificate.yaml" in files(tmp_path / "else")


def test_json_holds_the_table_a_script_would_want(source: Path) -> None:
    told = json.loads(run("330000", "--from", source, "--dry-run", "--json").output)
    (kind,) = told["kinds"]
    assert (kind["kind"], kind["table"]) == ("certificate", "xkz")
    number = next(row for row in kind["fields"] if row["field"] == "number")
    assert (number["from"], number["confidence"]) == ("zsbh", "high")
    assert "certificate numbers" in number["why"]
    assert told["written"] == []


def test_traps_of_the_time_of_change_are_told(source: Path, workplace: Path) -> None:
    shown = run("330000", "--from", source)
    assert "lies in the future" in shown.output
    assert "has no index" in shown.output
    text = (workplace / "connectors" / "provinces" / "330000.yaml").read_text(encoding="utf-8")
    assert "changed_at: TODO gxsj" in text
    assert any(p.severity == "todo" and "changed_at" in p.message for p in load(workplace).problems)


def test_a_source_without_time_of_change_is_read_whole_and_says_so(tmp_path: Path, workplace: Path) -> None:
    file = database(
        tmp_path / "x.sqlite",
        SCRIPT.replace(", gxsj TEXT", "")
        .replace(", '2024-01-02 10:00:00');", ");")
        .replace(", '2099-02-02 10:00:00'", ""),
    )
    shown = run("330000", "--from", file)
    assert shown.exit_code == 0, shown.output
    assert "the whole table is read every run" in shown.output
    assert "\n    changed_at:" not in (workplace / "connectors/provinces/330000.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (SCRIPT, "newest_by: [gxsj]  # high: zsbh is not declared unique"),
        (SCRIPT.replace("zsbh TEXT", "zsbh TEXT UNIQUE"), "newest_by: []  # high: zsbh is unique, says the database"),
        (TIMELESS, "newest_by: [TODO]  # low: zsbh is not declared unique, and no column tells which"),
    ],
    ids=["time of change", "unique", "nothing"],
)
def test_which_row_of_one_certificate_counts_is_proposed(
    tmp_path: Path, workplace: Path, script: str, line: str
) -> None:
    assert run("330000", "--from", database(tmp_path / "x.sqlite", script)).exit_code == 0
    assert f"\n{line}" in (workplace / "mappings/330000/certificate.yaml").read_text(encoding="utf-8")
    assert "ECQS-1052" not in {p.code for p in load(workplace).unit_problems("330000")}


def test_personal_data_never_reaches_a_file(source: Path, workplace: Path) -> None:
    assert run("330000", "--from", source).exit_code == 0
    written = files(workplace)
    assert any("cases/" in name for name in written)
    for name, text in written.items():
        people = ("王小明", "李小红", "330101198001011234", "330101198001011235")
        for secret in (*people, "某某甲", "91440300192317458F"):
            assert secret not in text, name


def test_a_password_in_the_address_is_neither_shown_nor_written(workplace: Path) -> None:
    shown = run("330000", "--from", "postgresql://reader:hunter2secret@127.0.0.1:1/none")
    assert shown.exit_code == 1
    assert "hunter2secret" not in shown.output
    assert "ECQS-2001" in shown.output


@pytest.mark.parametrize(
    ("source_", "code", "words"),
    [
        ("http://127.0.0.1:9/licences", "ECQS-2061", "next run"),
        ("no/such/folder", "ECQS-1089", "folder"),
        ("ecqs_nowhere", "ECQS-1085", "AIRFLOW_CONN_ECQS_NOWHERE"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_next_step(source_: str, code: str, words: str) -> None:
    refused = run("330000", "--from", source_)
    assert refused.exit_code == 1
    assert code in refused.output
    assert words in refused.output


def test_an_unknown_unit_and_an_unknown_kind_are_refused(source: Path) -> None:
    assert "did you mean '330000'" in run("330100", "--from", source).output
    assert "certificate" in run("330000", "--from", source, "--kind", "certificat").output


def test_a_source_that_holds_nothing_of_ours_is_refused(tmp_path: Path) -> None:
    file = database(
        tmp_path / "x.sqlite",
        "CREATE TABLE weather (day TEXT, degrees REAL); INSERT INTO weather VALUES ('2024-01-01', 3)",
    )
    refused = run("330000", "--from", file)
    assert refused.exit_code == 1
    assert "ECQS-6904" in refused.output


def test_a_folder_of_published_sheets_is_proposed(tmp_path: Path, workplace: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    for name in ("jilin-2024.csv", "jilin-2025.csv"):
        shutil.copy(ROOT / "samples" / "inspections" / name, drop / name)
    shown = run("220000", "--from", drop, "--owner", "监督处")
    assert shown.exit_code == 0, shown.output
    connector = (workplace / "connectors/provinces/220000.yaml").read_text(encoding="utf-8")
    assert 'files: "jilin-*.csv"' in connector
    assert "header_row: 1" in connector
    mapping = (workplace / "mappings/220000/sampling_inspection.yaml").read_text(encoding="utf-8")
    assert "published_date: 公布日期" in mapping
    assert "product_name: 产品名称" in mapping
    loaded = load(workplace)
    assert [str(p) for p in loaded.problems if p.severity == "error" and "220000" in p.file] == []


def test_a_sheet_in_gb18030_with_a_title_above_the_header_is_read(tmp_path: Path, workplace: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    shutil.copy(ROOT / "samples" / "inspections" / "shanghai-2023-2025.csv", drop / "shanghai-2023-2025.csv")
    assert run("310000", "--from", drop).exit_code == 0
    connector = (workplace / "connectors/provinces/310000.yaml").read_text(encoding="utf-8")
    assert "encoding: gb18030" in connector
    assert "header_row: 2" in connector


def test_what_it_observes_is_what_ecqs_observe_writes(
    source: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ECQS_330000", json.dumps({"conn_type": "sqlite", "host": str(source)}))
    assert run("330000", "--owner", "甲科").exit_code == 0
    connector = workplace / "connectors/provinces/330000.yaml"
    connector.write_text(connector.read_text(encoding="utf-8").replace("TODO ", ""), encoding="utf-8")
    observed = CliRunner().invoke(app, ["observe", "330000"])
    assert "unchanged" in observed.output, observed.output


def test_a_workbook_with_a_title_above_the_header_is_read(tmp_path: Path, workplace: Path) -> None:
    import openpyxl

    drop = tmp_path / "drop"
    drop.mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["生产许可证获证企业名单"])
    sheet.append(
        ["证书编号", "企业名称", "统一社会信用代码", "产品名称", "发证日期", "有效期至", "证书状态", "发证机关"]
    )
    for number in range(1, 5):
        name = f"某某{number}电缆有限公司"
        row = [f"浙XK06-001-0000{number}", name, "91440300192317458F", "电线电缆", "2024-01-02", "2029-01-01"]
        sheet.append([*row, "有效", "浙江省市场监督管理局"])
    book.save(drop / "list.xlsx")
    assert run("330000", "--from", drop, "--owner", "甲科").exit_code == 0
    connector = (workplace / "connectors/provinces/330000.yaml").read_text(encoding="utf-8")
    assert "format: xlsx" in connector
    assert "header_row: 2" in connector
    assert "encoding" not in connector
    loaded = load(workplace, cases=True)
    assert [str(p) for p in loaded.unit_problems("330000") if p.severity == "error"] == []


@pytest.mark.parametrize("given", ["", "?page=1&size=5", "?size=5&lx=1"])
def test_a_list_behind_http_is_looked_at_page_by_page(given: str, workplace: Path) -> None:
    from ecqs_gateway.content.models import HttpStream

    with api.serving() as running:
        running.most = 7
        running.rows = [
            {
                "id": number, "zsbh": f"浙XK06-001-{number:05d}", "qymc": "某某甲电缆有限公司",
                "tyshxydm": "91440300192317458F", "fzrq": "2024-01-02", "yxqz": "2029-01-01", "zszt": "有效",
                "fzjg": "浙江省市场监督管理局", "gxsj": f"2024-01-02 10:00:{number:02d}",
                "cps": [{"cpmc": "电线电缆", "gg": "1kV"}, {"cpmc": "架空绞线", "gg": "10kV"}],
            }
            for number in range(1, 30)
        ]  # fmt: skip
        made = run(
            "330000", "--from", f"http://reader:hunter2secret@127.0.0.1:{running.port}/list{given}", "--owner", "x"
        )
    assert made.exit_code == 0, made.output
    assert "hunter2secret" not in made.output
    assert '"conn_type": "http"' in made.output.replace("\n", "")
    text = (workplace / "connectors/provinces/330000.yaml").read_text(encoding="utf-8")
    assert "hunter2secret" not in text
    stream = load(workplace).connectors["330000"].streams["certificate"]
    assert isinstance(stream, HttpStream)
    assert (stream.path, stream.rows, stream.key) == ("/list", "data.list", ("TODO id",))
    assert stream.pages is not None
    told = ("page", "page", "data.total") if "page" in given else ("cursor", "cursor", None)
    assert (stream.pages.by, stream.pages.parameter, stream.pages.total) == told
    assert stream.success is not None
    assert stream.success.values == ("0",)
    assert dict(stream.params) == ({"lx": "1"} if "lx" in given else {})
    mapping = (workplace / "mappings/330000/certificate.yaml").read_text(encoding="utf-8")
    assert "  number: zsbh\n" in mapping
    assert "    json: TODO cps\n" in mapping


def test_an_api_does_not_say_which_lists_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ECQS_330000", '{"conn_type": "http", "host": "127.0.0.1", "port": 9}')
    refused = run("330000")
    assert refused.exit_code == 1
    assert "--table /api/certificates" in refused.output.replace("\n", " ")
