"""The texts below the fields of our models, for editors and error messages: read from the source when one is wanted.

pydantic can collect them by itself, but does so for every model at every start, which takes a tenth of a start's time.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel

__all__ = ["field_docs"]


@cache
def field_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """Give what is written below the fields of a model and of those it inherits from, by the field's name."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            written = _written(base.__module__).get(base.__qualname__, {})
            for name in inspect.get_annotations(base):
                found.pop(name, None)  # a field declared anew is documented anew
            found |= written
    return found


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    """Give the texts of a module's classes, by class and field; none where its source does not lie open."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_texts(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _texts(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(node.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                yield name, inspect.cleandoc(doc)
