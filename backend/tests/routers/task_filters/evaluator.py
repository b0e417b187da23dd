"""Random filters, each with a function that evaluates it in memory."""

import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support import Json

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
FIELDS = {
    "due": ("due_day", "due_date"),
    "start": ("start_day",),
    "deadline": ("deadline_day",),
    "created": ("created_at",),
    "updated": ("updated_at",),
    "completed": ("completed_at",),
}
PRIORITIES = {"p1": "high", "p2": "medium", "p3": "low"}
NEXT_DAY = timedelta(days=1)
Test = Callable[[Json], bool]
"""Returns whether a task is in the list."""


@dataclass(frozen=True)
class Evaluated:
    """A filter.

    Attributes:
        text: the filter as a client sends it.
        test: evaluates it.
    """

    text: str
    test: Test


class Generator:
    """Makes random filters.

    Args:
        zone: the time zone of the account.
        now: the instant of the request.
        tags: names of tags.
        projects: ids of projects by name.
        sections: ids of sections by name.
        words: texts to search.
        moments: days and instants to compare with.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        now: datetime,
        *,
        tags: Sequence[str],
        projects: Mapping[str, Sequence[int]],
        sections: Mapping[str, Sequence[int]],
        words: Sequence[str],
        moments: Sequence[date],
    ) -> None:
        self._zone, self._now, self._today = zone, now, now.astimezone(zone).date()
        self._tags, self._words, self._moments = tags, words, moments
        self._places = {"#": ("project_id", projects), "/": ("section_id", sections)}

    def make(self, depth: int) -> Evaluated:
        """Return a filter with at most this many nested expressions."""
        kind = random.choice(["and", "or", "not", "term"]) if depth else "term"
        if kind == "term":
            return random.choice(
                [
                    *(self._comparison, self._comparison, self._named_due, self._missing),
                    *(self._tag, self._place, self._text, self._state),
                ]
            )()
        if kind == "not":
            part = self.make(depth - 1)
            return Evaluated(f"!{space()}({part.text})", lambda task: not part.test(task))
        parts = [self.make(depth - 1) for _ in range(random.randint(2, 3))]
        sign, combine = ("&", all) if kind == "and" else ("|", any)
        joined = f"{space()}{sign}{space()}".join(f"({part.text})" for part in parts)
        return Evaluated(joined, lambda task: combine(part.test(task) for part in parts))

    def _comparison(self) -> Evaluated:
        field, sign = random.choice([*FIELDS]), random.choice([*OPERATORS])
        offset = random.randint(-8, 8)
        relative = {-1: "yesterday", 0: "today", 1: "tomorrow"}
        text, bound = random.choice(
            [
                *((moment.isoformat(), moment) for moment in random.sample(self._moments, 3)),
                (relative.get(offset, f"{offset:+d} days"), self._today + timedelta(days=offset)),
            ]
        )
        return Evaluated(
            f"{field}{space()}{sign}{space()}{text}",
            lambda task: any(self._compare(task[name], sign, bound) for name in FIELDS[field]),
        )

    def _named_due(self) -> Evaluated:
        number = random.randint(1, 9)
        name, (first, days) = random.choice(
            [("today", (0, 1)), ("tomorrow", (1, 1)), (f"{number} days", (0, number)), ("overdue", (0, 0))]
        )

        def is_due(task: Json) -> bool:
            if name == "overdue":
                is_past = self._compare(task["due_day"], "<", self._today) or self._compare(
                    task["due_date"], "<", self._now
                )
                return is_past and not task["completed"]
            begin, end = (self._today + timedelta(days=offset) for offset in (first, first + days - 1))
            return any(
                self._compare(task[field], ">=", begin) and self._compare(task[field], "<=", end)
                for field in FIELDS["due"]
            )

        return Evaluated(vary_case(name), is_due)

    def _missing(self) -> Evaluated:
        field = random.choice(["due", "start", "deadline", "tags", "project", "section"])
        others = {"tags": ("tags",), "project": ("project_id",), "section": ("section_id",)}
        names = others.get(field) or FIELDS[field]
        return Evaluated(f"{vary_case('no')} {field}", lambda task: not any(task[name] for name in names))

    def _tag(self) -> Evaluated:
        tag = random.choice([*self._tags, "unknown"])
        return Evaluated(f"@{quote(tag)}", lambda task: tag in [shown["name"] for shown in task["tags"]])

    def _place(self) -> Evaluated:
        sign, (field, places) = random.choice([*self._places.items()])
        name = random.choice([*places, "unknown"])
        ids = places.get(name, ())
        return Evaluated(f"{sign}{quote(name)}", lambda task: task[field] in ids)

    def _text(self) -> Evaluated:
        word = random.choice(self._words)
        folded = word.casefold()
        return Evaluated(
            f"search:{space()}{quote(word)}",
            lambda task: any(folded in (task[name] or "").casefold() for name in ("title", "description")),
        )

    def _state(self) -> Evaluated:
        name = random.choice([*PRIORITIES, "pending", "completed"])
        if name in PRIORITIES:
            return Evaluated(vary_case(name), lambda task: task["priority"] == PRIORITIES[name])
        return Evaluated(vary_case(name), lambda task: task["completed"] == (name == "completed"))

    def _compare(self, stored: str | None, sign: str, bound: date) -> bool:
        """Compare a field with a day or an instant. A missing value is not matching."""
        if stored is None:
            return False
        value: date = datetime.fromisoformat(stored) if "T" in stored else date.fromisoformat(stored)
        if isinstance(value, datetime) and not isinstance(bound, datetime):
            value = value.astimezone(self._zone).date()
        elif isinstance(bound, datetime) and not isinstance(value, datetime):
            midnight = datetime.combine(value + NEXT_DAY, time.min, tzinfo=self._zone).astimezone(UTC)
            value = midnight - timedelta(microseconds=1)
        return OPERATORS[sign](value, bound)


def space() -> str:
    """Return a random number of spaces."""
    return random.choice(["", " ", "  ", "\n"])


def vary_case(keyword: str) -> str:
    """Return the keyword in small or capital letters."""
    return random.choice([keyword, keyword.upper(), keyword.capitalize()])


def quote(name: str) -> str:
    """Return a name between quotes, or without quotes if they are not needed."""
    if name.isalpha() and random.random() < 0.5:
        return name
    if '"' not in name and "\\" not in name and random.random() < 0.5:
        return random.choice([f"„{name}“", f"“{name}”", f"«{name}»"])
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
