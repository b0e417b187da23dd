"""Errors of the trash."""

from todo.core.errors import NotFoundError


class TrashEntryNotFoundError(NotFoundError):
    """The trash does not have this entry"""

    code = "TRASH_ENTRY_NOT_FOUND"
