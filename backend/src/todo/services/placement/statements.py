"""Statements on the contents of projects and sections, and on the rows beside a place."""

from functools import cache

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from todo.core.database.statement import Statement
from todo.services.filters.statements import FILTERS
from todo.services.projects.statements import PROJECTS, TASKS
from todo.services.sections.statements import IN_PROJECT, SECTIONS
from todo.services.shared.log.writes import USER_ID
from todo.services.shared.positions import select_neighbours

PROJECT_IDS = bindparam("project_ids", type_=ARRAY(BigInteger))
_sections = select(SECTIONS.c.id, SECTIONS.c.project_id).where(
    SECTIONS.c.user_id == USER_ID, SECTIONS.c.project_id == any_(PROJECT_IDS)
)
_tasks = select(TASKS.c.id, TASKS.c.project_id, TASKS.c.section_id).where(TASKS.c.user_id == USER_ID)
SELECT_SECTIONS_OF_PROJECTS = Statement(_sections.order_by(SECTIONS.c.id))
SELECT_TASKS_OF_PROJECTS = Statement(_tasks.where(TASKS.c.project_id == any_(PROJECT_IDS)).order_by(TASKS.c.id))
SELECT_TASKS_OF_SECTIONS = Statement(
    _tasks.where(
        TASKS.c.project_id == any_(PROJECT_IDS),
        TASKS.c.section_id == any_(bindparam("section_ids", type_=ARRAY(BigInteger))),
    ).order_by(TASKS.c.id)
)
"""The index has the project before the section, so the statement gets both."""

_ALL_PROJECTS = (PROJECTS.c.user_id == USER_ID,)
PROJECTS_BEFORE, PROJECTS_AFTER = (
    Statement(select_neighbours(PROJECTS, _ALL_PROJECTS, after=after)) for after in (False, True)
)
_ALL_FILTERS = (FILTERS.c.user_id == USER_ID,)
FILTERS_BEFORE, FILTERS_AFTER = (
    Statement(select_neighbours(FILTERS, _ALL_FILTERS, after=after)) for after in (False, True)
)
SECTIONS_BEFORE, SECTIONS_AFTER = (
    Statement(select_neighbours(SECTIONS, IN_PROJECT, after=after)) for after in (False, True)
)


@cache
def select_task_neighbours(*, in_project: bool, in_section: bool, after: bool, is_subtask: bool = False) -> Statement:
    """Return the statement that reads the tasks before or after a place: the subtasks of a parent, or other tasks."""
    is_member = {"project_id": in_project, "section_id": in_section, "parent_id": False}
    if is_subtask:
        is_member = {"parent_id": True}
    conditions = [
        TASKS.c[name] == bindparam(name, type_=BigInteger) if is_set else TASKS.c[name].is_(None)
        for name, is_set in is_member.items()
    ]
    return Statement(select_neighbours(TASKS, [TASKS.c.user_id == USER_ID, *conditions], after=after))
