"""Accounts: register, log in, change and delete an account."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from todo.core.config import Registration
from todo.core.database.session import Row, Session
from todo.core.limits.rate_limits import RateLimits, account_key, network_of
from todo.core.metrics import LOGINS
from todo.core.security.passwords import PasswordHasher
from todo.core.security.sealing import Sealer
from todo.core.security.tokens import TokenSigner
from todo.domain.account import EMAIL_MAX, InvalidEmailError, normalize_email
from todo.domain.text import fold
from todo.schemas.user import AccountUpdate, PasswordChange, UserCreate, UserPublic
from todo.services.accounts import statements
from todo.services.accounts.email_change import ask_email_change
from todo.services.accounts.errors import (
    AccountDisabledError,
    InvalidCredentialsError,
    RegistrationClosedError,
    WrongOldPasswordError,
    WrongPasswordError,
)
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.invitations import service as invitation_service
from todo.services.login_sessions import service as login_session_service
from todo.services.login_sessions.service import Client, TokenPair
from todo.services.shared.locks import LOCK_EXISTING_CLOCK
from todo.services.shared.log.account_log import logged_account
from todo.services.shared.log.writer import Writer
from todo.services.totp import service as totp_service


@dataclass(frozen=True)
class Security:
    """The tools that check credentials.

    Attributes:
        hasher: hashes passwords.
        signer: signs tokens.
        sealer: seals secrets for storage.
        rate_limits: counts attempts.
        max_login_sessions: how many login sessions a user may have.
        has_mail: whether the service sends mail.
    """

    hasher: PasswordHasher
    signer: TokenSigner
    sealer: Sealer
    rate_limits: RateLimits
    max_login_sessions: int
    has_mail: bool


async def register_user(
    session: Session, hasher: PasswordHasher, user: UserCreate, registration: Registration, now: datetime
) -> UserPublic:
    """Register a user as the setting REGISTRATION allows (USR-001 to USR-004).

    Raises:
        RegistrationClosedError: the setting is `closed`.
        InvitationRequiredError: the setting is `invited`, and the invitation is missing, unknown, used or expired.
        EmailAlreadyExistsError: the address is taken. The invitation can be used again.
    """
    if registration == "closed":
        raise RegistrationClosedError
    if registration == "open":
        return await create_user(session, hasher, user)
    code = invitation_service.read_code(user.invitation)
    password_hash = await hasher.hash(user.password)
    async with session.transaction() as transaction:
        await invitation_service.use_invitation(transaction, code, now)
        return await _insert_user(transaction, user, password_hash)


async def create_user(session: Session, hasher: PasswordHasher, user: UserCreate) -> UserPublic:
    """Create a user, whatever the setting REGISTRATION is (REG-001).

    Raises:
        EmailAlreadyExistsError: the address is taken, in any case; of two concurrent requests one gets this (REG-003).
    """
    return await _insert_user(session, user, await hasher.hash(user.password))


async def _insert_user(session: Session, user: UserCreate, password_hash: str) -> UserPublic:
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
    totp_code: str,
    client: Client,
    now: datetime,
) -> TokenPair:
    """Exchange credentials for tokens, and create a login session (LOG-001).

    The code is read only after the right password, for an account with a second factor.

    Attempts are counted by account and network before the address is looked up, so a known and an unknown address
    differ in nothing (AUT-022, AUT-023).

    Raises:
        InvalidCredentialsError: the e-mail address or the password is wrong. Response and time are the same for both
            (LOG-002, LOG-003).
        TotpRequiredError: the password is right, and the code of the second factor is missing (TFA-004).
        InvalidTotpCodeError: the password is right, and the code is wrong or was used (TFA-005, TFA-006).
        AccountDisabledError: the password is right, and the account is disabled (USR-005).
        RateLimitExceededError: the account had too many attempts from the network (ACC-009), or too many TOTP codes
            (TFA-009).
    """
    try:
        email, is_valid = normalize_email(email), True
    except InvalidEmailError:
        is_valid = False
    # An invalid address can be as long as a request body.
    key = fold(email[:EMAIL_MAX])
    account, network = account_key(key), network_of(client.address)
    await security.rate_limits.count_password(account, network)
    user = await session.fetch_one(statements.SELECT_CREDENTIALS, email_key=key) if is_valid else None
    if not await security.hasher.verify(password, user["password_hash"] if user else None) or user is None:
        LOGINS.labels("refused").inc()
        raise InvalidCredentialsError
    if user["disabled_at"] is not None:
        LOGINS.labels("refused").inc()
        raise AccountDisabledError
    if user["totp_enabled"]:
        await totp_service.check_login_code(session, security.sealer, security.rate_limits, user["id"], totp_code, now)
    await security.rate_limits.forget_passwords(account, network)
    tokens = await login_session_service.create_login_session(
        session, security.signer, user, client, now, max_login_sessions=security.max_login_sessions
    )
    if tokens is None:
        raise InvalidCredentialsError
    LOGINS.labels("accepted").inc()
    return tokens


async def get_user(session: Session, user_id: UUID, now: datetime) -> UserPublic:
    """Return an account (TOK-001).

    Raises:
        InvalidTokenError: the user was deleted.
    """
    return _read_row(await session.fetch_one(statements.SELECT_USER, user_id=user_id, now=now))


async def find_user(session: Session, user_id: UUID, now: datetime) -> UserPublic | None:
    """Return an account, or None if the user was deleted."""
    row = await session.fetch_one(statements.SELECT_USER, user_id=user_id, now=now)
    return None if row is None else _read_row(row)


async def update_user(
    writer: Writer, security: Security, principal: Principal, changes: AccountUpdate, client: Client, now: datetime
) -> UserPublic:
    """Change the name or, with the password, the e-mail address (ACC-001, ACC-002).

    If the service sends mail, a new address waits until it is confirmed (MAI-020).

    Raises:
        WrongPasswordError: the e-mail address changes, and the password is wrong or missing.
        EmailAlreadyExistsError: another user has the address.
        RateLimitExceededError: too many wrong passwords, or too many mails to one of the two addresses.
    """
    values = changes.model_dump(exclude={"password"})
    if not values:
        return await get_user(writer.session, principal.id, now)
    if "email" not in values:
        return _read_row(await _write_fields(writer, values, now))
    email, password = values.pop("email"), changes.model_dump().get("password", "")
    values["password_hash"] = await verify_password(writer.session, security, principal, client, password)
    if security.has_mail:
        return _read_row(await ask_email_change(writer, security.rate_limits, values, email, now))
    row = await _write_fields(
        writer, values | {"email": email, "email_key": fold(email), **statements.NO_PENDING_EMAIL}, now
    )
    if row is None:
        raise WrongPasswordError
    return _read_row(row)


async def _write_fields(writer: Writer, values: dict[str, object], now: datetime) -> Row | None:
    """Write fields of the account; `password_hash` is the condition of a new address."""
    statement = statements.update_user(frozenset(values) - {"password_hash"})
    async with logged_account(writer) as transaction:
        return await transaction.fetch_one(statement, user_id=writer.user_id, now=now, **values)


async def change_password(
    writer: Writer, security: Security, principal: Principal, change: PasswordChange, client: Client, now: datetime
) -> None:
    """Set a new password and end all other login sessions, in one transaction (ACC-004).

    A change of the address that waits for confirmation is cancelled.

    Raises:
        WrongOldPasswordError: the old password is wrong.
        RateLimitExceededError: too many wrong passwords.
    """
    old_hash = await verify_password(
        writer.session, security, principal, client, change.old_password, WrongOldPasswordError
    )
    new_hash = await security.hasher.hash(change.new_password)
    async with logged_account(writer) as transaction:
        row = await transaction.fetch_one(
            statements.UPDATE_PASSWORD, user_id=principal.id, password_hash=old_hash, new_hash=new_hash
        )
        if row is None:
            raise WrongOldPasswordError
        await login_session_service.end_other_login_sessions(transaction, principal, now)


async def delete_user(
    session: Session, security: Security, principal: Principal, password: str, client: Client
) -> None:
    """Delete an account with all its data (ACC-006).

    Raises:
        WrongPasswordError: the password is wrong.
        RateLimitExceededError: too many wrong passwords.
    """
    password_hash = await verify_password(session, security, principal, client, password)
    async with session.transaction() as transaction:
        await transaction.fetch_one(LOCK_EXISTING_CLOCK, user_id=principal.id)
        row = await transaction.fetch_one(statements.DELETE_USER, user_id=principal.id, password_hash=password_hash)
    if row is None:
        raise WrongPasswordError


async def verify_password(
    session: Session,
    security: Security,
    principal: Principal,
    client: Client,
    password: str,
    error: type[WrongPasswordError] = WrongPasswordError,
) -> str:
    """Return the hash that the password of a logged-in user matched, for the condition of the following statement.

    Attempts count as those at the log-in do.
    """
    row = await session.fetch_one(statements.SELECT_PASSWORD, user_id=principal.id)
    if row is None:
        raise InvalidTokenError
    account, network = account_key(row["email_key"]), network_of(client.address)
    await security.rate_limits.count_password(account, network)
    password_hash: str = row["password_hash"]
    if not await security.hasher.verify(password, password_hash):
        raise error
    await security.rate_limits.forget_passwords(account, network)
    return password_hash


def _read_row(row: Row | None) -> UserPublic:
    if row is None:
        raise InvalidTokenError
    return cast("UserPublic", dict(row))
