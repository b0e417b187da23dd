"""Time zones: the names of the IANA database."""

from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from todo.core.errors import InvalidValueError
from todo.domain.rules import Raises, string_schema
from todo.domain.text import Text

TIME_ZONE_MAX = 64
"""Characters of the column. The longest name of 2026 has 32."""
DEFAULT_TIME_ZONE = "UTC"


class InvalidTimeZoneError(InvalidValueError):
    """Time zone must be a name of the IANA database, such as Europe/Berlin"""

    code = "INVALID_TIME_ZONE"
    field = "time_zone"


@cache
def time_zone_names() -> frozenset[str]:
    """Return all names of the IANA database, as the package `tzdata` lists them."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _check_time_zone(value: str) -> str:
    if value not in time_zone_names():
        raise InvalidTimeZoneError
    return value


def attach_time_zone(instant: datetime, time_zone: str | None) -> datetime:
    """Return the instant in UTC. Without an offset it is a time on the clock of the zone, or in UTC without a zone.

    A time that the clock skips counts as the time before the change shows it, and a time that the clock shows twice
    is the first. A time near the end of the calendar that UTC cannot express counts as UTC.
    """
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC if time_zone is None else ZoneInfo(time_zone))
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return instant.replace(tzinfo=UTC)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day in a zone, in UTC. Where the clock skips midnight, it is the change itself."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_in_zone(instant: datetime, zone: ZoneInfo) -> date:
    """Return the day that the calendar shows in a zone."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return instant.date()


def clock_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the time that the clock of a zone shows, without a zone."""
    try:
        return instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return instant.replace(tzinfo=None)


TimeZone = Annotated[
    Text, AfterValidator(_check_time_zone), Raises(InvalidTimeZoneError), string_schema(maxLength=TIME_ZONE_MAX)
]
