"""The text that remains as the title."""

from collections.abc import Collection, Iterable

from todo.domain.quick_add.tokens import CLOSING

BRACKETS = {"(": ")", "[": "]"}
NO_TITLE = " \t\n" + CLOSING + "(-\u2013"
"""Characters that are no title alone, if something was understood."""


def widen(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the characters of a part with brackets around it. A comma or colon behind the first words is included."""
    if start and BRACKETS.get(text[start - 1], "") == text[end : end + 1] != "":
        return start - 1, end + 1
    if not text[:start].strip() and text[end : end + 1] in (",", ":", ";"):
        return start, end + 1
    return start, end


def remaining_text(text: str, spans: Iterable[tuple[int, int]], escapes: Collection[int]) -> str:
    """Return a text without some spans and backslashes. Spaces around a span become one.

    A text of which only punctuation remains is empty.
    """
    pieces, place = [], 0
    for start, end in sorted(spans):
        pieces.append(_unescaped(text, place, start, escapes))
        place = max(place, end)
    pieces.append(_unescaped(text, place, len(text), escapes))
    title = pieces[0]
    for piece in pieces[1:]:
        is_apart = title[-1:].isspace() and piece[:1].isspace()
        title = f"{title.rstrip()}{' ' if is_apart else ''}{piece.lstrip()}" if piece.strip() else title.rstrip() + " "
    title = title.strip()
    return title if len(pieces) == 1 or title.strip(NO_TITLE) else ""


def _unescaped(text: str, start: int, end: int, escapes: Collection[int]) -> str:
    return "".join(text[place] for place in range(start, end) if place not in escapes)
