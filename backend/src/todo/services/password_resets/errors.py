"""Errors of password resets."""

from todo.core.errors import InvalidValueError


class InvalidResetTokenError(InvalidValueError):
    """This link does not work any more. Please ask for a new one"""

    code = "INVALID_RESET_TOKEN"
    field = "token"
