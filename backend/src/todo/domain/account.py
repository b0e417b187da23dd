"""Accounts: e-mail addresses, passwords, and the names of people."""

from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator

from todo.core.errors import InvalidValueError
from todo.core.mail.addresses import ENCODED_WORD
from todo.core.security.passwords import normalize_password
from todo.domain.rules import ChoiceRule, Raises, TextRule, string_schema
from todo.domain.text import RawText, Text

EMAIL_MAX = 320
PASSWORD_MIN = 8
PASSWORD_MAX = 1024
NAME_MAX = 200


class InvalidEmailError(InvalidValueError):
    """Please provide a valid email address"""

    code = "INVALID_EMAIL"
    field = "email"


class PasswordTooShortError(InvalidValueError):
    """Password must be at least 8 characters"""

    code = "PASSWORD_TOO_SHORT"
    field = "password"


class PasswordTooLongError(InvalidValueError):
    """Password cannot exceed 1024 characters"""

    code = "PASSWORD_TOO_LONG"
    field = "password"


class NameTooLongError(InvalidValueError):
    """Name cannot exceed 200 characters"""

    code = "NAME_TOO_LONG"
    field = "name"


class InvalidWeekStartError(InvalidValueError):
    """Week start must be monday, sunday, or saturday"""

    code = "INVALID_WEEK_START"
    field = "week_start"


def normalize_email(value: str) -> str:
    """Return the address as it is stored: trimmed, the domain in lower case and Unicode, the local part as written.

    Raises:
        InvalidEmailError: the address is malformed, or its domain has no dot (REG-005).
    """
    value = value.strip()
    if len(value) > EMAIL_MAX:
        raise InvalidEmailError
    try:
        address = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmailError from error
    if "." not in address.domain:
        raise InvalidEmailError
    return address.normalized


def _normalize_new_email(value: str) -> str:
    """Return a new address as it is stored. An encoded word would lead its mails to another address."""
    address = normalize_email(value)
    if ENCODED_WORD.search(address):
        raise InvalidEmailError
    return address


def _check_password(value: str) -> str:
    """Return the password in the spelling that is hashed, whose characters count (AUT-020)."""
    if len(value) > PASSWORD_MAX:
        # Normalizing takes time that grows with the square of the length.
        raise PasswordTooLongError
    password = normalize_password(value)
    if len(password) < PASSWORD_MIN:
        raise PasswordTooShortError
    if len(password) > PASSWORD_MAX:
        raise PasswordTooLongError
    return password


def _read_blank_as_null(value: str) -> str | None:
    return value or None


Email = Annotated[
    Text,
    AfterValidator(_normalize_new_email),
    Raises(InvalidEmailError),
    string_schema(format="email", maxLength=EMAIL_MAX),
]
Password = Annotated[
    RawText,
    AfterValidator(_check_password),
    Raises(PasswordTooShortError, PasswordTooLongError),
    string_schema(format="password", minLength=PASSWORD_MIN, maxLength=PASSWORD_MAX),
]
Name = Annotated[Text, TextRule(0, NAME_MAX, NameTooLongError), AfterValidator(_read_blank_as_null)]
WeekStart = Annotated[Literal["monday", "sunday", "saturday"], ChoiceRule("WeekStart", InvalidWeekStartError)]
