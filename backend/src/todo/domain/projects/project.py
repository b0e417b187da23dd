"""Projects: name, and the ways to filter by project."""

from typing import Annotated, Literal

from pydantic import Strict

from todo.core.errors import InvalidValueError
from todo.domain.rules import ChoiceRule, TextRule
from todo.domain.text import Text

PROJECT_NAME_MAX = 100


class InvalidProjectNameError(InvalidValueError):
    """Project name is required and must be 1-100 characters"""

    code = "INVALID_PROJECT_NAME"
    field = "name"


class InvalidArchivedFilterError(InvalidValueError):
    """Archived must be one of: false, true, all"""

    code = "INVALID_ARCHIVED_FILTER"
    field = "archived"


class InvalidProjectChildrenError(InvalidValueError):
    """Children must be one of: delete, keep"""

    code = "INVALID_CHILDREN"
    field = "children"


ProjectName = Annotated[Text, TextRule(1, PROJECT_NAME_MAX, InvalidProjectNameError)]
Archived = Annotated[bool, Strict()]
ArchivedFilter = Annotated[Literal["false", "true", "all"], ChoiceRule("ArchivedFilter", InvalidArchivedFilterError)]
Children = Annotated[Literal["delete", "keep"], ChoiceRule("Children", InvalidProjectChildrenError)]
"""Whether the tasks of a deleted project or section are deleted with it, or kept."""
