"""Readings: the parts of a text that set fields of a task."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from todo.domain.quick_add.days import read_day
from todo.domain.quick_add.doubt import Doubt
from todo.domain.quick_add.due import Moment, due_fields
from todo.domain.quick_add.languages.language import Language
from todo.domain.quick_add.phrases import Phrases, Place
from todo.domain.quick_add.title import widen
from todo.domain.quick_add.tokens import PRIORITIES, Token, tokenize
from todo.domain.quick_add.whens import When, find_whens, read_minutes
from todo.domain.tag import TAG_NAME_MAX
from todo.domain.task import ESTIMATE_MAX

FIRST = Place(0, 0, is_first=True)
DATED_MAX = 3
"""Phrases of a text whose dates are computed, until one has a date."""


class Part(NamedTuple):
    """A part of a text and the field of the task that it sets.

    Attributes:
        field: the name of the field.
        value: its value; the name of a project or a tag.
        start: the place of the first character, from 0.
        end: the place behind the last character.
    """

    field: str
    value: date | int | str
    start: int
    end: int


class Name(NamedTuple):
    """A name in a text.

    Attributes:
        part: the part with the name.
        can_be_new: whether a tag of this name may be created. A word such as `@5pm` needs quotes for that.
    """

    part: Part
    can_be_new: bool


class Reading(NamedTuple):
    """The parts of a text and the fields that they set.

    Attributes:
        text: the text.
        parts: the parts except names, in their order.
        fields: the fields that they set.
        projects: the projects that the text names.
        tags: the tags that the text names.
        escapes: the places of the backslashes that take a meaning from what is behind them.
    """

    text: str
    parts: Sequence[Part]
    fields: Mapping[str, date | int | str]
    projects: Sequence[Name]
    tags: Sequence[Name]
    escapes: frozenset[int]


def read_text(text: str, moment: Moment, languages: Sequence[Language]) -> Reading:
    """Return the reading of a text. A field that it sets several times has the last value."""
    tokens = tokenize(text)
    readers = [Phrases(tokens, language, is_sole=len(languages) == 1) for language in languages]
    found = [*_find_signs(tokens, moment, languages), *_find_estimates(tokens, readers)]
    last = {part.field: part for part in sorted(found, key=lambda part: part.start)}
    due_parts, due = _read_due(tokens, moment, readers)
    fields: dict[str, date | int | str] = {part.field: part.value for part in last.values()}
    parts = sorted([*last.values(), *due_parts], key=lambda part: part.start)
    return Reading(
        text=text,
        parts=[_widen(text, part) for part in parts],
        fields={**fields, **due},
        projects=[_name(text, token, "project_id") for token in tokens if token.kind == "project"],
        tags=[
            _name(text, token, "tags") for token in tokens if token.kind == "tag" and len(token.text) <= TAG_NAME_MAX
        ],
        escapes=frozenset(token.start for token in tokens if _is_escape(token, languages)),
    )


def _find_signs(tokens: Sequence[Token], moment: Moment, languages: Sequence[Language]) -> Iterator[Part]:
    """Yield the priorities, and the deadlines in braces."""
    for token in tokens:
        if token.kind == "priority":
            yield Part("priority", PRIORITIES[token.word], token.start, token.end)
        elif token.kind == "deadline":
            inner = tokenize(token.text)
            days = (read_day(Phrases(inner, language), FIRST, moment.calendar) for language in languages)
            day = next((day.day for day in days if day is not None and day.place.token_index == len(inner)), None)
            if day is not None:
                yield Part("deadline_day", day, token.start, token.end)


def _find_estimates(tokens: Sequence[Token], readers: Sequence[Phrases]) -> Iterator[Part]:
    """Yield spans of time behind a word such as `for`, or in brackets."""
    for phrases in readers:
        for place in phrases.beginnings:
            behind = phrases.accept(place, phrases.language.lasting)
            minutes = read_minutes(phrases, behind or place)
            if minutes is None or minutes[0] > ESTIMATE_MAX:
                continue
            token = tokens[place.token_index]
            last = tokens[minutes[1].token_index - 1]
            if behind is not None or (token.before[-1:] == "(" and last.after[:1] == ")"):
                yield Part("estimated_minutes", minutes[0], token.start, minutes[1].end)


def _read_due(
    tokens: Sequence[Token], moment: Moment, readers: Sequence[Phrases]
) -> tuple[list[Part], Mapping[str, date | str]]:
    """Return the parts that say when the task is due, and their fields.

    The last phrase with a day that was understood as a whole counts.
    """
    whens = find_whens(readers, moment.calendar)
    times = [when for when in whens if when.is_time_alone]
    dated = [when for when in whens if not when.is_time_alone]
    doubt = Doubt(tokens, whens, readers)
    for when in dated[: -DATED_MAX - 1 : -1] or times[-1:]:
        whole, used = when, [when]
        if when.at is None and when.minutes is None and len(times) == 1 and times != used:
            whole = when._replace(at=times[0].at, parts=(*when.parts, *times[0].parts))
            used = [when, *times]
        fields = None if doubt.is_in_doubt(used) else due_fields(whole, moment)
        if fields is not None:
            return _due_parts(whole, fields), fields
    return [], {}


def _due_parts(when: When, fields: Mapping[str, date | str]) -> list[Part]:
    """Return the parts of a phrase. The words of a rule alone also set the due."""
    due = "due_day" if "due_day" in fields else "due_date"
    rules = [(start, end) for kind, start, end in when.parts if kind == "rule"]
    dues = [(start, end) for kind, start, end in when.parts if kind != "rule"] or rules[:1]
    spans = {due: dues, "recurrence_rule": rules, "recurrence_basis": rules[:1]}
    return [
        Part(field, fields[field], start, end)
        for field, places in spans.items()
        for start, end in places
        if field in fields
    ]


def _name(text: str, token: Token, field: str) -> Name:
    part = _widen(text, Part(field, token.text, token.start, token.end))
    return Name(part, can_be_new=token.is_quoted or not token.text[0].isdigit())


def _widen(text: str, part: Part) -> Part:
    start, end = widen(text, part.start, part.end)
    return part._replace(start=start, end=end)


def _is_escape(token: Token, languages: Sequence[Language]) -> bool:
    """Return whether a backslash is before something that could have a meaning. All others stay in the title."""
    if token.kind != "escaped":
        return False
    is_sign = token.word == "" or token.word in PRIORITIES or token.word[0].isdigit()
    return is_sign or any(token.word in language.vocabulary for language in languages)
