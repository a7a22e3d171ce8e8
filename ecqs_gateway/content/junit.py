"""Case results in the XML that CI systems read (JUnit)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from ecqs_gateway.content.case_suite import CaseResult

__all__ = ["junit_xml"]

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit_xml(results: Sequence[CaseResult]) -> str:
    """Give one test suite per unit and kind, one test per case file; a broken file is an error, not a failure."""
    suites: dict[str, list[CaseResult]] = {}
    for result in results:
        suites.setdefault(f"{result.unit}.{result.kind or 'unreadable'}", []).append(result)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {_counts(results)}>"]
    for name, mine in suites.items():
        lines.append(f'  <testsuite name="{_text(name)}" {_counts(mine)}>')
        for result in mine:
            lines += _case(name, result)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _counts(results: Sequence[CaseResult]) -> str:
    failed = sum(result.status == "failed" for result in results)
    broken = sum(result.status == "broken" for result in results)
    seconds = sum(result.seconds for result in results)
    return f'tests="{len(results)}" failures="{failed}" errors="{broken}" time="{seconds:.3f}"'


def _case(suite: str, result: CaseResult) -> Iterator[str]:
    facts = {"name": result.name, "classname": suite, "file": result.file, "time": f"{result.seconds:.3f}"}
    about = " ".join(f'{name}="{_text(value)}"' for name, value in facts.items())
    if result.status == "passed":
        yield f"    <testcase {about}/>"
        return
    tag = "failure" if result.status == "failed" else "error"
    told = list(_told(result))
    yield f"    <testcase {about}>"
    yield f'      <{tag} message="{_text(told[0] if told else result.status)}">{_text(chr(10).join(told))}</{tag}>'
    yield "    </testcase>"


def _told(result: CaseResult) -> Iterable[str]:
    for each in result.differences:
        found = each.mismatch
        wanted = f"; expected {found.expected!r}, got {found.got!r}" if found.about_value else ""
        yield f"{result.file}:{each.line}:{each.column}: {found.message}{wanted}"
    yield from (str(problem) for problem in result.problems)


def _text(text: str) -> str:
    return escape(_FORBIDDEN.sub("�", text)).replace("\n", "&#10;")
