"""The dates of a recurrence rule, expanded by python-dateutil within a limit of time (ADR 0062).

All datetimes are times on one clock, without a zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import prod
from time import thread_time

from dateutil.rrule import DAILY, HOURLY, MINUTELY, MONTHLY, SECONDLY, WEEKLY, YEARLY, rrulestr

from todo.core.errors import ConflictError

SECONDS_MAX = 0.03
"""Processor time of one computation. The last period can take another 0.02 s."""
TIMES_MAX = 100
"""Times of one day. The library builds all of them before the first date, and builds a year of them at once."""
YEARS_MAX = 500
"""The longest interval. The library walks from one date to the next by months."""
HOURS = timedelta(hours=1)
UNITS = {DAILY: 24 * HOURS, HOURLY: HOURS, MINUTELY: HOURS / 60, SECONDLY: HOURS / 3600}
DAYS_OF_YEAR = 366
INTERVALS_MAX = {YEARLY: YEARS_MAX, MONTHLY: 12 * YEARS_MAX, WEEKLY: 52 * YEARS_MAX} | {
    frequency: YEARS_MAX * DAYS_OF_YEAR * (24 * HOURS // unit) for frequency, unit in UNITS.items()
}
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY_PARTS = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")
TIME_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")


class RecurrenceTooComplexError(ConflictError):
    """The dates of this recurrence rule take too long to compute. Send a simpler rule, or complete the whole task"""

    code = "RECURRENCE_TOO_COMPLEX"


class Meter:
    """The processor time that a computation may still take. It counts the current thread alone."""

    def __init__(self, seconds: float = SECONDS_MAX) -> None:
        self._ends_at = thread_time() + seconds

    def check(self) -> None:
        """Check that time is left.

        Raises:
            RecurrenceTooComplexError: no time is left.
        """
        if thread_time() > self._ends_at:
            raise RecurrenceTooComplexError


class MeteredInterval(int):
    """An interval that checks a meter whenever it is added or multiplied.

    The library does that once for each period, so it cannot search without end for the next date of a rule.
    """

    meter: Meter

    @classmethod
    def of(cls, interval: int, meter: Meter) -> "MeteredInterval":
        """Return the interval with its meter."""
        metered = cls(interval)
        metered.meter = meter
        return metered

    def __radd__(self, other: int) -> int:
        self.meter.check()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.meter.check()
        return int(self) * other


@dataclass(frozen=True)
class Parts:
    """The parts of a rule.

    Attributes:
        text: the rule without COUNT and UNTIL.
        given: the values by name, in capitals.
        count: the number of dates; None for any number.
        until: the text of UNTIL; None without one.
    """

    text: str
    given: Mapping[str, str]
    count: int | None
    until: str | None


def read_parts(rule: str) -> Parts:
    """Return the parts of a rule.

    Raises:
        RecurrenceTooComplexError: the text is not a rule.
    """
    try:
        given = dict(part.split("=") for part in rule.upper().split(";"))
        text = ";".join(f"{name}={value}" for name, value in given.items() if name not in {"COUNT", "UNTIL"})
        return Parts(text, given, int(given["COUNT"]) if "COUNT" in given else None, given.get("UNTIL"))
    except ValueError as error:
        raise RecurrenceTooComplexError from error


def expand(
    parts: Parts, start: datetime, after: datetime, *, until: datetime | None, count: int | None, meter: Meter
) -> Iterator[datetime]:
    """Yield the dates of a rule that are later than a time, in their order.

    Args:
        parts: the rule.
        start: the beginning of the series. It is a date of the series if it matches the rule.
        after: the dates are later than this time.
        until: the last time that a date can have; None for no end.
        count: how many dates the series has, from its beginning; None for no end.
        meter: the time that the computation may take.

    Raises:
        RecurrenceTooComplexError: the next date takes too long to compute, or the library does not know the rule.
    """
    try:
        for found in _library_dates(parts, start, after, count, meter):
            meter.check()
            if until is not None and found > until:
                return
            if found > after:
                yield found
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        # The library raises any of these for a rule that has no dates, or that it cannot expand.
        raise RecurrenceTooComplexError from error


def _library_dates(
    parts: Parts, start: datetime, after: datetime, count: int | None, meter: Meter
) -> Iterator[datetime]:
    """Yield dates from the period that contains `after`; all dates if they are counted."""
    if prod(part.count(",") + 1 for name in TIME_PARTS if (part := parts.given.get(name))) > TIMES_MAX:
        raise RecurrenceTooComplexError
    frequency = FREQUENCIES.index(parts.given["FREQ"])
    interval = int(parts.given.get("INTERVAL", "1"))
    week_start = WEEKDAYS.index(parts.given.get("WKST", "MO"))
    if not 1 <= interval <= INTERVALS_MAX[frequency]:
        raise RecurrenceTooComplexError
    fraction = timedelta(microseconds=start.microsecond)
    start = start.replace(microsecond=0)
    first = _period_of(frequency, interval, week_start, start, after) if count is None else start
    rule = rrulestr(parts.text, dtstart=start).replace(
        dtstart=first,
        interval=MeteredInterval.of(interval, meter),
        wkst=week_start,
        count=count,
        **_defaults(parts.given, frequency, start),
    )
    for found in rule:
        yield found + fraction


def _period_of(frequency: int, interval: int, week_start: int, start: datetime, after: datetime) -> datetime:
    """Return the beginning of the last period of the rule that begins at `after` or before, or the start."""
    if after <= start:
        return start
    if frequency == YEARLY:
        years = (after.year - start.year) // interval * interval
        return datetime.combine(date(start.year + years, 1, 1), time.min) if years else start
    if frequency == MONTHLY:
        months = 12 * (after.year - start.year) + after.month - start.month
        month = start.month - 1 + months // interval * interval
        first = date(start.year + month // 12, month % 12 + 1, 1)
        return datetime.combine(first, time.min) if months >= interval else start
    if frequency == WEEKLY:
        unit, offset = timedelta(days=7), timedelta(days=(start.weekday() - week_start) % 7)
        offset += start - datetime.combine(start, time.min)
    else:
        unit = UNITS[frequency]
        offset = (start - datetime.combine(start, time.min)) % unit
    steps = (after - start + offset) // (unit * interval)
    return start + (steps * interval * unit - offset) if steps else start


def _defaults(given: Mapping[str, str], frequency: int, start: datetime) -> dict[str, int]:
    """Return the parts that a rule lacks and takes from its start. The library takes them from the period otherwise."""
    defaults: dict[str, int] = {}
    if not any(name in given for name in DAY_PARTS):
        if frequency == YEARLY:
            defaults |= {"bymonthday": start.day} | ({} if "BYMONTH" in given else {"bymonth": start.month})
        elif frequency == MONTHLY:
            defaults["bymonthday"] = start.day
        elif frequency == WEEKLY:
            defaults["byweekday"] = start.weekday()
    times = {"byhour": (HOURLY, start.hour), "byminute": (MINUTELY, start.minute), "bysecond": (SECONDLY, start.second)}
    for name, (finer, value) in times.items():
        if name.upper() not in given and frequency < finer:
            defaults[name] = value
    return defaults
