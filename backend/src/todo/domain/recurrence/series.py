"""Series: the dates of a repeating task, as days or as times on the clock of a zone (ADR 0062).

A place is a date of a series as a datetime without a zone. The place of a day is its midnight.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from todo.domain.dates.days import LAST_DAY
from todo.domain.dates.time_zones import attach_time_zone, clock_time
from todo.domain.recurrence.expansion import SECONDS_MAX, Meter, RecurrenceTooComplexError, expand, read_parts

DAY = timedelta(days=1)


class Series(NamedTuple):
    """A repeating task at its current occurrence.

    Attributes:
        rule: the recurrence rule.
        basis: whether the next date follows from the `due` or from the `completion`.
        start: the place of the first occurrence.
        place: the place of the current occurrence.
        is_on_days: whether the dates are days.
        zone: the time zone of the clock, and of the days.
        recorded: the number of occurrences before the current one.
    """

    rule: str
    basis: Literal["due", "completion"]
    start: datetime
    place: datetime
    is_on_days: bool
    zone: ZoneInfo
    recorded: int


def write_place(place: datetime, *, is_on_days: bool) -> str:
    """Return the text of a place: a day, or a time without an offset."""
    return place.date().isoformat() if is_on_days else place.isoformat()


def instant_of(place: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the clock of a zone shows a time, in UTC."""
    return attach_time_zone(place, zone.key)


def find_next(series: Series, now: datetime, *, skips: bool, seconds: float = SECONDS_MAX) -> datetime | None:
    """Return the place after the current one, and after now; None if the series ends.

    Args:
        series: the series.
        now: the instant of the completion.
        skips: whether the current occurrence is skipped. The basis is then its due.
        seconds: the processor time that the computation may take.

    Raises:
        RecurrenceTooComplexError: the rule takes longer to compute.
    """
    return next(_coming(series, now, Meter(seconds), skips=skips), None)


def list_upcoming(series: Series, now: datetime, limit: int) -> list[datetime]:
    """Return the current place and those after it, if each occurrence is completed at its due.

    Raises:
        RecurrenceTooComplexError: the rule takes too long to compute.
    """
    meter = Meter()
    if series.basis == "due":
        return [series.place, *islice(_coming(series, now, meter), limit - 1)]
    places = [series.place]
    while len(places) < limit:
        completed_at = max(now, instant_of(series.place, series.zone))
        place = next(_coming(series, completed_at, meter), None)
        if place is None:
            break
        places.append(place)
        series = series._replace(place=place, recorded=series.recorded + 1)
    return places


def _coming(series: Series, now: datetime, meter: Meter, *, skips: bool = False) -> Iterator[datetime]:
    """Yield the places after the current one that are after now, or after today if they are days."""
    parts = read_parts(series.rule)
    today = clock_time(now, series.zone)
    start, after, count = series.start, series.place, parts.count
    if series.basis == "completion":
        if count is not None and series.recorded + 1 >= count:
            return
        start = after = series.place if skips else datetime.combine(today, series.start.time())
        count = None
    until = None if parts.until is None else _read_until(parts.until, series)
    if series.is_on_days:
        after = datetime.combine(max(after, today), time.max)
        last = after
    else:
        last = max(now, instant_of(after, series.zone))
        after = max(after, min(today, _clock_before_change(now, series.zone)))
    for place in expand(parts, start, after, until=until, count=count, meter=meter):
        if place.date() > LAST_DAY:
            return
        moment = place if series.is_on_days else instant_of(place, series.zone)
        if moment > last:
            last = datetime.combine(place, time.max) if series.is_on_days else moment
            yield datetime.combine(place, time.min) if series.is_on_days else place


def _clock_before_change(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the time that the clock would show if it had not changed on the last day.

    The clock skips times in spring. Such a time counts as a later one, so it can be later than now.
    """
    return now.astimezone(UTC).replace(tzinfo=None) + (clock_time(now - DAY, zone) - (now - DAY).replace(tzinfo=None))


def _read_until(text: str, series: Series) -> datetime:
    """Return the last time of a series. A day, and every end of a series of days, counts as a whole day.

    Raises:
        RecurrenceTooComplexError: the text is no date.
    """
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise RecurrenceTooComplexError from error
    if until.tzinfo is not None:
        until = clock_time(until, series.zone)
    if series.is_on_days or "T" not in text:
        return datetime.combine(until, time.max)
    return until.replace(microsecond=time.max.microsecond)
