"""The statements on tasks, each built once: a filter combination once per shape, a patch once per set of fields."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Exists,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import String as SqlString
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_nothing
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from todo.core.database import Statement
from todo.core.errors import NotFoundError
from todo.models import Tag, Task, TaskTagLink
from todo.models.base import table_of
from todo.models.task import OWNER_EXISTS, PRIORITIES
from todo.models.task_tag_link import TAG_EXISTS, TASK_EXISTS
from todo.services.auth_service import InvalidTokenError
from todo.services.tag_service import TagNotFoundError

TASKS, TAGS, LINKS = table_of(Task), table_of(Tag), table_of(TaskTagLink)

USER_ID = bindparam("user_id", type_=TASKS.c.user_id.type)
TASK_ID = bindparam("task_id", type_=BigInteger)
TAG_ID = bindparam("tag_id", type_=BigInteger)
MY_TASK = (TASKS.c.user_id == USER_ID, TASKS.c.id == TASK_ID)
MOVED_ON = func.greatest(func.now(), TASKS.c.updated_at + literal_column("interval '1 microsecond'"))
"""`updated_at` of a changed task: later than before even if the server's clock went back."""

Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]
PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
"""By name, the place in `PRIORITIES`."""


class TaskNotFoundError(NotFoundError):
    """Task not found"""

    code = "TASK_NOT_FOUND"


class ListShape(NamedTuple):
    """What decides the text of a list statement; everything else about a query is a bound value."""

    searches: bool
    status: str
    has_priority: bool
    has_tag: bool
    sort: str | None


def _tags_json(tasks: Columns) -> ColumnElement[str]:
    """Return the JSON array of a task's tags by name; `tasks` has its `user_id` and `id`."""
    tag = func.json_build_object(
        literal_column("'id'"),
        TAGS.c.id,
        literal_column("'name'"),
        TAGS.c.name,
        literal_column("'color'"),
        TAGS.c.color,
    )
    tags = func.json_agg(aggregate_order_by(tag, func.lower(TAGS.c.name), TAGS.c.name))
    return (
        select(func.coalesce(tags, literal_column("'[]'")))
        .select_from(LINKS.join(TAGS, and_(TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)))
        .where(LINKS.c.user_id == tasks["user_id"], LINKS.c.task_id == tasks["id"])
        .correlate_except(LINKS, TAGS)
        .label("tags")
    )


def _priority_rank(tasks: Columns) -> ColumnElement[int]:
    """Return the place of a task's priority, in the very words of the index on it."""
    return func.array_position(literal_column(PRIORITIES), tasks["priority"])


ORDERS: Mapping[str, Callable[[Columns], ColumnElement[Any]]] = {
    "created_at": lambda tasks: tasks["created_at"],
    "due_date": lambda tasks: tasks["due_date"],
    "priority": _priority_rank,
    "title": lambda tasks: func.lower(tasks["title"]),
}
NEWEST_FIRST = "-created_at"


def _order(tasks: Columns, sort: str) -> list[ColumnElement[Any]]:
    """Return a total order. PostgreSQL counts null as the greatest: last ascending, first descending (FLT-010)."""
    keys = [ORDERS[sort.removeprefix("-")](tasks), tasks["id"]]
    return [key.desc() for key in keys] if sort.startswith("-") else keys


def _conditions(shape: ListShape) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [TASKS.c.user_id == USER_ID]
    if shape.searches:
        contains = bindparam("contains", type_=SqlString)
        conditions.append(
            or_(TASKS.c.title.ilike(contains, escape="\\"), TASKS.c.description.ilike(contains, escape="\\"))
        )
    if shape.status != "all":
        conditions.append(TASKS.c.completed == (true() if shape.status == "completed" else false()))
    if shape.has_priority:
        conditions.append(_priority_rank(TASKS.c) == bindparam("priority_rank", type_=Integer))
    if shape.has_tag:
        is_it = or_(TAGS.c.name == bindparam("tag_name", type_=SqlString), TAGS.c.id == TAG_ID)
        carries = (
            select(LINKS.c.task_id)
            .join(TAGS, and_(TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id))
            .where(LINKS.c.user_id == USER_ID, is_it)
        )
        conditions.append(TASKS.c.id.in_(carries))
    return conditions


