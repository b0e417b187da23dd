"""Register, log in, stay logged in, log out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, status
from pydantic import BaseModel, Field

from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.errors import MalformedRequestError, PayloadTooLargeError, RateLimitExceededError
from todo.core.security import REFRESH_LIFETIME
from todo.core.types import (
    InvalidEmailError,
    NameTooLongError,
    PasswordTooLongError,
    PasswordTooShortError,
    Text,
)
from todo.routers.dependencies import API, CurrentUser, Resources, Session, limit_rate
from todo.routers.error_handlers import Responses, errors
from todo.schemas.token import MessagePublic, TokenPublic
from todo.schemas.user import UserCreate, UserPublic
from todo.services import auth_service
from todo.services.auth_service import (
    EmailAlreadyExistsError,
    InvalidCredentialsError,
    InvalidTokenError,
    InvalidTokenTypeError,
    MissingRefreshTokenError,
    MissingTokenError,
    RefreshTokenExpiredError,
    TokenExpiredError,
)

REFRESH_COOKIE = "refresh_token"
COOKIE_PATH = f"{API}/auth"
SETS_COOKIE: Responses = {
    200: {"headers": {"Set-Cookie": {"schema": {"type": "string"}, "description": "`refresh_token=…`"}}}
}

router = APIRouter(prefix="/auth", tags=["auth"])

COOKIE_PARAMETER = {
    "parameters": [
        {
            "name": REFRESH_COOKIE,
            "in": "cookie",
            "description": "Set by `POST /api/v1/auth/login`; browsers send it by themselves.",
            "schema": {"type": "string"},
        }
    ]
}
"""Described by hand: as a parameter of the framework's it would promise a 422 that cannot happen."""


async def get_refresh_token(request: Request) -> str | None:
    """Return the refresh token in the cookie, if there is one."""
    return request.cookies.get(REFRESH_COOKIE)


RefreshToken = Annotated[str | None, Depends(get_refresh_token)]


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
        MalformedRequestError,
        RateLimitExceededError,
    ),
)
async def register(user: UserCreate, session: Session, resources: Resources) -> UserPublic:
    """Create an account. Log in with it next."""
    return await auth_service.create_user(session, resources.hasher, user)


@router.post(
    "/login",
    dependencies=[Depends(limit_rate("login"))],
    responses=SETS_COOKIE
    | errors(InvalidCredentialsError, PayloadTooLargeError, MalformedRequestError, RateLimitExceededError),
)
async def login(
    form: Annotated[LoginForm, Form()], response: Response, session: Session, resources: Resources
) -> TokenPublic:
    """Exchange e-mail and password for an access token (15 minutes) and, in a cookie, a refresh token (7 days)."""
    tokens = await auth_service.log_in(
        session, resources.hasher, resources.signer, email=form.username, password=form.password, now=utc_now()
    )
    _set_refresh_cookie(response, resources.settings, tokens.refresh, int(REFRESH_LIFETIME.total_seconds()))
    return tokens.access


@router.post(
    "/refresh",
    dependencies=[Depends(limit_rate("refresh"))],
    openapi_extra=COOKIE_PARAMETER,
    responses=errors(
        MissingRefreshTokenError,
        RefreshTokenExpiredError,
        InvalidTokenError,
        InvalidTokenTypeError,
        RateLimitExceededError,
    ),
)
async def refresh(session: Session, resources: Resources, refresh_token: RefreshToken) -> TokenPublic:
    """Exchange the refresh token in the cookie for a new access token."""
    return await auth_service.refresh(session, resources.signer, refresh_token, utc_now())


@router.get("/me", responses=errors(MissingTokenError, TokenExpiredError, InvalidTokenError, InvalidTokenTypeError))
async def get_me(session: Session, user: CurrentUser) -> UserPublic:
    """Return the account that the access token belongs to."""
    return await auth_service.get_user(session, user.sub)


@router.post("/logout", responses=SETS_COOKIE, openapi_extra=COOKIE_PARAMETER)
async def logout(response: Response, resources: Resources) -> MessagePublic:
    """Clear the refresh token's cookie. Succeeds without a session too."""
    _set_refresh_cookie(response, resources.settings, "", 0)
    return MessagePublic(message="Successfully logged out")


def _set_refresh_cookie(response: Response, settings: Settings, token: str, max_age: int) -> None:
    """Set the cookie with the contract's attributes (LOG-006), or clear it with a `max_age` of 0 (OUT-001)."""
    secure = "; Secure" if settings.cookie_secure else ""
    same_site = settings.cookie_samesite.capitalize()
    response.headers.append(
        "Set-Cookie",
        f"{REFRESH_COOKIE}={token}; HttpOnly{secure}; SameSite={same_site}; Path={COOKIE_PATH}; Max-Age={max_age}",
    )
