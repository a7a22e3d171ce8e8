"""A record kind of all shapes, its code tables, and short ways to compile and run a mapping for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import polars as pl
import pytest

from ecqs_gateway.content.models import MappingFile
from ecqs_gateway.mapping.codes import LocalCodeTable, load_local_codes
from ecqs_gateway.mapping.compile import Compilation, inspect_mapping
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.record import KindSpec, Part, Record, column, kind_spec, optional, several
from ecqs_gateway.model.types import BusinessDate, Code, Flag, Identifier, Money, Text, Timestamp, Uscc

Day = Annotated[dt.date, BusinessDate()]


class Holder(Part):
    name: Annotated[str, Text(20)] = column("企业名称", "-")
    uscc: Annotated[str, Uscc()] | None = optional("信用代码", "-")


class Seal(Part):
    number: Annotated[str, Identifier(20)] = column("印章编号", "-")
    date: Day | None = optional("用印日期", "-")


class Paper(Part):
    id: Annotated[str, Identifier(20)] = column("证照标识", "-")
    issued: Day | None = optional("制证日期", "-")
    seal: Seal | None = optional("印章", "-")


class Product(Part):
    name: Annotated[str, Text(10)] = column("产品名称", "-")
    unit: Annotated[str, Text(10)] | None = optional("产品单元", "-")
    made: Day | None = optional("生产日期", "-")


class Earlier(Part):
    number: Annotated[str, Identifier(20)] = column("原编号", "-")


class Sample(Record):
    """A kind with every shape a mapping meets: groups within groups, lists, and all dtypes."""

    kind = "sample"
    title = "样例"
    key = "number"
    date = "issue_date"

    number: Annotated[str, Identifier(20)] = column("编号", "-")
    holder: Holder = column("企业", "-")
    paper: Paper | None = optional("证照", "-")
    issue_date: Day = column("发证日期", "-")
    updated: Annotated[dt.datetime, Timestamp()] | None = optional("更新时间", "-")
    status: Annotated[str, Code("statuses")] | None = optional("状态", "-")
    fee: Annotated[Decimal, Money()] | None = optional("费用", "-")
    waived: Annotated[bool, Flag()] | None = optional("免核查", "-")
    note: Annotated[str, Text(40)] | None = optional("备注", "-")
    products: list[Product] = several("产品列表", "-", at_least=1)
    earlier_numbers: list[Earlier] = several("原编号列表", "-")


def code_table(name: str, *codes: str) -> CodeTable:
    rows = pl.DataFrame({"code": codes, "name": codes, "source": codes, "note": codes})
    return CodeTable(name, rows.with_columns(valid_from=pl.lit(None, pl.Date), valid_until=pl.lit(None, pl.Date)))


CODES = CodeTables({"statuses": code_table("statuses", "01", "04", "99")})
SPEC = kind_spec(Sample)
STATUS_CSV = "source,national,note\n有效,01,\n注销,04,\n１,01,数字写法\nｚＸ,04,\n"


@dataclass(frozen=True)
class Child:
    """Rows of a child table, as extraction hands them over."""

    frame: pl.DataFrame
    parent_key: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """Compiles mappings of the sample kind; what is not said is a constant, so that a test says only its own."""

    codes: CodeTables = CODES
    spec: KindSpec = SPEC

    def file(self, fields: Mapping[str, Any], children: Mapping[str, Any] | None = None, **more: Any) -> MappingFile:
        fixed = {"number": {"const": "N1"}, "holder.name": {"const": "某公司"}, "issue_date": {"const": "2020-01-05"}}
        lists = {"products": {"split": {"from": "P", "by": ";"}, "fields": {"name": "item"}}}
        content = {
            "version": 1,
            "unit": "320000",
            "kind": "sample",
            "owner": "数据管理科",
            "fields": {**{path: one for path, one in fixed.items() if path not in fields}, **fields},
            "children": lists if children is None else children,
            **more,
        }
        return MappingFile.model_validate(content)

    def inspect(self, file: MappingFile, columns: Any = None, **more: Any) -> Compilation:
        local = more.pop("local", None) or {"zt": self.local()}
        return inspect_mapping(file, self.spec, self.codes, local, columns, **more)

    def compile(
        self, fields: Mapping[str, Any], children: Any = None, columns: Any = None, **more: Any
    ) -> CompiledMapping:
        found = self.inspect(self.file(fields, children, **more), columns)
        assert found.mapping is not None, found.problems
        return found.mapping

    def local(self, text: str = STATUS_CSV, name: str = "zt") -> LocalCodeTable:
        table, problems = load_local_codes(name, text, f"{name}.csv")
        assert not problems
        return table

    def frame(self, **columns: Any) -> pl.DataFrame:
        """Make a source frame; ``P`` is there unless given, because a product is required."""
        frame = pl.DataFrame(columns, strict=False)
        return frame if "P" in columns else frame.with_columns(P=pl.lit("水泥"))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def child() -> Callable[..., Child]:
    return Child
