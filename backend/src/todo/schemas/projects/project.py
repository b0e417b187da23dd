"""Projects in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.identifiers import ExternalId
from todo.domain.projects.project import Archived, ArchivedFilter, Children, ProjectName
from todo.domain.tag import Color
from todo.schemas.partial import partial_of
from todo.schemas.request import RequestModel

POSITION_TEXT = "The key of the place. Clients sort by it by code point, then by `id`. Only the service writes it."


class ProjectPublic(TypedDict):
    """A project. Its version grows with every change and is the value of its ETag. Times are in UTC."""

    id: Annotated[int, Field(examples=[5])]
    name: Annotated[str, Field(examples=["Garden"])]
    color: Annotated[str | None, Field(examples=["#2E8B57"])]
    archived: Annotated[bool, Field(examples=[False], description="Whether lists of tasks leave its tasks out.")]
    position: Annotated[str, Field(examples=["i0000000000000005"], description=POSITION_TEXT)]
    external_id: Annotated[str | None, Field(examples=["import-7"])]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime


class ProjectCounts(TypedDict):
    """How many tasks a project has."""

    project_id: Annotated[int | None, Field(examples=[5], description="Null for the inbox.")]
    total: Annotated[int, Field(examples=[12])]
    completed: Annotated[int, Field(examples=[7])]


class ProjectFields(RequestModel):
    """The fields that a client can create and change."""

    name: ProjectName
    color: Color | None = None
    archived: Archived = Field(
        default=False, description="Lists of tasks leave out the tasks of an archived project. `false` if absent."
    )


class ProjectCreate(ProjectFields):
    """A new project. Only the name is required. Names need not be unique."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Garden", "color": "#2E8B57"}]})

    external_id: ExternalId | None = Field(
        default=None,
        description="Your own key for the project, unique among your projects. A second create with the same key "
        "returns the existing project.",
    )


@partial_of(ProjectFields)
class ProjectUpdate(RequestModel, ignores=ProjectPublic.__annotations__):
    """Some fields of a project. Absent fields stay, and null clears the colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"archived": True}]})


class ProjectQuery(RequestModel):
    """Which projects to list."""

    archived: Annotated[
        ArchivedFilter,
        Field(description="`true`: the archived projects alone. `all`: all projects. Default: those not archived."),
    ] = "false"


class DeletionQuery(RequestModel):
    """Whether the tasks of a deleted project are deleted or kept."""

    children: Annotated[
        Children,
        Field(description="`delete`: its tasks are deleted with it. `keep`: they move to the inbox. Default: delete."),
    ] = "delete"
