"""Accounts: registering, logging in, and what people do with their own."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, delete, exists, func, insert, select, update

from todo.core.database.session import Row, Session, Statement
from todo.core.errors import AuthenticationError, InvalidValueError
from todo.core.limits.rate_limits import RateLimits
from todo.core.metrics import LOGINS
from todo.core.security.tokens import PasswordHasher, TokenSigner, hash_token
from todo.domain.account import InvalidEmailError, normalize_email
from todo.models import LoginSession, User
from todo.models.base import table_of
from todo.models.user import EMAIL_UNIQUE
from todo.schemas.user import AccountUpdate, PasswordChange, UserCreate, UserPublic
from todo.services.authentication import Caller, InvalidTokenError
from todo.services.login_sessions import service as session_service
from todo.services.login_sessions.service import Device, TokenPair

ACCOUNT = "account"
"""The name under which wrong passwords are counted by account."""


class EmailAlreadyExistsError(InvalidValueError):
    """A user with this email already exists"""

    code = "EMAIL_ALREADY_EXISTS"
    field = "email"


class InvalidCredentialsError(AuthenticationError):
    """Invalid email or password"""

    code = "INVALID_CREDENTIALS"


class WrongPasswordError(InvalidValueError):
    """The password is not right"""

    code = "WRONG_PASSWORD"
    field = "password"


@dataclass(frozen=True)
class Security:
    """What passwords and tokens are made and checked with."""

    hasher: PasswordHasher
    signer: TokenSigner
    rate_limits: RateLimits


class WrongOldPasswordError(WrongPasswordError):
    """The old password is not right"""

    field = "old_password"


USERS, SESSIONS = table_of(User), table_of(LoginSession)
EMAIL = bindparam("email", type_=String)
USER_ID = bindparam("user_id", type_=Uuid)
PASSWORD_HASH = bindparam("password_hash", type_=String)
NEW_HASH = bindparam("new_hash", type_=String)
PUBLIC_COLUMNS = tuple(USERS.c[name] for name in UserPublic.__annotations__)
EMAIL_TAKEN = {EMAIL_UNIQUE: EmailAlreadyExistsError}

INSERT_USER = Statement(
    insert(USERS)
    .values(email=EMAIL, password_hash=PASSWORD_HASH, name=bindparam("name", type_=String))
    .returning(*PUBLIC_COLUMNS),
    EMAIL_TAKEN,
)
SELECT_CREDENTIALS = Statement(
    select(
        USERS.c.id,
        USERS.c.email,
        USERS.c.password_hash,
        exists()
        .where(SESSIONS.c.user_id == USERS.c.id, SESSIONS.c.address == bindparam("address", type_=String))
        .label("known_address"),
    ).where(func.lower(USERS.c.email) == func.lower(EMAIL))
)
SELECT_USER = Statement(select(*PUBLIC_COLUMNS).where(USERS.c.id == USER_ID))
SELECT_PASSWORD_HASH = Statement(select(USERS.c.password_hash).where(USERS.c.id == USER_ID))
UNCHANGED_PASSWORD = (USERS.c.id == USER_ID, USERS.c.password_hash == PASSWORD_HASH)
"""The password was verified before the statement: should it have changed since, nothing happens."""
UPDATE_PASSWORD = Statement(
    update(USERS).where(*UNCHANGED_PASSWORD).values(password_hash=NEW_HASH).returning(USERS.c.id)
)
DELETE_USER = Statement(delete(USERS).where(*UNCHANGED_PASSWORD).returning(USERS.c.id))


@cache
def _update_user(fields: frozenset[str]) -> Statement:
    """Return the statement that writes these fields; a new e-mail address only while the password is unchanged."""
    return Statement(
        update(USERS)
        .where(*(UNCHANGED_PASSWORD if "email" in fields else (USERS.c.id == USER_ID,)))
        .values(**{name: bindparam(name, type_=USERS.c[name].type) for name in sorted(fields)})
        .returning(*PUBLIC_COLUMNS),
        EMAIL_TAKEN,
    )


async def create_user(session: Session, hasher: PasswordHasher, user: UserCreate) -> UserPublic:
    """Register a user (REG-001).

    Raises:
        EmailAlreadyExistsError: the address is taken, in whatever case; of two at once one gets this (REG-003).
    """
    password_hash = await hasher.hash(user.password)
    row = await session.fetch_one(INSERT_USER, email=user.email, password_hash=password_hash, name=user.name)
    return _existing(row)


async def log_in(
    session: Session,
    security: Security,
    *,
    email: str,
    password: str,
    device: Device,
    now: datetime,
) -> TokenPair:
    """Exchange an e-mail and its password for tokens, and begin a session (LOG-001).

    Attempts are counted by account, whether it exists or not, until one succeeds. When there were too many, only an
    address that logged in to the account before gets a try: guessing from many addresses is slow, and locks out no
    owner at home.

    Raises:
        InvalidCredentialsError: one of them is wrong. Which one shows neither in the answer nor in its time
            (LOG-002, LOG-003).
        RateLimitExceededError: too many attempts at this account (ACC-009).
    """
    try:
        email = normalize_email(email)
    except InvalidEmailError:
        user = None
    else:
        user = await session.fetch_one(SELECT_CREDENTIALS, email=email, address=device.address)
    # A hash, for an address may be as long as a body.
    account = str(user["id"]) if user else hash_token(email.casefold()).hex()
    at_home = user is not None and user["known_address"]
    if not at_home:
        security.rate_limits.count_attempt(ACCOUNT, account)
    if not await security.hasher.verify(password, user["password_hash"] if user else None) or user is None:
        LOGINS.labels("refused").inc()
        raise InvalidCredentialsError
    security.rate_limits.forget_attempts(ACCOUNT, account)
    tokens = await session_service.create_session(session, security.signer, user, device, now)
    if tokens is None:
        raise InvalidCredentialsError
    LOGINS.labels("accepted").inc()
    return tokens


async def get_user(session: Session, user_id: UUID) -> UserPublic:
    """Return an account (TOK-001).

    Raises:
        InvalidTokenError: the account is gone, and with it the worth of the token that names it.
    """
    return _existing(await session.fetch_one(SELECT_USER, user_id=user_id))


async def update_user(session: Session, security: Security, caller: Caller, changes: AccountUpdate) -> UserPublic:
    """Change the name or, with the password, the e-mail address (ACC-001, ACC-002).

    Raises:
        WrongPasswordError: the e-mail is to change and the password is not right or not there.
        EmailAlreadyExistsError: somebody has that address.
        RateLimitExceededError: too many wrong passwords.
    """
    values = changes.model_dump(exclude={"password"})
    if not values:
        return await get_user(session, caller.id)
    if "email" in values:
        password = changes.model_dump().get("password", "")
        values["password_hash"] = await _verify_password(session, security, caller, password)
    row = await session.fetch_one(_update_user(frozenset(values) - {"password_hash"}), user_id=caller.id, **values)
    if row is None and "email" in values:
        raise WrongPasswordError
    return _existing(row)


async def change_password(
    session: Session, security: Security, caller: Caller, change: PasswordChange, now: datetime
) -> None:
    """Set a new password and end all sessions but the one that asks, together (ACC-004).

    Raises:
        WrongOldPasswordError: the old one is not right.
        RateLimitExceededError: too many wrong passwords.
    """
    old_hash = await _verify_password(session, security, caller, change.old_password, WrongOldPasswordError)
    new_hash = await security.hasher.hash(change.new_password)
    async with session.transaction() as together:
        if not await together.fetch_one(UPDATE_PASSWORD, user_id=caller.id, password_hash=old_hash, new_hash=new_hash):
            raise WrongOldPasswordError
        await session_service.end_other_sessions(together, caller, now)


async def delete_user(session: Session, security: Security, caller: Caller, password: str) -> None:
    """Delete an account and everything of its owner's (ACC-006).

    Raises:
        WrongPasswordError: the password is not right.
        RateLimitExceededError: too many wrong passwords.
    """
    password_hash = await _verify_password(session, security, caller, password)
    if await session.fetch_one(DELETE_USER, user_id=caller.id, password_hash=password_hash) is None:
        raise WrongPasswordError


async def _verify_password(
    session: Session,
    security: Security,
    caller: Caller,
    password: str,
    error: type[WrongPasswordError] = WrongPasswordError,
) -> str:
    """Return the hash that the password was right for, so that what follows can insist on it.

    Attempts are counted by session: who guesses at the log-in does not keep the owner, who is logged in, from this.
    """
    account = f"{caller.id} {caller.session_id}"
    security.rate_limits.count_attempt(ACCOUNT, account)
    row = await session.fetch_one(SELECT_PASSWORD_HASH, user_id=caller.id)
    if row is None:
        raise InvalidTokenError
    password_hash: str = row["password_hash"]
    if not await security.hasher.verify(password, password_hash):
        raise error
    security.rate_limits.forget_attempts(ACCOUNT, account)
    return password_hash


def _existing(row: Row | None) -> UserPublic:
    if row is None:
        raise InvalidTokenError
    return cast("UserPublic", dict(row))
