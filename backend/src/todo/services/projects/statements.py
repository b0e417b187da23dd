"""Statements on projects."""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Boolean,
    Integer,
    any_,
    bindparam,
    exists,
    func,
    select,
    true,
    update,
)

from todo.core.database.statement import Statement
from todo.models import Project, Task
from todo.models.projects.project import EXTERNAL_ID_UNIQUE, OWNER_EXISTS
from todo.schemas.projects.project import ProjectCreate, ProjectPublic
from todo.services.authentication import InvalidTokenError
from todo.services.projects.errors import ProjectExternalIdTakenError
from todo.services.shared.log.row_writes import ROW_ID, RowWrites
from todo.services.shared.log.writes import USER_ID, Write
from todo.services.shared.positions import key_of
from todo.services.shared.tables import binds_of, columns_of, table_of

PROJECTS, TASKS = table_of(Project), table_of(Task)
PROJECT = "project"
"""The type of projects in the change log."""
COLUMNS = columns_of(PROJECTS, ProjectPublic)
LOGGED_FIELDS = [*ProjectCreate.model_fields, "position"]
"""The fields in the log of a new and of a changed project."""
IS_OWN = (PROJECTS.c.user_id == USER_ID, PROJECTS.c.id == ROW_ID)
IDS = bindparam("ids", type_=ARRAY(BigInteger))


def _archive_tasks(plan: CTE, clock: CTE) -> Iterable[CTE]:
    """Return the part of a write that keeps `archived` of tasks equal to that of their project."""
    if "archived" not in plan.c:
        return
    is_other = TASKS.c.archived != plan.c.archived
    yield (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.project_id == plan.c.id, is_other, clock.c.seq.is_not(None))
        .values(archived=plan.c.archived)
        .cte("archived_tasks")
    )


WRITES = RowWrites(
    table=PROJECTS,
    entity=PROJECT,
    columns=COLUMNS,
    fields=LOGGED_FIELDS,
    violations={OWNER_EXISTS: InvalidTokenError, EXTERNAL_ID_UNIQUE: ProjectExternalIdTakenError},
    consequences=_archive_tasks,
)
RESTORE_PROJECTS, REVERT_PROJECTS, REMOVE_PROJECTS = WRITES.restore, WRITES.revert, WRITES.remove
MOVE_PROJECTS = WRITES.reposition


def _insert_project() -> Write:
    count = select(func.count()).select_from(PROJECTS).where(PROJECTS.c.user_id == USER_ID).scalar_subquery()
    values = binds_of(PROJECTS, ProjectCreate.model_fields)
    is_known = exists().where(PROJECTS.c.user_id == USER_ID, PROJECTS.c.external_id == values["external_id"])
    plan = (
        select(true().label("is_changed"))
        .where(count < bindparam("max_projects", type_=Integer), ~is_known)
        .cte("plan")
    )
    return WRITES.insert(plan, values)


INSERT_PROJECT = _insert_project()
"""Returns no row if the user has a project with the external id, or `max_projects` projects."""


@cache
def update_project(fields: frozenset[str], *, conditional: bool) -> Write:
    """Return the write of these fields of one project; a conditional one has the parameter `entity_tags`."""
    return WRITES.update(fields, conditional=conditional)


SELECT_PROJECT = Statement(select(*COLUMNS).where(*IS_OWN))
SELECT_BY_EXTERNAL_ID = Statement(
    select(*COLUMNS).where(
        PROJECTS.c.user_id == USER_ID,
        PROJECTS.c.external_id == bindparam("external_id", type_=PROJECTS.c.external_id.type),
    )
)
SELECT_PROJECTS_BY_IDS = Statement(select(*COLUMNS).where(PROJECTS.c.user_id == USER_ID, PROJECTS.c.id == any_(IDS)))
SELECT_PROJECTS_AFTER = Statement(
    select(*COLUMNS)
    .where(PROJECTS.c.user_id == USER_ID, PROJECTS.c.id > ROW_ID)
    .order_by(PROJECTS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
_in_order = select(*COLUMNS).where(PROJECTS.c.user_id == USER_ID).order_by(key_of(PROJECTS.c), PROJECTS.c.id)
SELECT_PROJECTS = Statement(_in_order)
SELECT_PROJECTS_BY_ARCHIVED = Statement(_in_order.where(PROJECTS.c.archived == bindparam("archived", type_=Boolean)))
COUNT_TASKS = Statement(
    select(
        TASKS.c.project_id,
        func.count().label("total"),
        func.count().filter(TASKS.c.completed).label("completed"),
    )
    .where(TASKS.c.user_id == USER_ID)
    .group_by(TASKS.c.project_id)
    .order_by(TASKS.c.project_id.nulls_first()),
)
"""Returns the numbers of tasks in the inbox and in each project that has some."""
