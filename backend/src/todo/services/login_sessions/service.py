"""Sessions: begun by a log-in, kept by refresh tokens that change with each use, ended by whoever owns them.

A refresh token that comes back after a newer one was used was copied by somebody: the session ends for both (RFC 9700,
section 4.14.2). For a moment after a rotation the token before the newest is still good and gets the same successor,
so that parallel tabs and lost answers log nobody out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from todo.core.database.session import Row, Session
from todo.core.errors import AuthenticationError, NotFoundError
from todo.core.security.tokens import REFRESH_LIFETIME, Claims, TokenKind, TokenSigner, hash_token, new_token_id
from todo.schemas.login_session import SessionPublic
from todo.schemas.token import TokenPublic
from todo.services.authentication import (
    Caller,
    InvalidTokenError,
    InvalidTokenTypeError,
    SessionRequiredError,
    read_claims,
)
from todo.services.login_sessions import statements as session_queries


class MissingRefreshTokenError(AuthenticationError):
    """Refresh token not found"""

    code = "MISSING_REFRESH_TOKEN"


class RefreshTokenExpiredError(AuthenticationError):
    """Refresh token has expired. Please log in again"""

    code = "REFRESH_TOKEN_EXPIRED"


class RefreshTokenReusedError(AuthenticationError):
    """Refresh token was used before. This session has ended; please log in again"""

    code = "REFRESH_TOKEN_REUSED"


class SessionEndedError(AuthenticationError):
    """This session has ended. Please log in again"""

    code = "SESSION_ENDED"


class SessionNotFoundError(NotFoundError):
    """Session not found"""

    code = "SESSION_NOT_FOUND"


@dataclass(frozen=True)
class Device:
    """What a request says of where it comes from; both may be absent, neither is to be believed.

    Attributes:
        user_agent: at most USER_AGENT_MAX characters.
        address: at most ADDRESS_MAX characters.
    """

    user_agent: str | None
    address: str | None


@dataclass(frozen=True)
class TokenPair:
    """What a log-in and a refresh give: a token for the body of the answer and one for the cookie."""

    access: TokenPublic
    refresh: str


async def create_session(
    session: Session, signer: TokenSigner, user: Row, device: Device, now: datetime
) -> TokenPair | None:
    """Begin a session for a user whose password was right; `user` has `id`, `email` and `password_hash`.

    Returns:
        The tokens; None if the password was changed, or the user deleted, since it was verified.
    """
    session_id, token_id = uuid4(), new_token_id()
    begun = await session.fetch_one(
        session_queries.INSERT_SESSION,
        user_id=user["id"],
        password_hash=user["password_hash"],
        session_id=session_id,
        token_hash=hash_token(token_id),
        user_agent=device.user_agent,
        address=device.address,
        now=now,
        expires_at=now + REFRESH_LIFETIME,
    )
    return _sign_pair(signer, user["id"], user["email"], session_id, token_id, now) if begun else None


async def refresh_session(
    session: Session, signer: TokenSigner, token: str | None, *, grace: timedelta, now: datetime
) -> TokenPair:
    """Exchange a refresh token for an access token and the next refresh token; one statement (REF-001, SES-001).

    Raises:
        MissingRefreshTokenError: there is none (REF-003).
        RefreshTokenExpiredError: it was issued more than seven days ago (REF-002).
        InvalidTokenTypeError: it is an access token.
        InvalidTokenError: it is not one of ours, or its session or user is gone (REF-004).
        RefreshTokenReusedError: a newer one was used, or `grace` is over; the session has ended (SES-002).
    """
    if not token:
        raise MissingRefreshTokenError
    claims = read_claims(signer, token, TokenKind.REFRESH)
    if claims.exp <= now.timestamp():
        raise RefreshTokenExpiredError
    if claims.sid is None or claims.jti is None:
        raise InvalidTokenError
    successor = signer.successors(claims.jti)[0]
    rotated = await session.fetch_one(
        session_queries.ROTATE_TOKEN,
        user_id=claims.sub,
        session_id=claims.sid,
        token_hash=hash_token(claims.jti),
        new_hash=hash_token(successor),
        now=now,
        expires_at=now + REFRESH_LIFETIME,
    )
    if rotated is not None:
        return _sign_pair(signer, claims.sub, rotated["email"], claims.sid, successor, now)
    return await _repeat_successor(session, signer, claims, grace, now)


async def _repeat_successor(
    session: Session, signer: TokenSigner, claims: Claims, grace: timedelta, now: datetime
) -> TokenPair:
    """Give the successor again if the token is the one before the newest and `grace` lasts, else end the session."""
    assert claims.sid is not None
    assert claims.jti is not None
    state = await session.fetch_one(session_queries.SELECT_SESSION, user_id=claims.sub, session_id=claims.sid, now=now)
    if state is None:
        raise InvalidTokenError
    if state["previous_hash"] == hash_token(claims.jti) and now <= state["rotated_at"] + grace:
        for successor in signer.successors(claims.jti):
            if hash_token(successor) == state["token_hash"]:
                return _sign_pair(
                    signer, claims.sub, state["email"], claims.sid, successor, state["rotated_at"], access_from=now
                )
    await session.fetch_one(session_queries.END_SESSION, user_id=claims.sub, session_id=claims.sid, now=now)
    raise RefreshTokenReusedError


async def end_session_of(session: Session, signer: TokenSigner, token: str | None, now: datetime) -> None:
    """End the session of a refresh token, whatever state the two are in (OUT-001, OUT-002)."""
    try:
        claims = read_claims(signer, token or "", TokenKind.REFRESH)
    except (InvalidTokenError, InvalidTokenTypeError):
        return
    if claims.sid is not None:
        await session.fetch_one(session_queries.END_SESSION, user_id=claims.sub, session_id=claims.sid, now=now)


async def check_session(session: Session, caller: Caller, now: datetime) -> None:
    """Make sure that the session of a caller has not ended since the access token was issued (SES-009).

    Raises:
        SessionRequiredError: the caller is a personal access token.
        SessionEndedError: it has ended, or the token names none.
    """
    if caller.scopes is not None:
        raise SessionRequiredError
    if caller.session_id is None or not await session.fetch_one(
        session_queries.SELECT_SESSION, user_id=caller.id, session_id=caller.session_id, now=now
    ):
        raise SessionEndedError


async def list_sessions(session: Session, caller: Caller, now: datetime) -> list[SessionPublic]:
    """Return the caller's sessions that have not ended, the last used first (SES-006)."""
    rows = await session.fetch_all(session_queries.SELECT_SESSIONS, user_id=caller.id, now=now)
    return [SessionPublic(**row, current=row["id"] == caller.session_id) for row in rows]


