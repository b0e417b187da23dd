"""Statements on the contents of projects."""

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from todo.core.database.statement import Statement
from todo.services.projects.statements import TASKS
from todo.services.shared.log.writes import USER_ID

PROJECT_IDS = bindparam("project_ids", type_=ARRAY(BigInteger))
SELECT_CONTENTS = Statement(
    select(TASKS.c.id, TASKS.c.project_id)
    .where(TASKS.c.user_id == USER_ID, TASKS.c.project_id == any_(PROJECT_IDS))
    .order_by(TASKS.c.id)
)
"""Returns the tasks in some projects."""
