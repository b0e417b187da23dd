"""Repetitions in a text, as recurrence rules."""

from collections.abc import Callable
from datetime import time
from typing import NamedTuple

from todo.domain.quick_add.days import Calendar, read_date
from todo.domain.quick_add.languages.language import Unit
from todo.domain.quick_add.phrases import Phrases, Place, is_number
from todo.domain.quick_add.times import read_time
from todo.domain.recurrence.expansion import WEEKDAYS

WORKDAYS = "BYDAY=MO,TU,WE,TH,FR"
FREQUENCIES: dict[Unit, str] = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
INTERVAL_MAX = 999
DAY_OF_MONTH_MAX = 31
WEEK_OF_MONTH_MAX = 4


class Repeat(NamedTuple):
    """A repetition.

    Attributes:
        rule: the recurrence rule.
        place: the place behind it.
        at: the time of a phrase such as `every morning`.
        from_completion: whether the next date follows from the completion.
        is_clear: whether it is a repetition without a time beside it.
    """

    rule: str
    place: Place
    at: time | None = None
    from_completion: bool = False
    is_clear: bool = True


def read_repeat(phrases: Phrases, place: Place, calendar: Calendar) -> Repeat | None:
    """Return the repetition at a place."""
    language = phrases.language
    if named := phrases.match(place, language.adverbs):
        is_clear = (
            not language.has_weak_adverbs or phrases.is_end(named[1]) or named[1].token_index > place.token_index + 1
        )
        return _with_days(phrases, _in_unit(phrases, Repeat(named[0], named[1], is_clear=is_clear), calendar))
    on = phrases.accept(place, language.on)
    weekdays = None if on is None and language.has_weak_adverbs else _read_list(phrases, on or place, _weekly)
    if weekdays is not None:
        return Repeat(_on_weekdays(weekdays[0]), weekdays[1])
    if on is not None and (repeat := _read_days_of_every_month(phrases, on)):
        return repeat
    if behind := phrases.accept(place, language.every_number):
        behind = phrases.glued(behind, "!")
        repeat = _read_interval(phrases, behind, calendar, needs_number=True)
    elif behind := phrases.accept(place, language.every):
        behind = phrases.glued(behind, "!")
        repeat = _read_every(phrases, behind, calendar)
    else:
        return None
    return repeat and repeat._replace(from_completion=behind.glue == "!")


def _read_every(phrases: Phrases, place: Place, calendar: Calendar) -> Repeat | None:
    """Return the repetition behind a word such as `every`."""
    language = phrases.language
    if named := phrases.match(place, language.groups):
        return Repeat(named[0], named[1])
    if part := phrases.match(place, language.dayparts):
        return Repeat("FREQ=DAILY", part[1], part[0])
    if weekdays := _read_list(phrases, place, _weekday):
        return Repeat(_on_weekdays(weekdays[0]), weekdays[1])
    return (
        _read_every_other(phrases, place)
        or _read_interval(phrases, place, calendar, needs_number=False)
        or _read_weekday_of_month(phrases, place)
        or _read_yearly(phrases, place, calendar)
        or _read_days_of_month(phrases, place)
    )


def _read_every_other(phrases: Phrases, place: Place) -> Repeat | None:
    """Return a repetition such as `other Tuesday`. An ordinal there can also be that of a month."""
    other = phrases.match(place, phrases.language.every_other)
    weekdays = None if other is None else _read_list(phrases, other[1], _weekday)
    if other is None or weekdays is None or phrases.word(place) in phrases.language.ordinals:
        return None
    return Repeat(f"FREQ=WEEKLY;INTERVAL={other[0]};BYDAY={_names(weekdays[0])}", weekdays[1])


def _read_interval(phrases: Phrases, place: Place, calendar: Calendar, *, needs_number: bool) -> Repeat | None:
    """Return the repetition of a number of units, such as `2 weeks`, with the days in the unit behind it."""
    language = phrases.language
    counts = (
        phrases.match(place, language.every_other),
        phrases.number(place),
        _positive(phrases.ordinal(place)),
        None if needs_number else (1, place),
    )
    units = [(count[0], unit) for count in counts if count and (unit := phrases.match(count[1], language.units))]
    if not units or not 1 <= units[0][0] <= INTERVAL_MAX:
        return None
    number, (name, behind) = units[0]
    interval = f";INTERVAL={number}" if number > 1 else ""
    repeat = Repeat(f"FREQ={FREQUENCIES[name]}{interval}", behind)
    return _with_days(phrases, _in_unit(phrases, repeat, calendar))


def _with_days(phrases: Phrases, repeat: Repeat) -> Repeat:
    """Return a weekly repetition with the weekdays behind it."""
    if not repeat.rule.startswith("FREQ=WEEKLY") or "BYDAY" in repeat.rule:
        return repeat
    on = phrases.accept(repeat.place, phrases.language.on)
    weekdays = _read_list(phrases, on or repeat.place, _weekday)
    if weekdays is None or (on is None and not _is_weekday(phrases, repeat.place, weekdays[1])):
        return repeat
    is_clear = repeat.is_clear or on is not None or phrases.is_end(weekdays[1])
    return repeat._replace(rule=f"{repeat.rule};BYDAY={_names(weekdays[0])}", place=weekdays[1], is_clear=is_clear)


def _is_weekday(phrases: Phrases, place: Place, behind: Place) -> bool:
    """Return whether the name of a weekday without a preposition is no other word."""
    token = phrases.token(place)
    if token is None or token.word not in phrases.language.weak_weekdays or token.is_capital:
        return True
    return phrases.is_end(behind) or read_time(phrases, behind) is not None


