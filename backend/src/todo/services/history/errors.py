"""Errors of history and undo."""

from collections.abc import Sequence

from todo.core.errors import ConflictError, DomainError, NotFoundError


class ChangeNotFoundError(NotFoundError):
    """Change not found"""

    code = "CHANGE_NOT_FOUND"


class AlreadyUndoneError(ConflictError):
    """This change was undone already"""

    code = "ALREADY_UNDONE"


class UndoConflictError(ConflictError):
    """Fields were changed since, so the change was not undone. Send force to undo it nevertheless"""

    code = "UNDO_CONFLICT"
    field = "task.42.title"

    def __init__(self, fields: Sequence[str]) -> None:
        """Keep the fields, at least one, each after the type and the id of its resource."""
        super().__init__()
        self.fields = fields


class ChangePurgedError(DomainError):
    """The content of this change was purged, so it cannot be undone"""

    status = 410
    code = "CHANGE_PURGED"
