"""What is done where a source no longer looks as it was described: the ``drift`` settings of a connector."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ecqs_gateway.content.models_base import ContentModel, refuse
from ecqs_gateway.content.scalars import Flag, Integer

__all__ = ["DriftSettings", "Reaction"]

Reaction = Literal["hold", "warn", "ignore"]
"""hold: nothing of the record kind is taken until somebody has looked; warn: it is told; ignore: not even that."""


class DriftSettings(ContentModel):
    """What each kind of drift does to a record kind; a column the mapping does not use never holds."""

    new_column: Reaction = "warn"
    """A column that is not in schemas/sources."""
    missing_column: Reaction = "hold"
    """A column that is in schemas/sources, or that the mapping uses, and no longer in the source."""
    retyped_column: Reaction = "hold"
    """A column that is read as another type now; a longer text of the same type is only told."""
    empty_column: Reaction = "hold"
    """A column, or child table, that used to be filled and comes empty, or nearly so."""
    new_codes: Reaction = "warn"
    """Codes neither in the code file nor seen before; what becomes of a record is said by unmapped in the mapping."""
    recoded_column: Reaction = "hold"
    """The same, where it is many rows: the source has changed the meaning of the column."""
    volume: Reaction = "hold"
    """Far more or far fewer rows than former runs brought."""
    quiet_runs: Flag = True
    """Whether a run without any row is normal; false where a unit always has changes."""
    runs: Annotated[Integer, Field(ge=3, le=60)] = 8
    """Former runs with rows that are needed before the number of rows is judged."""
    least_rows: Annotated[Integer, Field(ge=0)] | None = None
    """Fewest rows of a run with rows, instead of what former runs say."""
    most_rows: Annotated[Integer, Field(ge=1)] | None = None
    """Most rows of a run, instead of what former runs say."""

    @model_validator(mode="after")
    def _in_order(self) -> DriftSettings:
        if self.least_rows is not None and self.most_rows is not None and self.least_rows > self.most_rows:
            raise refuse("least_rows must not be greater than most_rows")
        return self
