"""Functions on text that take a pattern."""

from __future__ import annotations

from ecqs_gateway.mapping.expr_functions import INTEGER, TEXT, Call, Function, boolean, param, text
from ecqs_gateway.mapping.expr_functions_text import grown, written
from ecqs_gateway.mapping.expr_values import Value

__all__ = ["FUNCTIONS"]


def _regexp_like(call: Call) -> Value:
    source, pattern = call.args
    call.check_pattern(written(pattern), arg=1)
    return boolean(source.expr.str.contains(written(pattern)))


def _regexp_extract(call: Call) -> Value:
    source, pattern, *group = call.args
    groups = call.check_pattern(written(pattern), arg=1)
    wanted = group[0].literal if group and isinstance(group[0].literal, int) else 0
    if not 0 <= wanted <= groups:
        raise call.fail(f"the pattern has {groups} groups", arg=2, hint="0 is the whole match")
    return text(source.expr.str.extract(written(pattern), wanted), source)


def _regexp_replace(call: Call) -> Value:
    source, pattern, instead = call.args
    groups = call.check_pattern(written(pattern), arg=1)
    parts = written(instead).split("\\")
    built, uses = parts[0].replace("$", "$$"), 0
    for part in parts[1:]:
        if not part[:1].isdecimal() or not part[:1].isascii() or int(part[0]) > groups:
            raise call.fail(f"\\ stands before the number of a group, 0 to {groups}", arg=2)
        built += "${" + part[0] + "}" + part[1:].replace("$", "$$")
        uses += 1
    growth = max(1.0, float(len(written(instead).encode()) + 1 + uses))
    return grown(call, text(source.expr.str.replace_all(written(pattern), built), source, growth=growth))


_T = param("text", TEXT)
_PATTERN = param("pattern", TEXT, written=True)
_GROUP = "Text"

FUNCTIONS = (
    Function(
        "regexp_like",
        (_T, _PATTERN),
        "boolean",
        "Whether a pattern is found in a text; anchor it with ^ and $ to match the whole.",
        ("regexp_like('XK06-001', '^XK[0-9]{2}-[0-9]{3}$')", "TRUE"),
        _regexp_like,
        _GROUP,
    ),
    Function(
        "regexp_extract",
        (_T, _PATTERN, param("group", INTEGER, written=True, optional=True)),
        "text",
        "The first match of a pattern, or one of its groups; null when there is none.",
        ("regexp_extract('有效期5年', '([0-9]+)年', 1)", "'5'"),
        _regexp_extract,
        _GROUP,
    ),
    Function(
        "regexp_replace",
        (_T, _PATTERN, param("instead", TEXT, written=True)),
        "text",
        r"Replaces every match of a pattern; \1 stands for the first group, \0 for the whole match.",
        (r"regexp_replace('20200105', '^(.{4})(..)(..)$', '\1-\2-\3')", "'2020-01-05'"),
        _regexp_replace,
        _GROUP,
    ),
)
