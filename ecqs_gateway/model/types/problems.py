"""Every problem a field can have: stable code and Chinese message, in one table that the reference prints.

A message says what is wrong and what would be right; it never holds the value, which may be personal data.
Others of the same range: ``ECQS-1257`` (a field names a code table that does not exist) and ``ECQS-1299`` (a source
column has no text form) are mistakes of the content, ``ECQS-1281`` to ``ECQS-1289`` are mistakes in code tables
(``content.codes``), ``ECQS-1290`` to ``ECQS-1298`` belong to the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping

from ecqs_gateway.model.types.base import FieldProblem

__all__ = ["PROBLEMS", "problem"]

PROBLEMS: Mapping[str, str] = {
    # Any field
    "ECQS-1200": "必填项为空",
    "ECQS-1201": "值的类型不对，无法作为{title}读取",
    "ECQS-1202": "清洗后为空：原值只有空白或不可见字符",
    "ECQS-1203": "超过 {limit} 个字符",
    "ECQS-1204": "含有替代字符 U+FFFD，说明在上游已按错误的编码转换，须从源头重取",
    # Unified social credit code
    "ECQS-1210": "统一社会信用代码应为 18 位",
    "ECQS-1211": "统一社会信用代码含有不允许的字符：第 3 至 8 位为数字，其余为数字或大写字母且不用 I、O、S、V、Z",
    "ECQS-1212": "这是 15 位工商注册号，不是统一社会信用代码，请换用 18 位代码",
    "ECQS-1213": "这是 9 位组织机构代码，不是统一社会信用代码，请换用 18 位代码",
    "ECQS-1214": "统一社会信用代码第 18 位校验码不符（GB 32100-2015）",
    "ECQS-1215": "统一社会信用代码内嵌的组织机构代码校验码（第 17 位）不符（GB 11714）",
    # Certificate number
    "ECQS-1220": "生产许可证编号无法识别，应形如 (苏)XK06-001-00238 或 XK05-001-00042",
    "ECQS-1221": "生产许可证编号中的省份简称不在报送单位代码表内",
    "ECQS-1222": "一个字段里有多个生产许可证编号，请在映射中用 split 拆开",
    # Electronic licence id
    "ECQS-1230": "电子证照标识的结构不对，应为 1.2.156.3005.2.类型21位.发证机构18位.流水号.版本3位.校验位",
    "ECQS-1231": "电子证照标识的校验位不符（ISO 7064 MOD 37,36）",
    # Dates and times
    "ECQS-1240": "日期无法识别，应为年月日，如 2020-01-05",
    "ECQS-1241": "日期不完整：缺少日（或月和日），不作推测",
    "ECQS-1242": "日历上没有这一天",
    "ECQS-1243": "日期应在 1949-01-01 至 2100-12-31 之间",
    "ECQS-1244": "“长期”“永久”等不是日期：本字段须为确定的一天",
    "ECQS-1245": "一个字段里有起止两个日期，请在映射中用 split 拆开",
    "ECQS-1246": "时间无法识别，应为年月日时分秒，如 2020-01-05T09:30:00+08:00",
    "ECQS-1247": "时间应在 1992-01-01 至 2100-12-31 之间",
    # Area codes and code tables
    "ECQS-1250": "行政区划代码应为 6 位数字（GB/T 2260）",
    "ECQS-1251": "行政区划代码前两位不属于任何报送单位",
    "ECQS-1252": "行政区划代码多于 6 位，像统计用区划代码，请在映射中取前 6 位",
    "ECQS-1255": "代码不在代码表 {table} 内",
    "ECQS-1256": "代码在代码表 {table} 内，但在该日期无效",
    # Numbers and flags
    "ECQS-1260": "不是数",
    "ECQS-1261": "小数位过多：最多 {places} 位，不作四舍五入",
    "ECQS-1262": "数太大：整数部分最多 {whole} 位",
    "ECQS-1263": "金额不得为负",
    "ECQS-1265": "不是整数",
    "ECQS-1266": "整数应在 {low} 至 {high} 之间",
    "ECQS-1269": "应为 true 或 false（也可写 是/否、1/0、Y/N）",
    # Identifiers, digests and names
    "ECQS-1270": "编号含有不允许的字符：只可用可见的英文字符、数字、汉字和〔〕【】，不可用 & < >",
    "ECQS-1271": "编号不符合规定的格式 {pattern}",
    "ECQS-1275": "SHA-256 摘要应为 64 位十六进制数",
    "ECQS-1276": "这是身份证件号码的明文：离开报送单位前须换成加盐摘要",
    "ECQS-1277": "身份证件号码无效：位数、出生日期或校验码不符，不能生成摘要",
    "ECQS-1280": "姓名含有数字或符号",
}
"""Message by code; ``{…}`` is filled with limits of the field type, never with the value."""


def problem(code: str, **facts: object) -> FieldProblem:
    """Give the problem of that code with its message filled in; raises KeyError for an unknown code."""
    return FieldProblem(code, PROBLEMS[code].format(**facts))
