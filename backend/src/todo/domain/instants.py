"""Instants, read from ISO 8601 text."""

import re
from datetime import UTC, datetime

from todo.core.errors import InvalidValueError
from todo.domain.text import check_storable

ISO_8601_START = re.compile(r"[0-9][0-9W-]*(?:[Tt ]|$)")


def parse_instant(value: object, error: type[InvalidValueError]) -> datetime:
    """Return the instant of an ISO 8601 date or datetime, in UTC.

    A text without an offset is read as UTC. A date without a time is read as midnight.

    Raises:
        InvalidValueError: `error`, if the text is not ISO 8601 or out of range.
        ValueError: the value is not a string.
    """
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 -- pydantic collects ValueErrors only
    if not ISO_8601_START.match(check_storable(value)):
        raise error
    try:
        instant = datetime.fromisoformat(value.upper())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise error from cause
