"""History: who changed which field from what to what (HIS-001 to HIS-005)."""

from typing import cast
from uuid import UUID

from pydantic_core import from_json

from todo.core.clock import attach_utc
from todo.core.database.session import Row, Session
from todo.schemas.changes.history import ChangeActor, ChangeEntry, ChangePage, FieldChange, HistoryQuery
from todo.services.authentication import Principal
from todo.services.history import statements
from todo.services.resources.access import readable_types
from todo.services.resources.registry import LOGGED
from todo.services.shared.cursors import read_number
from todo.services.shared.log.logged_values import public_values


async def list_changes(session: Session, principal: Principal, query: HistoryQuery) -> ChangePage:
    """Return the changes of all resources that the principal can read.

    Raises:
        InsufficientScopeError: the principal can read none.
        InvalidCursorError: the cursor is malformed.
    """
    rows = await session.fetch_all(
        statements.SELECT_CHANGES, user_id=principal.id, types=readable_types(principal), **_position(query)
    )
    return _page(rows, query)


async def list_changes_of(session: Session, user_id: UUID, type_: str, id_: int, query: HistoryQuery) -> ChangePage:
    """Return the changes of a resource, which may be deleted.

    Raises:
        NotFoundError: the resource never existed, or belongs to another user.
        InvalidCursorError: the cursor is malformed.
    """
    rows = await session.fetch_all(
        statements.SELECT_CHANGES_OF, user_id=user_id, type=type_, id=id_, **_position(query)
    )
    if not rows:
        await LOGGED[type_].get(session, user_id, id_)
    return _page(rows, query)


def _position(query: HistoryQuery) -> dict[str, int]:
    return {"seq": read_number(query.cursor), "limit": query.limit + 1}


def _page(rows: list[Row], query: HistoryQuery) -> ChangePage:
    items = [_entry(row) for row in rows[: query.limit]]
    return ChangePage(items=items, next_cursor=str(items[-1]["seq"]) if len(rows) > query.limit else None)


def _entry(row: Row) -> ChangeEntry:
    return cast(
        "ChangeEntry",
        {name: row[name] for name in ("seq", "batch", "action", "type", "id", "undone_by")}
        | {"at": attach_utc(row["at"]), "actor": _actor(row), "fields": _fields(row)},
    )


def _actor(row: Row) -> ChangeActor:
    if row["login_session_id"] is not None:
        return ChangeActor(kind="login_session", id=str(row["login_session_id"]), name=row["actor_name"])
    if row["access_token_id"] is not None:
        return ChangeActor(kind="access_token", id=str(row["access_token_id"]), name=row["actor_name"])
    return ChangeActor(kind="system", id=None, name=None)


def _fields(row: Row) -> dict[str, FieldChange] | None:
    """Return the changed fields of a change, or None if they were purged."""
    if row["before"] is None and row["after"] is None:
        return None
    table = LOGGED[row["type"]].table
    before, after = (public_values(table, from_json(row[name] or "{}")) for name in ("before", "after"))
    return {name: FieldChange(before=before.get(name), after=after.get(name)) for name in {**before, **after}}
