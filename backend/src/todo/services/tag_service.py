"""Tags: a user's own labels."""

from uuid import UUID

from sqlalchemy import Text as SqlText
from sqlalchemy import bindparam, delete, func, insert, select, update

from todo.core.database import Row, Session, Statement
from todo.core.errors import InvalidValueError, NotFoundError
from todo.models.base import table_of
from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS, Tag
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.auth_service import InvalidTokenError


class TagNotFoundError(NotFoundError):
    """Tag not found"""

    code = "TAG_NOT_FOUND"


class TagAlreadyExistsError(InvalidValueError):
    """A tag with this name already exists"""

    code = "TAG_ALREADY_EXISTS"
    field = "name"


TAGS = table_of(Tag)
USER_ID = bindparam("user_id", type_=TAGS.c.user_id.type)
PUBLIC_COLUMNS = (TAGS.c.id, TAGS.c.name, TAGS.c.color, TAGS.c.user_id)
MINE = (TAGS.c.user_id == USER_ID, TAGS.c.id == bindparam("tag_id"))
WRITTEN = {"name": bindparam("name"), "color": bindparam("color", type_=SqlText)}
BY_NAME = (func.lower(TAGS.c.name), TAGS.c.name)
VIOLATIONS = {NAME_UNIQUE: TagAlreadyExistsError, OWNER_EXISTS: InvalidTokenError}

INSERT_TAG = Statement(insert(TAGS).values(user_id=USER_ID, **WRITTEN).returning(*PUBLIC_COLUMNS), VIOLATIONS)
SELECT_TAGS = Statement(select(*PUBLIC_COLUMNS).where(TAGS.c.user_id == USER_ID).order_by(*BY_NAME))
UPDATE_TAG = Statement(update(TAGS).where(*MINE).values(**WRITTEN).returning(*PUBLIC_COLUMNS), VIOLATIONS)
DELETE_TAG = Statement(delete(TAGS).where(*MINE).returning(TAGS.c.id))


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
    return [TagPublic.model_validate(dict(row)) for row in rows]


async def update_tag(session: Session, user_id: UUID, tag_id: int, tag: TagWrite) -> TagPublic:
    """Replace a tag's name and colour (TAG-009).

    Raises:
        TagNotFoundError: there is none, or it is somebody else's (TAG-011, TAG-012).
        TagAlreadyExistsError: another of the user's tags has this name (TAG-010).
    """
    row = await session.fetch_one(UPDATE_TAG, user_id=user_id, tag_id=tag_id, name=tag.name, color=tag.color)
    return _found(row)


async def delete_tag(session: Session, user_id: UUID, tag_id: int) -> None:
    """Delete a tag and its links; the tasks stay (TAG-013, ASC-009).

    Raises:
        TagNotFoundError: there is none, or it is somebody else's (TAG-014, TAG-015).
    """
    if await session.fetch_one(DELETE_TAG, user_id=user_id, tag_id=tag_id) is None:
        raise TagNotFoundError


def _found(row: Row | None) -> TagPublic:
    if row is None:
        raise TagNotFoundError
    return TagPublic.model_validate(dict(row))
