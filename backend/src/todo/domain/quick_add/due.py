"""The due of a task that a phrase says, on the clock of an account."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from todo.domain.dates.days import LAST_DAY
from todo.domain.dates.time_zones import attach_time_zone, clock_time, day_in_zone
from todo.domain.quick_add.days import Calendar
from todo.domain.quick_add.repeats import Repeat
from todo.domain.quick_add.whens import When
from todo.domain.recurrence.expansion import WEEKDAYS, Meter, RecurrenceTooComplexError, expand, read_parts

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
INTERVAL = re.compile(";INTERVAL=[0-9]+")


class Moment(NamedTuple):
    """When and where a text is read.

    Attributes:
        now: the instant.
        zone: the time zone of the account.
        week_start: the first day of its week, 0 for Monday.
    """

    now: datetime
    zone: ZoneInfo
    week_start: int

    @property
    def calendar(self) -> Calendar:
        """The day of the moment, and the week."""
        return Calendar(day_in_zone(self.now, self.zone), self.week_start)


def due_fields(when: When, moment: Moment) -> Mapping[str, date | str] | None:
    """Return the fields of a due and of its repetition; None if there is no such date.

    A `due_date` is an instant in UTC.
    """
    if when.minutes is not None:
        instant = moment.now.replace(second=0, microsecond=0).astimezone(UTC)
        return _at_instant(instant + timedelta(minutes=when.minutes), moment)
    if when.repeat is not None:
        return _repeating(when, when.repeat, moment)
    if when.at is None:
        assert when.day is not None
        return {"due_day": when.day}
    if when.day is not None:
        return _at_clock(datetime.combine(when.day, when.at), moment)
    today = datetime.combine(moment.calendar.today, when.at)
    return _at_clock(today if _instant(today, moment) > moment.now else today + DAY, moment)


def _repeating(when: When, repeat: Repeat, moment: Moment) -> Mapping[str, date | str] | None:
    rule = _whole_rule(repeat.rule, when.last, moment.week_start)
    first = _first_date(rule, when, moment)
    if first is None or not moment.calendar.today <= first.date() <= min(when.last or LAST_DAY, LAST_DAY):
        return None
    fields: dict[str, date | str] = {"recurrence_rule": rule}
    if repeat.from_completion:
        fields["recurrence_basis"] = "completion"
    return fields | ({"due_day": first.date()} if when.at is None else _at_clock(first, moment))


def _whole_rule(rule: str, last: date | None, week_start: int) -> str:
    """Return a rule with its end, and with the first day of the week if the dates depend on it."""
    if week_start and "WEEKLY" in rule and "INTERVAL" in rule:
        rule = f"{rule};WKST={WEEKDAYS[week_start]}"
    return rule if last is None else f"{rule};UNTIL={last:%Y%m%d}"


def _first_date(rule: str, when: When, moment: Moment) -> datetime | None:
    """Return the first date from today on of a series that begins today or on a named day. A time is later than now.

    An interval such as `every 2 weeks on Tuesday` counts from the first such day.
    """
    today = moment.calendar.today
    start = datetime.combine(when.day or today, when.at or time.min)
    earliest = datetime.combine(today, time.min) if when.at is None else clock_time(moment.now, moment.zone) - DAY

    def is_later(found: datetime) -> bool:
        return when.at is None or _instant(found, moment) > moment.now

    try:
        if "INTERVAL" in rule and "BY" in rule:
            days = _dates(INTERVAL.sub("", rule), start, earliest if when.day is None else start)
            start = next(days if when.day is not None else filter(is_later, days), start)
        return next(filter(is_later, _dates(rule, start, earliest)), None)
    except RecurrenceTooComplexError:
        return None


def _dates(rule: str, start: datetime, earliest: datetime) -> Iterator[datetime]:
    """Return the dates of a series that begins at a start, from a date on."""
    after = max(start, earliest) - MICROSECOND
    return expand(read_parts(rule), start, after, until=None, count=None, meter=Meter())


def _at_clock(at: datetime, moment: Moment) -> dict[str, date | str]:
    return _at_instant(_instant(at, moment), moment)


def _at_instant(instant: datetime, moment: Moment) -> dict[str, date | str]:
    return {"due_date": instant, "due_time_zone": moment.zone.key}


def _instant(at: datetime, moment: Moment) -> datetime:
    return attach_time_zone(at, moment.zone.key)
