"""Tasks in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from todo.domain.identifiers import ExternalId
from todo.domain.recurrence import RecurrenceRule
from todo.domain.task import Completed, Description, DueDate, Priority, Title
from todo.schemas.partial import partial_of
from todo.schemas.request import RequestModel
from todo.schemas.tag import TagOfTask

EXAMPLE: JsonDict = {
    "title": "Water the plants",
    "description": "The ferns too",
    "priority": "high",
    "due_date": "2026-12-01T18:00:00Z",
    "completed": False,
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,TH",
}


class TaskPublic(TypedDict):
    """A task with its tags, ordered by name. Times are in UTC.

    The version increases with every change of the task and of the list of its tags. The ETag is the version and a
    digest of the tags.
    """

    id: Annotated[int, Field(examples=[42])]
    title: Annotated[str, Field(examples=["Water the plants"])]
    description: Annotated[str | None, Field(examples=["The ferns too"])]
    completed: Annotated[bool, Field(examples=[False])]
    priority: Priority
    due_date: Annotated[datetime | None, Field(examples=["2026-12-01T18:00:00Z"])]
    recurrence_rule: Annotated[str | None, Field(examples=["FREQ=WEEKLY;BYDAY=MO,TH"])]
    external_id: Annotated[str | None, Field(examples=["import-7"])]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime
    tags: list[TagOfTask]


class TaskFields(RequestModel):
    """The fields that a client can create and change."""

    title: Title
    description: Description | None = None
    priority: Priority = Field(default="medium", description="`medium` if absent.")
    due_date: DueDate | None = None
    completed: Completed = Field(default=False, description="`false` if absent.")
    recurrence_rule: RecurrenceRule | None = None


class TaskCreate(TaskFields):
    """A new task. Only the title is required."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    external_id: ExternalId | None = Field(
        default=None,
        description="Your own key for the task, unique among your tasks. A second create with the same key returns "
        "the existing task.",
    )


class TaskReplace(TaskFields, ignores=TaskPublic.__annotations__):
    """A whole task. Optional fields that are absent become null."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    priority: Priority
    completed: Completed


@partial_of(TaskReplace)
class TaskUpdate(RequestModel):
    """Some fields of a task. Absent fields stay, and null clears an optional field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"completed": True, "due_date": None}]})
