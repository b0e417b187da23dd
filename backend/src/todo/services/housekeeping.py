"""Housekeeping: expired rows are deleted in batches, which hold no lock for long."""

from todo.core.clock import utc_now
from todo.core.database.session import Session
from todo.services.idempotency.service import sweep_keys
from todo.services.invitations.service import sweep_invitations
from todo.services.login_sessions.service import sweep_login_sessions


async def sweep(session: Session) -> None:
    """Delete all expired idempotency keys, login sessions and invitations."""
    while await sweep_keys(session):
        pass
    while await sweep_login_sessions(session, utc_now()):
        pass
    while await sweep_invitations(session, utc_now()):
        pass
