"""Administration of accounts by the operator, without the passwords of the users."""

from datetime import datetime
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.security.passwords import PasswordHasher
from todo.domain.account import InvalidEmailError, normalize_email
from todo.domain.text import fold
from todo.schemas.user import UserSummary
from todo.services.administration import statements
from todo.services.authentication import Principal
from todo.services.login_sessions.service import end_all_login_sessions
from todo.services.password_resets.service import end_reset_tokens
from todo.services.shared.locks import LOCK_EXISTING_CLOCK
from todo.services.shared.log.account_log import logged_account
from todo.services.shared.log.writer import Writer


async def list_users(session: Session, now: datetime) -> list[UserSummary]:
    """Return all users, ordered by e-mail address (USR-010)."""
    rows = await session.fetch_all(statements.SELECT_SUMMARIES, now=now)
    uses = {row["user_id"]: row for row in await session.fetch_all(statements.SELECT_ALL_SESSION_USES, now=now)}
    return [_summarize(row, uses.get(row["id"])) for row in rows]


async def find_user(session: Session, email: str, now: datetime) -> UserSummary | None:
    """Return the user with this address, in any case, or None."""
    try:
        key = fold(normalize_email(email))
    except InvalidEmailError:
        return None
    row = await session.fetch_one(statements.SELECT_SUMMARY, email_key=key, now=now)
    if row is None:
        return None
    return _summarize(row, await session.fetch_one(statements.SELECT_SESSION_USES, user_id=row["id"], now=now))


async def disable_user(session: Session, user_id: UUID, now: datetime) -> int:
    """Disable a user, and end all login sessions and mailed links, in one transaction (USR-005).

    The update locks the user. A concurrent log-in waits for the lock and fails, or its login session is ended here.

    Returns:
        How many login sessions were ended.
    """
    writer = Writer(session, Principal(user_id))
    async with writer.transaction():
        await writer.session.fetch_all(statements.DISABLE_USER, user_id=user_id, now=now)
        return await end_sessions(writer.session, user_id, now)


async def enable_user(session: Session, user_id: UUID) -> None:
    """Enable a user. Ended login sessions stay ended, and personal access tokens work again (USR-008)."""
    await session.fetch_all(statements.ENABLE_USER, user_id=user_id)


async def end_sessions(session: Session, user_id: UUID, now: datetime) -> int:
    """End all login sessions, and the links that were mailed, in one transaction (USR-013).

    A stranger who was logged in may have asked for another e-mail address.

    Returns:
        How many login sessions were ended.
    """
    async with logged_account(Writer(session, Principal(user_id))) as transaction:
        await transaction.fetch_all(statements.CANCEL_EMAIL_CHANGE, user_id=user_id)
        await end_reset_tokens(transaction, user_id)
        return await end_all_login_sessions(transaction, user_id, now)


async def reset_password(session: Session, hasher: PasswordHasher, user_id: UUID, password: str, now: datetime) -> int:
    """Set a new password and end all login sessions, in one transaction (USR-012).

    Returns:
        How many login sessions were ended.
    """
    password_hash = await hasher.hash(password)
    async with logged_account(Writer(session, Principal(user_id))) as transaction:
        await transaction.fetch_all(statements.SET_PASSWORD, user_id=user_id, password_hash=password_hash)
        return await end_all_login_sessions(transaction, user_id, now)


async def delete_user(session: Session, user_id: UUID) -> None:
    """Delete a user with all data (USR-014)."""
    async with session.transaction() as transaction:
        await transaction.fetch_one(LOCK_EXISTING_CLOCK, user_id=user_id)
        await transaction.fetch_all(statements.DELETE_USER, user_id=user_id)


def _summarize(row: Row, use: Row | None) -> UserSummary:
    """Return the summary of an account; `use` has its live login sessions, if there are any."""
    summary = dict(row)
    instants = [summary.pop("token_used_at"), use and use["last_used_at"]]
    summary["login_sessions"] = use["login_sessions"] if use else 0
    summary["last_used_at"] = max((instant for instant in instants if instant is not None), default=None)
    return cast("UserSummary", summary)
