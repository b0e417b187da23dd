"""Moves in requests."""

from typing import Annotated

from pydantic import MISSING, ConfigDict, Field

from todo.domain.identifiers import BodyId
from todo.domain.projects.move import IsEnd, SiblingId
from todo.schemas.request import RequestModel


class Move(RequestModel):
    """The new place in a list: one of four. Without a place it is the last one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first": True}]})

    before: Annotated[SiblingId, Field(description="The id of the resource that comes after the place.")] = None
    after: Annotated[SiblingId, Field(description="The id of the resource that comes before the place.")] = None
    first: Annotated[IsEnd, Field(description="Whether the place is the first one. `false` if absent.")] = False
    last: Annotated[IsEnd, Field(description="Whether the place is the last one. `false` if absent.")] = False


class TaskMove(Move):
    """The new project, section or parent of a task, and its place there. Its subtasks come along.

    Without a project, a section and a parent, the task comes to the task at its place, or stays where it is. A subtask
    that moves to a project or a section leaves its parent.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"last": True}]})

    project_id: Annotated[BodyId | MISSING | None, Field(description="The project, or null for the inbox.")] = MISSING
    section_id: Annotated[
        BodyId | MISSING | None, Field(description="The section, or null for none. It decides the project.")
    ] = MISSING
    parent_id: Annotated[
        BodyId | MISSING | None,
        Field(description="The task to be a subtask of, or null for none. It decides the project and the section."),
    ] = MISSING
