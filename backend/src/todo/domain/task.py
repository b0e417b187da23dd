"""Tasks: title, description, priority, due date, and the ways to filter and sort them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Strict

from todo.core.errors import InvalidValueError
from todo.domain.instants import parse_instant
from todo.domain.rules import ChoiceRule, Raises, TextRule, string_schema
from todo.domain.text import Text

TITLE_MAX = 200
DESCRIPTION_MAX = 1000
SEARCH_TEXT_MAX = 200


class InvalidTitleError(InvalidValueError):
    """Title is required and must be 1-200 characters"""

    code = "INVALID_TITLE"
    field = "title"


class DescriptionTooLongError(InvalidValueError):
    """Description cannot exceed 1000 characters"""

    code = "DESCRIPTION_TOO_LONG"
    field = "description"


class InvalidPriorityError(InvalidValueError):
    """Priority must be low, medium, or high"""

    code = "INVALID_PRIORITY"
    field = "priority"


class InvalidDueDateError(InvalidValueError):
    """Due date must be a valid ISO 8601 datetime"""

    code = "INVALID_DUE_DATE"
    field = "due_date"


class InvalidStatusError(InvalidValueError):
    """Status must be one of: all, pending, completed"""

    code = "INVALID_STATUS"
    field = "status"


class SearchTextTooLongError(InvalidValueError):
    """Search text cannot exceed 200 characters"""

    code = "SEARCH_TEXT_TOO_LONG"
    field = "q"


class InvalidSortFieldError(InvalidValueError):
    """Sort field must be one of: due_date, priority, created_at, title"""

    code = "INVALID_SORT_FIELD"
    field = "sort"


def _parse_due_date(value: object) -> datetime:
    return parse_instant(value, InvalidDueDateError)


Title = Annotated[Text, TextRule(1, TITLE_MAX, InvalidTitleError)]
Description = Annotated[Text, TextRule(0, DESCRIPTION_MAX, DescriptionTooLongError, trim=False)]
Priority = Annotated[Literal["low", "medium", "high"], ChoiceRule("TaskPriority", InvalidPriorityError)]
DueDate = Annotated[
    datetime, BeforeValidator(_parse_due_date), Raises(InvalidDueDateError), string_schema(format="date-time")
]
Completed = Annotated[bool, Strict()]
SearchText = Annotated[Text, TextRule(0, SEARCH_TEXT_MAX, SearchTextTooLongError, trim=False)]
StatusFilter = Annotated[Literal["all", "pending", "completed"], ChoiceRule("TaskStatus", InvalidStatusError)]
TaskSort = Annotated[
    Literal["due_date", "-due_date", "priority", "-priority", "created_at", "-created_at", "title", "-title"],
    ChoiceRule("TaskSort", InvalidSortFieldError),
]
