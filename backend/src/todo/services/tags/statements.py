"""Statements on tags."""

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from todo.core.database.statement import Statement
from todo.models import Tag, Task, TaskTagLink
from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.authentication import InvalidTokenError
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import bump_version
from todo.services.tags.errors import TagAlreadyExistsError

TAGS, TASKS, LINKS = table_of(Tag), table_of(Task), table_of(TaskTagLink)
USER_ID = bindparam("user_id", type_=TAGS.c.user_id.type)
TAG_ID = bindparam("tag_id", type_=TAGS.c.id.type)
PUBLIC_COLUMNS = columns_of(TAGS, TagPublic)
WRITABLE_COLUMNS = binds_of(TAGS, TagWrite.model_fields)
IS_OWN_TAG = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
VIOLATIONS = {NAME_UNIQUE: TagAlreadyExistsError, OWNER_EXISTS: InvalidTokenError}

INSERT_TAG = Statement(
    insert(TAGS).values(user_id=USER_ID, **WRITABLE_COLUMNS).returning(*PUBLIC_COLUMNS), violations=VIOLATIONS
)
SELECT_TAG = Statement(select(*PUBLIC_COLUMNS).where(*IS_OWN_TAG))
LOCK_TAG = Statement(select(*PUBLIC_COLUMNS).where(*IS_OWN_TAG).with_for_update())
SELECT_TAGS = Statement(
    select(*PUBLIC_COLUMNS).where(TAGS.c.user_id == USER_ID).order_by(func.lower(TAGS.c.name), TAGS.c.name)
)
UPDATE_TAG = Statement(
    update(TAGS).where(*IS_OWN_TAG).values(**WRITABLE_COLUMNS, **bump_version(TAGS)).returning(*PUBLIC_COLUMNS),
    violations=VIOLATIONS,
)
DELETE_TAG = Statement(delete(TAGS).where(*IS_OWN_TAG))
# The rows are locked in the order of their ids, so two tags of the same tasks can change concurrently.
_tagged_tasks = (
    select(TASKS.c.user_id, TASKS.c.id)
    .join(LINKS, and_(LINKS.c.user_id == TASKS.c.user_id, LINKS.c.task_id == TASKS.c.id))
    .where(LINKS.c.user_id == USER_ID, LINKS.c.tag_id == TAG_ID)
    .order_by(TASKS.c.id)
    .with_for_update(of=TASKS, key_share=True)
    .cte("tagged_tasks")
)
BUMP_TAGGED_TASKS = Statement(
    update(TASKS)
    .where(TASKS.c.user_id == _tagged_tasks.c.user_id, TASKS.c.id == _tagged_tasks.c.id)
    .values(**bump_version(TASKS))
)
