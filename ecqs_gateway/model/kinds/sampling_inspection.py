"""Record kind ``sampling_inspection`` (监督抽查), as far as published result sheets go (facts §5)."""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import Authority, CreditCode, Day
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, Flag, Identifier, Integer, Text

__all__ = ["FailedItem", "Producer", "SamplingInspection"]


class Producer(Part):
    """The producer the product names; a sheet may print a sentence here, so this is text and not a name."""

    name: Annotated[str, Text(200)] | None = optional("标称生产单位", "facts §5", doc="按公布原文，可能是一句说明")
    denied: Annotated[bool, Flag()] | None = optional(
        "标称生产单位是否否认", "公布表所见", doc="公布表写明“标称生产单位否认该产品为其生产”时为是"
    )
    uscc: CreditCode | None = optional(
        "标称生产单位统一社会信用代码", "GB 32100—2015", doc="公布表没有，能够查明时填写"
    )
    address: Annotated[str, Text(300)] | None = optional("标称生产单位所在地", "facts §5")


class FailedItem(Part):
    """An item the product failed."""

    name: Annotated[str, Text(300)] = column("不合格项目", "facts §5", doc="一项一条；项目名称中的条件按原文保留")
    measured: Annotated[str, Text(200)] | None = optional("检验结果", "facts §5", doc="公布表写明实测值时填写")
    limit: Annotated[str, Text(200)] | None = optional("标准值", "facts §5")


class SamplingInspection(Record):
    """One line of a published sheet of sampling inspection results."""

    kind = "sampling_inspection"
    title = "产品质量监督抽查结果"
    key = "result_number"
    date = "published_date"

    result_number: Annotated[str, Identifier(64)] = column(
        "抽查结果编号", "本项目拟定", doc="公布表没有编号：由映射按机关、公布日期、序号组成，同一结果不变"
    )
    authority: Authority = column("公布机关", "通知四（三）")
    published_date: Day = column("公布日期", "通知四（三）；facts §5")
    sheet_number: Annotated[str, Text(100)] | None = optional("公布表编号", "facts §5", doc="公告文号或表号")
    row_number: Annotated[int, Integer(1, 999_999)] | None = optional("序号", "facts §5", doc="公布表中的序号")
    product_kind: Annotated[str, Text(100)] = column("产品种类", "facts §5", doc="抽查计划的产品种类，按公布原文")
    product_class: Annotated[str, Code("product_classes")] | None = optional(
        "生产许可证产品类别", "产品目录（facts §1.2）", doc="属于发证产品时填写"
    )
    product_name: Annotated[str, Text(200)] = column("产品名称", "facts §5")
    model: Annotated[str, Text(500)] | None = optional("规格型号", "facts §5")
    production_date: Day | None = optional("生产日期", "facts §5", doc="未标注时留空")
    production_batch: Annotated[str, Text(200)] | None = optional(
        "生产批号", "facts §5", doc="按公布原文，未标注时留空"
    )
    trade_mark: Annotated[str, Text(200)] | None = optional("标称商标", "公布表所见")
    producer: Producer | None = optional("标称生产者", "facts §5")
    inspected_party: Annotated[str, Text(200)] | None = optional("受检单位", "facts §5")
    platform: Annotated[str, Text(100)] | None = optional("电商平台", "facts §5", doc="网络抽样时填写")
    laboratory: Annotated[str, Text(200)] | None = optional("承检机构", "facts §5")
    result: Annotated[str, Code("inspection_results")] = column("抽查结果", "通知四（三）；facts §5")
    failed_items: list[FailedItem] = several("不合格项目列表", "facts §5", doc="结果为合格时为空")
    remarks: Annotated[str, Text(500)] | None = optional("备注", "facts §5")
