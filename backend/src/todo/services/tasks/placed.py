"""The values of a task's columns that depend on the stored task, and on its new project, section and parent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from todo.services.sections.containers import CONTAINER_FIELDS, Container, read_containers
from todo.services.shared.log.writer import Writer
from todo.services.tasks import statements
from todo.services.tasks.derived import column_values, needs_time_zone
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.restore import move_followers


def complete_values(
    writer: Writer, task_id: int, fields: Mapping[str, object]
) -> AbstractAsyncContextManager[dict[str, object]]:
    """Return the values of the columns. If they depend on the stored task, it does not change in the block.

    After the block, the subtasks follow into the project and section of the task.

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        ProjectNotFoundError: the project does not exist.
        SectionNotFoundError: the section does not exist, or is in another project.
        ParentNotFoundError, SubtaskFollowsParentError, SubtaskCycleError, SubtasksTooDeepError: as for
            `Containers.move`.
    """
    if needs_time_zone(fields) or not CONTAINER_FIELDS.isdisjoint(fields):
        return _values_with_stored(writer, task_id, fields)
    return nullcontext(column_values(fields))


@asynccontextmanager
async def _values_with_stored(
    writer: Writer, task_id: int, fields: Mapping[str, object]
) -> AsyncIterator[dict[str, object]]:
    async with writer.transaction():
        row = await writer.session.fetch_one(statements.SELECT_STORED, user_id=writer.user_id, task_id=task_id)
        if row is None:
            raise TaskNotFoundError
        if CONTAINER_FIELDS.isdisjoint(fields):
            yield column_values(fields, row["due_time_zone"])
            return
        containers = await read_containers(
            writer.session,
            writer.user_id,
            [fields],
            moves=True,
            stored=[row["project_id"]],
            subtrees_of=[task_id] if row["has_subtasks"] else (),
        )
        stored = Container(row["project_id"], row["section_id"], row["parent_id"])
        place = containers.move(task_id, fields, stored)
        yield column_values({**fields, **place}, row["due_time_zone"])
        await move_followers(writer, containers.tree)
