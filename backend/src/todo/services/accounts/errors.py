"""Errors of accounts."""

from todo.core.errors import AuthenticationError, DomainError, InvalidValueError


class EmailAlreadyExistsError(InvalidValueError):
    """A user with this email already exists"""

    code = "EMAIL_ALREADY_EXISTS"
    field = "email"


class RegistrationClosedError(DomainError):
    """Registration is closed. Ask the operator for an account"""

    status = 403
    code = "REGISTRATION_CLOSED"


class AccountDisabledError(DomainError):
    """This account is disabled. Ask the operator"""

    status = 403
    code = "ACCOUNT_DISABLED"


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
