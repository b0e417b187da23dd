"""Password resets: a request queues a mail, and the link in the mail sets a new password.

A request writes one row, whether its address has an account or not. A worker looks for the account later.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from todo.core.database.session import Session
from todo.core.limits.rate_limits import MAIL, account_key, network_of
from todo.core.security.mailed_tokens import MailedToken, new_mailed_token, read_mailed_token
from todo.core.security.tokens import hash_token
from todo.domain.mail import MailKind
from todo.domain.text import fold
from todo.schemas.password_reset import PasswordResetConfirm
from todo.services.accounts.service import Security
from todo.services.login_sessions.service import Client, end_all_login_sessions
from todo.services.mail.errors import MailNotConfiguredError
from todo.services.mail.service import queue_mail
from todo.services.password_resets import statements
from todo.services.password_resets.errors import InvalidResetTokenError
from todo.services.shared.log.account_log import logged_account
from todo.services.shared.log.writer import Writer

TOKEN_LIFETIME = timedelta(minutes=30)
TOKENS_MAX = 5
"""Tokens of one account that work at the same time. A further one ends the oldest."""
REQUEST_LIFETIME = timedelta(hours=24)


async def request_password_reset(session: Session, security: Security, email: str, now: datetime) -> None:
    """Store a request for a mail with a link; one statement that is the same for every address (MAI-010, MAI-011).

    Raises:
        MailNotConfiguredError: the service sends no mail.
        RateLimitExceededError: too many mails for this address, which is counted whether it has an account or not.
    """
    if not security.has_mail:
        raise MailNotConfiguredError
    key = fold(email)
    await security.rate_limits.count_attempt(MAIL, account_key(key))
    await session.fetch_all(statements.INSERT_REQUEST, id=uuid4(), email_key=key, now=now)


async def queue_reset_mails(session: Session, now: datetime) -> int:
    """Take a batch of requests, and queue a mail to each address that has an account.

    Returns:
        How many requests were taken; 0 when none is left.
    """
    async with session.transaction() as transaction:
        requests = await transaction.fetch_all(statements.TAKE_REQUESTS)
        for key in sorted({request["email_key"] for request in requests}):
            user = await transaction.fetch_one(statements.LOCK_RECIPIENT, email_key=key)
            if user is not None:
                await queue_mail(transaction, user["id"], MailKind.PASSWORD_RESET, user["email"], now)
    return len(requests)


async def create_reset_token(session: Session, user_id: UUID, email: str, now: datetime) -> MailedToken | None:
    """Return a new token for the account, or None if the account has another address by now."""
    token = new_mailed_token(user_id)
    async with session.transaction() as transaction:
        account = await transaction.fetch_one(statements.LOCK_ACCOUNT, user_id=user_id)
        if account is None or account["email_key"] != fold(email):
            return None
        await transaction.fetch_all(
            statements.INSERT_RESET,
            user_id=user_id,
            token_hash=token.hash,
            account_digest=_digest(account["email_key"], account["password_hash"]),
            expires_at=now + TOKEN_LIFETIME,
        )
        await transaction.fetch_all(statements.DELETE_SURPLUS_RESETS, user_id=user_id, kept=TOKENS_MAX)
    return token


async def confirm_password_reset(
    session: Session,
    make_writer: Callable[[UUID], Writer],
    security: Security,
    reset: PasswordResetConfirm,
    client: Client,
    now: datetime,
) -> None:
    """Set a new password, and end all login sessions and all reset tokens, in one transaction (MAI-012).

    A change of the address that waits for confirmation is cancelled. The attempts at the old password from the network
    of the client are forgotten, so its next log-in is not limited by them.

    Args:
        session: the database session.
        make_writer: returns the writer for the user of the token.
        security: the tools that check credentials.
        reset: the token and the new password.
        client: the client.
        now: the current instant.

    Raises:
        MailNotConfiguredError: the service sends no mail.
        InvalidResetTokenError: the token is unknown, used or expired, or the account was deleted or has got another
            address or password since.
    """
    if not security.has_mail:
        raise MailNotConfiguredError
    token = read_mailed_token(reset.token)
    if token is None or not await session.fetch_one(
        statements.SELECT_RESET, user_id=token.user_id, token_hash=token.hash, now=now
    ):
        raise InvalidResetTokenError
    new_hash = await security.hasher.hash(reset.new_password)
    async with logged_account(make_writer(token.user_id)) as transaction:
        account = await transaction.fetch_one(statements.LOCK_ACCOUNT, user_id=token.user_id)
        resets = await transaction.fetch_all(statements.TAKE_RESETS, user_id=token.user_id)
        digests = [row["account_digest"] for row in resets if row["token_hash"] == token.hash]
        if account is None or digests != [_digest(account["email_key"], account["password_hash"])]:
            raise InvalidResetTokenError
        await transaction.fetch_all(statements.SET_PASSWORD, user_id=token.user_id, new_hash=new_hash)
        await end_all_login_sessions(transaction, token.user_id, now)
    await security.rate_limits.clear_passwords(account_key(account["email_key"]), network_of(client.address))


async def end_reset_tokens(session: Session, user_id: UUID) -> None:
    """Delete all reset tokens of a user."""
    await session.fetch_all(statements.TAKE_RESETS, user_id=user_id)


async def sweep_password_resets(session: Session, now: datetime) -> int:
    """Delete a batch of expired tokens, and the requests that no worker has taken for a day.

    Returns:
        How many tokens were deleted; 0 when none is left.
    """
    await session.fetch_all(statements.SWEEP_REQUESTS, now=now - REQUEST_LIFETIME)
    return len(await session.fetch_all(statements.SWEEP, now=now))


def _digest(email_key: str, password_hash: str) -> bytes:
    return hash_token(f"{email_key} {password_hash}")
