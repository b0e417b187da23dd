"""Moves of tasks."""

from todo.domain.identifiers import RowId
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.projects.move import TaskMove
from todo.schemas.tasks.task import TaskPublic
from todo.services.placement import moves
from todo.services.placement.errors import SiblingNotFoundError
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.errors import SectionNotFoundError
from todo.services.subtasks.errors import (
    ParentNotFoundError,
    SubtaskCycleError,
    SubtaskFollowsParentError,
    SubtasksTooDeepError,
)
from todo.services.tasks.errors import TaskNotFoundError

router = make_router("/tasks", "tasks")


@router.post(
    "/{task_id}/move",
    responses=errors(
        *(TaskNotFoundError, SiblingNotFoundError, ProjectNotFoundError, SectionNotFoundError, ParentNotFoundError),
        *(SubtaskFollowsParentError, SubtaskCycleError, SubtasksTooDeepError),
    ),
)
async def move_task(
    task_id: RowId, move: TaskMove, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> TaskPublic:
    """Move a task within its list, into a project or section, or below a task. Its subtasks come along.

    Lists show the order with `sort=position`. Without `project_id`, `section_id` and `parent_id`, the task comes to
    where the task of `before` or `after` is. Two moves at once leave one order. A move into a full gap gives neighbours
    new positions too.
    """
    return await moves.move_task(writer, task_id, move, entity_tags, base)
