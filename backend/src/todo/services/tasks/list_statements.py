"""Lists of tasks: their orders and filters, one statement per combination (ADR 0008)."""

from datetime import UTC
from functools import cache
from typing import Annotated, Any, NamedTuple, cast

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import from_json
from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    String,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from todo.core.clock import attach_utc
from todo.core.database.session import Row
from todo.core.database.statement import Statement
from todo.domain.task import TITLE_MAX, Priority
from todo.domain.text import Text
from todo.models.task import PRIORITIES
from todo.schemas.tasks.task import TaskPublic
from todo.services.shared.lists import Columns, Listing, Order, PageShape
from todo.services.tasks.statements import COLUMNS, LINKS, TAGS, TASKS, USER_ID, tags_json
from todo.services.tasks.tag_statements import TAG_ID

NEWEST_FIRST = "-created_at"
PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
"""By priority, its index in `PRIORITIES`, from 1."""
SCANNED_TASKS_MAX: ColumnElement[int] = literal_column("3000")
"""A search scans the tasks of a user who has at most this many; for more it uses the index over all users' texts."""
Instant = Annotated[AwareDatetime, AfterValidator(lambda instant: instant.astimezone(UTC))]


class TaskFilter(NamedTuple):
    """The filters that decide the text of a list statement; their values are parameters.

    Attributes:
        searches: by text; binds `contains`, a LIKE pattern.
        spans: the text contains the separator between title and description.
        status: `all`, `pending` or `completed`.
        has_priority: by priority; binds `priority_rank`.
        has_tag: by tag; binds `tag_name` and `tag_id`.
        has_external_id: by external id; binds `external_id`.
    """

    searches: bool = False
    spans: bool = False
    status: str = "all"
    has_priority: bool = False
    has_tag: bool = False
    has_external_id: bool = False


def read_row(row: Row) -> TaskPublic:
    """Return the task of a row; the row may have further columns."""
    task = cast("TaskPublic", dict(row))
    task["tags"] = from_json(row["tags"])
    if task["due_date"] is not None and task["due_date"].tzinfo is None:
        task["due_date"] = attach_utc(task["due_date"])
    return task


def _priority_rank(tasks: Columns) -> ColumnElement[int]:
    """Return the rank of a task's priority, in the words of its index."""
    return func.array_position(literal_column(PRIORITIES), tasks["priority"])


def _due(tasks: Columns) -> ColumnElement[Any]:
    """Return the due date or infinity, in the words of its index (FLT-010)."""
    return func.coalesce(tasks["due_date"], literal_column("'infinity'::timestamptz"))


TASK_LISTING: Listing[TaskPublic] = Listing(
    table=TASKS,
    columns=COLUMNS,
    orders={
        "created_at": Order(lambda tasks: tasks["created_at"], DateTime(timezone=True), Instant),
        "due_date": Order(_due, DateTime(timezone=True), Instant | None),
        "priority": Order(_priority_rank, String(), Priority),
        "title": Order(
            lambda tasks: func.lower(tasks["title"]), String(), Annotated[Text, Field(max_length=TITLE_MAX)]
        ),
    },
    computed=lambda tasks: [tags_json(tasks)],
    read_row=read_row,
    is_owned=TASKS.c.user_id == USER_ID,
)


@cache
def select_page(filters: TaskFilter, shape: PageShape) -> Statement:
    """Return the statement for a page of the user's tasks, each with its tags."""
    conditions = _conditions(filters)
    has_unsorted_source = filters.searches or filters.has_tag
    matching = _matching(filters, shape.sort, conditions) if has_unsorted_source else None
    return TASK_LISTING.select_page(shape, conditions, matching)


def _conditions(filters: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of all filters except the search."""
    conditions: list[ColumnElement[bool]] = [TASKS.c.user_id == USER_ID]
    if filters.status != "all":
        conditions.append(TASKS.c.completed == (true() if filters.status == "completed" else false()))
    if filters.has_priority:
        conditions.append(_priority_rank(TASKS.c) == bindparam("priority_rank", type_=Integer))
    if filters.has_tag:
        is_tag = or_(TAGS.c.name == bindparam("tag_name", type_=String), TAGS.c.id == TAG_ID)
        is_linked = and_(TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)
        tagged_task_ids = select(LINKS.c.task_id).join(TAGS, is_linked).where(LINKS.c.user_id == USER_ID, is_tag)
        # An array is looked up by the keys in one scan. A join is planned for the few tasks that most tags have.
        conditions.append(TASKS.c.id == any_(func.array(tagged_task_ids.scalar_subquery())))
    if filters.has_external_id:
        conditions.append(TASKS.c.external_id == bindparam("external_id", type_=String))
    return conditions


def _matching(filters: TaskFilter, sort: str, conditions: list[ColumnElement[bool]]) -> CTE:
    """Return the ids and sort keys of all matching tasks, for lists that no index has in their order.

    The trigram index covers the texts of all users, so a lookup of a common word costs more the more tasks others
    have. The tasks of a user who has few are scanned instead.
    """
    key, task_id = TASK_LISTING.sort_keys(TASKS.c, sort)
    found = select(task_id, key.label("key")).where(*conditions)
    if not filters.searches:
        return found.cte("matching")
    counted = select(literal_column("1")).where(TASKS.c.user_id == USER_ID).limit(SCANNED_TASKS_MAX + 1).subquery()
    size = select((func.count() > SCANNED_TASKS_MAX).label("is_large")).select_from(counted).cte("size")
    is_large = select(size.c.is_large).scalar_subquery()
    contains = func.lower(bindparam("contains", type_=String))
    if filters.spans:
        either = (func.lower(text).like(contains, escape="\\") for text in (TASKS.c.title, TASKS.c.description))
        found = found.where(or_(*either))
    # The concatenation keeps the planner from the trigram index.
    scanned = found.where(~is_large, TASKS.c.search_text.concat(literal_column("''")).like(contains, escape="\\"))
    indexed = found.where(is_large, TASKS.c.search_text.like(contains, escape="\\"))
    return union_all(scanned, indexed).cte("matching")
