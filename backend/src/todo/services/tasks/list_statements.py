"""Lists of tasks: their orders and filters, one statement per combination (ADR 0008)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, cast

from pydantic import Field
from pydantic_core import from_json
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Date,
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
)

from todo.core.clock import attach_utc
from todo.core.database.session import Row
from todo.core.database.statement import VARIANTS_MAX, Statement
from todo.domain.dates.due import last_moment
from todo.domain.filters.terms import Expression
from todo.domain.projects.position import POSITION_MAX, key_of_id
from todo.domain.task import TITLE_MAX, Priority
from todo.domain.text import Text, sort_key
from todo.schemas.tasks.task import TaskPublic
from todo.services.projects.statements import PROJECTS
from todo.services.sections.statements import SECTIONS
from todo.services.shared.cursors import Instant
from todo.services.shared.lists import Listing, Order, PageShape
from todo.services.shared.positions import key_of
from todo.services.tasks.derived import SEARCHED_FIELDS
from todo.services.tasks.listing.expressions import condition_of
from todo.services.tasks.listing.keys import due_instant, due_key, or_infinity, or_last_day, priority_rank
from todo.services.tasks.statements import COLUMNS, LINKS, SEARCH, TAGS, TASKS, USER_ID, subtask_counts, tags_json
from todo.services.tasks.tagging.statements import TAG_ID

Position = Annotated[Text, Field(max_length=POSITION_MAX)]


class TaskFilter(NamedTuple):
    """The filters that decide the text of a list statement; their values are parameters.

    Attributes:
        searches: by text in the title or description; binds `text`, folded.
        status: `all`, `pending` or `completed`.
        has_priority: by priority; binds `priority_rank`.
        has_tag: by tag; binds `tag_name` and `tag_id`.
        has_external_id: by external id; binds `external_id`.
        has_due_range: by when tasks are due; binds the parameters of `date_filters` for it.
        is_pending: pending tasks, whatever the status.
        lacks_due: tasks that are not due.
        is_started: by start; binds `today`.
        has_completed_at: by completion; binds `completed_from` and `completed_until`.
        has_updated_at: by change; binds `updated_since`.
        has_project: by project; binds `project_name` and `project_id`.
        lacks_project: tasks of the inbox.
        has_section: by section; binds `section_name` and `section_id`.
        lacks_section: tasks without a section.
        has_parent: direct subtasks of a task; binds `parent_id`.
        lacks_parent: tasks that are no subtasks.
        is_archived: tasks of archived projects alone.
        shows_archived: tasks of archived projects too.
        shows_counts: whether each task is returned with `subtask_counts`.
    """

    searches: bool = False
    status: str = "all"
    has_priority: bool = False
    has_tag: bool = False
    has_external_id: bool = False
    has_due_range: bool = False
    is_pending: bool = False
    lacks_due: bool = False
    is_started: bool = False
    has_completed_at: bool = False
    has_updated_at: bool = False
    has_project: bool = False
    lacks_project: bool = False
    has_section: bool = False
    lacks_section: bool = False
    has_parent: bool = False
    lacks_parent: bool = False
    is_archived: bool = False
    shows_archived: bool = False
    shows_counts: bool = False


def read_row(row: Row | Mapping[str, Any]) -> TaskPublic:
    """Return the task of a row; the row may have further columns. Counts of subtasks that are null are left out."""
    task = cast("TaskPublic", dict(row.items()))
    task["tags"] = from_json(row["tags"])
    if task.pop("subtask_counts", None) is not None:
        task["subtask_counts"] = from_json(row["subtask_counts"])
    task["position"] = row["position"] or key_of_id(task["id"])
    if task["due_date"] is not None and task["due_date"].tzinfo is None:
        task["due_date"] = attach_utc(task["due_date"])
    return task


def _due_value(task: Mapping[str, Any]) -> datetime | None:
    due_date: datetime | None = task["due_date"]
    return due_date if task["due_day"] is None else last_moment(task["due_day"])


TASK_LISTING: Listing[TaskPublic] = Listing(
    table=TASKS,
    columns=COLUMNS,
    orders={
        "created_at": Order("created_at", Instant),
        "due_date": Order("due_date", Instant | None, key=or_infinity, compared=due_instant, item_value=_due_value),
        "priority": Order("priority", Priority, key=priority_rank),
        "title": Order("title_key", Annotated[Text, Field(max_length=TITLE_MAX)], column_value=sort_key),
        "start_day": Order("start_day", date | None, key=or_last_day, is_indexed=False),
        "updated_at": Order("updated_at", Instant, is_indexed=False),
        "completed_at": Order("completed_at", Instant | None, key=or_infinity, is_indexed=False),
        "position": Order("position", Position, compared=key_of, is_indexed=False),
    },
    computed=lambda tasks: [tags_json(tasks)],
    read_row=read_row,
    is_owned=TASKS.c.user_id == USER_ID,
)


@lru_cache(maxsize=VARIANTS_MAX)
def select_page(filters: TaskFilter, shape: PageShape) -> Statement:
    """Return the statement for a page of the user's tasks, each with its tags."""
    conditions = _conditions(filters)
    field = shape.sort.removeprefix("-")
    has_unsorted_source = (
        *(filters.searches, filters.has_tag, filters.has_completed_at, filters.has_updated_at),
        # Its index has the due dates in order, but counting them would read the tasks a second time.
        (filters.has_due_range or filters.lacks_due) and (field != "due_date" or shape.counts),
        not TASK_LISTING.orders[field].is_indexed,
        *(filters.has_project, filters.lacks_project, filters.has_section, filters.lacks_section),
        *(filters.has_parent, filters.lacks_parent),
        *(filters.is_archived, filters.shows_archived),
    )
    matching = _matching(filters, shape.sort, conditions) if any(has_unsorted_source) else None
    return _listing_of(filters).select_page(shape, conditions, matching)


