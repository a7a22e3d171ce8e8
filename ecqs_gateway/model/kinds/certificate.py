"""Record kind ``certificate``: a production licence as it stands, with its products, status and lineage."""

from __future__ import annotations

from typing import Annotated

from ecqs_gateway.model.kinds.parts import Authority, CertNumber, Day, Enterprise, ProductionAddress, ProductLine
from ecqs_gateway.model.record import Part, Record, column, optional, several
from ecqs_gateway.model.types import Code, LicenceId, Sha256, Text

__all__ = ["Certificate", "EarlierNumber", "ElectronicLicence"]


class EarlierNumber(Part):
    """A number this licence had before, such as the national one given up when a province re-issued it."""

    number: CertNumber = column("原证书编号", "facts §2.1")
    cancellation_date: Day | None = optional("原证书注销日期", "通知二（三）；facts §2.1")


class ElectronicLicence(Part):
    """The electronic certificate of this licence."""

    id: Annotated[str, LicenceId()] = column("电子证照标识", "GB/T 36904—2018")
    file_digest: Annotated[str, Sha256()] | None = optional(
        "电子证照文件摘要", "本项目拟定", doc="电子证照文件的 SHA-256，小写十六进制"
    )


class Certificate(Record):
    """A production licence: what the certificate states (条例 28), its status, and where it came from."""

    kind = "certificate"
    title = "生产许可证证书"
    key = "number"
    date = "issue_date"

    number: CertNumber = column("证书编号", "条例第28条；facts §2.1")
    earlier_numbers: list[EarlierNumber] = several(
        "历史证书编号", "facts §2.1", doc="换发、迁移前用过的编号，按先后排列"
    )
    holder: Enterprise = column("持证企业", "条例第28条")
    production_addresses: list[ProductionAddress] = several("生产地址列表", "条例第28条", doc="缺失不退回，由规则标记")
    products: list[ProductLine] = several(
        "获证产品列表", "条例第28条", doc="一企一证：一张证书可含多个类别", at_least=1
    )
    test_method: Annotated[str, Code("test_methods")] | None = optional("检验方式", "facts §2.2、§7.1")
    authority: Authority = column("发证机关", "条例第24条；facts §7.1")
    issue_date: Day = column("发证日期", "条例第28条")
    valid_from: Day | None = optional("有效期起", "facts §7.1", doc="国家回流数据没有起始日期")
    valid_until: Day = column("有效期至", "条例第25条、第28条")
    status: Annotated[str, Code("certificate_statuses")] = column("证书状态", "facts §2.3")
    status_cause: Annotated[str, Code("status_causes")] | None = optional(
        "状态原因", "条例第31条；facts §2.3", doc="注销可能是撤销、撤回、吊销之后的手续，原因与注销日期分别填报"
    )
    status_note: Annotated[str, Text(500)] | None = optional("状态说明", "facts §2.3", doc="状态为其他时的文字说明")
    closing_date: Day | None = optional("终止日期", "facts §2.3", doc="注销、撤销、撤回、吊销生效的日期")
    publicity_date: Day | None = optional(
        "纳入公示系统日期",
        "通知四（一）",
        doc="因骗取许可被撤销的，纳入国家企业信用信息公示系统的日期",
    )
    electronic_licence: ElectronicLicence | None = optional("电子证照", "通知三（一）；facts §2.4")
