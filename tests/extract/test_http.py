"""An API as a source: real requests to a server that pages, filters, misbehaves and changes under the reader."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import ecqs_test_support_api as _api
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecqs_gateway.content.models import HttpSource, HttpStream
from ecqs_gateway.doors.connections import from_json
from ecqs_gateway.errors import Misconfigured, Terminal, Transient
from ecqs_gateway.extract.http import HttpListSource, Site
from ecqs_gateway.model.watermark import Watermark

answer, Api, NOW = _api.answer, _api.Api, _api.NOW


@pytest.fixture
def api() -> Iterator[Api]:
    with _api.serving() as running:
        yield running


def source(api: Api, *, slept: list[float] | None = None, password: str | None = None, login: str | None = None,
           extra: dict | None = None, **stream: Any) -> HttpListSource:  # fmt: skip
    given = {"path": "/list", "rows": "data.list", "key": ["id"], **stream}
    parts = {"conn_type": "http", "host": "127.0.0.1", "port": api.port, "schema": "http", "extra": extra or {}}
    parts |= {"password": password} if password else {}
    parts |= {"login": login} if login else {}
    connection = from_json("ecqs_330000", json.dumps(parts))
    waits = slept if slept is not None else []
    site = Site("330000", "certificate", connection, clock=lambda: NOW, sleep=waits.append)
    made = HttpSource(type="http", connection="ecqs_330000", timeout=timedelta(seconds=2))
    return HttpListSource(site, made, HttpStream.model_validate(given))


def read(made: HttpListSource, after: Watermark | None = None, since: Any = None) -> list[Any]:
    with made as opened:
        return list(opened.chunks(after, since))


def ids(chunks: list[Any]) -> list[str]:
    return [value for chunk in chunks for value in chunk.frame["id"].to_list()]


def rows(count: int, **cells: Any) -> list[dict[str, Any]]:
    return [{"id": n, "gxsj": f"2026-11-{1 + n % 25:02d} 08:{n % 60:02d}:00", **cells} for n in range(1, count + 1)]


PAGE = {"by": "page", "parameter": "page", "size_parameter": "size", "size": 40, "total": "data.total"}
WAYS = {
    "page": PAGE,
    "page without a total": {k: v for k, v in PAGE.items() if k != "total"},
    "offset": {**PAGE, "by": "offset", "parameter": "offset"},
    "cursor": {"by": "cursor", "parameter": "cursor", "next": "data.next", "size_parameter": "size", "size": 40},
    "link": {"by": "link", "next": "data.link"},
}
CHANGED = {"changed_at": "gxsj", "since": {"parameter": "since"}, "overlap": "1h"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("most", [7, 40, 100])
def test_every_row_comes_once_however_many_the_server_gives_at_a_time(api, way, most):
    """Servers cap the size of a page without a word: a short page is not the last one."""
    api.rows, api.most = rows(95), most
    chunks = read(source(api, pages=WAYS[way], batch_rows=30))
    assert ids(chunks) == [str(n) for n in range(1, 96)]
    assert [chunk.frame.height for chunk in chunks] == [30, 30, 30, 5]
    assert [chunk.number for chunk in chunks] == [1, 2, 3, 4]


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_list_gives_no_chunk(api, way):
    assert read(source(api, pages=WAYS[way])) == []


def test_the_watermark_moves_once_and_the_next_run_asks_from_there(api):
    api.rows = rows(60)
    chunks = read(source(api, pages=PAGE, batch_rows=25, **CHANGED))
    assert [chunk.watermark is not None for chunk in chunks] == [False, False, True]
    mark = chunks[-1].watermark
    assert mark.changed_at == max(row["gxsj"] for row in api.rows)
    api.asked.clear()
    again = read(source(api, pages=PAGE, **CHANGED), mark)
    assert api.asked[0]["since"] == "2026-11-25 07:49:00"  # the overlap below 08:49
    assert set(ids(again)) <= {"24", "49"}
    api.rows.append({"id": 999, "gxsj": "2026-11-25 09:00:00"})
    assert "999" in ids(read(source(api, pages=PAGE, **CHANGED), mark))


@pytest.mark.parametrize(
    ("value", "form", "asked"),
    [
        ("2026-11-25 08:00:00", None, "2026-11-25 07:00:00"),
        ("2026-11-25T08:00:00+08:00", None, "2026-11-25T07:00:00"),
        ("20261125080000", None, "20261125070000"),
        (1795564800, None, "1795561200"),
        (1795564800123, None, "1795561200123"),
        ("2026-11-25 08:00:00", "%Y-%m-%d", "2026-11-25"),
        ("2026-11-25 08:00:00", "epoch_ms", "1795561200000"),
        (1795564800123, "%Y/%m/%d %H:%M", "2026/11/25 07:00"),
    ],
)
def test_the_time_asked_from_is_written_as_the_api_wants_it(api, value, form, asked):
    api.rows = [{"id": 1, "gxsj": value}]
    stream = {
        "changed_at": "gxsj",
        "overlap": "1h",
        "since": {"parameter": "from", **({"format": form} if form else {})},
    }
    (chunk,) = read(source(api, **stream))
    assert chunk.watermark.changed_at == str(value)
    read(source(api, **stream), chunk.watermark)
    assert api.asked[-1]["from"] == asked


def test_reading_again_from_a_day_on_moves_no_watermark_that_was_not_there(api):
    api.rows = rows(30)
    chunks = read(source(api, pages=PAGE, **CHANGED), None, date(2026, 11, 20))
    assert api.asked[-1]["since"].startswith("2026-11-20")
    assert set(ids(chunks)) == {str(n) for n in range(1, 31) if 1 + n % 25 >= 20}
    assert chunks[-1].watermark is None


@pytest.mark.parametrize("way", ["page", "offset"])
def test_a_list_that_shrinks_while_it_is_read_keeps_the_watermark_where_it_was(api, way):
    """A row deleted from a page already read pulls one over from the next page: it is missed, and must come again."""
    api.rows = rows(90)

    def delete(_: object) -> bool:
        del api.rows[3]
        return False

    api.instead = [lambda _: False, delete]
    opened = source(api, pages=WAYS[way], **CHANGED)
    chunks = read(opened)
    assert len(ids(chunks)) == 89
    assert chunks[-1].watermark is None
    assert [note.code for note in opened.notes.items if note.code == "ECQS-2059"]


def test_a_row_changed_while_the_list_is_read_keeps_the_watermark_where_it_was(api):
    api.rows = rows(90)

    def update(_: object) -> bool:
        moved = api.rows.pop(3)
        moved["gxsj"] = "2026-11-26 10:30:20"  # 20 seconds after reading began, in the server's zone
        api.rows.append(moved)
        api.now = NOW + timedelta(seconds=30)
        return False

    api.instead = [lambda _: False, update]
    chunks = read(source(api, pages=PAGE, **CHANGED))
    assert "4" in ids(chunks)
    assert "41" not in ids(chunks)  # it slipped into the page that was already read
    assert chunks[-1].watermark is None
    chunks = read(source(api, pages=PAGE, **CHANGED))
    assert len(set(ids(chunks))) == 90


def test_a_row_of_the_far_future_neither_moves_the_watermark_nor_stops_it(api):
    api.rows = [*rows(5), {"id": 6, "gxsj": "2099-01-01 00:00:00"}]
    opened = source(api, pages=PAGE, **CHANGED)
    chunks = read(opened)
    assert chunks[-1].watermark.changed_at == "2026-11-06 08:05:00"
    assert opened.tally.ahead == 1


def test_numbers_keep_every_digit_and_nested_objects_and_lists_find_their_place(api):
    holder = {"mc": "远山电缆有限公司", "dz": {"sheng": "江苏"}}
    items = [{"cpmc": "架空绞线", "je": 12.30}, {"cpmc": "水泥", "xh": ["a", "b"]}, "PO 42.5"]
    api.rows = [
        {
            "id": 12345678901234567890,
            "je": 12.30,
            "ok": True,
            "qy": holder,
            "cp": items,
            "bq": ["甲", 1.0],
            "k": None,
        },
        {"id": "2", "cp": None},
        {"id": "3"},
    ]
    body = json.dumps(api.body({}), ensure_ascii=False).replace("12.3}", "12.30}").replace("12.3,", "12.30,")
    api.instead = [lambda handler: answer(handler, body.encode())]
    (chunk,) = read(source(api, items={"products": "cp"}, columns=["bz"]))
    assert chunk.frame.rows(named=True)[0] == {
        "id": "12345678901234567890", "bz": None, "je": "12.30", "ok": "true", "qy_mc": "远山电缆有限公司",
        "qy_dz_sheng": "江苏", "bq": '["甲","1.0"]', "k": None,
    }  # fmt: skip
    assert set(chunk.frame.schema.values()) == {pl.String()}
    child = chunk.children["products"]
    assert child.parent_key == ("__parent_id",)
    assert child.frame["__parent_id"].to_list() == ["12345678901234567890"] * 3
    assert child.frame["cpmc"].to_list() == ["架空绞线", "水泥", None]
    assert child.frame["je"].to_list() == ["12.30", None, None]
    assert child.frame["value"].to_list() == [None, None, "PO 42.5"]


def test_what_is_no_row_is_set_aside_and_the_rest_goes_on(api):
    api.rows = [{"id": 1}, None, ["x"], {"id": 2, "cp": "none"}, {"id": 3, "cp": []}]  # type: ignore[list-item]
    (chunk,) = read(source(api, items={"products": "cp"}))
    assert chunk.frame["id"].to_list() == ["1", "3"]
    assert chunk.unreadable["reason"].to_list() == ["不是一个对象", "不是一个对象", "cp 应为数组"]
    assert chunk.unreadable["__file"].unique().to_list() == ["/list"]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_bytes_that_are_no_text_cost_their_row_and_not_the_others(api, charset):
    body = '{"data": {"list": [{"id": 1, "mc": "好"}, {"id": 2, "mc": "坏@"}]}}'.encode(charset).replace(b"@", b"\xff")
    api.instead = [lambda handler: answer(handler, body, Content_Type=f"application/json; charset={charset}")]
    (chunk,) = read(source(api))
    assert chunk.bad_cells.rows() == [(1, "mc", "含有无法解码的字节")]
    assert chunk.frame["mc"][0] == "好"
    assert chunk.set_aside({"mc"}).unreadable["key"].to_list() == ["id=2"]


def test_two_fields_that_come_to_one_name_and_differ_cost_their_row(api):
    both = {"qy_mc": "甲", "qy": {"mc": "乙"}}
    same = {"qy": {"mc": "甲"}, "qy_mc": "甲"}
    api.rows = [{"id": 1, "cp": [both]}, {"id": 2, **both}, {"id": 3, **same, "cp": [same]}]
    (chunk,) = read(source(api, items={"products": "cp"}))
    reason = "两处内容不同的字段摊平后同名"
    assert chunk.bad_cells.rows() == [(0, "products.qy_mc", reason), (1, "qy_mc", reason)]
    assert chunk.set_aside({"qy_mc"}).frame["id"].to_list() == ["1", "3"]


def test_pick_gives_few_rows_and_describe_the_fields(api):
    api.rows = rows(95, cp=[{"cpmc": "水泥"}])
    with source(api, pages=PAGE, items={"products": "cp"}) as opened:
        assert opened.pick(3).frame["id"].to_list() == ["1", "2", "3"]
        assert len(api.asked) == 1
        assert opened.pick(5, {"id": "70"}).frame["id"].to_list() == ["70"]
        found = opened.describe()
    assert [column["name"] for column in found["/list"]["columns"]] == ["id", "gxsj"]
    assert [column["name"] for column in found["/list#cp"]["columns"]] == ["__parent_id", "cpmc"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_and_waited_for(api, status):
    api.rows = rows(3)
    api.instead = [lambda handler: answer(handler, b"", status, Retry_After="7")] * 3
    slept: list[float] = []
    assert len(ids(read(source(api, slept=slept)))) == 3
    assert slept == [7.0, 7.0, 7.0]


def test_a_server_that_stays_busy_is_a_matter_of_the_next_run(api):
    slept: list[float] = []
    api.instead = [lambda handler: answer(handler, b"", 503, Retry_After="99999")] * 9
    with pytest.raises(Transient, match=r"ECQS-2061 .*answers 503"):
        read(source(api, slept=slept))
    assert slept == [60.0] * 3
    assert len(api.asked) == 4


@pytest.mark.parametrize("broken", ["closed", "short", "gzip", "silent"])
def test_an_answer_that_breaks_off_is_asked_for_again(api, broken):
    api.rows = rows(3)
    release = threading.Event()

    def cut(handler: BaseHTTPRequestHandler) -> bool:
        if broken == "silent":
            release.wait(5)
        elif broken != "closed":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000" if broken == "short" else "5")
            if broken == "gzip":
                handler.send_header("Content-Encoding", "gzip")
            handler.end_headers()
            handler.wfile.write(b'{"cod')
        handler.close_connection = True
        return True

    api.instead = [cut]
    assert len(ids(read(source(api)))) == 3
    assert len(api.asked) == 2
    release.set()


def test_nobody_there_is_a_matter_of_the_next_run(api):
    made = source(api)
    api.port = 9
    with pytest.raises(Transient, match="ECQS-2061"):
        read(source(api))
    assert ids(read(made)) == []


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [(401, Terminal, "2062"), (403, Terminal, "2062"), (404, Misconfigured, "2063"), (400, Misconfigured, "2063")],
)
def test_a_refusal_is_asked_for_once_only(api, status, error, code):
    api.instead = [lambda handler: answer(handler, b"{}", status)] * 3
    with pytest.raises(error, match=f"ECQS-{code}"):
        read(source(api))
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_follows_a_redirect_with_credentials(api, status):
    api.instead = [lambda handler: answer(handler, b"", status, Location=f"http://127.0.0.1:{api.port}/list")]
    with pytest.raises(Terminal, match="ECQS-2064"):
        read(source(api, password="long-canary-token"))
    assert len(api.asked) == 1


@pytest.mark.parametrize("link", ["http://other.example/list?page=2", "//other.example/x", "https://127.0.0.1/x"])
def test_a_link_to_another_server_is_not_followed(api, link):
    api.rows = rows(3)
    body = json.dumps({"data": {"list": [{"id": 1}], "link": link}}).encode()
    api.instead = [lambda handler: answer(handler, body)]
    with pytest.raises(Terminal, match="ECQS-2064"):
        read(source(api, pages=WAYS["link"]))
    assert len(api.asked) == 1


def test_a_link_in_the_header_is_followed(api):
    first = json.dumps({"data": {"list": [{"id": 1}]}}).encode()
    second = json.dumps({"data": {"list": [{"id": 2}]}}).encode()
    api.instead = [
        lambda handler: answer(handler, first, Link='</list?page=2>; rel="next"'),
        lambda handler: answer(handler, second),
    ]
    assert ids(read(source(api, pages={"by": "link"}))) == ["1", "2"]


def test_too_large_an_answer_is_not_inflated(api, monkeypatch):
    monkeypatch.setattr("ecqs_gateway.extract.http._MOST_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 50_000_000)
    api.instead = [lambda handler: answer(handler, bomb, Content_Encoding="gzip")]
    with pytest.raises(Terminal, match=r"ECQS-2065 .*larger than 1 MB"):
        read(source(api))


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        (b"<html>login</html>", Terminal, "ECQS-2065.*no JSON .line 1 column 1"),
        (b"", Terminal, "ECQS-2065"),
        (b"[" * 100_000, Terminal, "ECQS-2065"),
        (b'{"data": NaN}', Terminal, "ECQS-2065"),
        (b"[]", Misconfigured, "ECQS-2066.*nothing at 'data.list'"),
        (b'{"data": {"items": []}}', Misconfigured, "ECQS-2066.*data holds items"),
        (b'{"data": {"list": "none"}}', Misconfigured, "ECQS-2066.*no list"),
        (b'{"code": 500, "data": {"list": []}}', Transient, "ECQS-2067.*code is 500"),
        (b'{"code": "\xe5\xbc\xa0\xe4\xb8\x89", "data": {"list": []}}', Transient, "ECQS-2067.*something else"),
    ],
)
def test_an_answer_that_is_not_what_the_connector_says_is_told_as_such(api, body, error, told):
    api.instead = [lambda handler: answer(handler, body)]
    with pytest.raises(error, match=told) as caught:
        read(source(api, success={"field": "code", "values": ["0", "200"]} if b"code" in body else None))
    assert "streams.certificate" in str(caught.value)
    assert "Next:" in str(caught.value)


def test_a_server_that_ignores_the_page_is_noticed(api):
    same = json.dumps({"data": {"list": [{"id": 1}]}}).encode()
    api.instead = [lambda handler: answer(handler, same)] * 5
    with pytest.raises(Terminal, match="ECQS-2069"):
        read(source(api, pages=WAYS["page without a total"]))
    assert len(api.asked) == 2


def test_credentials_go_as_the_connection_says_and_show_nowhere(api, caplog):
    api.rows = rows(1)
    read(source(api, password="long-canary-token"))
    assert api.headers[-1]["Authorization"] == "Bearer long-canary-token"
    read(source(api, login="reader", password="long-canary-token"))
    assert api.headers[-1]["Authorization"].startswith("Basic ")
    read(source(api, password="long-canary-token", extra={"header": "X-Api-Key"}))
    assert api.headers[-1]["X-Api-Key"] == "long-canary-token"
    assert "Authorization" not in api.headers[-1]
    assert "long-canary-token" not in caplog.text
    assert "long-canary-token" not in json.dumps(api.asked)


def test_a_connection_that_is_no_http_address_says_so(api):
    connection = from_json("x", json.dumps({"conn_type": "postgres", "host": "db"}))
    with pytest.raises(Misconfigured, match="ECQS-1087"):
        HttpListSource(
            Site("330000", "certificate", connection),
            HttpSource(type="http", connection="x"),
            HttpStream.model_validate({"path": "/", "key": ["id"]}),
        )


def test_without_encryption_it_is_told(api):
    opened = source(api)
    read(opened)
    assert [note.code for note in opened.notes.items] == ["ECQS-2058"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(json_values | st.dictionaries(st.sampled_from(["id", "cp", "a"]), json_values), max_size=8))
def test_whatever_rows_there_are_each_is_in_the_frame_or_set_aside(found):
    from ecqs_gateway.extract.json_rows import JsonRows, JsonTable, read_json

    answered = read_json(json.dumps(found).encode(), None, "here")
    frames = JsonRows(JsonTable(("id",), {"products": "cp"}), "/list", "here").frames(answered)
    assert frames.frame.height + frames.unreadable.height == len(found)
    assert frames.children["products"].height == sum(
        len(row["cp"] or []) for row in found if isinstance(row, dict) and isinstance(row.get("cp"), list)
    )
