"""Reads texts as the service does, without names of other resources."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from todo.domain.quick_add.due import Moment
from todo.domain.quick_add.languages import LANGUAGES
from todo.domain.quick_add.reading import Part, read_text
from todo.domain.quick_add.settling import Settled, settle

NOON_IN_BERLIN = Moment(datetime(2026, 11, 27, 11, tzinfo=UTC), ZoneInfo("Europe/Berlin"), 0)
"""Friday, 27 November 2026, in a week that begins on Monday."""


def read(text: str, *codes: str, moment: Moment = NOON_IN_BERLIN, projects: Sequence[str] = ()) -> Settled:
    """Return what a text says, in these languages or in all. Tags are created, and projects are known by name."""
    languages = [LANGUAGES[code] for code in codes or LANGUAGES]
    reading = read_text(text, moment, languages)
    known = [name.part for name in reading.projects if name.part.value in projects]
    names = [*known[-1:], *(name.part for name in reading.tags if name.can_be_new)]
    return settle(reading, names, moment, languages)


def describe(text: str, parts: Sequence[Part]) -> list[str]:
    """Return the parts as the tables have them: field, value, and the characters in the text."""
    return [f"{part.field}={written(part.value)} <{text[part.start : part.end]}>" for part in parts]


def written(value: date | int | str) -> str:
    """Return a value as JSON has it, without quotes."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else str(value)


def value_of(text: str, field: str, *codes: str, moment: Moment = NOON_IN_BERLIN) -> str:
    """Return the value of a field of a text."""
    return written(read(text, *codes, moment=moment).fields[field])
