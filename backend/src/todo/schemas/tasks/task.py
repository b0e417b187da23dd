"""Tasks as they travel."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import MISSING, AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from todo.domain.identifiers import ExternalId
from todo.domain.listing import PositiveInt
from todo.domain.recurrence import RecurrenceRule
from todo.domain.task import Completed, Description, DueDate, Priority, StatusFilter, TaskSort, Title
from todo.domain.text import Text
from todo.schemas.tag import TagOfTask

PAGE_LIMIT_MAX = 100
EXAMPLE: JsonDict = {
    "title": "Water the plants",
    "description": "The ferns too",
    "priority": "high",
    "due_date": "2026-12-01T18:00:00Z",
    "completed": False,
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,TH",
}


class TaskCreate(BaseModel):
    """A new task. Only the title is required."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    title: Title
    description: Description | None = None
    priority: Priority = "medium"
    due_date: DueDate | None = None
    completed: Completed = False
    recurrence_rule: RecurrenceRule | None = None
    external_id: ExternalId | None = Field(
        default=None,
        description="Your own key for the task, unique among yours. Creating it again gives the task that is there.",
    )


class TaskReplace(BaseModel):
    """A whole task: what may be empty and is absent becomes empty."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    title: Title
    description: Description | None = None
    priority: Priority
    due_date: DueDate | None = None
    completed: Completed
    recurrence_rule: RecurrenceRule | None = None


class TaskUpdate(BaseModel):
    """Any of the fields: what is absent stays, null clears what may be empty."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"completed": True, "due_date": None}]})

    title: Title | MISSING = MISSING
    description: Description | MISSING | None = MISSING
    priority: Priority | MISSING = MISSING
    due_date: DueDate | MISSING | None = MISSING
    completed: Completed | MISSING = MISSING
    recurrence_rule: RecurrenceRule | MISSING | None = MISSING


class TaskQuery(BaseModel):
    """Which tasks of the user's to list, in which order, and which page of them. Filters combine with AND."""

    page: Annotated[PositiveInt, Field(description="Counted from 1.")] = 1
    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, PAGE_LIMIT_MAX)),
        Field(description=f"Tasks per page; more than {PAGE_LIMIT_MAX} counts as {PAGE_LIMIT_MAX}."),
    ] = 20
    q: Annotated[
        Text, Field(description="Text that the title or the description contains, in any case; no wildcards.")
    ] = ""
    status: Annotated[StatusFilter, Field(description="Whether the task is done.")] = "all"
    priority: Priority | None = None
    tag: Annotated[Text, Field(description="A tag's id or its name. Digits match either; empty means no filter.")] = ""
    external_id: Annotated[ExternalId | None, Field(description="The key that you gave it.")] = None
    sort: Annotated[
        TaskSort | None,
        Field(
            description="`-` before the field sorts descending. Priority runs high, medium, low; tasks without a due "
            "date come last, or first when descending; titles ignore case. Without it: newest first."
        ),
    ] = None
    cursor: Annotated[
        Text | None,
        Field(
            description="The `next_cursor` of the answer before: goes on right after its last task, whatever was added "
            "or removed meanwhile. Takes the place of `page`; the sort must be the same."
        ),
    ] = None
    total: Annotated[
        bool, Field(description="Whether to count all tasks of the list, which takes time if they are many.")
    ] = True


class TaskPublic(TypedDict):
    """A task with its tags in the order of their names. Times are in UTC.

    Its version is its ETag, and goes up with every change of the task or of a tag on it.
    """

    id: Annotated[int, Field(examples=[42])]
    title: Annotated[str, Field(examples=["Water the plants"])]
    description: Annotated[str | None, Field(examples=["The ferns too"])]
    completed: Annotated[bool, Field(examples=[False])]
    priority: Literal["low", "medium", "high"]
    due_date: Annotated[datetime | None, Field(examples=["2026-12-01T18:00:00Z"])]
    recurrence_rule: Annotated[str | None, Field(examples=["FREQ=WEEKLY;BYDAY=MO,TH"])]
    external_id: Annotated[str | None, Field(examples=["import-7"])]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime
    tags: list[TagOfTask]
