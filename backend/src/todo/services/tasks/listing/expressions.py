"""The conditions of filters. Each kind of term has a function in CONDITIONS, and a value of `term_values`.

A condition is true or false and never null, so that `not` is its opposite for tasks without a value too (FIL-003).
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from todo.domain.filters.terms import Branch, Expression, TermKind
from todo.services.projects.statements import PROJECTS
from todo.services.sections.statements import SECTIONS
from todo.services.tasks.derived import SEARCHED_FIELDS
from todo.services.tasks.listing.keys import due_key, priority_rank
from todo.services.tasks.statements import LINKS, SEARCH, TAGS, TASKS, USER_ID

Condition = Callable[[str, bool], ColumnElement[bool]]
"""Returns a condition. The arguments are the prefix of its parameters, and whether all other tasks are left out."""


def prefix_of(place: int) -> str:
    """Return the prefix of the parameters of a term."""
    return f"term_{place}"


def condition_of(expression: Expression, *, is_required: bool = True) -> ColumnElement[bool]:
    """Return the condition of an expression.

    Args:
        expression: the expression.
        is_required: whether the list leaves out all tasks for which the condition is false.
    """
    if not isinstance(expression, Branch):
        return CONDITIONS[expression.kind](prefix_of(expression.place), is_required)
    is_required = is_required and expression.operator == "and"
    conditions = [condition_of(part, is_required=is_required) for part in expression.parts]
    if expression.operator == "not":
        return not_(conditions[0])
    return (and_ if expression.operator == "and" else or_)(*conditions)


def _is_due(prefix: str, _is_required: bool) -> ColumnElement[bool]:
    """Return whether a task is due in a range. The index has the keys that instants and days of the range can have."""
    is_in_index = due_key(TASKS.c).between(_instant(f"{prefix}_first_key"), _instant(f"{prefix}_last_key"))
    return and_(is_in_index, or_(_is_at("due_date", prefix), _is_on("due_day", prefix)))


def _is_overdue(prefix: str, is_required: bool) -> ColumnElement[bool]:
    return and_(TASKS.c.completed == false(), _is_due(prefix, is_required))


def _is_at(column: str, prefix: str) -> ColumnElement[bool]:
    instant = TASKS.c[column]
    return and_(instant.is_not(None), instant.between(_instant(f"{prefix}_first"), _instant(f"{prefix}_last")))


def _is_on(column: str, prefix: str) -> ColumnElement[bool]:
    day = TASKS.c[column]
    first, last = (bindparam(f"{prefix}_{end}_day", type_=Date) for end in ("first", "last"))
    return and_(day.is_not(None), day.between(first, last))


def _has_priority(prefix: str, _is_required: bool) -> ColumnElement[bool]:
    return priority_rank(TASKS.c.priority) == bindparam(f"{prefix}_rank", type_=Integer)


def _has_tag(prefix: str, is_required: bool) -> ColumnElement[bool]:
    is_tag = LINKS.c.tag_id == any_(_ids_of(TAGS, prefix))
    return _is_among(select(LINKS.c.task_id).where(LINKS.c.user_id == USER_ID, is_tag), is_required)


def _has_no_tags(_prefix: str, _is_required: bool) -> ColumnElement[bool]:
    links: Select[Any] = select(literal_column("1")).where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == TASKS.c.id)
    return not_(links.correlate(TASKS).exists())


def _is_in_project(prefix: str, _is_required: bool) -> ColumnElement[bool]:
    return and_(TASKS.c.project_id.is_not(None), TASKS.c.project_id == any_(_ids_of(PROJECTS, prefix)))


def _is_in_section(prefix: str, _is_required: bool) -> ColumnElement[bool]:
    return and_(TASKS.c.section_id.is_not(None), TASKS.c.section_id == any_(_ids_of(SECTIONS, prefix)))


def _ids_of(table: Table, prefix: str) -> ColumnElement[Any]:
    """Return the ids of the rows that a name means."""
    has_name = table.c.name == bindparam(f"{prefix}_name", type_=String)
    has_id = table.c.id == bindparam(f"{prefix}_id", type_=BigInteger)
    ids = select(table.c.id).where(table.c.user_id == USER_ID, or_(has_name, has_id))
    return func.array(ids.scalar_subquery())


def _has_text(prefix: str, is_required: bool) -> ColumnElement[bool]:
    text = bindparam(f"{prefix}_text", type_=String)
    contains = or_(*(func.strpos(SEARCH.c[field], text) > literal_column("0") for field in SEARCHED_FIELDS))
    return _is_among(select(SEARCH.c.task_id).where(SEARCH.c.user_id == USER_ID, contains), is_required)


def _is_among(task_ids: Select[Any], is_required: bool) -> ColumnElement[bool]:
    """Return the condition that a task is one of these.

    If the list has no other tasks, PostgreSQL looks up the ids of an array by the primary key. In all other places it
    hashes the ids of a subquery once. It would search an array again for each task.
    """
    if is_required:
        return TASKS.c.id == any_(func.array(task_ids.scalar_subquery()))
    return TASKS.c.id.in_(task_ids)


def _lacks_due(_prefix: str, _is_required: bool) -> ColumnElement[bool]:
    has_last_key = due_key(TASKS.c) == literal_column("'infinity'::timestamptz")
    return and_(has_last_key, TASKS.c.due_date.is_(None), TASKS.c.due_day.is_(None))


def _instant(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=DateTime(timezone=True))


CONDITIONS: dict[TermKind, Condition] = {
    "pending": lambda _prefix, _is_required: TASKS.c.completed == false(),
    "completed": lambda _prefix, _is_required: TASKS.c.completed == true(),
    "overdue": _is_overdue,
    "due": _is_due,
    "start": lambda prefix, _is_required: _is_on("start_day", prefix),
    "deadline": lambda prefix, _is_required: _is_on("deadline_day", prefix),
    "created at": lambda prefix, _is_required: _is_at("created_at", prefix),
    "updated at": lambda prefix, _is_required: _is_at("updated_at", prefix),
    "completed at": lambda prefix, _is_required: _is_at("completed_at", prefix),
    "no due": _lacks_due,
    "no start": lambda _prefix, _is_required: TASKS.c.start_day.is_(None),
    "no deadline": lambda _prefix, _is_required: TASKS.c.deadline_day.is_(None),
    "no project": lambda _prefix, _is_required: TASKS.c.project_id.is_(None),
    "no section": lambda _prefix, _is_required: TASKS.c.section_id.is_(None),
    "priority": _has_priority,
    "tag": _has_tag,
    "project": _is_in_project,
    "section": _is_in_section,
    "no tags": _has_no_tags,
    "search": _has_text,
}
"""By kind of term, the function that returns its condition."""
