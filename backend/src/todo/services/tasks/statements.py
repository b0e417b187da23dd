"""Statements on single tasks."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, delete, func, literal_column, select, true, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from todo.core.database.statement import Statement
from todo.models import Tag, Task, TaskTagLink
from todo.models.task import OWNER_EXISTS
from todo.schemas.tasks.task import TaskCreate, TaskFields, TaskPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.lists import ONE, Columns
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import bump_version, version_matches

TASKS, TAGS, LINKS = table_of(Task), table_of(Tag), table_of(TaskTagLink)

USER_ID = bindparam("user_id", type_=TASKS.c.user_id.type)
TASK_ID = bindparam("task_id", type_=BigInteger)
IS_OWN_TASK = (TASKS.c.user_id == USER_ID, TASKS.c.id == TASK_ID)
COLUMNS = columns_of(TASKS, TaskPublic, without=["tags"])
VIOLATIONS = {OWNER_EXISTS: InvalidTokenError}

IS_NEW = (literal_column("tasks.xmax") == literal_column("0")).label("created")
"""Whether an upsert inserted the row that it returns: an inserted row was never locked, so its `xmax` is 0."""
RETURNED_TASK: Mapping[str, ColumnElement[Any]] = {
    "user_id": literal_column("tasks.user_id"),
    "id": literal_column("tasks.id"),
}
"""The key of the row that an INSERT returns. SQLAlchemy does not correlate the table's own columns there."""


def tags_json(task: Columns) -> ColumnElement[str]:
    """Return the JSON array of a task's tags, ordered by name; `task` has `user_id` and `id`.

    The limit makes PostgreSQL look each tag up by its key. Without it all tags of the user are read for each task.
    """
    is_linked = (TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)
    linked = select(TAGS.c.id, TAGS.c.name, TAGS.c.color).where(*is_linked).limit(ONE).lateral("tag")
    tag = func.json_build_object(
        literal_column("'id'"),
        linked.c.id,
        literal_column("'name'"),
        linked.c.name,
        literal_column("'color'"),
        linked.c.color,
    )
    tags = func.json_agg(aggregate_order_by(tag, func.lower(linked.c.name), linked.c.name))
    return (
        select(func.coalesce(tags, literal_column("'[]'")))
        .select_from(LINKS.join(linked, true()))
        .where(LINKS.c.user_id == task["user_id"], LINKS.c.task_id == task["id"])
        .correlate_except(LINKS, linked)
        .label("tags")
    )


def _snapshot_version(column: str, value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the version of a task in the statement's snapshot.

    A write that waited for another write returns the newest row, but its subqueries still read the older snapshot.
    Then the tags in the result may belong to an earlier version.
    """
    snapshot = TASKS.alias("snapshot")
    return (
        select(snapshot.c.version)
        .where(snapshot.c.user_id == USER_ID, snapshot.c[column] == value)
        .label("snapshot_version")
    )


@cache
def update_task(fields: frozenset[str], *, conditional: bool) -> Statement:
    """Return the statement that writes these fields of one task; a conditional one has the parameter `versions`."""
    condition = [version_matches(TASKS)] if conditional else []
    return Statement(
        update(TASKS)
        .where(*IS_OWN_TASK, *condition)
        .values(**binds_of(TASKS, sorted(fields)), **bump_version(TASKS))
        .returning(*COLUMNS, tags_json(TASKS.c), _snapshot_version("id", TASK_ID))
    )


SELECT_TASK = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*IS_OWN_TASK))

SELECT_TASKS_AFTER = Statement(
    select(*COLUMNS, tags_json(TASKS.c))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id > TASK_ID)
    .order_by(TASKS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)

INSERT_TASK = Statement(
    insert(TASKS)
    .values(user_id=USER_ID, **binds_of(TASKS, TaskFields.model_fields))
    .returning(*COLUMNS, literal_column("'[]'").label("tags"), true().label("created")),
    violations=VIOLATIONS,
)
INSERT_TASK_ONCE = Statement(
    insert(TASKS)
    .values(user_id=USER_ID, **binds_of(TASKS, TaskCreate.model_fields))
    # The update changes no value. It makes the statement lock and return an existing row.
    .on_conflict_do_update(
        index_elements=["user_id", "external_id"],
        index_where=TASKS.c.external_id.is_not(None),
        set_={"external_id": TASKS.c.external_id},
    )
    .returning(
        *COLUMNS,
        tags_json(RETURNED_TASK),
        IS_NEW,
        _snapshot_version("external_id", bindparam("external_id", type_=TASKS.c.external_id.type)),
    ),
    violations=VIOLATIONS,
)

_delete = delete(TASKS).where(*IS_OWN_TASK).returning(TASKS.c.id)
DELETE_TASK = Statement(_delete)
DELETE_TASK_IF = Statement(_delete.where(version_matches(TASKS)))
