"""The words that quick add knows in a language."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from functools import cached_property
from typing import Literal

Unit = Literal["day", "week", "month", "year"]
Words = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Language:
    """The words of a language, folded. Phrases are words with a space between.

    Attributes:
        days: by phrase, the days after today.
        common_nouns: words of `days` that have another meaning with a capital letter, except at the start of the text.
        weekdays: by name, 0 for Monday.
        weak_weekdays: names that are also other words. They need a word of `on`, `every` or `next`, or a time.
        weekly: by word for each such weekday, 0 for Monday.
        months: by name, 1 for January.
        weak_months: names that are also other words. A day behind them needs an end of the text, a year or `on`.
        abbreviations: names of months that end with a dot.
        has_month_first: whether a day can stand behind the month.
        has_dotted_ordinals: whether an ordinal is a number with a dot. Other languages have `ordinal_endings`.
        ordinal_endings: what an ordinal has behind the number.
        ordinals: by word, the number; -1 for the last.
        numbers: by word, the number.
        units: by word, the unit of days.
        clock_units: by word, the number of minutes.
        periods: by phrase, the unit of which the next one begins on the day, such as `next week`.
        weekends: phrases for the next Saturday.
        next: words for the weekday of the next week.
        coming: words for the next such weekday.
        on: words before a weekday or a date.
        by: words before any day.
        within: words before a span of time from now.
        at: words before a time.
        of: words between a day and its month.
        articles: words between a word of `on` and an ordinal.
        joins: words between the parts of a list.
        until: words before the last day of a repetition.
        since: words before the first day of a repetition.
        lasting: words before an estimate.
        every: words before what repeats.
        every_number: words before a number of units that repeat.
        every_other: by word, the interval of the unit behind it.
        groups: by phrase behind a word of `every`, the rule.
        adverbs: by phrase, the rule.
        has_weak_adverbs: whether the adverbs are also adjectives. They then need the end of the text, or a time.
            Words of `weekly` then need a word of `on`.
        month_phrases: phrases behind an ordinal that repeats every month.
        every_month: phrases that make the days of a month before them a repetition.
        unclear_weeks: ordinals of weekdays that need such a phrase, because they can also be an interval.
        halves: by word behind an hour from 1 to 12, the hours to add.
        oclock: words behind an hour.
        has_capital_nouns: whether all nouns have a capital letter. In other languages a name such as
            `at 10 Downing Street` begins with an hour.
        clock_names: by phrase, the time. It needs a word of `at` or a day.
        dayparts: by word behind a day, the time.
        day_times: by phrase, a time of today.
        blockers: words before which a day is part of a name, or of another phrase.
        bridges: more words between two phrases that belong together, such as `Monday or Tuesday`.
    """

    days: Mapping[str, int]
    common_nouns: Words = frozenset()
    weekdays: Mapping[str, int]
    weak_weekdays: Words
    weekly: Mapping[str, int]
    months: Mapping[str, int]
    weak_months: Words = frozenset()
    abbreviations: Words = frozenset()
    has_month_first: bool = False
    has_dotted_ordinals: bool = False
    ordinal_endings: tuple[str, ...] = ()
    ordinals: Mapping[str, int]
    numbers: Mapping[str, int]
    units: Mapping[str, Unit]
    clock_units: Mapping[str, int]
    periods: Mapping[str, Unit]
    weekends: Words
    next: Words
    coming: Words
    on: Words
    by: Words
    within: Words
    at: Words
    of: Words = frozenset()
    articles: Words = frozenset()
    joins: Words
    until: Words
    since: Words
    lasting: Words
    every: Words
    every_number: Words = frozenset()
    every_other: Mapping[str, int]
    groups: Mapping[str, str]
    adverbs: Mapping[str, str]
    has_weak_adverbs: bool = False
    month_phrases: Words
    every_month: Words
    unclear_weeks: frozenset[int]
    halves: Mapping[str, int]
    oclock: Words = frozenset()
    has_capital_nouns: bool = False
    clock_names: Mapping[str, time]
    dayparts: Mapping[str, time]
    day_times: Mapping[str, time]
    blockers: Words
    bridges: Words

    @cached_property
    def phrases(self) -> Words:
        """All words and phrases, except those of `blockers` and `bridges`."""
        names = [field.name for field in fields(self) if field.name not in ("blockers", "bridges")]
        tables = [getattr(self, name) for name in names]
        return frozenset(str(phrase) for table in tables if not isinstance(table, str | bool) for phrase in table)

    @cached_property
    def vocabulary(self) -> Words:
        """All words that a phrase can have."""
        return frozenset(word for phrase in self.phrases for word in phrase.split())

    @cached_property
    def prepositions(self) -> Words:
        """Words that begin a phrase whatever the word before them is."""
        return self.on | self.by | self.within | self.at | self.every | self.every_number

    @cached_property
    def connectors(self) -> Words:
        """Words between two phrases that belong together."""
        before = self.on | self.by | self.within | self.at | self.of | self.since | self.until | self.next | self.coming
        return (
            frozenset(word for phrase in before | self.articles | self.joins for word in phrase.split()) | self.bridges
        )

    @cached_property
    def day_words(self) -> Words:
        """Words that say a day, a time or a repetition alone."""
        tables = (self.days, self.weekdays, self.weekly, self.adverbs, self.clock_names, self.day_times)
        return frozenset(word for table in tables for word in table if " " not in word) - self.weak_weekdays

    @cached_property
    def repeating_words(self) -> Words:
        """Words of which one or two stand between a word of `every` and the end of a repetition."""
        tables = (self.weekdays, self.weekly, self.units, self.clock_units, self.groups, self.dayparts, self.months)
        return frozenset(word for table in tables for word in table)

    @cached_property
    def prefixes(self) -> Words:
        """The words with which longer phrases begin."""
        return frozenset(
            phrase[:place] for phrase in self.phrases for place, character in enumerate(phrase) if character == " "
        )


def words(text: str) -> Words:
    """Return the words of a text."""
    return frozenset(text.split())


def spread(**lists: str) -> dict[str, int]:
    """Return a table of words from lists of them, `d1="one two"`: the number behind the letter, by word."""
    return {word: int(key[1:]) for key, names in lists.items() for word in names.split()}
