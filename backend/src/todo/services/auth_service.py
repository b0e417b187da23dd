"""Accounts and tokens: who somebody is, and how they prove it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import String as SqlString
from sqlalchemy import bindparam, func, insert, select

from todo.core.database import Row, Session, Statement
from todo.core.errors import AuthenticationError, InvalidValueError
from todo.core.security import BadTokenError, Claims, PasswordHasher, TokenKind, TokenSigner
from todo.core.types import InvalidEmailError, normalize_email
from todo.models.base import table_of
from todo.models.user import EMAIL_UNIQUE, User
from todo.schemas.token import TokenPublic
from todo.schemas.user import UserCreate, UserPublic


class EmailAlreadyExistsError(InvalidValueError):
    """A user with this email already exists"""

    code = "EMAIL_ALREADY_EXISTS"
    field = "email"


class InvalidCredentialsError(AuthenticationError):
    """Invalid email or password"""

    code = "INVALID_CREDENTIALS"


class MissingTokenError(AuthenticationError):
    """Authentication required"""

    code = "MISSING_TOKEN"


class TokenExpiredError(AuthenticationError):
    """Access token has expired"""

    code = "TOKEN_EXPIRED"


class InvalidTokenError(AuthenticationError):
    """Invalid authentication token"""

    code = "INVALID_TOKEN"


class InvalidTokenTypeError(AuthenticationError):
    """Invalid token type for this operation"""

    code = "INVALID_TOKEN_TYPE"


class MissingRefreshTokenError(AuthenticationError):
    """Refresh token not found"""

    code = "MISSING_REFRESH_TOKEN"


class RefreshTokenExpiredError(AuthenticationError):
    """Refresh token has expired. Please log in again"""

    code = "REFRESH_TOKEN_EXPIRED"


@dataclass(frozen=True)
class TokenPair:
    """What a log-in gives: a token for the body of the answer and one for the cookie."""

    access: TokenPublic
    refresh: str


USERS = table_of(User)
EMAIL = bindparam("email", type_=SqlString)
PUBLIC_COLUMNS = (USERS.c.id, USERS.c.email, USERS.c.name, USERS.c.created_at)

INSERT_USER = Statement(
    insert(USERS)
    .values(email=EMAIL, password_hash=bindparam("password_hash"), name=bindparam("name"))
    .returning(*PUBLIC_COLUMNS),
    violations={EMAIL_UNIQUE: EmailAlreadyExistsError},
)
SELECT_CREDENTIALS = Statement(
    select(USERS.c.id, USERS.c.email, USERS.c.password_hash).where(func.lower(USERS.c.email) == func.lower(EMAIL))
)
SELECT_USER = Statement(select(*PUBLIC_COLUMNS).where(USERS.c.id == bindparam("user_id")))


async def create_user(session: Session, hasher: PasswordHasher, user: UserCreate) -> UserPublic:
    """Register a user (REG-001).

    Raises:
        EmailAlreadyExistsError: the address is taken, in whatever case; of two at once one gets this (REG-003).
    """
    password_hash = await hasher.hash(user.password)
    row = await session.fetch_one(INSERT_USER, email=user.email, password_hash=password_hash, name=user.name)
    return _existing(row)


async def log_in(
    session: Session, hasher: PasswordHasher, signer: TokenSigner, *, email: str, password: str, now: datetime
) -> TokenPair:
    """Exchange an e-mail and its password for tokens (LOG-001).

    Raises:
        InvalidCredentialsError: one of them is wrong. Which one shows neither in the answer nor in its time
            (LOG-002, LOG-003).
    """
    user = await _find_credentials(session, email)
    if not await hasher.verify(password, user["password_hash"] if user else None) or user is None:
        raise InvalidCredentialsError
    return TokenPair(
        access=TokenPublic(access_token=signer.sign(TokenKind.ACCESS, user["id"], user["email"], now)),
        refresh=signer.sign(TokenKind.REFRESH, user["id"], user["email"], now),
    )


async def refresh(session: Session, signer: TokenSigner, token: str | None, now: datetime) -> TokenPublic:
    """Exchange a refresh token for a new access token (REF-001).

    Raises:
        MissingRefreshTokenError: there is none (REF-003).
        RefreshTokenExpiredError: it was issued more than seven days ago (REF-002).
        InvalidTokenTypeError: it is an access token.
        InvalidTokenError: it is not one of ours, or its user is gone (REF-004).
    """
    if not token:
        raise MissingRefreshTokenError
    claims = _read_claims(signer, token, TokenKind.REFRESH)
    if claims.exp <= now.timestamp():
        raise RefreshTokenExpiredError
    user = await get_user(session, claims.sub)
    return TokenPublic(access_token=signer.sign(TokenKind.ACCESS, user.id, user.email, now))


def read_access_token(signer: TokenSigner, token: str | None, now: datetime) -> Claims:
    """Return what an access token says, without asking the database.

    Raises:
        MissingTokenError: there is none (TOK-004).
        InvalidTokenError: it is malformed or not signed by us (TOK-003).
        InvalidTokenTypeError: it is a refresh token (TOK-005).
        TokenExpiredError: its 15 minutes are over (TOK-002).
    """
    if not token:
        raise MissingTokenError
    claims = _read_claims(signer, token, TokenKind.ACCESS)
    if claims.exp <= now.timestamp():
        raise TokenExpiredError
    return claims


async def get_user(session: Session, user_id: UUID) -> UserPublic:
    """Return an account (TOK-001).

    Raises:
        InvalidTokenError: the account is gone, and with it the worth of the token that names it.
    """
    return _existing(await session.fetch_one(SELECT_USER, user_id=user_id))


def _existing(row: Row | None) -> UserPublic:
    if row is None:
        raise InvalidTokenError
    return UserPublic.model_validate(dict(row))


async def _find_credentials(session: Session, email: str) -> Row | None:
    try:
        address = normalize_email(email)
    except InvalidEmailError:
        return None
    return await session.fetch_one(SELECT_CREDENTIALS, email=address)


def _read_claims(signer: TokenSigner, token: str, kind: TokenKind) -> Claims:
    try:
        claims = signer.verify(token)
    except BadTokenError as error:
        raise InvalidTokenError from error
    if claims.type is not kind:
        raise InvalidTokenTypeError
    return claims
