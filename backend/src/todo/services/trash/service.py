"""The trash: deleted resources are listed, restored and purged (TRA-001 to TRA-010)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import from_json

from todo.core.clock import attach_utc, utc_now
from todo.core.database.session import Row, Session
from todo.domain.identifiers import BIGINT_MAX
from todo.schemas.changes.history import HistoryQuery
from todo.schemas.changes.trash import ExportedTrashEntry, RestoreResult, TrashEntry, TrashPage
from todo.services.authentication import Principal
from todo.services.history.resources import LOGGED, readable_types
from todo.services.history.statements import SELECT_CHANGE
from todo.services.history.undo import make_inverse, mark_undone
from todo.services.occurrences.restore import delete_occurrences
from todo.services.shared.cursors import read_number
from todo.services.shared.log.logged_values import public_values
from todo.services.shared.log.writer import Writer
from todo.services.sync.resources import ResourceKey, read_items
from todo.services.tasks.write_statements import TASK
from todo.services.trash import statements
from todo.services.trash.errors import TrashEntryNotFoundError


async def list_trash(session: Session, principal: Principal, query: HistoryQuery, retention: timedelta) -> TrashPage:
    """Return the deleted resources that the principal can read, the last deleted first.

    Raises:
        InsufficientScopeError: the principal can read none.
        InvalidCursorError: the cursor is malformed.
    """
    rows = await session.fetch_all(
        statements.SELECT_ENTRIES,
        user_id=principal.id,
        types=readable_types(principal),
        since=utc_now() - retention,
        seq=read_number(query.cursor),
        limit=query.limit + 1,
    )
    items = [_entry(row, retention) for row in rows[: query.limit]]
    return TrashPage(items=items, next_cursor=str(items[-1]["seq"]) if len(rows) > query.limit else None)


async def export_trash(session: Session, user_id: UUID, retention: timedelta) -> list[ExportedTrashEntry]:
    """Return all entries of a user's trash with the fields that were deleted."""
    rows = await session.fetch_all(
        statements.SELECT_ENTRIES,
        user_id=user_id,
        types=[*LOGGED],
        since=utc_now() - retention,
        seq=BIGINT_MAX,
        limit=BIGINT_MAX,
    )
    return [
        ExportedTrashEntry(
            **_entry(row, retention), fields=public_values(LOGGED[row["type"]].table, from_json(row["before"]))
        )
        for row in rows
    ]


async def restore(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> RestoreResult:
    """Restore a deleted resource with its id, its fields and its links.

    Raises:
        TrashEntryNotFoundError: the trash has no such entry.
        InsufficientScopeError: the principal may not write resources of this type.
        TagNameTakenError: another tag has the name.
        ExternalIdTakenError: another task has the external id.
    """
    async with writer.transaction():
        entry = await _get_entry(writer, principal, seq, retention)
        inverse = await make_inverse(writer, [entry])
        await inverse.write(writer)
        await mark_undone(writer, [entry])
        keys: list[ResourceKey] = [(entry["type"], entry["id"]), *((TASK, task_id) for task_id in inverse.tags)]
        items = await read_items(writer.session, writer.user_id, keys, utc_now())
    return RestoreResult(items=items, left_out=inverse.left_out)


async def purge(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> None:
    """Empty all changes of a deleted resource, so that nothing of its content is left.

    Raises:
        TrashEntryNotFoundError: the trash has no such entry.
        InsufficientScopeError: the principal may not write resources of this type.
    """
    async with writer.transaction():
        entry = await _get_entry(writer, principal, seq, retention)
        await _purge(writer.session, writer.user_id, entry["type"], [entry["id"]])


async def purge_all(writer: Writer, principal: Principal, retention: timedelta) -> None:
    """Purge every entry of the trash.

    Raises:
        InsufficientScopeError: the principal may not write resources of all types in the trash.
    """
    async with writer.transaction():
        rows = await writer.session.fetch_all(
            statements.SELECT_ENTRIES,
            user_id=writer.user_id,
            types=[*LOGGED],
            since=utc_now() - retention,
            seq=BIGINT_MAX,
            limit=BIGINT_MAX,
        )
        ids: dict[str, list[int]] = {}
        for row in rows:
            ids.setdefault(row["type"], []).append(row["id"])
        for type_ in ids or LOGGED:
            LOGGED[type_].require_scope(principal, "write")
        for type_, some in ids.items():
            await _purge(writer.session, writer.user_id, type_, some)


async def sweep_trash(session: Session, before: datetime) -> int:
    """Purge a batch of resources whose last deletion was before an instant.

    Returns:
        The number of users and types in the batch; 0 when no resource is left.
    """
    rows = await session.fetch_all(statements.SELECT_OLD_ENTRIES, since=before)
    for row in rows:
        await _purge(session, row["user_id"], row["type"], row["ids"])
    return len(rows)


async def sweep_changes(session: Session, before: datetime) -> bool:
    """Delete a batch of changes from before an instant, of one user.

    Returns:
        Whether there were any.
    """
    user = await session.fetch_one(statements.SELECT_OLD_USER, since=before)
    if user is None:
        return False
    return bool(await session.fetch_all(statements.SWEEP_CHANGES, user_id=user["user_id"], since=before))


async def _purge(session: Session, user_id: UUID, type_: str, ids: Sequence[int]) -> None:
    await session.fetch_all(statements.PURGE, user_id=user_id, type=type_, ids=ids)
    if type_ == TASK:
        await delete_occurrences(session, user_id, ids)


async def _get_entry(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> Row:
    entry = await writer.session.fetch_one(SELECT_CHANGE, user_id=writer.user_id, seq=seq)
    if entry is None or entry["action"] != "delete" or entry["before"] is None or entry["undone_by"] is not None:
        raise TrashEntryNotFoundError
    if attach_utc(entry["at"]) < utc_now() - retention:
        raise TrashEntryNotFoundError
    LOGGED[entry["type"]].require_scope(principal, "write")
    return entry


def _entry(row: Row, retention: timedelta) -> TrashEntry:
    deleted_at = attach_utc(row["at"])
    return TrashEntry(
        seq=row["seq"],
        type=row["type"],
        id=row["id"],
        name=from_json(row["before"])[LOGGED[row["type"]].name],
        deleted_at=deleted_at,
        purge_at=deleted_at + retention,
        contains={},
    )
