"""Quick add in requests and responses."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.quick_add.text import DryRun, QuickLanguage, QuickText
from todo.domain.recurrence.rule import RecurrenceBasis
from todo.domain.task import Priority
from todo.schemas.error import ErrorCode
from todo.schemas.request import RequestModel
from todo.schemas.tasks.task import TaskPublic


class QuickAdd(RequestModel):
    """A line of text that describes a task."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Pay rent every 1st at 9am #Home @money p1", "dry_run": True, "language": "en"},
                {"text": "Miete zahlen jeden 1. um 9 Uhr"},
            ]
        }
    )

    text: Annotated[
        QuickText,
        Field(
            description="The title, with words for the due, repetition, `#project`, `@tag`, `p1`, `{deadline}` and "
            "`for 30min`. The page of tasks in the documentation has the table. All other words stay in the title."
        ),
    ]
    dry_run: Annotated[
        DryRun, Field(description="If true, nothing is written, and the response shows the task. Default: false.")
    ] = False
    language: Annotated[
        QuickLanguage | None, Field(description="The only language of the text. Null: English and German.")
    ] = None


class TaskDraft(TypedDict):
    """The task of a dry run, which can be sent to `POST /tasks`."""

    title: Annotated[str, Field(examples=["Pay rent"])]
    priority: Priority
    due_date: Annotated[datetime | None, Field(examples=["2026-12-01T08:00:00Z"])]
    due_day: Annotated[date | None, Field(examples=[None])]
    due_time_zone: Annotated[str | None, Field(examples=["Europe/Berlin"])]
    deadline_day: Annotated[date | None, Field(examples=["2026-12-24"])]
    estimated_minutes: Annotated[int | None, Field(examples=[45])]
    recurrence_rule: Annotated[str | None, Field(examples=["FREQ=MONTHLY;BYMONTHDAY=1"])]
    recurrence_basis: RecurrenceBasis
    project_id: Annotated[int | None, Field(examples=[5])]
    tags: Annotated[list[str], Field(examples=[["money"]], description="The names of the tags, also of new ones.")]


class QuickPart(TypedDict):
    """A part of the text, and the field of the task that it sets. Places are in characters (code points)."""

    field: Annotated[str, Field(examples=["priority"], description="The name of the field.")]
    value: Annotated[
        int | str,
        Field(examples=["high"], description="The value of the field, as in the task; for `tags` the name of one tag."),
    ]
    start: Annotated[int, Field(examples=[39], description="The place of the first character, from 0.")]
    end: Annotated[int, Field(examples=[41], description="The place behind the last character.")]


class QuickUnresolved(QuickPart):
    """A name that stays in the title. The value is the name."""

    code: Annotated[ErrorCode, Field(description="The error that the name would cause, such as `PROJECT_NOT_FOUND`.")]


class QuickParts(TypedDict):
    """The parts of a text that set fields, in their order, and the names that stay in the title."""

    understood: list[QuickPart]
    unresolved: list[QuickUnresolved]


class QuickDraftPublic(QuickParts):
    """The task of a text, before it is created."""

    task: TaskDraft


class QuickAddPublic(QuickParts):
    """The task that was created from a text."""

    task: TaskPublic
