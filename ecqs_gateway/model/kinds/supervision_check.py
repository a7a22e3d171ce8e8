"""Record kind ``supervision_check`` (监督检查): a check of a licence holder (通知三（三）、四（一）)."""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import Authority, CertNumber, Day, Enterprise, ProductionAddress
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, Flag, Identifier, Text

__all__ = ["CheckItem", "Rectification", "SupervisionCheck"]


class CheckItem(Part):
    """One item that was looked at."""

    name: Annotated[str, Text(300)] = column("检查事项", "facts §5", doc="按检查表原文")
    result: Annotated[str, Code("check_results")] | None = optional("事项结果", "facts §5")
    note: Annotated[str, Text(500)] | None = optional("事项说明", "facts §5")


class Rectification(Part):
    """What the holder was told to put right, and whether it did."""

    due_date: Day | None = optional("整改期限", "条例第54条；facts §5", doc="责令限期整改的最后一日")
    closed_date: Day | None = optional("整改完成日期", "facts §5", doc="复查合格之日；未完成时留空")


class SupervisionCheck(Record):
    """One check of an enterprise that holds a licence: daily, after a renewal without visit, or unannounced."""

    kind = "supervision_check"
    title = "获证企业监督检查"
    key = "check_number"
    date = "check_date"

    check_number: Annotated[str, Identifier(64)] = column(
        "检查编号", "本项目拟定", doc="省级监管系统中唯一，不得重复使用"
    )
    check_kind: Annotated[str, Code("check_kinds")] = column("检查类别", "通知三（三）、四（一）")
    enterprise: Enterprise = column("被检查企业", "条例第39条")
    production_addresses: list[ProductionAddress] = several("检查地址列表", "facts §5")
    certificate_number: CertNumber | None = optional(
        "证书编号", "通知三（三）、四（一）", doc="检查所针对的证书；免实地核查延续后的检查应当填写"
    )
    case_number: Annotated[str, Identifier(64)] | None = optional(
        "办件编号", "通知三（三）", doc="免实地核查延续后的检查，填写该次延续的办件编号"
    )
    authority: Authority = column("检查机关", "条例第39条")
    check_date: Day = column("检查日期", "条例第39条；facts §5", doc="作出有效结论之日")
    officers: Annotated[str, Text(100)] | None = optional(
        "检查人员证件编号", "条例第39条；facts §5", doc="两人以上，编号之间用顿号；不填姓名"
    )
    result: Annotated[str, Code("check_results")] = column("检查结果", "条例第39条；facts §5")
    conditions_kept: Annotated[bool, Flag()] | None = optional(
        "是否保持获证条件", "通知四（一）", doc="督促企业保持获证条件的结论"
    )
    items: list[CheckItem] = several("检查事项列表", "facts §5")
    rectification: Rectification | None = optional("整改", "facts §5")
    published: Annotated[bool, Flag()] | None = optional(
        "是否公开", "通知四（一）", doc="“双随机、一公开”：结果是否已向社会公开"
    )
    remarks: Annotated[str, Text(500)] | None = optional("备注", "facts §5")
