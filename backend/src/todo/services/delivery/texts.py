"""The texts of mails. None has a word that a user wrote, so the service cannot carry messages of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import fill

from todo.core.mail.sender import Mail

WIDTH = 72
"""Characters of a line of text. A link is not broken."""


@dataclass(frozen=True)
class Pages:
    """The name and the pages that mails contain.

    Attributes:
        app_name: the name of the service.
        public_url: where its users find the service.
        password_reset_url: the page that asks for a new password.
        email_confirm_url: the page that confirms an address.
    """

    app_name: str
    public_url: str
    password_reset_url: str
    email_confirm_url: str


def write_password_reset(pages: Pages, recipient: str, token: str, now: datetime, lifetime: timedelta) -> Mail:
    """Return the mail with the link that sets a new password."""
    return _write(
        pages,
        recipient,
        "Set a new password",
        [
            f"Somebody asked for a new password for your account at {pages.app_name}. Open this link to set it:",
            f"{pages.password_reset_url}#token={token}",
            f"The link works once, until {_format(now + lifetime)} ({int(lifetime.total_seconds()) // 60} minutes). "
            "A new password logs you out everywhere.",
            "If you did not ask for this, ignore this mail. Your password stays as it is.",
        ],
    )


def write_email_change(pages: Pages, recipient: str, token: str, now: datetime, lifetime: timedelta) -> Mail:
    """Return the mail with the link that confirms a new address."""
    return _write(
        pages,
        recipient,
        "Confirm your e-mail address",
        [
            f"Somebody entered this address for an account at {pages.app_name}. Open this link to confirm it:",
            f"{pages.email_confirm_url}#token={token}",
            f"The link works once, until {_format(now + lifetime)} ({int(lifetime.total_seconds()) // 3600} hours).",
            "If you did not ask for this, ignore this mail.",
        ],
    )


def write_email_change_asked(pages: Pages, recipient: str) -> Mail:
    """Return the notice to the present address that a change was asked for."""
    return _write(
        pages,
        recipient,
        "Your e-mail address is about to change",
        [
            f"Somebody with your password asked to change the e-mail address of your account at {pages.app_name}. "
            "The change waits until the new address is confirmed.",
            "If you did not ask for this, set a new password now. It cancels the change and logs out everybody else:",
            pages.public_url,
        ],
    )


def write_email_changed(pages: Pages, recipient: str) -> Mail:
    """Return the notice to the previous address that the address was changed."""
    return _write(
        pages,
        recipient,
        "Your e-mail address was changed",
        [
            f"The e-mail address of your account at {pages.app_name} was changed. This address does not log in any "
            "more.",
            "If you did not do this, ask the operator of the service for help:",
            pages.public_url,
        ],
    )


def _write(pages: Pages, recipient: str, subject: str, paragraphs: Sequence[str]) -> Mail:
    lines = (fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) for text in paragraphs)
    return Mail(recipient, f"{pages.app_name}: {subject}", "\n\n".join(lines) + "\n")


def _format(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
