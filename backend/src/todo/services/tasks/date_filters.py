"""The filters of a list by dates: which ones a query has, and the values that they compare with."""

from datetime import datetime
from zoneinfo import ZoneInfo

from todo.domain.dates.ranges import TimeRange, before, between, days_from, sort_range
from todo.domain.dates.time_zones import day_in_zone
from todo.schemas.tasks.query import TaskQuery

DAYS = {"today": (0, 1), "tomorrow": (1, 1), "next_7_days": (0, 7)}
"""By filter, the first day after today, and the number of days."""


def depends_on_zone(query: TaskQuery) -> bool:
    """Return whether the time zone of the account decides what the query finds."""
    moments = (query.completed_from, query.completed_until, query.updated_since)
    has_day = any(moment is not None and not isinstance(moment, datetime) for moment in moments)
    return has_due_range(query) or query.started or has_day


def has_due_range(query: TaskQuery) -> bool:
    """Return whether the query limits when tasks are due."""
    return query.due in {*DAYS, "overdue"} or query.due_from is not None or query.due_until is not None


def date_values(query: TaskQuery, zone: ZoneInfo, now: datetime) -> dict[str, object]:
    """Return the parameters of the filters by dates that a query has.

    Args:
        query: the query.
        zone: the time zone of the account.
        now: the instant of the request.
    """
    values: dict[str, object] = {}
    if has_due_range(query):
        values |= _due_values(_due_range(query, zone, now))
    if query.started:
        values["today"] = day_in_zone(now, zone)
    if query.completed_from is not None or query.completed_until is not None:
        completed = between(query.completed_from, query.completed_until, zone)
        values |= {"completed_from": completed.first, "completed_until": completed.last}
    if query.updated_since is not None:
        values["updated_since"] = between(query.updated_since, None, zone).first
    return values


def _due_range(query: TaskQuery, zone: ZoneInfo, now: datetime) -> TimeRange:
    found = between(query.due_from, query.due_until, zone)
    if query.due == "overdue":
        return found.intersect(before(now, zone))
    if query.due in DAYS:
        return found.intersect(days_from(now, zone, *DAYS[query.due]))
    return found


def _due_values(due: TimeRange) -> dict[str, object]:
    first_key, last_key = sort_range(due)
    return {
        "due_from": due.first,
        "due_until": due.last,
        "due_from_day": due.first_day,
        "due_until_day": due.last_day,
        "first_due_key": first_key,
        "last_due_key": last_key,
    }
