"""The devices that are logged in."""

from uuid import UUID

from fastapi import Response, status

from todo.core.clock import utc_now
from todo.core.errors import MalformedRequestError
from todo.http.dependencies import (
    LIVE_ERRORS,
    SESSION_ERRORS,
    LiveUser,
    Resources,
    Session,
    SessionUser,
)
from todo.http.errors import errors
from todo.http.refresh_cookie import clear_refresh_cookie
from todo.http.resource_route import make_router
from todo.schemas.login_session import SessionPublic
from todo.services.login_sessions import service as session_service
from todo.services.login_sessions.service import SessionNotFoundError

router = make_router("/auth", "sessions")


@router.get("/sessions", responses=errors(*LIVE_ERRORS))
async def list_sessions(session: Session, user: LiveUser) -> list[SessionPublic]:
    """Return where you are logged in, the last used first, and which of them is this."""
    return await session_service.list_sessions(session, user, utc_now())


@router.delete(
    "/sessions/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(*SESSION_ERRORS, SessionNotFoundError, MalformedRequestError),
)
async def delete_session(session_id: UUID, session: Session, user: SessionUser) -> None:
    """Log a device out. What it holds stops working within 15 minutes, and refreshing at once."""
    await session_service.end_session(session, user.id, session_id, utc_now())


@router.post("/logout-all", status_code=status.HTTP_204_NO_CONTENT, responses=errors(*SESSION_ERRORS))
async def logout_all(response: Response, session: Session, resources: Resources, user: SessionUser) -> None:
    """Log out everywhere, here too. Personal access tokens stay."""
    await session_service.end_sessions(session, user.id, utc_now())
    clear_refresh_cookie(response, resources.settings)
