"""Register, log in, stay logged in, log out."""

import logging
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Form, Response, status
from pydantic import BaseModel, Field

from todo.core.clock import utc_now
from todo.core.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    RateLimitExceededError,
    ServiceUnavailableError,
    UnsupportedMediaTypeError,
)
from todo.domain.account import InvalidEmailError, NameTooLongError, PasswordTooLongError, PasswordTooShortError
from todo.domain.text import Text
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies import PUBLIC, Device, Resources, Security, Session, limit_rate
from todo.http.errors import errors
from todo.http.refresh_cookie import (
    COOKIE_PARAMETER,
    SETS_COOKIE,
    RefreshToken,
    clear_refresh_cookie,
    set_refresh_cookie,
)
from todo.http.resource_route import make_router
from todo.schemas.token import MessagePublic, TokenPublic
from todo.schemas.user import UserCreate, UserPublic
from todo.services.accounts import service as account_service
from todo.services.accounts.service import EmailAlreadyExistsError, InvalidCredentialsError
from todo.services.authentication import InvalidTokenError, InvalidTokenTypeError
from todo.services.login_sessions import service as session_service
from todo.services.login_sessions.service import (
    MissingRefreshTokenError,
    RefreshTokenExpiredError,
    RefreshTokenReusedError,
)

logger = logging.getLogger(__name__)
router = make_router("/auth", "auth", route_class=DeclaredRoute, responses=PUBLIC)


class LoginForm(BaseModel):
    """The form of RFC 6749's password grant; its other fields are accepted and ignored."""

    username: Annotated[Text, Field(description="The e-mail address.", examples=["ada@example.com"])]
    password: Annotated[Text, Field(json_schema_extra={"format": "password"}, examples=["correct horse battery"])]


@router.post(
    "/register",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(limit_rate("register"))],
    responses=errors(
        EmailAlreadyExistsError,
        PasswordTooShortError,
        PasswordTooLongError,
        InvalidEmailError,
        NameTooLongError,
        PayloadTooLargeError,
        UnsupportedMediaTypeError,
        MalformedRequestError,
        RateLimitExceededError,
    ),
)
async def register(user: UserCreate, session: Session, security: Security) -> UserPublic:
    """Create an account. Log in with it next."""
    return await account_service.create_user(session, security.hasher, user)


@router.post(
    "/login",
    dependencies=[Depends(limit_rate("login"))],
    responses=SETS_COOKIE
    | errors(
        InvalidCredentialsError,
        PayloadTooLargeError,
        UnsupportedMediaTypeError,
        MalformedRequestError,
        RateLimitExceededError,
    ),
)
async def login(
    form: Annotated[LoginForm, Form()],
    response: Response,
    session: Session,
    resources: Resources,
    device: Device,
) -> TokenPublic:
    """Exchange e-mail and password for an access token (15 minutes) and, in a cookie, a refresh token (7 days)."""
    tokens = await account_service.log_in(
        session, resources.security, email=form.username, password=form.password, device=device, now=utc_now()
    )
    set_refresh_cookie(response, resources.settings, tokens.refresh)
    return tokens.access


@router.post(
    "/refresh",
    dependencies=[Depends(limit_rate("refresh"))],
    openapi_extra=COOKIE_PARAMETER,
    responses=SETS_COOKIE
    | errors(
        MissingRefreshTokenError,
        RefreshTokenExpiredError,
        RefreshTokenReusedError,
        InvalidTokenError,
        InvalidTokenTypeError,
        RateLimitExceededError,
    ),
)
async def refresh(
    response: Response, session: Session, resources: Resources, refresh_token: RefreshToken
) -> TokenPublic:
    """Exchange the refresh token in the cookie for a new access token and, in the cookie, the next refresh token.

    Each refresh token is for one use. One that comes back after a newer one was used was copied: the session ends.
    """
    grace = timedelta(seconds=resources.settings.refresh_grace)
    tokens = await session_service.refresh_session(
        session, resources.security.signer, refresh_token, grace=grace, now=utc_now()
    )
    set_refresh_cookie(response, resources.settings, tokens.refresh)
    return tokens.access


@router.post("/logout", responses=SETS_COOKIE, openapi_extra=COOKIE_PARAMETER)
async def logout(
    response: Response, session: Session, resources: Resources, refresh_token: RefreshToken
) -> MessagePublic:
    """End the session and clear the refresh token's cookie. Succeeds without a session too."""
    clear_refresh_cookie(response, resources.settings)
    try:
        await session_service.end_session_of(session, resources.security.signer, refresh_token, utc_now())
    except ServiceUnavailableError:
        # The contract: logging out never fails. The cookie is gone, and with it all that this device could do.
        logger.warning("A session was not ended because the database is away")
    return MessagePublic(message="Successfully logged out")
