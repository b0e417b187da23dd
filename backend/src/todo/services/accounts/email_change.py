"""A change of the e-mail address that is confirmed by a mail to the new address."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.limits.rate_limits import MAIL, RateLimits, account_key
from todo.core.security.mailed_tokens import MailedToken, new_mailed_token, read_mailed_token
from todo.domain.mail import MailKind
from todo.domain.text import fold
from todo.schemas.user import UserPublic
from todo.services.accounts import email_change_statements, statements
from todo.services.accounts.errors import EmailAlreadyExistsError, InvalidEmailTokenError, WrongPasswordError
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.mail.errors import MailNotConfiguredError
from todo.services.mail.service import queue_mail
from todo.services.shared.log.account_log import logged_account
from todo.services.shared.log.writer import Writer

TOKEN_LIFETIME = timedelta(hours=24)
"""How long a new address waits for confirmation, from the sending of its mail."""


async def ask_email_change(
    writer: Writer, rate_limits: RateLimits, values: Mapping[str, object], email: str, now: datetime
) -> Row:
    """Store a new address until it is confirmed, and queue the mails to the new and to the present address (MAI-020).

    The present address itself cancels a change that waits.

    Args:
        writer: writes and logs the account.
        rate_limits: counts the mails by recipient.
        values: `password_hash`, which the password matched, and `name` if it changes too.
        email: the new address.
        now: the current instant.

    Returns:
        The account.

    Raises:
        WrongPasswordError: the password was changed since it was verified.
        EmailAlreadyExistsError: another user has the address.
        RateLimitExceededError: one of the two addresses got too many mails.
    """
    session, user_id = writer.session, writer.user_id
    # Without this count, the response would tell about any number of addresses whether they have an account.
    await rate_limits.count_attempt(MAIL, f"change {user_id}")
    key = fold(email)
    owner = await session.fetch_one(statements.SELECT_CREDENTIALS, email_key=key)
    if owner is not None and owner["id"] != user_id:
        raise EmailAlreadyExistsError
    current = await session.fetch_one(statements.SELECT_USER, user_id=user_id, now=now)
    if current is None:
        raise WrongPasswordError
    is_new = email != current["email"]
    if is_new:
        for recipient in {key, fold(current["email"])}:
            # Counted apart from password resets, whose limit must not tell whether an address has an account.
            await rate_limits.count_attempt(MAIL, f"change {account_key(recipient)}")
    pending = {"pending_email": email, "pending_email_expires_at": now + TOKEN_LIFETIME} if is_new else {}
    changes = {**values, **statements.NO_PENDING_EMAIL, **pending}
    async with logged_account(writer) as transaction:
        statement = statements.update_user(frozenset(changes) - {"password_hash"})
        row = await transaction.fetch_one(statement, user_id=user_id, now=now, **changes)
        if row is None:
            raise WrongPasswordError
        if is_new:
            await queue_mail(transaction, user_id, MailKind.EMAIL_CHANGE, email, now)
            await queue_mail(transaction, user_id, MailKind.EMAIL_CHANGE_ASKED, row["email"], now)
    return row


async def create_email_token(session: Session, user_id: UUID, email: str, now: datetime) -> MailedToken | None:
    """Return a new token that confirms this address, or None if the address does not wait for confirmation.

    The token replaces an earlier one.
    """
    token = new_mailed_token(user_id)
    row = await session.fetch_one(
        email_change_statements.SET_TOKEN,
        user_id=user_id,
        pending_email=email,
        token_hash=token.hash,
        pending_email_expires_at=now + TOKEN_LIFETIME,
        now=now,
    )
    return token if row else None


async def confirm_email_change(
    session: Session, make_writer: Callable[[UUID], Writer], text: str, now: datetime, *, has_mail: bool
) -> UserPublic:
    """Change the address to the one that the mail was sent to, and tell the previous address (MAI-021).

    Args:
        session: the database session.
        make_writer: returns the writer for the user of the token.
        text: the token of the mail.
        now: the current instant.
        has_mail: whether the service sends mail.

    Raises:
        MailNotConfiguredError: the service sends no mail.
        InvalidEmailTokenError: the token is unknown, used, replaced or expired, or the account was deleted.
        EmailAlreadyExistsError: another user has taken the address meanwhile.
    """
    if not has_mail:
        raise MailNotConfiguredError
    token = read_mailed_token(text)
    if token is None:
        raise InvalidEmailTokenError
    pending = await session.fetch_one(
        email_change_statements.SELECT_PENDING, user_id=token.user_id, token_hash=token.hash, now=now
    )
    if pending is None:
        raise InvalidEmailTokenError
    email = pending["pending_email"]
    async with logged_account(make_writer(token.user_id)) as transaction:
        row = await transaction.fetch_one(
            email_change_statements.CONFIRM_EMAIL,
            user_id=token.user_id,
            token_hash=token.hash,
            email=email,
            email_key=fold(email),
            now=now,
        )
        if row is None:
            raise InvalidEmailTokenError
        await queue_mail(transaction, token.user_id, MailKind.EMAIL_CHANGED, pending["email"], now)
    return cast("UserPublic", dict(row))


async def sweep_email_changes(session: Session, now: datetime) -> int:
    """Clear a batch of addresses that were not confirmed in time, each in its own transaction (SYN-008).

    Returns:
        How many addresses had expired; 0 when none is left.
    """
    expired = await session.fetch_all(email_change_statements.SELECT_EXPIRED, now=now)
    for row in expired:
        # The account may not exist any more.
        with contextlib.suppress(InvalidTokenError):
            async with logged_account(Writer(session, Principal(row["id"]))) as transaction:
                await transaction.fetch_all(email_change_statements.CLEAR_EXPIRED, user_id=row["id"], now=now)
    return len(expired)
