"""Errors of projects."""

from todo.core.errors import ConflictError, InvalidValueError, NotFoundError


class ProjectNotFoundError(NotFoundError):
    """Project not found"""

    code = "PROJECT_NOT_FOUND"


class TooManyProjectsError(InvalidValueError):
    """There are too many projects. Delete some, then try again"""

    code = "TOO_MANY_PROJECTS"


class ProjectExternalIdTakenError(ConflictError):
    """Another project has this external id"""

    code = "EXTERNAL_ID_TAKEN"
