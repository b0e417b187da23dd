"""Statements on the contents of projects and sections."""

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from todo.core.database.statement import Statement
from todo.services.projects.statements import TASKS
from todo.services.sections.statements import SECTIONS
from todo.services.shared.log.writes import USER_ID

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
