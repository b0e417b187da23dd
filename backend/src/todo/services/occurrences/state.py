"""The state of a repeating task: its series, its current occurrence, and what a record of it changes."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from todo.core.database.session import Row
from todo.domain.dates.time_zones import clock_time, day_in_zone
from todo.domain.recurrence.expansion import RecurrenceTooComplexError
from todo.domain.recurrence.series import Series, find_next, instant_of, list_upcoming, write_place
from todo.schemas.tasks.occurrence import OccurrenceDue, OccurrencePublic
from todo.schemas.tasks.task import TaskPublic
from todo.services.tasks.list_statements import read_row

QUICK_SECONDS = 0.003
"""Processor time. A thread costs 0.25 ms more."""
LAST = "last_"
"""The prefix of the columns of the last record."""
Status = Literal["completed", "skipped"]


class RepeatingTask(NamedTuple):
    """A task, its last record, and the clock that its dates are on.

    Attributes:
        task: the task, which may not repeat.
        last: the columns of the last record; None without one.
        zone: the zone of the due date, or of the account if the task has none.
        now: the instant of the request.
        has_subtasks: whether the task has subtasks.
    """

    task: TaskPublic
    last: Mapping[str, Any] | None
    zone: ZoneInfo
    now: datetime
    has_subtasks: bool

    @property
    def is_on_days(self) -> bool:
        """Whether the current occurrence is a day."""
        return self.task["due_date"] is None

    @property
    def due(self) -> date | None:
        """The due of the current occurrence: a day or an instant. A repeating task without a due begins today."""
        due = self.task["due_date"] or self.task["due_day"]
        if due is None and self.task["recurrence_rule"] is not None:
            return day_in_zone(self.now, self.zone)
        return due

    def is_repeated(self, due: date) -> bool:
        """Return whether a completion of this due repeats the last one, which was today and left the due as it was."""
        if self.task["recurrence_basis"] == "due" or self.last is None or self.last["completed_at"] is None:
            return False
        is_same_day = day_in_zone(self.last["completed_at"], self.zone) == day_in_zone(self.now, self.zone)
        return is_same_day and due in {self.last["due_day"], self.last["due_date"]}

    def series(self) -> Series:
        """Return the series of a task that repeats. A new series begins at the current due."""
        due = self.due
        assert due is not None
        rule, basis = self.task["recurrence_rule"], self.task["recurrence_basis"]
        assert rule is not None
        place = clock_time(due, self.zone) if isinstance(due, datetime) else datetime.combine(due, time.min)
        series = Series(rule, basis, place, place, self.is_on_days, self.zone, 0)
        start = self.task["recurrence_start"]
        has_due = self.task["due_date"] is not None or self.task["due_day"] is not None
        if start is None or self.last is None or not has_due or ("T" not in start) != self.is_on_days:
            return series
        if self.last["next_place"] is not None:
            place = datetime.fromisoformat(self.last["next_place"])
        return series._replace(start=datetime.fromisoformat(start), place=place, recorded=self.last["position"])


def read_state(row: Row, zone: ZoneInfo, now: datetime) -> RepeatingTask:
    """Return the state of a row of `SELECT_REPEATING_TASK`."""
    task = {name: value for name, value in row.items() if not name.startswith(LAST)}
    has_subtasks = task.pop("has_subtasks")
    last = {name.removeprefix(LAST): value for name, value in row.items() if name.startswith(LAST)}
    return RepeatingTask(read_row(task), last if last["number"] is not None else None, zone, now, has_subtasks)


async def record_current(state: RepeatingTask, status: Status) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the new values of the task, and the record of its current occurrence.

    The event loop computes the next date itself if that takes QUICK_SECONDS at most, as for all usual rules. A thread
    computes the others, so the event loop serves other requests.

    Raises:
        RecurrenceTooComplexError: the rule takes too long to compute.
    """
    series, due = state.series(), state.due
    assert due is not None
    skips = status == "skipped"
    try:
        following = find_next(series, state.now, skips=skips, seconds=QUICK_SECONDS)
    except RecurrenceTooComplexError:
        following = await asyncio.to_thread(find_next, series, state.now, skips=skips)
    next_due = OccurrenceDue(due_date=state.task["due_date"], due_day=state.task["due_day"])
    task = {
        **(next_due if following is None else due_fields(_due_at(series, following))),
        "completed": following is None,
        "recurrence_start": write_place(series.start, is_on_days=series.is_on_days),
    }
    record = {
        **due_fields(due),
        "number": 1 if state.last is None else state.last["number"] + 1,
        "completed_at": state.now if status == "completed" else None,
        "status": status,
        "place": write_place(series.place, is_on_days=series.is_on_days),
        "next_place": None if following is None else write_place(following, is_on_days=series.is_on_days),
        "position": series.recorded + 1,
    }
    return task, record


async def preview(state: RepeatingTask, limit: int) -> list[OccurrenceDue]:
    """Return the current occurrence and those after it.

    Raises:
        RecurrenceTooComplexError: the rule takes too long to compute.
    """
    series, due = state.series(), state.due
    assert due is not None
    _, *following = await asyncio.to_thread(list_upcoming, series, state.now, limit)
    return [due_fields(due), *(due_fields(_due_at(series, place)) for place in following)]


def due_fields(due: date) -> OccurrenceDue:
    """Return the fields of a due, which is a day or an instant."""
    if isinstance(due, datetime):
        return OccurrenceDue(due_date=due, due_day=None)
    return OccurrenceDue(due_date=None, due_day=due)


def read_occurrence(row: Row | Mapping[str, Any]) -> OccurrencePublic:
    """Return the public fields of a record."""
    return OccurrencePublic(
        due_date=row["due_date"], due_day=row["due_day"], completed_at=row["completed_at"], status=row["status"]
    )


def logged_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as the change log has it. Instants are in UTC."""
    return {name: _logged(value) for name, value in record.items() if name != "number" and value is not None}


def _logged(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _due_at(series: Series, place: datetime) -> date:
    return place.date() if series.is_on_days else instant_of(place, series.zone)
