"""Errors of tasks."""

from todo.core.errors import ConflictError, InvalidValueError, NotFoundError
from todo.models.task import PARENT_EXISTS, PROJECT_EXISTS, SECTION_EXISTS, SECTION_HAS_PROJECT
from todo.models.task_tag_link import TAG_EXISTS, TASK_EXISTS
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.errors import SectionNotFoundError
from todo.services.subtasks.errors import ParentNotFoundError
from todo.services.tags.errors import TagNotFoundError

CONTAINER_VIOLATIONS = {
    PROJECT_EXISTS: ProjectNotFoundError,
    SECTION_EXISTS: SectionNotFoundError,
    SECTION_HAS_PROJECT: SectionNotFoundError,
    PARENT_EXISTS: ParentNotFoundError,
}
"""The errors of writes of the project, the section and the parent of a task."""


class TaskNotFoundError(NotFoundError):
    """Task not found"""

    code = "TASK_NOT_FOUND"


class TooManyTagsOnTaskError(InvalidValueError):
    """The task has too many tags. Remove some, then try again"""

    code = "TOO_MANY_TAGS_ON_TASK"


class ExternalIdTakenError(ConflictError):
    """Another task has this external id"""

    code = "EXTERNAL_ID_TAKEN"


LINK_VIOLATIONS = {TASK_EXISTS: TaskNotFoundError, TAG_EXISTS: TagNotFoundError}
"""The errors of writes that put tags on tasks."""
