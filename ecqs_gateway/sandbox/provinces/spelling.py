"""The ways people write dates, numbers and names into free-text columns (facts §2.1, §7), as column expressions."""

from __future__ import annotations

import polars as pl

from ecqs_gateway.sandbox.provinces.draw import choose

__all__ = ["chinese_day", "compact", "epoch_milliseconds", "full_width", "iso", "unpadded", "zulu"]

_DIGITS = "〇一二三四五六七八九"
_WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


def compact(day: pl.Expr) -> pl.Expr:
    """Write 20200105."""
    return day.dt.strftime("%Y%m%d")


def iso(day: pl.Expr) -> pl.Expr:
    """Write 2020-01-05."""
    return day.dt.strftime("%Y-%m-%d")


def unpadded(day: pl.Expr, form: str) -> pl.Expr:
    """Write year, month and day without zeros into a form such as ``{}年{}月{}日``."""
    return pl.format(form, day.dt.year(), day.dt.month(), day.dt.day())


def chinese_day(day: pl.Expr) -> pl.Expr:
    """Write 二〇二〇年一月五日."""
    year = day.dt.strftime("%Y").str.replace_many(list("0123456789"), list(_DIGITS))
    words = [_number(number) for number in range(1, 32)]
    return pl.format("{}年{}月{}日", year, choose(day.dt.month() - 1, words[:12]), choose(day.dt.day() - 1, words))


def _number(number: int) -> str:
    tens, ones = divmod(number, 10)
    word = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return word + (_DIGITS[ones] if ones else "")


def epoch_milliseconds(day: pl.Expr) -> pl.Expr:
    """Write midnight of that day in Asia/Shanghai as milliseconds since 1970."""
    moment = day.cast(pl.Datetime("ms")).dt.replace_time_zone("Asia/Shanghai", ambiguous="earliest")
    return moment.dt.epoch("ms").cast(pl.String)


def zulu(day: pl.Expr) -> pl.Expr:
    """Write midnight of that day in Asia/Shanghai in UTC: 2020-01-04T16:00:00Z."""
    moment = day.cast(pl.Datetime("ms")).dt.replace_time_zone("Asia/Shanghai", ambiguous="earliest")
    return moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def full_width(text: pl.Expr) -> pl.Expr:
    """Write letters, digits and signs full-width."""
    return text.str.replace_many(list(_WIDE), list(_WIDE.values()))
