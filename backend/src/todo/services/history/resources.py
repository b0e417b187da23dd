"""The types of resources in history, undo and trash. A new type is an entry of LOGGED."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from todo.core.database.session import Session
from todo.domain.projects.position import key_of_id
from todo.schemas.tag import TagWrite
from todo.services.authentication import InsufficientScopeError, Principal
from todo.services.filters import statements as filters
from todo.services.filters.service import get_filter
from todo.services.placement import deletion
from todo.services.projects import statements as projects
from todo.services.projects.service import get_project
from todo.services.projects.statements import PROJECT
from todo.services.sections import statements as sections
from todo.services.sections.service import get_section
from todo.services.sections.statements import SECTION
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.sync.resources import ResourceKey
from todo.services.tags import restore as tags
from todo.services.tags.service import get_tag
from todo.services.tags.statements import TAG, TAGS
from todo.services.tasks import restore as tasks
from todo.services.tasks.service import get_task
from todo.services.tasks.statements import TASKS
from todo.services.tasks.write_statements import LOGGED_FIELDS, TASK

Write = Callable[[Writer, Sequence[Reverted]], Awaitable[None]]
Get = Callable[[Session, UUID, int], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class LoggedResource:
    """A type of resources whose changes can be taken back.

    Attributes:
        type: its name in the change log.
        noun: its name in scopes.
        table: has the columns of its fields.
        fields: the fields of a new resource in the log.
        name: the field that names a resource in the trash.
        get: returns an existing resource, or raises its `NotFoundError`.
        restore: inserts deleted resources.
        revert: writes fields of existing resources.
        remove: deletes resources.
        reverts_all_fields: whether `revert` needs all fields, not the changed ones alone.
    """

    type: str
    noun: str
    table: Table
    fields: Sequence[str]
    name: str
    get: Get
    restore: Write
    revert: Write
    remove: Write
    reverts_all_fields: bool = False

    def require_scope(self, principal: Principal, right: str) -> None:
        """Check that the principal may `read` or `write` resources of this type.

        Raises:
            InsufficientScopeError: it may not.
        """
        principal.require_scope(f"{self.noun}:{right}")


LOGGED: Mapping[str, LoggedResource] = {
    resource.type: resource
    for resource in (
        LoggedResource(
            TAG,
            "tags",
            TAGS,
            [*TagWrite.model_fields],
            "name",
            get_tag,
            tags.restore_tags,
            tags.revert_tags,
            tags.remove_tags,
            reverts_all_fields=True,
        ),
        LoggedResource(
            PROJECT,
            "projects",
            projects.PROJECTS,
            projects.LOGGED_FIELDS,
            "name",
            get_project,
            projects.WRITES.restore_rows,
            projects.WRITES.revert_rows,
            deletion.remove_projects,
            reverts_all_fields=True,
        ),
        LoggedResource(
            SECTION,
            "projects",
            sections.SECTIONS,
            sections.LOGGED_FIELDS,
            "name",
            get_section,
            sections.RESTORES.restore_rows,
            sections.RESTORES.revert_rows,
            deletion.remove_sections,
            reverts_all_fields=True,
        ),
        LoggedResource(
            filters.FILTER,
            "tasks",
            filters.FILTERS,
            filters.LOGGED_FIELDS,
            "name",
            get_filter,
            filters.WRITES.restore_rows,
            filters.WRITES.revert_rows,
            filters.WRITES.remove_rows,
            reverts_all_fields=True,
        ),
        LoggedResource(
            TASK,
            "tasks",
            TASKS,
            LOGGED_FIELDS,
            "title",
            get_task,
            tasks.restore_tasks,
            tasks.revert_tasks,
            tasks.remove_tasks,
        ),
    )
}
"""By type. Resources are put back in this order, so that each exists before other resources refer to it."""


def readable_types(principal: Principal) -> list[str]:
    """Return the types that the principal may read.

    Raises:
        InsufficientScopeError: it may read none.
    """
    types = [resource.type for resource in LOGGED.values() if principal.has_scope(f"{resource.noun}:read")]
    if not types:
        raise InsufficientScopeError
    return types


def shown_keys(principal: Principal, keys: Iterable[ResourceKey]) -> list[ResourceKey]:
    """Return the keys of the resources that the principal may read or write, each once, in their order."""
    shown = {
        resource.type
        for resource in LOGGED.values()
        if principal.has_scope(f"{resource.noun}:read") or principal.has_scope(f"{resource.noun}:write")
    }
    return [key for key in dict.fromkeys(keys) if key[0] in shown]


def entry_fields(type_: str, id_: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a created or restored resource. Fields that are not in the log are null.

    A position that is not in the log follows from the id.
    """
    empty: dict[str, Any] = dict.fromkeys(LOGGED[type_].fields)
    if "position" in empty:
        empty["position"] = key_of_id(id_)
    return empty | ({"tags": []} if type_ == TASK else {}) | dict(fields)
