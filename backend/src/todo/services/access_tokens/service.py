"""Personal access tokens: credentials of scripts, limited to scopes."""

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from todo.core.clock import attach_utc
from todo.core.database.session import Session
from todo.core.security.tokens import hash_token
from todo.domain.access_token import InvalidExpiryError
from todo.schemas.access_token import AccessTokenCreate, AccessTokenCreated, AccessTokenPublic
from todo.services.access_tokens import statements
from todo.services.access_tokens.errors import AccessTokenNotFoundError, TooManyTokensError
from todo.services.authentication import InvalidTokenError, Principal, TokenExpiredError
from todo.services.shared.locks import LOCK_USER

PREFIX = "todo_pat_"
"""The beginning of every token, by which scanners recognise a leaked one."""
SECRET_BYTES = 32
TOKEN_SHAPE = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")
"""The prefix and 32 bytes in base64url."""
LAST_USED_PRECISION = timedelta(minutes=1)
"""`last_used_at` is written at most once in this time."""


async def create_access_token(
    session: Session, user_id: UUID, request: AccessTokenCreate, now: datetime, *, max_tokens: int
) -> AccessTokenCreated:
    """Create a token and return it; the token itself is never readable again (PAT-001).

    Raises:
        AccessTokenExistsError: the user has a token of this name, so a repeated request creates no second one.
        InvalidExpiryError: the expiry is in the past.
        TooManyTokensError: the user has `max_tokens` tokens (AUT-007).
        InvalidTokenError: the user was deleted.
    """
    if request.expires_at is not None and request.expires_at <= now:
        raise InvalidExpiryError
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    async with session.transaction() as transaction:
        await transaction.fetch_one(LOCK_USER, user_id=user_id)
        row = await transaction.fetch_one(
            statements.INSERT_TOKEN,
            user_id=user_id,
            name=request.name,
            token_hash=hash_token(token),
            scopes=sorted(set(request.scopes)),
            expires_at=request.expires_at,
            max_tokens=max_tokens,
        )
    if row is None:
        raise TooManyTokensError
    return AccessTokenCreated(**row, token=token)


async def list_access_tokens(session: Session, user_id: UUID) -> list[AccessTokenPublic]:
    """Return the user's tokens without their secrets, the oldest first (PAT-003)."""
    rows = await session.fetch_all(statements.SELECT_TOKENS, user_id=user_id)
    return [AccessTokenPublic(**row) for row in rows]


async def delete_access_token(session: Session, user_id: UUID, token_id: int) -> None:
    """Delete a token; later requests with it get 401 (PAT-004).

    Raises:
        AccessTokenNotFoundError: the token does not exist, or belongs to another user.
    """
    if await session.fetch_one(statements.DELETE_TOKEN, user_id=user_id, id=token_id) is None:
        raise AccessTokenNotFoundError


async def authenticate_access_token(session: Session, token: str, now: datetime) -> Principal:
    """Return the principal of a personal access token: one statement, and a second one at most once a minute.

    Raises:
        InvalidTokenError: the token is malformed (AUT-003) or does not exist, or the user is disabled (USR-006).
        TokenExpiredError: the token has expired (PAT-006).
    """
    if not TOKEN_SHAPE.fullmatch(token):
        raise InvalidTokenError
    row = await session.fetch_one(statements.SELECT_BY_HASH, token_hash=hash_token(token))
    if row is None:
        raise InvalidTokenError
    expires_at = None if row["expires_at"] is None else attach_utc(row["expires_at"])
    if expires_at is not None and expires_at <= now:
        raise TokenExpiredError
    if row["last_used_at"] is None or row["last_used_at"] <= now - LAST_USED_PRECISION:
        await session.fetch_all(statements.UPDATE_LAST_USED, user_id=row["user_id"], id=row["id"], now=now)
    scopes = frozenset(row["scopes"])
    return Principal(row["user_id"], access_token_id=row["id"], scopes=scopes, expires_at=expires_at)
