"""The expression language of mappings and rules: SQL scalar expressions over columns, compiled to Polars.

``compile_expr`` is the only door. It reads the text, checks it against a closed list of words, functions and
columns, checks its types, and gives a Polars expression of native operations. Nothing of the text is ever run as
code or SQL. Wrong text raises ``ExpressionError`` with the place, the offending word and the nearest right spelling.

The steps, each in a module of its own: ``expr_lexer`` cuts the text and bounds it, ``expr_parse`` finds its
structure, ``expr_compile`` gives each node its type and its Polars operations, ``expr_table`` lists the functions.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ecqs_gateway.mapping.expr_compile import Compiler
from ecqs_gateway.mapping.expr_errors import ExpressionError, Spot
from ecqs_gateway.mapping.expr_parse import parse
from ecqs_gateway.mapping.expr_types import CompiledExpr, ExprContext, ExprType, ListTerm
from ecqs_gateway.mapping.expr_values import DTYPES

__all__ = ["DTYPES", "CompiledExpr", "ExprContext", "ExprType", "ExpressionError", "ListTerm", "Spot", "compile_expr"]


def compile_expr(
    text: str,
    columns: Mapping[str, pl.DataType] | None,
    *,
    where: str = "",
    context: ExprContext | None = None,
) -> CompiledExpr:
    """Compile one expression; raises ExpressionError (ECQS-11xx) for anything outside the language.

    ``columns`` is what may be named, with Polars types; None when the source's structure is not known, in which
    case any column may be named and counts as text. ``where`` is the file, line and field the text stands in.
    """
    try:
        parsed = parse(text)
        compiler = Compiler(parsed, columns, context or ExprContext())
        value = compiler.visit(parsed.tree)
    except ExpressionError as error:
        if not where:
            raise
        raise ExpressionError(error.code, error.message, where=where, hint=error.hint, spot=error.spot) from None
    return CompiledExpr(text, value.expr, frozenset(compiler.used), value.kind, tuple(compiler.terms))
