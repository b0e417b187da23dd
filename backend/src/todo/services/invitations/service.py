"""Invitations: codes that allow one registration each while REGISTRATION is `invited`."""

import base64
import re
import secrets
from datetime import datetime, timedelta

from todo.core.database.session import Session
from todo.core.security.tokens import hash_token
from todo.schemas.invitation import InvitationCreated
from todo.services.invitations import statements
from todo.services.invitations.errors import InvitationRequiredError

LIFETIME = timedelta(days=7)
CODE_BYTES = 20
"""160 bits, which Base32 writes as 32 characters without padding."""
CODE_SHAPE = re.compile("[a-z2-7]{32}")


async def create_invitation(session: Session, now: datetime) -> InvitationCreated:
    """Create an invitation and return its code, which is never readable again (USR-003)."""
    code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    expires_at = now + LIFETIME
    await session.fetch_all(
        statements.INSERT_INVITATION, code_hash=hash_token(code), created_at=now, expires_at=expires_at
    )
    return InvitationCreated(invitation=code, expires_at=expires_at)


def read_code(text: str | None) -> str:
    """Return the code in a text, without spaces around it and in lower case.

    Raises:
        InvitationRequiredError: the text is None, or no code has its form.
    """
    code = (text or "").strip().lower()
    if not CODE_SHAPE.fullmatch(code):
        raise InvitationRequiredError
    return code


async def use_invitation(transaction: Session, code: str, now: datetime) -> None:
    """Delete an invitation. A concurrent use of the same code waits for the end of the transaction (USR-004).

    Raises:
        InvitationRequiredError: the code is unknown, was used, or has expired.
    """
    if await transaction.fetch_one(statements.DELETE_INVITATION, code_hash=hash_token(code), now=now) is None:
        raise InvitationRequiredError


async def sweep_invitations(session: Session, now: datetime) -> int:
    """Delete a batch of expired invitations.

    Returns:
        How many were deleted; 0 when none is left.
    """
    return len(await session.fetch_all(statements.SWEEP, now=now))
