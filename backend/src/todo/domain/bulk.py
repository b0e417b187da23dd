"""Bulk requests: how many items, which may stand together, and how items name each other."""

from typing import Annotated

from todo.core.errors import InvalidValueError
from todo.domain.rules import TextRule
from todo.domain.text import Text

BULK_ITEMS_MAX = 1000
REF_MAX = 100


class InvalidBulkSizeError(InvalidValueError):
    """A request takes 1 to 1000 items"""

    code = "INVALID_BULK_SIZE"
    field = "items"


class DuplicateItemError(InvalidValueError):
    """An item before this one is about the same task"""

    code = "DUPLICATE_ITEM"
    field = "id"


class InvalidRefError(InvalidValueError):
    """A ref must be 1-100 characters"""

    code = "INVALID_REF"
    field = "ref"


class DuplicateRefError(InvalidValueError):
    """An item before this one has the same ref"""

    code = "DUPLICATE_REF"
    field = "ref"


class RefNotFoundError(InvalidValueError):
    """No item before this one has this ref"""

    code = "REF_NOT_FOUND"
    field = "parent_ref"


class ConflictingParentsError(InvalidValueError):
    """A task has a parent_id or a parent_ref, not both"""

    code = "CONFLICTING_PARENTS"
    field = "parent_ref"


Ref = Annotated[Text, TextRule(1, REF_MAX, InvalidRefError, trim=False)]
"""The name of an item for later items of the same request."""
