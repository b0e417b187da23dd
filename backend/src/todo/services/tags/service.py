"""Tags: labels that a user puts on tasks."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.errors import PreconditionFailedError
from todo.domain.text import sort_key
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.writer import Writer
from todo.services.shared.versions import EntityTags, condition_values
from todo.services.tags import statements
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError


async def create_tag(writer: Writer, tag: TagWrite, *, max_tags: int) -> TagPublic:
    """Create a tag (TAG-001).

    Raises:
        TooManyTagsError: the user has `max_tags` tags.
        TagAlreadyExistsError: the user has a tag of this name; of two concurrent requests one gets this (TAG-002).
        InvalidTokenError: the user was deleted.
    """
    row = await writer.write_one(statements.INSERT_TAG, max_tags=max_tags, **_values(tag))
    if row is None:
        raise TooManyTagsError
    return _read_row(row)


async def list_tags(session: Session, user_id: UUID) -> list[TagPublic]:
    """Return the user's tags in the order of their names, ignoring case and accents (TAG-007, TAG-008)."""
    return [_read_row(row) for row in await session.fetch_all(statements.SELECT_TAGS, user_id=user_id)]


async def get_tag(session: Session, user_id: UUID, tag_id: int) -> TagPublic:
    """Return a tag.

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user.
    """
    return _read_row(await session.fetch_one(statements.SELECT_TAG, user_id=user_id, tag_id=tag_id))


async def list_tags_after(session: Session, user_id: UUID, tag_id: int, limit: int) -> list[TagPublic]:
    """Return the user's next tags in the order of their ids; with `tag_id` 0 the first ones."""
    rows = await session.fetch_all(statements.SELECT_TAGS_AFTER, user_id=user_id, tag_id=tag_id, limit=limit)
    return [_read_row(row) for row in rows]


async def list_tags_by_ids(session: Session, user_id: UUID, ids: Sequence[int]) -> list[TagPublic]:
    """Return the user's tags among these ids, in any order."""
    rows = await session.fetch_all(statements.SELECT_TAGS_BY_IDS, user_id=user_id, ids=ids)
    return [_read_row(row) for row in rows]


async def update_tag(
    writer: Writer, tag_id: int, tag: TagWrite, entity_tags: EntityTags | None = None, base: int | None = None
) -> TagPublic:
    """Replace a tag's name and colour (TAG-009). The statement writes one row, however many tasks have the tag.

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user (TAG-011, TAG-012).
        TagAlreadyExistsError: another tag of the user has this name (TAG-010).
        PreconditionFailedError: the tag has none of the entity tags (VER-004).
        FieldConflictError: a field was changed after `base` (BAS-001).
    """
    write = statements.update_tag(conditional=entity_tags is not None)
    async with _based_on(base, writer, tag_id, tag.model_dump()):
        row = await writer.write_one(write, tag_id=tag_id, **_values(tag), **condition_values(entity_tags))
        if row is None:
            raise PreconditionFailedError(await get_tag(writer.session, writer.user_id, tag_id))
    return _read_row(row)


async def delete_tag(
    writer: Writer, tag_id: int, entity_tags: EntityTags | None = None, base: int | None = None
) -> None:
    """Delete a tag with its links; the tasks stay (TAG-013, ASC-009).

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user (TAG-014, TAG-015).
        PreconditionFailedError: the tag has none of the entity tags (VER-005).
        FieldConflictError: the tag was changed after `base` (BAS-003).
    """
    write = statements.delete_tag(conditional=entity_tags is not None)
    async with _based_on(base, writer, tag_id, None):
        if not await writer.write_one(write, tag_id=tag_id, **condition_values(entity_tags)):
            raise PreconditionFailedError(await get_tag(writer.session, writer.user_id, tag_id))


def _based_on(
    base: int | None, writer: Writer, tag_id: int, values: Mapping[str, object] | None
) -> AbstractAsyncContextManager[None]:
    return based_on(base, writer, statements.TAG, lambda: get_tag(writer.session, writer.user_id, tag_id), values)


def _values(tag: TagWrite) -> dict[str, object]:
    return {**tag.model_dump(), "name_key": sort_key(tag.name)}


def _read_row(row: Row | None) -> TagPublic:
    if row is None:
        raise TagNotFoundError
    return cast("TagPublic", dict(row))
