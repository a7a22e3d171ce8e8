"""Headquarters reads a certificate number as people type it, by its own code, like the gateway's field type."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ecqs_gateway.errors import GatewayError
from ecqs_gateway.model.generate import read_code_tables
from ecqs_gateway.model.types.base import FieldProblem
from ecqs_gateway.model.types.certificate import CertificateNumber
from ecqs_gateway.sandbox.numbers import canonical

NUMBER = CertificateNumber()


@pytest.mark.parametrize("text", NUMBER.good)
def test_every_spelling_the_gateway_reads_is_read_alike(text: str) -> None:
    assert canonical(text) == NUMBER.read(text)


def test_every_mixture_of_signs_is_read_alike() -> None:
    brackets = ("()", "（）", "【】", "〔〕", "［］", "｛｝", "[]", "{}", ("", ""))
    bodies = (
        "XK06-001-00238",
        "xk06001 0238",
        "ＸＫ０６—００１－００２３８",
        "XK06\u2010001\ufe6300238",
    )
    ends = ("", " TL", "号", "\u200b", "　")
    tried = 0
    for (left, right), start, place, body, end in product(brackets, ("", "QS", " "), ("苏", "黔", "滇"), bodies, ends):
        text = f"{start}{left}{place}{right}{body}{end}"
        assert canonical(text) == NUMBER.read(text), text
        tried += 1
    assert tried > 1000


def test_every_abbreviation_of_the_table_of_units_is_known(project_root: Path) -> None:
    codes = read_code_tables(project_root / "schemas" / "codes")
    rows = codes["units"].rows.select("abbreviation", "alternates").fill_null("").rows()
    names = [name for own, others in rows for name in (own, *others.split("|")) if name]
    assert len(names) > 31
    for name in names:
        text = f"（{name}）XK06-001-00238"
        assert canonical(text) == NUMBER.read(text, codes), name


@pytest.mark.parametrize(
    "text", ["", "无", "06-001-00238", "XK06-001-238", "XK06-001-002380", "(X)XK06-001-00238", "HQ-1"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert canonical(text) is None
    with pytest.raises((FieldProblem, GatewayError)):
        NUMBER.read(text)


def test_a_key_as_it_is_held_goes_before_its_canonical_spelling(office, kit) -> None:
    office.deliver(1, office.sender.package(1, [kit.Record(), kit.Record(number="(苏)XK06-001-00002")]))
    with office.query() as query:
        held = query.history("(苏)XK06-001-00002")
        assert len(held) == 1
        assert query.look_up("苏ＸＫ０６００１ 00002号") == query.look_up("(苏)XK06-001-00002") == held
        assert query.look_up("苏XK06-001-09999") == query.look_up("case-1") == []
