"""Times of a day in a text."""

import re
from datetime import time
from typing import NamedTuple

from todo.domain.quick_add.phrases import Phrases, Place, is_number

CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})([a-z.]*)")
DOTTED_CLOCK = re.compile(r"([0-9]{1,2})\.([0-9]{2})")
HOUR = re.compile(r"([0-9]{1,2})([a-z.]+)")


class Clock(NamedTuple):
    """A time of a day.

    Attributes:
        at: the time.
        place: the place behind it.
        is_clear: whether it is a time without a day beside it.
    """

    at: time
    place: Place
    is_clear: bool = True


def read_time(phrases: Phrases, place: Place) -> Clock | None:
    """Return the time at a place, such as `9am`, `at 17:00` or `um 9 Uhr`."""
    language = phrases.language
    behind = phrases.accept(place, language.at)
    has_at = behind is not None
    if behind is None:
        behind = place
    if named := phrases.match(behind, language.clock_names):
        return Clock(named[0], named[1], has_at)
    word = phrases.word(behind)
    following = phrases.skip(behind) if word else behind
    if found := CLOCK.fullmatch(word):
        return _clock(phrases, int(found[1]), int(found[2]), found[3], following)
    if found := DOTTED_CLOCK.fullmatch(word):
        is_clock = phrases.word(following) in language.oclock
        return _clock(phrases, int(found[1]), int(found[2]), "", following) if is_clock else None
    if found := HOUR.fullmatch(word):
        if found[2] in language.halves:
            return _clock(phrases, int(found[1]), 0, found[2], following)
        return _hours(phrases, int(found[1]), following) if found[2] in language.oclock else None
    return _read_hour(phrases, word, following, has_at=has_at)


def _read_hour(phrases: Phrases, word: str, following: Place, *, has_at: bool) -> Clock | None:
    """Return the time of an hour with a word behind it, or of a bare hour."""
    if not is_number(word, 2):
        return None
    if phrases.word(following) in phrases.language.halves:
        return _clock(phrases, int(word), 0, "", following)
    if phrases.word(following) in phrases.language.oclock:
        return _hours(phrases, int(word), phrases.skip(following))
    is_bare = has_at and int(word) < 24 and not _is_name(phrases, following)  # noqa: PLR2004 -- hours
    return Clock(time(int(word)), following, is_clear=False) if is_bare else None


def _is_name(phrases: Phrases, place: Place) -> bool:
    """Return whether a name follows, as in `at 10 Downing Street`."""
    token = phrases.token(place)
    if token is None or phrases.language.has_capital_nouns:
        return False
    return token.is_capital and token.word not in phrases.language.vocabulary


def _hours(phrases: Phrases, hour: int, place: Place) -> Clock | None:
    """Return the time of an hour and the minutes behind a word such as `Uhr`."""
    word = phrases.word(place)
    if is_number(word, 2) and len(word) == 2:  # noqa: PLR2004 -- digits
        return _checked(hour, int(word), phrases.skip(place))
    return _checked(hour, 0, place)


def _clock(phrases: Phrases, hour: int, minute: int, half: str, place: Place) -> Clock | None:
    """Return a time with its half of the day, which can be the next word."""
    halves = phrases.language.halves
    if half and half not in halves:
        return None
    if not half and phrases.word(place) in halves:
        half, place = phrases.word(place), phrases.skip(place)
    if not half:
        behind = phrases.accept(place, phrases.language.oclock)
        return _checked(hour, minute, place if behind is None else behind)
    if not 1 <= hour <= 12:  # noqa: PLR2004 -- hours
        return None
    return _checked(hour % 12 + halves[half], minute, place)


def _checked(hour: int, minute: int, place: Place) -> Clock | None:
    return Clock(time(hour, minute), place) if hour <= 23 and minute <= 59 else None  # noqa: PLR2004 -- a clock
