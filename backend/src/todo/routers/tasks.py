"""Tasks, and the tags on them."""

from typing import Annotated

from fastapi import Query, Response, status

from todo.core.clock import utc_now
from todo.domain.identifiers import RowId
from todo.domain.task import InvalidTitleError
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.principal import API, CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import Responses, errors, located_at, merge_patch
from todo.http.resource_route import make_router
from todo.schemas.page import Page
from todo.schemas.tasks.query import TaskDeletionQuery, TaskQuery
from todo.schemas.tasks.quick_add import QuickAdd, QuickAddPublic, QuickDraftPublic
from todo.schemas.tasks.task import TaskCreate, TaskPublic, TaskReplace, TaskUpdate
from todo.services.placement import deletion
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.quick_add import service as quick_add_service
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
from todo.services.tasks import service as task_service
from todo.services.tasks.errors import TaskNotFoundError, TooManyTagsOnTaskError
from todo.services.tasks.trees.service import create_tree

router = make_router("/tasks", "tasks")

TASK_EXISTED: Responses = {200: {"model": TaskPublic, "description": "A task with this `external_id` existed."}}
REFERENCE_ERRORS = (
    *(ProjectNotFoundError, SectionNotFoundError),
    *(ParentNotFoundError, SubtaskFollowsParentError, SubtasksTooDeepError),
    *(TagNotFoundError, TooManyTagsOnTaskError, TooManyTagsError),
)
UPDATE_ERRORS = errors(TaskNotFoundError, SubtaskCycleError, *REFERENCE_ERRORS)
DRY_RUN: Responses = {200: {"model": QuickDraftPublic, "description": "The task of a dry run, without an `id`."}}
TAG_PRESENT: Responses = {200: {"model": TaskPublic, "description": "The task had the tag already."}}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=TASK_EXISTED | errors(TooManySubtasksError, *REFERENCE_ERRORS),
)
async def create_task(task: TaskCreate, response: Response, writer: CurrentWriter, resources: Resources) -> TaskPublic:
    """Create a task, or a whole tree of tasks with `subtasks`. Only a title is required.

    If a task with this `external_id` exists, it is returned with 200, and nothing is created. The response has the task
    alone. `GET /tasks?parent={id}&sort=position` lists its direct subtasks.
    """
    created_task, created = await create_tree(writer, task, TagLimits.of(resources.settings))
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return created_task


@router.post(
    "/quick",
    status_code=status.HTTP_201_CREATED,
    response_model=QuickAddPublic,
    responses=DRY_RUN | errors(InvalidTitleError, ProjectNotFoundError, TooManyTagsOnTaskError, TooManyTagsError),
)
@located_at(f"{API}/tasks/{{task[id]}}")
async def quick_add(
    quick: QuickAdd, response: Response, writer: CurrentWriter, resources: Resources
) -> QuickAddPublic | QuickDraftPublic:
    """Create a task from a line of text, such as `Pay rent every 1st at 9am #Home @money p1`.

    English and German are understood, in the time zone and the week of your account. The response names the parts of
    the text that set fields. All other words stay in the title. With `dry_run` nothing is written, the status is 200,
    and the task has no `id`.
    """
    response.status_code = status.HTTP_200_OK if quick.dry_run else status.HTTP_201_CREATED
    return await quick_add_service.quick_add(writer, quick, TagLimits.of(resources.settings), utc_now())


@router.get("")
async def list_tasks(query: Annotated[TaskQuery, Query()], session: Session, user: CurrentUser) -> Page[TaskPublic]:
    """Return a page of your tasks, filtered, searched and sorted.

    Read the next page by `page` or by `cursor`. Numbered pages shift when tasks are added or removed, and later pages
    cost more. Pages by cursor do neither.
    """
    return await task_service.list_tasks(session, user.id, query, utc_now())


@router.get("/{task_id}", responses=errors(TaskNotFoundError))
async def get_task(task_id: RowId, session: Session, user: CurrentUser) -> TaskPublic:
    """Return one task with its tags and, if it has subtasks, their numbers.

    The `ETag` contains these numbers too. `If-Match` compares the version and the tags alone.
    """
    return await task_service.get_task_with_counts(session, user.id, task_id)


@router.put("/{task_id}", responses=UPDATE_ERRORS)
async def replace_task(
    task_id: RowId,
    task: TaskReplace,
    writer: CurrentWriter,
    entity_tags: IfMatch,
    base: ChangeBase,
    resources: Resources,
) -> TaskPublic:
    """Replace a task. `description`, `due_date` and `recurrence_rule` become null if they are absent.

    All other optional fields and the tags stay if they are absent.
    """
    limits = TagLimits.of(resources.settings)
    return await task_service.update_task(writer, task_id, task, limits, entity_tags, base)


@router.patch("/{task_id}", responses=UPDATE_ERRORS, openapi_extra=merge_patch(TaskUpdate))
async def update_task(
    task_id: RowId,
    task: TaskUpdate,
    writer: CurrentWriter,
    entity_tags: IfMatch,
    base: ChangeBase,
    resources: Resources,
) -> TaskPublic:
    """Change some fields of a task. Absent fields stay, and null clears an optional field."""
    limits = TagLimits.of(resources.settings)
    return await task_service.update_task(writer, task_id, task, limits, entity_tags, base)


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(TaskNotFoundError))
async def delete_task(
    task_id: RowId,
    query: Annotated[TaskDeletionQuery, Query()],
    writer: CurrentWriter,
    entity_tags: IfMatch,
    base: ChangeBase,
) -> None:
    """Delete a task with its subtasks. With `children=keep` its direct subtasks move up. Its tags stay.

    The task and its subtasks are one entry of the trash, and one undo brings all of them back.
    """
    await deletion.delete_task(writer, task_id, query.children, entity_tags, base)


@router.post(
    "/{task_id}/tags/{tag_id}",
    status_code=status.HTTP_201_CREATED,
    responses=TAG_PRESENT | errors(TaskNotFoundError, TagNotFoundError, TooManyTagsOnTaskError),
)
async def add_tag(
    task_id: RowId, tag_id: RowId, response: Response, writer: CurrentWriter, resources: Resources
) -> TaskPublic:
    """Add a tag to a task and return the task. If the task has the tag already, the response is 200.

    A task can have 50 tags, unless the operator allows more.
    """
    max_tags = resources.settings.max_tags_per_task
    task, added = await task_service.add_tag(writer, task_id, tag_id, max_tags=max_tags)
    response.status_code = status.HTTP_201_CREATED if added else status.HTTP_200_OK
    return task


@router.delete(
    "/{task_id}/tags/{tag_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TaskNotFoundError, TagNotFoundError),
)
async def remove_tag(task_id: RowId, tag_id: RowId, writer: CurrentWriter) -> None:
    """Remove a tag from a task. If the task does not have the tag, nothing changes."""
    await task_service.remove_tag(writer, task_id, tag_id)
