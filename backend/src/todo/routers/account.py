"""The user's own account."""

from fastapi import Response, status
from fastapi.responses import StreamingResponse

from todo.core.clock import utc_now
from todo.core.errors import RateLimitExceededError
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.client import Client
from todo.http.dependencies.principal import ActiveUser, CurrentUser, LoggedInUser
from todo.http.dependencies.resources import Resources, Security, Session
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import Responses, errors, merge_patch, schema_of
from todo.http.refresh_cookie import clear_refresh_cookie
from todo.http.resource_route import PasswordRoute, make_router
from todo.schemas.transfer.document import FORMAT, VERSION
from todo.schemas.user import AccountDeletion, AccountUpdate, PasswordChange, UserPublic
from todo.services.accounts import service as account_service
from todo.services.accounts.errors import EmailAlreadyExistsError, WrongPasswordError
from todo.services.transfer import export

EXPORT: Responses = {
    200: {
        "description": "The document.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "format": {"const": FORMAT},
                        "version": {"const": VERSION},
                        "epoch": {"type": "string", "format": "uuid"},
                        "exported_at": {"type": "string", "format": "date-time"},
                        "user": schema_of(UserPublic),
                        **{name: {"type": "array", "items": schema_of(item)} for name, item in export.SECTIONS.items()},
                    },
                    "required": ["format", "version", "epoch", "exported_at", "user", *export.SECTIONS],
                },
            }
        },
    }
}

router = make_router("/auth", "account", route_class=PasswordRoute)


@router.get("/me")
async def get_me(session: Session, user: CurrentUser) -> UserPublic:
    """Return the account of the access token."""
    return await account_service.get_user(session, user.id, utc_now())


@router.patch(
    "/me",
    openapi_extra=merge_patch(AccountUpdate),
    responses=errors(EmailAlreadyExistsError, WrongPasswordError, RateLimitExceededError),
)
async def update_me(
    changes: AccountUpdate, writer: CurrentWriter, security: Security, client: Client, user: ActiveUser
) -> UserPublic:
    """Change your name or, together with your password, your e-mail address. Absent fields stay.

    If the service sends mail, `email` stays and `pending_email` is the new address, until the link in a mail to the new
    address is opened. The present address gets a notice.
    """
    return await account_service.update_user(writer, security, user, changes, client, utc_now())


@router.post(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(WrongPasswordError, RateLimitExceededError),
)
async def change_password(
    change: PasswordChange, writer: CurrentWriter, security: Security, client: Client, user: LoggedInUser
) -> None:
    """Set a new password. All your other login sessions end. Personal access tokens stay."""
    await account_service.change_password(writer, security, user, change, client, utc_now())


@router.delete(
    "/me",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(WrongPasswordError, RateLimitExceededError),
)
async def delete_me(
    confirmation: AccountDeletion,
    response: Response,
    session: Session,
    resources: Resources,
    client: Client,
    user: LoggedInUser,
) -> None:
    """Delete your account with all its data, login sessions and tokens. This cannot be undone."""
    await account_service.delete_user(session, resources.security, user, confirmation.password, client)
    clear_refresh_cookie(response, resources.settings)


async def export_me(session: Session, resources: Resources, user: ActiveUser) -> StreamingResponse:
    """Return all your data as one JSON document: the account, and a list of each kind of resource."""
    pieces = await export.export_user(session, user.id, utc_now(), resources.settings.trash_retention)
    disposition = {"Content-Disposition": 'attachment; filename="todo-export.json"'}
    return StreamingResponse(pieces, media_type="application/json", headers=disposition)


# Not a ResourceRoute: the document is sent while it is read, so it has no ETag.
router.add_api_route(
    "/me/export",
    export_me,
    methods=["GET"],
    response_class=StreamingResponse,
    response_model=None,
    responses=EXPORT,
    route_class_override=DeclaredRoute,
)
