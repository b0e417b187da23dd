"""Errors of occurrences."""

from todo.core.errors import ConflictError


class OccurrenceNotCurrentError(ConflictError):
    """The task is not due then, and no occurrence of then is recorded"""

    code = "OCCURRENCE_NOT_CURRENT"
    field = "occurrence"


class TaskDoesNotRepeatError(ConflictError):
    """The task does not repeat, so no occurrence can be skipped"""

    code = "TASK_DOES_NOT_REPEAT"
