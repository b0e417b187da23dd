"""Days: dates of the calendar, without a time and without a zone."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from todo.core.errors import InvalidValueError
from todo.domain.rules import Raises, string_schema
from todo.domain.text import check_storable

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
"""The range of days. Each of them has a beginning and an end in every time zone."""
DAY_TEXT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class InvalidDayError(InvalidValueError):
    """A day must be a date such as 2026-12-01, from 1900 to 9998, without a time"""

    code = "INVALID_DAY"


def parse_day(value: object) -> date:
    """Return the day of a text `YYYY-MM-DD`.

    Raises:
        InvalidDayError: the text has another form, or the day does not exist or is out of range.
        ValueError: the value is not a string.
    """
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 -- pydantic collects ValueErrors only
    if not DAY_TEXT.fullmatch(check_storable(value)):
        raise InvalidDayError
    try:
        day = date.fromisoformat(value)
    except ValueError as cause:
        raise InvalidDayError from cause
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidDayError
    return day


Day = Annotated[date, BeforeValidator(parse_day), Raises(InvalidDayError), string_schema(format="date")]
