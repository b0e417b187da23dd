"""Occurrences of repeating tasks in requests and responses."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, Strict
from typing_extensions import TypedDict

from todo.domain.listing import PAGE_LIMIT_MAX, PositiveInt
from todo.domain.recurrence.occurrence import NamedDue
from todo.schemas.page import CursorQuery
from todo.schemas.request import RequestModel
from todo.schemas.tasks.task import TaskPublic


class OccurrenceRequest(RequestModel):
    """Which occurrence to skip, and what happens to the subtasks. Without a body it is the current one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"occurrence": "2026-12-01T18:00:00Z"}]})

    occurrence: Annotated[
        NamedDue | None,
        Field(
            description="The `due_date` or the `due_day` that you saw. If this occurrence is recorded already, nothing "
            "changes, so two devices make one record. Null: the current occurrence."
        ),
    ] = None
    reopen_subtasks: Annotated[
        bool,
        Strict(),
        Field(
            description="Whether the completed subtasks at all levels are opened if the task moves to its next date. "
            "`true` if absent."
        ),
    ] = True


class CompletionRequest(OccurrenceRequest):
    """Which occurrence to complete, and what happens to the subtasks. Without a body it is the current one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"occurrence": "2026-12-01T18:00:00Z", "with_subtasks": True}]}
    )

    with_subtasks: Annotated[
        bool,
        Strict(),
        Field(
            description="Whether the open subtasks at all levels are completed. A subtask that repeats is completed as "
            "a whole series. If the task moves to its next date, they stay open unless `reopen_subtasks` is false. "
            "`false` if absent."
        ),
    ] = False


class OccurrenceDue(TypedDict):
    """When an occurrence is due: on a day or at an instant. The other field is null."""

    due_date: Annotated[datetime | None, Field(examples=["2026-12-01T18:00:00Z"])]
    due_day: Annotated[date | None, Field(examples=[None])]


class OccurrencePublic(OccurrenceDue):
    """A recorded occurrence."""

    completed_at: Annotated[
        datetime | None, Field(description="Null for a skipped occurrence.", examples=["2026-12-01T17:42:11Z"])
    ]
    status: Annotated[Literal["completed", "skipped"], Field(examples=["completed"])]


class OccurrenceExported(OccurrencePublic):
    """A recorded occurrence with its place in the series, for the export."""

    task_id: int
    number: int
    position: int
    place: str
    next_place: str | None


class OccurrenceResult(TypedDict):
    """The task after the request, and the occurrence that is recorded.

    The occurrence is null for a task that does not repeat, and for a series that was completed as a whole.
    """

    task: TaskPublic
    occurrence: OccurrencePublic | None


class OccurrenceQuery(CursorQuery):
    """Which part of the recorded occurrences to return."""


class OccurrencePage(TypedDict):
    """Recorded occurrences, the last recorded first."""

    items: list[OccurrencePublic]
    next_cursor: Annotated[
        str | None, Field(examples=[None], description="The `cursor` of the next page; null on the last page.")
    ]


class UpcomingQuery(RequestModel):
    """How many occurrences to preview."""

    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, PAGE_LIMIT_MAX)),
        Field(description=f"Occurrences; more than {PAGE_LIMIT_MAX} counts as {PAGE_LIMIT_MAX}. Default: 10."),
    ] = 10


class UpcomingOccurrences(TypedDict):
    """The current occurrence and those after it, if each is completed at its due."""

    items: list[OccurrenceDue]
