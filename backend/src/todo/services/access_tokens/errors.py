"""Errors of personal access tokens."""

from todo.core.errors import InvalidValueError, NotFoundError


class AccessTokenNotFoundError(NotFoundError):
    """Personal access token not found"""

    code = "TOKEN_NOT_FOUND"


class AccessTokenExistsError(InvalidValueError):
    """A personal access token with this name already exists"""

    code = "TOKEN_ALREADY_EXISTS"
    field = "name"


class TooManyTokensError(InvalidValueError):
    """You have too many personal access tokens. Delete one first"""

    code = "TOO_MANY_TOKENS"
