"""Lists: page numbers, page sizes, and cursors."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from todo.core.errors import InvalidValueError
from todo.domain.rules import Raises, string_schema
from todo.domain.text import Text

PAGE_LIMIT_MAX = 100
CURSOR_MAX = 2000
"""Characters of a cursor that are read."""


class InvalidPaginationError(InvalidValueError):
    """Page and limit must be positive integers"""

    code = "INVALID_PAGINATION"
    field = "page"


class InvalidCursorError(InvalidValueError):
    """Cursor is not valid for this list"""

    code = "INVALID_CURSOR"
    field = "cursor"


def _check_positive(value: int) -> int:
    if value < 1:
        raise InvalidPaginationError
    return value


PositiveInt = Annotated[
    int,
    AfterValidator(_check_positive),
    Raises(InvalidPaginationError),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
CursorText = Annotated[
    Text, Raises(InvalidCursorError), string_schema(maxLength=CURSOR_MAX, pattern="^[A-Za-z0-9_-]*$")
]
