"""Errors of tags."""

from todo.core.errors import InvalidValueError, NotFoundError


class TagNotFoundError(NotFoundError):
    """Tag not found"""

    code = "TAG_NOT_FOUND"


class TagAlreadyExistsError(InvalidValueError):
    """A tag with this name already exists"""

    code = "TAG_ALREADY_EXISTS"
    field = "name"
