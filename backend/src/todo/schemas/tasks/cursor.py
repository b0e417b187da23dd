"""The place in a list of tasks after the last one seen, as a text that only we need to understand."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter
from pydantic_core import from_json, to_json

from todo.domain.identifiers import BIGINT_MAX
from todo.domain.listing import InvalidCursorError
from todo.domain.task import TITLE_MAX, Priority
from todo.domain.text import Text
from todo.schemas.tasks.task import TaskPublic

CURSOR_MAX = 2000
TaskId = Annotated[int, Field(ge=1, le=BIGINT_MAX, strict=True)]
Instant = Annotated[AwareDatetime, AfterValidator(lambda instant: instant.astimezone(UTC))]
Value = datetime | str | None
PLACES: dict[str, TypeAdapter[tuple[str, Value, int]]] = {
    field: TypeAdapter(tuple[str, kind, TaskId])  # type: ignore[valid-type]  # built from values
    for field, kind in {
        "created_at": Instant,
        "due_date": Instant | None,
        "priority": Priority,
        "title": Annotated[Text, Field(max_length=TITLE_MAX)],
    }.items()
}
"""By the field of an order, what a cursor holds: the order, and of the last task the field's value and the id."""


class Cursor(NamedTuple):
    """The last task seen: its value of the field that the list is sorted by, and its id."""

    after: Value
    after_id: int


def write_cursor(sort: str, task: TaskPublic) -> str:
    """Return the place after a task in a list in this order."""
    fields: Mapping[str, object] = task
    place = [sort, fields[sort.removeprefix("-")], task["id"]]
    return urlsafe_b64encode(to_json(place)).rstrip(b"=").decode()


def read_cursor(text: str, sort: str) -> Cursor:
    """Return the place that a client got from `write_cursor`, in a list in this order.

    Raises:
        InvalidCursorError: it is none of ours, or was made in another order (CUR-004).
    """
    try:
        written = b64decode(text[:CURSOR_MAX] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        order, after, after_id = PLACES[sort.removeprefix("-")].validate_python(tuple(from_json(written)))
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidCursorError from error
    if order != sort:
        raise InvalidCursorError
    return Cursor(after, after_id)
