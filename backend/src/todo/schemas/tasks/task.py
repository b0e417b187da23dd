"""Tasks in requests and responses."""

from datetime import date, datetime
from typing import Annotated, NotRequired
from uuid import UUID

from pydantic import ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from todo.domain.dates.days import Day
from todo.domain.dates.due import DueDate, DueDay, DueTimeZone
from todo.domain.identifiers import BodyId, ExternalId
from todo.domain.recurrence.rule import RecurrenceBasis, RecurrenceRule
from todo.domain.rules import COMPONENT
from todo.domain.tag import TagReferences
from todo.domain.task import Completed, Description, EstimatedMinutes, Priority, Title
from todo.schemas.partial import partial_of
from todo.schemas.projects.project import POSITION_TEXT
from todo.schemas.request import RequestModel
from todo.schemas.tag import TagOfTask

NULL_IF_ABSENT = ("description", "due_date", "recurrence_rule")
"""The optional fields that a PUT clears if they are absent. It leaves all other optional fields as they are."""
DUE_DATE_TEXT = (
    "An instant. Without an offset it is a time on the clock of `due_time_zone`, or in UTC without a zone. It clears "
    "`due_day`. For a day without a time, use `due_day`."
)
EXAMPLE: JsonDict = {
    "title": "Water the plants",
    "description": "The ferns too",
    "priority": "high",
    "due_date": "2026-12-01T18:00:00Z",
    "completed": False,
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,TH",
}

EXAMPLE_OF_A_DAY: JsonDict = {
    "title": "Hand in the form",
    "due_day": "2026-12-01",
    "start_day": "2026-11-20",
    "deadline_day": "2026-12-24",
    "estimated_minutes": 30,
}

EXAMPLE_OF_A_TREE: JsonDict = {
    "title": "Move house",
    "subtasks": [{"title": "Pack", "subtasks": [{"title": "Buy boxes"}]}, {"title": "Hand over the keys"}],
}


class SubtaskCounts(TypedDict):
    """How many direct subtasks a task has, and how many of them are completed."""

    total: Annotated[int, Field(examples=[3])]
    completed: Annotated[int, Field(examples=[1])]


class TaskPublic(TypedDict):
    """A task with its tags, ordered by name. Times are in UTC.

    The version increases with every change of the task and of the list of its tags. The ETag is the version and a
    digest of the tags. On a single task with subtasks it also has their counts.
    """

    id: Annotated[int, Field(examples=[42])]
    title: Annotated[str, Field(examples=["Water the plants"])]
    description: Annotated[str | None, Field(examples=["The ferns too"])]
    completed: Annotated[bool, Field(examples=[False])]
    priority: Priority
    due_date: Annotated[datetime | None, Field(examples=["2026-12-01T18:00:00Z"])]
    due_day: Annotated[date | None, Field(examples=[None], description="A day without a time and without a zone.")]
    due_time_zone: Annotated[
        str | None, Field(examples=["Europe/Berlin"], description="The zone on whose clock `due_date` is a time.")
    ]
    start_day: Annotated[date | None, Field(examples=["2026-11-28"])]
    deadline_day: Annotated[date | None, Field(examples=["2026-12-24"])]
    estimated_minutes: Annotated[int | None, Field(examples=[45])]
    recurrence_rule: Annotated[str | None, Field(examples=["FREQ=WEEKLY;BYDAY=MO,TH"])]
    recurrence_basis: Annotated[
        RecurrenceBasis, Field(description="Whether the next date follows from the due or from the completion.")
    ]
    recurrence_start: Annotated[
        str | None,
        Field(
            examples=["2026-11-30T18:00:00"],
            description="The first date of the series: a day, or a time on the clock of `due_time_zone` or of UTC. "
            "Null until an occurrence is recorded.",
        ),
    ]
    project_id: Annotated[int | None, Field(examples=[5], description="Null for a task of the inbox.")]
    section_id: Annotated[int | None, Field(examples=[9], description="Null for a task without a section.")]
    parent_id: Annotated[
        int | None,
        Field(examples=[None], description="The task that this one is a subtask of. Null for none."),
    ]
    position: Annotated[str, Field(examples=["i000000000000002a"], description=POSITION_TEXT)]
    external_id: Annotated[str | None, Field(examples=["import-7"])]
    user_id: UUID
    version: Annotated[int, Field(examples=[1])]
    created_at: datetime
    updated_at: datetime
    completed_at: Annotated[
        datetime | None,
        Field(examples=[None], description="Null for a pending task, and for a completion before this field existed."),
    ]
    tags: list[TagOfTask]
    subtask_counts: NotRequired[
        Annotated[SubtaskCounts, Field(description="On a single task that has subtasks, and in lists that include it.")]
    ]


