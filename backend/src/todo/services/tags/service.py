"""Tags: a user's own labels."""

from typing import cast
from uuid import UUID

from sqlalchemy import Text as SqlText
from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from todo.core.database.session import Row, Session, Statement
from todo.core.errors import InvalidValueError, NotFoundError, PreconditionFailedError
from todo.models import Tag, Task, TaskTagLink
from todo.models.base import changed, table_of
from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.authentication import InvalidTokenError
from todo.services.shared.versions import Versions


class TagNotFoundError(NotFoundError):
    """Tag not found"""

    code = "TAG_NOT_FOUND"


class TagAlreadyExistsError(InvalidValueError):
    """A tag with this name already exists"""

    code = "TAG_ALREADY_EXISTS"
    field = "name"


TAGS, TASKS, LINKS = table_of(Tag), table_of(Task), table_of(TaskTagLink)
USER_ID = bindparam("user_id", type_=TAGS.c.user_id.type)
TAG_ID = bindparam("tag_id", type_=TAGS.c.id.type)
PUBLIC_COLUMNS = tuple(TAGS.c[name] for name in TagPublic.__annotations__)
MINE = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
WRITTEN = {"name": bindparam("name"), "color": bindparam("color", type_=SqlText)}
BY_NAME = (func.lower(TAGS.c.name), TAGS.c.name)
VIOLATIONS = {NAME_UNIQUE: TagAlreadyExistsError, OWNER_EXISTS: InvalidTokenError}


INSERT_TAG = Statement(insert(TAGS).values(user_id=USER_ID, **WRITTEN).returning(*PUBLIC_COLUMNS), VIOLATIONS)
SELECT_TAG = Statement(select(*PUBLIC_COLUMNS).where(*MINE))
LOCK_TAG = Statement(select(*PUBLIC_COLUMNS).where(*MINE).with_for_update())
SELECT_TAGS = Statement(select(*PUBLIC_COLUMNS).where(TAGS.c.user_id == USER_ID).order_by(*BY_NAME))
UPDATE_TAG = Statement(
    update(TAGS).where(*MINE).values(**WRITTEN, **changed(TAGS)).returning(*PUBLIC_COLUMNS), VIOLATIONS
)
DELETE_TAG = Statement(delete(TAGS).where(*MINE))
# In one order, so that two tags on the same tasks can change at once.
_carrying = (
    select(TASKS.c.user_id, TASKS.c.id)
    .join(LINKS, and_(LINKS.c.user_id == TASKS.c.user_id, LINKS.c.task_id == TASKS.c.id))
    .where(LINKS.c.user_id == USER_ID, LINKS.c.tag_id == TAG_ID)
    .order_by(TASKS.c.id)
    .with_for_update(of=TASKS, key_share=True)
    .cte("carrying")
)
TOUCH_TASKS = Statement(
    update(TASKS).where(TASKS.c.user_id == _carrying.c.user_id, TASKS.c.id == _carrying.c.id).values(**changed(TASKS))
)


async def create_tag(session: Session, user_id: UUID, tag: TagWrite) -> TagPublic:
    """Add a tag (TAG-001).

    Raises:
        TagAlreadyExistsError: the user has one of this name; of two at once one gets this (TAG-002).
        InvalidTokenError: the user is gone.
    """
    row = await session.fetch_one(INSERT_TAG, user_id=user_id, name=tag.name, color=tag.color)
    return _found(row)


async def list_tags(session: Session, user_id: UUID) -> list[TagPublic]:
    """Return the user's tags by name, without regard to case (TAG-007, TAG-008)."""
    rows = await session.fetch_all(SELECT_TAGS, user_id=user_id)
    return [_public(row) for row in rows]


async def get_tag(session: Session, user_id: UUID, tag_id: int) -> TagPublic:
    """Return one of the user's tags.

    Raises:
        TagNotFoundError: there is none, or it is somebody else's.
    """
    return _found(await session.fetch_one(SELECT_TAG, user_id=user_id, tag_id=tag_id))


async def update_tag(
    session: Session, user_id: UUID, tag_id: int, tag: TagWrite, versions: Versions | None = None
) -> TagPublic:
    """Replace a tag's name and colour (TAG-009); the tasks that carry it get a new version with it.

    Raises:
        TagNotFoundError: there is none, or it is somebody else's (TAG-011, TAG-012).
        TagAlreadyExistsError: another of the user's tags has this name (TAG-010).
        PreconditionFailedError: its version is none of `versions` (VER-004).
    """
    async with session.transaction() as together:
        await _lock_and_touch(together, user_id, tag_id, versions)
        row = await together.fetch_one(UPDATE_TAG, user_id=user_id, tag_id=tag_id, name=tag.name, color=tag.color)
        return _found(row)


async def delete_tag(session: Session, user_id: UUID, tag_id: int, versions: Versions | None = None) -> None:
    """Delete a tag and its links; the tasks stay, with a new version (TAG-013, ASC-009).

    Raises:
        TagNotFoundError: there is none, or it is somebody else's (TAG-014, TAG-015).
        PreconditionFailedError: its version is none of `versions` (VER-005).
    """
    async with session.transaction() as together:
        await _lock_and_touch(together, user_id, tag_id, versions)
        await together.fetch_all(DELETE_TAG, user_id=user_id, tag_id=tag_id)


async def _lock_and_touch(session: Session, user_id: UUID, tag_id: int, versions: Versions | None) -> None:
    """Keep the tag from changing and from being linked, and give the tasks that carry it a new version.

    The links are read by a statement of their own: one that began before the lock was there would not see a link that
    was made while it waited, and its task would keep the version of what it no longer looks like.
    """
    tag = _found(await session.fetch_one(LOCK_TAG, user_id=user_id, tag_id=tag_id))
    if versions is not None and tag["version"] not in versions:
        raise PreconditionFailedError(tag)
    await session.fetch_all(TOUCH_TASKS, user_id=user_id, tag_id=tag_id)


def _found(row: Row | None) -> TagPublic:
    if row is None:
        raise TagNotFoundError
    return _public(row)


def _public(row: Row) -> TagPublic:
    return cast("TagPublic", dict(row))
