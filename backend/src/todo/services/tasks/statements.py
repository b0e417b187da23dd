"""The statements on single tasks, each built once; a patch once per set of fields."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Exists,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy import String as SqlString
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from todo.core.database.session import Statement
from todo.core.errors import NotFoundError
from todo.models import Tag, Task, TaskTagLink
from todo.models.base import changed, table_of
from todo.models.task import OWNER_EXISTS
from todo.models.task_tag_link import TAG_EXISTS, TASK_EXISTS
from todo.schemas.tasks.task import TaskPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.versions import is_wanted
from todo.services.tags.service import TagNotFoundError

TASKS, TAGS, LINKS = table_of(Task), table_of(Tag), table_of(TaskTagLink)

USER_ID = bindparam("user_id", type_=TASKS.c.user_id.type)
TASK_ID = bindparam("task_id", type_=BigInteger)
TAG_ID = bindparam("tag_id", type_=BigInteger)
MY_TASK = (TASKS.c.user_id == USER_ID, TASKS.c.id == TASK_ID)
MY_TAG = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]
ONE: ColumnElement[int] = literal_column("1")
COLUMNS = [TASKS.c[name] for name in TaskPublic.__annotations__ if name != "tags"]
"""What a task is read with: what is only searched stays where it is."""


class TaskNotFoundError(NotFoundError):
    """Task not found"""

    code = "TASK_NOT_FOUND"


IS_NEW = (literal_column("tasks.xmax") == literal_column("0")).label("created")
"""Whether an INSERT that may update made the row that it returns: nobody has locked that."""
ROW_OF_TASKS: Mapping[str, ColumnElement[Any]] = {
    "user_id": literal_column("tasks.user_id"),
    "id": literal_column("tasks.id"),
}
"""The row that an INSERT returns, by name: SQLAlchemy does not correlate its columns, but reads the table once more."""


def tags_json(tasks: Columns | Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    """Return the JSON array of a task's tags by name; `tasks` has its `user_id` and `id`.

    Each tag is looked up by its key: the limit keeps PostgreSQL from reading all tags of the user for every task.
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
        .where(LINKS.c.user_id == tasks["user_id"], LINKS.c.task_id == tasks["id"])
        .correlate_except(LINKS, linked)
        .label("tags")
    )


def _version_seen(column: str, value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the version that the statement's snapshot has of a task.

    A write that had to wait for another writes, and returns, the newest row, but whatever else it reads is as old as
    its beginning: then the tags beside the row may be those of an earlier version.
    """
    seen = TASKS.alias("seen")
    return select(seen.c.version).where(seen.c.user_id == USER_ID, seen.c[column] == value).label("seen")


@cache
def update_task(fields: frozenset[str], *, conditional: bool) -> Statement:
    """Return the statement that writes these fields of one task and gives it back.

    Binds the fields, `user_id`, `task_id` and, if it is conditional, `versions`.
    """
    written = {name: bindparam(name, type_=TASKS.c[name].type) for name in sorted(fields)}
    condition = [is_wanted(TASKS)] if conditional else []
    return Statement(
        update(TASKS)
        .where(*MY_TASK, *condition)
        .values(**written, **changed(TASKS))
        .returning(*COLUMNS, tags_json(TASKS.c), _version_seen("id", TASK_ID))
    )


SELECT_TASK = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*MY_TASK))

SELECT_TASKS_AFTER = Statement(
    select(*COLUMNS, tags_json(TASKS.c))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id > TASK_ID)
    .order_by(TASKS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)

_new = insert(TASKS).values(
    user_id=USER_ID,
    **{
        name: bindparam(name, type_=TASKS.c[name].type)
        for name in ("title", "description", "completed", "priority", "due_date", "recurrence_rule", "external_id")
    },
)
INSERT_TASK = Statement(
    _new.returning(*COLUMNS, literal_column("'[]'").label("tags"), true().label("created")),
    violations={OWNER_EXISTS: InvalidTokenError},
)
INSERT_TASK_ONCE = Statement(
    # The update changes nothing: it makes the statement return, and lock, the row that is there.
    _new.on_conflict_do_update(
        index_elements=["user_id", "external_id"],
        index_where=TASKS.c.external_id.is_not(None),
        set_={"external_id": TASKS.c.external_id},
    ).returning(
        *COLUMNS,
        tags_json(ROW_OF_TASKS),
        IS_NEW,
        _version_seen("external_id", bindparam("external_id", type_=SqlString)),
    ),
    violations={OWNER_EXISTS: InvalidTokenError},
)

_delete = delete(TASKS).where(*MY_TASK).returning(TASKS.c.id)
DELETE_TASK = Statement(_delete)
DELETE_TASK_IF = Statement(_delete.where(is_wanted(TASKS)))


def _touch_linked(link: CTE) -> CTE:
    """Move the task of a link that was made or taken away."""
    return (
        update(TASKS)
        .where(TASKS.c.user_id == link.c.user_id, TASKS.c.id == link.c.task_id)
        .values(**changed(TASKS))
        .returning(TASKS.c.id)
        .cte("touched")
    )


def _outcome(task: Exists, tag: Exists, touched: CTE) -> Select[bool, bool, bool]:
    """Return one row: whether the user has such a task, and such a tag, and whether anything changed."""
    return select(
        task.label("task_found"),
        tag.label("tag_found"),
        exists(select(touched.c.id)).label("changed"),
    )


def _insert_link() -> Statement:
    # The tag is locked before the task, as changing the tag does it, so that the two cannot block each other.
    tag = select(TAGS.c.user_id, TAGS.c.id).where(*MY_TAG).with_for_update(read=True, key_share=True).cte("tag")
    pair = select(TASKS.c.user_id, TASKS.c.id, tag.c.id).join(tag, tag.c.user_id == TASKS.c.user_id).where(*MY_TASK)
    link = (
        insert(LINKS)
        .from_select(["user_id", "task_id", "tag_id"], pair)
        .on_conflict_do_nothing()
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    missing = {TASK_EXISTS: TaskNotFoundError, TAG_EXISTS: TagNotFoundError}
    return Statement(
        _outcome(exists().where(*MY_TASK), exists(select(tag.c.id)), _touch_linked(link)), violations=missing
    )


def _delete_link() -> Statement:
    # The task is locked before the link, as deleting the task does it, so that the two cannot block each other.
    task = select(TASKS.c.user_id, TASKS.c.id).where(*MY_TASK).with_for_update(key_share=True).cte("task")
    link = (
        delete(LINKS)
        .where(LINKS.c.user_id == task.c.user_id, LINKS.c.task_id == task.c.id, LINKS.c.tag_id == TAG_ID)
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    return Statement(_outcome(exists(select(task.c.id)), exists().where(*MY_TAG), _touch_linked(link)))


INSERT_LINK = _insert_link()
DELETE_LINK = _delete_link()
