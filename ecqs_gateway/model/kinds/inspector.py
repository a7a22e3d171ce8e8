"""Record kind ``inspector`` (实地核查人员): who may verify on site, as the authority that examined them states it.

Since the notice (三（四）) provinces train and examine inspectors and all of them recognise them; 条例 16 still
speaks of the national authority. Both are in the data, so each inspector carries the regime. No public source gives
the format of the certificate, a table of scopes or of statuses (facts §4, §9): those fields are 本项目拟定.
"""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import Authority, Day, OrganisationName
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, Identifier, PersonDigest, PersonName, Text

__all__ = ["Inspector", "InspectorScope"]


class InspectorScope(Part):
    """A class of products the inspector may verify, and the 品种 within it where the authority names one."""

    product_class: Annotated[str, Code("product_classes")] = column("产品类别", "通知三（四）；产品目录（facts §1.2）")
    variety: Annotated[str, Text(100)] | None = optional("产品品种", "实施细则（facts §1.2）")


class Inspector(Record):
    """One inspector certificate: person, authority and regime, scope, validity and status."""

    kind = "inspector"
    title = "实地核查人员"
    key = "number"
    date = "issue_date"

    number: Annotated[str, Identifier(40)] = column(
        "核查人员证书编号", "条例第16条；通知三（四）", doc="编号格式没有公开规定，按证书原文填写，全国不得重复"
    )
    name: Annotated[str, PersonName()] = column("姓名", "facts §4", personal=True)
    person_digest: Annotated[str, PersonDigest()] | None = optional(
        "身份证件号码摘要",
        "本项目拟定",
        doc="身份证件号码以本单位的盐计算的 HMAC-SHA-256；号码本身不得离开报送单位",
        personal=True,
    )
    employer: OrganisationName | None = optional("工作单位", "facts §4")
    authority: Authority = column("考核发证机关", "条例第16条；通知三（四）")
    regime: Annotated[str, Code("inspector_regimes")] = column(
        "考核体制", "条例第16条；通知三（四）", doc="总局考核，或者通知印发之日起由省级市场监管部门考核"
    )
    level: Annotated[str, Code("inspector_levels")] | None = optional("人员级别", "facts §4", doc="原总局体制的级别")
    scopes: list[InspectorScope] = several(
        "核查产品范围列表", "通知三（四）；facts §4", doc="为空表示不限产品（本项目拟定）"
    )
    issue_date: Day = column("发证日期", "facts §4")
    valid_from: Day | None = optional("有效期起", "本项目拟定", doc="为空的，自发证日期起")
    valid_until: Day | None = optional(
        "有效期至", "facts §4", doc="原总局体制为3年；2020年以后没有公开规定，为空表示没有载明期限"
    )
    status: Annotated[str, Code("inspector_statuses")] = column("人员状态", "本项目拟定")
    status_date: Day | None = optional(
        "状态生效日期", "本项目拟定", doc="暂停、撤销、注销或恢复自哪一日起生效；此前的核查不受影响"
    )
    status_note: Annotated[str, Text(200)] | None = optional("状态说明", "本项目拟定")
