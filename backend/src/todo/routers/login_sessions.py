"""Login sessions: the clients that are logged in to an account."""

from uuid import UUID

from fastapi import Response, status

from todo.core.clock import utc_now
from todo.http.dependencies.principal import ActiveUser, LoggedInUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.openapi import errors
from todo.http.refresh_cookie import clear_refresh_cookie
from todo.http.resource_route import make_router
from todo.schemas.login_session import SessionPublic
from todo.services.login_sessions import service as login_session_service
from todo.services.login_sessions.errors import LoginSessionNotFoundError

router = make_router("/auth", "sessions")


@router.get("/sessions")
async def list_sessions(session: Session, user: ActiveUser) -> list[SessionPublic]:
    """Return the clients where you are logged in, the last used first, with a mark on this one."""
    return await login_session_service.list_login_sessions(session, user, utc_now())


@router.delete(
    "/sessions/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(LoginSessionNotFoundError),
)
async def delete_session(session_id: UUID, session: Session, user: LoggedInUser) -> None:
    """Log a client out. It cannot refresh its tokens any more. Its access token expires within 15 minutes."""
    await login_session_service.end_login_session(session, user.id, session_id, utc_now())


@router.post("/logout-all", status_code=status.HTTP_204_NO_CONTENT)
async def logout_all(response: Response, session: Session, resources: Resources, user: LoggedInUser) -> None:
    """Log out everywhere, on this client too. Personal access tokens stay."""
    await login_session_service.end_all_login_sessions(session, user.id, utc_now())
    clear_refresh_cookie(response, resources.settings)
