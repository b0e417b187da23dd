"""Tokens: the words of a text with the punctuation around them, and names, quotations and braces as one token."""

import re
from typing import Literal, NamedTuple

from todo.domain.filters.parser import BARE, ESCAPED, QUOTED
from todo.domain.text import fold, normalize

OPENING, CLOSING = "([", ",.;:!?)]…"
QUOTE_MAX = 250
"""Characters of a quotation. A longer one is longer than a title."""
CHUNK = re.compile(r"\S+")
BRACES = re.compile(r"\{([^{}]{1,60})\}")
PRIORITIES = {"p1": "high", "p2": "medium", "p3": "low"}
"""The words of filters for the priorities."""
Kind = Literal["word", "opaque", "escaped", "project", "tag", "deadline", "priority"]
NAMES: dict[str, Kind] = {"#": "project", "@": "tag"}


class Token(NamedTuple):
    """A word, or a text that is one part.

    Attributes:
        kind: `word` can be part of a phrase. `opaque` is quoted, and `escaped` has a backslash before it.
        word: the folded word.
        text: the name, or the text in braces; empty for a word.
        start: the place of its first character in the text, from 0.
        end: the place behind its last character.
        before: the punctuation directly before it.
        after: the punctuation directly behind it.
        is_quoted: whether the name is in quotes.
        is_capital: whether the word has a capital letter at its beginning.
    """

    kind: Kind
    word: str
    text: str
    start: int
    end: int
    before: str = ""
    after: str = ""
    is_quoted: bool = False
    is_capital: bool = False


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens of a text, or of a part of it."""
    end = len(text) if end is None else end
    tokens: list[Token] = []
    position = start
    while found := CHUNK.search(text, position, end):
        first, last = found.span()
        begin = first
        while begin < last and text[begin] in OPENING:
            begin += 1
        token = _read_special(text, begin, end) or _read_word(text, begin, last)
        position = token.end + len(token.after)
        tokens.append(token._replace(before=text[first:begin]))
    return tokens


def _read_word(text: str, begin: int, last: int) -> Token:
    stop = last
    while stop > begin and text[stop - 1] in CLOSING:
        stop -= 1
    word = fold(text[begin:stop])
    kind: Kind = "priority" if word in PRIORITIES else "word"
    return Token(kind, word, "", begin, stop, after=text[stop:last], is_capital=text[begin : begin + 1].isupper())


def _read_special(text: str, begin: int, end: int) -> Token | None:
    """Return the name, the quotation, the braces or the escaped word that begins here."""
    sign = text[begin : begin + 1]
    if sign == "\\":
        return _read_escaped(text, begin, end)
    if sign in NAMES:
        return _read_name(text, begin, end)
    if sign == "{":
        return _bounded(BRACES.match(text, begin, end), "deadline", text, begin, end)
    if sign in QUOTED and (found := QUOTED[sign].match(text, begin, min(end, begin + QUOTE_MAX))):
        return _bounded(found, "opaque", text, begin, end)
    return None


def _read_escaped(text: str, begin: int, end: int) -> Token | None:
    """Return the text behind a backslash as a token without a meaning."""
    if text[begin + 1 : begin + 2] in ("", "\\") or text[begin + 1].isspace():
        return None
    special = _read_special(text, begin + 1, end)
    chunk = CHUNK.match(text, begin + 1, end)
    assert chunk is not None
    token = special or _read_word(text, begin + 1, chunk.end())
    return token._replace(kind="escaped", start=begin)


def _read_name(text: str, begin: int, end: int) -> Token | None:
    opening = text[begin + 1 : begin + 2]
    if opening in QUOTED:
        found = QUOTED[opening].match(text, begin + 1, min(end, begin + QUOTE_MAX))
        return _bounded(found, NAMES[text[begin]], text, begin, end, quoted=True)
    found = BARE.match(text, begin + 1, end)
    name = found[0].rstrip(CLOSING) if found else ""
    stop = begin + 1 + len(name)
    if not name or name[0] in NAMES or not _is_boundary(text, stop, end):
        return None
    return Token(NAMES[text[begin]], "", normalize(name), begin, stop, after=_closing_at(text, stop, end))


def _bounded(
    found: re.Match[str] | None, kind: Kind, text: str, begin: int, end: int, *, quoted: bool = False
) -> Token | None:
    if found is None or not _is_boundary(text, found.end(), end):
        return None
    content = normalize(ESCAPED.sub(r"\1", found[1])).strip()
    if not content:
        return None
    return Token(kind, "", content, begin, found.end(), after=_closing_at(text, found.end(), end), is_quoted=quoted)


def _is_boundary(text: str, place: int, end: int) -> bool:
    place += len(_closing_at(text, place, end))
    return place == end or text[place].isspace()


def _closing_at(text: str, place: int, end: int) -> str:
    stop = place
    while stop < end and text[stop] in CLOSING:
        stop += 1
    return text[place:stop]
