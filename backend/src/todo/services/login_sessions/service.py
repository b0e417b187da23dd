"""Login sessions: a log-in creates one, refresh tokens keep it alive, a log-out ends it.

Each refresh token is used once. Using it again after its successor was used means that it was copied, so the login
session ends (RFC 9700, section 4.14.2). For a short grace period after a rotation the previous token gets the same
successor again, so parallel tabs and lost responses do not log the user out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from todo.core.database.session import Row, Session
from todo.core.security.tokens import (
    ACCESS_LIFETIME,
    REFRESH_LIFETIME,
    Claims,
    TokenKind,
    TokenSigner,
    hash_token,
    new_token_id,
)
from todo.schemas.login_session import SessionPublic
from todo.schemas.token import TokenPublic
from todo.services.authentication import (
    InvalidTokenError,
    InvalidTokenTypeError,
    LoginSessionRequiredError,
    Principal,
    read_claims,
)
from todo.services.login_sessions import statements
from todo.services.login_sessions.errors import (
    LoginSessionEndedError,
    LoginSessionNotFoundError,
    MissingRefreshTokenError,
    RefreshTokenExpiredError,
    RefreshTokenReusedError,
)
from todo.services.login_sessions.statements import VERIFIED
from todo.services.shared.log.writes import LOCK_CLOCK


@dataclass(frozen=True)
class Client:
    """The client of a request, as it describes itself; neither attribute proves anything.

    Attributes:
        user_agent: at most USER_AGENT_MAX characters, or None.
        address: at most ADDRESS_MAX characters, or None.
    """

    user_agent: str | None
    address: str | None


@dataclass(frozen=True)
class TokenPair:
    """The tokens of a log-in or a refresh: one for the response body, one for the cookie."""

    access: TokenPublic
    refresh: str


async def create_login_session(
    session: Session, signer: TokenSigner, user: Row, client: Client, now: datetime, *, max_login_sessions: int
) -> TokenPair | None:
    """Create a login session for a user whose password was verified; `user` has `id`, `email` and VERIFIED.

    If the user has more than `max_login_sessions`, those end that were used longest ago (AUT-006).

    Returns:
        The tokens, or None if the user was deleted or one of the columns of VERIFIED has changed since then.
    """
    login_session_id, token_id = uuid4(), new_token_id()
    try:
        is_created = await _insert_login_session(
            session, user, client, login_session_id, hash_token(token_id), now, max_login_sessions
        )
    except InvalidTokenError:
        return None
    return _sign_pair(signer, user["id"], user["email"], login_session_id, token_id, now) if is_created else None


async def _insert_login_session(
    session: Session,
    user: Row,
    client: Client,
    login_session_id: UUID,
    token_hash: bytes,
    now: datetime,
    max_login_sessions: int,
) -> bool:
    """Insert a login session and end the surplus; return whether the user is as it was verified.

    A change of the password locks the clock too. It waits for the lock and ends the new login session, or it has
    changed the hash before. The same holds for disabling the user, and for a second factor that was enabled since.
    In a distributed database the clock is on one node, and the user is on all (ADR 0061).

    Raises:
        InvalidTokenError: the user was deleted.
    """
    async with session.transaction() as transaction:
        await transaction.fetch_all(LOCK_CLOCK, user_id=user["id"])
        created = await transaction.fetch_one(
            statements.INSERT_LOGIN_SESSION,
            user_id=user["id"],
            login_session_id=login_session_id,
            token_hash=token_hash,
            user_agent=client.user_agent,
            address=client.address,
            now=now,
            expires_at=now + REFRESH_LIFETIME,
            **{name: user[name] for name in VERIFIED},
        )
        await transaction.fetch_all(
            statements.END_SURPLUS_LOGIN_SESSIONS,
            user_id=user["id"],
            login_session_id=login_session_id,
            others=max_login_sessions - 1,
            now=now,
        )
    return created is not None


def select_refresh_token(signer: TokenSigner, tokens: Sequence[str]) -> str | None:
    """Return the first of several tokens that is a refresh token of this service, else the first, else None."""
    return next((token for token in tokens if _is_refresh_token(signer, token)), tokens[0] if tokens else None)


async def refresh_login_session(
    session: Session, signer: TokenSigner, token: str | None, *, grace: timedelta, now: datetime
) -> TokenPair:
    """Exchange a refresh token for an access token and the next refresh token; one statement (REF-001, SES-001).

    Raises:
        MissingRefreshTokenError: there is no token (REF-003).
        RefreshTokenExpiredError: the token was issued more than seven days ago (REF-002).
        InvalidTokenTypeError: it is an access token.
        InvalidTokenError: its signature is wrong (REF-004), or it names no login session.
        LoginSessionEndedError: its login session has ended, or the user was deleted (AUT-016).
        RefreshTokenReusedError: its successor was used, or `grace` is over; the login session has ended (SES-002).
    """
    if not token:
        raise MissingRefreshTokenError
    claims = read_claims(signer, token, TokenKind.REFRESH)
    if claims.expires_at <= now:
        raise RefreshTokenExpiredError
    if claims.sid is None or claims.jti is None:
        raise InvalidTokenError
    successor = signer.successors(claims.jti)[0]
    row = await session.fetch_one(
        statements.ROTATE_TOKEN,
        user_id=claims.sub,
        login_session_id=claims.sid,
        token_hash=hash_token(claims.jti),
        new_hash=hash_token(successor),
        now=now,
        expires_at=now + REFRESH_LIFETIME,
    )
    if row is not None:
        return _sign_pair(signer, claims.sub, row["email"], claims.sid, successor, now)
    return await _repeat_successor(session, signer, claims, claims.sid, claims.jti, grace=grace, now=now)


async def _repeat_successor(
    session: Session,
    signer: TokenSigner,
    claims: Claims,
    login_session_id: UUID,
    token_id: str,
    *,
    grace: timedelta,
    now: datetime,
) -> TokenPair:
    """Return the successor again for the previous token within `grace`; else end the login session."""
    row = await session.fetch_one(
        statements.SELECT_LOGIN_SESSION, user_id=claims.sub, login_session_id=login_session_id, now=now
    )
    if row is None:
        raise LoginSessionEndedError
    if row["previous_hash"] == hash_token(token_id) and now <= row["rotated_at"] + grace:
        for successor in signer.successors(token_id):
            if hash_token(successor) == row["token_hash"]:
                return _sign_pair(
                    signer,
                    claims.sub,
                    row["email"],
                    login_session_id,
                    successor,
                    row["rotated_at"],
                    access_issued_at=now,
                )
    await session.fetch_one(
        statements.END_LOGIN_SESSION, user_id=claims.sub, login_session_id=login_session_id, now=now
    )
    raise RefreshTokenReusedError


def _is_refresh_token(signer: TokenSigner, token: str) -> bool:
    try:
        read_claims(signer, token, TokenKind.REFRESH)
    except (InvalidTokenError, InvalidTokenTypeError):
        return False
    return True


async def end_login_session_of(session: Session, signer: TokenSigner, token: str | None, now: datetime) -> None:
    """End the login session of a refresh token; an unknown, expired or missing token is accepted (OUT-001, OUT-002)."""
    try:
        claims = read_claims(signer, token or "", TokenKind.REFRESH)
    except (InvalidTokenError, InvalidTokenTypeError):
        return
    if claims.sid is not None:
        await session.fetch_one(statements.END_LOGIN_SESSION, user_id=claims.sub, login_session_id=claims.sid, now=now)


async def check_login_session(session: Session, principal: Principal, now: datetime) -> None:
    """Check that the login session of the principal has not ended since the access token was issued (SES-009).

    Raises:
        LoginSessionRequiredError: the principal is a personal access token.
        LoginSessionEndedError: the login session has ended, or the token names none.
    """
    if principal.scopes is not None:
        raise LoginSessionRequiredError
    if principal.login_session_id is None or not await session.fetch_one(
        statements.SELECT_LOGIN_SESSION,
        user_id=principal.id,
        login_session_id=principal.login_session_id,
        now=now,
    ):
        raise LoginSessionEndedError


async def list_login_sessions(session: Session, principal: Principal, now: datetime) -> list[SessionPublic]:
    """Return the user's live login sessions, the last used first (SES-006)."""
    rows = await session.fetch_all(statements.SELECT_LOGIN_SESSIONS, user_id=principal.id, now=now)
    return [SessionPublic(**row, current=row["id"] == principal.login_session_id) for row in rows]


