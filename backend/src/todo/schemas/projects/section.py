"""Sections in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.identifiers import ExternalId
from todo.domain.projects.project import Children
from todo.domain.projects.section import SectionName
from todo.schemas.partial import partial_of
from todo.schemas.projects.project import POSITION_TEXT
from todo.schemas.request import RequestModel


class SectionPublic(TypedDict):
    """A section of a project. Its version grows with every change and is the value of its ETag. Times are in UTC."""

    id: Annotated[int, Field(examples=[9])]
    project_id: Annotated[int, Field(examples=[5])]
    name: Annotated[str, Field(examples=["Waiting"])]
    position: Annotated[str, Field(examples=["i0000000000000009"], description=POSITION_TEXT)]
    external_id: Annotated[str | None, Field(examples=["import-7"])]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime


class SectionFields(RequestModel):
    """The fields that a client can create and change."""

    name: SectionName


class SectionCreate(SectionFields):
    """A new section. Names need not be unique."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Waiting"}]})

    external_id: ExternalId | None = Field(
        default=None,
        description="Your own key for the section, unique among your sections. A second create with the same key "
        "returns the existing section.",
    )


@partial_of(SectionFields)
class SectionUpdate(RequestModel, ignores=SectionPublic.__annotations__):
    """Some fields of a section. Absent fields stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Waiting for others"}]})


class SectionDeletionQuery(RequestModel):
    """Whether the tasks of a deleted section are deleted or kept."""

    children: Annotated[
        Children,
        Field(description="`keep`: its tasks stay in the project. `delete`: they are deleted with it. Default: keep."),
    ] = "keep"
