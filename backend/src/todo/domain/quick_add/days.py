"""Days in a text."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from todo.domain.dates.days import FIRST_DAY, LAST_DAY
from todo.domain.quick_add.languages.language import Unit
from todo.domain.quick_add.phrases import Phrases, Place, is_number

ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})(?:\.([0-9]{4}))?")
YEARS_AHEAD = 9
"""Years until each day of the calendar, also 29 February, has come again."""
SATURDAY = 5
UNIT_DAYS = {"day": 1, "week": 7}


class Calendar(NamedTuple):
    """The day and the week on which a text is read.

    Attributes:
        today: the day on which the text is read.
        week_start: the first day of a week, 0 for Monday.
    """

    today: date
    week_start: int


class Day(NamedTuple):
    """A day.

    Attributes:
        day: the day.
        place: the place behind it.
        is_clear: whether it is a day without a time beside it.
    """

    day: date
    place: Place
    is_clear: bool = True


def read_day(phrases: Phrases, place: Place, calendar: Calendar) -> Day | None:
    """Return the day at a place, with the preposition before it."""
    language = phrases.language
    if named := phrases.match(place, dict.fromkeys(language.weekends, SATURDAY)):
        return Day(next_weekday(calendar.today, named[0], is_today=True), named[1])
    if (behind := phrases.accept(place, language.by)) and (day := read_bare(phrases, behind, calendar, "by")):
        return day
    if behind := phrases.accept(place, language.on):
        behind = phrases.accept(behind, language.articles) or behind
        return _read_dated(phrases, behind, calendar, "on") or _read_monthly(phrases, behind, calendar)
    return _read_span(phrases, place, calendar) or read_bare(phrases, place, calendar, "")


def read_bare(phrases: Phrases, place: Place, calendar: Calendar, preposition: str) -> Day | None:
    """Return the day at a place behind its preposition, which is empty for none."""
    if named := phrases.match(place, phrases.language.days):
        offset, behind = named
        return Day(calendar.today + timedelta(days=offset), behind)
    if period := phrases.match(place, phrases.language.periods):
        return _in_period(phrases, calendar, period[0], period[1])
    return _read_dated(phrases, place, calendar, preposition)


def _in_period(phrases: Phrases, calendar: Calendar, unit: Unit, place: Place) -> Day:
    """Return the first day of the next week, month or year, or the weekday behind `next week`."""
    first = _next_period(calendar, unit)
    on = phrases.accept(place, phrases.language.on)
    named = phrases.match(on or place, phrases.language.weekdays) if unit == "week" else None
    if named is None or (on is None and phrases.word(place) in phrases.language.weak_weekdays):
        return Day(first, place)
    return Day(next_weekday(first, named[0], is_today=True), named[1])


def _read_dated(phrases: Phrases, place: Place, calendar: Calendar, preposition: str) -> Day | None:
    return _read_weekday(phrases, place, calendar, preposition) or read_date(phrases, place, calendar, preposition)


def _read_weekday(phrases: Phrases, place: Place, calendar: Calendar, preposition: str) -> Day | None:
    """Return the day of a weekday, or of a date behind a weekday."""
    language = phrases.language
    following = phrases.accept(place, language.next)
    coming = phrases.accept(place, language.coming)
    named = phrases.match(following or coming or place, language.weekdays)
    if named is None:
        return None
    weekday, behind = named
    if following is None and coming is None:
        dated = read_date(phrases, phrases.glued(behind, ","), calendar, "on")
        dated = dated or read_date(phrases, phrases.glued(behind, "."), calendar, "on")
        if dated is not None:
            return dated
        period = phrases.match(behind, language.periods)
        if period is not None and period[0] == "week":
            return Day(next_weekday(_next_period(calendar, "week"), weekday, is_today=True), period[1])
    is_weak = phrases.word(following or coming or place) in language.weak_weekdays
    is_clear = bool(not is_weak or preposition or following or coming)
    if following is not None:
        first = start_of_week(calendar.today, calendar.week_start) + timedelta(days=7)
        return Day(next_weekday(first, weekday, is_today=True), behind)
    return Day(next_weekday(calendar.today, weekday), behind, is_clear)


def read_date(phrases: Phrases, place: Place, calendar: Calendar, preposition: str = "") -> Day | None:
    """Return the day of a date such as `2026-12-24`, `24.12.`, `24. Dezember` or `Dec 24`."""
    word = phrases.word(place)
    if found := ISO.fullmatch(word):
        day = make_day(int(found[1]), int(found[2]), int(found[3]))
        return None if day is None else Day(day, phrases.skip(place))
    if found := DOTTED.fullmatch(word):
        return _read_dotted(phrases, place, calendar, found, preposition)
    return _read_day_and_month(phrases, place, calendar, preposition)


def _read_dotted(
    phrases: Phrases, place: Place, calendar: Calendar, found: re.Match[str], preposition: str
) -> Day | None:
    """Return the day of a date such as `24.12.2026`, or `24.12.`, which needs its dot or a preposition."""
    if not phrases.language.has_dotted_ordinals:
        return None
    if found[3]:
        day = make_day(int(found[3]), int(found[2]), int(found[1]))
        return None if day is None else Day(day, phrases.skip(place))
    has_dot = phrases.after(place).startswith(".")
    if not has_dot and not preposition:
        return None
    day = coming_date(calendar.today, int(found[2]), int(found[1]))
    is_clear = phrases.is_sole or bool(preposition) or len(found[0]) == len("24.12")
    return None if day is None else Day(day, phrases.skip(place, "." if has_dot else ""), is_clear)


def _read_day_and_month(phrases: Phrases, place: Place, calendar: Calendar, preposition: str) -> Day | None:
    """Return the day of a number and the name of a month, in the order of the language."""
    language = phrases.language
    if found := phrases.ordinal(place) or phrases.number(place, has_words=False):
        number, behind = found
        behind = phrases.accept(behind, language.of) or behind
        if named := phrases.match(behind, language.months):
            return _read_year(phrases, named[1], calendar, named[0], number)
    if not language.has_month_first or (named := phrases.match(place, language.months)) is None:
        return None
    found = phrases.ordinal(phrases.glued(named[1], ".")) or phrases.number(
        phrases.glued(named[1], "."), has_words=False
    )
    if found is None:
        return None
    day = _read_year(phrases, found[1], calendar, named[0], found[0])
    is_weak = phrases.word(place) in language.weak_months and not preposition
    return day and day._replace(is_clear=not is_weak or phrases.is_end(day.place))


def _read_year(phrases: Phrases, place: Place, calendar: Calendar, month: int, number: int) -> Day | None:
    """Return the day of a month, in the year behind it, or the next such day; None if the year lacks the day."""
    for glue in ("", ",", "."):
        behind = phrases.glued(place, glue)
        word = phrases.word(behind)
        if len(word) == len("2026") and is_number(word):
            day = make_day(int(word), month, number)
            return None if day is None else Day(day, phrases.skip(behind))
    day = coming_date(calendar.today, month, number)
    return None if day is None else Day(day, phrases.behind_abbreviation(place))


def _read_monthly(phrases: Phrases, place: Place, calendar: Calendar) -> Day | None:
    """Return the next day of a month with this number. A word with a capital letter behind it makes it unclear."""
    found = phrases.ordinal(place)
    if found is None or found[0] < 1:
        return None
    number, behind = found
    first = calendar.today.replace(day=1)
    months = (add_months(first, offset) for offset in range(12))
    days = (make_day(month.year, month.month, number) for month in months if month is not None)
    day = next((day for day in days if day is not None and day >= calendar.today), None)
    return None if day is None else Day(day, behind, phrases.is_end(behind))


def _read_span(phrases: Phrases, place: Place, calendar: Calendar) -> Day | None:
    """Return the day after a span of time from today, such as `in 3 days`."""
    behind = phrases.accept(place, phrases.language.within)
    found = None if behind is None else phrases.number(behind)
    if found is None or found[0] == 0:
        return None
    unit = phrases.match(found[1], phrases.language.units)
    day = None if unit is None else add_units(calendar.today, unit[0], found[0])
    return None if unit is None or day is None else Day(day, unit[1])


def add_units(day: date, unit: Unit, number: int) -> date | None:
    """Return the day some units later; None if it is out of range. A shorter month ends on its last day."""
    if unit == "month":
        return add_months(day, number)
    if unit == "year":
        return add_months(day, 12 * number)
    return _in_range(day.toordinal() + UNIT_DAYS[unit] * number)


def add_months(day: date, number: int) -> date | None:
    """Return the day some months later, or the last day of that month; None if it is out of range."""
    year, month = divmod(12 * day.year + day.month - 1 + number, 12)
    numbers = (make_day(year, month + 1, last) for last in range(day.day, day.day - 4, -1) if last > 0)
    return next((found for found in numbers if found is not None), None)


def next_weekday(day: date, weekday: int, *, is_today: bool = False) -> date:
    """Return the next day that is a weekday, after a day or on it."""
    return day + timedelta(days=(weekday - day.weekday() - (not is_today)) % 7 + (not is_today))


def start_of_week(day: date, week_start: int) -> date:
    """Return the first day of the week of a day."""
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def coming_date(today: date, month: int, number: int) -> date | None:
    """Return the next day with a month and a number, today or later."""
    return next((day for day in _days_of_years(today.year, month, number) if day >= today), None)


def make_day(year: int, month: int, number: int) -> date | None:
    """Return a day of the calendar; None if there is no such day, or if it is out of range."""
    try:
        day = date(year, month, number)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _days_of_years(year: int, month: int, number: int) -> Iterator[date]:
    for later in range(year, year + YEARS_AHEAD):
        if day := make_day(later, month, number):
            yield day


def _next_period(calendar: Calendar, unit: Unit) -> date:
    """Return the first day of the next week, month or year."""
    if unit == "week":
        return start_of_week(calendar.today, calendar.week_start) + timedelta(days=7)
    first = calendar.today.replace(day=1) if unit == "month" else calendar.today.replace(day=1, month=1)
    return add_units(first, unit, 1) or first


def _in_range(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal <= LAST_DAY.toordinal() else None
