"""Every spelling of an id or mobile number is found; nothing that is public is taken for one."""

from __future__ import annotations

import json
import time
from datetime import date
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors.personal import MASK, is_citizen_id, mask_numbers, mask_row

CITIZEN = "11010519491231002X"
OLD_CITIZEN = "110105491231002"
MOBILE = "13812345678"
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")

_AREAS = ("110105", "310120", "320582", "513721", "511102", "650102", "820000")


@st.composite
def citizens(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(2026, 12, 31)))
    text = f"{draw(st.sampled_from(_AREAS))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return text + "10X98765432"[sum(int(d) * w for d, w in zip(text, weights, strict=True)) % 11]


@st.composite
def old_citizens(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), date(1999, 12, 31)))
    return f"{draw(st.sampled_from(_AREAS))}{born:%y%m%d}{draw(st.integers(0, 999)):03d}"


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    """Enterprises' codes, all digits among them: those are most like an id number."""
    area = draw(st.sampled_from(["110119", "310120", "441900", "320582", "370119"]))
    signs = draw(st.sampled_from([_CREDIT[:10], _CREDIT]))
    code = draw(st.sampled_from(["91", "92", "93"])) + area + draw(st.text(signs, min_size=9, max_size=9))
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    return code + _CREDIT[-sum(_CREDIT.index(s) * w for s, w in zip(code, weights, strict=True)) % 31]


certificate_numbers = st.builds(
    "{}{}XK{:02d}-{:03d}-{:05d}{}".format,
    st.sampled_from(["(", "（", "", "第"]),
    st.sampled_from(["苏)", "沪）", "鲁", ""]),
    st.integers(0, 99),
    st.integers(0, 999),
    st.integers(0, 99999),
    st.sampled_from(["", "号", ", 2026-11-23", " 91440300192317458F"]),
)

AROUND = [
    "{}",
    "身份证{}，",
    '{{"sfzh": "{}"}}',
    "id{}x",
    "({})",
    "Key (sfzh)=({}) already exists.",
    "\\u8bc1{}\\u3002",
    "b'\\xe8\\xaf\\x81{}'",
    "%E8%AF%81{}%2C",
    "line\\n{}\\n",
    "a\t{}\t1",
    "{}.0",
    "{}.xlsx",
    ".{}.csv.part",
]


@pytest.mark.parametrize("around", AROUND)
@given(number=citizens())
@settings(deadline=None, max_examples=12)
def test_an_id_number_is_found_wherever_it_stands(around: str, number: str) -> None:
    masked = mask_numbers(around.format(number))
    assert masked == around.format(MASK)
    assert mask_numbers(masked) == masked


@pytest.mark.parametrize("around", [a for a in AROUND if a not in ("id{}x", "{}.0", "{}.xlsx")])
@given(number=old_citizens())
@settings(deadline=None, max_examples=12)
def test_an_old_id_number_is_found_wherever_it_stands(around: str, number: str) -> None:
    assert mask_numbers(around.format(number)) == around.format(MASK)


@pytest.mark.parametrize("around", [*AROUND, "+86{}", "+86-{}", "0086 {}", "(+86){}", "tel:{}"])
@given(number=mobiles)
@settings(deadline=None, max_examples=12)
def test_a_mobile_number_is_found_wherever_it_stands(around: str, number: str) -> None:
    masked = mask_numbers(around.format(number))
    assert number not in masked
    assert number[-8:] not in masked
    assert MASK in masked


@given(number=citizens(), gap=st.sampled_from([" ", "-", "–", "—", "\t", "　"]), data=st.data())
@settings(deadline=None, max_examples=60)
def test_an_id_number_with_gaps_is_found(number: str, gap: str, data: st.DataObject) -> None:
    cuts = data.draw(
        st.sampled_from([(6, 14), (6, 10, 14), (3, 6, 10, 14), (4, 8, 12, 16), (6, 14, 17), (17,), (1, 5)])
    )
    groups = [number[a:b] for a, b in zip((0, *cuts), (*cuts, 18), strict=True)]
    text = f"证件 {gap.join(groups)} 号"
    assert mask_numbers(text) == f"证件 {MASK} 号"


@pytest.mark.parametrize(
    "text", ["138-1234-5678", "138 1234 5678", "1381 234 5678", "138—1234—5678", "86 138-1234-5678", "１３８-1234-5678"]
)
def test_a_mobile_number_with_gaps_is_found(text: str) -> None:
    assert mask_numbers(f"电话：{text}。") == f"电话：{MASK}。"


