"""When a task is due: on a day, at an instant, or at a time on the clock of a zone."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from pydantic import MISSING, AfterValidator, BeforeValidator, ValidationInfo

from todo.core.errors import InvalidValueError
from todo.domain.dates.days import Day
from todo.domain.dates.time_zones import TimeZone
from todo.domain.instants import parse_datetime
from todo.domain.rules import ChoiceRule, Raises, string_schema

LAST_MOMENT = time(23, 59, 59, 999999)
UNSET = (None, MISSING)


class InvalidDueDateError(InvalidValueError):
    """Due date must be a valid ISO 8601 datetime"""

    code = "INVALID_DUE_DATE"
    field = "due_date"


class ConflictingDueError(InvalidValueError):
    """A task is due on a day or at a time: send due_day, or due_date with or without due_time_zone"""

    code = "CONFLICTING_DUE"
    field = "due_day"


class InvalidDueFilterError(InvalidValueError):
    """Due must be one of: overdue, today, tomorrow, next_7_days, none"""

    code = "INVALID_DUE_FILTER"
    field = "due"


def _parse_due_date(value: object) -> datetime:
    return parse_datetime(value, InvalidDueDateError)


def _check_alone(due_day: date, info: ValidationInfo) -> date:
    if info.data.get("due_date") not in UNSET:
        raise ConflictingDueError
    return due_day


def _check_without_day(due_time_zone: str, info: ValidationInfo) -> str:
    if info.data.get("due_day") not in UNSET:
        raise ConflictingDueError
    return due_time_zone


def last_moment(day: date) -> datetime:
    """Return the last microsecond of a day in UTC, by which lists order the day."""
    return datetime.combine(day, LAST_MOMENT, tzinfo=UTC)


DueDate = Annotated[
    datetime, BeforeValidator(_parse_due_date), Raises(InvalidDueDateError), string_schema(format="date-time")
]
"""A text without an offset is a datetime without a zone, which `attach_time_zone` places."""
DueDay = Annotated[Day, AfterValidator(_check_alone), Raises(ConflictingDueError)]
"""Comes after the field `due_date` of a schema."""
DueTimeZone = Annotated[TimeZone, AfterValidator(_check_without_day), Raises(ConflictingDueError)]
"""Comes after the field `due_day` of a schema."""
DueFilter = Annotated[
    Literal["overdue", "today", "tomorrow", "next_7_days", "none"], ChoiceRule("DueFilter", InvalidDueFilterError)
]
