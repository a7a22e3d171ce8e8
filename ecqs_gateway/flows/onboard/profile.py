"""Values: what the sampled values of a column look like, as shares between 0 and 1 of those that are there.

All of it in columns: the field types' own readers tell credit codes, certificate numbers and dates, regular
expressions the rest. Words that mean nothing (无, /, 111) count as not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from ecqs_gateway.mapping.text import text_column
from ecqs_gateway.mapping.words import FILLERS
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.types import AreaCode, BusinessDate, CertificateNumber, FieldType, LicenceId, Uscc

__all__ = ["DAY", "Profile", "date_like", "profiles"]

_NUMERAL = "0-9一二三四五六七八九十"
DAY = f"[0-9〇○零一二三四五六七八九]{{4}}[-./年][{_NUMERAL}]{{1,3}}[-./月][{_NUMERAL}]{{1,3}}日?|[0-9]{{8}}"
"""A day in any usual spelling, as a regular expression of the mapping language."""

_DAY = f"(?:{DAY})"
_RANGE = rf"^[自从]?\s*{_DAY}(?:\s[0-9:.]+)?\s*起?\s*(?:至|到|~|～|—+|－|-+|/)\s*{_DAY}(?:\s[0-9:.]+)?\s*止?$"
_FIRMS = "公司|集团|厂|企业|商行|经营部|加工部|合作社|有限合伙|超市|门市部|店"
_BODIES = "研究院|研究所|中心|事务所|站|社|院|所|局"
_FIRM = f"(?:{_FIRMS})(?:[（(].*[）)])?$"
_ORGANISATION = f"(?:{_FIRMS}|{_BODIES})(?:[（(].*[）)])?$"
_AUTHORITY = "市场监督管理|市场监管|质量技术监督|质监局|行政审批|工商行政管理|人民政府|总局|审批服务|政务服务"
_ADDRESS = "(?:省|市|区|县|镇|乡|路|街|道|村|号|园|开发区|大道|巷)"
_PERSON = "^[\u4e00-\u9fff]{2,4}$|^[\u4e00-\u9fff]{1,8}[·•][\u4e00-\u9fff]{1,8}$"
_PHONE = r"^(?:\+?86[- ]?)?1[3-9][0-9]{9}$|^0[0-9]{2,3}[- ]?[0-9]{7,8}(?:[-转][0-9]{1,5})?$"
_CITIZEN = r"^[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$"
_CLOCK = r"[ T日][0-9]{1,2}[:时][0-9]{2}"
_FLAG = "(?i)^(?:是|否|有|无|y|n|yes|no|true|false|0|1)$"
_SEPARATED = "[;；]|[^0-9]、|、[^0-9]|\n|,(?:[^0-9]|$)|，"
_PATTERNS: Mapping[str, str] = {
    "date_range": _RANGE,
    "organisation": _ORGANISATION,
    "firm": _FIRM,
    "authority": _AUTHORITY,
    "address": f"^.*{_ADDRESS}.*{_ADDRESS}.*$",
    "person": _PERSON,
    "phone": _PHONE,
    "citizen": _CITIZEN,
    "sha256": "^[0-9a-fA-F]{64}$",
    "integer": r"^-?[0-9]{1,9}$",
    "number": r"^[-+]?[0-9]+(?:\.[0-9]+)?$",
    "flag": _FLAG,
    "clock": _CLOCK,
    "han": "[\u4e00-\u9fff]",
    "separated": _SEPARATED,
    "batch": r"[0-9]{4}[-./年][0-9]{1,2}[-./月][0-9]{1,2}.*[/／].*[0-9A-Za-z]|[0-9A-Za-z]+\s*[/／].*[0-9]{4}[-./年]",
    "opaque": "^[0-9A-Za-z_{}-]{6,64}$",
    "area_long": "^[1-8][0-9]{8}$|^[1-8][0-9]{11}$",
    "xk": "(?i)XK[0-9]{2}-?[0-9]{3}-?[0-9]{4,5}",
    "html": r"<[A-Za-z/][^<>]*>|&[a-z]+;",
}
_TYPES: Mapping[str, FieldType] = {
    "credit_code": Uscc(),
    "certificate_number": CertificateNumber(),
    "licence_id": LicenceId(),
    "date": BusinessDate(),
    "area_code": AreaCode(),
}
_FEW = 60
_LONGEST = 300


@dataclass(frozen=True)
class Profile:
    """What the values of one column look like."""

    name: str
    rows: int
    filled: int
    """Values that are there and mean something."""
    fillers: int
    """Values that are there and mean nothing."""
    distinct: int
    shares: Mapping[str, float]
    few: tuple[str, ...] = ()
    """The different values where there are not many: maybe codes."""
    members: tuple[str, ...] = ()
    """Members of the objects where the column holds a JSON array; ``$`` for an array of plain values."""
    length: float = 0.0
    """Mean number of characters."""
    days: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Date), repr=False, compare=False)

    def share(self, form: str) -> float:
        """Give the share of the values that have a form."""
        return self.shares.get(form, 0.0)

    @property
    def unique(self) -> bool:
        """Say whether every row has a value and no two the same, as far as the sample goes."""
        return self.rows > 0 and self.filled + self.fillers == self.rows and self.distinct == self.rows


def date_like(profile: Profile) -> bool:
    """Say whether most values are days, also dirty ones."""
    return profile.share("date") >= 0.6


def profiles(frame: pl.DataFrame, codes: CodeTables) -> dict[str, Profile]:
    """Profile every column of a sample."""
    return {name: _profile(frame[name], codes) for name in frame.columns if not name.startswith("__")}


def _profile(series: pl.Series, codes: CodeTables) -> Profile:
    text = text_column(series).alias("x")
    there = text.drop_nulls()
    nothing = there.str.to_lowercase().is_in([*FILLERS, "／", "－"])
    values = there.filter(~nothing)
    if values.is_empty():
        return Profile(series.name, len(series), 0, int(nothing.sum()), there.n_unique(), {})
    frame = values.str.slice(0, _LONGEST).alias("x").to_frame()
    shares = {**_by_pattern(frame), **_by_type(frame, codes)}
    members, json_share = _json(values)
    shares["json"] = json_share
    shares["government"] = _government(frame, codes)
    distinct = values.unique(maintain_order=True)
    few = tuple(distinct.to_list()) if len(distinct) <= _FEW and (distinct.str.len_chars().max() or 0) <= 60 else ()  # type: ignore[operator]
    days = BusinessDate().read_expr(pl.col("x"), codes)
    return Profile(
        series.name,
        len(series),
        len(values),
        int(nothing.sum()),
        there.n_unique(),
        shares,
        few,
        members,
        float(values.str.len_chars().mean() or 0.0),  # type: ignore[arg-type]
        text.to_frame().select(days).to_series(),
    )


def _by_pattern(frame: pl.DataFrame) -> dict[str, float]:
    hits = frame.select(pl.col("x").str.contains(pattern).mean().alias(name) for name, pattern in _PATTERNS.items())
    return {name: float(value or 0.0) for name, value in hits.row(0, named=True).items()}


def _by_type(frame: pl.DataFrame, codes: CodeTables) -> dict[str, float]:
    """Let the field types judge, and find the share that at least has the form of a credit code (a typo is dirt)."""
    found: dict[str, float] = {}
    for name, kind in _TYPES.items():
        read = frame.select(kind.read_expr(pl.col("x"), codes).alias("x"))
        good = read.select(pl.col("x").is_not_null() & kind.check_expr(pl.col("x"), codes).fill_null(value=False))
        found[name] = float(good.to_series().mean() or 0.0)  # type: ignore[arg-type]
    return found


def _government(frame: pl.DataFrame, codes: CodeTables) -> float:
    """Give the share of credit codes that belong to bodies of the state (11, 12)."""
    read = frame.select(Uscc().read_expr(pl.col("x"), codes).alias("x")).drop_nulls()
    return float(read["x"].str.contains("^1[0-9]").mean() or 0.0) if read.height else 0.0  # type: ignore[arg-type]


def _json(values: pl.Series) -> tuple[tuple[str, ...], float]:
    """Look into JSON arrays: which members their objects have."""
    arrays = values.filter(values.str.starts_with("[")).to_list()
    members: dict[str, None] = {}
    read = 0
    for text in arrays[:200]:
        try:
            items = json.loads(text)
        except ValueError:
            continue
        if isinstance(items, list):
            read += 1
            for item in items:
                members.update(dict.fromkeys(item if isinstance(item, dict) else ["$"]))
    return tuple(members), (len(arrays) / len(values)) * (read / min(len(arrays), 200)) if arrays else 0.0
