"""Cut the text of an expression into words and signs, and refuse early what is too long, too deep or foreign.

Everything that costs more than a glance happens after this: the text is bounded, nesting is counted by looking at
brackets and CASE, and only words and signs of the language are left. What follows never sees the raw text again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ecqs_gateway.mapping.expr_errors import ExpressionError, Spot

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_NODES", "Kind", "Piece", "scan"]

MAX_LENGTH = 2000
"""Characters of one expression."""
MAX_NODES = 200
"""Values, operators and calls of one expression."""
MAX_DEPTH = 30
"""How deep brackets, CASE, NOT and signs may stand in each other."""
_MAX_PIECES = 3 * MAX_NODES
_MAX_DIGITS = 38


class Kind(Enum):
    """What a piece of an expression is."""

    KEYWORD = "keyword"
    TYPE = "type"
    NAME = "name"
    CALL = "call"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"


@dataclass(frozen=True)
class Piece:
    """One word or sign: what it is, its value (text without quotes, keyword in capitals), raw text and offset."""

    kind: Kind
    value: str
    raw: str
    offset: int


_KEYWORDS = "CASE WHEN THEN ELSE END AND OR NOT IN BETWEEN LIKE ESCAPE IS NULL TRUE FALSE CAST TRY_CAST AS"
KEYWORDS = frozenset(_KEYWORDS.split())
_SQL = (
    "SELECT FROM WHERE GROUP HAVING ORDER LIMIT UNION EXCEPT INTERSECT JOIN ON USING WITH OVER PARTITION INSERT UPDATE "
    "DELETE DROP CREATE ALTER TRUNCATE MERGE EXEC EXECUTE CALL COPY LOAD ATTACH DETACH PRAGMA SET GRANT REVOKE INTO "
    "VALUES DISTINCT EXISTS INTERVAL ILIKE SIMILAR REGEXP RLIKE GLOB COLLATE WINDOW QUALIFY LATERAL UNNEST"
)
_FOREIGN = frozenset(_SQL.split())
TYPES = {
    "TEXT": "text",
    "VARCHAR": "text",
    "STRING": "text",
    "INTEGER": "integer",
    "INT": "integer",
    "BIGINT": "integer",
    "DECIMAL": "decimal",
    "NUMERIC": "decimal",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "DATETIME": "timestamp",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
}
_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>--|/\*|\#)
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>(?:[^\W\d]\w*|"(?:[^"]|"")+")(?:\.(?:[^\W\d]\w*|"(?:[^"]|"")+"))*)
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))
  | (?P<sign><>|!=|<=|>=|\|\||(?<!=)=(?!=)|[<>+\-*/%(),])
    """,
    re.VERBOSE,
)
_PART = re.compile(r'[^\W\d]\w*|"(?:[^"]|"")+"')
# Direction marks and zero-width signs make a text look other than it is.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_FULL_WIDTH = {
    "（": "(",
    "）": ")",
    "，": ",",
    "、": ",",
    "；": ";",
    "＝": "=",
    "＜": "<",
    "＞": ">",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "＋": "+",
    "－": "-",
    "＊": "*",
    "／": "/",
    "％": "%",
    "．": ".",
    "。": ".",
    "｜": "|",
    "\u3000": "an ordinary blank",
    "\u00a0": "an ordinary blank",
}


def scan(text: str) -> list[Piece]:
    """Give the pieces of an expression in order; raises ExpressionError ECQS-1101, 1102 or 1105."""
    _check_text(text)
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        found = _PATTERN.match(text, position)
        if found is None or found.lastgroup == "comment":
            raise _unreadable(text, position)
        if found.lastgroup != "space":
            pieces.append(_piece(text, found, pieces))
            if len(pieces) > _MAX_PIECES:
                raise _too_big(text, position, f"has more than {_MAX_PIECES} words and signs")
        position = found.end()
    if not pieces:
        raise ExpressionError("ECQS-1101", "the expression is empty", spot=Spot.at(text, 0))
    pieces = _mark_calls(pieces)
    _check_nesting(text, pieces)
    _check_neighbours(text, pieces)
    return pieces


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise _too_big(text, MAX_LENGTH, f"is longer than {MAX_LENGTH} characters")
    hidden = _INVISIBLE.search(text)
    if hidden:
        raise ExpressionError(
            "ECQS-1101",
            f"an invisible character (U+{ord(hidden[0]):04X}) stands here",
            hint="delete it and type the text again",
            spot=Spot.at(text, hidden.start()),
        )
    for offset, letter in enumerate(text):
        if "\ud800" <= letter <= "\udfff":
            raise ExpressionError("ECQS-1101", "half a character stands here", spot=Spot.at(text, offset))


def _piece(text: str, found: re.Match[str], before: list[Piece]) -> Piece:
    raw, start = found[0], found.start()
    if found.lastgroup == "string":
        return Piece(Kind.STRING, raw[1:-1].replace("''", "'"), raw, start)
    if found.lastgroup == "sign":
        return Piece(Kind.SIGN, "<>" if raw == "!=" else raw, raw, start)
    if found.lastgroup == "number":
        if len(raw) > _MAX_DIGITS:
            raise _too_big(text, start, f"a number has at most {_MAX_DIGITS} digits", raw)
        return Piece(Kind.NUMBER, raw, raw, start)
    return _word(text, raw, start, before)


