"""Second factors: a TOTP secret (RFC 6238) and recovery codes.

A code is checked after the password. A TOTP code is accepted once, and a recovery code is deleted when it is used.
"""

import logging
from datetime import datetime
from uuid import UUID

from todo.core.database.session import Session
from todo.core.limits.rate_limits import TOTP, RateLimits
from todo.core.metrics import LOGINS
from todo.core.security.sealing import Sealer, SealError
from todo.schemas.totp import RecoveryCodesPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.locks import LOCK_USER
from todo.services.shared.log.account_log import logged_account
from todo.services.shared.log.writer import Writer
from todo.services.totp import codes, statements
from todo.services.totp.errors import (
    InvalidTotpCodeError,
    TotpAlreadyEnabledError,
    TotpNotStartedError,
    TotpRequiredError,
    WrongTotpCodeError,
)

logger = logging.getLogger(__name__)


async def check_login_code(
    session: Session, sealer: Sealer, rate_limits: RateLimits, user_id: UUID, code: str, now: datetime
) -> None:
    """Use the code of a log-in whose password was right, for a user with a second factor (TFA-004, TFA-005).

    Raises:
        TotpRequiredError: the code is empty.
        InvalidTotpCodeError: the code is wrong or was used.
        RateLimitExceededError: the user had too many wrong TOTP codes.
    """
    if not code.strip():
        raise TotpRequiredError
    if not await use_code(session, sealer, rate_limits, user_id, code, now):
        LOGINS.labels("refused").inc()
        raise InvalidTotpCodeError


async def use_code(
    session: Session, sealer: Sealer, rate_limits: RateLimits, user_id: UUID, code: str, now: datetime
) -> bool:
    """Tell whether a code is right, and use it: of two concurrent calls with one code, one returns True (TFA-006).

    Args:
        session: the database session.
        sealer: opens the secret.
        rate_limits: count TOTP codes. Recovery codes are too long to be guessed, so they work when a limit is exceeded.
        user_id: a user with a second factor.
        code: a TOTP code or a recovery code, as typed.
        now: the current instant.

    Raises:
        RateLimitExceededError: the user had too many wrong TOTP codes (TFA-009).
    """
    code = codes.compact(code)
    if codes.is_recovery_code(code):
        code_hash = codes.hash_recovery_code(user_id, code)
        if not await session.fetch_one(statements.USE_CODE, user_id=user_id, code_hash=code_hash):
            return False
        # The owner gets out of a limit that others have used up.
        await rate_limits.forget_attempts(TOTP, str(user_id))
        return True
    if not codes.is_totp_code(code):
        return False
    await rate_limits.count_attempt(TOTP, str(user_id))
    step = await _find_step(session, sealer, user_id, code, now)
    if step is None or not await session.fetch_one(statements.USE_STEP, user_id=user_id, last_step=step):
        return False
    await rate_limits.take_back_attempt(TOTP, str(user_id))
    return True


async def confirm_totp(
    writer: Writer, sealer: Sealer, rate_limits: RateLimits, code: str, now: datetime
) -> RecoveryCodesPublic:
    """Enable the pending second factor and return its recovery codes (TFA-002).

    Raises:
        TotpAlreadyEnabledError: the second factor is enabled.
        TotpNotStartedError: no secret is pending.
        WrongTotpCodeError: the code does not belong to the pending secret.
        RateLimitExceededError: the user had too many wrong TOTP codes.
    """
    code, user_id = codes.compact(code), writer.user_id
    # Counted apart, because a stolen access token must not use up the attempts at the log-in.
    pending_key = f"pending {user_id}"
    await rate_limits.count_attempt(TOTP, pending_key)
    async with logged_account(writer) as transaction:
        user = await transaction.fetch_one(LOCK_USER, user_id=user_id)
        if user is None:
            raise InvalidTokenError
        if user["totp_enabled"]:
            raise TotpAlreadyEnabledError
        if await transaction.fetch_one(statements.SELECT_FACTOR, user_id=user_id) is None:
            raise TotpNotStartedError
        step = await _find_step(transaction, sealer, user_id, code, now) if codes.is_totp_code(code) else None
        if step is None:
            raise WrongTotpCodeError
        await transaction.fetch_all(statements.USE_STEP, user_id=user_id, last_step=step)
        await transaction.fetch_all(statements.SET_ENABLED, user_id=user_id, totp_enabled=True)
        recovery_codes = await replace_recovery_codes(transaction, user_id)
    for key in (pending_key, str(user_id)):
        await rate_limits.forget_attempts(TOTP, key)
    return recovery_codes


async def save_secret(session: Session, sealer: Sealer, user_id: UUID, secret: str) -> None:
    """Store a pending secret in place of an earlier one; the user has no enabled second factor."""
    sealed_secret = sealer.seal(secret.encode(), _purpose(user_id))
    await session.fetch_all(statements.UPSERT_FACTOR, user_id=user_id, sealed_secret=sealed_secret)


async def replace_recovery_codes(session: Session, user_id: UUID) -> RecoveryCodesPublic:
    """Store the hashes of new recovery codes in place of the old ones, and return the codes (TFA-003)."""
    recovery_codes = codes.new_recovery_codes()
    hashes = [codes.hash_recovery_code(user_id, codes.compact(code)) for code in recovery_codes]
    await session.fetch_all(statements.DELETE_CODES, user_id=user_id)
    await session.fetch_all(statements.INSERT_CODES, user_id=user_id, code_hashes=hashes)
    return RecoveryCodesPublic(recovery_codes=recovery_codes)


async def delete_factor(writer: Writer) -> bool:
    """Delete the second factor of a user, enabled or pending, with its recovery codes; tell whether there was one."""
    user_id = writer.user_id
    async with logged_account(writer) as transaction:
        await transaction.fetch_one(LOCK_USER, user_id=user_id)
        await transaction.fetch_all(statements.SET_ENABLED, user_id=user_id, totp_enabled=False)
        return await transaction.fetch_one(statements.DELETE_FACTOR, user_id=user_id) is not None


async def reseal_secrets(session: Session, sealer: Sealer) -> tuple[int, int]:
    """Seal the secrets of all users with the current JWT_SECRET_KEY (TFA-012).

    Several processes can do this at once. A secret that a process cannot open stays as it is.

    Returns:
        How many secrets were sealed anew, and how many cannot be opened.
    """
    resealed, unreadable, last_id = 0, 0, UUID(int=0)
    while rows := await session.fetch_all(
        statements.SELECT_OTHERWISE_SEALED, user_id=last_id, head=sealer.head, limit=statements.RESEAL_BATCH
    ):
        for row in rows:
            last_id, sealed = row["user_id"], row["sealed_secret"]
            try:
                secret = sealer.open(sealed, _purpose(last_id))
            except SealError:
                unreadable += 1
                continue
            new = sealer.seal(secret, _purpose(last_id))
            await session.fetch_all(statements.RESEAL, user_id=last_id, old_secret=sealed, sealed_secret=new)
            resealed += 1
    return resealed, unreadable


async def _find_step(session: Session, sealer: Sealer, user_id: UUID, code: str, now: datetime) -> int | None:
    row = await session.fetch_one(statements.SELECT_FACTOR, user_id=user_id)
    if row is None:
        return None
    try:
        secret = sealer.open(row["sealed_secret"], _purpose(user_id)).decode()
    except SealError:
        logger.warning("The second factor of user %s was sealed with an unknown JWT_SECRET_KEY", user_id)
        return None
    return codes.find_step(secret, code, now)


def _purpose(user_id: UUID) -> str:
    return f"totp {user_id}"
