"""All functions of the language by name."""

from __future__ import annotations

from ecqs_gateway.mapping import (
    expr_functions_domain,
    expr_functions_plain,
    expr_functions_regexp,
    expr_functions_text,
)
from ecqs_gateway.mapping.expr_functions import Function

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for group in (expr_functions_plain, expr_functions_text, expr_functions_regexp, expr_functions_domain)
    for function in group.FUNCTIONS
}
