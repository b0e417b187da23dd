"""Housekeeping: expired rows are deleted in batches, which hold no lock for long."""

from dataclasses import dataclass
from datetime import timedelta

from todo.core.clock import utc_now
from todo.core.database.session import Session
from todo.services.accounts.email_change import sweep_email_changes
from todo.services.distribution.service import has_citus
from todo.services.idempotency.service import sweep_keys
from todo.services.invitations.service import sweep_invitations
from todo.services.login_sessions.service import sweep_login_sessions
from todo.services.mail.service import sweep_mails
from todo.services.password_resets.service import sweep_password_resets
from todo.services.trash.service import sweep_changes, sweep_trash


@dataclass(frozen=True)
class Retention:
    """How long the change log keeps what.

    Attributes:
        changes: for changes.
        trash: for the content of deleted resources.
    """

    changes: timedelta
    trash: timedelta


async def sweep(session: Session, retention: Retention) -> None:
    """Delete all expired rows, and the content of resources whose time in the trash is over."""
    has_shards = await has_citus(session)
    while await sweep_keys(session, has_shards=has_shards):
        pass
    while await sweep_login_sessions(session, utc_now(), has_shards=has_shards):
        pass
    while await sweep_invitations(session, utc_now()):
        pass
    while await sweep_password_resets(session, utc_now()):
        pass
    while await sweep_mails(session, utc_now()):
        pass
    while await sweep_trash(session, utc_now() - retention.trash):
        pass
    while await sweep_changes(session, utc_now() - retention.changes):
        pass
    while await sweep_email_changes(session, utc_now()):
        pass
