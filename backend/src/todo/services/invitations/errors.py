"""Errors of invitations."""

from todo.core.errors import DomainError


class InvitationRequiredError(DomainError):
    """Registration needs an invitation that was not used and has not expired"""

    status = 403
    code = "INVITATION_REQUIRED"
