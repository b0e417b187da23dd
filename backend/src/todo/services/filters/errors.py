"""Errors of saved filters."""

from todo.core.errors import InvalidValueError, NotFoundError


class FilterNotFoundError(NotFoundError):
    """Filter not found"""

    code = "FILTER_NOT_FOUND"


class TooManyFiltersError(InvalidValueError):
    """There are too many filters. Delete some, then try again"""

    code = "TOO_MANY_FILTERS"
