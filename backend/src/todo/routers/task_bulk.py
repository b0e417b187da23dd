"""Bulk writes of tasks."""

from todo.core.errors import FieldConflictError, PreconditionFailedError
from todo.domain.bulk import ConflictingParentsError, DuplicateItemError, DuplicateRefError, RefNotFoundError
from todo.http.dependencies.resources import Resources
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.tasks.bulk import TaskBulk, TaskBulkPublic
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.errors import SectionNotFoundError
from todo.services.subtasks.errors import (
    ParentNotFoundError,
    SubtaskCycleError,
    SubtaskFollowsParentError,
    SubtasksTooDeepError,
    TooManySubtasksError,
)
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError
from todo.services.tags.references import TagLimits
from todo.services.tasks import bulk as bulk_service
from todo.services.tasks.errors import TaskNotFoundError, TooManyTagsOnTaskError

router = make_router("/tasks", "tasks")


@router.post(
    "/bulk",
    responses=errors(
        *(DuplicateItemError, TaskNotFoundError, PreconditionFailedError, FieldConflictError),
        *(DuplicateRefError, RefNotFoundError, ConflictingParentsError),
        *(ProjectNotFoundError, SectionNotFoundError, TagNotFoundError, TooManyTagsOnTaskError, TooManyTagsError),
        *(ParentNotFoundError, SubtaskFollowsParentError, SubtaskCycleError),
        *(SubtasksTooDeepError, TooManySubtasksError),
    ),
)
async def write_tasks(bulk: TaskBulk, writer: CurrentWriter, resources: Resources) -> TaskBulkPublic:
    """Create, change and delete up to 1000 tasks in one transaction.

    All items are written, or none: if an item is invalid, the response is the error of the first such item and lists
    the problems of all items (`items.3.title`). With `atomic` false valid items are written, and the response has the
    result of each item. A body has at most 1 MiB, unless the operator allows more.

    A new task can have a `ref`, and new tasks after it name that as their `parent_ref`, so one request creates a tree.
    A task whose parent fails fails too. The ids of the new tasks are in the results.
    """
    return await bulk_service.write_tasks(writer, bulk, TagLimits.of(resources.settings))
