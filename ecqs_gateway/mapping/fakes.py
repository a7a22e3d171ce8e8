"""Stable stand-ins of the same shape for personal data, so that a captured row behaves as the real one did.

One secret gives one value the same stand-in wherever it stands, and nobody without the secret can find the value by
trying. What a mapping may look at is kept: length, kind and width of each character, separators, words such as 有限公司
or 市, prefixes of codes, words that mean nothing, and whether check characters are right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from ecqs_gateway.doors.personal import is_citizen_id
from ecqs_gateway.mapping.words import FILLERS, half_width
from ecqs_gateway.model.types import FieldProblem, Uscc

__all__ = ["Faker"]

_HAN = (
    "安博长诚达德东丰富高光广国海和恒宏华汇吉佳建金锦京景久康乐利联隆明南宁庆荣瑞三盛顺泰天通万祥新信兴旭阳永元远云众"
)
_KEPT = re.compile(
    r"股份有限公司|有限责任公司|有限公司|股份公司|集团|公司|合作社|工厂|厂|经营部|研究院|研究所|分公司|"
    r"市场监督管理局|委员会|管理局|"
    r"(?<=[\u3400-\u9fff0-9０-９])(?:省|自治区|市|区|县|镇|乡|村|街道|路|街|大道|巷|号|栋|幢|楼|层|室|园区|开发区)"
)
_LEADING_PLACE = re.compile(r"^[\s　]*(?:[\u3400-\u9fff]{2,7}(?:省|自治区))?(?:[\u3400-\u9fff]{1,6}市)?")
_NUMBER = re.compile(
    r"((?:XK|ＸＫ|xk)[0-9０-９]{2}[^0-9０-９A-Za-z]{0,2}[0-9０-９]{3}[^0-9０-９A-Za-z]{0,2})([0-9０-９]{4,5})"
)
_CITIZEN = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])", re.ASCII)
_BORN = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[0-9Xx]", re.ASCII)
"""An id number by its date, also where a digit was mistyped and its check character is wrong."""
_OLD_CITIZEN = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{7}[01]\d[0-3]\d{4}(?![0-9A-Za-z])", re.ASCII)
_MOBILE = re.compile(r"(?<!\d)(?P<kept>(?:\+?86[- ]?)?1[3-9]\d)(?P<rest>[- ]?\d{4}[- ]?\d{4})(?!\d)", re.ASCII)
_LANDLINE = re.compile(r"(?<![0-9A-Za-z-])(?P<kept>0\d{2,3}[- ]?)(?P<rest>\d{7,8})(?![0-9A-Za-z])", re.ASCII)
_NOWHERE = "990000"
"""An area code nobody's id number begins with."""
_TELLING = re.compile(r"[IOSVZXiosvzx]")
"""Letters that make a number one of another kind, or none at all."""
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST_DAY = date(1950, 1, 1)
_FIFTY_YEARS = 18_262
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Faker:
    """Makes stand-ins with one secret."""

    def __init__(self, secret: bytes, kept: Iterable[str] = ()) -> None:
        """Know the secret, and words that are never replaced, such as a mapping's own fillers."""
        self._secret = secret
        self._fillers = {half_width(word).casefold() for word in (*FILLERS, *kept)}

    def words(self, text: str) -> str:
        """Replace letters, digits and characters of a name or free text, one by one."""
        return self._guarded(text, lambda given: self._shaped(given, _KEPT.finditer(given)))

    def address(self, text: str) -> str:
        """Replace what stands behind province and city."""

        def made(given: str) -> str:
            head = _LEADING_PLACE.match(given)
            end = head.end() if head is not None else 0
            rest = given[end:]
            return given[:end] + self._shaped(rest, _KEPT.finditer(rest))

        return self._guarded(text, made)

    def certificate(self, text: str) -> str:
        """Replace the enterprise's serial in every certificate number of a text; the product part stays."""
        return _NUMBER.sub(lambda found: found[1] + self._shaped(found[2], ()), text)

    def credit_code(self, text: str) -> str:
        """Replace the organisation in a credit code; department, kind and area stay, and so does what is wrong."""
        narrow = half_width(text)
        signs = [place for place, sign in enumerate(narrow) if sign.isascii() and sign.isalnum()]
        plain = "".join(narrow[place] for place in signs).upper()
        if len(plain) != 18 or any(sign not in _CREDIT for sign in plain):
            return self._guarded(text, lambda given: self._shaped(given, _TELLING.finditer(given)))
        made = self._code_like(plain)
        result = list(text)
        for place, sign in zip(signs, made, strict=True):
            result[place] = _as_written(text[place], sign)
        return "".join(result)

    def numbers(self, text: str) -> str:
        """Replace citizens' id numbers, of 18 and 15 digits, and telephone numbers only, wherever they stand."""
        text = _CITIZEN.sub(lambda found: self._maybe_citizen(found[0]), text)
        text = _OLD_CITIZEN.sub(lambda found: self._old_citizen(found[0]), text)
        for pattern in (_MOBILE, _LANDLINE):
            text = pattern.sub(lambda found: found["kept"] + self._shaped(found["rest"], ()), text)
        return text

    def _guarded(self, text: str, made: Callable[[str], str]) -> str:
        if half_width(text.strip()).casefold() in self._fillers:
            return text
        return made(self.numbers(text)) if self.numbers(text) != text else made(text)

    def _shaped(self, text: str, kept: Iterable[re.Match[str]]) -> str:
        """Replace character by character; stretches found by ``kept`` stay."""
        held = {place for found in kept for place in range(*found.span())}
        stream = self._stream(text)
        return "".join(sign if place in held else _like(sign, next(stream)) for place, sign in enumerate(text))

    def _maybe_citizen(self, number: str) -> str:
        """Replace an id number, right or mistyped, by one of nobody with the same verdict; credit codes stay."""
        right = is_citizen_id(number)
        if not right and (not _BORN.fullmatch(number) or _verdict(number) is None):
            return number
        stream = self._stream(number)
        while True:
            body = f"{_NOWHERE}{self._day(stream):%Y%m%d}{_digits(stream, 3)}"
            total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
            made = body + "10X98765432"[(total + (0 if right else 1)) % 11]
            if is_citizen_id(made) == right:  # else it would be the credit code of somebody
                return made

    def _old_citizen(self, number: str) -> str:
        stream = self._stream(number)
        return f"{_NOWHERE}{self._day(stream):%y%m%d}{_digits(stream, 3)}"

    @staticmethod
    def _day(stream: Iterator[int]) -> date:
        return _FIRST_DAY + timedelta((next(stream) << 8 | next(stream)) % _FIFTY_YEARS)

    def _code_like(self, plain: str) -> str:
        """Make a code with the same verdict: right, or wrong in the same check character."""
        stream = self._stream(plain)
        wrong = _verdict(plain)
        body = plain[:8] + "".join(_like(sign, next(stream)) for sign in plain[8:16])
        body = "".join(sign if sign in _CREDIT else "A" for sign in body)
        organisation = _organisation_check(body)
        if wrong == "ECQS-1215":
            organisation = next(sign for sign in "0123456789" if sign != organisation)
        last = _credit_check(body + organisation)
        if wrong == "ECQS-1214":
            last = _CREDIT[(_CREDIT.index(last) + 1) % len(_CREDIT)]
        return body + organisation + last

    def _stream(self, text: str) -> Iterator[int]:
        """Give bytes that depend on the secret and the text alone."""
        counter = 0
        while True:
            yield from hmac.digest(self._secret, f"{counter}:{text}".encode(), hashlib.sha256)
            counter += 1


