"""A person's own account: see it, change it, take it away, delete it."""

from fastapi import Response, status
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from todo.core.clock import utc_now
from todo.core.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    RateLimitExceededError,
    UnsupportedMediaTypeError,
)
from todo.domain.account import InvalidEmailError, NameTooLongError, PasswordTooLongError, PasswordTooShortError
from todo.http.dependencies import (
    LIVE_ERRORS,
    SESSION_ERRORS,
    CurrentUser,
    LiveUser,
    Resources,
    Security,
    Session,
    SessionUser,
)
from todo.http.errors import Responses, errors
from todo.http.refresh_cookie import clear_refresh_cookie
from todo.http.resource_route import make_router, merge_patch
from todo.schemas.user import AccountDeletion, AccountUpdate, PasswordChange, UserPublic
from todo.services.accounts import service as account_service
from todo.services.accounts.service import EmailAlreadyExistsError, WrongPasswordError
from todo.services.transfer import export as export_service

PASSWORD_ERRORS = (
    WrongPasswordError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    MalformedRequestError,
    RateLimitExceededError,
)
EXPORT: Responses = {
    200: {
        "description": "The document.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["format", "version", "user", "tags", "tasks"]},
                "example": {"format": "todo-export", "version": 1, "user": {}, "tags": [], "tasks": []},
            }
        },
    }
}

router = make_router("/auth", "account")


@router.get("/me")
async def get_me(session: Session, user: CurrentUser) -> UserPublic:
    """Return the account that the access token belongs to."""
    return await account_service.get_user(session, user.id)


@router.patch(
    "/me",
    openapi_extra=merge_patch(AccountUpdate),
    responses=errors(*LIVE_ERRORS, EmailAlreadyExistsError, InvalidEmailError, NameTooLongError, *PASSWORD_ERRORS),
)
async def update_me(changes: AccountUpdate, session: Session, security: Security, user: LiveUser) -> UserPublic:
    """Change your name or, with your password beside it, your e-mail address. What is not sent stays."""
    return await account_service.update_user(session, security, user, changes)


@router.post(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(*SESSION_ERRORS, PasswordTooShortError, PasswordTooLongError, *PASSWORD_ERRORS),
)
async def change_password(change: PasswordChange, session: Session, security: Security, user: SessionUser) -> None:
    """Set a new password. All your other sessions end; personal access tokens stay."""
    await account_service.change_password(session, security, user, change, utc_now())


@router.delete("/me", status_code=status.HTTP_204_NO_CONTENT, responses=errors(*SESSION_ERRORS, *PASSWORD_ERRORS))
async def delete_me(
    confirmation: AccountDeletion, response: Response, session: Session, resources: Resources, user: SessionUser
) -> None:
    """Delete your account and everything of yours: tasks, tags, sessions, tokens. It cannot be undone."""
    await account_service.delete_user(session, resources.security, user, confirmation.password)
    clear_refresh_cookie(response, resources.settings)


exports = make_router("/auth", "account", route_class=APIRoute)


@exports.get("/me/export", response_class=StreamingResponse, responses=EXPORT | errors(*LIVE_ERRORS))
async def export_me(session: Session, user: LiveUser) -> StreamingResponse:
    """Return everything of yours as one JSON document: account, tags, and tasks with their tags."""
    pieces = await export_service.export_user(session, user.id, utc_now())
    disposition = {"Content-Disposition": 'attachment; filename="todo-export.json"'}
    return StreamingResponse(pieces, media_type="application/json", headers=disposition)
