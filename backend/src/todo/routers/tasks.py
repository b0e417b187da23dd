"""The user's tasks and the tags on them."""

from typing import Annotated

from fastapi import Query, Response, status
from starlette.convertors import Convertor, register_url_convertor

from todo.core.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    PreconditionFailedError,
    UnsupportedMediaTypeError,
)
from todo.domain.identifiers import InvalidExternalIdError, RowId
from todo.domain.listing import InvalidCursorError, InvalidPaginationError
from todo.domain.recurrence import InvalidRecurrenceRuleError
from todo.domain.task import (
    DescriptionTooLongError,
    InvalidDueDateError,
    InvalidPriorityError,
    InvalidSortFieldError,
    InvalidStatusError,
    InvalidTitleError,
)
from todo.http.dependencies import CurrentUser, IfMatch, Session
from todo.http.errors import Responses, errors
from todo.http.resource_route import make_router, merge_patch
from todo.schemas.page import Page
from todo.schemas.tasks.task import TaskCreate, TaskPublic, TaskQuery, TaskReplace, TaskUpdate
from todo.services.tags.service import TagNotFoundError
from todo.services.tasks import service as task_service
from todo.services.tasks.statements import TaskNotFoundError

router = make_router("/tasks", "tasks")

BODY_ERRORS = (
    InvalidTitleError,
    DescriptionTooLongError,
    InvalidPriorityError,
    InvalidDueDateError,
    InvalidRecurrenceRuleError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    MalformedRequestError,
)
QUERY_ERRORS = (
    InvalidExternalIdError,
    InvalidPaginationError,
    InvalidStatusError,
    InvalidPriorityError,
    InvalidSortFieldError,
    InvalidCursorError,
    MalformedRequestError,
)
CARRIED_ALREADY: Responses = {200: {"model": TaskPublic, "description": "The task carried the tag already."}}
EXISTED_ALREADY: Responses = {200: {"model": TaskPublic, "description": "A task with this `external_id` existed."}}


class TaskPathConvertor(Convertor[str]):
    """Whatever may stand for a task in a path: anything but `bulk`, which is a path of its own."""

    regex = r"(?!bulk(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        """Leave it to the signature what is an id."""
        return value

    def to_string(self, value: str) -> str:
        """Return it as it is."""
        return value


register_url_convertor("task", TaskPathConvertor())


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=EXISTED_ALREADY | errors(InvalidExternalIdError, *BODY_ERRORS),
)
async def create_task(task: TaskCreate, response: Response, session: Session, user: CurrentUser) -> TaskPublic:
    """Create a task. Only a title is needed. With an `external_id` of yours that exists, you get that task and 200."""
    created_task, created = await task_service.create_task(session, user.id, task)
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return created_task


@router.get("", responses=errors(*QUERY_ERRORS))
async def list_tasks(query: Annotated[TaskQuery, Query()], session: Session, user: CurrentUser) -> Page[TaskPublic]:
    """Return a page of the user's tasks: filtered, searched, sorted.

    Go on by `page`, or by `cursor`: pages by number shift when tasks are added or removed, and cost the more the
    further they are; a cursor does neither.
    """
    return await task_service.list_tasks(session, user.id, query)


@router.get("/{task_id:task}", responses=errors(TaskNotFoundError, MalformedRequestError))
async def get_task(task_id: RowId, session: Session, user: CurrentUser) -> TaskPublic:
    """Return one task with its tags."""
    return await task_service.get_task(session, user.id, task_id)


@router.put("/{task_id:task}", responses=errors(TaskNotFoundError, PreconditionFailedError, *BODY_ERRORS))
async def replace_task(
    task_id: RowId, task: TaskReplace, session: Session, user: CurrentUser, versions: IfMatch
) -> TaskPublic:
    """Replace a task. What may be empty and is not sent becomes empty; its tags stay."""
    return await task_service.update_task(session, user.id, task_id, task, versions)


@router.patch(
    "/{task_id:task}",
    responses=errors(TaskNotFoundError, PreconditionFailedError, *BODY_ERRORS),
    openapi_extra=merge_patch(TaskUpdate),
)
async def update_task(
    task_id: RowId, task: TaskUpdate, session: Session, user: CurrentUser, versions: IfMatch
) -> TaskPublic:
    """Change some fields of a task. What is not sent stays as it is; null clears what may be empty."""
    return await task_service.update_task(session, user.id, task_id, task, versions)


@router.delete(
    "/{task_id:task}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TaskNotFoundError, PreconditionFailedError, MalformedRequestError),
)
async def delete_task(task_id: RowId, session: Session, user: CurrentUser, versions: IfMatch) -> None:
    """Delete a task. Its tags stay for other tasks."""
    await task_service.delete_task(session, user.id, task_id, versions)


@router.post(
    "/{task_id:task}/tags/{tag_id}",
    status_code=status.HTTP_201_CREATED,
    responses=CARRIED_ALREADY | errors(TaskNotFoundError, TagNotFoundError, MalformedRequestError),
)
async def add_tag(task_id: RowId, tag_id: RowId, response: Response, session: Session, user: CurrentUser) -> TaskPublic:
    """Put a tag on a task and return the task. Doing it again changes nothing and answers 200."""
    task, created = await task_service.create_link(session, user.id, task_id, tag_id)
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return task


@router.delete(
    "/{task_id:task}/tags/{tag_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TaskNotFoundError, TagNotFoundError, MalformedRequestError),
)
async def remove_tag(task_id: RowId, tag_id: RowId, session: Session, user: CurrentUser) -> None:
    """Take a tag off a task, whether it was on it or not."""
    await task_service.delete_link(session, user.id, task_id, tag_id)
