"""Turns what pydantic found in a file into problems a data engineer can read: place, sentence, what was meant."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ecqs_gateway.content.field_docs import field_docs
from ecqs_gateway.content.problems import Problem, did_you_mean, nearest
from ecqs_gateway.content.yaml_reader import Document, Path

__all__ = ["explain", "without_faults"]

_SENTENCES: Mapping[str, str] = {
    "tuple_type": "must be a list, such as [A, B]",
    "list_type": "must be a list, such as [A, B]",
    "dict_type": "must be a table of key: value lines",
    "mapping_type": "must be a table of key: value lines",
    "model_type": "must be a table of key: value lines",
    "model_attributes_type": "must be a table of key: value lines",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "date_type": "must be a date written as YYYY-MM-DD",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length}",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} character(s) long",
    "string_pattern_mismatch": "does not have the wanted form",
}

_WRONG_SHAPE = frozenset({kind for kind in _SENTENCES if kind.endswith("_type")})


def explain(error: ValidationError, document: Document, *, file: str, model: type[BaseModel]) -> list[Problem]:
    """Give one problem for each thing pydantic found, each at its place in the file.

    A missing key is not reported beside an unknown key that is its misspelling: that is one mistake, not two.
    """
    found = [(_path(detail["loc"], document.data), detail) for detail in error.errors(include_url=False)]
    unknown = [path for path, detail in found if detail["type"] == "extra_forbidden"]
    explainer = _Explainer(document, file, model)
    return [explainer.problem(path, detail) for path, detail in found if not _follows(path, detail, unknown)]


def without_faults(error: ValidationError, data: Any) -> Any:
    """Give the data without the entries of its tables that hold a mistake, so that the rest can be looked at, too.

    An entry is one key of a table at the top of the file (one field, one list); None where a mistake lies elsewhere.
    """
    rest = {key: dict(value) if isinstance(value, Mapping) else value for key, value in data.items()}
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"], data)
        if len(path) < 2 or not isinstance(rest.get(str(path[0])), dict):
            return None
        rest[str(path[0])].pop(path[1], None)
    return rest


def _follows(path: Path, detail: ErrorDetails, unknown: list[Path]) -> bool:
    """Say whether an error only follows from another one that is reported."""
    if detail["type"] == "missing":
        return _misspelt(path, unknown)
    if detail["type"] == "too_short":
        # A list is also called too short when items of it were refused.
        return bool(len(detail["input"]) >= detail["ctx"]["min_length"])
    return False


def _path(loc: Sequence[int | str], data: Any) -> Path:
    """Drop from pydantic's location what is not in the file: tags of unions and the mark of a bad key."""
    path: list[int | str] = []
    here = data
    for position, step in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(here, Mapping) and isinstance(step, str):
            if step in here:
                path.append(step)
                here = here[step]
            elif last and step != "[key]":
                path.append(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            path.append(step)
            here = here[step]
    return tuple(path)


def _misspelt(missing: Path, unknown: list[Path]) -> bool:
    siblings = [str(path[-1]) for path in unknown if path[:-1] == missing[:-1]]
    return nearest(str(missing[-1]), siblings) is not None


@dataclass(frozen=True)
class _Explainer:
    document: Document
    file: str
    model: type[BaseModel]

    def problem(self, path: Path, detail: ErrorDetails) -> Problem:
        """Choose the sentence by the kind of error."""
        kind = detail["type"]
        context: dict[str, Any] = detail.get("ctx") or {}
        if kind == "extra_forbidden":
            return self._unknown(path)
        if kind == "missing":
            return self._missing(path)
        if kind == "union_tag_not_found":
            return self._missing((*path, _words(context["discriminator"])[0]))
        if kind == "union_tag_invalid":
            key = _words(context["discriminator"])[0]
            return self._not_a_choice((*path, key), _words(context["expected_tags"]))
        if kind == "literal_error":
            return self._not_a_choice(path, _words(context["expected"].replace(" or ", ", ")))
        return self._wrong(path, detail)

    def _unknown(self, path: Path) -> Problem:
        name = str(path[-1])
        hint = did_you_mean(name, _keys(self.model, path[:-1], self.document.data))
        return self._at_key(path, "ECQS-1010", f"unknown key {name!r}{_inside(path[:-1])}", hint, name)

    def _missing(self, path: Path) -> Problem:
        message = f"the key {str(path[-1])!r} is missing{_inside(path[:-1])}"
        return self._at_key(path[:-1], "ECQS-1011", message, self._description(path))

    def _not_a_choice(self, path: Path, allowed: Sequence[str]) -> Problem:
        mark = self.document.mark(path)
        near = nearest(mark.text, allowed) if mark.text else None
        hint = f"did you mean {near!r}?" if near else self._description(path)
        choices = allowed[0] if len(allowed) == 1 else f"one of {', '.join(allowed)}"
        return self._at_value(path, "ECQS-1013", f"{_name(path)} must be {choices}", hint)

    def _wrong(self, path: Path, detail: ErrorDetails) -> Problem:
        if detail["loc"] and detail["loc"][-1] == "[key]":
            name = str(path[-1])
            return self._at_key(path, "ECQS-1012", f"the key {name!r} {_sentence(detail)}", None, name)
        message = f"{_name(path)} {_sentence(detail)}"
        mark = self.document.mark(path)
        if detail["type"] == "content" and mark.text is None:
            return self._at_key(path, "ECQS-1014", message, None, None)
        return self._at_value(path, "ECQS-1012", message, _form_hint(detail["type"], mark.text))

    def _description(self, path: Path) -> str | None:
        text = _doc(self.model, path[:-1], str(path[-1]), self.document.data)
        return f"{path[-1]}: {text}" if text else None

    def _at_key(self, path: Path, code: str, message: str, hint: str | None, text: str | None = None) -> Problem:
        mark = self.document.mark(path)
        return Problem(self.file, mark.key_line, mark.key_column, "error", code, message, hint, text)

    def _at_value(self, path: Path, code: str, message: str, hint: str | None) -> Problem:
        mark = self.document.mark(path)
        return Problem(self.file, mark.line, mark.column, "error", code, message, hint, mark.text)


def _words(quoted: str) -> list[str]:
    """Take apart pydantic's list of quoted words."""
    return [word.strip().strip("'") for word in quoted.split(",")]


def _form_hint(kind: str, text: str | None) -> str | None:
    if kind in {"tuple_type", "list_type"} and text:
        return f"write [{text}]"
    if kind == "duration_wanted" and text and text.isdigit():
        return f"write {text}s for seconds or {text}m for minutes"
    return None


def _sentence(detail: ErrorDetails) -> str:
    if detail["input"] is None and detail["type"] in _WRONG_SHAPE:
        return "is empty: fill it in, or leave the line out"
    template = _SENTENCES.get(detail["type"])
    if template is None:
        return detail["msg"]
    context = detail.get("ctx") or {}
    return template.format_map(context)


def _name(path: Path) -> str:
    """Write a path as people say it: ``streams.certificate.key[2]``, positions from 1."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "the file"


def _inside(path: Path) -> str:
    return f" in {_name(path)}" if path else ""


def _keys(model: type[BaseModel], path: Path, data: Any) -> list[str]:
    """List the keys a table may have, for the hint."""
    found = _model_at(model, path, data)
    return [info.alias or name for name, info in found.model_fields.items()] if found is not None else []


def _doc(model: type[BaseModel], path: Path, name: str, data: Any) -> str | None:
    found = _model_at(model, path, data)
    if found is None:
        return None
    named = (key for key, info in found.model_fields.items() if (info.alias or key) == name)
    return field_docs(found).get(next(named, ""))


def _model_at(model: type[BaseModel], path: Path, data: Any) -> type[BaseModel] | None:
    """Follow a path through the models; of several models that may stand there, take the one that fits best."""
    candidates: list[Any] = [model]
    here = data
    for step in path:
        candidates = [after for hint in candidates for after in _step(hint, step)]
        here = _down(here, step)
    models = [hint for hint in candidates if isinstance(hint, type) and issubclass(hint, BaseModel)]
    if not models:
        return None
    written = set(here) if isinstance(here, Mapping) else set()
    return max(models, key=lambda m: len(written & {info.alias or n for n, info in m.model_fields.items()}))


def _down(data: Any, step: str | int) -> Any:
    if isinstance(data, Mapping):
        return data.get(step)
    return data[step] if isinstance(data, list) and isinstance(step, int) else None


def _step(hint: Any, step: str | int) -> Iterator[Any]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, info in hint.model_fields.items():
            if (info.alias or name) == step:
                yield from _bare(info.annotation)
        return
    arguments = typing.get_args(hint)
    if isinstance(step, int) and arguments:
        yield from _bare(arguments[0])
    elif len(arguments) == 2:
        yield from _bare(arguments[1])


def _bare(hint: Any) -> Iterator[Any]:
    """Strip Annotated and walk the members of a union."""
    if typing.get_origin(hint) is typing.Annotated:
        yield from _bare(typing.get_args(hint)[0])
    elif typing.get_origin(hint) in (typing.Union, types.UnionType):
        for member in typing.get_args(hint):
            yield from _bare(member)
    elif hint is not type(None):
        yield hint
