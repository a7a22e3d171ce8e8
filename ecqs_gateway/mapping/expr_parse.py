"""From pieces to a tree of allowed nodes; sqlglot supplies the grammar of SQL and nothing else.

The parser is handed stand-ins: a column is ``c7``, a text is ``7``, a function is ``f7``, where 7 is the place of the
piece in the list. So no name, text or comment of the user ever reaches it, none of its own functions, statements or
dialect tricks can be addressed, and every leaf of the tree knows where it stood. What comes back is checked node by
node against a closed list: exact class, exact arguments; anything else is refused.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from ecqs_gateway.mapping.expr_errors import ExpressionError, Spot
from ecqs_gateway.mapping.expr_lexer import MAX_DEPTH, MAX_NODES, Kind, Piece, scan

__all__ = ["Parsed", "parse"]

_KEYWORD_TOKENS = {
    "CASE": TokenType.CASE,
    "WHEN": TokenType.WHEN,
    "THEN": TokenType.THEN,
    "ELSE": TokenType.ELSE,
    "END": TokenType.END,
    "AND": TokenType.AND,
    "OR": TokenType.OR,
    "NOT": TokenType.NOT,
    "IN": TokenType.IN,
    "BETWEEN": TokenType.BETWEEN,
    "LIKE": TokenType.LIKE,
    "ESCAPE": TokenType.ESCAPE,
    "IS": TokenType.IS,
    "NULL": TokenType.NULL,
    "TRUE": TokenType.TRUE,
    "FALSE": TokenType.FALSE,
    "CAST": TokenType.VAR,
    "TRY_CAST": TokenType.VAR,
    "AS": TokenType.ALIAS,
}
_SIGN_TOKENS = {
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    ",": TokenType.COMMA,
    "=": TokenType.EQ,
    "<>": TokenType.NEQ,
    "<": TokenType.LT,
    "<=": TokenType.LTE,
    ">": TokenType.GT,
    ">=": TokenType.GTE,
    "+": TokenType.PLUS,
    "-": TokenType.DASH,
    "*": TokenType.STAR,
    "/": TokenType.SLASH,
    "%": TokenType.MOD,
    "||": TokenType.DPIPE,
}
_TYPE_TOKENS = {
    "text": TokenType.TEXT,
    "integer": TokenType.BIGINT,
    "decimal": TokenType.DECIMAL,
    "date": TokenType.DATE,
    "timestamp": TokenType.TIMESTAMP,
    "boolean": TokenType.BOOLEAN,
}
_BINARY = frozenset({"this", "expression"})
_ALLOWED: dict[type[exp.Expr], frozenset[str]] = {
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: _BINARY | {"typed", "safe"},
    exp.Mod: _BINARY,
    exp.DPipe: _BINARY | {"safe"},
    exp.Is: _BINARY,
    exp.Like: _BINARY | {"negate"},
    exp.Escape: _BINARY,
    exp.Not: frozenset({"this"}),
    exp.Neg: frozenset({"this"}),
    exp.Paren: frozenset({"this"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: frozenset({"this"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Column: frozenset({"this"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: frozenset({"this"}),
    exp.Null: frozenset(),
}
_STAND_INS: dict[type[exp.Expr], set[Kind]] = {
    exp.Identifier: {Kind.NAME},
    exp.Literal: {Kind.STRING, Kind.NUMBER},
    exp.Anonymous: {Kind.CALL},
}
_NOT_A_FORM = "this form is not part of the expression language"
_FREE = (exp.Identifier, exp.Paren, exp.If, exp.DataType, exp.DataTypeParam)
_CHAINS = (exp.And, exp.Or, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.DPipe)
"""Left-leaning chains such as ``a OR b OR c`` count as one level, as they read."""


class _Grammar(Parser):
    """sqlglot's grammar with its function tables emptied: only CASE, CAST and calls by stand-in are left."""

    FUNCTIONS: ClassVar[Any] = {}
    FUNCTION_PARSERS: ClassVar[Any] = {
        word: parser for word, parser in Parser.FUNCTION_PARSERS.items() if word in {"CAST", "TRY_CAST"}
    }
    NO_PAREN_FUNCTIONS: ClassVar[Any] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[Any] = {
        word: parser for word, parser in Parser.NO_PAREN_FUNCTION_PARSERS.items() if word == "CASE"
    }


@dataclass(frozen=True)
class Parsed:
    """The tree of an expression, and the pieces its leaves stand for."""

    text: str
    pieces: list[Piece]
    tree: exp.Expr

    def stands_for(self, node: exp.Expr) -> Piece | None:
        """Give the piece a leaf or call stands for; None when the node is not a stand-in this module made."""
        kinds = _STAND_INS.get(type(node))
        if kinds is None:
            return None
        mark = str(node.this)
        digits = mark[1:] if mark[:1] in {"c", "f"} else mark
        if not digits.isdecimal() or int(digits) >= len(self.pieces):
            return None
        piece = self.pieces[int(digits)]
        return piece if piece.kind in kinds else None

    def piece(self, node: exp.Expr) -> Piece:
        """Give the piece a leaf or call of a checked tree stands for."""
        piece = self.stands_for(node.this if isinstance(node, exp.Column) else node)
        if piece is None:
            raise ExpressionError("ECQS-1102", _NOT_A_FORM, spot=Spot.at(self.text, 0))
        return piece

    def spot(self, node: exp.Expr) -> Spot:
        """Give the place of a node: its own, or the first of what is below it."""
        for below in node.walk(bfs=False):
            piece = self.stands_for(below)
            if piece is not None:
                return Spot.at(self.text, piece.offset, piece.raw)
        return Spot.at(self.text, 0)


