"""The sort keys of tasks, in the words of their indexes."""

from typing import Any

from sqlalchemy import ColumnElement, Time, func, literal_column

from todo.models.task import PRIORITIES
from todo.services.shared.lists import Columns

PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
"""By priority, its index in `PRIORITIES`, from 1."""


def priority_rank(priority: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the rank of a priority."""
    return func.array_position(literal_column(PRIORITIES), priority)


def or_infinity(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the instant or infinity, so that a missing one sorts last (FLT-010)."""
    return func.coalesce(instant, literal_column("'infinity'::timestamptz"))


def or_last_day(day: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the day or infinity, so that a missing one sorts last."""
    return func.coalesce(day, literal_column("'infinity'::date"))


def due_instant(task: Columns) -> ColumnElement[Any]:
    """Return the instant by which a task is sorted: its due date, or the last moment of its day in UTC (DAT-040)."""
    end = task["due_day"] + literal_column("'23:59:59.999999'::time", Time)
    return func.coalesce(task["due_date"], func.timezone(literal_column("'UTC'"), end))


def due_key(task: Columns) -> ColumnElement[Any]:
    """Return the key of the index of due tasks."""
    return or_infinity(due_instant(task))