@lru_cache(maxsize=VARIANTS_MAX)
def select_filtered_page(filters: TaskFilter, expression: Expression, shape: PageShape) -> Statement:
    """Return the statement for a page of the user's tasks that match an expression too.

    The expression is evaluated once for each task, for the page and for the total.
    """
    conditions = [*_conditions(filters), condition_of(expression)]
    return _listing_of(filters).select_page(shape, conditions, _matching(filters, shape.sort, conditions))


def _listing_of(filters: TaskFilter) -> Listing[TaskPublic]:
    if not filters.shows_counts:
        return TASK_LISTING
    return replace(TASK_LISTING, computed=lambda tasks: [tags_json(tasks), subtask_counts(tasks)])


def _conditions(filters: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of all filters except the search."""
    conditions: list[ColumnElement[bool]] = [TASKS.c.user_id == USER_ID]
    if filters.status != "all":
        conditions.append(TASKS.c.completed == (true() if filters.status == "completed" else false()))
    if filters.has_priority:
        conditions.append(priority_rank(TASKS.c.priority) == bindparam("priority_rank", type_=Integer))
    if filters.has_tag:
        is_tag = or_(TAGS.c.name == bindparam("tag_name", type_=String), TAGS.c.id == TAG_ID)
        is_linked = and_(TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)
        tagged_task_ids = select(LINKS.c.task_id).join(TAGS, is_linked).where(LINKS.c.user_id == USER_ID, is_tag)
        # An array is looked up by the keys in one scan. A join is planned for the few tasks that most tags have.
        conditions.append(TASKS.c.id == any_(func.array(tagged_task_ids.scalar_subquery())))
    if filters.has_external_id:
        conditions.append(TASKS.c.external_id == bindparam("external_id", type_=String))
    return conditions + _project_conditions(filters) + _date_conditions(filters)


def _project_conditions(filters: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters by project, section, parent and archive."""
    conditions: list[ColumnElement[bool]] = []
    if filters.has_project:
        is_project = or_(
            PROJECTS.c.name == bindparam("project_name", type_=String),
            PROJECTS.c.id == bindparam("project_id", type_=BigInteger),
        )
        conditions.append(_in_projects(is_project))
    if filters.lacks_project:
        conditions.append(TASKS.c.project_id.is_(None))
    if filters.has_section:
        is_section = or_(
            SECTIONS.c.name == bindparam("section_name", type_=String),
            SECTIONS.c.id == bindparam("section_id", type_=BigInteger),
        )
        # The index has the project before the section.
        for name, column in {"project_id": SECTIONS.c.project_id, "section_id": SECTIONS.c.id}.items():
            found = select(column).where(SECTIONS.c.user_id == USER_ID, is_section).scalar_subquery()
            conditions.append(TASKS.c[name] == any_(func.array(found)))
    if filters.lacks_section:
        conditions.append(TASKS.c.section_id.is_(None))
    if filters.has_parent:
        conditions.append(TASKS.c.parent_id == bindparam("parent_id", type_=BigInteger))
    if filters.lacks_parent:
        conditions.append(TASKS.c.parent_id.is_(None))
    if filters.is_archived:
        conditions.append(_in_projects(PROJECTS.c.archived == true()))
    elif not filters.shows_archived:
        conditions.append(TASKS.c.archived == false())
    return conditions


def _in_projects(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a task is in one of the projects that have a condition."""
    ids = select(PROJECTS.c.id).where(PROJECTS.c.user_id == USER_ID, condition)
    return TASKS.c.project_id == any_(func.array(ids.scalar_subquery()))


def _date_conditions(filters: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters by dates. A missing value matches none of them except `lacks_due`."""
    conditions: list[ColumnElement[bool]] = []
    if filters.has_due_range:
        is_due_at = TASKS.c.due_date.between(_instant("due_from"), _instant("due_until"))
        is_due_on = TASKS.c.due_day.between(
            bindparam("due_from_day", type_=Date), bindparam("due_until_day", type_=Date)
        )
        # The index is sorted by the key alone, which is near the instant and the day.
        conditions += [
            due_key(TASKS.c).between(_instant("first_due_key"), _instant("last_due_key")),
            or_(is_due_at, is_due_on),
        ]
    if filters.is_pending:
        conditions.append(TASKS.c.completed == false())
    if filters.lacks_due:
        has_last_key = due_key(TASKS.c) == literal_column("'infinity'::timestamptz")
        conditions += [has_last_key, TASKS.c.due_date.is_(None), TASKS.c.due_day.is_(None)]
    if filters.is_started:
        conditions.append(or_(TASKS.c.start_day.is_(None), TASKS.c.start_day <= bindparam("today", type_=Date)))
    if filters.has_completed_at:
        conditions.append(TASKS.c.completed_at.between(_instant("completed_from"), _instant("completed_until")))
    if filters.has_updated_at:
        conditions.append(TASKS.c.updated_at >= _instant("updated_since"))
    return conditions


def _instant(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=DateTime(timezone=True))


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
