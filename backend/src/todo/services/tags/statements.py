"""Statements on tags."""

from functools import cache

from sqlalchemy import Integer, bindparam, delete, func, insert, select, update

from todo.core.database.statement import Statement
from todo.models import Tag
from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.authentication import InvalidTokenError
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import bump_version, entity_tag_matches
from todo.services.tags.errors import TagAlreadyExistsError

TAGS = table_of(Tag)
USER_ID = bindparam("user_id", type_=TAGS.c.user_id.type)
TAG_ID = bindparam("tag_id", type_=TAGS.c.id.type)
PUBLIC_COLUMNS = columns_of(TAGS, TagPublic)
WRITABLE_COLUMNS = binds_of(TAGS, [*TagWrite.model_fields, "name_key"])
IS_OWN_TAG = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
BY_NAME = (TAGS.c.name_key, TAGS.c.name.collate("C"))
VIOLATIONS = {NAME_UNIQUE: TagAlreadyExistsError, OWNER_EXISTS: InvalidTokenError}

_count = select(func.count()).select_from(TAGS).where(TAGS.c.user_id == USER_ID).scalar_subquery()
_new_tag = select(USER_ID, *WRITABLE_COLUMNS.values()).where(_count < bindparam("max_tags", type_=Integer))
INSERT_TAG = Statement(
    insert(TAGS).from_select(["user_id", *WRITABLE_COLUMNS], _new_tag).returning(*PUBLIC_COLUMNS),
    violations=VIOLATIONS,
)
"""Inserts nothing if the user has `max_tags` tags. Concurrent requests can exceed that by their number."""
SELECT_TAG = Statement(select(*PUBLIC_COLUMNS).where(*IS_OWN_TAG))
SELECT_TAGS = Statement(select(*PUBLIC_COLUMNS).where(TAGS.c.user_id == USER_ID).order_by(*BY_NAME))


@cache
def update_tag(*, conditional: bool) -> Statement:
    """Return the statement that replaces a tag; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TAGS)] if conditional else []
    return Statement(
        update(TAGS)
        .where(*IS_OWN_TAG, *condition)
        .values(**WRITABLE_COLUMNS, **bump_version(TAGS))
        .returning(*PUBLIC_COLUMNS),
        violations=VIOLATIONS,
    )


@cache
def delete_tag(*, conditional: bool) -> Statement:
    """Return the statement that deletes a tag with its links; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TAGS)] if conditional else []
    return Statement(delete(TAGS).where(*IS_OWN_TAG, *condition).returning(TAGS.c.id))
