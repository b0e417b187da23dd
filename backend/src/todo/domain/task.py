"""Tasks: title, description, priority, estimate, and the ways to filter and sort them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Strict, WithJsonSchema

from todo.core.errors import InvalidValueError
from todo.domain.rules import ChoiceRule, Raises, TextRule
from todo.domain.text import Text

TITLE_MAX = 200
DESCRIPTION_MAX = 1000
SEARCH_TEXT_MAX = 200
ESTIMATE_MAX = 100_000
"""Minutes; ten weeks."""
SUBTASK_LEVELS_MAX = 10
"""Levels of a tree of tasks. A task without a parent is at level 1."""


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


class InvalidIncludeError(InvalidValueError):
    """Include must be subtask_counts"""

    code = "INVALID_INCLUDE"
    field = "include"


class InvalidEstimateError(InvalidValueError):
    """Estimated minutes must be a whole number from 1 to 100000"""

    code = "INVALID_ESTIMATE"
    field = "estimated_minutes"


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


def _check_estimate(minutes: int) -> int:
    if not 1 <= minutes <= ESTIMATE_MAX:
        raise InvalidEstimateError
    return minutes


TITLE = TextRule(1, TITLE_MAX, InvalidTitleError)
Title = Annotated[Text, TITLE]
Description = Annotated[Text, TextRule(0, DESCRIPTION_MAX, DescriptionTooLongError, trim=False)]
Priority = Annotated[Literal["low", "medium", "high"], ChoiceRule("TaskPriority", InvalidPriorityError)]
EstimatedMinutes = Annotated[
    int,
    Strict(),
    AfterValidator(_check_estimate),
    Raises(InvalidEstimateError),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": ESTIMATE_MAX}),
]
Completed = Annotated[bool, Strict()]
Include = Annotated[Literal["subtask_counts"], ChoiceRule("TaskInclude", InvalidIncludeError)]
SearchText = Annotated[Text, TextRule(0, SEARCH_TEXT_MAX, SearchTextTooLongError, trim=False)]
StatusFilter = Annotated[Literal["all", "pending", "completed"], ChoiceRule("TaskStatus", InvalidStatusError)]
TaskSort = Annotated[
    Literal[
        "due_date",
        "-due_date",
        "priority",
        "-priority",
        "created_at",
        "-created_at",
        "title",
        "-title",
        "start_day",
        "-start_day",
        "updated_at",
        "-updated_at",
        "completed_at",
        "-completed_at",
        "position",
        "-position",
    ],
    ChoiceRule("TaskSort", InvalidSortFieldError),
]
