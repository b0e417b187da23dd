"""Authentication: the principal of a request, with or without a check of its login session."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import OAuth2, OAuthFlowPassword, OAuthFlows
from fastapi.security.base import SecurityBase

from todo.core.clock import utc_now
from todo.core.errors import DomainError
from todo.domain.scope import ACCOUNT_RESOURCES, ACCOUNT_SCOPE, SCOPE_OF_PATH, SHARED_RESOURCES
from todo.http.dependencies.resources import get_session, resources_of
from todo.http.openapi import raises
from todo.http.request_state import READ_METHODS, request_state
from todo.services import authentication
from todo.services.access_tokens import service as access_token_service
from todo.services.authentication import (
    InsufficientScopeError,
    InvalidTokenError,
    InvalidTokenTypeError,
    LoginSessionRequiredError,
    MissingTokenError,
    Principal,
    TokenExpiredError,
)
from todo.services.login_sessions import service as login_session_service
from todo.services.login_sessions.errors import LoginSessionEndedError

API = "/api/v1"


class Authentication(SecurityBase):
    """Authenticates requests with a bearer token (RFC 6750), and describes the scheme in the document."""

    errors: tuple[type[DomainError], ...] = (
        *(MissingTokenError, TokenExpiredError, InvalidTokenError, InvalidTokenTypeError),
        *(LoginSessionEndedError, InsufficientScopeError),
    )

    def __init__(self) -> None:
        self.scheme_name = "OAuth2PasswordBearer"
        self.model = OAuth2(
            flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl=f"{API}/auth/login", scopes={})),
            description="Log in with your e-mail address (as the username) and password, or send an access token or a "
            "personal access token as `Authorization: Bearer <token>`.",
        )

    async def __call__(self, request: Request) -> Principal:
        """Return the principal: without a query for an access token, with one for a personal access token.

        If the user was disabled a short time ago, the login session is checked, with one query (USR-007).

        A personal access token needs the scope of the path and method. A resource without scopes is closed to it. The
        services of SHARED_RESOURCES check scopes themselves.
        """
        state = request_state(request.scope)
        if state.principal is not None:
            return state.principal
        credentials = [value for name, value in request.scope["headers"] if name == b"authorization"]
        if len(credentials) > 1:
            # A proxy may have checked the other header.
            raise InvalidTokenError
        scheme, _, token = credentials[0].decode("latin-1").partition(" ") if credentials else ("", "", "")
        if scheme.lower() != "bearer" or not (token := token.lstrip(" ")):
            raise MissingTokenError
        resources = resources_of(request)
        if token.startswith(access_token_service.PREFIX):
            principal = await access_token_service.authenticate_access_token(
                resources.database.session, token, utc_now()
            )
            check_scope(principal, request.method, request.url.path)
        else:
            principal = authentication.read_access_token(resources.security.signer, token, utc_now())
            if principal.id in resources.disabled_users:
                await login_session_service.check_login_session(resources.database.session, principal, utc_now())
        state.principal = principal
        return principal


get_current_user = Authentication()
CurrentUser = Annotated[Principal, Depends(get_current_user)]
"""The principal of the token. An access token of an ended login session is accepted until it expires, unless
the user was disabled."""


def resource_of(path: str) -> str:
    """Return the first segment of a path below `/api/v1`, such as `tasks`."""
    return path.partition(f"{API}/")[2].partition("/")[0]


def check_scope(principal: Principal, method: str, path: str) -> None:
    """Check the scope of a request: `account` for ACCOUNT_RESOURCES, `tasks:read` for reads below `/api/v1/tasks`.

    Raises:
        InsufficientScopeError: the principal lacks the scope.
    """
    resource = resource_of(path)
    if resource in ACCOUNT_RESOURCES:
        principal.require_scope(ACCOUNT_SCOPE)
    elif resource not in SHARED_RESOURCES:
        noun = SCOPE_OF_PATH.get(resource, resource)
        principal.require_scope(f"{noun}:{'read' if method in READ_METHODS else 'write'}")


@raises(LoginSessionEndedError, LoginSessionRequiredError)
async def get_logged_in_user(request: Request, user: CurrentUser) -> Principal:
    """Return the principal of a live login session; one query."""
    await login_session_service.check_login_session(await get_session(request), user, utc_now())
    return user


@raises(LoginSessionEndedError)
async def get_active_user(request: Request, user: CurrentUser) -> Principal:
    """Return the principal of a live login session or of a personal access token."""
    return user if user.scopes is not None else await get_logged_in_user(request, user)


LoggedInUser = Annotated[Principal, Depends(get_logged_in_user)]
ActiveUser = Annotated[Principal, Depends(get_active_user)]
