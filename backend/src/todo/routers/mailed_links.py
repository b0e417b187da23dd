"""The links in mails: a new password, and the confirmation of a new e-mail address."""

from fastapi import Depends, status

from todo.core.clock import utc_now
from todo.core.errors import ServiceUnavailableError
from todo.http.dependencies.client import Client, limit_rate
from todo.http.dependencies.resources import Security, Session
from todo.http.dependencies.writer import UserWriter
from todo.http.openapi import errors
from todo.http.resource_route import WriteRoute, make_router
from todo.schemas.password_reset import EmailChangeConfirm, PasswordResetConfirm, PasswordResetRequest
from todo.schemas.token import MessagePublic
from todo.schemas.user import UserPublic
from todo.services.accounts import email_change
from todo.services.accounts.errors import EmailAlreadyExistsError, InvalidEmailTokenError
from todo.services.mail.errors import MailNotConfiguredError
from todo.services.password_resets import service as password_reset_service
from todo.services.password_resets.errors import InvalidResetTokenError

router = make_router("/auth", "auth", route_class=WriteRoute)


@router.post(
    "/password-reset",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(limit_rate("password_reset"))],
    responses=errors(MailNotConfiguredError, ServiceUnavailableError),
)
async def request_reset(request: PasswordResetRequest, session: Session, security: Security) -> MessagePublic:
    """Ask for a mail with a link that sets a new password. The response is the same for every address."""
    await password_reset_service.request_password_reset(session, security, request.email, utc_now())
    return MessagePublic(message="If an account has this address, a mail with a link is on its way")


@router.post(
    "/password-reset/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(limit_rate("confirm"))],
    responses=errors(InvalidResetTokenError, MailNotConfiguredError, ServiceUnavailableError),
)
async def reset_password(
    reset: PasswordResetConfirm, session: Session, make_writer: UserWriter, security: Security, client: Client
) -> None:
    """Set a new password with the token of a mail. It works once, for 30 minutes. All login sessions end."""
    await password_reset_service.confirm_password_reset(session, make_writer, security, reset, client, utc_now())


@router.post(
    "/email-change/confirm",
    dependencies=[Depends(limit_rate("confirm"))],
    responses=errors(InvalidEmailTokenError, EmailAlreadyExistsError, MailNotConfiguredError, ServiceUnavailableError),
)
async def confirm_email(
    confirmation: EmailChangeConfirm, session: Session, make_writer: UserWriter, security: Security
) -> UserPublic:
    """Change the e-mail address to the one that the mail with this token was sent to, and tell the previous one."""
    return await email_change.confirm_email_change(
        session, make_writer, confirmation.token, utc_now(), has_mail=security.has_mail
    )
