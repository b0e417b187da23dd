"""Phrases that say when a task is due: a day, a time, a repetition, or several of them side by side."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, time
from typing import Literal, NamedTuple

from todo.domain.quick_add.days import Calendar, Day, read_bare, read_day
from todo.domain.quick_add.phrases import Phrases, Place
from todo.domain.quick_add.repeats import Repeat, read_repeat
from todo.domain.quick_add.times import Clock, read_time

NOON = 12
PartKind = Literal["day", "time", "rule"]


class When(NamedTuple):
    """The day, the time and the repetition of a phrase.

    Attributes:
        start: the place of its first character.
        end: the place behind its last character.
        day: the day, or the first day of a repetition; None if the phrase has none.
        at: the time; None if the phrase has none.
        minutes: minutes from now, of a phrase such as `in 2 hours`.
        repeat: the repetition.
        last: the day until which it repeats.
        parts: the characters of its parts, and what they say.
        is_crossed: whether another phrase of the language shares some of its words, and has words outside of it.
    """

    start: int
    end: int
    day: date | None = None
    at: time | None = None
    minutes: int | None = None
    repeat: Repeat | None = None
    last: date | None = None
    parts: tuple[tuple[PartKind, int, int], ...] = ()
    is_crossed: bool = False

    @property
    def is_time_alone(self) -> bool:
        """Whether the phrase is a time without a day."""
        return self.day is None and self.minutes is None and self.repeat is None


def find_whens(readers: Sequence[Phrases], calendar: Calendar) -> list[When]:
    """Return the phrases of a text in their order. Where phrases overlap, the longest counts."""
    found = [[when for place in phrases.beginnings for when in _read(phrases, place, calendar)] for phrases in readers]
    chosen = sorted(select_longest([when for whens in found for when in whens]), key=lambda when: when.start)
    crossed = {when for whens in found for when in _find_crossed(chosen, whens)}
    return [when._replace(is_crossed=when in crossed) for when in chosen]


def select_longest(found: Sequence[When]) -> Iterator[When]:
    """Yield the phrases that overlap with no longer phrase."""
    taken = bytearray(max((when.end for when in found), default=0))
    for when in sorted(found, key=lambda when: when.start - when.end):
        if not any(taken[when.start : when.end]):
            taken[when.start : when.end] = b"\1" * (when.end - when.start)
            yield when


def _find_crossed(chosen: Sequence[When], whens: Collection[When]) -> Iterator[When]:
    """Yield the chosen phrases of a language of which another phrase has some words and words outside of it."""
    known = {*whens}
    owners = {place: when for when in chosen if when in known for place in range(when.start, when.end)}
    for when in whens:
        for place in (when.start, when.end - 1):
            owner = owners.get(place)
            if owner is not None and (when.start < owner.start or owner.end < when.end):
                yield owner


def _read(phrases: Phrases, place: Place, calendar: Calendar) -> Iterator[When]:
    """Yield the phrases that begin at a place."""
    if _is_blocked(phrases, place):
        return
    empty = When(place.end, place.end)
    if repeat := read_repeat(phrases, place, calendar):
        yield from _with_repeat(phrases, empty, place, repeat, calendar)
    if day := _read_common_day(phrases, place, calendar):
        yield from _with_day(phrases, empty, place, day, calendar)
    if part := phrases.match(place, phrases.language.day_times):
        when = _add(empty, "time", place, part[1])._replace(day=calendar.today, at=part[0])
        yield from _with_clock(phrases, when, part[1], calendar, is_clear=True)
    if clock := read_time(phrases, place):
        yield from _with_time(phrases, empty, place, clock, calendar)
    if (behind := phrases.accept(place, phrases.language.within)) and (minutes := read_minutes(phrases, behind)):
        yield _add(empty, "time", place, minutes[1])._replace(minutes=minutes[0])


def _is_blocked(phrases: Phrases, place: Place) -> bool:
    """Return whether the word before a phrase gives it another meaning. A preposition makes it clear."""
    language = phrases.language
    if phrases.accept(place, language.prepositions):
        return False
    before = phrases.before(place)
    return before is not None and (before.word in language.blockers or phrases.is_ordinal(before))


def _read_common_day(phrases: Phrases, place: Place, calendar: Calendar) -> Day | None:
    """Return the day at a place. A noun in the middle of the text is not clear."""
    day = read_day(phrases, place, calendar)
    token = phrases.token(place)
    if day is None or token is None or token.word not in phrases.language.common_nouns:
        return day
    return day._replace(is_clear=not token.is_capital or place.token_index == 0)


def _with_day(phrases: Phrases, when: When, place: Place, day: Day, calendar: Calendar) -> Iterator[When]:
    """Yield a phrase that begins with a day."""
    when = _add(when, "day", place, day.place)._replace(day=day.day)
    if part := phrases.match(day.place, phrases.language.dayparts):
        when = _add(when, "time", _begin(phrases, day.place), part[1])._replace(at=part[0])
        yield from _with_clock(phrases, when, part[1], calendar, is_clear=True)
    else:
        yield from _with_clock(phrases, when, day.place, calendar, is_clear=day.is_clear)


def _repeated(phrases: Phrases, when: When, place: Place, calendar: Calendar) -> Iterator[When]:
    """Yield a repetition behind its first day or its time, such as `5 March yearly`."""
    if repeat := read_repeat(phrases, place, calendar):
        yield from _with_repeat(phrases, when, _begin(phrases, place), repeat, calendar)


def _with_time(phrases: Phrases, when: When, place: Place, clock: Clock, calendar: Calendar) -> Iterator[When]:
    """Yield a phrase that begins with a time."""
    when = _add(when, "time", place, clock.place)._replace(at=clock.at)
    for behind in (clock.place, phrases.glued(clock.place, ",")):
        yield from _repeated(phrases, when, behind, calendar)
        if day := read_day(phrases, behind, calendar):
            dated = _add(when, "day", _begin(phrases, behind), day.place, behind.glue)._replace(day=day.day)
            yield dated
            yield from _repeated(phrases, dated, day.place, calendar)
    if clock.is_clear:
        yield when


def _with_repeat(phrases: Phrases, when: When, place: Place, repeat: Repeat, calendar: Calendar) -> Iterator[When]:
    """Yield a phrase with a repetition, a time, and its first and its last day."""
    when = _add(when, "rule", place, repeat.place)._replace(repeat=repeat)
    behind = repeat.place
    if when.at is None:
        when, behind = _with_time_of_repeat(phrases, when, repeat, behind)
    if not repeat.is_clear and when.at is None:
        return
    if day := _read_limit(phrases, behind, phrases.language.since, calendar):
        when = _add(when, "day", _begin(phrases, behind), day.place)._replace(day=day.day)
        behind = day.place
    if day := _read_limit(phrases, behind, phrases.language.until, calendar):
        when = _add(when, "rule", _begin(phrases, behind), day.place)._replace(last=day.day)
    yield when


def _with_time_of_repeat(phrases: Phrases, when: When, repeat: Repeat, place: Place) -> tuple[When, Place]:
    """Return a repetition with the part of the day and the time behind it, and the place behind them."""
    when = when._replace(at=repeat.at)
    token = phrases.token(place)
    is_day = token is not None and token.word in phrases.language.common_nouns and not token.is_capital
    if when.at is None and not is_day and (part := phrases.match(place, phrases.language.dayparts)):
        when, place = _add(when, "time", _begin(phrases, place), part[1])._replace(at=part[0]), part[1]
    if clock := read_time(phrases, place):
        at = _at_part_of_day(when.at, clock.at)
        when, place = _add(when, "time", _begin(phrases, place), clock.place)._replace(at=at), clock.place
    return when, place


def _read_limit(phrases: Phrases, place: Place, words: Collection[str], calendar: Calendar) -> Day | None:
    """Return the day behind one of these words."""
    behind = phrases.accept(place, words)
    return None if behind is None else read_bare(phrases, behind, calendar, "by")


def _with_clock(phrases: Phrases, when: When, place: Place, calendar: Calendar, *, is_clear: bool) -> Iterator[When]:
    """Yield a phrase with the time and the repetition behind it."""
    for behind in (place, phrases.glued(place, ",")):
        if clock := read_time(phrases, behind):
            at = _at_part_of_day(when.at, clock.at)
            when = _add(when, "time", _begin(phrases, behind), clock.place, behind.glue)._replace(at=at)
            yield when
            yield from _repeated(phrases, when, clock.place, calendar)
            return
    if is_clear:
        yield when
    yield from _repeated(phrases, when, place, calendar)


def _at_part_of_day(part: time | None, at: time) -> time:
    """Return a time. An hour of the afternoon can be written as an hour of the morning."""
    return at.replace(hour=at.hour + NOON) if part is not None and part.hour > NOON > at.hour else at


def _add(when: When, kind: PartKind, first: Place, behind: Place, glue: str = "") -> When:
    """Return the phrase with another part at its end. A comma between belongs to the part before it."""
    parts = when.parts
    if glue == ",":
        parts = (*parts[:-1], (*parts[-1][:2], parts[-1][2] + 1))
    return when._replace(end=behind.end, parts=(*parts, (kind, first.end, behind.end)))


def read_minutes(phrases: Phrases, place: Place) -> tuple[int, Place] | None:
    """Return the minutes of a span of time, such as `30min` or `2 hours`."""
    units = phrases.language.clock_units
    word = phrases.word(place)
    digits = word[: len(word) - len(word.lstrip("0123456789"))]
    if digits and word != digits and word.removeprefix(digits) in units:
        number, behind, unit = digits, phrases.skip(place), units[word.removeprefix(digits)]
        return (int(number) * unit, behind) if len(number) <= len("9999") and int(number) else None
    found = phrases.number(place)
    named = None if found is None else phrases.match(found[1], units)
    return (found[0] * named[0], named[1]) if found and named and found[0] else None


def _begin(phrases: Phrases, place: Place) -> Place:
    """Return the place with the first character of its next token."""
    token = phrases.token(place)
    return place if token is None else place._replace(end=token.start)
