"""How commands print mistakes in content files: one block a mistake, in the form editors can jump to."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ecqs_gateway.cli.output import errors, say
from ecqs_gateway.content.problems import Problem

__all__ = ["as_json", "bench_errors", "print_problems"]

_STYLE = {"error": "red", "warning": "yellow", "todo": "cyan"}


def print_problems(problems: Iterable[Problem]) -> None:
    """Print each with file, line, column, what is wrong, the offending text and what was probably meant."""
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        say(f"{place}: {problem.severity} {problem.code} {problem.message}", style=_STYLE[problem.severity])
        if problem.text:
            say(f"    there: {problem.text}")
        if problem.hint:
            say(f"    {problem.hint}")


def as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Give problems for scripts."""
    return [dataclasses.asdict(problem) for problem in problems]


@contextmanager
def bench_errors() -> Iterator[None]:
    """Turn a gateway error into a message, as everywhere, with every mistake of broken files before it."""
    from ecqs_gateway.flows.bench import Unusable  # noqa: PLC0415

    with errors():
        try:
            yield
        except Unusable as error:
            print_problems(error.problems)
            raise
