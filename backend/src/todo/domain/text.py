"""Text: stored in NFC, compared by its folded form, and sorted by its sort key.

The service computes these forms, so that they do not depend on the ctype or the collation of the database
(ADR 0045).
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Strict

NORMALIZED_MAX = 4000
"""Characters; the longest field has 1,000, each of which may be sent as up to four."""
SORT_KEY_MAX = 200
"""The longest sort key in characters. It keeps every index entry below PostgreSQL's limit of 2,704 bytes."""


def check_storable(value: str) -> str:
    """Return the text.

    Raises:
        ValueError: it has a NUL character or a lone surrogate, which UTF-8 text in PostgreSQL cannot hold.
    """
    if "\0" in value:
        raise ValueError("Text must not contain a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("Text must be valid Unicode")
    return value


def normalize(text: str) -> str:
    """Return the text in Normalization Form C (UAX #15).

    A text of more than NORMALIZED_MAX characters is returned unchanged, because normalizing can take time that grows
    with the square of the length. No field accepts a text of that length.
    """
    return text if text.isascii() or len(text) > NORMALIZED_MAX else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return the text for comparisons without regard to case (Unicode, section 3.13, canonical caseless matching)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def sort_key(text: str) -> str:
    """Return the key by which texts are ordered: folded, without accents, at most SORT_KEY_MAX characters.

    Keys are compared by code point.
    """
    folded = fold(text)
    if not folded.isascii():
        decomposed = unicodedata.normalize("NFD", folded)
        folded = "".join(character for character in decomposed if not unicodedata.combining(character))
    return folded[:SORT_KEY_MAX]


RawText = Annotated[str, Strict(), AfterValidator(check_storable)]
"""Text as the client sent it, for passwords."""
Text = Annotated[str, Strict(), AfterValidator(check_storable), AfterValidator(normalize)]
"""Text in NFC."""
