"""The constrained values of the contract, each defined once: the type, its rule and the error of who breaks it.

A wrong type is left to pydantic (422); a right type that breaks a rule raises the error named here (400).
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email
from ical.types.recur import Recur
from pydantic import AfterValidator, BeforeValidator, Strict, WithJsonSchema

from todo.core.errors import InvalidValueError

EMAIL_MAX = 320
PASSWORD_MIN = 8
PASSWORD_MAX = 1024
NAME_MAX = 200
TITLE_MAX = 200
DESCRIPTION_MAX = 1000
RECURRENCE_RULE_MAX = 500
TAG_NAME_MAX = 50
BIGINT_MAX = 2**63 - 1
UNKNOWN_ID = 0
"""No identity column hands out this id, so looking it up finds nothing."""

HEX_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
WHOLE_NUMBER = re.compile(r"-?[0-9]+")
RRULE_CHARACTERS = re.compile(r"[A-Z0-9;=,+-]+")
RRULE_SIGN = re.compile(r"(?:INTERVAL|COUNT|BYMONTH|BYHOUR|BYMINUTE|BYSECOND)=[^;]*[+]")
"""What Python reads as a number and RFC 5545 does not; the rest of its grammar is the library's to check."""
ISO_8601_START = re.compile(r"[0-9][0-9W-]*(?:[Tt ]|$)")


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


class InvalidTitleError(InvalidValueError):
    """Title is required and must be 1-200 characters"""

    code = "INVALID_TITLE"
    field = "title"


class DescriptionTooLongError(InvalidValueError):
    """Description cannot exceed 1000 characters"""

    code = "DESCRIPTION_TOO_LONG"
    field = "description"


class InvalidPriorityError(InvalidValueError):
    """Priority must be low, medium, or high"""

    code = "INVALID_PRIORITY"
    field = "priority"


class InvalidDueDateError(InvalidValueError):
    """Due date must be a valid ISO 8601 datetime"""

    code = "INVALID_DUE_DATE"
    field = "due_date"


class InvalidRecurrenceRuleError(InvalidValueError):
    """Recurrence rule must be a valid iCalendar RRULE"""

    code = "INVALID_RECURRENCE_RULE"
    field = "recurrence_rule"


class InvalidTagNameError(InvalidValueError):
    """Tag name is required and must be 1-50 characters"""

    code = "INVALID_TAG_NAME"
    field = "name"


class InvalidColorError(InvalidValueError):
    """Color must be a valid hex color (e.g., #FF5733)"""

    code = "INVALID_COLOR"
    field = "color"


class InvalidPaginationError(InvalidValueError):
    """Page and limit must be positive integers"""

    code = "INVALID_PAGINATION"
    field = "page"


class InvalidStatusError(InvalidValueError):
    """Status must be one of: all, pending, completed"""

    code = "INVALID_STATUS"
    field = "status"


class InvalidSortFieldError(InvalidValueError):
    """Sort field must be one of: due_date, priority, created_at, title"""

    code = "INVALID_SORT_FIELD"
    field = "sort"


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


def _check_recurrence_rule(value: str) -> str:
    """Return the rule without spaces around it, as RFC 5545 section 3.3.10 admits it."""
    rule = value.strip()
    capitals = rule.upper()
    if len(rule) > RECURRENCE_RULE_MAX or not RRULE_CHARACTERS.fullmatch(capitals) or RRULE_SIGN.search(capitals):
        raise InvalidRecurrenceRuleError
    try:
        recur = Recur.from_rrule(capitals)
    except (ValueError, AttributeError, ZoneInfoNotFoundError) as error:
        raise InvalidRecurrenceRuleError from error
    if _breaks_rfc_5545(recur, parts_given=rule.count(";") + 1):
        raise InvalidRecurrenceRuleError
    return rule


def _breaks_rfc_5545(recur: Recur, *, parts_given: int) -> bool:
    """Check what the library leaves open: which parts there are, and which may stand together."""
    by_anything = recur.model_fields_set - {"freq", "until", "count", "interval", "wkst", "by_setpos"}
    numbered_days = any(day.occurrence is not None for day in recur.by_weekday)
    return (
        bool(recur.model_extra)
        or len(recur.model_fields_set) != parts_given
        or (recur.count is not None and recur.until is not None)
        or (numbered_days and (recur.freq not in ("MONTHLY", "YEARLY") or bool(recur.by_week_no)))
        or (recur.freq == "WEEKLY" and bool(recur.by_month_day))
        or (recur.freq in ("DAILY", "WEEKLY", "MONTHLY") and bool(recur.by_year_day))
        or (recur.freq != "YEARLY" and bool(recur.by_week_no))
        or (bool(recur.by_setpos) and not by_anything)
    )


def _trim_tag_name(value: str) -> str:
    value = value.strip()
    if not 1 <= len(value) <= TAG_NAME_MAX:
        raise InvalidTagNameError
    return value


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
RecurrenceRule = Annotated[Text, AfterValidator(_check_recurrence_rule), _schema(maxLength=RECURRENCE_RULE_MAX)]
Completed = Annotated[bool, Strict()]

TagName = Annotated[Text, AfterValidator(_trim_tag_name), _schema(minLength=1, maxLength=TAG_NAME_MAX, pattern=r"\S")]
Color = Annotated[Text, AfterValidator(_check_color), _schema(pattern="^#[0-9A-Fa-f]{6}$")]

RowId = Annotated[int, Strict(), BeforeValidator(_read_id)]
PositiveInt = Annotated[int, AfterValidator(_check_positive), WithJsonSchema({"type": "integer", "minimum": 1})]
StatusFilter = Annotated[Literal["all", "pending", "completed"], BeforeValidator(_check_status)]
SortKey = Annotated[
    Literal["due_date", "-due_date", "priority", "-priority", "created_at", "-created_at", "title", "-title"],
    BeforeValidator(_check_sort),
]