async def end_session(session: Session, user_id: UUID, session_id: UUID, now: datetime) -> None:
    """End one session (SES-007).

    Raises:
        SessionNotFoundError: there is none, it has ended, or it is somebody else's.
    """
    if await session.fetch_one(session_queries.END_SESSION, user_id=user_id, session_id=session_id, now=now) is None:
        raise SessionNotFoundError


async def end_sessions(session: Session, user_id: UUID, now: datetime) -> None:
    """End all sessions of a user (SES-005)."""
    await session.fetch_all(session_queries.END_SESSIONS, user_id=user_id, now=now)


async def end_other_sessions(session: Session, caller: Caller, now: datetime) -> None:
    """End all sessions of the caller's but the one that asks."""
    await session.fetch_all(
        session_queries.END_OTHER_SESSIONS, user_id=caller.id, session_id=caller.session_id, now=now
    )


async def sweep_sessions(session: Session, now: datetime) -> int:
    """Delete some of the sessions whose last refresh token has expired; return how many, 0 when none are left."""
    return len(await session.fetch_all(session_queries.SWEEP, now=now))


def _sign_pair(
    signer: TokenSigner,
    user_id: UUID,
    email: str,
    session_id: UUID,
    token_id: str,
    now: datetime,
    access_from: datetime | None = None,
) -> TokenPair:
    access = signer.sign(TokenKind.ACCESS, user_id, email, access_from or now, session_id=session_id)
    refresh = signer.sign(TokenKind.REFRESH, user_id, email, now, session_id=session_id, token_id=token_id)
    return TokenPair(TokenPublic(access_token=access), refresh)
