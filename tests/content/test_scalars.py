from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ecqs_gateway.content.models import ConnectorFile, FieldMapping
from ecqs_gateway.content.scalars import CaseValue, Day, Duration, Flag, Integer, Plain, Sheet, Text, duration_text
from ecqs_gateway.content.yaml_reader import read_yaml


def read(kind: Any, text: str) -> Any:
    document, _ = read_yaml("x.yaml", f"v: {text}\n".encode())
    assert document is not None
    return TypeAdapter(kind).validate_python(document.data["v"])


@pytest.mark.parametrize(
    "text", ["01", "320000", "no", "on", "1e3", "2027-12-31", "0x10", "1_000", "12:30", "true", "1.10"]
)
def test_a_text_field_gets_the_spelling_of_the_file(text: str) -> None:
    found = read(Text, text)
    assert found == text
    assert type(found) is str


def test_a_code_with_a_leading_zero_stays_a_code() -> None:
    document, _ = read_yaml("x.yaml", b"const: 01\ncodes: {table: zt, unmapped: {default: 01, reason: x}}\n")
    assert document is not None
    assert FieldMapping.model_validate({"const": document.data["const"]}).const == "01"


@pytest.mark.parametrize("value", [1, 1.5, True, date(2026, 1, 1), Decimal(1)])
def test_a_text_field_refuses_what_python_has_already_turned_into_something_else(value: Any) -> None:
    with pytest.raises(ValidationError, match="put it in quotes"):
        TypeAdapter(Text).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Integer, "20000", 20000),
        (Integer, "-1", -1),
        (Flag, "true", True),
        (Flag, "false", False),
        (Day, "2027-12-31", date(2027, 12, 31)),
        (Day, '"2027-12-31"', date(2027, 12, 31)),
        (Duration, "500ms", timedelta(milliseconds=500)),
        (Duration, "30m", timedelta(minutes=30)),
        (Duration, "1d", timedelta(days=1)),
        (Sheet, "0", 0),
        (Sheet, "第一季度", "第一季度"),
        (Sheet, '"0"', "0"),
        (CaseValue, "1", 1),
        (CaseValue, '"1"', "1"),
        (CaseValue, "01", "01"),
        (CaseValue, "1.50", Decimal("1.50")),
        (CaseValue, "true", True),
        (CaseValue, "~", None),
        (CaseValue, "2024-01-01", date(2024, 1, 1)),
        (CaseValue, "2024-01-01 08:30:00", datetime.fromisoformat("2024-01-01T08:30:00")),
        (CaseValue, "no", "no"),
    ],
)  # fmt: skip
def test_each_scalar_reads_what_it_says(kind: Any, text: str, expected: Any) -> None:
    found = read(kind, text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Integer, '"5"'), (Integer, "5.0"), (Integer, "1_000"), (Integer, "0x10"), (Integer, "010"), (Integer, "true"),
        (Flag, "yes"), (Flag, "on"), (Flag, "1"), (Flag, '"true"'), (Flag, "True"),
        (Day, "2027-13-01"), (Day, "20271231"), (Day, "2027-12-31T00:00:00"),
        (Duration, "30"), (Duration, "30 m"), (Duration, "-5s"), (Duration, "1.5h"), (Duration, "5w"),
        (Sheet, "-1"), (Sheet, "~"), (Sheet, '" "'),
        (Text, "~"), (Text, '"  "'), (Text, "[a]"), (Text, "{a: b}"),
        (CaseValue, "[1]"), (CaseValue, "2024-02-30"),
    ],
)  # fmt: skip
def test_each_scalar_refuses_what_only_looks_like_it(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        read(kind, text)


@given(st.integers(0, 10**9))
def test_durations_are_written_as_they_are_read(milliseconds: int) -> None:
    value = timedelta(milliseconds=milliseconds)
    assert TypeAdapter(Duration).validate_python(Plain(duration_text(value))) == value


def test_a_dumped_model_can_be_loaded_again() -> None:
    data = {
        "version": 1, "unit": "320000", "owner": "甲", "source": {"type": "sql", "connection": "c"},
        "streams": {"certificate": {"table": "T", "key": ["ID"], "changed_at": "GX", "overlap": "90s"}},
    }  # fmt: skip
    model = ConnectorFile.model_validate(data)
    dumped = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert dumped == data
    assert ConnectorFile.model_validate(dumped) == model
