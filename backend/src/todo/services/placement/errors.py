"""Errors of moves."""

from todo.core.errors import NotFoundError


class SiblingNotFoundError(NotFoundError):
    """The resource of before or after was not found in this list"""

    code = "SIBLING_NOT_FOUND"
