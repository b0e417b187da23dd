"""Statements of quick add."""

from sqlalchemy import ARRAY, Text, any_, bindparam, false, select

from todo.core.database.statement import Statement
from todo.services.projects.statements import PROJECTS
from todo.services.shared.log.writes import USER_ID
from todo.services.shared.positions import key_of

SELECT_PROJECTS_BY_NAMES = Statement(
    select(PROJECTS.c.id, PROJECTS.c.name)
    .where(
        PROJECTS.c.user_id == USER_ID,
        PROJECTS.c.archived == false(),
        PROJECTS.c.name == any_(bindparam("names", type_=ARRAY(Text))),
    )
    .order_by(key_of(PROJECTS.c), PROJECTS.c.id)
)
"""Returns the projects with one of these names that are not archived, in their order."""
