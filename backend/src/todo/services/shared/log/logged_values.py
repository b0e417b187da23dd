"""Values of the change log: as the log stores them, as columns store them, and as clients read them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, Table

INFINITE = {"-infinity": datetime.min.replace(tzinfo=UTC), "infinity": datetime.max.replace(tzinfo=UTC)}
"""The driver stores the first and the last instant of the calendar as infinite ones."""


def stored_values(table: Table, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of columns for fields of the log; fields that are no columns are left out."""
    return {name: _stored(table, name, value) for name, value in fields.items() if name in table.c}


def public_values(table: Table, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that clients read; fields that are no columns, such as ids of tags, stay as they are."""
    return {**fields, **stored_values(table, fields)}


def _stored(table: Table, name: str, value: Any) -> Any:
    if value is None:
        return None
    if _is_instant(table, name):
        if value in INFINITE:
            return INFINITE[value]
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return date.fromisoformat(value) if isinstance(table.c[name].type, Date) else value


def _is_instant(table: Table, name: str) -> bool:
    return name in table.c and isinstance(table.c[name].type, DateTime)
