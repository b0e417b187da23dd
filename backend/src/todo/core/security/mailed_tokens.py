"""Tokens that travel in a mail: the id of the user and 256 random bits, in base64url."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from todo.core.security.tokens import hash_token

RANDOM_BYTES = 32
TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{64}")
"""48 bytes in base64url have 64 characters and no padding, so a token has one spelling."""


@dataclass(frozen=True)
class MailedToken:
    """A token of a user.

    Attributes:
        user_id: the user.
        text: the token as it stands in the link.
    """

    user_id: UUID
    text: str

    @property
    def hash(self) -> bytes:
        """The hash under which the token is stored."""
        return hash_token(self.text)


def new_mailed_token(user_id: UUID) -> MailedToken:
    """Return a new token of a user."""
    content = user_id.bytes + secrets.token_bytes(RANDOM_BYTES)
    return MailedToken(user_id, base64.urlsafe_b64encode(content).decode())


def read_mailed_token(text: str) -> MailedToken | None:
    """Return the token, or None if the text cannot be one."""
    if not TOKEN_SHAPE.fullmatch(text):
        return None
    try:
        return MailedToken(UUID(bytes=base64.urlsafe_b64decode(text)[:16]), text)
    except (binascii.Error, ValueError):
        return None
