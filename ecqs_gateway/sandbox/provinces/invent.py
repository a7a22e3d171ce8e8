"""Invented enterprises, persons, places and numbers: well-formed, and recognisably nobody's.

Every credit code has a right check character but an organisation code that begins with ``Y``, which is not assigned;
enterprise names hold 示例; persons are called 甄示例 and the like; telephone numbers begin with 100, which no mobile
operator has. So a sample row is never a real enterprise or person by accident, and every check digit still holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ecqs_gateway.sandbox.provinces.draw import Draw, choose

__all__ = ["PRODUCTS", "Place", "Product", "enterprise_name", "good_code", "person", "phone", "street"]


@dataclass(frozen=True)
class Product:
    """One product class: 细则 number, names, units, national code, and since when it is licensed (facts §1)."""

    number: str
    name: str
    units: tuple[str, ...]
    industry: str
    code: str
    since: date = date(2020, 10, 14)


PRODUCTS: tuple[Product, ...] = (
    Product("XK05-001", "建筑用钢筋", ("钢筋混凝土用热轧钢筋", "冷轧带肋钢筋"), "钢铁", "01"),
    Product("XK08-001", "水泥", ("通用水泥", "特种水泥"), "水泥", "02"),
    Product("XK09-001", "人民币鉴别仪", ("点验钞机", "验钞仪"), "电子", "04"),
    Product("XK17-004", "预应力混凝土铁路桥简支梁", ("预应力混凝土铁路桥简支梁",), "桥梁", "05"),
    Product("XK06-001", "电线电缆", ("架空绞线", "塑料绝缘控制电缆", "架空绝缘电缆", "漆包圆绕组线"), "线缆", "06"),
    Product("XK13-006", "危险化学品", ("无机产品",), "化工", "07"),
    Product("XK12-001", "危险化学品包装物、容器", ("金属桶", "塑料桶"), "包装", "08"),
    Product("XK13-001", "化肥", ("复合肥料", "掺混肥料", "有机-无机复混肥料"), "肥业", "09"),
    Product("XK13-002", "化肥", ("磷肥",), "肥业", "09"),
    Product("XK16-204", "食品用塑料包装容器工具等制品", ("包装类", "容器类", "工具类"), "塑料", "10"),
    Product("XK05-005", "钢丝绳", ("重要用途钢丝绳", "一般用途钢丝绳"), "索具", "12", date(2024, 9, 25)),
    Product("XK03-002", "人造板", ("胶合板", "细木工板"), "木业", "13", date(2024, 9, 25)),
    Product("XK02-001", "安全帽", ("安全帽",), "防护用品", "14", date(2024, 9, 25)),
)
"""Classes whose number is known (facts §1.2); those of 2024 come last."""


@dataclass(frozen=True)
class Place:
    """A reporting unit as its samples show it: abbreviation on certificates, bureau, cities with area codes."""

    unit: str
    short: str
    name: str
    bureau: str
    bureau_code: str
    cities: tuple[tuple[str, str], ...]

    def areas(self) -> list[str]:
        """Give the area codes of the cities."""
        return [code for code, _ in self.cities]

    def names(self) -> list[str]:
        """Give the names of the cities, in the order of ``areas``."""
        return [name for _, name in self.cities]


_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_Y = 34  # value of Y in GB 11714, where letters count on from A = 10


def _digit(number: pl.Expr, place: int) -> pl.Expr:
    return (number // pl.lit(10**place)) % 10


def good_code(firm: pl.Expr, area: pl.Expr, *, kind: str = "91") -> pl.Expr:
    """Give the unified social credit code of an invented enterprise (number below 10,000,000) in that area.

    Both check characters hold (GB 11714 mod 11 and GB 32100 mod 31). ``kind`` is two digits: 91 for an enterprise, 11
    for a government body.
    """
    digits = [_digit(firm, place) for place in range(6, -1, -1)]
    pairs = zip(_ORGANISATION_WEIGHTS[1:], digits, strict=True)
    total = pl.sum_horizontal(*(digit * weight for weight, digit in pairs)) + _ORGANISATION_Y * _ORGANISATION_WEIGHTS[0]
    rest = (11 - total % 11) % 11  # 10 is written X, and 11 is written 0
    check = pl.when(rest == 10).then(_ALPHABET.index("X")).otherwise(rest)
    place = area.cast(pl.Int64)
    values = [
        pl.lit(int(kind[0])),
        pl.lit(int(kind[1])),
        *(_digit(place, n) for n in range(5, -1, -1)),
        pl.lit(_ALPHABET.index("Y")),
    ]
    values += [*digits, check]
    last = (31 - pl.sum_horizontal(*(v * w for v, w in zip(values, _WEIGHTS, strict=True))) % 31) % 31
    number = firm.cast(pl.String).str.zfill(7)
    organisation_check = pl.when(rest == 10).then(pl.lit("X")).otherwise(rest.cast(pl.String))
    return pl.concat_str(pl.lit(kind), area, pl.lit("Y"), number, organisation_check, choose(last, _ALPHABET))


_FIRST = "永恒宏瑞鼎泰华盛金安新兴东方南海北辰西岭长江大河高峰远山青松白云明月清泉丰年嘉禾顺达通联诚信德润天成地利人和"
_SECOND = "固远达利昌隆茂源祥福康宁平定邦国民生活力量劲健美佳优良品质精工匠心巧手奇创新意思路桥梁柱石基业广厦千里万家"


def enterprise_name(firm: pl.Expr, city: pl.Expr, industry: pl.Expr) -> pl.Expr:
    """Give an invented name such as 南京示例永固水泥有限公司."""
    first = choose(firm % len(_FIRST), _FIRST)
    second = choose((firm // len(_FIRST)) % len(_SECOND), _SECOND)
    return pl.concat_str(city, pl.lit("示例"), first, second, industry, pl.lit("有限公司"))


def person(draw: Draw, name: str) -> pl.Expr:
    """Give an invented person's name."""
    family, given = "甄贾吴梅", ("示例", "样本", "虚构", "演示", "测试", "假定", "模拟", "范例")
    return draw.pick(name, [f"{a}{b}" for a in family for b in given])


def phone(draw: Draw, name: str) -> pl.Expr:
    """Give an 11-digit number that no operator assigns."""
    return pl.concat_str(pl.lit("100"), draw.whole(name, 0, 99_999_999).cast(pl.String).str.zfill(8))


def street(draw: Draw, name: str, *, city: pl.Expr, province: str, parts: Sequence[str] = ()) -> pl.Expr:
    """Give an invented address such as 江苏省南京市样例区虚构路18号."""
    roads = list(parts) or [
        f"{area}{road}" for area in ("样例区", "示范区", "演示县") for road in ("虚构路", "示例大道", "假设街")
    ]
    number = draw.whole(f"{name}.number", 1, 999).cast(pl.String)
    return pl.concat_str(pl.lit(province), city, pl.lit("市"), draw.pick(name, roads), number, pl.lit("号"))