def parse(text: str) -> Parsed:
    """Read an expression; raises ExpressionError ECQS-1101, 1102 or 1105."""
    pieces = scan(text)
    tokens = [_token(place, piece) for place, piece in enumerate(pieces)]
    try:
        trees = _grammar(tokens)
    except SqlglotError as error:
        raise _syntax(text, pieces, error) from None
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionError("ECQS-1101", "this is not one expression", spot=Spot.at(text, 0))
    parsed = Parsed(text, pieces, trees[0])
    _check_nodes(parsed)
    return parsed


def _token(place: int, piece: Piece) -> Token:
    if piece.kind is Kind.KEYWORD:
        token_type, stand_in = _KEYWORD_TOKENS[piece.value], piece.value
    elif piece.kind is Kind.SIGN:
        token_type, stand_in = _SIGN_TOKENS[piece.value], piece.value
    elif piece.kind is Kind.TYPE:
        token_type, stand_in = _TYPE_TOKENS[piece.value], piece.value
    elif piece.kind is Kind.NAME:
        token_type, stand_in = TokenType.IDENTIFIER, f"c{place}"
    elif piece.kind is Kind.CALL:
        token_type, stand_in = TokenType.VAR, f"f{place}"
    else:
        token_type = TokenType.STRING if piece.kind is Kind.STRING else TokenType.NUMBER
        stand_in = str(place)
    return Token(token_type, stand_in, 1, place, place, place, [])


def _grammar(tokens: list[Token]) -> list[exp.Expr | None]:
    """Run the parser; once more on a fresh stack when the caller's own stack left too little room."""
    stand_in = " " * len(tokens)
    try:
        return _Grammar().parse(tokens, stand_in)
    except RecursionError:
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append(_Grammar().parse(tokens, stand_in))
            except (SqlglotError, RecursionError) as error:
                outcome.append(error)

        thread = threading.Thread(target=run, name="expression")
        thread.start()
        thread.join()
    if isinstance(outcome[0], SqlglotError):
        raise outcome[0]
    if isinstance(outcome[0], RecursionError):
        raise ExpressionError("ECQS-1105", f"the expression is nested deeper than {MAX_DEPTH} levels")
    return list(outcome[0])


def _syntax(text: str, pieces: list[Piece], error: SqlglotError) -> ExpressionError:
    """Translate the parser's complaint: only its place is used, its words speak of another language."""
    details = getattr(error, "errors", None) or [{}]
    place = details[0].get("col")
    place = min(place, len(pieces) - 1) if isinstance(place, int) else len(pieces) - 1
    piece = pieces[place]
    return ExpressionError(
        "ECQS-1101",
        "something is missing or too much here",
        hint="see docs/reference/expressions.md for the forms of the language",
        spot=Spot.at(text, piece.offset, piece.raw),
    )


def _check_nodes(parsed: Parsed) -> None:
    """Refuse every node that is not on the list, trees that are too large, and trees that are too deep."""
    count = 0
    for node in parsed.tree.walk():
        allowed = _ALLOWED.get(type(node))
        surplus = {name for name, value in node.args.items() if value not in (None, [], False)} - (allowed or set())
        if allowed is None or surplus or (type(node) in _STAND_INS and parsed.stands_for(node) is None):
            raise _refused(parsed, node)
        count += not isinstance(node, _FREE)
        if count > MAX_NODES:
            raise ExpressionError(
                "ECQS-1105",
                f"the expression has more than {MAX_NODES} values, operators and calls",
                hint="move a part of it into a code table",
                spot=parsed.spot(node),
            )
    level = [parsed.tree]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in _below(node)]
        if not level:
            return
    raise ExpressionError(
        "ECQS-1105", f"the expression is nested deeper than {MAX_DEPTH} levels", spot=parsed.spot(level[0])
    )


def _below(node: exp.Expr) -> list[exp.Expr]:
    """Give the nodes one level down, reading a chain of one operator as one level."""
    found: list[exp.Expr] = []
    waiting = list(node.iter_expressions())
    while waiting:
        child = waiting.pop()
        if isinstance(child, exp.Paren | exp.If) or (isinstance(node, _CHAINS) and isinstance(child, _CHAINS)):
            waiting.extend(child.iter_expressions())
        elif not isinstance(child, _FREE):
            found.append(child)
    return found


def _refused(parsed: Parsed, node: exp.Expr) -> ExpressionError:
    message = _NOT_A_FORM
    if isinstance(node, exp.Alias):
        name = node.args.get("alias")
        spot = parsed.spot(name if isinstance(name, exp.Expr) else node)
        return ExpressionError("ECQS-1101", "an operator or a comma is missing before this", spot=spot)
    if isinstance(node, exp.Star):
        message = "a value is missing before *"
    elif isinstance(node, exp.Tuple):
        message = "a list of values may only stand after IN"
    return ExpressionError(
        "ECQS-1102", message, hint="see docs/reference/expressions.md for what it offers", spot=parsed.spot(node)
    )