@given(number=st.one_of(citizens(), mobiles))
@settings(deadline=None, max_examples=60)
def test_full_width_digits_are_found_also_when_json_escapes_them(number: str) -> None:
    wide = number.translate(WIDE)
    assert mask_numbers(f"证{wide}。") == f"证{MASK}。"
    assert number not in mask_numbers(quote(number))
    escaped = json.dumps({"a": f"证{wide}"})
    assert json.loads(mask_numbers(escaped)) == {"a": f"证{MASK}"}


@given(first=citizens(), second=citizens(), mobile=mobiles)
@settings(deadline=None, max_examples=60)
def test_numbers_glued_to_one_another_are_all_found(first: str, second: str, mobile: str) -> None:
    masked = mask_numbers(f"{first}{second}{mobile}")
    assert first not in masked
    assert second not in masked
    assert mobile not in masked


@given(code=credit_codes())
@settings(deadline=None, max_examples=150)
def test_credit_codes_stay(code: str) -> None:
    for text in (code, f"统一社会信用代码{code}，", json.dumps({"uscc": code})):
        assert mask_numbers(text) == text


@given(number=certificate_numbers)
@settings(deadline=None, max_examples=60)
def test_certificate_numbers_stay(number: str) -> None:
    assert mask_numbers(number) == number
    assert mask_numbers(f"[{number}]") == f"[{number}]"


@given(digest=st.binary(min_size=32, max_size=32), short=st.binary(min_size=8, max_size=8))
@settings(deadline=None, max_examples=150)
def test_digests_and_key_ids_stay(digest: bytes, short: bytes) -> None:
    assume(not short.hex().isdecimal())
    assume(not digest.hex().isdecimal())
    for text in (digest.hex(), f"sha256:{digest.hex()}", short.hex()):
        assert mask_numbers(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "20261123T023000-3fa9c1",
        "320000-certificate-00000001.zip",
        "2026-11-23T02:30:00+08:00",
        "20261123023000123",
        "0.13812345678",
        "12345678901",
        "1.2.156.3005.2.11100000MB0143028R999.1132000000DEM00150.2021000238.001.R",
        "0571-88123456",
        "3 of 13812 rows",
        "110105194912310021",
        "110105491331002",
        "990105491231002",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask_numbers(text) == text


def test_an_enterprises_code_that_could_be_an_id_number_is_its_code() -> None:
    found = next(code for org in range(10**7) if is_valid_as_both(code := f"9131012019{org:07d}"))
    assert not is_citizen_id(found + credit_check(found))


def is_valid_as_both(start: str) -> bool:
    check = credit_check(start)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    citizen = "10X98765432"[sum(int(d) * w for d, w in zip(start, weights, strict=True)) % 11]
    return check == citizen and "01" <= start[10:12] <= "12" and "01" <= start[12:14] <= "28"


def credit_check(code: str) -> str:
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    return _CREDIT[-sum(_CREDIT.index(s) * w for s, w in zip(code, weights, strict=True)) % 31]


def test_a_row_for_the_screen_hides_numbers_and_columns_named_for_them() -> None:
    row = {
        "qymc": "远山电缆有限公司",
        "bz": f"联系{MOBILE}",
        "sfzh": "mistyped 1234",
        "身份证号码": 110105,
        "lxdh": None,
        "SJHM": "",
        "n": 13812345678,
        "nested": {"mobile": "x", "a": [CITIZEN, 1]},
        "zsbh": "(苏)XK06-001-00238",
        "tyshxydm": "91440300192317458F",
        "price": 1.5,
    }
    assert mask_row(row) == {
        **row,
        "bz": f"联系{MASK}",
        "sfzh": MASK,
        "身份证号码": MASK,
        "n": MASK,
        "nested": {"mobile": MASK, "a": [MASK, 1]},
    }


@pytest.mark.parametrize(
    "noise", ["1", "1 ", "1-", "13812 ", "110105", "1101051949", "a1", "\\uff11", "1X", "01-", "１"]
)
def test_no_text_makes_it_slow(noise: str) -> None:
    started = time.process_time()
    mask_numbers(noise * (100_000 // len(noise)))
    assert time.process_time() - started < 2.5, "of its own, whoever else uses the machine"
