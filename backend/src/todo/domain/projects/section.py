"""Sections: the parts of a project."""

from typing import Annotated

from todo.core.errors import InvalidValueError
from todo.domain.rules import TextRule
from todo.domain.text import Text

SECTION_NAME_MAX = 100


class InvalidSectionNameError(InvalidValueError):
    """Section name is required and must be 1-100 characters"""

    code = "INVALID_SECTION_NAME"
    field = "name"


SectionName = Annotated[Text, TextRule(1, SECTION_NAME_MAX, InvalidSectionNameError)]
