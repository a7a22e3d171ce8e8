"""Pieces several record kinds share: enterprise, authority, product line, production address.

Sources: ``条例`` is 工业产品生产许可证管理条例 (国务院令第440号, text of 2023-07-20), ``通知`` the notice by which five
product classes were handed to the provinces in 2020, ``facts`` the project's collection of public facts.
``本项目拟定`` marks what no public source prescribes.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from ecqs_gateway.model.record import Part, column, optional
from ecqs_gateway.model.types import AreaCode, BusinessDate, CertificateNumber, Code, OrgName, Text, Uscc

__all__ = ["Area", "Authority", "CertNumber", "CreditCode", "Day", "Enterprise", "OrganisationName"]
__all__ += ["ProductLine", "ProductionAddress"]

Day = Annotated[dt.date, BusinessDate()]
"""A calendar day in Asia/Shanghai."""

CreditCode = Annotated[str, Uscc()]
"""A unified social credit code."""

CertNumber = Annotated[str, CertificateNumber()]
"""A production licence number in its canonical spelling."""

OrganisationName = Annotated[str, OrgName()]
"""The name of an enterprise, an authority or another organisation."""

Area = Annotated[str, AreaCode()]
"""An administrative area."""


class Enterprise(Part):
    """The enterprise that applies for a licence or holds it."""

    name: OrganisationName = column("企业名称", "条例第28条")
    uscc: CreditCode = column(
        "统一社会信用代码", "GB 32100—2015；facts §7.1", doc="个体工商户同样填报，不得以组织机构代码代替"
    )
    address: Annotated[str, Text(300)] | None = optional("住所", "条例第28条", doc="缺失不退回，由规则标记")


class Authority(Part):
    """The authority that acted."""

    name: OrganisationName = column("机关名称", "条例第24条；facts §7.1")
    uscc: CreditCode | None = optional("机关统一社会信用代码", "GB 32100—2015；facts §7.1")
    area: Area | None = optional(
        "机关行政区划代码", "GB/T 2260；facts §7.1", doc="2024年收回再下放权限之前，可以是设区市"
    )


class ProductLine(Part):
    """One line of products under the licence; levels as in the 实施细则: class, variety, unit, model."""

    name: Annotated[str, Text(200)] = column("产品名称", "条例第28条")
    product_class: Annotated[str, Code("product_classes")] | None = optional("产品类别", "产品目录（facts §1.2）")
    variety: Annotated[str, Text(100)] | None = optional("产品品种", "实施细则（facts §1.2）")
    unit: Annotated[str, Text(100)] | None = optional(
        "产品单元", "实施细则（facts §1.2）", doc="单元表随细则整体更替，没有通用代码，按细则原文填写"
    )
    model: Annotated[str, Text(500)] | None = optional("规格型号", "实施细则（facts §1.2）")


class ProductionAddress(Part):
    """A place of production."""

    address: Annotated[str, Text(300)] = column("生产地址", "条例第28条")
    area: Area | None = optional("生产地址行政区划代码", "GB/T 2260", doc="供区域性风险分析使用")
