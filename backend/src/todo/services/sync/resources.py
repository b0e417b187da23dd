"""The types of resources in sync. A new type is an entry of RESOURCES, and its shape in `todo.schemas.changes.sync`."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from todo.core.database.session import Session
from todo.domain.scope import ACCOUNT_SCOPE
from todo.schemas.changes.sync import Synced
from todo.services.accounts import service as account_service
from todo.services.authentication import InsufficientScopeError, Principal
from todo.services.filters import service as filter_service
from todo.services.filters.statements import FILTER
from todo.services.projects import service as project_service
from todo.services.projects.statements import PROJECT
from todo.services.sections import service as section_service
from todo.services.sections.statements import SECTION
from todo.services.shared.log.account_log import ACCOUNT
from todo.services.tags import service as tag_service
from todo.services.tags.statements import TAG
from todo.services.tasks import service as task_service
from todo.services.tasks.write_statements import TASK

Found = Mapping[int | None, Any]
"""Resources by id; the account has the id None."""
ResourceKey = tuple[str, int | None]
"""The type and the id of a resource."""


@dataclass(frozen=True)
class Resource:
    """A type of resources.

    Attributes:
        type: its name in the change log and in sync.
        scope: the scope that reads it.
        read_by_ids: returns the existing resources among some ids.
        read_after: returns a number of resources in the order of their ids, after an id.
    """

    type: str
    scope: str
    read_by_ids: Callable[[Session, UUID, Sequence[int | None], datetime], Awaitable[Found]]
    read_after: Callable[[Session, UUID, int, int, datetime], Awaitable[Found]]


async def _read_account(session: Session, user_id: UUID, _ids: object, now: datetime) -> Found:
    account = await account_service.find_user(session, user_id, now)
    return {} if account is None else {None: account}


async def _read_account_after(session: Session, user_id: UUID, after: int, _limit: int, now: datetime) -> Found:
    return {} if after else await _read_account(session, user_id, (), now)


async def _read_tags(session: Session, user_id: UUID, ids: Sequence[Any], _now: datetime) -> Found:
    return {tag["id"]: tag for tag in await tag_service.list_tags_by_ids(session, user_id, ids)}


async def _read_tags_after(session: Session, user_id: UUID, after: int, limit: int, _now: datetime) -> Found:
    return {tag["id"]: tag for tag in await tag_service.list_tags_after(session, user_id, after, limit)}


async def _read_projects(session: Session, user_id: UUID, ids: Sequence[Any], _now: datetime) -> Found:
    return {project["id"]: project for project in await project_service.list_projects_by_ids(session, user_id, ids)}


async def _read_projects_after(session: Session, user_id: UUID, after: int, limit: int, _now: datetime) -> Found:
    projects = await project_service.list_projects_after(session, user_id, after, limit)
    return {project["id"]: project for project in projects}


async def _read_sections(session: Session, user_id: UUID, ids: Sequence[Any], _now: datetime) -> Found:
    return {section["id"]: section for section in await section_service.list_sections_by_ids(session, user_id, ids)}


async def _read_sections_after(session: Session, user_id: UUID, after: int, limit: int, _now: datetime) -> Found:
    sections = await section_service.list_sections_after(session, user_id, after, limit)
    return {section["id"]: section for section in sections}


async def _read_tasks(session: Session, user_id: UUID, ids: Sequence[Any], _now: datetime) -> Found:
    return {task["id"]: task for task in await task_service.list_tasks_by_ids(session, user_id, ids)}


async def _read_tasks_after(session: Session, user_id: UUID, after: int, limit: int, _now: datetime) -> Found:
    return {task["id"]: task for task in await task_service.list_tasks_after(session, user_id, after, limit)}


async def _read_filters(session: Session, user_id: UUID, ids: Sequence[Any], _now: datetime) -> Found:
    return {item["id"]: item for item in await filter_service.list_filters_by_ids(session, user_id, ids)}


async def _read_filters_after(session: Session, user_id: UUID, after: int, limit: int, _now: datetime) -> Found:
    return {item["id"]: item for item in await filter_service.list_filters_after(session, user_id, after, limit)}


RESOURCES = (
    Resource(ACCOUNT, ACCOUNT_SCOPE, _read_account, _read_account_after),
    Resource(TAG, "tags:read", _read_tags, _read_tags_after),
    Resource(PROJECT, "projects:read", _read_projects, _read_projects_after),
    Resource(SECTION, "projects:read", _read_sections, _read_sections_after),
    Resource(FILTER, "tasks:read", _read_filters, _read_filters_after),
    Resource(TASK, "tasks:read", _read_tasks, _read_tasks_after),
)
"""All types, in the order of a full sync."""


def readable_resources(principal: Principal) -> list[Resource]:
    """Return the types that the principal can read.

    Raises:
        InsufficientScopeError: it can read none.
    """
    readable = [resource for resource in RESOURCES if principal.has_scope(resource.scope)]
    if not readable:
        raise InsufficientScopeError
    return readable


async def read_items(session: Session, user_id: UUID, keys: Iterable[ResourceKey], now: datetime) -> list[Synced]:
    """Return the current state of resources in the given order, with one statement for each type."""
    keys = list(keys)
    ids: dict[str, list[int | None]] = defaultdict(list)
    for type_, id_ in keys:
        ids[type_].append(id_)
    found = {
        resource.type: await resource.read_by_ids(session, user_id, ids[resource.type], now)
        for resource in RESOURCES
        if resource.type in ids
    }
    return [make_item(type_, id_, found[type_].get(id_)) for type_, id_ in keys]


def make_item(type_: str, id_: int | None, data: object) -> Synced:
    """Return the item of a resource; `data` is None if the resource does not exist."""
    return cast("Synced", {"type": type_, "id": id_, "deleted": data is None, "data": data})
