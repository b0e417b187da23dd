"""Saved filters: create, read, list, change and delete them."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.schemas.saved_filter import FilterCreate, FilterPublic, FilterReplace, FilterUpdate
from todo.services.filters import statements
from todo.services.filters.errors import FilterNotFoundError, TooManyFiltersError
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.row_updates import RowUpdate, update_row
from todo.services.shared.log.writer import Writer
from todo.services.shared.positions import public_position
from todo.services.shared.versions import EntityTags, check_entity_tags


async def create_filter(writer: Writer, saved_filter: FilterCreate, *, max_filters: int) -> FilterPublic:
    """Create a filter, the last in the order (FIL-030).

    Raises:
        TooManyFiltersError: the user has `max_filters` filters.
        InvalidTokenError: the user was deleted.
    """
    row = await writer.write_one(statements.INSERT_FILTER, max_filters=max_filters, **saved_filter.model_dump())
    if row is None:
        raise TooManyFiltersError
    return _read_row(row)


async def list_filters(session: Session, user_id: UUID) -> list[FilterPublic]:
    """Return the user's filters in their order."""
    return [_read_row(row) for row in await session.fetch_all(statements.SELECT_FILTERS, user_id=user_id)]


async def get_filter(session: Session, user_id: UUID, filter_id: int) -> FilterPublic:
    """Return a filter.

    Raises:
        FilterNotFoundError: the filter does not exist, or belongs to another user.
    """
    return _read_row(await session.fetch_one(statements.SELECT_FILTER, user_id=user_id, id=filter_id))


async def list_filters_after(session: Session, user_id: UUID, filter_id: int, limit: int) -> list[FilterPublic]:
    """Return the user's next filters in the order of their ids; with `filter_id` 0 the first ones."""
    rows = await session.fetch_all(statements.SELECT_FILTERS_AFTER, user_id=user_id, id=filter_id, limit=limit)
    return [_read_row(row) for row in rows]


async def list_filters_by_ids(session: Session, user_id: UUID, ids: Sequence[int]) -> list[FilterPublic]:
    """Return the user's filters among these ids, in any order."""
    rows = await session.fetch_all(statements.SELECT_FILTERS_BY_IDS, user_id=user_id, ids=ids)
    return [_read_row(row) for row in rows]


async def update_filter(
    writer: Writer,
    filter_id: int,
    changes: FilterReplace | FilterUpdate,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> FilterPublic:
    """Write the fields that `changes` has (FIL-031).

    Raises:
        FilterNotFoundError: the filter does not exist, or belongs to another user.
        PreconditionFailedError: the filter has none of the entity tags.
        FieldConflictError: a field was changed after `base`.
    """

    async def read() -> FilterPublic:
        return await get_filter(writer.session, writer.user_id, filter_id)

    request = RowUpdate(statements.FILTER, filter_id, changes.model_dump(), entity_tags, base)
    return await update_row(writer, request, statements.update_filter, read, _read_row)


async def delete_filter(
    writer: Writer, filter_id: int, entity_tags: EntityTags | None = None, base: int | None = None
) -> None:
    """Delete a filter.

    Raises:
        FilterNotFoundError: the filter does not exist, or belongs to another user.
        PreconditionFailedError: the filter has none of the entity tags.
        FieldConflictError: the filter was changed after `base`.
    """

    async def read() -> FilterPublic:
        return await get_filter(writer.session, writer.user_id, filter_id)

    async with writer.transaction(), based_on(base, writer, statements.FILTER, read, None):
        check_entity_tags(entity_tags, await read())
        await statements.WRITES.remove_rows(writer, [Reverted(None, filter_id, {})])


def _read_row(row: Row | None) -> FilterPublic:
    if row is None:
        raise FilterNotFoundError
    fields = dict(row)
    return cast("FilterPublic", fields | {"position": public_position(fields)})
