"""Statements on sections."""

from dataclasses import replace
from functools import cache

from sqlalchemy import ARRAY, BigInteger, Integer, any_, bindparam, exists, func, select, true

from todo.core.database.statement import Statement
from todo.models import Section
from todo.models.projects.section import EXTERNAL_ID_UNIQUE, PROJECT_EXISTS
from todo.schemas.projects.section import SectionCreate, SectionPublic
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.errors import ProjectOfSectionGoneError, SectionExternalIdTakenError
from todo.services.shared.log.row_writes import ROW_ID, RowWrites
from todo.services.shared.log.writes import USER_ID, Write
from todo.services.shared.positions import key_of
from todo.services.shared.tables import binds_of, columns_of, table_of

SECTIONS = table_of(Section)
SECTION = "section"
"""The type of sections in the change log."""
COLUMNS = columns_of(SECTIONS, SectionPublic)
LOGGED_FIELDS = ["project_id", *SectionCreate.model_fields, "position"]
"""The fields in the log of a new section; all except `project_id` can change."""
IS_OWN = (SECTIONS.c.user_id == USER_ID, SECTIONS.c.id == ROW_ID)
PROJECT_ID = bindparam("project_id", type_=BigInteger)
IN_PROJECT = (SECTIONS.c.user_id == USER_ID, SECTIONS.c.project_id == PROJECT_ID)

WRITES = RowWrites(
    table=SECTIONS,
    entity=SECTION,
    columns=COLUMNS,
    fields=LOGGED_FIELDS,
    violations={PROJECT_EXISTS: ProjectNotFoundError, EXTERNAL_ID_UNIQUE: SectionExternalIdTakenError},
)
RESTORES = replace(WRITES, violations={**WRITES.violations, PROJECT_EXISTS: ProjectOfSectionGoneError})
RESTORE_SECTIONS, REVERT_SECTIONS, REMOVE_SECTIONS = RESTORES.restore, RESTORES.revert, RESTORES.remove
MOVE_SECTIONS = WRITES.reposition


def _insert_section() -> Write:
    count = select(func.count()).select_from(SECTIONS).where(*IN_PROJECT).scalar_subquery()
    values = {"project_id": PROJECT_ID, **binds_of(SECTIONS, SectionCreate.model_fields)}
    is_known = exists().where(SECTIONS.c.user_id == USER_ID, SECTIONS.c.external_id == values["external_id"])
    is_below_limit = count < bindparam("max_sections", type_=Integer)
    return WRITES.insert(select(true().label("is_changed")).where(is_below_limit, ~is_known).cte("plan"), values)


INSERT_SECTION = _insert_section()
"""Returns no row if the user has a section with the external id, or the project has `max_sections` sections."""


@cache
def update_section(fields: frozenset[str], *, conditional: bool) -> Write:
    """Return the write of these fields of one section; a conditional one has the parameter `entity_tags`."""
    return WRITES.update(fields, conditional=conditional)


SELECT_SECTION = Statement(select(*COLUMNS).where(*IS_OWN))
SELECT_BY_EXTERNAL_ID = Statement(
    select(*COLUMNS).where(
        SECTIONS.c.user_id == USER_ID,
        SECTIONS.c.external_id == bindparam("external_id", type_=SECTIONS.c.external_id.type),
    )
)
SELECT_SECTIONS_BY_IDS = Statement(
    select(*COLUMNS).where(
        SECTIONS.c.user_id == USER_ID, SECTIONS.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    )
)
SELECT_SECTIONS_AFTER = Statement(
    select(*COLUMNS)
    .where(SECTIONS.c.user_id == USER_ID, SECTIONS.c.id > ROW_ID)
    .order_by(SECTIONS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
SELECT_SECTIONS = Statement(select(*COLUMNS).where(*IN_PROJECT).order_by(key_of(SECTIONS.c), SECTIONS.c.id))
SELECT_IDS = Statement(select(SECTIONS.c.id, SECTIONS.c.project_id).where(SECTIONS.c.user_id == USER_ID))
"""Returns all sections of a user."""
