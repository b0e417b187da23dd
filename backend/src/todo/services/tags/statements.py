"""Statements on tags."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    any_,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from todo.core.database.statement import Statement
from todo.models import Tag, TaskTagLink
from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.authentication import InvalidTokenError
from todo.services.shared.log.writes import (
    Logged,
    Write,
    advance_clock,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import entity_tag_matches, next_version
from todo.services.tags.errors import TagAlreadyExistsError

TAGS, LINKS = table_of(Tag), table_of(TaskTagLink)
TAG = "tag"
"""The type of tags in the change log."""
USER_ID = bindparam("user_id", type_=TAGS.c.user_id.type)
TAG_ID = bindparam("tag_id", type_=TAGS.c.id.type)
PUBLIC_COLUMNS = columns_of(TAGS, TagPublic)
WRITABLE_COLUMNS = binds_of(TAGS, [*TagWrite.model_fields, "name_key"])
IS_OWN_TAG = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
BY_NAME = (TAGS.c.name_key, TAGS.c.name.collate("C"))
VIOLATIONS = {NAME_UNIQUE: TagAlreadyExistsError, OWNER_EXISTS: InvalidTokenError}

SELECT_TAG = Statement(select(*PUBLIC_COLUMNS).where(*IS_OWN_TAG))
SELECT_TAGS_BY_IDS = Statement(
    select(*PUBLIC_COLUMNS).where(
        TAGS.c.user_id == USER_ID, TAGS.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    )
)
SELECT_TAGS_AFTER = Statement(
    select(*PUBLIC_COLUMNS)
    .where(TAGS.c.user_id == USER_ID, TAGS.c.id > TAG_ID)
    .order_by(TAGS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
SELECT_TAGS = Statement(select(*PUBLIC_COLUMNS).where(TAGS.c.user_id == USER_ID).order_by(*BY_NAME))


def _insert_tag() -> Write:
    count = select(func.count()).select_from(TAGS).where(TAGS.c.user_id == USER_ID).scalar_subquery()
    plan = select(true().label("is_changed")).where(count < bindparam("max_tags", type_=Integer)).cte("plan")
    clock = advance_clock(plan)
    new_row = select(USER_ID, *WRITABLE_COLUMNS.values()).select_from(clock)
    tag = insert(TAGS).from_select(["user_id", *WRITABLE_COLUMNS], new_row).returning(*PUBLIC_COLUMNS).cte("tag")
    after = created_values({name: tag.c[name] for name in TagWrite.model_fields})
    log = log_changes(clock, tag, Logged(TAG, "create", after=after))
    return Write(written(plan, clock, *tag.c, new=tag).add_cte(log), violations=VIOLATIONS)


INSERT_TAG = _insert_tag()
"""Returns no row if the user has `max_tags` tags."""


@cache
def update_tag(*, conditional: bool) -> Write:
    """Return the write that replaces a tag; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TAGS)] if conditional else []
    new = {name: WRITABLE_COLUMNS[name] for name in TagWrite.model_fields}
    is_changed, before, after = difference(TAGS.c, new)
    versions = next_version(TAGS, is_changed)
    state = {column.name: column for column in PUBLIC_COLUMNS} | WRITABLE_COLUMNS | versions
    plan = (
        select(
            *(column.label(name) for name, column in state.items()),
            is_changed.label("is_changed"),
            before.label("before"),
            after.label("after"),
        )
        .where(*IS_OWN_TAG, *condition)
        .cte("plan")
    )
    clock = advance_clock(plan)
    tag = (
        update(TAGS)
        .where(TAGS.c.user_id == USER_ID, TAGS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in [*WRITABLE_COLUMNS, *versions]})
        .cte("updated")
    )
    log = log_changes(clock, plan, Logged(TAG, "update", before=plan.c.before, after=plan.c.after))
    columns = [plan.c[column.name] for column in PUBLIC_COLUMNS]
    return Write(written(plan, clock, *columns).add_cte(tag, log), violations=VIOLATIONS)


def deleted_values() -> ColumnElement[Any]:
    """Return the JSON object of a deleted tag in the log, with the ids of its tasks."""
    linked = select(LINKS.c.task_id).where(LINKS.c.user_id == USER_ID, LINKS.c.tag_id == TAGS.c.id)
    task_ids = func.array(linked.order_by(LINKS.c.task_id).correlate(TAGS).scalar_subquery())
    columns = {column.name: column for column in PUBLIC_COLUMNS if column.name not in {"user_id", "id"}}
    return created_values(columns | {"tasks": func.to_jsonb(task_ids, type_=JSONB)})


@cache
def delete_tag(*, conditional: bool) -> Write:
    """Return the write that deletes a tag with its links; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TAGS)] if conditional else []
    plan = (
        select(TAGS.c.id, true().label("is_changed"), deleted_values().label("before"))
        .where(*IS_OWN_TAG, *condition)
        .cte("plan")
    )
    clock = advance_clock(plan)
    links = (
        delete(LINKS)
        .where(LINKS.c.user_id == USER_ID, LINKS.c.tag_id == plan.c.id, clock.c.seq.is_not(None))
        .cte("deleted_links")
    )
    tag = delete(TAGS).where(TAGS.c.user_id == USER_ID, TAGS.c.id == plan.c.id, clock.c.seq.is_not(None)).cte("deleted")
    log = log_changes(clock, plan, Logged(TAG, "delete", before=plan.c.before))
    return Write(written(plan, clock, plan.c.id).add_cte(links, tag, log))
