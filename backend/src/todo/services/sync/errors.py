"""Errors of sync."""

from todo.core.errors import DomainError


class SyncTokenExpiredError(DomainError):
    """This sync token has expired. Sync without it, and replace your copy"""

    status = 410
    code = "SYNC_TOKEN_EXPIRED"
