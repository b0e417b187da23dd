"""Errors of tasks."""

from todo.core.errors import NotFoundError


class TaskNotFoundError(NotFoundError):
    """Task not found"""

    code = "TASK_NOT_FOUND"
