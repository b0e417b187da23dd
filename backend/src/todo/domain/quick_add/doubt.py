"""Doubt: words that belong to a phrase but were not understood with it, such as a second day.

A date of a part of the words would be wrong, so such a phrase stays in the title.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence

from todo.domain.quick_add.days import DOTTED
from todo.domain.quick_add.languages.language import Language
from todo.domain.quick_add.phrases import Phrases, is_number
from todo.domain.quick_add.tokens import Token
from todo.domain.quick_add.whens import When

CONNECTORS_MAX = 3
"""Words between two phrases that belong together, such as `on the`, and names and priorities there."""
HOURS = 24
NO_STOP = ",()[]"
"""Punctuation that can be inside of a list or around a phrase."""
HYPHENS = re.compile("[-\u2013/]")
CLOCK = re.compile(r"[0-9]{1,2}(:[0-9]{2}|[:.]?[0-9]{0,2}(am|pm|a\.m|p\.m|uhr))([^a-z].*)?")
DATE = re.compile(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4}")
SIGNS = frozenset({"project", "tag", "priority", "deadline"})


class Doubt:
    """Finds words beside phrases that were not understood with them."""

    def __init__(self, tokens: Sequence[Token], whens: Sequence[When], readers: Sequence[Phrases]) -> None:
        self._tokens = tokens
        self._starts = [token.start for token in tokens]
        self._owners = {index: when for when in whens for index in self._range(when)}
        self._readers = readers
        self._connectors = frozenset[str]().union(*(reader.language.connectors for reader in readers))

    def is_in_doubt(self, whens: Collection[When]) -> bool:
        """Return whether another day, time or repetition is beside phrases that are one due."""
        return any(
            when.is_crossed or self._has_more(when, whens, -1) or self._has_more(when, whens, 1) for when in whens
        )

    def _range(self, when: When) -> range:
        """Return the indexes of the tokens of a phrase."""
        return range(bisect_left(self._starts, when.start), bisect_left(self._starts, when.end))

    def _has_more(self, when: When, whens: Collection[When], step: int) -> bool:
        tokens = self._range(when)
        for index in self._beside(tokens[0] if step < 0 else tokens[-1], step):
            owner = self._owners.get(index)
            if owner is not None:
                return owner not in whens
            if any(self._says_when(reader, index, step, when) for reader in self._readers):
                return True
            if self._tokens[index].kind not in SIGNS and self._tokens[index].word not in self._connectors:
                return False
        return False

    def _beside(self, index: int, step: int) -> Iterator[int]:
        """Yield the indexes of the words before or behind a phrase, until punctuation."""
        for _ in range(CONNECTORS_MAX + 1):
            left, right = (index, index + 1) if step > 0 else (index - 1, index)
            if left < 0 or right >= len(self._tokens):
                return
            token = self._tokens[left]
            after = token.after
            owner = self._owners.get(left)
            if owner is not None:
                after = after[max(0, owner.end - token.end) :]
            elif any(self._has_dot(reader, left) for reader in self._readers):
                after = after.removeprefix(".")
            if (after + self._tokens[right].before).strip(NO_STOP):
                return
            index += step
            yield index

    def _says_when(self, reader: Phrases, index: int, step: int, when: When) -> bool:
        """Return whether a word beside a phrase says a day, a time or a repetition."""
        token, language = self._tokens[index], reader.language
        if token.kind != "word" or not token.word:
            return False
        return (
            self._is_day_word(language, index, step)
            or self._is_date(reader, index)
            or self._is_repetition(reader, index)
            or self._is_unit(language, index, step)
            or self._is_number(reader, index, step, when)
            or self._is_ordinal(reader, index, step, when)
            or (step > 0 and when.repeat is not None and token.word in language.until)
        )

    def _is_day_word(self, language: Language, index: int, step: int) -> bool:
        token = self._tokens[index]
        if token.word in language.common_nouns and token.is_capital and step < 0:
            return False
        if token.word in language.weak_weekdays:
            is_last = step > 0 and (index + 1 == len(self._tokens) or token.after != "")
            return is_last or (token.is_capital and index > 0)
        if token.word in language.dayparts and (step > 0 or self._word(index - 1) in self._connectors):
            return True
        return all(
            word in language.day_words or (word in language.weak_weekdays and word != token.word)
            for word in HYPHENS.split(token.word)
        )

    def _is_date(self, reader: Phrases, index: int) -> bool:
        """Return whether a word is a time, a date, or a month behind a number or a preposition."""
        token = self._tokens[index]
        if CLOCK.fullmatch(token.word) or DATE.fullmatch(token.word):
            return True
        if token.word in reader.language.months and token.word not in reader.language.weak_months:
            before, following = self._word(index - 1), self._word(index + 1)
            return before in self._connectors or is_number(before, 2) or is_number(following, 2)
        if token.word[:1].isdigit() and self._word(index + 1) in reader.language.months:
            return True
        return self._has_dot(reader, index) and DOTTED.fullmatch(token.word) is not None

    def _has_dot(self, reader: Phrases, index: int) -> bool:
        """Return whether a dot belongs to a word, as in `24.12.` or `1.`."""
        token = self._tokens[index]
        is_dotted = reader.language.has_dotted_ordinals and token.after.startswith(".")
        return is_dotted and (DOTTED.fullmatch(token.word) is not None or is_number(token.word, 2))

    def _is_repetition(self, reader: Phrases, index: int) -> bool:
        """Return whether a word such as `every` stands before something that can repeat."""
        language = reader.language
        if self._word(index) not in language.every | language.every_number:
            return False
        following = self._tokens[index + 1 : index + 3]
        if following and following[0].word[:1].isdigit() and reader.is_ordinal(following[0]):
            return True
        return any(token.word in language.repeating_words for token in following)

    def _is_unit(self, language: Language, index: int, step: int) -> bool:
        """Return whether a word is a unit of a repetition or of a span, such as `in 2 weeks`."""
        if self._word(index) not in language.units:
            return False
        before = self._word(index - 1)
        counts = (
            language.numbers.keys() | language.every | language.every_other.keys() | language.next | language.coming
        )
        return step > 0 or before in counts or is_number(before)

    def _is_number(self, reader: Phrases, index: int, step: int, when: When) -> bool:
        """Return whether a number is an hour, or a day behind its month."""
        token, language = self._tokens[index], reader.language
        before, following = self._word(index - 1), self._word(index + 1)
        if token.word in language.oclock or token.word in language.halves:
            return step < 0 and is_number(before, 2)
        if not is_number(token.word, 2):
            return False
        if step > 0 and (following in language.oclock or following in language.halves):
            return True
        if following in language.units and before in self._connectors:
            return True
        if step > 0 and self._is_next_in_list(language, index):
            return True
        is_hour = before in language.at and int(token.word) <= HOURS
        is_day = language.has_month_first and before in language.months and (step < 0 or when.repeat is not None)
        return is_hour or is_day

    def _is_next_in_list(self, language: Language, index: int) -> bool:
        """Return whether a number stands behind another one, as in `at 8 and 20`."""
        if self._word(index - 1) in language.joins:
            return is_number(self._word(index - 2), 2)
        return self._tokens[index - 1].after == "," and is_number(self._word(index - 1), 2)

    def _is_ordinal(self, reader: Phrases, index: int, step: int, when: When) -> bool:
        """Return whether an ordinal is the day of a month, or that of a weekday behind it."""
        token, language = self._tokens[index], reader.language
        if not reader.is_ordinal(token):
            return False
        following = self._word(index + 1)
        if following in language.day_words or following in language.repeating_words:
            return True
        is_beside = self._word(index - 1) in self._connectors | language.every
        return token.word[0].isdigit() and (is_beside or (step > 0 and when.repeat is not None))

    def _word(self, index: int) -> str:
        """Return a word of the text; empty outside of it."""
        return self._tokens[index].word if 0 <= index < len(self._tokens) else ""
