"""What all models of our YAML files share: strictness, identifiers, and checks with messages of our own."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from ecqs_gateway.content.scalars import INTEGER, Pattern, Text

__all__ = ["ConnectionId", "ContentModel", "TableName", "TimeZone", "UnitCode", "Version", "refuse", "relative"]


class ContentModel(BaseModel):
    """Base of everything written in our YAML files: unknown keys are errors, and nothing changes after loading.

    A model's validator is built at its first use: most only stand inside others, and what stands in no file needs none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)


def refuse(message: str) -> PydanticCustomError:
    """Make the error of a check of our own; the message is shown to the reader as it stands."""
    return PydanticCustomError("content", "{message}", {"message": message})


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise refuse("is not a known time zone; provinces use Asia/Shanghai") from None
    return name


def relative(name: str) -> str:
    """Refuse a name that would leave its folder."""
    if name.startswith(("/", "\\")) or ":" in name or "\\" in name or ".." in name.split("/"):
        raise refuse("must stay inside the folder of the connection: no leading /, no \\, no .. and no drive")
    return name


Version = Annotated[Literal[1], INTEGER]
UnitCode = Annotated[
    str, *Pattern(r"[0-9]{6}", "must be the six digits of a reporting unit, such as 320000").annotate()
]
ConnectionId = Annotated[
    str, *Pattern(r"[A-Za-z_][A-Za-z0-9_]*", "must be letters, digits and _ (it becomes AIRFLOW_CONN_<ID>)").annotate()
]
TableName = Annotated[
    str,
    *Pattern(r"[^\s.;'\"`\[\]]+(\.[^\s.;'\"`\[\]]+)?", "must be a table, or schema.table, without quotes").annotate(),
]
TimeZone = Annotated[Text, AfterValidator(_time_zone)]
"""Name of a time zone."""
