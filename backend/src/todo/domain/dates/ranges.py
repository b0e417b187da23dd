"""Ranges of time in a zone, which lists compare instants and days with."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from todo.core.errors import InvalidValueError
from todo.domain.dates.days import DAY_TEXT, parse_day
from todo.domain.dates.due import last_moment
from todo.domain.dates.time_zones import day_in_zone, start_of_day
from todo.domain.instants import parse_instant
from todo.domain.rules import Raises, string_schema

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC) - MICROSECOND
"""The end of a range without an end. asyncpg writes the last microsecond of the calendar as infinity."""
Operator = Literal["<", "<=", "=", ">=", ">"]
"""The operator of a comparison with a bound."""


class InvalidBoundError(InvalidValueError):
    """A bound must be a day such as 2026-12-01 or an ISO 8601 datetime"""

    code = "INVALID_BOUND"


class TimeRange(NamedTuple):
    """A range of instants and the days in it. All four ends belong to the range."""

    first: datetime = FIRST_INSTANT
    last: datetime = LAST_INSTANT
    first_day: date = date.min
    last_day: date = date.max

    def intersect(self, other: "TimeRange") -> "TimeRange":
        """Return the range that both have in common. It can be empty."""
        return TimeRange(
            max(self.first, other.first),
            min(self.last, other.last),
            max(self.first_day, other.first_day),
            min(self.last_day, other.last_day),
        )


NOTHING = TimeRange(LAST_INSTANT, FIRST_INSTANT, date.max, date.min)
"""The range without a value."""


def days_from(now: datetime, zone: ZoneInfo, offset: int, days: int) -> TimeRange:
    """Return the range of `days` days in a zone, of which the first is `offset` days after today."""
    first_day = day_in_zone(now, zone) + offset * DAY
    return TimeRange(
        start_of_day(first_day, zone),
        start_of_day(first_day + days * DAY, zone) - MICROSECOND,
        first_day,
        first_day + (days - 1) * DAY,
    )


def before(now: datetime, zone: ZoneInfo) -> TimeRange:
    """Return the range of all instants before now and all days before today."""
    return TimeRange(last=now - MICROSECOND, last_day=day_in_zone(now, zone) - DAY)


def between(first: date | None, last: date | None, zone: ZoneInfo) -> TimeRange:
    """Return the range from a bound to a bound. None means that this side has no bound.

    A day is a bound with all of it. Compared with an instant, a day counts as its end in the zone.
    """
    found = TimeRange()
    if isinstance(first, datetime):
        found = found._replace(first=first, first_day=day_in_zone(first, zone))
    elif first is not None:
        found = found._replace(first=start_of_day(first, zone), first_day=first)
    if isinstance(last, datetime):
        last = min(last, LAST_INSTANT)
        next_day = day_in_zone(last + MICROSECOND, zone)
        found = found._replace(last=last, last_day=next_day - DAY if next_day > date.min else date.min)
    elif last is not None:
        found = found._replace(last=start_of_day(last + DAY, zone) - MICROSECOND, last_day=last)
    return found


def compared(operator: Operator, bound: date, zone: ZoneInfo) -> TimeRange:
    """Return the range of the values for which a comparison with a bound is true. The bound counts as in `between`.

    A value is less than a bound, equal to it, or greater.
    """
    if operator == "<=":
        return between(None, bound, zone)
    if operator == ">=":
        return between(bound, None, zone)
    same = between(bound, bound, zone)
    if operator == "<":
        has_earlier = same.first > FIRST_INSTANT
        before_day = max(same.first_day, date.min + DAY) - DAY
        return TimeRange(last=same.first - MICROSECOND, last_day=before_day) if has_earlier else NOTHING
    if operator == ">":
        has_later = same.last < LAST_INSTANT
        after_day = min(same.last_day, date.max - DAY) + DAY
        return TimeRange(first=same.last + MICROSECOND, first_day=after_day) if has_later else NOTHING
    return same


def sort_range(found: TimeRange) -> tuple[datetime, datetime]:
    """Return the first and the last sort key that an instant or a day of the range can have."""
    first = found.first if found.first_day == date.min else min(found.first, last_moment(found.first_day))
    last = found.last if found.last_day == date.max else max(found.last, last_moment(found.last_day))
    return first, last


def parse_bound(value: object) -> date:
    """Return the instant or the day of a text.

    Raises:
        InvalidDayError: the text has the form of a day, but no such day exists.
        InvalidBoundError: the text is neither a day nor an instant.
        ValueError: the value is not a string.
    """
    if isinstance(value, str) and DAY_TEXT.fullmatch(value):
        return parse_day(value)
    return parse_instant(value, InvalidBoundError)


Bound = Annotated[
    datetime | date,
    BeforeValidator(parse_bound),
    Raises(InvalidBoundError),
    string_schema(examples=["2026-12-01", "2026-12-01T18:00:00Z"]),
]
"""An instant, or a day with all of it."""
