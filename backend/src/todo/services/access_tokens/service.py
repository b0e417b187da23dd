"""Personal access tokens: what a script has instead of somebody's password."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, bindparam, delete, insert, or_, select, update

from todo.core.clock import as_utc
from todo.core.database.session import Session, Statement
from todo.core.errors import InvalidValueError, NotFoundError
from todo.core.security.tokens import hash_token
from todo.domain.access_token import InvalidExpiryError
from todo.models import AccessToken
from todo.models.access_token import OWNER_EXISTS, TOKEN_NAME_UNIQUE
from todo.models.base import table_of
from todo.schemas.access_token import AccessTokenCreate, AccessTokenCreated, AccessTokenPublic
from todo.services.authentication import Caller, InvalidTokenError, TokenExpiredError

PREFIX = "todo_pat_"
"""Begins every token, so that scanners of leaked secrets know one when they see it."""
SECRET_BYTES = 32
LAST_USED_PRECISION = timedelta(minutes=1)
"""A token that is used all the time is written once in this."""


class AccessTokenNotFoundError(NotFoundError):
    """Personal access token not found"""

    code = "TOKEN_NOT_FOUND"


class AccessTokenExistsError(InvalidValueError):
    """A personal access token with this name already exists"""

    code = "TOKEN_ALREADY_EXISTS"
    field = "name"


TOKENS = table_of(AccessToken)
USER_ID = bindparam("user_id", type_=TOKENS.c.user_id.type)
NOW = bindparam("now", type_=DateTime(timezone=True))
PUBLIC_COLUMNS = tuple(TOKENS.c[name] for name in AccessTokenPublic.model_fields)

INSERT_TOKEN = Statement(
    insert(TOKENS)
    .values(
        user_id=USER_ID,
        name=bindparam("name"),
        token_hash=bindparam("token_hash", type_=LargeBinary),
        scopes=bindparam("scopes", type_=ARRAY(Text)),
        expires_at=bindparam("expires_at", type_=DateTime(timezone=True)),
    )
    .returning(*PUBLIC_COLUMNS),
    violations={TOKEN_NAME_UNIQUE: AccessTokenExistsError, OWNER_EXISTS: InvalidTokenError},
)
SELECT_TOKENS = Statement(select(*PUBLIC_COLUMNS).where(TOKENS.c.user_id == USER_ID).order_by(TOKENS.c.id))
SELECT_BY_HASH = Statement(
    select(TOKENS.c.user_id, TOKENS.c.id, TOKENS.c.scopes, TOKENS.c.expires_at, TOKENS.c.last_used_at).where(
        TOKENS.c.token_hash == bindparam("token_hash", type_=LargeBinary)
    )
)
NOTE_USE = Statement(
    update(TOKENS)
    .where(
        TOKENS.c.user_id == USER_ID,
        TOKENS.c.id == bindparam("id"),
        or_(TOKENS.c.last_used_at.is_(None), TOKENS.c.last_used_at < NOW),
    )
    .values(last_used_at=NOW)
)
DELETE_TOKEN = Statement(
    delete(TOKENS).where(TOKENS.c.user_id == USER_ID, TOKENS.c.id == bindparam("id")).returning(TOKENS.c.id)
)


async def create_access_token(
    session: Session, user_id: UUID, request: AccessTokenCreate, now: datetime
) -> AccessTokenCreated:
    """Make a token and return it, this once (PAT-001).

    Raises:
        AccessTokenExistsError: the user has one of this name, so a repeated request makes no second one.
        InvalidExpiryError: it would have expired already.
    """
    if request.expires_at is not None and request.expires_at <= now:
        raise InvalidExpiryError
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = await session.fetch_one(
        INSERT_TOKEN,
        user_id=user_id,
        name=request.name,
        token_hash=hash_token(token),
        scopes=sorted(set(request.scopes)),
        expires_at=request.expires_at,
    )
    assert row is not None
    return AccessTokenCreated(**row, token=token)


async def list_access_tokens(session: Session, user_id: UUID) -> list[AccessTokenPublic]:
    """Return the user's tokens, the oldest first, without what they are (PAT-003)."""
    rows = await session.fetch_all(SELECT_TOKENS, user_id=user_id)
    return [AccessTokenPublic(**row) for row in rows]


async def delete_access_token(session: Session, user_id: UUID, token_id: int) -> None:
    """Delete a token; it is refused from now on (PAT-004).

    Raises:
        AccessTokenNotFoundError: there is none, or it is somebody else's.
    """
    if await session.fetch_one(DELETE_TOKEN, user_id=user_id, id=token_id) is None:
        raise AccessTokenNotFoundError


async def read_personal_token(session: Session, token: str, now: datetime) -> Caller:
    """Return whom a personal access token is for and what it may do; one statement, and a second once a minute.

    Raises:
        InvalidTokenError: there is no such token, or no longer.
        TokenExpiredError: its time is over (PAT-006).
    """
    row = await session.fetch_one(SELECT_BY_HASH, token_hash=hash_token(token))
    if row is None:
        raise InvalidTokenError
    if row["expires_at"] is not None and as_utc(row["expires_at"]) <= now:
        raise TokenExpiredError
    if row["last_used_at"] is None or row["last_used_at"] <= now - LAST_USED_PRECISION:
        await session.fetch_all(NOTE_USE, user_id=row["user_id"], id=row["id"], now=now)
    return Caller(row["user_id"], scopes=frozenset(row["scopes"]))
