"""The shapes of all types of resources, for sync, undo, the trash, and errors that have the current state."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
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
CurrentResource = TaskPublic | TagPublic | ProjectPublic | SectionPublic | FilterPublic
"""A resource in an error: its state when the request came too late."""
