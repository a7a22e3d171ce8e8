"""Regular expressions inside expressions: Rust's engine, linear in the text, with the size of each pattern bounded.

A pattern's price is counted before any engine sees it: one per character, more for classes that cover much of
Unicode, times the repetitions around it. All patterns of one expression share one budget, so that compiling stays
within milliseconds whatever the text says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from ecqs_gateway.mapping.expr_values import Unfit

__all__ = ["MAX_PATTERN", "MAX_PRICE", "PatternBudget"]

MAX_PATTERN = 200
"""Characters of one pattern."""
MAX_PRICE = 1500
"""Price of all patterns of one expression together; about ten milliseconds of compiling."""
_WIDE = 30
_REPEAT = re.compile(r"\{([0-9]{1,6})(,([0-9]{0,6}))?\}")
_PIECE = re.compile(
    r"\\[pP]\{[^}]{0,40}\}|\\x\{[0-9A-Fa-f]{0,8}\}|\\.|\(\?P?<[A-Za-z_][A-Za-z0-9_]{0,30}>|\(\?[imsuxU-]{0,6}[:)]|.",
    re.DOTALL,
)


@dataclass
class PatternBudget:
    """What is left to spend on patterns in one expression."""

    left: int = MAX_PRICE

    def check(self, pattern: str) -> int:
        """Give the number of groups of a good pattern; raises Unfit for one that is wrong or too dear."""
        if len(pattern) > MAX_PATTERN:
            raise Unfit(f"a pattern has at most {MAX_PATTERN} characters")
        price, groups = _price(pattern)
        self.left -= price
        if self.left < 0:
            raise Unfit("the patterns of this expression repeat too much: use smaller numbers in { }")
        try:
            pl.Series(["x"]).str.contains(pattern)
        except pl.exceptions.ComputeError:
            raise Unfit("this is not a pattern; look-around and back-references do not exist here") from None
        return groups


def _price(pattern: str) -> tuple[int, int]:
    """Count what a pattern costs to compile, and its capturing groups."""
    open_groups: list[int] = []
    total, last, groups, position, in_class = 0, 0, 0, 0, False
    while position < len(pattern):
        repeat = None if in_class else _REPEAT.match(pattern, position)
        if repeat:
            times = max(int(repeat[1]), int(repeat[3] or 0))
            total += last * max(times - 1, 0)
            last *= max(times, 1)
            position = repeat.end()
            if total > MAX_PRICE:
                break
            continue
        found = _PIECE.match(pattern, position)
        piece = found[0] if found else pattern[position]
        position += len(piece)
        if in_class:
            in_class = piece != "]"
            last += _cost(piece)
            total += _cost(piece)
        elif piece.startswith("("):
            groups += piece == "(" or piece.startswith(("(?P<", "(?<"))
            open_groups.append(total)
            last = 0
        elif piece == ")":
            last = total - (open_groups.pop() if open_groups else 0)
        elif piece not in "*+?":
            in_class = piece == "["
            last = _cost(piece)
            total += last
    return total, groups


def _cost(piece: str) -> int:
    """Give the price of one piece: classes of letters cover thousands of characters."""
    return _WIDE if piece[:2] in {r"\w", r"\W", r"\p", r"\P", r"\b", r"\B", r"\d", r"\D", r"\s", r"\S"} else 1
