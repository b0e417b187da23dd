"""Bulk requests: how many items, and which may stand together."""

from todo.core.errors import InvalidValueError

BULK_ITEMS_MAX = 1000


class InvalidBulkSizeError(InvalidValueError):
    """A request takes 1 to 1000 items"""

    code = "INVALID_BULK_SIZE"
    field = "items"


class DuplicateItemError(InvalidValueError):
    """An item before this one is about the same task"""

    code = "DUPLICATE_ITEM"
    field = "id"
