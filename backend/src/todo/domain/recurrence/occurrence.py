"""Occurrences of repeating tasks: the due that names one."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator

from todo.core.errors import InvalidValueError
from todo.domain.dates.days import DAY_TEXT, InvalidDayError, parse_day
from todo.domain.instants import parse_instant
from todo.domain.rules import Raises, string_schema


class InvalidOccurrenceError(InvalidValueError):
    """Occurrence must be the due_day or the due_date of the task"""

    code = "INVALID_OCCURRENCE"
    field = "occurrence"


def _parse_due(value: object) -> date:
    if not isinstance(value, str) or not DAY_TEXT.fullmatch(value):
        return parse_instant(value, InvalidOccurrenceError)
    try:
        return parse_day(value)
    except InvalidDayError as error:
        raise InvalidOccurrenceError from error


NamedDue = Annotated[
    datetime | date,
    BeforeValidator(_parse_due),
    Raises(InvalidOccurrenceError),
    string_schema(examples=["2026-12-01", "2026-12-01T18:00:00Z"]),
]
"""The due of an occurrence: a day, or an instant."""
