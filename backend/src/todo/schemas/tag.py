"""Tags in requests and responses."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.tag import Color, TagName


class TagWrite(BaseModel):
    """A tag to create, or the new values of a tag."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "home", "color": "#FF5733"}]})

    name: TagName
    color: Color | None = None


class TagOfTask(TypedDict):
    """A tag of a task."""

    id: Annotated[int, Field(examples=[7])]
    name: Annotated[str, Field(examples=["home"])]
    color: Annotated[str | None, Field(examples=["#FF5733"])]


class TagPublic(TagOfTask):
    """A tag. Its version grows with every change and is the value of its ETag."""

    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