def _in_unit(phrases: Phrases, repeat: Repeat, calendar: Calendar) -> Repeat:
    """Return a monthly or yearly repetition with the day behind it."""
    behind = phrases.accept(repeat.place, phrases.language.on)
    if behind is None or "BY" in repeat.rule:
        return repeat
    behind = phrases.accept(behind, phrases.language.articles) or behind
    if repeat.rule.startswith("FREQ=MONTHLY") and (days := _read_list(phrases, behind, _day_of_month)):
        part, place = f"BYMONTHDAY={_numbers(days[0])}", days[1]
    elif repeat.rule.startswith("FREQ=YEARLY") and (day := read_date(phrases, behind, calendar, "on")):
        part, place = f"BYMONTH={day.day.month};BYMONTHDAY={day.day.day}", day.place
    else:
        return repeat
    return repeat._replace(rule=f"{repeat.rule};{part}", place=place, is_clear=True)


def _read_weekday_of_month(phrases: Phrases, place: Place) -> Repeat | None:
    """Return a repetition such as `first Monday` or `last workday`."""
    ordinal = phrases.ordinal(place)
    named = None if ordinal is None else _read_kind_of_day(phrases, ordinal[1])
    if ordinal is None or named is None or not -1 <= ordinal[0] <= WEEK_OF_MONTH_MAX or ordinal[0] == 0:
        return None
    behind = phrases.accept(named[1], phrases.language.month_phrases)
    if behind is None and ordinal[0] in phrases.language.unclear_weeks:
        return None
    days = f"{WORKDAYS};BYSETPOS={ordinal[0]}" if named[0] is None else f"BYDAY={ordinal[0]}{WEEKDAYS[named[0]]}"
    return Repeat(f"FREQ=MONTHLY;{days}", behind or named[1])


def _read_kind_of_day(phrases: Phrases, place: Place) -> tuple[int | None, Place] | None:
    """Return a weekday, or None for each workday."""
    group = phrases.match(place, phrases.language.groups)
    if group is not None and group[0].endswith(WORKDAYS):
        return None, group[1]
    return phrases.match(place, phrases.language.weekdays)


def _read_yearly(phrases: Phrases, place: Place, calendar: Calendar) -> Repeat | None:
    """Return the repetition of a date each year, such as `24 Dec`."""
    day = read_date(phrases, place, calendar, "on")
    if day is None:
        return None
    return Repeat(f"FREQ=YEARLY;BYMONTH={day.day.month};BYMONTHDAY={day.day.day}", day.place)


def _read_days_of_month(phrases: Phrases, place: Place) -> Repeat | None:
    """Return a repetition such as `1st and 15th`, or `1 and 15` at the end of the text or before a time."""
    days = _read_list(phrases, place, _number_of_day)
    if days is None:
        return None
    behind = phrases.accept(days[1], phrases.language.month_phrases) or days[1]
    words = phrases.language.units.keys() | phrases.language.groups.keys()
    if behind is days[1] and (_weekday(phrases, behind) or phrases.accept(behind, words)):
        return None
    has_numbers = _read_list(phrases, place, _day_of_month) != days
    if behind is days[1] and has_numbers and not (phrases.is_last(behind) or read_time(phrases, behind)):
        return None
    return Repeat(f"FREQ=MONTHLY;BYMONTHDAY={_numbers(days[0])}", behind)


def _read_days_of_every_month(phrases: Phrases, place: Place) -> Repeat | None:
    """Return a repetition such as `1st of every month`."""
    place = phrases.accept(place, phrases.language.articles) or place
    days = _read_list(phrases, place, _day_of_month)
    behind = None if days is None else phrases.accept(days[1], phrases.language.every_month)
    if days is None or behind is None:
        return None
    return Repeat(f"FREQ=MONTHLY;BYMONTHDAY={_numbers(days[0])}", behind)


def _read_list(
    phrases: Phrases, place: Place, read: Callable[[Phrases, Place], tuple[int, Place] | None]
) -> tuple[list[int], Place] | None:
    """Return the items of a list with commas and words such as `and`."""
    item = read(phrases, place)
    if item is None:
        return None
    items = [item[0]]
    while len(items) < DAY_OF_MONTH_MAX:
        comma = phrases.glued(item[1], ",")
        behind = phrases.accept(comma, phrases.language.joins)
        if behind is None and comma is item[1]:
            break
        following = read(phrases, behind or comma)
        if following is None:
            break
        item = following
        items.append(item[0])
    return items, item[1]


def _weekday(phrases: Phrases, place: Place) -> tuple[int, Place] | None:
    return phrases.match(place, phrases.language.weekdays) or _weekly(phrases, place)


def _weekly(phrases: Phrases, place: Place) -> tuple[int, Place] | None:
    return phrases.match(place, phrases.language.weekly)


def _day_of_month(phrases: Phrases, place: Place) -> tuple[int, Place] | None:
    found = _positive(phrases.ordinal(place))
    return found if found is not None and found[0] <= DAY_OF_MONTH_MAX else None


def _number_of_day(phrases: Phrases, place: Place) -> tuple[int, Place] | None:
    """Return a day of a month as an ordinal or as a number."""
    if found := _day_of_month(phrases, place):
        return found
    word = phrases.word(place)
    return (int(word), phrases.skip(place)) if is_number(word, 2) and 1 <= int(word) <= DAY_OF_MONTH_MAX else None


def _positive(found: tuple[int, Place] | None) -> tuple[int, Place] | None:
    return found if found is not None and found[0] > 0 else None


def _on_weekdays(weekdays: list[int]) -> str:
    return f"FREQ=WEEKLY;BYDAY={_names(weekdays)}"


def _names(weekdays: list[int]) -> str:
    return ",".join(WEEKDAYS[weekday] for weekday in sorted({*weekdays}))


def _numbers(days: list[int]) -> str:
    return ",".join(str(day) for day in sorted({*days}))
