"""The title and the fields of a task, once the names in its text are known."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from todo.domain.quick_add.due import Moment
from todo.domain.quick_add.languages.language import Language
from todo.domain.quick_add.reading import Part, Reading, read_text
from todo.domain.quick_add.title import remaining_text

DUE_FIELDS = frozenset({"due_day", "due_date", "recurrence_rule", "recurrence_basis"})
"""The fields that one phrase sets."""


class Settled(NamedTuple):
    """The task of a text.

    Attributes:
        title: the text that remains; it can be empty or too long.
        parts: all parts that were understood, in their order.
        fields: the fields that they set, except those of names.
    """

    title: str
    parts: Sequence[Part]
    fields: Mapping[str, date | int | str]


def settle(reading: Reading, names: Sequence[Part], moment: Moment, languages: Sequence[Language]) -> Settled:
    """Return the title and the parts of a text.

    Words that come together when a part between them is removed can say something new, such as `every p1 day`. Then
    the whole text is the title, so that a title is never misread.

    Args:
        reading: the reading of the text.
        names: the names that were understood.
        moment: when and where the text is read.
        languages: the languages of the text.
    """
    parts = sorted([*reading.parts, *names], key=lambda part: (part.start, part.end))
    title = remaining_text(reading.text, ((part.start, part.end) for part in parts), reading.escapes)
    if parts and not reading.escapes and _has_news(read_text(title, moment, languages), parts, reading):
        return Settled(reading.text.strip(), [], {})
    return Settled(title, parts, reading.fields)


def _has_news(again: Reading, parts: Sequence[Part], reading: Reading) -> bool:
    """Return whether a title says something that its text does not say."""
    names = {name.part[:2] for name in (*again.projects, *again.tags)}
    known = {name.part[:2] for name in (*reading.projects, *reading.tags)}
    return not (_kinds(again.parts) <= _kinds(parts) and names <= known)


def _kinds(parts: Sequence[Part]) -> set[str]:
    return {"due" if part.field in DUE_FIELDS else part.field for part in parts}
