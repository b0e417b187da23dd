"""Statements that write the rows of an import."""

from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.statement import Statement
from todo.models.task_occurrence import OCCURRENCE_OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.occurrences.statements import OCCURRENCES, RECORD_COLUMNS
from todo.services.projects import statements as projects
from todo.services.sections import statements as sections
from todo.services.shared.arrays import unnest
from todo.services.shared.log.writes import USER_ID
from todo.services.tasks.bulk_statements import insert_tasks
from todo.services.transfer.rows import PROJECT_COLUMNS, SECTION_COLUMNS, TASK_COLUMNS

CREATE_PROJECTS = projects.WRITES.insert_many([*PROJECT_COLUMNS, "external_id"])
CREATE_SECTIONS = sections.WRITES.insert_many([*SECTION_COLUMNS, "external_id", "project_id"])
CREATE_TASKS = insert_tasks(
    frozenset({*TASK_COLUMNS, "external_id", "project_id", "section_id", "parent_id", "archived"})
)
_item = unnest(("task_id", BigInteger()), *((name, OCCURRENCES.c[name].type) for name in RECORD_COLUMNS))
CREATE_OCCURRENCES = Statement(
    insert(OCCURRENCES)
    .from_select(
        ["user_id", "task_id", *RECORD_COLUMNS],
        select(USER_ID, _item.c.task_id, *(_item.c[name] for name in RECORD_COLUMNS)),
    )
    .on_conflict_do_nothing(index_elements=["user_id", "task_id", "number"]),
    violations={OCCURRENCE_OWNER_EXISTS: InvalidTokenError},
)
"""Creates occurrences of new tasks."""
