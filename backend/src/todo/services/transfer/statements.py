"""Statements that write the rows of an import."""

from todo.services.projects import statements as projects
from todo.services.sections import statements as sections
from todo.services.tasks.bulk_statements import insert_tasks
from todo.services.transfer.rows import PROJECT_COLUMNS, SECTION_COLUMNS, TASK_COLUMNS

CREATE_PROJECTS = projects.WRITES.insert_many([*PROJECT_COLUMNS, "external_id"])
CREATE_SECTIONS = sections.WRITES.insert_many([*SECTION_COLUMNS, "external_id", "project_id"])
CREATE_TASKS = insert_tasks([*TASK_COLUMNS, "external_id", "project_id", "section_id", "archived"])
