"""The queue of mails: the transaction that needs a mail queues it, and a worker sends it later."""

from datetime import datetime, timedelta
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.domain.mail import MailKind
from todo.services.mail import statements

LEASE = timedelta(minutes=2)
"""How long a claimed mail belongs to its process; longer than an attempt can take."""
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
DOUBLINGS_MAX = 10
LIFETIME = timedelta(hours=24)
"""How long the service tries to send a mail."""


async def queue_mail(session: Session, user_id: UUID, kind: MailKind, recipient: str, now: datetime) -> None:
    """Queue a mail. A mail of the same kind to the same recipient that still waits is replaced.

    Raises:
        InvalidTokenError: the user was deleted.
    """
    await session.fetch_all(statements.QUEUE_MAIL, user_id=user_id, kind=kind.value, recipient=recipient, now=now)


async def claim_mail(session: Session, now: datetime) -> Row | None:
    """Return the mail that has been due for the longest time, or None if none is due.

    The mail belongs to this process for the length of LEASE. A process that dies leaves the mail to another one.
    """
    return await session.fetch_one(statements.CLAIM_MAIL, now=now, next_attempt_at=now + LEASE)


async def delay_mail(session: Session, mail: Row, now: datetime) -> timedelta:
    """Plan the next attempt, and return the delay: one minute at first, then twice the previous one, up to an hour."""
    attempts: int = mail["attempts"]
    delay = min(FIRST_DELAY * (1 << min(attempts - 1, DOUBLINGS_MAX)), LONGEST_DELAY)
    await session.fetch_all(statements.DELAY_MAIL, **_key_of(mail), next_attempt_at=now + delay)
    return delay


async def delete_mail(session: Session, mail: Row) -> None:
    """Delete a claimed mail. A mail that was queued again after the claim stays."""
    await session.fetch_all(statements.DELETE_MAIL, **_key_of(mail))


async def count_mails(session: Session) -> int:
    """Return how many mails wait."""
    row = await session.fetch_one(statements.COUNT_MAILS)
    return int(row[0]) if row else 0


async def sweep_mails(session: Session, now: datetime) -> int:
    """Delete a batch of mails that no worker has claimed for a day, because SMTP_URL was removed.

    Returns:
        How many were deleted; 0 when none is left.
    """
    return len(await session.fetch_all(statements.SWEEP, now=now - LIFETIME))


def _key_of(mail: Row) -> dict[str, object]:
    return {name: mail[name] for name in ("user_id", "kind", "recipient", "attempts")}
