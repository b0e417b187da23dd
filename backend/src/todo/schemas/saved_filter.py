"""Saved filters in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from todo.domain.filters.values import FilterName, FilterText
from todo.domain.tag import Color
from todo.schemas.partial import partial_of
from todo.schemas.request import RequestModel

QUERY = "(overdue | today) & @home & !p3"
EXAMPLE: JsonDict = {"name": "Around the house", "query": QUERY, "color": "#2E8B57"}


class FilterPublic(TypedDict):
    """A saved filter. Its version grows with every change and is the value of its ETag. Times are in UTC."""

    id: Annotated[int, Field(examples=[3])]
    name: Annotated[str, Field(examples=["Around the house"])]
    query: Annotated[str, Field(examples=[QUERY])]
    color: Annotated[str | None, Field(examples=["#2E8B57"])]
    position: Annotated[
        str,
        Field(
            examples=["i0000000000000003"],
            description="The key of the place. Clients sort by it by code point, then by `id`. Only the service "
            "writes it.",
        ),
    ]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime


class FilterFields(RequestModel):
    """The fields that a client can create and change."""

    name: FilterName
    query: Annotated[
        FilterText, Field(description="An expression, as the parameter `filter` of a list of tasks takes it.")
    ]
    color: Color | None = None


class FilterCreate(FilterFields):
    """A new filter. Names need not be unique."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class FilterReplace(FilterFields, ignores=FilterPublic.__annotations__):
    """A whole filter. Without a colour it becomes null."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


@partial_of(FilterReplace)
class FilterUpdate(RequestModel):
    """Some fields of a filter. Absent fields stay, and null clears the colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "7 days & @home"}]})
