"""Authentication: register, log in, refresh, log out."""

import logging
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Form, Response, status
from pydantic import Field

from todo.core.clock import utc_now
from todo.core.errors import ServiceUnavailableError
from todo.domain.text import RawText, Text
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.client import Client, limit_rate
from todo.http.dependencies.origin import check_origin
from todo.http.dependencies.principal import API
from todo.http.dependencies.resources import Resources, Session
from todo.http.openapi import errors, located_at
from todo.http.refresh_cookie import (
    COOKIE_PARAMETER,
    SETS_COOKIE,
    RefreshRoute,
    RefreshToken,
    clear_refresh_cookie,
    set_refresh_cookie,
)
from todo.http.resource_route import make_router
from todo.schemas.request import RequestModel
from todo.schemas.token import MessagePublic, TokenPublic
from todo.schemas.user import UserCreate, UserPublic
from todo.services.accounts import service as account_service
from todo.services.accounts.errors import (
    AccountDisabledError,
    EmailAlreadyExistsError,
    InvalidCredentialsError,
    RegistrationClosedError,
)
from todo.services.authentication import InvalidTokenError, InvalidTokenTypeError
from todo.services.invitations.errors import InvitationRequiredError
from todo.services.login_sessions import service as login_session_service
from todo.services.login_sessions.errors import (
    LoginSessionEndedError,
    MissingRefreshTokenError,
    RefreshTokenExpiredError,
    RefreshTokenReusedError,
)
from todo.services.totp.errors import InvalidTotpCodeError, TotpRequiredError

logger = logging.getLogger(__name__)
router = make_router("/auth", "auth", route_class=DeclaredRoute)


class LoginForm(RequestModel, ignores=("grant_type", "scope", "client_id", "client_secret")):
    """The form of RFC 6749's password grant (section 4.3.2). Its other fields are ignored."""

    username: Annotated[
        Text,
        Field(description="The e-mail address.", json_schema_extra={"minLength": 1}, examples=["ada@example.com"]),
    ]
    password: Annotated[
        RawText, Field(json_schema_extra={"format": "password", "minLength": 1}, examples=["correct horse battery"])
    ]
    totp_code: Annotated[
        Text,
        Field(
            description="For an account with a second factor: the TOTP code of six digits, or a recovery code.",
            examples=["123456"],
        ),
    ] = ""


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(limit_rate("register"))],
    responses=errors(EmailAlreadyExistsError, RegistrationClosedError, InvitationRequiredError),
)
@located_at(f"{API}/auth/me")
async def register(user: UserCreate, session: Session, resources: Resources) -> UserPublic:
    """Create an account. Log in with it next. The operator can close registration, or require an invitation."""
    return await account_service.register_user(
        session, resources.security.hasher, user, resources.settings.registration, utc_now()
    )


@router.post(
    "/login",
    dependencies=[Depends(check_origin), Depends(limit_rate("login"))],
    responses=SETS_COOKIE
    | errors(InvalidCredentialsError, TotpRequiredError, InvalidTotpCodeError, AccountDisabledError),
)
async def login(
    form: Annotated[LoginForm, Form()], response: Response, session: Session, resources: Resources, client: Client
) -> TokenPublic:
    """Exchange e-mail address and password for an access token (15 minutes) and a refresh token cookie (7 days).

    An account with a second factor also needs a code: without it the response is 401 `TOTP_REQUIRED`.
    """
    tokens = await account_service.log_in(
        session,
        resources.security,
        email=form.username,
        password=form.password,
        totp_code=form.totp_code,
        client=client,
        now=utc_now(),
    )
    set_refresh_cookie(response, resources.settings, tokens.refresh)
    return tokens.access


async def refresh(
    response: Response, session: Session, resources: Resources, refresh_token: RefreshToken
) -> TokenPublic:
    """Exchange the refresh token in the cookie for a new access token and the next refresh token.

    Each refresh token can be used once. If it is used again after its successor, it was copied, and the login session
    ends. A 401 clears the cookie.
    """
    grace = timedelta(seconds=resources.settings.refresh_grace)
    tokens = await login_session_service.refresh_login_session(
        session, resources.security.signer, refresh_token, grace=grace, now=utc_now()
    )
    set_refresh_cookie(response, resources.settings, tokens.refresh)
    return tokens.access


router.add_api_route(
    "/refresh",
    refresh,
    methods=["POST"],
    dependencies=[Depends(check_origin), Depends(limit_rate("refresh"))],
    openapi_extra=COOKIE_PARAMETER,
    responses=SETS_COOKIE
    | errors(
        MissingRefreshTokenError,
        RefreshTokenExpiredError,
        RefreshTokenReusedError,
        LoginSessionEndedError,
        InvalidTokenError,
        InvalidTokenTypeError,
    ),
    route_class_override=RefreshRoute,
)


@router.post("/logout", dependencies=[Depends(check_origin)], responses=SETS_COOKIE, openapi_extra=COOKIE_PARAMETER)
async def logout(
    response: Response, session: Session, resources: Resources, refresh_token: RefreshToken
) -> MessagePublic:
    """End the login session and clear the cookie. Without a login session the response is the same."""
    clear_refresh_cookie(response, resources.settings)
    try:
        await login_session_service.end_login_session_of(session, resources.security.signer, refresh_token, utc_now())
    except ServiceUnavailableError:
        # The contract: a log-out never fails. The client loses the cookie in any case.
        logger.warning("A login session was not ended, because the database is unavailable")
    return MessagePublic(message="Successfully logged out")
