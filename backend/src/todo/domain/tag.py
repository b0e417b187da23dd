"""Tags: name and colour."""

import re
from typing import Annotated

from pydantic import AfterValidator

from todo.core.errors import InvalidValueError
from todo.domain.rules import Raises, TextRule, string_schema
from todo.domain.text import Text

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


TagName = Annotated[Text, TextRule(1, TAG_NAME_MAX, InvalidTagNameError)]
Color = Annotated[
    Text, AfterValidator(_check_color), Raises(InvalidColorError), string_schema(pattern="^#[0-9A-Fa-f]{6}$")
]
