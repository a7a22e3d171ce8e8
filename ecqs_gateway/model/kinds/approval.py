"""Record kind ``approval`` (办件): one application for a licence, from submission to the certificate it led to."""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import (
    Authority,
    CertNumber,
    Day,
    Enterprise,
    OrganisationName,
    ProductionAddress,
    ProductLine,
)
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, Flag, Identifier, Integer, PersonName, Sha256, Text

__all__ = ["AppliedProduct", "Approval", "Inspector", "Paper", "Replacement", "Visit"]


class AppliedProduct(ProductLine):
    """A product line applied for, with the edition of the 实施细则 it was examined by."""

    rules_edition: Annotated[str, Text(100)] | None = optional(
        "实施细则版本", "通知二（二）；facts §1.2", doc="审查所依据的细则名称与版本，细则整体更替"
    )


class Paper(Part):
    """A paper of the case; the file itself stays in the province and is named by its digest."""

    type: Annotated[str, Code("paper_types")] = column("材料类型", "facts §3.5")
    name: Annotated[str, Text(200)] | None = optional("材料名称", "facts §3.5")
    digest: Annotated[str, Sha256()] | None = optional(
        "材料文件摘要", "本项目拟定", doc="材料文件的 SHA-256，小写十六进制"
    )


class Visit(Part):
    """The on-site verification (实地核查)."""

    date: Day = column("实地核查日期", "条例第18条")
    result: Annotated[str, Code("visit_results")] | None = optional("实地核查结论", "条例第18条；facts §3.6")


class Inspector(Part):
    """Who verified on site, named by the number of the inspector certificate, which any province may have issued."""

    number: Annotated[str, Identifier(40)] = column(
        "核查人员证书编号", "条例第16条；通知三（四）", doc="编号格式没有公开规定，按证书原文填写"
    )
    name: Annotated[str, PersonName()] | None = optional("核查人员姓名", "facts §4", personal=True)
    authority: OrganisationName | None = optional(
        "核查人员发证机关", "通知三（四）；facts §4", doc="核查人员全国互认，可以由外省培训考核"
    )


class Replacement(Part):
    """Acquisition, merger, reorganisation or capacity replacement, for which the old certificate goes first."""

    kind: Annotated[str, Code("replacement_kinds")] = column("置换类型", "通知二（三）")
    replaced_number: CertNumber = column("被置换证书编号", "通知二（三）")
    cancellation_date: Day | None = optional(
        "被置换证书注销日期", "通知二（三）", doc="应当先注销后受理；未注销也要如实报送，由规则标记"
    )


class Approval(Record):
    """One application for a licence (办件): kind, mode, dates, papers, visit, decision and its result."""

    kind = "approval"
    title = "生产许可办件"
    key = "case_number"
    date = "submission_date"

    case_number: Annotated[str, Identifier(64)] = column(
        "办件编号", "本项目拟定", doc="省级审批系统中唯一，不得重复使用"
    )
    application_kind: Annotated[str, Code("application_kinds")] = column("申请类别", "facts §3.1")
    approval_mode: Annotated[str, Code("approval_modes")] | None = optional("审批模式", "通知三（二）；facts §3.4")
    products: list[AppliedProduct] = several("申请产品列表", "条例第28条；facts §3.2", at_least=1)
    enterprise: Enterprise = column("申请企业", "条例第28条；facts §3.2")
    production_addresses: list[ProductionAddress] = several("生产地址列表", "facts §3.2")
    original_number: CertNumber | None = optional(
        "原证书编号", "facts §3.2", doc="延续、变更、补领时填写；新申请留空，不得填“无”“/”"
    )
    submission_date: Day = column("申请日期", "通知三（一）", doc="网上提交申请的日期")
    acceptance_date: Day | None = optional("受理日期", "条例第12条", doc="不予受理的办件没有受理日期")
    review_date: Day | None = optional("审查完成日期", "条例第18条")
    excluded_days: Annotated[int, Integer(0, 3650)] | None = optional(
        "不计入时限天数", "条例第24条", doc="产品检验等依法不计入审批时限的天数"
    )
    decision_date: Day | None = optional("决定日期", "条例第24条", doc="办理中的办件留空")
    decision: Annotated[str, Code("decision_results")] | None = optional("审批决定", "条例第24条")
    issue_date: Day | None = optional("发证日期", "条例第24条")
    authority: Authority = column("审批机关", "条例第24条")
    papers: list[Paper] = several("申请材料列表", "facts §3.5")
    visit_waived: Annotated[bool, Flag()] | None = optional("是否免实地核查", "通知三（三）")
    visit: Visit | None = optional("实地核查", "条例第15条、第18条")
    inspectors: list[Inspector] = several("实地核查人员列表", "条例第15条", doc="条例要求2至4人，由规则检查")
    policy_approval_number: Annotated[str, Identifier(100)] | None = optional(
        "产业政策文件编号", "通知二（三）", doc="投资项目备案、核准文件编号"
    )
    replacement: Replacement | None = optional("收购兼并重组或产能置换", "通知二（三）")
    certificate_number: CertNumber | None = optional("结果证书编号", "条例第24条", doc="准予许可后发放或换发的证书")
