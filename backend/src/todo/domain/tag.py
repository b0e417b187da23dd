"""Tags: name and colour."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator
from typing_extensions import TypedDict

from todo.core.errors import InvalidValueError
from todo.domain.identifiers import BIGINT_MAX, UNKNOWN_ID
from todo.domain.rules import Raises, TextRule, string_schema
from todo.domain.text import Text, check_storable, normalize

TAG_NAME_MAX = 50
HEX_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class InvalidTagNameError(InvalidValueError):
    """Tag name is required and must be 1-50 characters"""

    code = "INVALID_TAG_NAME"
    field = "name"


class InvalidColorError(InvalidValueError):
    """Color must be a valid hex color (e.g., #FF5733)"""

    code = "INVALID_COLOR"
    field = "color"


def _check_color(value: str) -> str:
    if not HEX_COLOR.fullmatch(value):
        raise InvalidColorError
    return value


TAG_NAME = TextRule(1, TAG_NAME_MAX, InvalidTagNameError)
TagName = Annotated[Text, TAG_NAME]
Color = Annotated[
    Text, AfterValidator(_check_color), Raises(InvalidColorError), string_schema(pattern="^#[0-9A-Fa-f]{6}$")
]


class InvalidTagsError(InvalidValueError):
    """Tags must be ids, names, or objects with an id"""

    code = "INVALID_TAGS"
    field = "tags"


class TagById(TypedDict):
    """A tag as it was read. Its id counts, and everything else is ignored."""

    id: Annotated[int, Field(examples=[7])]


def _read_references(value: object) -> list[int | str]:
    if not isinstance(value, list):
        raise InvalidTagsError
    return [_read_reference(reference) for reference in value]


def _read_reference(value: object) -> int | str:
    """Return the id of an object, an id, or a name; UNKNOWN_ID for an id that no tag has."""
    reference = value.get("id") if isinstance(value, dict) else value
    if isinstance(reference, int) and not isinstance(reference, bool):
        return reference if 1 <= reference <= BIGINT_MAX else UNKNOWN_ID
    if not isinstance(value, str):
        raise InvalidTagsError
    return TAG_NAME.check(normalize(check_storable(value)))


TagReferences = Annotated[
    list[int | str],
    PlainValidator(_read_references, json_schema_input_type=list[int | str | TagById]),
    Raises(InvalidTagsError, InvalidTagNameError),
]
"""The tags of a task in a request: ids, names, or objects with an id."""
