"""Tags as they travel."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.tag import Color, TagName


class TagWrite(BaseModel):
    """A tag as its owner creates or replaces it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "home", "color": "#FF5733"}]})

    name: TagName
    color: Color | None = None


class TagOfTask(TypedDict):
    """A tag as a task shows it."""

    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["home"])]
    color: Annotated[str | None, Field(examples=["#FF5733"])]


class TagPublic(TagOfTask):
    """A tag. Its version is its ETag, and goes up with every change."""

    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