class TaskFields(RequestModel):
    """The fields that a client can create and change."""

    title: Title
    description: Description | None = None
    priority: Priority = Field(default="medium", description="`medium` if absent.")
    due_date: Annotated[DueDate | None, Field(description=DUE_DATE_TEXT)] = None
    due_day: Annotated[DueDay | None, Field(description="A day. It clears `due_date` and `due_time_zone`.")] = None
    due_time_zone: Annotated[
        DueTimeZone | None,
        Field(description="An IANA time zone. `due_date` keeps its time on the clock of the zone when it repeats."),
    ] = None
    start_day: Annotated[Day | None, Field(description="The day from which the task can be done.")] = None
    deadline_day: Annotated[Day | None, Field(description="The day after which the task is too late.")] = None
    estimated_minutes: EstimatedMinutes | None = None
    completed: Completed = Field(default=False, description="`false` if absent.")
    recurrence_rule: RecurrenceRule | None = None
    recurrence_basis: RecurrenceBasis = Field(
        default="due",
        description="Whether the next date follows from the `due` or from the day of `completion`. `due` if absent.",
    )
    project_id: Annotated[
        BodyId | None, Field(description="The project of the task, or null for the inbox. A new task comes last.")
    ] = None
    section_id: Annotated[
        BodyId | None,
        Field(description="The section of the task, or null for none. The task comes into the project of the section."),
    ] = None
    parent_id: Annotated[
        BodyId | None,
        Field(
            description="The task that this one is a subtask of, or null for none. A subtask is in the project and the "
            "section of its parent, and its own subtasks move with it. There are at most 10 levels."
        ),
    ] = None
    tags: TagReferences = Field(
        default_factory=list,
        description="All tags of the task: ids, names, or tags as they were read. A new name creates a tag, for which "
        "a personal access token needs `tags:write`.",
        examples=[[7, "home"]],
    )


class NewTask(TaskFields):
    """A new task, without subtasks."""

    external_id: ExternalId | None = Field(
        default=None,
        description="Your own key for the task, unique among your tasks. A second create with the same key returns "
        "the existing task.",
    )


class TaskCreate(NewTask):
    """A new task. Only the title is required.

    `subtasks` creates a whole tree, to 10 levels and with 1000 tasks at most in a request.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, EXAMPLE_OF_A_DAY, EXAMPLE_OF_A_TREE]})

    # The service validates the subtasks later, in batches.
    subtasks: Annotated[list[object], WithJsonSchema({"type": "array", "items": {COMPONENT: "TaskCreate"}})] = Field(
        default_factory=list,
        description="New subtasks in their order, which can have subtasks too. They are in the project and the section "
        "of the task. If a task with this `external_id` exists, none of them is created.",
    )


@partial_of(TaskFields, without=["title", "priority", "completed", *NULL_IF_ABSENT])
class TaskReplace(TaskFields, ignores=TaskPublic.__annotations__):
    """A whole task. `description`, `due_date` and `recurrence_rule` become null if they are absent.

    All other optional fields stay if they are absent, and null clears them.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    priority: Priority
    completed: Completed


@partial_of(TaskReplace)
class TaskUpdate(RequestModel):
    """Some fields of a task. Absent fields stay, and null clears an optional field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"completed": True, "due_date": None}]})
