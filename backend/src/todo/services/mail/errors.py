"""Errors of mail."""

from todo.core.errors import DomainError


class MailNotConfiguredError(DomainError):
    """This service sends no mail. Its operator can set a new password with: todo user reset-password EMAIL"""

    status = 503
    code = "MAIL_NOT_CONFIGURED"
