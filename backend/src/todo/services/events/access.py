"""The credentials of streams: a stream ends with its login session, its personal access token, or its account."""

from collections.abc import Collection
from datetime import datetime

from todo.core.database.session import Session
from todo.core.database.statement import Statement
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
    sessions = [principal for principal in principals if principal.access_token_id is None]
    tokens = [principal for principal in principals if principal.access_token_id is not None]
    live_sessions = await _find_live(session, statements.SELECT_LIVE_LOGIN_SESSIONS, sessions, now)
    live_tokens = await _find_live(session, statements.SELECT_LIVE_TOKENS, tokens, now)
    return [
        *(principal for principal in sessions if principal.login_session_id not in live_sessions),
        *(principal for principal in tokens if principal.access_token_id not in live_tokens),
    ]


async def _find_live(
    session: Session, statement: Statement, principals: Collection[Principal], now: datetime
) -> set[object]:
    """Return the ids of the live credentials among those of the principals."""
    if not principals:
        return set()
    users = {principal.id for principal in principals}
    ids = {principal.access_token_id or principal.login_session_id for principal in principals} - {None}
    rows = await session.fetch_all(statement, user_ids=list(users), ids=list(ids), now=now)
    return {row["id"] for row in rows}
