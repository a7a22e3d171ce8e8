"""What a field type is: pydantic validator, Polars expressions and XSD type of one kind of value, side by side.

A field type answers four questions, each once for a single value (the readable definition, used by the pydantic
models and for precise messages) and once for a whole column (what runs in bulk):

* *read*   – dirty text to the canonical value (``（苏）ＸＫ06-001-00238`` → ``(苏)XK06-001-00238``),
* *check*  – whether a canonical value is good beyond its spelling (check digit, code table),
* *write*  – the canonical value to the text that stands in the XML,
* *xsd*    – the XSD simple type of that text.

Blank text is not a value: callers turn it into null first, and null always reads, checks and writes as null.
``tests/model/test_types_agree.py`` proves that the single-value side, the column side and the XSD give one verdict.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ecqs_gateway.model.codes import CodeTables

__all__ = ["FieldProblem", "FieldType", "XsdType"]


@dataclass(frozen=True)
class FieldProblem(Exception):
    """Why one value is not good: a stable code and a message in Chinese that never holds the value itself."""

    code: str
    message: str


@dataclass(frozen=True)
class XsdType:
    """An XSD simple type: name, base type, and facets in the order they are written."""

    name: str
    base: str = "xs:string"
    facets: tuple[tuple[str, str], ...] = ()


class FieldType(ABC):
    """One kind of value: how it is read, checked, written, and what its XSD type is."""

    name: ClassVar[str]
    """Name used in docs and problem messages."""
    title: ClassVar[str]
    """The Chinese name of this kind of value."""
    dtype: pl.DataType = pl.String()
    """Polars type of the canonical column."""
    xml_safe: ClassVar[bool] = False
    """True when no good value can contain ``&``, ``<`` or ``>``, so that writing needs no escape."""
    unreadable: ClassVar[str] = "ECQS-1201"
    """Code of the problem ``read`` raises."""
    good: ClassVar[Sequence[str]] = ()
    """Texts that read and check well: shown in the reference, used as seeds by the tests."""
    bad: ClassVar[Sequence[str]] = ()
    """Texts that must not pass, each wrong in one way."""

    @abstractmethod
    def read(self, text: str, codes: CodeTables | None = None) -> Any:
        """Give the canonical value of one non-blank text; raises ``FieldProblem`` when it cannot be read."""

    @abstractmethod
    def read_expr(self, text: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:
        """Give the canonical value of a text column; null where ``read`` would raise."""

    def check(self, value: Any, codes: CodeTables | None = None) -> FieldProblem | None:  # noqa: ARG002
        """Say what is wrong with a canonical value beyond its spelling; None when nothing is."""
        return None

    def check_expr(self, value: pl.Expr, codes: CodeTables | None = None) -> pl.Expr:  # noqa: ARG002
        """Give true where ``check`` finds nothing wrong (null for null)."""
        return pl.when(value.is_not_null()).then(pl.lit(value=True))

    def write(self, value: Any) -> str:
        """Give the XML text of a canonical value, not yet escaped."""
        return str(value)

    def write_expr(self, value: pl.Expr) -> pl.Expr:
        """Give the XML text of a canonical column, not yet escaped."""
        return value

    @abstractmethod
    def xsd(self, codes: CodeTables | None = None) -> XsdType:
        """Give the XSD simple type of the written text."""

    def explain(self) -> str:
        """Say in one Chinese sentence what a good value looks like, for messages and the reference."""
        return self.title

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let ``Annotated[str, Uscc()]`` validate in a pydantic model: read, then check.

        The code tables come from the validation context: ``Model.model_validate(data, context={"codes": tables})``.
        """
        del source, handler

        def validate(value: Any, info: core_schema.ValidationInfo) -> Any:
            codes = (info.context or {}).get("codes")
            try:
                read = self.read(value, codes) if isinstance(value, str) else value
            except FieldProblem as problem:
                raise PydanticCustomError(problem.code, problem.message) from None
            problem_found = self.check(read, codes)
            if problem_found is not None:
                raise PydanticCustomError(problem_found.code, problem_found.message)
            return read

        return core_schema.with_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )
