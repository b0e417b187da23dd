"""A new task with its subtasks."""

from todo.core.errors import InvalidItemsError
from todo.schemas.tasks.bulk import CreateItem
from todo.schemas.tasks.task import TaskCreate, TaskPublic
from todo.services.shared.log.writer import Writer
from todo.services.tags.references import TagLimits
from todo.services.tasks.bulk import write_items
from todo.services.tasks.creation import create_task
from todo.services.tasks.list_statements import read_row
from todo.services.tasks.tagging.bulk import CREATED
from todo.services.tasks.trees.creation import create_independent_tree

PATH = "items.0.task."
"""The path of the fields of the task, as the problems of a bulk write have it."""


async def create_tree(writer: Writer, task: TaskCreate, limits: TagLimits) -> tuple[TaskPublic, bool]:
    """Create a task with all its subtasks; return the task and whether it is new (SUB-040 to SUB-047).

    If the user has a task with this `external_id`, that task is returned unchanged, and no subtask is created.

    Raises:
        InvalidItemsError: a task of the tree has problems; nothing was written.
        TooManySubtasksError: the tree has too many tasks.
        DomainError: as for `create_task`, if there are no subtasks.
    """
    if not task.subtasks:
        return await create_task(writer, task, limits)
    if (row := await create_independent_tree(writer, task)) is not None:
        return read_row(row), True
    try:
        [result] = await write_items(writer, {0: CreateItem(action="create", task=task)}, limits, atomic=True)
    except InvalidItemsError as error:
        problems = [problem._replace(field=problem.field.removeprefix(PATH)) for problem in error.problems]
        raise InvalidItemsError(problems) from error
    assert result["task"] is not None
    return result["task"], result["status"] == CREATED
