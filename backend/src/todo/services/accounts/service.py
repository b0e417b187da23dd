"""Accounts: register, log in, change and delete an account."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.limits.rate_limits import RateLimits
from todo.core.metrics import LOGINS
from todo.core.security.passwords import PasswordHasher
from todo.core.security.tokens import TokenSigner, hash_token
from todo.domain.account import InvalidEmailError, normalize_email
from todo.domain.text import fold
from todo.schemas.user import AccountUpdate, PasswordChange, UserCreate, UserPublic
from todo.services.accounts import statements
from todo.services.accounts.errors import InvalidCredentialsError, WrongOldPasswordError, WrongPasswordError
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.login_sessions import service as login_session_service
from todo.services.login_sessions.service import Client, TokenPair

ACCOUNT_LIMIT = "account"
"""The name of the rate limit on wrong passwords by account."""


@dataclass(frozen=True)
class Security:
    """The tools that check credentials."""

    hasher: PasswordHasher
    signer: TokenSigner
    rate_limits: RateLimits


async def create_user(session: Session, hasher: PasswordHasher, user: UserCreate) -> UserPublic:
    """Register a user (REG-001).

    Raises:
        EmailAlreadyExistsError: the address is taken, in any case; of two concurrent requests one gets this (REG-003).
    """
    password_hash = await hasher.hash(user.password)
    row = await session.fetch_one(
        statements.INSERT_USER,
        email=user.email,
        email_key=fold(user.email),
        password_hash=password_hash,
        name=user.name,
    )
    return _read_row(row)


async def log_in(
    session: Session,
    security: Security,
    *,
    email: str,
    password: str,
    client: Client,
    now: datetime,
) -> TokenPair:
    """Exchange an e-mail address and its password for tokens, and create a login session (LOG-001).

    Attempts are counted by account, for unknown addresses too, until one succeeds. An address that has logged in to
    the account before is not limited. Guessing from many addresses is slow, and the owner at home is not locked out.

    Raises:
        InvalidCredentialsError: the e-mail address or the password is wrong. Response and time are the same for both
            (LOG-002, LOG-003).
        RateLimitExceededError: the account had too many attempts (ACC-009).
    """
    try:
        email = normalize_email(email)
    except InvalidEmailError:
        user = None
    else:
        user = await session.fetch_one(statements.SELECT_CREDENTIALS, email_key=fold(email), address=client.address)
    # The hash bounds the length of the key: an address can be as long as a request body.
    account = str(user["id"]) if user else hash_token(fold(email)).hex()
    if user is None or not user["known_address"]:
        security.rate_limits.count_attempt(ACCOUNT_LIMIT, account)
    if not await security.hasher.verify(password, user["password_hash"] if user else None) or user is None:
        LOGINS.labels("refused").inc()
        raise InvalidCredentialsError
    security.rate_limits.forget_attempts(ACCOUNT_LIMIT, account)
    tokens = await login_session_service.create_login_session(session, security.signer, user, client, now)
    if tokens is None:
        raise InvalidCredentialsError
    LOGINS.labels("accepted").inc()
    return tokens


async def get_user(session: Session, user_id: UUID) -> UserPublic:
    """Return an account (TOK-001).

    Raises:
        InvalidTokenError: the user was deleted.
    """
    return _read_row(await session.fetch_one(statements.SELECT_USER, user_id=user_id))


async def update_user(session: Session, security: Security, principal: Principal, changes: AccountUpdate) -> UserPublic:
    """Change the name or, with the password, the e-mail address (ACC-001, ACC-002).

    Raises:
        WrongPasswordError: the e-mail address changes, and the password is wrong or missing.
        EmailAlreadyExistsError: another user has the address.
        RateLimitExceededError: too many wrong passwords.
    """
    values = changes.model_dump(exclude={"password"})
    if not values:
        return await get_user(session, principal.id)
    if "email" in values:
        password = changes.model_dump().get("password", "")
        values["email_key"] = fold(values["email"])
        values["password_hash"] = await _verify_password(session, security, principal, password)
    statement = statements.update_user(frozenset(values) - {"password_hash"})
    row = await session.fetch_one(statement, user_id=principal.id, **values)
    if row is None and "email" in values:
        raise WrongPasswordError
    return _read_row(row)


async def change_password(
    session: Session, security: Security, principal: Principal, change: PasswordChange, now: datetime
) -> None:
    """Set a new password and end all other login sessions, in one transaction (ACC-004).

    Raises:
        WrongOldPasswordError: the old password is wrong.
        RateLimitExceededError: too many wrong passwords.
    """
    old_hash = await _verify_password(session, security, principal, change.old_password, WrongOldPasswordError)
    new_hash = await security.hasher.hash(change.new_password)
    async with session.transaction() as transaction:
        row = await transaction.fetch_one(
            statements.UPDATE_PASSWORD, user_id=principal.id, password_hash=old_hash, new_hash=new_hash
        )
        if row is None:
            raise WrongOldPasswordError
        await login_session_service.end_other_login_sessions(transaction, principal, now)


async def delete_user(session: Session, security: Security, principal: Principal, password: str) -> None:
    """Delete an account with all its data (ACC-006).

    Raises:
        WrongPasswordError: the password is wrong.
        RateLimitExceededError: too many wrong passwords.
    """
    password_hash = await _verify_password(session, security, principal, password)
    row = await session.fetch_one(statements.DELETE_USER, user_id=principal.id, password_hash=password_hash)
    if row is None:
        raise WrongPasswordError


async def _verify_password(
    session: Session,
    security: Security,
    principal: Principal,
    password: str,
    error: type[WrongPasswordError] = WrongPasswordError,
) -> str:
    """Return the hash that the password matched, for the condition of the following statement.

    Attempts are counted by login session, so guesses at the log-in do not block the owner who is logged in.
    """
    key = f"{principal.id} {principal.login_session_id}"
    security.rate_limits.count_attempt(ACCOUNT_LIMIT, key)
    row = await session.fetch_one(statements.SELECT_PASSWORD_HASH, user_id=principal.id)
    if row is None:
        raise InvalidTokenError
    password_hash: str = row["password_hash"]
    if not await security.hasher.verify(password, password_hash):
        raise error
    security.rate_limits.forget_attempts(ACCOUNT_LIMIT, key)
    return password_hash


def _read_row(row: Row | None) -> UserPublic:
    if row is None:
        raise InvalidTokenError
    return cast("UserPublic", dict(row))
