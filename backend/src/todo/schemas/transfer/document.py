"""The document of an import, and how it is imported."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, PlainValidator, model_validator

from todo.core.json_rows import JsonRows
from todo.domain.dates.days import Day
from todo.domain.identifiers import BodyId
from todo.domain.rules import Raises, errors_of
from todo.domain.tag import TagReferences
from todo.domain.transfer import (
    CompletedAt,
    InvalidOccurrenceError,
    Place,
    RecordNumber,
    RowNumber,
    RowPosition,
    Timestamp,
)
from todo.schemas.projects.project import ProjectCreate
from todo.schemas.projects.section import SectionCreate
from todo.schemas.request import RequestModel
from todo.schemas.tag import TagWrite
from todo.schemas.tasks.task import NewTask

FORMAT = "todo-export"
VERSION = 1
OF_THE_SERVICE = ("user_id", "version", "updated_at")
"""Fields of rows that the service sets itself."""
ID_TEXT = "The id in the document. Other rows refer to it. The new row gets an id of its own."
POSITION_TEXT = "New rows come after the existing ones, in the order of this key."
CREATED_TEXT = "When the row was created. Null: now."


class ImportQuery(RequestModel):
    """How to import."""

    dry_run: Annotated[
        bool, Field(description="If true, nothing is written, and the report tells what would be. Default: false.")
    ] = False
    atomic: Annotated[
        bool,
        Field(
            description="Whether one invalid row prevents all writes. If false, valid rows are written. Default: true."
        ),
    ] = True


class ImportedTag(TagWrite, ignores=OF_THE_SERVICE):
    """A tag. A tag of the same name is that tag."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, "name": "home", "color": "#FF5733"}]})

    id: RowNumber = Field(description=ID_TEXT)


class ImportedProject(ProjectCreate, ignores=OF_THE_SERVICE):
    """A project."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 5, "name": "Garden"}]})

    id: RowNumber = Field(description=ID_TEXT)
    position: RowPosition = Field(default="", description=POSITION_TEXT)
    created_at: Timestamp | None = Field(default=None, description=CREATED_TEXT)


class ImportedSection(SectionCreate, ignores=OF_THE_SERVICE):
    """A section of a project of the document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 9, "project_id": 5, "name": "Waiting"}]})

    id: RowNumber = Field(description=ID_TEXT)
    project_id: BodyId = Field(description="The id of a project of the document.")
    position: RowPosition = Field(default="", description=POSITION_TEXT)
    created_at: Timestamp | None = Field(default=None, description=CREATED_TEXT)


class ImportedTask(NewTask, ignores=OF_THE_SERVICE):
    """A task. Its project, its section and its tags are those with these ids in the document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 42, "title": "Water the plants"}]})

    id: RowNumber = Field(description=ID_TEXT)
    tags: TagReferences = Field(
        default_factory=list, description="All tags of the task: ids or names of tags of the document.", examples=[[7]]
    )
    position: RowPosition = Field(default="", description=POSITION_TEXT)
    created_at: Timestamp | None = Field(default=None, description=CREATED_TEXT)
    completed_at: CompletedAt | None = Field(default=None, description="When the task was completed.")
    recurrence_start: Place | None = Field(default=None, description="The first date of the series.")


class ImportedOccurrence(RequestModel):
    """A recorded occurrence of a task of the document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "task_id": 42,
                    "number": 1,
                    "position": 1,
                    "due_day": "2026-12-01",
                    "completed_at": "2026-12-01T17:42:11Z",
                    "status": "completed",
                    "place": "2026-12-01",
                    "next_place": "2026-12-02",
                }
            ]
        }
    )

    task_id: RowNumber = Field(description="The id of a task of the document.")
    number: RecordNumber
    position: RecordNumber = Field(description="How many dates of the series were used up.")
    due_date: Timestamp | None = None
    due_day: Day | None = None
    completed_at: Timestamp | None = None
    status: Literal["completed", "skipped"]
    place: Place
    next_place: Place | None = None

    @model_validator(mode="after")
    def _check_due(self) -> Self:
        is_completed = self.completed_at is not None
        if (self.due_date is None) == (self.due_day is None) or (self.status == "completed") != is_completed:
            raise InvalidOccurrenceError
        return self


def _check_rows(value: object) -> JsonRows:
    if not isinstance(value, JsonRows):
        raise ValueError("Input should be a valid list")  # noqa: TRY004 -- pydantic collects ValueErrors only
    return value


Tags = Annotated[
    JsonRows, PlainValidator(_check_rows, json_schema_input_type=list[ImportedTag]), Raises(*errors_of(ImportedTag))
]
Projects = Annotated[
    JsonRows,
    PlainValidator(_check_rows, json_schema_input_type=list[ImportedProject]),
    Raises(*errors_of(ImportedProject)),
]
Sections = Annotated[
    JsonRows,
    PlainValidator(_check_rows, json_schema_input_type=list[ImportedSection]),
    Raises(*errors_of(ImportedSection)),
]
Tasks = Annotated[
    JsonRows, PlainValidator(_check_rows, json_schema_input_type=list[ImportedTask]), Raises(*errors_of(ImportedTask))
]
Occurrences = Annotated[
    JsonRows,
    PlainValidator(_check_rows, json_schema_input_type=list[ImportedOccurrence]),
    Raises(*errors_of(ImportedOccurrence), InvalidOccurrenceError),
]
CountedRows = Annotated[JsonRows, PlainValidator(_check_rows, json_schema_input_type=list[Any])]


class ImportDocument(RequestModel, ignores=("exported_at", "user")):
    """A document as the export gives it. The service validates the rows later, one after the other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": FORMAT,
                    "version": VERSION,
                    "epoch": "9f2c1d34-6f0b-4a57-9a55-3f0c8d1b2e77",
                    "tags": [{"id": 7, "name": "home"}],
                    "projects": [{"id": 5, "name": "Garden"}],
                    "tasks": [{"id": 42, "title": "Water the plants", "project_id": 5, "tags": [7]}],
                }
            ]
        }
    )

    format: Literal["todo-export"]
    version: Literal[1]
    epoch: UUID = Field(
        description="Names the source of the document. A row without an external id gets one from the epoch and its "
        "id, so a second import changes nothing."
    )
    tags: Tags = Field(default_factory=JsonRows)
    projects: Projects = Field(default_factory=JsonRows)
    sections: Sections = Field(default_factory=JsonRows)
    tasks: Tasks = Field(default_factory=JsonRows)
    occurrences: Occurrences = Field(default_factory=JsonRows)
    filters: CountedRows = Field(default_factory=JsonRows, description="Not imported. The report has their number.")
    trash: CountedRows = Field(default_factory=JsonRows, description="Not imported. The report has their number.")
