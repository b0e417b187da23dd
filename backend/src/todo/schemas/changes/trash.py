"""The trash in requests and responses."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from todo.schemas.changes.resources import SYNCED_EXAMPLE, Synced


class TrashEntry(TypedDict):
    """A deleted resource."""

    seq: Annotated[int, Field(description="The number of the deletion, which names the entry.", examples=[17])]
    type: Annotated[str, Field(examples=["task"])]
    id: Annotated[int, Field(examples=[42])]
    name: Annotated[str, Field(description="The title of the task, or the name.", examples=["Water"])]
    deleted_at: datetime
    purge_at: Annotated[datetime, Field(description="When the entry disappears.")]
    contains: Annotated[
        dict[str, int],
        Field(description="How many resources of each type were deleted with it, without itself.", examples=[{}]),
    ]


class ExportedTrashEntry(TrashEntry):
    """A deleted resource with its fields, its tags or tasks as ids."""

    fields: dict[str, Any]


class TrashPage(TypedDict):
    """Deleted resources, the last deleted first."""

    items: list[TrashEntry]
    next_cursor: Annotated[
        str | None, Field(examples=[None], description="The `cursor` of the next page; null on the last page.")
    ]


class RestoreResult(TypedDict):
    """The result of a restoration."""

    items: Annotated[
        list[Synced],
        Field(description="The restored resources, and those that refer to them.", examples=[SYNCED_EXAMPLE]),
    ]
    left_out: Annotated[
        list[str],
        Field(description="What could not come back, such as a tag of a task that is gone.", examples=[["tag.7"]]),
    ]
