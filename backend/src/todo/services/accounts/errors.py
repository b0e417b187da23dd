"""Errors of accounts."""

from todo.core.errors import AuthenticationError, InvalidValueError


class EmailAlreadyExistsError(InvalidValueError):
    """A user with this email already exists"""

    code = "EMAIL_ALREADY_EXISTS"
    field = "email"


class InvalidCredentialsError(AuthenticationError):
    """Invalid email or password"""

    code = "INVALID_CREDENTIALS"


class WrongPasswordError(InvalidValueError):
    """The password is not right"""

    code = "WRONG_PASSWORD"
    field = "password"


class WrongOldPasswordError(WrongPasswordError):
    """The old password is not right"""

    field = "old_password"


class InvalidEmailTokenError(InvalidValueError):
    """This link does not work any more. Please change the address again"""

    code = "INVALID_EMAIL_TOKEN"
    field = "token"
