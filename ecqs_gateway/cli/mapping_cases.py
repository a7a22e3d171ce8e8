"""`ecqs mapping test`: the sample cases of the mappings, run and compared, and rewritten where that is wanted."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecqs_gateway.cli.output import print_json, say
from ecqs_gateway.cli.problems import as_json, bench_errors, print_problems

if TYPE_CHECKING:
    from ecqs_gateway.content.case_suite import CaseResult, Suite

__all__ = ["register"]

_STYLE = {"passed": "green", "failed": "red", "broken": "red"}


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("test")(run_cases)


def run_cases(  # noqa: PLR0913, PLR0917  options of a command
    unit: Annotated[str | None, typer.Argument(help="Reporting unit, such as 320000; left out, all units.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this record kind.")] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only the case of this name; may be repeated.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite what differs in the case files, after showing it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --update: do not ask.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the results for a CI system (JUnit XML) here.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Run the sample cases under mappings/UNIT/cases/: rows through mapping and rules, compared with what they say.

    Exit code 0: every case came out as it says. 1: one did not, a case file cannot be read, or there is no case.
    Nothing is contacted: sources are not opened.
    """
    with bench_errors():
        from ecqs_gateway.content.case_suite import Suite  # noqa: PLC0415
        from ecqs_gateway.content.junit import junit_xml  # noqa: PLC0415
        from ecqs_gateway.content.load import load  # noqa: PLC0415
        from ecqs_gateway.flows.bench import require_unit  # noqa: PLC0415
        from ecqs_gateway.settings import load_settings  # noqa: PLC0415

        suite = Suite(load(load_settings().content))
        units = [require_unit(suite.content, unit)] if unit else list(suite.content.onboarded)
        files = suite.files(units, [kind] if kind else (), case or ())
        results = list(suite.run(files))
        if update:
            results = _updated(suite, results, ask=not yes and not json_, quiet=json_)
        if junit is not None:
            junit.write_text(junit_xml(results), encoding="utf-8")
    without = (
        [one for one in units if not any(result.unit == one for result in results)] if not kind and not case else []
    )
    if json_:
        print_json({"cases": [_plain(result) for result in results], "units_without_cases": without})
    else:
        for result in results:
            _print(result)
        _summary(results, without, narrowed=bool(kind or case))
    if not results or any(result.status != "passed" for result in results):
        raise typer.Exit(1)


def _summary(results: Sequence[CaseResult], without: Sequence[str], *, narrowed: bool) -> None:
    for one in without:
        say(f"{one}: no cases; `ecqs mapping capture {one} KIND --key KEY` makes one of a real row.", style="yellow")
    if not results and narrowed:
        say("No case has this name or kind.", style="red")
    counts = Counter(result.status for result in results)
    told = ", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "broken") if counts[status])
    say(f"{len(results)} cases: {told or 'none'}.", style="red" if counts["failed"] + counts["broken"] else None)


def _print(result: CaseResult) -> None:
    say(f"{result.status:7} {result.file}  {result.title}", style=_STYLE[result.status])
    for each in result.differences:
        found = each.mismatch
        say(f"  {result.file}:{each.line}:{each.column}: {found.message}")
        if found.about_value:
            say(f"    expected  {_shown(found.expected)}")
            say(f"    got       {_shown(found.got)}")
        if found.hint:
            say(f"    {found.hint}")
    print_problems(result.problems)


def _shown(value: str | None) -> str:
    return "nothing" if value is None else value


def _plain(result: CaseResult) -> dict[str, Any]:
    differences = [
        {
            "line": each.line,
            "column": each.column,
            "path": ".".join(str(step) for step in each.mismatch.path),
            "message": each.mismatch.message,
            "hint": each.mismatch.hint,
            **({"expected": each.mismatch.expected, "got": each.mismatch.got} if each.mismatch.about_value else {}),
        }
        for each in result.differences
    ]
    names = ("file", "unit", "kind", "title", "status")
    plain = {name: getattr(result, name) for name in names}
    return {
        **plain,
        "seconds": round(result.seconds, 4),
        "differences": differences,
        "problems": as_json(result.problems),
    }


def _updated(suite: Suite, results: Sequence[CaseResult], *, ask: bool, quiet: bool) -> list[CaseResult]:
    """Show what would change in each failed case file, ask, write it, and run it again."""
    from ecqs_gateway.content.case_edit import updated  # noqa: PLC0415
    from ecqs_gateway.errors import Misconfigured  # noqa: PLC0415
    from ecqs_gateway.model import kinds  # noqa: PLC0415

    done = []
    for result in results:
        if result.status != "failed" or result.case is None or result.outcome is None:
            done.append(result)
            continue
        file = suite.content.root / result.file
        was = file.read_bytes().decode("utf-8")
        try:
            now = updated(was, result.case, kinds.spec(result.kind), result.outcome, file=result.file)
        except Misconfigured as error:
            if not quiet:
                say(f"{result.file}: {error.message}; {error.hint}", style="red")
            done.append(result)
            continue
        if not quiet:
            _print(result)
            for line in difflib.unified_diff(was.splitlines(), now.splitlines(), "was", "will be", lineterm="", n=1):
                say(f"  {line}", style={"+": "green", "-": "red"}.get(line[0]))
        if ask and not typer.confirm(f"Rewrite {result.file}?"):
            done.append(result)
            continue
        file.write_bytes(now.encode("utf-8"))
        done.append(_again(suite, result.file))
    return done


def _again(suite: Suite, file: str) -> CaseResult:
    from ecqs_gateway.content.case_suite import Suite  # noqa: PLC0415
    from ecqs_gateway.content.load import load  # noqa: PLC0415

    return next(Suite(load(suite.content.root)).run([file]))
