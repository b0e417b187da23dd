"""Lists of tasks: their orders and filters, one statement per combination (ADR 0008)."""

from functools import cache
from typing import Annotated, Any, NamedTuple, cast

from pydantic import Field
from pydantic_core import from_json
from sqlalchemy import (
    CTE,
    ColumnElement,
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
)

from todo.core.clock import attach_utc
from todo.core.database.session import Row
from todo.core.database.statement import Statement
from todo.domain.task import TITLE_MAX, Priority
from todo.domain.text import Text, sort_key
from todo.models.task import PRIORITIES
from todo.schemas.tasks.task import TaskPublic
from todo.services.shared.cursors import Instant
from todo.services.shared.lists import Listing, Order, PageShape
from todo.services.tasks.derived import SEARCHED_FIELDS
from todo.services.tasks.statements import COLUMNS, LINKS, SEARCH, TAGS, TASKS, USER_ID, tags_json
from todo.services.tasks.tag_statements import TAG_ID

PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
"""By priority, its index in `PRIORITIES`, from 1."""


class TaskFilter(NamedTuple):
    """The filters that decide the text of a list statement; their values are parameters.

    Attributes:
        searches: by text in the title or description; binds `text`, folded.
        status: `all`, `pending` or `completed`.
        has_priority: by priority; binds `priority_rank`.
        has_tag: by tag; binds `tag_name` and `tag_id`.
        has_external_id: by external id; binds `external_id`.
    """

    searches: bool = False
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


def _priority_rank(priority: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the rank of a priority, in the words of its index."""
    return func.array_position(literal_column(PRIORITIES), priority)


def _date_or_infinity(due_date: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the due date or infinity, in the words of its index (FLT-010)."""
    return func.coalesce(due_date, literal_column("'infinity'::timestamptz"))


TASK_LISTING: Listing[TaskPublic] = Listing(
    table=TASKS,
    columns=COLUMNS,
    orders={
        "created_at": Order("created_at", Instant),
        "due_date": Order("due_date", Instant | None, key=_date_or_infinity),
        "priority": Order("priority", Priority, key=_priority_rank),
        "title": Order("title_key", Annotated[Text, Field(max_length=TITLE_MAX)], column_value=sort_key),
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
        conditions.append(_priority_rank(TASKS.c.priority) == bindparam("priority_rank", type_=Integer))
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

    A search scans the search rows of the user alone, so it costs the same whatever other users have (ADR 0008).
    """
    key, task_id = TASK_LISTING.sort_keys(TASKS.c, sort)
    found = select(task_id, key.label("sort_key")).where(*conditions)
    if filters.searches:
        text = bindparam("text", type_=String)
        contains = or_(*(func.strpos(SEARCH.c[field], text) > literal_column("0") for field in SEARCHED_FIELDS))
        hits = select(SEARCH.c.task_id).where(SEARCH.c.user_id == USER_ID, contains)
        # As an array, the ids are looked up by the primary key. A join would be planned for a fixed share of matches.
        found = found.where(TASKS.c.id == any_(func.array(hits.scalar_subquery())))
    return found.cte("matching")
