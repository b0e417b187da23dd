"""Values that follow from the fields of a task (ADR 0045, ADR 0057)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func

from todo.domain.dates.time_zones import attach_time_zone
from todo.domain.text import fold, sort_key
from todo.schemas.tasks.task import NewTask
from todo.services.shared.lists import Columns

SEARCHED_FIELDS = {"title": "search_title", "description": "search_description"}
"""By field, the parameter for its folded text in the search table."""
PLACE = ("archived", "position")
"""The columns that a change of the project writes too (`services.projects.containers`)."""

TAGS_FIELD = "tags"
OTHER_FIELDS = {TAGS_FIELD, "subtasks"}
"""Fields that are not columns. Tags and subtasks have their own rows."""

DEFAULTS = {name: field.default for name, field in NewTask.model_fields.items()} | {"archived": False}
"""The values of a new task without such fields, which are also the defaults of the table."""


def new_columns(task: NewTask, place: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Return the values of the columns of a new task, without default values.

    Args:
        task: the request.
        place: the columns of its container.
    """
    # The time zone follows from the due date, also if that is absent.
    names = task.model_fields_set | {"due_date"}
    values = column_values({name: getattr(task, name) for name in names}) | dict(place or {})
    return {name: value for name, value in values.items() if value != DEFAULTS.get(name)}


def column_values(fields: Mapping[str, object], stored_time_zone: str | None = None) -> dict[str, object]:
    """Return the values of the columns of `tasks`: the fields, and the values that follow from them.

    Args:
        fields: the fields of a request.
        stored_time_zone: the time zone of the stored due date; read if `needs_time_zone` is true.
    """
    values = {name: value for name, value in fields.items() if name not in OTHER_FIELDS}
    if isinstance(title := fields.get("title"), str):
        values["title_key"] = sort_key(title)
    due_date = fields.get("due_date")
    if isinstance(due_date, datetime):
        time_zone = fields.get("due_time_zone", stored_time_zone)
        assert time_zone is None or isinstance(time_zone, str)
        values |= {"due_date": attach_time_zone(due_date, time_zone), "due_day": None}
    elif fields.get("due_day") is not None:
        values |= {"due_date": None, "due_time_zone": None}
    elif "due_date" in fields:
        values["due_time_zone"] = None
    return values


def needs_time_zone(fields: Mapping[str, object]) -> bool:
    """Return whether the due date is a time on the clock of a zone that the request does not name."""
    due_date = fields.get("due_date")
    return isinstance(due_date, datetime) and due_date.tzinfo is None and "due_time_zone" not in fields


def search_values(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the folded texts for the search table, of the fields that searches look in."""
    return {
        parameter: fold(str(fields[field] or "")) for field, parameter in SEARCHED_FIELDS.items() if field in fields
    }


def column_names(fields: Iterable[str]) -> list[str]:
    """Return the names of the columns that `column_values` writes for all these fields."""
    names = [name for name in fields if name not in OTHER_FIELDS]
    return [*names, "title_key"] if "title" in names else names


def new_state(old: Columns, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """Return the new values of columns, and the derived values that depend on the stored row.

    A task without a due date has no time zone. Another rule begins another series. A completion sets `completed_at`,
    and a repeated one keeps it.

    Args:
        old: the stored row.
        new: the values to write.
    """
    state = {**new}
    if "due_time_zone" in new:
        due_date = new.get("due_date", old["due_date"])
        state["due_time_zone"] = case((due_date.is_not(None), new["due_time_zone"]))
    if "recurrence_rule" in new or "recurrence_basis" in new:
        series = [name for name in ("recurrence_rule", "recurrence_basis") if name in new]
        is_same = and_(*(old[name].is_not_distinct_from(new[name]) for name in series))
        state["recurrence_start"] = case((is_same, old["recurrence_start"]))
    if "completed" in new:
        at = case((old["completed"], old["completed_at"]), else_=func.now())
        state["completed_at"] = case((new["completed"], at))
    return state


def completed_at(completed: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return the `completed_at` of a new task."""
    return case((completed, func.now()))
