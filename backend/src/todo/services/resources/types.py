"""The shape of a type of resources: how sync, history, undo and trash read and write it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from todo.core.database.session import Session
from todo.services.authentication import Principal
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer

Found = Mapping[int | None, Any]
"""Resources by id; the account has the id None."""
ReadByIds = Callable[[Session, UUID, Sequence[Any], datetime], Awaitable[Found]]
ReadAfter = Callable[[Session, UUID, int, int, datetime], Awaitable[Found]]
Get = Callable[[Session, UUID, int], Awaitable[Mapping[str, Any]]]
WriteAll = Callable[[Writer, Sequence[Reverted]], Awaitable[None]]
ListByIds = Callable[[Session, UUID, Sequence[int]], Awaitable[Sequence[Any]]]
ListAfter = Callable[[Session, UUID, int, int], Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class Resource:
    """A type of resources in sync.

    Attributes:
        type: its name in the change log and in sync.
        read_scope: the scope that reads it.
        read_by_ids: returns the existing resources among some ids.
        read_after: returns a number of resources in the order of their ids, after an id.
    """

    type: str
    read_scope: str
    read_by_ids: ReadByIds
    read_after: ReadAfter


@dataclass(frozen=True, kw_only=True)
class LoggedResource(Resource):
    """A type of resources whose changes can be undone.

    Attributes:
        write_scope: the scope that writes it.
        table: has the columns of its fields.
        fields: the fields of a new resource in the log.
        name: the field that names a resource in the trash.
        get: returns an existing resource, or raises its `NotFoundError`.
        restore: inserts deleted resources.
        revert: writes fields of existing resources.
        remove: deletes resources.
        reverts_all_fields: whether `revert` needs all fields, not the changed ones alone.
    """

    write_scope: str
    table: Table
    fields: Sequence[str]
    name: str
    get: Get
    restore: WriteAll
    revert: WriteAll
    remove: WriteAll
    reverts_all_fields: bool = False

    def require_write(self, principal: Principal) -> None:
        """Check that the principal may write resources of this type.

        Raises:
            InsufficientScopeError: it may not.
        """
        principal.require_scope(self.write_scope)


def by_ids(list_by_ids: ListByIds) -> ReadByIds:
    """Return a `read_by_ids` for the list function of a service."""

    async def read_by_ids(session: Session, user_id: UUID, ids: Sequence[int], _now: datetime) -> Found:
        return {resource["id"]: resource for resource in await list_by_ids(session, user_id, ids)}

    return read_by_ids


def after(list_after: ListAfter) -> ReadAfter:
    """Return a `read_after` for the list function of a service."""

    async def read_after(session: Session, user_id: UUID, after_id: int, limit: int, _now: datetime) -> Found:
        return {resource["id"]: resource for resource in await list_after(session, user_id, after_id, limit)}

    return read_after
