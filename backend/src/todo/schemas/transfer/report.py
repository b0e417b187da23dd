"""The report about an import."""

from typing import Annotated

from pydantic import Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from todo.schemas.error import FieldError


class ImportCounts(TypedDict):
    """Numbers of rows."""

    tags: Annotated[int, Field(examples=[1])]
    projects: Annotated[int, Field(examples=[1])]
    sections: Annotated[int, Field(examples=[0])]
    tasks: Annotated[int, Field(examples=[1])]
    occurrences: Annotated[int, Field(examples=[0])]


class NotImported(TypedDict):
    """Numbers of rows that an import leaves out."""

    filters: Annotated[int, Field(examples=[0])]
    trash: Annotated[int, Field(examples=[0])]
    occurrences: Annotated[
        int, Field(examples=[0], description="Occurrences of tasks that are in the trash, or have a problem.")
    ]


COUNTS_EXAMPLE: JsonDict = {"tags": 1, "projects": 1, "sections": 0, "tasks": 1, "occurrences": 0}


class ImportReport(TypedDict):
    """The result of an import or of a dry run."""

    dry_run: Annotated[bool, Field(examples=[False])]
    created: Annotated[ImportCounts, Field(description="Rows that are new.", examples=[COUNTS_EXAMPLE])]
    existing: Annotated[
        ImportCounts, Field(description="Rows that existed. They stay as they are.", examples=[COUNTS_EXAMPLE])
    ]
    failed: Annotated[
        ImportCounts, Field(description="Rows with a problem. They are not written.", examples=[COUNTS_EXAMPLE])
    ]
    not_imported: Annotated[NotImported, Field(examples=[{"filters": 0, "trash": 0, "occurrences": 0}])]
    errors: Annotated[
        list[FieldError],
        Field(
            description="The first 100 problems, each with its place.",
            examples=[
                [
                    {
                        "field": "tasks.17.title",
                        "detail": "Title is required and must be 1-200 characters",
                        "code": "INVALID_TITLE",
                    }
                ]
            ],
        ),
    ]
