"""Random recurrence rules, and the library's own expansion of a rule."""

import contextlib
import gc
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from time import thread_time
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from todo.domain.dates.days import LAST_DAY
from todo.domain.recurrence.series import Series, instant_of

DAY = timedelta(days=1)
PERIODS = {
    "YEARLY": 365 * DAY,
    "MONTHLY": 30 * DAY,
    "WEEKLY": 7 * DAY,
    "DAILY": DAY,
    "HOURLY": DAY / 24,
    "MINUTELY": DAY / 1440,
    "SECONDLY": DAY / 86400,
}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "America/Santiago")
SECONDS_MAX = 0.05
PERIODS_MAX = 300
"""Periods between the start and now, so that the library's own expansion is quick."""
UNTIL = re.compile(r"UNTIL=(\d{8})(T\d{6})?Z?")


@contextlib.contextmanager
def limited_time() -> Iterator[None]:
    """Check that the block takes at most SECONDS_MAX of processor time, without the pauses of the garbage collector."""
    gc.disable()
    began_at = thread_time()
    try:
        yield
        assert thread_time() - began_at < SECONDS_MAX
    finally:
        gc.enable()


def random_rule(random: Random, start: datetime) -> str:
    """Return a valid rule; parts that the RFC forbids together do not occur."""
    frequency = random.choice([*PERIODS])
    interval = random.choice([1, 1, 1, 2, 3, 4, 6, 7, 10, 12, 15, 24, 90, 100])
    parts = [f"FREQ={frequency}"]
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    parts += _random_by_parts(random, frequency)
    if random.random() < 0.2:
        parts.append(f"WKST={random.choice(WEEKDAYS)}")
    end = random.random()
    if end < 0.15:
        parts.append(f"COUNT={random.choice([1, 2, 5, 20, 300])}")
    elif end < 0.3:
        until = start + random.random() * 2 * PERIODS_MAX * PERIODS[frequency] / 4
        parts.append(f"UNTIL={until:%Y%m%d}" + random.choice(["", f"{until:T%H%M%S}"]))
    return ";".join(parts)


def _random_by_parts(random: Random, frequency: str) -> list[str]:
    is_yearly, is_weekly = frequency == "YEARLY", frequency == "WEEKLY"
    chance = random.choice([0.0, 0.1, 0.3])
    numbers = [""]
    if frequency in ("MONTHLY", "YEARLY"):
        numbers += ["1", "2", "4", "-1", "-2"]
    number = random.choice(numbers)
    values: dict[str, list[object]] = {
        "BYMONTH": [*range(1, 13)],
        "BYMONTHDAY": [] if is_weekly else [*range(1, 32), *range(-31, 0)],
        "BYYEARDAY": [*range(1, 367), *range(-366, 0)] if is_yearly else [],
        "BYWEEKNO": [*range(1, 54), *range(-53, 0)] if is_yearly and not number else [],
        "BYDAY": [number + day for day in WEEKDAYS],
        "BYHOUR": [*range(24)],
        "BYMINUTE": [*range(60)],
        "BYSECOND": [*range(60)],
        "BYSETPOS": [1, 2, 3, -1, -2],
    }
    parts: list[str] = []
    for name, choices in values.items():
        is_used = random.random() < (chance / 2 if name in ("BYHOUR", "BYMINUTE", "BYSECOND") else chance)
        if choices and is_used and (parts or name != "BYSETPOS"):
            some = random.sample(choices, random.randint(1, min(4, len(choices))))
            parts.append(f"{name}={','.join(map(str, some))}")
    return parts


def random_series(random: Random, now: datetime) -> Series:
    """Return a series that began before now or begins soon."""
    periods = random.random() ** 3 * PERIODS_MAX
    zone = ZoneInfo(random.choice(ZONES))
    rule = random_rule(random, now.replace(tzinfo=None))
    period = PERIODS[rule.partition(";")[0].removeprefix("FREQ=")]
    is_on_days = random.random() < 0.4 and period >= PERIODS["HOURLY"]
    earlier = min(periods * period, 300 * 365 * DAY)
    start = (now.replace(tzinfo=None) - earlier + random.choice([0, 0, 1]) * 3 * period).replace(microsecond=0)
    if is_on_days:
        start = datetime.combine(start, time.min)
    place = start + random.choice([0, 0, random.random()]) * earlier
    place = datetime.combine(place, time.min if is_on_days else place.time()).replace(microsecond=0)
    return Series(rule, "due", start, place, is_on_days, zone, 0)


def library_dates(series: Series) -> Iterator[datetime]:
    """Yield the library's own expansion from the start of a series, on its clock."""

    def whole_day(found: re.Match[str]) -> str:
        return f"UNTIL={found[1]}{found[2] if found[2] and not series.is_on_days else 'T235959'}"

    rule: Any = rrulestr(UNTIL.sub(whole_day, series.rule), dtstart=series.start)
    yield from rule


def library_next(series: Series, now: datetime) -> datetime | None:
    """Return the date of the library's own expansion that is after the current one and after now."""
    today = now.astimezone(series.zone).date()
    for found in library_dates(series):
        if found.date() > LAST_DAY:
            return None
        if series.is_on_days:
            if found.date() > max(today, series.place.date()):
                return datetime.combine(found, time.min)
        elif found > series.place and instant_of(found, series.zone) > max(now, instant_of(series.place, series.zone)):
            return found
    return None


def random_instant(random: Random) -> datetime:
    """Return an instant of the next ten years."""
    return datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=random.randrange(10 * 365 * 86400))
