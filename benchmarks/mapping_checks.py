"""Mapping and field checks in columns against pydantic row by row, on identical rows: rows a second and the ratio.

The source has 28 columns, shaped like the table of perf.md C: two credit codes, a certificate number, three dates as
YYYYMMDD, three timestamps, three code columns, Chinese text, and 1.09 % dirty rows. Both ways read the same columns
and must refuse the same rows, or the run fails.

Run: python benchmarks/mapping_checks.py [rows] [batch] [rounds]
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import polars as pl
from pydantic import ValidationError

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.mapping.check import check
from ecqs_gateway.mapping.codes import LocalCode, LocalCodeTable
from ecqs_gateway.mapping.compile import CompiledMapping, compile_mapping
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.record import Part, Record, column, kind_spec, optional
from ecqs_gateway.model.types import (
    AreaCode,
    BusinessDate,
    CertificateNumber,
    Code,
    Identifier,
    Integer,
    OrgName,
    PersonName,
    Sha256,
    Text,
    Timestamp,
    Uscc,
)

Day = Annotated[dt.date, BusinessDate()]
Moment = Annotated[dt.datetime, Timestamp()]


class Holder(Part):
    """Who holds the licence."""

    name: Annotated[str, OrgName()] = column("企业名称", "-")
    uscc: Annotated[str, Uscc()] = column("统一社会信用代码", "-")
    address: Annotated[str, Text(300)] = column("住所", "-")
    contact: Annotated[str, PersonName()] | None = optional("联系人", "-")


class Issuer(Part):
    """Who issued it."""

    name: Annotated[str, OrgName()] = column("发证机关", "-")
    uscc: Annotated[str, Uscc()] = column("发证机关代码", "-")
    area: Annotated[str, AreaCode()] | None = optional("区划", "-")


class Licence(Record):
    """28 fields, as in perf.md C."""

    kind = "licence"
    title = "证书"
    key = "number"
    date = "issue_date"

    number: Annotated[str, CertificateNumber()] = column("证书编号", "-")
    source_id: Annotated[str, Identifier(40)] = column("来源主键", "-")
    holder: Holder = column("持证企业", "-")
    production_address: Annotated[str, Text(300)] = column("生产地址", "-")
    product: Annotated[str, Text(200)] = column("产品", "-")
    variety: Annotated[str, Text(100)] | None = optional("品种", "-")
    unit: Annotated[str, Text(100)] | None = optional("单元", "-")
    model: Annotated[str, Text(500)] | None = optional("规格", "-")
    lines: Annotated[str, Text(500)] | None = optional("生产线", "-")
    standards: Annotated[str, Text(500)] | None = optional("执行标准", "-")
    test_method: Annotated[str, Code("test_methods")] | None = optional("检验方式", "-")
    issuer: Issuer = column("发证机关", "-")
    issue_date: Day = column("发证日期", "-")
    valid_from: Day = column("有效期起", "-")
    valid_until: Day = column("有效期至", "-")
    status: Annotated[str, Code("certificate_statuses")] = column("状态", "-")
    cause: Annotated[str, Code("status_causes")] | None = optional("原因", "-")
    accepted: Moment | None = optional("受理时间", "-")
    decided: Moment | None = optional("决定时间", "-")
    updated: Moment = column("更新时间", "-")
    line_count: Annotated[int, Integer(0, 999)] | None = optional("生产线数", "-")
    digest: Annotated[str, Sha256()] | None = optional("文件摘要", "-")
    note: Annotated[str, Text(500)] | None = optional("备注", "-")


FIELDS: dict[str, Any] = {
    "number": "zsbh", "source_id": "zsid", "holder.name": "qymc", "holder.uscc": "tyshxydm", "holder.address": "zs",
    "holder.contact": "lxr", "production_address": "scdz", "product": "cpmc", "variety": "cppz", "unit": "cpdy",
    "model": "ggxh", "lines": "scx", "standards": "zxbz", "issuer.name": "fzjg", "issuer.uscc": "fzjgdm",
    "issuer.area": "xzqhdm", "issue_date": "fzrq", "valid_from": "yxqq", "valid_until": "yxqz",
    "test_method": {"from": "jyfs", "codes": {"table": "codes", "unmapped": "reject"}},
    "status": {"from": "zt", "codes": {"table": "zt", "unmapped": "reject"}},
    "cause": {"from": "ztyy", "codes": {"table": "codes", "unmapped": "reject"}},
    "accepted": "slsj", "decided": "jdsj", "updated": "gxsj", "line_count": "scxs", "digest": "wjzy", "note": "bz",
}  # fmt: skip

WORDS = {"有效": "01", "注销": "04", "撤销": "03", "吊销": "07"}
PLACES = ("南京市鼓楼区", "苏州市吴中区", "无锡市江阴市", "盐城市亭湖区", "徐州市云龙区")
PRODUCTS = ("水泥", "建筑用钢筋", "电线电缆", "人民币鉴别仪", "预应力混凝土铁路桥简支梁")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def table(name: str, *codes: str) -> CodeTable:
    """A national code table with these codes."""
    rows = pl.DataFrame({"code": codes, "name": codes, "source": codes, "note": codes})
    return CodeTable(name, rows.with_columns(valid_from=pl.lit(None, pl.Date), valid_until=pl.lit(None, pl.Date)))


CODES = CodeTables(
    {
        "test_methods": table("test_methods", "1", "2", "3"),
        "certificate_statuses": table("certificate_statuses", "01", "03", "04", "07"),
        "status_causes": table("status_causes", "1", "2", "3"),
        "units": table("units", "320000", "210000", "440000"),
    }
)
LOCAL = {
    "zt": LocalCodeTable("zt", "zt.csv", tuple(LocalCode(a, b, "", 1) for a, b in WORDS.items())),
    "codes": LocalCodeTable("codes", "codes.csv", tuple(LocalCode(str(i), str(i), "", 1) for i in (1, 2, 3))),
}


def credit_code(rng: random.Random) -> str:
    """An invented code with both check digits right."""
    body = [rng.choice("0123456789") for _ in range(8)]
    total = sum(int(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    inner = {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))
    first = "91" + f"{rng.choice((3201, 3202, 3205, 3209)):04d}00" + "".join(body) + inner
    check_sum = sum(ALPHABET.index(c) * w for c, w in zip(first, WEIGHTS, strict=True))
    return first + ALPHABET[(31 - check_sum % 31) % 31]


def rows(count: int, seed: int = 7) -> pl.DataFrame:
    """Make the source rows; the same every time."""
    rng = random.Random(seed)
    codes = [credit_code(rng) for _ in range(2000)]
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    first_day = dt.date(2015, 1, 1)
    moment = dt.datetime(2015, 1, 1, 8, tzinfo=None)  # noqa: DTZ001 - a naive source timestamp
    for number in range(count):
        place, product, days = rng.choice(PLACES), rng.choice(PRODUCTS), rng.randrange(3500)
        issued = first_day + dt.timedelta(days)
        stamp = moment + dt.timedelta(seconds=rng.randrange(3500 * 86400))
        row: dict[str, Any] = {
            "zsid": f"ZS{number:012d}",
            "zsbh": f"(苏)XK{rng.randrange(1, 20):02d}-{rng.randrange(1, 9):03d}-{number % 100000:05d}",
            "qymc": f"{place}某某{product}制造第{number % 977}有限公司", "tyshxydm": rng.choice(codes),
            "zs": f"江苏省{place}建设路{number % 999}号", "lxr": rng.choice(("张某", "李某某", "王某")),
            "scdz": f"江苏省{place}工业园区{number % 99}号厂房", "cpmc": product, "cppz": "通用硅酸盐水泥",
            "cpdy": f"单元{number % 7}", "ggxh": f"P.O 42.5/{number % 13}", "scx": "一号线,二号线,三号线",
            "zxbz": "GB 175-2007,GB/T 1499.2-2018", "jyfs": str(number % 3 + 1), "fzjg": "江苏省市场监督管理局",
            "fzjgdm": codes[0], "xzqhdm": "320100", "fzrq": f"{issued:%Y%m%d}", "yxqq": f"{issued:%Y%m%d}",
            "yxqz": f"{issued + dt.timedelta(1825):%Y%m%d}", "zt": "有效" if number % 9 else "注销", "ztyy": None,
            "slsj": stamp, "jdsj": stamp + dt.timedelta(20), "gxsj": stamp + dt.timedelta(40), "scxs": number % 5,
            "wjzy": f"{number:064x}", "bz": None if number % 4 else "无变更",
        }  # fmt: skip
        _soil(row, number, rng)
        for name, value in row.items():
            columns[name].append(value)
    return pl.DataFrame(columns)


_COLUMNS = [
    "zsid",
    "zsbh",
    "qymc",
    "tyshxydm",
    "zs",
    "lxr",
    "scdz",
    "cpmc",
    "cppz",
    "cpdy",
    "ggxh",
    "scx",
    "zxbz",
    "jyfs",
    "fzjg",
    "fzjgdm",
    "xzqhdm",
    "fzrq",
    "yxqq",
    "yxqz",
    "zt",
    "ztyy",
    "slsj",
    "jdsj",
    "gxsj",
    "scxs",
    "wjzy",
    "bz",
]


def _soil(row: dict[str, Any], number: int, rng: random.Random) -> None:
    """Make about 1.09 % of the rows bad, each in one way."""
    hit = rng.random()
    if hit < 0.0039:
        code = row["tyshxydm"]
        row["tyshxydm"] = code[:-1] + ("0" if code[-1] != "0" else "1")
    elif hit < 0.0069:
        row["fzrq"] = "20190230"
    elif hit < 0.0089:
        row["zt"] = "启用中"
    elif hit < 0.0099:
        row["zsbh"] = f"编号{number}"
    elif hit < 0.0109:
        row["qymc"] = "  "


def mapping() -> MappingFile:
    """The mapping both ways follow."""
    content = {"version": 1, "unit": "320000", "kind": "licence", "owner": "数据管理科", "fields": FIELDS}
    return MappingFile.model_validate(content)


def in_columns(compiled: CompiledMapping, batches: list[pl.DataFrame]) -> set[tuple[int, int]]:
    """Map and check in columns; gives the refused rows."""
    bad = set()
    for place, batch in enumerate(batches):
        checked = check(compiled.apply(batch))
        bad.update((place, row) for row in checked.bad["__row"].to_list())
    return bad


def by_row(batches: list[pl.DataFrame]) -> set[tuple[int, int]]:
    """The hand-written way: one dict per row, one model_validate per dict."""
    bad, context = set(), {"codes": CODES}
    for place, batch in enumerate(batches):
        for number, row in enumerate(batch.iter_rows(named=True)):
            try:
                Licence.model_validate(_record(row), context=context)
            except ValidationError:
                bad.add((place, number))
    return bad


def _clean(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).strip() or None


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"holder": {}, "issuer": {}}
    for path, given in FIELDS.items():
        value = _clean(row[given if isinstance(given, str) else given["from"]])
        if value is None:
            continue
        if path == "status":
            value = WORDS.get(value, "?")
        group, _, name = path.rpartition(".")
        (record[group] if group else record)[name] = value
    return record


@dataclass(frozen=True)
class Cost:
    """Rows a second by the clock, and processor time per row, which other work on the machine does not change."""

    speed: float
    cpu: float


def timed(work: Callable[[], set[tuple[int, int]]], count: int) -> tuple[Cost, set[tuple[int, int]]]:
    """Measure a piece of work, and give what it gave."""
    start, cpu = time.perf_counter(), time.process_time()
    found = work()
    return Cost(count / (time.perf_counter() - start), (time.process_time() - cpu) / count * 1e6), found


def told(name: str, costs: list[Cost]) -> Cost:
    """Print the median of some rounds, and give it."""
    cost = Cost(statistics.median(one.speed for one in costs), statistics.median(one.cpu for one in costs))
    best = max(one.speed for one in costs)
    print(f"{name:<18} {cost.speed:>10,.0f} rows/s (best {best:,.0f})   {cost.cpu:7.2f} us of processor time a row")
    return cost


def parts(compiled: CompiledMapping, batches: list[pl.DataFrame]) -> Iterator[tuple[str, float]]:
    """Say where the processor time of the column way goes, in microseconds a row."""
    count = sum(batch.height for batch in batches)
    start = time.process_time()
    mapped = [compiled.apply(batch) for batch in batches]
    middle = time.process_time()
    for one in mapped:
        check(one)
    yield "map, read and check fields", (middle - start) / count * 1e6
    yield "set bad rows apart", (time.process_time() - middle) / count * 1e6


def main(count: int = 200_000, batch: int = 20_000, rounds: int = 3) -> None:
    """Run both in turn and print the ratio."""
    frame = rows(count)
    batches = [frame.slice(start, batch) for start in range(0, count, batch)]
    compiled = compile_mapping(mapping(), kind_spec(Licence), CODES, LOCAL, frame.schema)
    in_columns(compiled, batches[:1])
    some = batches[: max(1, len(batches) // 5)]
    row_count = sum(one.height for one in some)
    columns: list[Cost] = []
    by_rows: list[Cost] = []
    for _ in range(rounds):
        cost, bad = timed(lambda: in_columns(compiled, batches), count)
        columns.append(cost)
        cost, bad_by_row = timed(lambda: by_row(some), row_count)
        by_rows.append(cost)
        assert bad_by_row == {one for one in bad if one[0] < len(some)}, "the two ways refuse different rows"
    print(f"{count} rows, {len(frame.columns)} columns, batches of {batch}; {len(bad)} rows refused by both")
    fast, slow = told("columns", columns), told("pydantic by row", by_rows)
    print(f"ratio {fast.speed / slow.speed:.1f} by the clock, {slow.cpu / fast.cpu:.1f} by processor time")
    for name, cost in parts(compiled, batches):
        print(f"  {name:<28} {cost:.2f} us/row")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
