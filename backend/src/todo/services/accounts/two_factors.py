"""Second factors of accounts: set up, replace the recovery codes, and disable, after the password."""

from datetime import datetime
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.schemas.totp import RecoveryCodesPublic, TotpConfirmation, TotpSetupPublic
from todo.services.accounts.errors import WrongPasswordError
from todo.services.accounts.service import Security, get_user, verify_password
from todo.services.authentication import Principal
from todo.services.login_sessions.service import Client
from todo.services.shared.locks import LOCK_USER
from todo.services.shared.log.writer import Writer
from todo.services.totp import codes
from todo.services.totp import service as totp_service
from todo.services.totp.errors import TotpAlreadyEnabledError, TotpNotEnabledError, WrongTotpCodeError


async def start_totp(
    session: Session,
    security: Security,
    principal: Principal,
    password: str,
    client: Client,
    now: datetime,
    *,
    issuer: str,
) -> TotpSetupPublic:
    """Create a pending secret in place of an earlier pending one (TFA-001).

    Raises:
        WrongPasswordError: the password is wrong.
        TotpAlreadyEnabledError: the account has a second factor.
        RateLimitExceededError: too many wrong passwords.
    """
    password_hash = await verify_password(session, security, principal, client, password)
    account = await get_user(session, principal.id, now)
    secret = codes.new_secret()
    async with session.transaction() as transaction:
        user = await _lock_user(transaction, principal.id, password_hash)
        if user["totp_enabled"]:
            raise TotpAlreadyEnabledError
        await totp_service.save_secret(transaction, security.sealer, principal.id, secret)
    return TotpSetupPublic(secret=secret, uri=codes.setup_uri(secret, account["email"], issuer))


async def replace_recovery_codes(
    session: Session,
    security: Security,
    principal: Principal,
    confirmation: TotpConfirmation,
    client: Client,
    now: datetime,
) -> RecoveryCodesPublic:
    """Replace all recovery codes (TFA-003).

    Raises:
        WrongPasswordError: the password is wrong.
        TotpNotEnabledError: the account has no second factor.
        WrongTotpCodeError: the code is wrong or was used.
        RateLimitExceededError: too many wrong passwords or TOTP codes.
    """
    password_hash = await _verify_both(session, security, principal, confirmation, client, now)
    async with session.transaction() as transaction:
        user = await _lock_user(transaction, principal.id, password_hash)
        if not user["totp_enabled"]:
            raise TotpNotEnabledError
        return await totp_service.replace_recovery_codes(transaction, principal.id)


async def delete_totp(
    writer: Writer,
    security: Security,
    principal: Principal,
    confirmation: TotpConfirmation,
    client: Client,
    now: datetime,
) -> None:
    """Delete the second factor with its recovery codes (TFA-008). The errors are those of `replace_recovery_codes`."""
    password_hash = await _verify_both(writer.session, security, principal, confirmation, client, now)
    async with writer.transaction():
        await _lock_user(writer.session, principal.id, password_hash)
        await totp_service.delete_factor(writer)


async def _verify_both(
    session: Session,
    security: Security,
    principal: Principal,
    confirmation: TotpConfirmation,
    client: Client,
    now: datetime,
) -> str:
    """Verify the password and use the code; return the hash that the password matched."""
    password_hash = await verify_password(session, security, principal, client, confirmation.password)
    account = await get_user(session, principal.id, now)
    if not account["totp_enabled"]:
        raise TotpNotEnabledError
    if not await totp_service.use_code(
        session, security.sealer, security.rate_limits, principal.id, confirmation.code, now
    ):
        raise WrongTotpCodeError
    return password_hash


async def _lock_user(transaction: Session, user_id: UUID, password_hash: str) -> Row:
    """Lock the user.

    Raises:
        WrongPasswordError: the password was changed since it was verified.
    """
    user = await transaction.fetch_one(LOCK_USER, user_id=user_id)
    if user is None or user["password_hash"] != password_hash:
        raise WrongPasswordError
    return user