@cache
def select_page(shape: ListShape) -> Statement:
    """Return the statement that reads a page, each task with its tags, and in every row the `total` of the list.

    A page without tasks is one row whose `id` is null. Binds `user_id`, `limit`, `offset` and what the shape uses:
    `contains` (an ILIKE pattern), `priority_rank`, `tag_name` with `tag_id`.
    """
    conditions = _conditions(shape)
    sort = shape.sort or NEWEST_FIRST
    page = (
        select(TASKS)
        .where(*conditions)
        .order_by(*_order(TASKS.c, sort))
        .limit(bindparam("limit", type_=BigInteger))
        .offset(bindparam("offset", type_=BigInteger))
        .subquery("page")
    )
    matching = select(func.count().label("total")).select_from(TASKS).where(*conditions).subquery("matching")
    return Statement(
        select(matching.c.total, *page.c, _tags_json(page.c))
        .select_from(matching.outerjoin(page, true()))
        .order_by(*_order(page.c, sort))
    )


@cache
def update_task(fields: frozenset[str]) -> Statement:
    """Return the statement that writes these fields of one task and gives it back; binds them and `task_id`."""
    written = {name: bindparam(name, type_=TASKS.c[name].type) for name in sorted(fields)}
    return Statement(
        update(TASKS).where(*MY_TASK).values(**written, updated_at=MOVED_ON).returning(*TASKS.c, _tags_json(TASKS.c))
    )


SELECT_TASK = Statement(select(*TASKS.c, _tags_json(TASKS.c)).where(*MY_TASK))

INSERT_TASK = Statement(
    insert(TASKS)
    .values(
        user_id=USER_ID,
        **{
            name: bindparam(name, type_=TASKS.c[name].type)
            for name in ("title", "description", "completed", "priority", "due_date", "recurrence_rule")
        },
    )
    .returning(*TASKS.c, literal_column("'[]'").label("tags")),
    violations={OWNER_EXISTS: InvalidTokenError},
)

DELETE_TASK = Statement(delete(TASKS).where(*MY_TASK).returning(TASKS.c.id))


def _touch_linked(link: CTE) -> CTE:
    """Move the task of a link that was made or taken away."""
    return (
        update(TASKS)
        .where(TASKS.c.user_id == link.c.user_id, TASKS.c.id == link.c.task_id)
        .values(updated_at=MOVED_ON)
        .returning(TASKS.c.id)
        .cte("touched")
    )


def _outcome(task: Exists, touched: CTE) -> Select[bool, bool, bool]:
    """Return one row: whether the user has such a task, and such a tag, and whether anything changed."""
    return select(
        task.label("task_found"),
        exists().where(TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID).label("tag_found"),
        exists(select(touched.c.id)).label("changed"),
    )


def _insert_link() -> Statement:
    pair = (
        select(TASKS.c.user_id, TASKS.c.id, TAGS.c.id)
        .join(TAGS, TAGS.c.user_id == TASKS.c.user_id)
        .where(*MY_TASK, TAGS.c.id == TAG_ID)
    )
    link = (
        insert_or_nothing(LINKS)
        .from_select(["user_id", "task_id", "tag_id"], pair)
        .on_conflict_do_nothing()
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    missing = {TASK_EXISTS: TaskNotFoundError, TAG_EXISTS: TagNotFoundError}
    return Statement(_outcome(exists().where(*MY_TASK), _touch_linked(link)), violations=missing)


def _delete_link() -> Statement:
    # The task is locked before the link, as deleting the task does it, so that the two cannot block each other.
    task = select(TASKS.c.user_id, TASKS.c.id).where(*MY_TASK).with_for_update(key_share=True).cte("task")
    link = (
        delete(LINKS)
        .where(LINKS.c.user_id == task.c.user_id, LINKS.c.task_id == task.c.id, LINKS.c.tag_id == TAG_ID)
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    return Statement(_outcome(exists(select(task.c.id)), _touch_linked(link)))


INSERT_LINK = _insert_link()
DELETE_LINK = _delete_link()
