"""Mails that the service sends."""

from enum import StrEnum


class MailKind(StrEnum):
    """The purpose of a mail."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 -- the name of a mail
    """A link that sets a new password, to the address of the account."""
    EMAIL_CHANGE = "email_change"
    """A link that confirms a new address, to that address."""
    EMAIL_CHANGE_ASKED = "email_change_asked"
    """A notice that a change of the address was asked for, to the present address."""
    EMAIL_CHANGED = "email_changed"
    """A notice that the address was changed, to the previous address."""
