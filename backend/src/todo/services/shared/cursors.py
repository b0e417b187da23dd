"""Cursors: opaque text for the position in a list after its last item seen."""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter
from pydantic_core import from_json, to_json

from todo.domain.identifiers import BIGINT_MAX
from todo.domain.listing import CURSOR_MAX, InvalidCursorError

NUMBER = re.compile(r"[1-9][0-9]{0,17}")
ItemId = Annotated[int, Field(ge=1, le=BIGINT_MAX, strict=True)]
Instant = Annotated[AwareDatetime, AfterValidator(lambda instant: instant.astimezone(UTC))]
"""The value of an instant in a cursor."""
SortValue = datetime | date | str | None


class Cursor(NamedTuple):
    """The last item seen: the value of its sort field, and its id."""

    after: SortValue
    after_id: int


class CursorCodec:
    """Writes and reads the cursors of one list.

    Args:
        value_types: by sort field, the type of its value.
    """

    def __init__(self, value_types: Mapping[str, Any]) -> None:
        self._adapters: dict[str, TypeAdapter[tuple[str, SortValue, int]]] = {
            field: TypeAdapter(tuple[str, kind, ItemId])  # type: ignore[valid-type]  # built from values
            for field, kind in value_types.items()
        }

    def write(self, sort: str, item: Mapping[str, object]) -> str:
        """Return the cursor for the position after an item, in a list with this sort."""
        content = [sort, item[sort.removeprefix("-")], item["id"]]
        return urlsafe_b64encode(to_json(content)).rstrip(b"=").decode()

    def read(self, text: str, sort: str) -> Cursor:
        """Return the position of a cursor, in a list with this sort.

        Raises:
            InvalidCursorError: the text was not written by `write`, or for another sort (CUR-004).
        """
        try:
            content = b64decode(text[:CURSOR_MAX] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            adapter = self._adapters[sort.removeprefix("-")]
            written_sort, after, after_id = adapter.validate_python(tuple(from_json(content)))
        except (ValueError, TypeError, OverflowError) as error:
            raise InvalidCursorError from error
        if written_sort != sort:
            raise InvalidCursorError
        return Cursor(after, after_id)


def read_number(cursor: str | None) -> int:
    """Return the number below which a page begins, in a list whose cursors are the numbers of its items.

    Raises:
        InvalidCursorError: the cursor is malformed.
    """
    if cursor is None:
        return BIGINT_MAX
    if not NUMBER.fullmatch(cursor):
        raise InvalidCursorError
    return int(cursor)
