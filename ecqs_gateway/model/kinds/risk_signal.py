"""Record kind ``risk_signal`` (风险信息): what monitoring or third parties tell (通知四（二）、（五）、（六）)."""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import Area, Authority, CreditCode, Day, OrganisationName
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, Identifier, Text

__all__ = ["Concerned", "Handling", "RiskSignal"]


class Concerned(Part):
    """An enterprise the signal is about."""

    name: OrganisationName = column("企业名称", "通知四（二）")
    uscc: CreditCode | None = optional("统一社会信用代码", "GB 32100—2015")


class Handling(Part):
    """What was done about it."""

    date: Day | None = optional("处置日期", "通知四（二）", doc="及早研判、及时处置")
    note: Annotated[str, Text(1000)] | None = optional("处置情况", "通知四（二）")


class RiskSignal(Record):
    """One signal of a product quality or safety risk."""

    kind = "risk_signal"
    title = "产品质量安全风险信息"
    key = "signal_number"
    date = "found_date"

    signal_number: Annotated[str, Identifier(64)] = column("风险信息编号", "本项目拟定", doc="省级系统中唯一")
    origin: Annotated[str, Code("risk_origins")] = column("信息来源", "通知四（二）、（六）")
    product_class: Annotated[str, Code("product_classes")] | None = optional(
        "产品类别", "通知四（二）", doc="属于发证产品时填写；已取消许可的产品填写产品名称"
    )
    product_name: Annotated[str, Text(200)] = column("产品名称", "通知四（二）")
    area: Area | None = optional("涉及区域", "通知四（三）、（五）", doc="区域性质量安全问题填写行政区划代码")
    severity: Annotated[str, Code("risk_levels")] | None = optional("风险等级", "通知四（五）")
    description: Annotated[str, Text(1000)] = column("风险描述", "通知四（二）")
    enterprises: list[Concerned] = several("涉及企业列表", "通知四（二）")
    authority: Authority = column("报送机关", "通知四（二）")
    found_date: Day = column("发现日期", "通知四（二）")
    handling: Handling | None = optional("处置", "通知四（二）")
