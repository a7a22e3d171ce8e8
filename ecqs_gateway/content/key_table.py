"""The keys of our YAML files as rows for people, made from the pydantic models: path, type in words, default, meaning.

The reference pages are written from it, as the JSON Schemas are from the same models (``jsonschema``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as limits
from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from ecqs_gateway.content.field_docs import field_docs
from ecqs_gateway.content.scalars import Pattern, duration_text

__all__ = ["Key", "keys", "shown", "table"]

_READ_AS = {
    "_as_text": "text",
    "_as_integer": "whole number",
    "_as_flag": "`true` or `false`",
    "_as_day": "date, `YYYY-MM-DD`",
    "_as_sheet": "position from 0, or name",
    "read_duration": "duration",
}
"""What a scalar type is called, by the function that reads it."""
_CHECKED_AS = {
    "relative": "path inside the folder",
    "_per_unit": "path that holds `{unit}` once",
    "_path": "path without host, `?` and `#`",
    "_time_zone": "name of a time zone",
    "encoding_name": "text encoding",
    "_long_enough": "duration, `1d` or longer",
}
"""What a checked text or duration is called, by the function that checks it."""
_NAMED = {"streams": "<kind>", "fields": "<field>"}
"""What stands for the free name below a key; ``<name>`` elsewhere."""


@dataclass(frozen=True)
class Key:
    """One key: ``path`` with dots, ``type`` in words, ``default`` as it would be written, None without one."""

    path: str
    type: str
    required: bool
    default: str | None
    doc: str


def keys(model: type[BaseModel], at: str = "") -> Iterator[Key]:
    """Give the keys of a model and of the blocks below them, in the order of the file; ``at`` stands before each.

    Blocks of several kinds (``source``, ``streams``) are one row: their kinds are asked for one by one. A block that
    comes again is not opened again, its row names the first. Raises LookupError where a type has no words yet.
    """
    return _keys(model, at, {})


def _keys(model: type[BaseModel], at: str, known: dict[type[BaseModel], str]) -> Iterator[Key]:
    docs = field_docs(model)
    for name, info in model.model_fields.items():
        path = f"{at}{info.alias or name}"
        below, free = _below(info.annotation)
        inner = f"{path}.{_NAMED.get(name, '<name>')}" if free else path
        again = known.get(below) if below else None
        words = f"as `{again}`" if again else _words(info.annotation, tuple(info.metadata))
        yield Key(path, words, info.is_required(), _default(info), " ".join(docs[name].split()))
        if below is not None and again is None:
            known[below] = inner
            yield from _keys(below, f"{inner}.", known)


def table(rows: Iterable[Key]) -> str:
    """Give the rows as a table in Markdown."""
    head = "| key | type | default | meaning |\n|---|---|---|---|\n"
    return head + "".join(f"| `{k.path}` | {shown(k.type)} | {_third(k)} | {shown(k.doc)} |\n" for k in rows)


def _third(key: Key) -> str:
    return "**required**" if key.required else f"`{key.default}`" if key.default else ""


def shown(text: str) -> str:
    """Write a text of a model so that Markdown shows it as it is; what stands between backticks is shown so anyway."""
    parts = text.replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "\\<").replace("*", "\\*").replace("__", "\\_\\_") for part in parts[::2]]
    return "`".join(parts)


def _below(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Give the one model a key opens, and whether a free name stands between; None where it is none or several."""
    kind, _ = _bare(annotation)
    if _is_model(kind):
        return kind, False
    if get_origin(kind) in {Union, UnionType}:
        found = [inner for one in get_args(kind) if (inner := _below(one)[0]) is not None]
        return (found[0], False) if len(found) == 1 else (None, False)
    if get_origin(kind) is Mapping:
        inner, _ = _bare(get_args(kind)[1])
        return (inner, True) if _is_model(inner) else (None, True)
    return None, False


def _bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take the marks off a type, and None out of it."""
    kind, marks = annotation, ()
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            opened = (m.metadata if isinstance(m, FieldInfo) else (m,) for m in more)
            marks = (*(mark for some in opened for mark in some), *marks)
            continue
        options = [one for one in get_args(kind) if one is not type(None)]
        if get_origin(kind) not in {Union, UnionType} or len(options) != 1:
            return kind, marks
        kind = options[0]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _words(annotation: Any, marks: tuple[Any, ...] = ()) -> str:
    kind, more = _bare(annotation)
    marks = (*more, *marks)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _or([f"`{value}`" for value in arguments])
    if origin in {Union, UnionType} and not _scalar(marks):
        return _one_of([one for one in arguments if one is not type(None)])
    if origin is tuple:
        item = _words(arguments[0])
        least = _limit(marks, limits.MinLen) or 0
        return ("list of texts" if item == "text" else f"list of: {item}") + (f", at least {least}" if least else "")
    if origin is Mapping:
        return _by_name(*arguments)
    if _is_model(kind):
        return "block"
    return _with_limits(_scalar(marks), marks)


def _by_name(name: Any, value: Any) -> str:
    kind, _ = _bare(value)
    if _is_model(kind) or (get_origin(kind) in {Union, UnionType} and all(map(_is_model, get_args(kind)))):
        return f"blocks, each with a name ({_words(name)})"
    return f"pairs; left: {_words(name)}; right: {_words(value)}"


def _one_of(options: list[Any]) -> str:
    bare = [_bare(one)[0] for one in options]
    if all(_is_model(one) and "type" in one.model_fields for one in bare):
        types = [_words(one.model_fields["type"].annotation) for one in bare]
        return f"block; its `type` is {_or(types)}"
    return ", or ".join(map(_words, options))


def _scalar(marks: tuple[Any, ...]) -> str:
    """Name a scalar by its marks; the last one that has a name is the narrowest. Empty for a plain text."""
    found = ""
    for mark in marks:
        if isinstance(mark, BeforeValidator) and isinstance(mark.func, Pattern):
            found = mark.func.words
        elif isinstance(mark, BeforeValidator):
            found = _READ_AS[mark.func.__name__]
        elif isinstance(mark, AfterValidator):
            found = _CHECKED_AS[mark.func.__name__]
    return found


def _with_limits(words: str, marks: tuple[Any, ...]) -> str:
    low, high = _limit(marks, limits.Ge), _limit(marks, limits.Le)
    if low is not None:
        return f"{words}, {low} to {high}" if high is not None else f"{words}, {low} or more"
    if _limit(marks, limits.Gt) is not None:
        return f"{words}, longer than 0"
    if _limit(marks, limits.MaxLen) == 1:
        return "one character"
    return words or "text, also an empty one"


_LIMITS = {
    limits.Ge: "ge",
    limits.Le: "le",
    limits.Gt: "gt",
    limits.MinLen: "min_length",
    limits.MaxLen: "max_length",
}


def _limit(marks: tuple[Any, ...], kind: type) -> Any:
    return next((getattr(mark, _LIMITS[kind]) for mark in marks if isinstance(mark, kind)), None)


def _or(options: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(options[:-1]), options[-1])))


def _default(info: FieldInfo) -> str | None:
    """Write a default as the file would have it; None where leaving the key out is all there is to say."""
    value = None if info.is_required() else info.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return None
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    text = str(value)
    return text if text[:1].isalnum() else f"'{text}'"
