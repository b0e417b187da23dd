"""Sync in requests and responses."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from todo.domain.changes import SYNC_LIMIT_MAX, WAIT_MAX_SECONDS, SyncTokenText, WaitSeconds
from todo.domain.listing import PositiveInt
from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
from todo.schemas.request import RequestModel
from todo.schemas.saved_filter import FilterPublic
from todo.schemas.tag import TagPublic
from todo.schemas.tasks.task import TaskPublic
from todo.schemas.user import UserPublic

SYNCED_EXAMPLE = [
    {
        "type": "tag",
        "id": 7,
        "deleted": False,
        "data": {
            "id": 7,
            "name": "home",
            "color": "#2E8B57",
            "user_id": "0b1f6f0e-6f2f-4a57-9c3e-2d9b6f0c7a11",
            "version": 2,
        },
    }
]
NEXT_EXAMPLE = "VKBM6-qDzEU4uRDoZA9Mcm8tHAsfDkpXnD4tm28MehEAAAAAAAAAKgAAAAAAAAAA"


class SyncQuery(RequestModel):
    """Which changes to return, how many, and how long to wait for them."""

    since: Annotated[
        SyncTokenText | None,
        Field(description="The `next` of the page before. Without it the sync is full and returns everything."),
    ] = None
    limit: Annotated[
        PositiveInt,
        AfterValidator(lambda limit: min(limit, SYNC_LIMIT_MAX)),
        Field(
            description="Changes per page; more than 1000 counts as 1000. The changes of one request are on one page, "
            "so a page can be longer. Default: 500."
        ),
    ] = 500
    wait: Annotated[
        WaitSeconds,
        Field(
            description="If nothing has changed, how many seconds the response waits for a change; more than "
            f"{WAIT_MAX_SECONDS} counts as {WAIT_MAX_SECONDS}. Default: 0."
        ),
    ] = 0


class SyncItem(TypedDict):
    """A resource that was changed."""

    id: Annotated[int | None, Field(description="The id of the resource; null for the account.", examples=[42])]
    deleted: Annotated[bool, Field(description="Whether the resource does not exist any more.", examples=[False])]


class SyncedAccount(SyncItem):
    """The account, as `GET /auth/me` returns it."""

    type: Literal["account"]
    data: UserPublic | None


class SyncedTag(SyncItem):
    """A tag, as `GET /tags/{tag_id}` returns it; null if it was deleted."""

    type: Literal["tag"]
    data: TagPublic | None


class SyncedProject(SyncItem):
    """A project, as `GET /projects/{project_id}` returns it; null if it was deleted."""

    type: Literal["project"]
    data: ProjectPublic | None


class SyncedSection(SyncItem):
    """A section, as `GET /sections/{section_id}` returns it; null if it was deleted."""

    type: Literal["section"]
    data: SectionPublic | None


class SyncedTask(SyncItem):
    """A task, as `GET /tasks/{task_id}` returns it; null if it was deleted."""

    type: Literal["task"]
    data: TaskPublic | None


class SyncedFilter(SyncItem):
    """A saved filter, as `GET /filters/{filter_id}` returns it; null if it was deleted."""

    type: Literal["filter"]
    data: FilterPublic | None


Synced = Annotated[
    SyncedAccount | SyncedTag | SyncedProject | SyncedSection | SyncedFilter | SyncedTask, Field(discriminator="type")
]


class SyncPage(TypedDict):
    """A page of resources in their current state, each once.

    Your copy is consistent when `has_more` is false.
    """

    items: list[Synced]
    next: Annotated[str, Field(description="The token for the next request.", examples=[NEXT_EXAMPLE])]
    has_more: Annotated[
        bool, Field(description="Whether more changes exist. Request the next page at once.", examples=[False])
    ]
    full: Annotated[
        bool,
        Field(
            description="Whether the page belongs to a full sync. Its pages together replace your copy.",
            examples=[False],
        ),
    ]
