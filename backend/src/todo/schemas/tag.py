"""Tags in requests and responses."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.tag import Color, TagName
from todo.schemas.request import RequestModel


class TagOfTask(TypedDict):
    """A tag of a task."""

    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["home"])]
    color: Annotated[str | None, Field(examples=["#FF5733"])]


class TagPublic(TagOfTask):
    """A tag. Its version grows with every change and is the value of its ETag."""

    user_id: UUID
    version: Annotated[int, Field(examples=[1])]


class TagWrite(RequestModel):
    """The fields that a client can create and change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "home", "color": "#FF5733"}]})

    name: TagName
    color: Color | None = None


class TagCreate(TagWrite):
    """A new tag."""


class TagReplace(TagWrite, ignores=TagPublic.__annotations__):
    """A whole tag. Without a colour it becomes null. Fields of a tag that only the service writes are ignored."""
