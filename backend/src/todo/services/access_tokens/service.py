"""Personal access tokens: credentials of scripts, limited to scopes."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from todo.core.clock import attach_utc
from todo.core.database.session import Session
from todo.core.security.tokens import hash_token
from todo.domain.access_token import InvalidExpiryError
from todo.schemas.access_token import AccessTokenCreate, AccessTokenCreated, AccessTokenPublic
from todo.services.access_tokens import statements
from todo.services.access_tokens.errors import AccessTokenNotFoundError
from todo.services.authentication import InvalidTokenError, Principal, TokenExpiredError

PREFIX = "todo_pat_"
"""The beginning of every token, by which scanners recognise a leaked one."""
SECRET_BYTES = 32
LAST_USED_PRECISION = timedelta(minutes=1)
"""`last_used_at` is written at most once in this time."""


async def create_access_token(
    session: Session, user_id: UUID, request: AccessTokenCreate, now: datetime
) -> AccessTokenCreated:
    """Create a token and return it; the token itself is never readable again (PAT-001).

    Raises:
        AccessTokenExistsError: the user has a token of this name, so a repeated request creates no second one.
        InvalidExpiryError: the expiry is in the past.
    """
    if request.expires_at is not None and request.expires_at <= now:
        raise InvalidExpiryError
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = await session.fetch_one(
        statements.INSERT_TOKEN,
        user_id=user_id,
        name=request.name,
        token_hash=hash_token(token),
        scopes=sorted(set(request.scopes)),
        expires_at=request.expires_at,
    )
    assert row is not None
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
        InvalidTokenError: the token does not exist.
        TokenExpiredError: the token has expired (PAT-006).
    """
    row = await session.fetch_one(statements.SELECT_BY_HASH, token_hash=hash_token(token))
    if row is None:
        raise InvalidTokenError
    if row["expires_at"] is not None and attach_utc(row["expires_at"]) <= now:
        raise TokenExpiredError
    if row["last_used_at"] is None or row["last_used_at"] <= now - LAST_USED_PRECISION:
        await session.fetch_all(statements.UPDATE_LAST_USED, user_id=row["user_id"], id=row["id"], now=now)
    return Principal(row["user_id"], scopes=frozenset(row["scopes"]))