def _digits(stream: Iterator[int], count: int) -> str:
    return "".join(str(next(stream) % 10) for _ in range(count))


def _verdict(code: str) -> str | None:
    try:
        found = Uscc().check(Uscc().read(code))
    except FieldProblem as problem:
        return problem.code
    return found.code if found is not None else None


def _organisation_check(code: str) -> str:
    total = sum(int(sign, 36) * weight for sign, weight in zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0123456789X0"[11 - total % 11]


def _credit_check(code: str) -> str:
    total = sum(_CREDIT.index(sign) * pow(3, place, 31) for place, sign in enumerate(code))
    return _CREDIT[-total % 31]


_CLASSES = (
    ("0123456789", "0123456789"),
    ("０１２３４５６７８９", "０１２３４５６７８９"),
    ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHJKLMNPQRTUWXY"),
    ("abcdefghijklmnopqrstuvwxyz", "abcdefghjklmnpqrtuwxy"),
    ("ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ", "ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＴＵＷＸＹ"),
)


def _like(sign: str, number: int) -> str:
    """Give a sign of the same kind; signs that are neither letter nor digit stay."""
    for kind, others in _CLASSES:
        if sign in kind:
            return others[number % len(others)]
    return _HAN[number % len(_HAN)] if "\u3400" <= sign <= "\u9fff" else sign


def _as_written(was: str, sign: str) -> str:
    """Give a sign in the width and case of the one it stands for."""
    if was.islower():
        sign = sign.lower()
    return chr(ord(sign) + 0xFEE0) if ord(was) > 0xFF00 else sign