async def end_login_session(session: Session, user_id: UUID, login_session_id: UUID, now: datetime) -> None:
    """End one login session (SES-007).

    Raises:
        LoginSessionNotFoundError: it does not exist, has ended, or belongs to another user.
    """
    row = await session.fetch_one(
        statements.END_LOGIN_SESSION, user_id=user_id, login_session_id=login_session_id, now=now
    )
    if row is None:
        raise LoginSessionNotFoundError


async def end_all_login_sessions(session: Session, user_id: UUID, now: datetime) -> int:
    """End all login sessions of a user (SES-005).

    Returns:
        How many were ended.
    """
    return len(await session.fetch_all(statements.END_ALL_LOGIN_SESSIONS, user_id=user_id, now=now))


async def end_other_login_sessions(session: Session, principal: Principal, now: datetime) -> None:
    """End all login sessions of the user except that of the principal."""
    await session.fetch_all(
        statements.END_OTHER_LOGIN_SESSIONS,
        user_id=principal.id,
        login_session_id=principal.login_session_id,
        now=now,
    )


async def sweep_login_sessions(session: Session, now: datetime, *, has_shards: bool = False) -> int:
    """Delete a batch of login sessions whose last refresh token has expired.

    Args:
        session: the database session.
        now: the current instant.
        has_shards: whether the table is distributed.

    Returns:
        How many were deleted; 0 when none is left.
    """
    return len(await session.fetch_all(statements.SWEEP_SHARDS if has_shards else statements.SWEEP, now=now))


def _sign_pair(
    signer: TokenSigner,
    user_id: UUID,
    email: str,
    login_session_id: UUID,
    token_id: str,
    now: datetime,
    access_issued_at: datetime | None = None,
) -> TokenPair:
    access = signer.sign(TokenKind.ACCESS, user_id, email, access_issued_at or now, login_session_id=login_session_id)
    refresh = signer.sign(TokenKind.REFRESH, user_id, email, now, login_session_id=login_session_id, token_id=token_id)
    lifetime = int(ACCESS_LIFETIME.total_seconds())
    return TokenPair(TokenPublic(access_token=access, token_type="bearer", expires_in=lifetime), refresh)  # noqa: S106
