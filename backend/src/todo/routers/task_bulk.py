"""Many writes of the user's tasks in one request."""

from todo.core.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    PreconditionFailedError,
    UnsupportedMediaTypeError,
)
from todo.domain.bulk import DuplicateItemError, InvalidBulkSizeError
from todo.domain.identifiers import InvalidExternalIdError
from todo.domain.recurrence import InvalidRecurrenceRuleError
from todo.domain.task import DescriptionTooLongError, InvalidDueDateError, InvalidPriorityError, InvalidTitleError
from todo.http.dependencies import CurrentUser, Session
from todo.http.errors import errors
from todo.http.resource_route import make_router
from todo.schemas.tasks.bulk import TaskBulk, TaskBulkPublic
from todo.services.tasks import bulk as task_bulk_service
from todo.services.tasks.statements import TaskNotFoundError

router = make_router("/tasks", "tasks")


@router.post(
    "/bulk",
    responses=errors(
        InvalidBulkSizeError,
        DuplicateItemError,
        InvalidTitleError,
        DescriptionTooLongError,
        InvalidPriorityError,
        InvalidDueDateError,
        InvalidRecurrenceRuleError,
        InvalidExternalIdError,
        TaskNotFoundError,
        PreconditionFailedError,
        PayloadTooLargeError,
        UnsupportedMediaTypeError,
        MalformedRequestError,
    ),
)
async def write_tasks(bulk: TaskBulk, session: Session, user: CurrentUser) -> TaskBulkPublic:
    """Create, change and delete up to 1000 tasks in one transaction.

    All or nothing: if any item cannot be done nothing is, and the answer is the error of the first such item, with a
    line for each (`items.3.title`). With `atomic` off each item is on its own, and the answer tells what became of it.
    A body is at most 1 MiB, unless the operator allows more.
    """
    return await task_bulk_service.write_tasks(session, user.id, bulk)
