"""Housekeeping: expired rows are deleted in batches, which hold no lock for long."""

from todo.core.clock import utc_now
from todo.core.database.session import Session
from todo.services.accounts.email_change import sweep_email_changes
from todo.services.idempotency.service import sweep_keys
from todo.services.invitations.service import sweep_invitations
from todo.services.login_sessions.service import sweep_login_sessions
from todo.services.mail.service import sweep_mails
from todo.services.password_resets.service import sweep_password_resets


async def sweep(session: Session) -> None:
    """Delete all expired rows: keys, login sessions, invitations, password resets, mails and unconfirmed addresses."""
    while await sweep_keys(session):
        pass
    while await sweep_login_sessions(session, utc_now()):
        pass
    while await sweep_invitations(session, utc_now()):
        pass
    while await sweep_password_resets(session, utc_now()):
        pass
    while await sweep_mails(session, utc_now()):
        pass
    while await sweep_email_changes(session, utc_now()):
        pass
