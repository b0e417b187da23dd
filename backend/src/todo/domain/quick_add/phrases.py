"""Phrases: runs of tokens that a grammar reads in one language."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from todo.domain.quick_add.languages.language import Language
from todo.domain.quick_add.tokens import Token

DIGITS = frozenset("0123456789")
DIGITS_MAX = 4
Value = TypeVar("Value")


class Place(NamedTuple):
    """A place between tokens.

    Attributes:
        token_index: the token behind it.
        end: the place in the text behind the last character that was read.
        glue: the punctuation that was read with the token before it. The next token is joined if it has no other.
        is_first: whether no token of the phrase was read. The punctuation before the next token is then no matter.
    """

    token_index: int
    end: int
    glue: str = ""
    is_first: bool = False


class Phrases:
    """Reads the tokens of a text in a language.

    Attributes:
        language: the words.
        is_sole: whether the text is read in no other language.
        beginnings: the places where a phrase can begin: before a number, or a word of the language.
    """

    def __init__(self, tokens: Sequence[Token], language: Language, *, is_sole: bool = False) -> None:
        self._tokens = tokens
        self.language = language
        self.is_sole = is_sole
        # The words and an empty one, and the punctuation between each and the token before. None does not join.
        self._words = [*(token.word if token.kind == "word" else "" for token in tokens), ""]
        glues = (before.after if not token.before else None for before, token in pairwise(tokens))
        self._glues = [None, *glues, None]
        self._last_word = max((index for index, token in enumerate(tokens) if token.kind == "word"), default=-1)
        self.beginnings = [
            Place(index, tokens[index].start, is_first=True)
            for index, word in enumerate(self._words)
            if word in language.vocabulary or word[:1] in DIGITS
        ]

    def word(self, place: Place) -> str:
        """Return the next word of a phrase; empty if there is no word, or if punctuation is between."""
        index = place.token_index
        return self._words[index] if place.is_first or self._glues[index] == place.glue else ""

    def token(self, place: Place) -> Token | None:
        """Return the next word of a phrase as a token; None if there is none."""
        return self._tokens[place.token_index] if self.word(place) else None

    def after(self, place: Place) -> str:
        """Return the punctuation behind the next token."""
        return self._tokens[place.token_index].after

    def before(self, place: Place) -> Token | None:
        """Return the token before the first one of a phrase, if both are joined."""
        if place.token_index == 0 or self._tokens[place.token_index].before:
            return None
        token = self._tokens[place.token_index - 1]
        return None if token.after and not self.is_ordinal(token) else token

    def is_end(self, place: Place) -> bool:
        """Return whether no word follows, or punctuation follows first."""
        return place.token_index > self._last_word or self._tokens[place.token_index - 1].after != place.glue

    def is_last(self, place: Place) -> bool:
        """Return whether no word follows."""
        return place.token_index > self._last_word

    def skip(self, place: Place, glue: str = "") -> Place:
        """Return the place behind the next token and a punctuation that belongs to it."""
        token = self._tokens[place.token_index]
        return Place(place.token_index + 1, token.end + len(glue), glue)

    def glued(self, place: Place, glue: str) -> Place:
        """Return the place as if a punctuation behind its last token belonged to the phrase."""
        return (
            place._replace(glue=glue)
            if place.token_index and self._tokens[place.token_index - 1].after == glue
            else place
        )

    def behind_abbreviation(self, place: Place) -> Place:
        """Return the place behind the dot of an abbreviation that was read last."""
        token = self._tokens[place.token_index - 1]
        is_dotted = token.word in self.language.abbreviations and token.after.startswith(".")
        return place._replace(end=token.end + 1, glue=".") if is_dotted else place

    def accept(self, place: Place, words: Collection[str]) -> Place | None:
        """Return the place behind one of these words or phrases, the longest first; None if there is none."""
        found = self._longest(place, words)
        return None if found is None else found[1]

    def match(self, place: Place, table: Mapping[str, Value]) -> tuple[Value, Place] | None:
        """Return the value of the longest phrase of a table, and the place behind it."""
        found = self._longest(place, table)
        return None if found is None else (table[found[0]], found[1])

    def _longest(self, place: Place, phrases: Collection[str]) -> tuple[str, Place] | None:
        phrase, found = self.word(place), None
        while phrase in self.language.prefixes:
            place = self.skip(place)
            if phrase in phrases:
                found = phrase, place
            if not (word := self.word(place)):
                return found
            phrase = f"{phrase} {word}"
        return (phrase, self.skip(place)) if phrase in phrases else found

    def number(self, place: Place, *, has_words: bool = True) -> tuple[int, Place] | None:
        """Return a number in digits or in words."""
        word = self.word(place)
        if is_number(word):
            return int(word), self.skip(place)
        if has_words and word in self.language.numbers:
            return self.language.numbers[word], self.skip(place)
        return None

    def ordinal(self, place: Place) -> tuple[int, Place] | None:
        """Return an ordinal such as `1st` or `1.`, or -1 for the last."""
        word = self.word(place)
        if word in self.language.ordinals:
            return self.language.ordinals[word], self.skip(place)
        if self.language.has_dotted_ordinals and is_number(word, 2) and self.after(place).startswith("."):
            return int(word), self.skip(place, ".")
        for ending in self.language.ordinal_endings:
            if word.endswith(ending) and is_number(number := word.removesuffix(ending), 2):
                return int(number), self.skip(place)
        return None

    def is_ordinal(self, token: Token) -> bool:
        """Return whether a token is an ordinal such as `2nd`, `2.` or `second`."""
        word = token.word
        if self.language.has_dotted_ordinals and token.after == "." and is_number(word, 2):
            return True
        return word in self.language.ordinals or any(
            word.endswith(ending) and is_number(word.removesuffix(ending), 2)
            for ending in self.language.ordinal_endings
        )


def is_number(word: str, digits_max: int = DIGITS_MAX) -> bool:
    """Return whether a word is a whole number of some digits."""
    return 0 < len(word) <= digits_max and word.isascii() and word.isdigit()
