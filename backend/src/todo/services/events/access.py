"""The credentials of streams: a stream ends with its login session, its personal access token, or its account."""

from collections.abc import Collection, Iterable
from datetime import datetime

from todo.core.database.session import Session
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.events import statements
from todo.services.events.streams import End, EventStreams
from todo.services.login_sessions.errors import LoginSessionEndedError


async def check_access(session: Session, principal: Principal, now: datetime) -> None:
    """Check the credential of a principal with one query.

    Raises:
        LoginSessionEndedError: the login session has ended, or the user was deleted.
        InvalidTokenError: the personal access token or its user was deleted, or the user is disabled.
    """
    if not await find_revoked(session, [principal], now):
        return
    if principal.access_token_id is None:
        raise LoginSessionEndedError
    raise InvalidTokenError


async def end_revoked_streams(session: Session, streams: EventStreams, now: datetime) -> None:
    """End the streams of this process whose credentials were revoked; at most two queries for all of them."""
    revoked = set(await find_revoked(session, {stream.principal for stream in streams}, now))
    for stream in streams:
        if stream.principal in revoked:
            stream.close(End.REVOKED)


async def find_revoked(session: Session, principals: Collection[Principal], now: datetime) -> list[Principal]:
    """Return the principals whose login session has ended or whose personal access token is not accepted any more."""
    by_session = [principal for principal in principals if principal.access_token_id is None]
    by_token = [principal for principal in principals if principal.access_token_id is not None]
    live_sessions: set[object] = set()
    live_tokens: set[object] = set()
    if by_session:
        ids = [principal.login_session_id for principal in by_session if principal.login_session_id is not None]
        rows = await session.fetch_all(
            statements.SELECT_LIVE_LOGIN_SESSIONS, user_ids=_users(by_session), ids=ids, now=now
        )
        live_sessions = {row["id"] for row in rows}
    if by_token:
        ids = [principal.access_token_id for principal in by_token]
        rows = await session.fetch_all(statements.SELECT_LIVE_TOKENS, user_ids=_users(by_token), ids=ids, now=now)
        live_tokens = {row["id"] for row in rows}
    return [
        *(principal for principal in by_session if principal.login_session_id not in live_sessions),
        *(principal for principal in by_token if principal.access_token_id not in live_tokens),
    ]


def _users(principals: Iterable[Principal]) -> list[object]:
    return list({principal.id for principal in principals})
