"""What must not be read by everybody does not reach a log, whoever writes it."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecqs_gateway.doors import redact
from ecqs_gateway.doors.redact import MASK, RedactingFilter, Redactor, install

CITIZEN = "11010519491231002X"  # the example of GB 11643 itself
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\ndjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with a redactor of its own: the process's knows the passwords of all tests before, `test` among them."""
    monkeypatch.setattr(redact, "redactor", Redactor())


@pytest.fixture
def redactor() -> Redactor:
    made = Redactor()
    made.add("s3cr3t-word")
    return made


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("login with s3cr3t-word failed", "login with *** failed"),
        ("password=abc, user=x", "password=***, user=x"),
        ("{'password': 'a b', 'user': 'x'}", "{'password': ***, 'user': 'x'}"),
        ('{"db_password": "a\\"b", "user": "x"}', '{"db_password": ***, "user": "x"}'),
        ("Authorization: Bearer eyJh.bGci.x next", "Authorization: Bearer *** next"),
        ("api_key: 123456; rest", "api_key: ***; rest"),
        ("PASSWORD = hunter2", "PASSWORD = ***"),
        ("postgresql+psycopg://bob:p%40ss@db.example/x", "postgresql+psycopg://bob:***@db.example/x"),
        (f"before {KEY} after", "before *** after"),
        ("cut off -----BEGIN PRIVATE KEY-----\nMC4CAQAw", "cut off ***"),
        (f"身份证{CITIZEN}，手机13812345678。", "身份证***，手机***。"),
        (CITIZEN.lower(), MASK),
        ("+86 138-1234-5678", MASK),
        ("call 138 1234 5678 now", "call *** now"),
    ],
)
def test_secrets_and_personal_data_are_masked(redactor: Redactor, text: str, masked: str) -> None:
    assert redactor.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "914403001922038216",  # a credit code of digits only
        "91440300192317458F",
        "(苏)XK06-001-00238",
        "1.2.156.3005.2.11100000MB0143028R999.1132000000DEM00150.2021000238.001.R",
        "320000-certificate-00000001.zip",
        "a" * 64,
        "0123456789" * 6 + "abcd",
        "110105194912310021",  # the example with a wrong check character
        "110105194913310022",  # a month 13
        "2026-11-23T02:30:00+08:00",
        "20261123023000123",
        "rows 13812345",
        "sftp://host/path",
        "keep calm",
    ],
)
def test_what_is_public_stays(redactor: Redactor, text: str) -> None:
    assert redactor.mask(text) == text


def test_secrets_of_several_lines_are_masked_line_by_line(redactor: Redactor) -> None:
    redactor.add(KEY)
    assert redactor.mask("a djEAAAAA b") == "a *** b"


def test_short_secrets_are_not_searched_for(redactor: Redactor) -> None:
    redactor.add("ab")
    redactor.add("")
    assert redactor.mask("cab") == "cab"


@given(st.text(), st.text(min_size=4).map(str.strip))
@settings(deadline=None)
def test_a_secret_is_masked_wherever_it_stands(around: str, secret: str) -> None:
    assume(len(secret) >= 4 and len(secret.splitlines()) == 1 and not secret.startswith("-----"))
    redactor = Redactor()
    redactor.add(secret)
    if secret not in MASK:
        assert secret not in redactor.mask(f"{around}|{secret}|{around}").replace(MASK, "")


