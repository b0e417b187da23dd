"""The trash: deleted resources are listed, restored and purged (TRA-001 to TRA-010)."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import from_json

from todo.core.clock import attach_utc, utc_now
from todo.core.database.session import Row, Session
from todo.domain.identifiers import BIGINT_MAX
from todo.schemas.changes.history import HistoryQuery
from todo.schemas.changes.trash import ExportedTrashEntry, RestoreResult, TrashEntry, TrashPage
from todo.services.authentication import Principal
from todo.services.history.undo import make_inverse, mark_undone
from todo.services.occurrences.restore import delete_occurrences
from todo.services.resources.access import ResourceKey, read_items, readable_types, shown_keys
from todo.services.resources.registry import LOGGED
from todo.services.shared.cursors import read_number
from todo.services.shared.log.logged_values import public_values
from todo.services.shared.log.writer import Writer
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
    items = await _entries(session, rows[: query.limit], retention, readable_types(principal))
    return TrashPage(items=items, next_cursor=str(items[-1]["seq"]) if len(rows) > query.limit else None)


async def export_trash(
    session: Session, user_id: UUID, retention: timedelta
) -> AsyncIterator[list[ExportedTrashEntry]]:
    """Yield all deleted resources of a user with their fields, also those inside of others, in batches of BATCH.

    The last deleted is the first. No connection is held between two batches.
    """
    position = BIGINT_MAX
    since = utc_now() - retention
    while rows := await session.fetch_all(statements.SELECT_DELETIONS, user_id=user_id, since=since, seq=position):
        entries = await _entries(session, rows, retention, LOGGED)
        yield [
            ExportedTrashEntry(**entry, fields=public_values(LOGGED[row["type"]].table, from_json(row["before"])))
            for entry, row in zip(entries, rows, strict=True)
        ]
        position = rows[-1]["seq"]


async def restore(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> RestoreResult:
    """Restore a deleted resource with its id, its fields, its links and its contents.

    Raises:
        TrashEntryNotFoundError: the trash has no such entry.
        InsufficientScopeError: the principal may not write resources of this type.
        TagNameTakenError: another tag has the name.
        ExternalIdTakenError: another task has the external id.
    """
    async with writer.transaction():
        deletions = await _get_deletions(writer, principal, seq, retention)
        inverse = await make_inverse(writer, deletions)
        await inverse.write(writer)
        await mark_undone(writer, deletions)
        keys: list[ResourceKey] = [*((row["type"], row["id"]) for row in deletions), *inverse.tagged]
        items = await read_items(writer.session, writer.user_id, shown_keys(principal, keys), utc_now())
    return RestoreResult(items=items, left_out=inverse.left_out)


async def purge(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> None:
    """Empty all changes of a deleted resource and of its contents.

    Raises:
        TrashEntryNotFoundError: the trash has no such entry.
        InsufficientScopeError: the principal may not write resources of this type.
    """
    async with writer.transaction():
        deletions = await _get_deletions(writer, principal, seq, retention)
        await _purge(writer.session, writer.user_id, [row["seq"] for row in deletions])


async def purge_all(writer: Writer, principal: Principal, retention: timedelta) -> None:
    """Purge the entries of the trash, in transactions of BATCH entries.

    Other writes of the user run in between. Resources that they delete stay in the trash. An error leaves the
    batches before it purged.

    Raises:
        InsufficientScopeError: the principal may not write resources of all types in the trash. Nothing is purged.
    """
    trash = {"user_id": writer.user_id, "since": utc_now() - retention}
    types = [row["type"] for row in await writer.session.fetch_all(statements.SELECT_TYPES, **trash)]
    for type_ in types or LOGGED:
        LOGGED[type_].require_write(principal)
    position = BIGINT_MAX
    while rows := await writer.session.fetch_all(statements.SELECT_SEQS, types=types, seq=position, **trash):
        seqs = [row["seq"] for row in rows]
        async with writer.transaction():
            await _purge(writer.session, writer.user_id, seqs)
        position = seqs[-1]


async def sweep_trash(session: Session, before: datetime) -> bool:
    """Purge a batch of resources whose last deletion was before an instant.

    Returns:
        Whether any was purged.
    """
    has_purged = False
    for row in await session.fetch_all(statements.SELECT_OLD_ENTRIES, since=before):
        async with session.transaction() as transaction:
            await transaction.fetch_one(statements.LOCK_CLOCK, user_id=row["user_id"])
            # A resource that was restored before the lock is no longer in the trash, and is not purged.
            is_purged = await _purge(transaction, row["user_id"], row["seqs"])
        has_purged = has_purged or is_purged
    return has_purged


async def sweep_changes(session: Session, before: datetime) -> bool:
    """Delete a batch of changes from before an instant.

    Returns:
        Whether any was deleted.
    """
    has_deleted = False
    for row in await session.fetch_all(statements.SELECT_OLD_CHANGES, since=before):
        user_id, seqs = row["user_id"], row["seqs"]
        deleted = await session.fetch_all(statements.SWEEP_CHANGES, user_id=user_id, seqs=seqs, last_seq=max(seqs))
        has_deleted = has_deleted or bool(deleted)
    return has_deleted


async def _purge(session: Session, user_id: UUID, seqs: Sequence[int]) -> bool:
    """Purge the resources of some entries, and return whether there was one. The clock must be locked."""
    purged = await session.fetch_all(statements.PURGE, user_id=user_id, seqs=seqs)
    task_ids = {row["id"] for row in purged if row["type"] == TASK}
    if task_ids:
        await delete_occurrences(session, user_id, [*task_ids])
    return bool(purged)


async def _get_deletions(writer: Writer, principal: Principal, seq: int, retention: timedelta) -> list[Row]:
    """Return the deletion of an entry, after the deletions of its contents."""
    since = utc_now() - retention
    entry = await writer.session.fetch_one(statements.SELECT_ENTRY, user_id=writer.user_id, seq=seq, since=since)
    if entry is None or await _is_contained(writer, entry):
        raise TrashEntryNotFoundError
    contents = await writer.session.fetch_all(statements.SELECT_CONTENTS, user_id=writer.user_id, **_roots([entry]))
    for type_ in {row["type"] for row in [*contents, entry]}:
        LOGGED[type_].require_write(principal)
    return [*contents, entry]


async def _is_contained(writer: Writer, deletion: Row) -> bool:
    """Return whether the same request deleted what the resource was in."""
    before = from_json(deletion["before"])
    containers = [(type_, before[field]) for type_, field in statements.REFERENCES.items() if field in before]
    for type_, id_ in containers:
        values = {"type": type_, "id": id_, "batch": deletion["batch"]}
        if await writer.session.fetch_one(statements.SELECT_DELETION, user_id=writer.user_id, **values):
            return True
    return False


def _roots(entries: Iterable[Row]) -> dict[str, list[object]]:
    """Return the parameters of statements on the contents of entries."""
    roots = [entry for entry in entries if entry["type"] in statements.REFERENCES]
    return {
        **{name: [root[name] for root in roots] for name in ("seq", "batch", "id")},
        "field": [statements.REFERENCES[root["type"]] for root in roots],
    }


async def _entries(
    session: Session, rows: Sequence[Row], retention: timedelta, types: Collection[str]
) -> list[TrashEntry]:
    """Return the entries of deletions. The contents of projects and sections are counted by one more statement."""
    contains: dict[int, dict[str, int]] = defaultdict(dict)
    roots = _roots(rows)
    if roots["seq"]:
        for count in await session.fetch_all(statements.COUNT_CONTENTS, user_id=rows[0]["user_id"], **roots):
            if count["type"] in types:
                contains[count["root"]][count["type"]] = count["number"]
    return [_entry(row, retention, contains[row["seq"]]) for row in rows]


def _entry(row: Row, retention: timedelta, contains: dict[str, int]) -> TrashEntry:
    deleted_at = attach_utc(row["at"])
    return TrashEntry(
        seq=row["seq"],
        type=row["type"],
        id=row["id"],
        name=from_json(row["before"])[LOGGED[row["type"]].name],
        deleted_at=deleted_at,
        purge_at=deleted_at + retention,
        contains=contains,
    )
