"""The constrained values of the contract, each defined once: the type and its rule.

A wrong type is left to pydantic (422); a right type that breaks a rule raises one of `value_errors` (400).
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from todo.domain.recurrence import RECURRENCE_RULE_MAX, check_recurrence_rule
from todo.domain.value_errors import (
    DescriptionTooLongError,
    InvalidColorError,
    InvalidDueDateError,
    InvalidEmailError,
    InvalidExpiryError,
    InvalidExternalIdError,
    InvalidPaginationError,
    InvalidPriorityError,
    InvalidScopeError,
    InvalidSortFieldError,
    InvalidStatusError,
    InvalidTagNameError,
    InvalidTitleError,
    InvalidTokenNameError,
    NameTooLongError,
    PasswordTooLongError,
    PasswordTooShortError,
)

EMAIL_MAX = 320
PASSWORD_MIN = 8
PASSWORD_MAX = 1024
NAME_MAX = 200
TITLE_MAX = 200
DESCRIPTION_MAX = 1000
TAG_NAME_MAX = 50
EXTERNAL_ID_MAX = 200
TOKEN_NAME_MAX = 100
BIGINT_MAX = 2**63 - 1
Scope = Literal["tasks:read", "tasks:write", "tags:read", "tags:write", "account"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
UNKNOWN_ID = 0
"""No identity column hands out this id, so looking it up finds nothing."""

HEX_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
WHOLE_NUMBER = re.compile(r"-?[0-9]+")
ISO_8601_START = re.compile(r"[0-9][0-9W-]*(?:[Tt ]|$)")


def _refuse_unstorable(value: str) -> str:
    """Refuse what PostgreSQL's UTF-8 text cannot hold: NUL and lone surrogates."""
    if "\0" in value:
        raise ValueError("Text must not contain a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("Text must be valid Unicode")
    return value


def normalize_email(value: str) -> str:
    """Return the address as it is stored: domain in lower case and Unicode, the local part as written.

    Raises:
        InvalidEmailError: it is no address, or its domain has no dot (REG-005).
    """
    if len(value) > EMAIL_MAX:
        raise InvalidEmailError
    try:
        address = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmailError from error
    if "." not in address.domain:
        raise InvalidEmailError
    return address.normalized


def _check_password(value: str) -> str:
    if len(value) < PASSWORD_MIN:
        raise PasswordTooShortError
    if len(value) > PASSWORD_MAX:
        raise PasswordTooLongError
    return value


def _trim_name(value: str) -> str | None:
    value = value.strip()
    if len(value) > NAME_MAX:
        raise NameTooLongError
    return value or None


def _trim_title(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= TITLE_MAX:
        raise InvalidTitleError
    return value


def _check_description(value: str) -> str:
    if len(value) > DESCRIPTION_MAX:
        raise DescriptionTooLongError
    return value


def _check_priority(value: object) -> object:
    if isinstance(value, str) and _refuse_unstorable(value) not in ("low", "medium", "high"):
        raise InvalidPriorityError
    return value


def _parse_due_date(value: object) -> datetime:
    """Read an ISO 8601 date or datetime; without an offset it is UTC, without a time midnight."""
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 -- pydantic collects ValueErrors only
    if not ISO_8601_START.match(_refuse_unstorable(value)):
        raise InvalidDueDateError
    try:
        instant = datetime.fromisoformat(value.upper())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDueDateError from error


def _trim_tag_name(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= TAG_NAME_MAX:
        raise InvalidTagNameError
    return value


def _check_external_id(value: str) -> str:
    if not 1 <= len(value) <= EXTERNAL_ID_MAX:
        raise InvalidExternalIdError
    return value


def _trim_token_name(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= TOKEN_NAME_MAX:
        raise InvalidTokenNameError
    return value


def _check_scopes(value: object) -> object:
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value) and not {*value} <= {*SCOPES}:
        raise InvalidScopeError
    if value == []:
        raise InvalidScopeError
    return value


def _parse_expiry(value: object) -> datetime:
    try:
        return _parse_due_date(value)
    except InvalidDueDateError as error:
        raise InvalidExpiryError from error


def _check_color(value: str) -> str:
    if not HEX_COLOR.fullmatch(value):
        raise InvalidColorError
    return value


def _read_id(value: object) -> object:
    """Read an id that no identity column can give out as one that is unknown, not as a bad request."""
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        fits = len(value) <= len(str(BIGINT_MAX)) and 1 <= int(value) <= BIGINT_MAX
        return int(value) if fits else UNKNOWN_ID
    return value


def _check_positive(value: int) -> int:
    if value < 1:
        raise InvalidPaginationError
    return value


def _check_status(value: object) -> object:
    if isinstance(value, str) and _refuse_unstorable(value) not in ("all", "pending", "completed"):
        raise InvalidStatusError
    return value


def _check_sort(value: object) -> object:
    if isinstance(value, str) and _refuse_unstorable(value).removeprefix("-") not in (
        "due_date",
        "priority",
        "created_at",
        "title",
    ):
        raise InvalidSortFieldError
    return value


def _schema(**keywords: object) -> WithJsonSchema:
    """Describe a string in OpenAPI; the rule itself is enforced by the validator beside it."""
    return WithJsonSchema({"type": "string", **keywords})


Text = Annotated[str, Strict(), AfterValidator(_refuse_unstorable)]

Email = Annotated[Text, AfterValidator(normalize_email), _schema(format="email", maxLength=EMAIL_MAX)]
Password = Annotated[
    Text,
    AfterValidator(_check_password),
    _schema(format="password", minLength=PASSWORD_MIN, maxLength=PASSWORD_MAX),
]
Name = Annotated[Text, AfterValidator(_trim_name), _schema(maxLength=NAME_MAX)]

Title = Annotated[Text, AfterValidator(_trim_title), _schema(minLength=1, maxLength=TITLE_MAX, pattern=r"\S")]
Description = Annotated[Text, AfterValidator(_check_description), _schema(maxLength=DESCRIPTION_MAX)]
Priority = Annotated[Literal["low", "medium", "high"], BeforeValidator(_check_priority)]
DueDate = Annotated[datetime, BeforeValidator(_parse_due_date), _schema(format="date-time")]
RecurrenceRule = Annotated[Text, AfterValidator(check_recurrence_rule), _schema(maxLength=RECURRENCE_RULE_MAX)]
Completed = Annotated[bool, Strict()]

TagName = Annotated[Text, AfterValidator(_trim_tag_name), _schema(minLength=1, maxLength=TAG_NAME_MAX, pattern=r"\S")]
Color = Annotated[Text, AfterValidator(_check_color), _schema(pattern="^#[0-9A-Fa-f]{6}$")]

ExternalId = Annotated[Text, AfterValidator(_check_external_id), _schema(minLength=1, maxLength=EXTERNAL_ID_MAX)]
TokenName = Annotated[
    Text, AfterValidator(_trim_token_name), _schema(minLength=1, maxLength=TOKEN_NAME_MAX, pattern=r"\S")
]
Scopes = Annotated[list[Scope], BeforeValidator(_check_scopes), Field(min_length=1)]
Expiry = Annotated[datetime, BeforeValidator(_parse_expiry), _schema(format="date-time")]

RowId = Annotated[int, Strict(), BeforeValidator(_read_id)]
PositiveInt = Annotated[int, AfterValidator(_check_positive), WithJsonSchema({"type": "integer", "minimum": 1})]
StatusFilter = Annotated[Literal["all", "pending", "completed"], BeforeValidator(_check_status)]
SortKey = Annotated[
    Literal["due_date", "-due_date", "priority", "-priority", "created_at", "-created_at", "title", "-title"],
    BeforeValidator(_check_sort),
]
