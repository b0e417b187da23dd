"""Which resources a principal can read, and their current state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from todo.core.database.session import Session
from todo.domain.projects.position import key_of_id
from todo.schemas.changes.resources import Synced
from todo.services.authentication import InsufficientScopeError, Principal
from todo.services.resources.registry import LOGGED, RESOURCES
from todo.services.resources.types import Resource
from todo.services.tasks.write_statements import TASK

ResourceKey = tuple[str, int | None]
"""The type and the id of a resource; the account has the id None."""


def readable_resources(principal: Principal) -> list[Resource]:
    """Return the types that the principal can read.

    Raises:
        InsufficientScopeError: it can read none.
    """
    return _readable(principal, RESOURCES)


def readable_types(principal: Principal) -> list[str]:
    """Return the names of the logged types that the principal can read.

    Raises:
        InsufficientScopeError: it can read none.
    """
    return [resource.type for resource in _readable(principal, LOGGED.values())]


def _readable(principal: Principal, resources: Iterable[Resource]) -> list[Resource]:
    readable = [resource for resource in resources if principal.has_scope(resource.read_scope)]
    if not readable:
        raise InsufficientScopeError
    return readable


def shown_keys(principal: Principal, keys: Iterable[ResourceKey]) -> list[ResourceKey]:
    """Return the keys of the resources that the principal may read or write, each once, in their order."""
    shown = {
        resource.type
        for resource in LOGGED.values()
        if principal.has_scope(resource.read_scope) or principal.has_scope(resource.write_scope)
    }
    return [key for key in dict.fromkeys(keys) if key[0] in shown]


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


def entry_fields(type_: str, id_: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a created or restored resource. Fields that are not in the log are null.

    A position that is not in the log follows from the id.
    """
    empty: dict[str, Any] = dict.fromkeys(LOGGED[type_].fields)
    if "position" in empty:
        empty["position"] = key_of_id(id_)
    return empty | ({"tags": []} if type_ == TASK else {}) | dict(fields)
