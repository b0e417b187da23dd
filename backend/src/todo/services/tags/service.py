"""Tags: labels that a user puts on tasks."""

from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.errors import PreconditionFailedError
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.shared.versions import Versions
from todo.services.tags import statements
from todo.services.tags.errors import TagNotFoundError


async def create_tag(session: Session, user_id: UUID, tag: TagWrite) -> TagPublic:
    """Create a tag (TAG-001).

    Raises:
        TagAlreadyExistsError: the user has a tag of this name; of two concurrent requests one gets this (TAG-002).
        InvalidTokenError: the user was deleted.
    """
    return _read_row(await session.fetch_one(statements.INSERT_TAG, user_id=user_id, **tag.model_dump()))


async def list_tags(session: Session, user_id: UUID) -> list[TagPublic]:
    """Return the user's tags in the order of their names, ignoring case (TAG-007, TAG-008)."""
    return [_read_row(row) for row in await session.fetch_all(statements.SELECT_TAGS, user_id=user_id)]


async def get_tag(session: Session, user_id: UUID, tag_id: int) -> TagPublic:
    """Return a tag.

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user.
    """
    return _read_row(await session.fetch_one(statements.SELECT_TAG, user_id=user_id, tag_id=tag_id))


async def update_tag(
    session: Session, user_id: UUID, tag_id: int, tag: TagWrite, versions: Versions | None = None
) -> TagPublic:
    """Replace a tag's name and colour, and bump the versions of its tasks (TAG-009).

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user (TAG-011, TAG-012).
        TagAlreadyExistsError: another tag of the user has this name (TAG-010).
        PreconditionFailedError: the tag's version is not in `versions` (VER-004).
    """
    async with session.transaction() as transaction:
        await _lock_tag_and_bump_tasks(transaction, user_id, tag_id, versions)
        row = await transaction.fetch_one(statements.UPDATE_TAG, user_id=user_id, tag_id=tag_id, **tag.model_dump())
        return _read_row(row)


async def delete_tag(session: Session, user_id: UUID, tag_id: int, versions: Versions | None = None) -> None:
    """Delete a tag with its links, and bump the versions of its tasks (TAG-013, ASC-009).

    Raises:
        TagNotFoundError: the tag does not exist, or belongs to another user (TAG-014, TAG-015).
        PreconditionFailedError: the tag's version is not in `versions` (VER-005).
    """
    async with session.transaction() as transaction:
        await _lock_tag_and_bump_tasks(transaction, user_id, tag_id, versions)
        await transaction.fetch_all(statements.DELETE_TAG, user_id=user_id, tag_id=tag_id)


async def _lock_tag_and_bump_tasks(session: Session, user_id: UUID, tag_id: int, versions: Versions | None) -> None:
    """Lock the tag against changes and new links, then bump the versions of its tasks.

    Two statements are needed. The snapshot of the first is older than the lock and can miss a link that was added
    while the statement waited for the lock.
    """
    tag = _read_row(await session.fetch_one(statements.LOCK_TAG, user_id=user_id, tag_id=tag_id))
    if versions is not None and tag["version"] not in versions:
        raise PreconditionFailedError(tag)
    await session.fetch_all(statements.BUMP_TAGGED_TASKS, user_id=user_id, tag_id=tag_id)


def _read_row(row: Row | None) -> TagPublic:
    if row is None:
        raise TagNotFoundError
    return cast("TagPublic", dict(row))
