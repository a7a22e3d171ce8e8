"""Record kind ``penalty`` (行政处罚): a decision, and its entry in the publicity system (通知四（一）)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from ecqs_gateway.model.kinds.parts import Authority, CertNumber, CreditCode, Day, OrganisationName
from ecqs_gateway.model.record import Part, Record, column, optional
from ecqs_gateway.model.types import Code, Flag, Identifier, Money, Text

__all__ = ["Party", "Penalty", "Publicity"]


class Party(Part):
    """The enterprise the decision is about; one without a licence has no certificate, and perhaps no credit code."""

    name: OrganisationName = column("当事人名称", "facts §5（公示系统 penalty）")
    uscc: CreditCode | None = optional("统一社会信用代码", "GB 32100—2015", doc="无照经营的当事人没有代码")
    address: Annotated[str, Text(300)] | None = optional("住所", "facts §5")


class Publicity(Part):
    """The entry in the national enterprise credit publicity system (国家企业信用信息公示系统)."""

    entered_date: Day | None = optional("公示日期", "通知四（一）；facts §5（PUBLICDATE）")
    note: Annotated[str, Text(200)] | None = optional("公示说明", "通知四（一）", doc="未公示时说明原因")


class Penalty(Record):
    """One decision of penalty, or of withdrawing a licence that was obtained by false papers."""

    kind = "penalty"
    title = "行政处罚"
    key = "decision_number"
    date = "decision_date"

    decision_number: Annotated[str, Identifier(100)] = column("处罚决定书文号", "facts §5（PENDECNO）")
    party: Party = column("当事人", "facts §5")
    certificate_number: CertNumber | None = optional("证书编号", "通知四（一）", doc="涉及已有证书时填写")
    case_number: Annotated[str, Identifier(64)] | None = optional(
        "办件编号", "通知四（一）", doc="故意提供虚假材料骗取许可的，填写该次办件编号"
    )
    violation: Annotated[str, Code("violation_kinds")] = column("违法行为类型", "条例第45至54条；facts §5")
    description: Annotated[str, Text(1000)] | None = optional("违法事实", "facts §5（ILLEGACTTYPE）")
    penalty_kind: Annotated[str, Code("penalty_kinds")] = column("处罚种类", "条例第45至54条；facts §5（PENTYPE）")
    amount: Annotated[Decimal, Money()] | None = optional("罚没金额", "条例第45至54条", doc="单位为元")
    fraud: Annotated[bool, Flag()] | None = optional(
        "是否骗取许可", "通知四（一）", doc="故意提供虚假材料、实际不具备生产条件骗取许可证的为是"
    )
    authority: Authority = column("处罚机关", "facts §5（JUDAUTH）")
    decision_date: Day = column("决定日期", "facts §5（PENDECISSDATE）")
    publicity: Publicity | None = optional("公示系统记载", "通知四（一）")
