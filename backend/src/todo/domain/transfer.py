"""Imports: the values that only rows of an import have, and the errors of an import."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, Strict, ValidationInfo

from todo.core.errors import InvalidValueError
from todo.domain.dates.days import FIRST_DAY, LAST_DAY
from todo.domain.identifiers import BIGINT_MAX
from todo.domain.instants import parse_datetime, parse_instant
from todo.domain.projects.position import POSITION_MAX
from todo.domain.recurrence.series import write_place
from todo.domain.rules import Raises, string_schema
from todo.domain.text import Text

ROW_BYTES = 256
"""The bytes of the largest document for each row that an import can have, so that short rows do not fill the memory."""

RECORDS_MAX = 1_000_000_000


class InvalidTimestampError(InvalidValueError):
    """The time must be a valid ISO 8601 datetime"""

    code = "INVALID_TIMESTAMP"
    field = "created_at"


class InvalidCompletedAtError(InvalidValueError):
    """A pending task has no completed_at"""

    code = "INVALID_COMPLETED_AT"
    field = "completed_at"


class InvalidPlaceError(InvalidValueError):
    """A place must be a day, or a time without an offset, from 1900 to 9998"""

    code = "INVALID_PLACE"
    field = "place"


class InvalidOccurrenceError(InvalidValueError):
    """An occurrence has one of due_day and due_date, and a completed_at if it is completed"""

    code = "INVALID_OCCURRENCE"
    field = "status"


class DuplicateRowError(InvalidValueError):
    """A row before this one has the same id or external id"""

    code = "DUPLICATE_ROW"
    field = "id"


class TooManyRowsError(InvalidValueError):
    """The document has too many rows. Import it in parts"""

    code = "TOO_MANY_ROWS"
    field = "tasks"


def _parse_timestamp(value: object) -> datetime:
    parse_datetime(value, InvalidTimestampError)
    return parse_instant(value, InvalidTimestampError)


def _check_completed(completed_at: datetime, info: ValidationInfo) -> datetime:
    if info.data.get("completed") is False:
        raise InvalidCompletedAtError
    return completed_at


def _check_place(value: str) -> str:
    """Return the text of a place as `domain.recurrence.series.write_place` writes it."""
    try:
        place = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidPlaceError from error
    is_canonical = value in {write_place(place, is_on_days=on_days) for on_days in (True, False)}
    if not is_canonical or place.tzinfo is not None or not FIRST_DAY <= place.date() <= LAST_DAY:
        raise InvalidPlaceError
    return value


RecordNumber = Annotated[int, Strict(), Field(ge=0, le=RECORDS_MAX)]
"""The number of an occurrence, or its position in the series."""
Place = Annotated[Text, AfterValidator(_check_place), Raises(InvalidPlaceError)]
"""A date of a series."""
RowNumber = Annotated[int, Strict(), Field(ge=1, le=BIGINT_MAX)]
"""The id of a row in its document."""
RowPosition = Annotated[Text, Field(max_length=POSITION_MAX)]
"""The key by which the rows of a document are ordered."""
Timestamp = Annotated[
    datetime, BeforeValidator(_parse_timestamp), Raises(InvalidTimestampError), string_schema(format="date-time")
]
CompletedAt = Annotated[Timestamp, AfterValidator(_check_completed), Raises(InvalidCompletedAtError)]
"""Comes after the field `completed` of a schema."""
