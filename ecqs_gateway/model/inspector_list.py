"""The national list of inspectors as it travels: file names, the elements of its document, and its columns.

Headquarters publishes each version twice: whole (``full``) and as what changed since the version before (``changes``).
Each is one ZIP of ``list.xml`` and the signature over its exact bytes. The format is 本项目拟定: facts §9.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ecqs_gateway.model.types.base import XsdType
from ecqs_gateway.model.xsd_messages import UNITS, Attribute, Element

__all__ = ["COLUMNS", "INSPECTOR_LIST", "LIST_FILE", "LIST_SIGNATURE_FILE", "ListName", "list_types", "parse_list_name"]

LIST_FILE, LIST_SIGNATURE_FILE = "list.xml", "list.sig"

_NAME = re.compile(r"inspectors-(?P<version>(?!0{8})[0-9]{8})\.(?P<form>full|changes)\.zip", re.ASCII)


class ListName(NamedTuple):
    """What the name of a published file says; only its signed content is believed."""

    version: int
    form: str

    @property
    def file(self) -> str:
        """Give the file name."""
        return f"inspectors-{self.version:08d}.{self.form}.zip"


def parse_list_name(name: str) -> ListName | None:
    """Read a file name strictly; None for whatever is no published list."""
    found = _NAME.fullmatch(name)
    return ListName(int(found["version"]), found["form"]) if found else None


_ENTRY: Mapping[str, tuple[str, str, bool]] = {
    "unit": (UNITS, "报送单位", True),
    "number": ("Identifier40", "核查人员证书编号", True),
    "name": ("PersonName50", "姓名", True),
    "employer": ("OrgName200", "工作单位", False),
    "authority": ("OrgName200", "考核发证机关", True),
    "authority_uscc": ("Uscc", "机关统一社会信用代码", False),
    "regime": ("InspectorRegimesCode", "考核体制", True),
    "level": ("InspectorLevelsCode", "人员级别", False),
    "issue_date": ("BusinessDate", "发证日期", True),
    "valid_from": ("BusinessDate", "有效期起", False),
    "valid_until": ("BusinessDate", "有效期至", False),
    "status": ("InspectorStatusesCode", "人员状态", True),
    "status_date": ("BusinessDate", "状态生效日期", False),
    "status_note": ("Text200", "状态说明", False),
    "record": ("Digest", "报送单位所报记录的版本摘要", True),
}
"""Attributes of an entry in the order of its canonical line. No digest of an id number: nobody else could use it."""

COLUMNS: tuple[str, ...] = (*_ENTRY, "scopes")
"""Columns of a list in memory, all text; ``scopes`` holds the scopes of the entry, see ``inbound.inspector_xml``."""

_SCOPE = Element(
    "scope",
    "核查产品范围；没有的，不限产品",
    (
        Attribute("product_class", "ProductClassesCode", "产品类别"),
        Attribute("variety", "Text100", "产品品种", required=False),
    ),
    at_least=0,
    many=True,
)
_VERSION = Element(
    "version",
    "此前各版本（含本版本）的内容摘要，从1起连续；只在 full 中",
    (
        Attribute("number", "ListVersion", "版本号"),
        Attribute("issued", "Moment", "签发时间"),
        Attribute("digest", "Digest", "内容摘要"),
    ),
    at_least=0,
    many=True,
)
_ROW = Element(
    "entry",
    "一名核查人员：full 中为全部，changes 中为新增或变更的",
    tuple(Attribute(name, kind, title, required=needed) for name, (kind, title, needed) in _ENTRY.items()),
    (_SCOPE,),
    at_least=0,
    many=True,
)
_REMOVED = Element(
    "removed",
    "不再列入的核查人员；只在 changes 中",
    (Attribute("number", "Identifier40", "核查人员证书编号"),),
    at_least=0,
    many=True,
)
INSPECTOR_LIST = Element(
    "inspector_list",
    "核查人员名录：全国互认的实地核查人员（通知三（四））",
    (
        Attribute("form", "ListForm", "形式"),
        Attribute("version", "ListVersion", "版本号：从1起连续"),
        Attribute("issued", "Moment", "签发时间"),
        Attribute("issuer", "Issuer", "签发方"),
        Attribute("entries", "Count", "本版本的人数"),
        Attribute("digest", "Digest", "本版本内容摘要"),
        Attribute("previous", "Digest", "上一版本的链摘要"),
        Attribute("chain", "Digest", "本版本的链摘要"),
        Attribute("signature", "AlgorithmName", "签名算法"),
        Attribute("key", "KeyId", "签名密钥标识"),
    ),
    (_VERSION, _ROW, _REMOVED),
)


def list_types() -> list[tuple[XsdType, str]]:
    """Give the simple types only the list has, each with its Chinese title."""
    forms = tuple(("enumeration", word) for word in ("full", "changes"))
    return [
        (XsdType("ListForm", "xs:string", forms), "名录形式：full 全部，changes 与上一版本的差异"),
        (XsdType("ListVersion", "xs:positiveInteger", (("maxInclusive", "99999999"),)), "名录版本号"),
    ]