@pytest.mark.parametrize(
    "noise",
    [
        "a-",
        "a.",
        "a:",
        "a://b:",
        "password",
        'password"',
        "password=",
        "-----BEGIN PRIVATE KEY-----",
        "1",
        "13812",
        "secret ",
    ],
)
def test_no_text_makes_masking_slow(redactor: Redactor, noise: str) -> None:
    started = time.perf_counter()
    redactor.mask(noise * (200_000 // len(noise)))
    assert time.perf_counter() - started < 2


def logged(write: object, *, filters: logging.Filter | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    if filters is not None:
        handler.addFilter(filters)
    logger = logging.getLogger("some.library")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        write(logger)  # type: ignore[operator]
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    return stream.getvalue()


@pytest.fixture
def masked_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = logging.getLogRecordFactory()
    monkeypatch.setattr(redact, "_installed", None)
    install()
    install()
    yield
    logging.setLogRecordFactory(before)


def boom(logger: logging.Logger) -> None:
    try:
        int(f"no such person {CITIZEN}")
    except ValueError:
        logger.exception("reading %s failed", CITIZEN)


WRITERS = [
    lambda logger: logger.warning("person %s", CITIZEN),
    lambda logger: logger.warning("person %(id)s", {"id": CITIZEN}),
    lambda logger: logger.warning(f"person {CITIZEN}"),  # noqa: G004 - what others do
    lambda logger: logger.warning(ValueError(CITIZEN)),
    lambda logger: logger.warning("50 %% of %s", CITIZEN),
    boom,
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.usefixtures("masked_process")
def test_every_record_of_the_process_is_masked(write: object) -> None:
    text = logged(write)
    assert CITIZEN not in text
    assert MASK in text


@pytest.mark.parametrize("write", WRITERS)
def test_the_filter_masks_on_a_handler(write: object) -> None:
    text = logged(write, filters=RedactingFilter(Redactor()))
    assert CITIZEN not in text
    assert MASK in text


@pytest.mark.usefixtures("masked_process")
def test_percent_signs_and_ordinary_lines_stay_as_they_are() -> None:
    assert logged(lambda logger: logger.warning("%d %% of %s", 5, "all")) == "WARNING 5 % of all\n"
    assert logged(lambda logger: logger.warning("100%")) == "WARNING 100%\n"


def test_a_line_that_cannot_be_built_is_masked_too() -> None:
    broken = f"{CITIZEN} %d"
    text = logged(lambda logger: logger.warning(broken, "x"), filters=RedactingFilter(Redactor()))
    assert text == "WARNING *** %d\n"


def fail(kind: type[Exception], message: str, cause: Exception | None = None) -> Exception:
    try:
        raise kind(message) from cause  # noqa: TRY301
    except kind as error:
        return error


def quoting() -> Exception:
    values = ("张三丰", "李四", "Zhang San", "cell")
    message = 'conversion failed for ["{}"] and {} (name)=({}) `{}` at "x"'.format(*values)
    return fail(ValueError, message, fail(KeyError, values[0]))


def test_a_traceback_says_where_but_not_what_a_foreign_message_quotes() -> None:
    text = redact.traceback_text(quoting())
    for value in ("张三丰", "李四", "Zhang San", "cell"):
        assert value not in text
    assert "builtins" not in text
    assert "KeyError: ***" in text
    assert "ValueError: conversion failed for ***" in text
    assert "direct cause" in text
    assert "test_redact.py" in text
    assert "in fail" in text


def test_our_own_errors_keep_their_words_in_a_traceback() -> None:
    from ecqs_gateway.errors import Terminal

    text = redact.traceback_text(Terminal("ECQS-1203", "the 'field' (a) is wrong", where="x.yaml:1:2", hint="mend it"))
    assert text == "ecqs_gateway.errors.Terminal: ECQS-1203 x.yaml:1:2: the 'field' (a) is wrong Next: mend it"


def test_groups_contexts_and_circles_end() -> None:
    first, second = ValueError(f"a {CITIZEN}"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    text = redact.traceback_text(ExceptionGroup("both", [first, second]))
    assert CITIZEN not in text
    assert text.count("ValueError") == 1


def test_a_secret_is_masked_in_the_forms_it_takes_in_urls_and_json(redactor: Redactor) -> None:
    redactor.add('p@ss/wörd "x"')
    for form in ("p%40ss%2Fw%C3%B6rd%20%22x%22", 'p@ss/w\\u00f6rd \\"x\\"', "p%40ss%2Fw%C3%B6rd+%22x%22"):
        assert redactor.mask(f"at {form} end") == "at *** end"


def test_what_nobody_caught_is_printed_masked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys
    import threading

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    redact.install_hooks()
    error = quoting()
    sys.excepthook(type(error), error, error.__traceback__)

    def fail() -> None:
        raise ValueError(f"no such person '{CITIZEN}'")

    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    printed = capsys.readouterr().err
    assert "ValueError: conversion failed" in printed
    assert "Exception in thread worker" in printed
    assert CITIZEN not in printed
