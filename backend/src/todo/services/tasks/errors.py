"""Errors of tasks."""

from todo.core.errors import ConflictError, InvalidValueError, NotFoundError


class TaskNotFoundError(NotFoundError):
    """Task not found"""

    code = "TASK_NOT_FOUND"


class TooManyTagsOnTaskError(InvalidValueError):
    """The task has too many tags. Remove some, then try again"""

    code = "TOO_MANY_TAGS_ON_TASK"


class ExternalIdTakenError(ConflictError):
    """Another task has this external id"""

    code = "EXTERNAL_ID_TAKEN"
