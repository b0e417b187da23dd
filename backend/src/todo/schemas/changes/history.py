"""History and undo in requests and responses."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, Strict
from typing_extensions import TypedDict

from todo.schemas.changes.resources import SYNCED_EXAMPLE, Synced
from todo.schemas.page import CursorQuery
from todo.schemas.request import RequestModel


class HistoryQuery(CursorQuery):
    """Which part of a history to return."""


class ChangeActor(TypedDict):
    """The author of a change: a login session, a personal access token, or the service itself."""

    kind: Annotated[Literal["login_session", "access_token", "system"], Field(examples=["login_session"])]
    id: Annotated[str | None, Field(examples=["0b1f6f0e-6f2f-4a57-9c3e-2d9b6f0c7a11"])]
    name: Annotated[
        str | None,
        Field(
            description="The user agent of the login session, or the name of the token. Null if it is gone.",
            examples=["Firefox"],
        ),
    ]


class FieldChange(TypedDict):
    """The old and the new value of a field. Tags and tasks are lists of ids, and occurrences are records by number."""

    before: Any
    after: Any


class ChangeEntry(TypedDict):
    """A change of one resource."""

    seq: Annotated[int, Field(description="The number of the change.", examples=[17])]
    batch: Annotated[int, Field(description="The number of the first change of the same request.", examples=[17])]
    at: datetime
    action: Annotated[
        Literal["create", "update", "delete", "restore", "complete", "skip"],
        Field(
            description="`restore` puts a deleted resource back. `complete` and `skip` are about an occurrence of a "
            "repeating task.",
            examples=["update"],
        ),
    ]
    type: Annotated[str, Field(examples=["task"])]
    id: Annotated[int, Field(examples=[42])]
    actor: ChangeActor
    fields: Annotated[
        dict[str, FieldChange] | None,
        Field(
            description="The changed fields. Null if they were purged.",
            examples=[{"title": {"before": "Water", "after": "Water the plants"}}],
        ),
    ]
    undone_by: Annotated[
        int | None, Field(description="The number of the change that undid this one.", examples=[None])
    ]


class ChangePage(TypedDict):
    """Changes, the newest first."""

    items: list[ChangeEntry]
    next_cursor: Annotated[
        str | None, Field(examples=[None], description="The `cursor` of the next page; null on the last page.")
    ]


class UndoRequest(RequestModel):
    """How to undo a request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"force": False}]})

    force: Annotated[
        bool,
        Strict(),
        Field(description="Whether to undo it although fields were changed since. `false` if absent."),
    ] = False


class UndoResult(TypedDict):
    """The result of an undo."""

    seq: Annotated[
        int | None,
        Field(description="The number of the first change of the undo. Null if nothing differed.", examples=[18]),
    ]
    undoes: Annotated[int, Field(description="The `batch` of the request that was undone.", examples=[17])]
    items: Annotated[list[Synced], Field(description="The current state of the resources.", examples=[SYNCED_EXAMPLE])]
