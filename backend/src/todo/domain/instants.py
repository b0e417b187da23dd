"""Instants, read from ISO 8601 text."""

import re
from datetime import UTC, datetime

from todo.core.errors import InvalidValueError
from todo.domain.text import check_storable

HOUR, SIXTIETH = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
FRACTION = "(?:[.,][0-9]+)?"
OFFSET = f"(?:[Zz]|[+-]{HOUR}(?::?{SIXTIETH})?)?"
EXTENDED = (
    f"[0-9]{{4}}-(?:[0-9]{{2}}-[0-9]{{2}}|W[0-9]{{2}}(?:-[1-7])?)"
    f"(?:[Tt ]{HOUR}(?::{SIXTIETH}(?::{SIXTIETH}{FRACTION})?)?{OFFSET})?"
)
BASIC = f"[0-9]{{4}}(?:[0-9]{{4}}|W[0-9]{{2}}[1-7]?)(?:[Tt ]{HOUR}(?:{SIXTIETH}(?:{SIXTIETH}{FRACTION})?)?{OFFSET})?"
ISO_8601 = re.compile(f"{EXTENDED}|{BASIC}")
"""A date, and a time with an offset, both in the extended format (`17:30`) or both in the basic format (`1730`).

`datetime.fromisoformat` alone misreads other text: `T17.5` as 17:00:00.5, `T170000123` as 17:00:00.123.
"""
TIME = re.compile("[Tt ]")
"""The separator before a time."""


def parse_instant(value: object, error: type[InvalidValueError]) -> datetime:
    """Return the instant of an ISO 8601 date or datetime, in UTC.

    A text without an offset is read as UTC. A date without a time is read as midnight. Digits of a second beyond the
    sixth are dropped.

    Raises:
        InvalidValueError: `error`, if the text is not ISO 8601 or out of range.
        ValueError: the value is not a string.
    """
    instant = _parse(value, error)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def parse_datetime(value: object, error: type[InvalidValueError]) -> datetime:
    """Return an ISO 8601 datetime: in UTC, or without a zone if the text has no offset.

    Raises:
        InvalidValueError: `error`, if the text is not ISO 8601, has no time, or is out of range.
        ValueError: the value is not a string.
    """
    instant = _parse(value, error)
    if not TIME.search(str(value)):
        raise error
    return instant


def _parse(value: object, error: type[InvalidValueError]) -> datetime:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 -- pydantic collects ValueErrors only
    if not ISO_8601.fullmatch(check_storable(value)):
        raise error
    try:
        instant = datetime.fromisoformat(value.upper())
        return instant if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise error from cause