def _word(text: str, raw: str, start: int, before: list[Piece]) -> Piece:
    upper = raw.upper() if raw.isascii() else raw
    if before and before[-1].value == "AS" and before[-1].kind is Kind.KEYWORD:
        if upper not in TYPES:
            raise ExpressionError(
                "ECQS-1102",
                "this is not a type of the language",
                hint="the types are text, integer, decimal, date, timestamp and boolean",
                spot=Spot.at(text, start, raw),
            )
        return Piece(Kind.TYPE, TYPES[upper], raw, start)
    if upper in KEYWORDS:
        return Piece(Kind.KEYWORD, upper, raw, start)
    if upper in _FOREIGN:
        raise ExpressionError(
            "ECQS-1102",
            f"{upper} is not part of the expression language, which computes one value from one row",
            hint="put the word in double quotes if it is the name of a column",
            spot=Spot.at(text, start, raw),
        )
    parts = [p[1:-1].replace('""', '"') if p.startswith('"') else p for p in _PART.findall(raw)]
    return Piece(Kind.NAME, ".".join(parts), raw, start)


def _mark_calls(pieces: list[Piece]) -> list[Piece]:
    """Turn a name that stands before an opening bracket into the name of a function."""
    marked = []
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        if piece.kind is Kind.NAME and after is not None and after.raw == "(":
            marked.append(Piece(Kind.CALL, piece.raw.lower(), piece.raw, piece.offset))
        else:
            marked.append(piece)
    return marked


def _check_nesting(text: str, pieces: list[Piece]) -> None:
    """Count how deep brackets, CASE and chains of NOT or signs go, before any parser has to follow them."""
    depth, prefix = 0, 0
    opened: list[Piece] = []
    for piece in pieces:
        prefix = prefix + 1 if piece.value in {"NOT", "-", "+"} and piece.kind in {Kind.KEYWORD, Kind.SIGN} else 0
        closes = _closes(piece)
        if closes:
            if not opened or opened[-1].value != closes:
                raise ExpressionError(
                    "ECQS-1101", f"nothing is open that {piece.value} could close", spot=_spot(text, piece)
                )
            opened.pop()
        elif piece.value in {"(", "CASE"} and piece.kind in {Kind.SIGN, Kind.KEYWORD}:
            opened.append(piece)
        depth = len(opened) + prefix
        if depth > MAX_DEPTH:
            raise _too_big(text, piece.offset, f"is nested deeper than {MAX_DEPTH} levels", piece.raw)
    if opened:
        wanted = ")" if opened[-1].value == "(" else "END"
        raise ExpressionError("ECQS-1101", f"{wanted} is missing for what opens here", spot=_spot(text, opened[-1]))


def _check_neighbours(text: str, pieces: list[Piece]) -> None:
    """Refuse pairs that the grammar of SQL is lenient about: ``f(a,)``, ``IN ()``, ``a NOT NULL``."""
    for before, piece, after in zip([None, *pieces], pieces, [*pieces[1:], None], strict=False):
        pair = (piece.value, after.value if after else "")
        if pair in {(",", ")"), ("(", ","), (",", ",")} and _signs(piece, after):
            raise ExpressionError("ECQS-1101", "a value is missing beside this comma", spot=_spot(text, piece))
        if pair == ("(", ")") and _signs(piece, after) and (before is None or before.kind is not Kind.CALL):
            raise ExpressionError("ECQS-1101", "nothing stands between these brackets", spot=_spot(text, piece))
        if pair == ("NOT", "NULL") and piece.kind is Kind.KEYWORD and _is_operand(before):
            raise ExpressionError("ECQS-1101", "NOT NULL is no test", hint="write IS NOT NULL", spot=_spot(text, piece))


def _is_operand(piece: Piece | None) -> bool:
    """Say whether a value ends with this piece."""
    if piece is None or piece.kind in {Kind.NAME, Kind.STRING, Kind.NUMBER}:
        return piece is not None
    return piece.value in {")", "END", "NULL", "TRUE", "FALSE"}


def _signs(*pieces: Piece | None) -> bool:
    return all(piece is not None and piece.kind is Kind.SIGN for piece in pieces)


def _closes(piece: Piece) -> str | None:
    if piece.kind is Kind.SIGN and piece.value == ")":
        return "("
    if piece.kind is Kind.KEYWORD and piece.value == "END":
        return "CASE"
    return None


def _spot(text: str, piece: Piece) -> Spot:
    return Spot.at(text, piece.offset, piece.raw)


def _too_big(text: str, offset: int, message: str, token: str = "") -> ExpressionError:
    return ExpressionError(
        "ECQS-1105",
        f"the expression {message}" if not message.startswith("a number") else message,
        hint="move a part of it into a code table, or map through two fields",
        spot=Spot.at(text, offset, token[:40]),
    )


def _unreadable(text: str, position: int) -> ExpressionError:
    """Say what stands at a place that no word or sign of the language matches, and what was probably meant."""
    sign = text[position]
    spot = Spot.at(text, position, sign)
    if text.startswith(("--", "/*", "#"), position):
        spot = Spot.at(text, position, text[position : position + 2])
        return ExpressionError("ECQS-1102", "comments are not part of the expression language", spot=spot)
    if sign in "'\"":
        return ExpressionError("ECQS-1101", "the quote that opens here is never closed", spot=spot)
    if sign == ";":
        return ExpressionError("ECQS-1102", "an expression is one value: there is nothing after it", spot=spot)
    if text.startswith("==", position):
        hint = "write ="
    elif sign in _FULL_WIDTH:
        hint = f"this is a full-width sign: write {_FULL_WIDTH[sign]}"
    elif sign.isdigit():
        hint = "numbers are written 12 or 12.5, in ordinary digits; put a column that begins with a digit in quotes"
    else:
        hint = "put names with unusual characters in double quotes, and texts in single quotes"
    return ExpressionError("ECQS-1101", "this sign is not part of the expression language", hint=hint, spot=spot)
