"""Errors of subtasks."""

from todo.core.errors import InvalidValueError, NotFoundError


class ParentNotFoundError(NotFoundError):
    """Parent task not found"""

    code = "PARENT_NOT_FOUND"


class SubtaskFollowsParentError(InvalidValueError):
    """A subtask is in the project and the section of its parent"""

    code = "SUBTASK_FOLLOWS_PARENT"


class SubtaskCycleError(InvalidValueError):
    """A task cannot be its own subtask, nor one of its subtasks"""

    code = "SUBTASK_CYCLE"


class TooManySubtasksError(InvalidValueError):
    """A request takes at most 1000 tasks, with all subtasks"""

    code = "TOO_MANY_SUBTASKS"
    field = "subtasks"


class SubtasksTooDeepError(InvalidValueError):
    """Subtasks can be nested to 10 levels"""

    code = "SUBTASKS_TOO_DEEP"
