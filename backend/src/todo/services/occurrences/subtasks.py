"""The subtasks of a task that is completed or moves to its next date (ADR 0067)."""

from typing import NamedTuple

from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.statements import SELECT_BELOW
from todo.services.tasks.restore import revert_tasks


class SubtaskChoice(NamedTuple):
    """The choices of a request for the subtasks of a task, at all levels.

    Attributes:
        with_subtasks: whether open subtasks are completed with the task.
        reopen: whether completed subtasks are opened if the task moves to its next date.
    """

    with_subtasks: bool
    reopen: bool


async def write_subtasks(writer: Writer, task_id: int, choice: SubtaskChoice, *, is_completed: bool) -> None:
    """Complete the open subtasks of a task, or open the completed ones.

    If the task moves to its next date and its subtasks are opened, then open subtasks stay open.

    Args:
        writer: is inside its transaction, so that the tree does not change.
        task_id: the task.
        choice: the choices of the request.
        is_completed: whether the task is completed now. If not, it has moved to its next date.
    """
    if choice.reopen and not is_completed:
        await _set_completed(writer, task_id, completed=False)
    elif choice.with_subtasks:
        await _set_completed(writer, task_id, completed=True)


async def _set_completed(writer: Writer, task_id: int, *, completed: bool) -> None:
    rows = await writer.session.fetch_all(SELECT_BELOW, user_id=writer.user_id, ids=[task_id], completed=not completed)
    await revert_tasks(writer, [Reverted(None, row["id"], {"completed": completed}) for row in rows])
