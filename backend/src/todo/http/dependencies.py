"""What routes ask for: each dependency once, under one name."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.openapi.models import OAuth2, OAuthFlowPassword, OAuthFlows
from fastapi.security.base import SecurityBase

from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database.session import Database
from todo.core.database.session import Session as DatabaseSession
from todo.core.errors import Allowance, InternalError, RateLimitExceededError, ServiceUnavailableError
from todo.core.limits.keyed_lock import Turns
from todo.core.limits.rate_limits import RateLimits, network_of
from todo.http.errors import errors
from todo.models.login_session import ADDRESS_MAX, USER_AGENT_MAX
from todo.services import authentication as auth_service
from todo.services.access_tokens import service as access_token_service
from todo.services.accounts.service import Security as AccountSecurity
from todo.services.authentication import (
    Caller,
    InsufficientScopeError,
    InvalidTokenError,
    InvalidTokenTypeError,
    MissingTokenError,
    SessionRequiredError,
    TokenExpiredError,
)
from todo.services.login_sessions import service as session_service
from todo.services.login_sessions.service import Device as CallingDevice
from todo.services.login_sessions.service import SessionEndedError
from todo.services.shared.versions import Versions

API = "/api/v1"
SESSION = "todo.session"
"""Where in a request's scope the transaction is that all of it runs in, if one was begun for it."""
RESPONSE_HEADERS = "todo.response_headers"
"""Where in a request's scope the headers are that its answer gets, whatever it is."""
RATE_LIMIT_FIELDS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
CALLER = "todo.caller"
"""Where in a request's scope it stands who is asking, once that is known."""
TOKEN_ERRORS = (
    MissingTokenError,
    TokenExpiredError,
    InvalidTokenError,
    InvalidTokenTypeError,
    InsufficientScopeError,
)
"""What every route that acts for a user may answer."""
VERSION_TAG = re.compile(r'"([1-9][0-9]{0,17})"')

PUBLIC = errors(InternalError, ServiceUnavailableError)
"""What every route below `API` may answer, for its router's `responses`."""
AUTHENTICATED = PUBLIC | errors(*TOKEN_ERRORS)
"""The same for a router whose routes act for a user."""


@dataclass(frozen=True)
class AppResources:
    """What one application holds for all its requests; `create_app` makes it.

    Attributes:
        settings: what the operator set.
        database: the pool.
        security: what passwords and tokens are made and checked with.
        keyed_writes: whose turn it is to write with an idempotency key, by user.
    """

    settings: Settings
    database: Database
    security: AccountSecurity
    keyed_writes: Turns

    @property
    def rate_limits(self) -> RateLimits:
        """The counters of attempts."""
        return self.security.rate_limits


# These call each other as functions: what the framework resolves as a dependency of a dependency costs 40 µs a request.


async def get_resources(request: Request) -> AppResources:
    """Return what the application of this request holds."""
    resources: AppResources = request.app.state.resources
    return resources


Resources = Annotated[AppResources, Depends(get_resources)]


async def get_session(request: Request) -> DatabaseSession:
    """Return the way to the database.

    A statement is committed when its call returns, before any answer is sent; or, when the request runs in one
    transaction, with all the others of it, before any answer is sent.
    """
    session: DatabaseSession = request.scope.get(SESSION) or request.app.state.resources.database.session
    return session


Session = Annotated[DatabaseSession, Depends(get_session)]


async def get_security(request: Request) -> AccountSecurity:
    """Return what passwords and tokens are made and checked with."""
    return (await get_resources(request)).security


Security = Annotated[AccountSecurity, Depends(get_security)]


class Authentication(SecurityBase):
    """Finds out who is asking, and is what the documentation's Authorize button is for (RFC 6750)."""

    def __init__(self) -> None:
        self.scheme_name = "OAuth2PasswordBearer"
        self.model = OAuth2(
            flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl=f"{API}/auth/login", scopes={})),
            description="Log in with your e-mail (as the username) and password, or send an access token or a personal "
            "access token as `Authorization: Bearer <token>`.",
        )

    async def __call__(self, request: Request) -> Caller:
        """Return who is asking: for a person's access token without a query, for a personal access token with one.

        A personal access token must have the scope of this path and method. Every route that acts for a user comes
        through here, and a resource for which no scope exists is open to no such token.
        """
        known: Caller | None = request.scope.get(CALLER)
        if known is not None:
            return known
        given = [value for name, value in request.scope["headers"] if name == b"authorization"]
        if len(given) > 1:
            # Who is in front of us may have believed the other one.
            raise InvalidTokenError
        scheme, _, token = given[0].decode("latin-1").partition(" ") if given else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            raise MissingTokenError
        resources = await get_resources(request)
        if token.startswith(access_token_service.PREFIX):
            caller = await access_token_service.read_personal_token(resources.database.session, token, utc_now())
            caller.require_scope(scope_of(request.method, request.url.path))
        else:
            caller = auth_service.read_access_token(resources.security.signer, token, utc_now())
        request.scope[CALLER] = caller
        return caller


get_current_user = Authentication()
CurrentUser = Annotated[Caller, Depends(get_current_user)]


def scope_of(method: str, path: str) -> str:
    """Return the scope that a personal access token needs: `tasks:read` to GET anything below `/api/v1/tasks`."""
    resource = path.partition(f"{API}/")[2].partition("/")[0]
    if resource == "auth":
        return "account"
    return f"{resource}:{'read' if method == 'GET' else 'write'}"


async def get_session_user(request: Request, user: CurrentUser) -> Caller:
    """Return who is asking if they logged in and have not logged out since; one query."""
    await session_service.check_session(await get_session(request), user, utc_now())
    return user


async def get_live_user(request: Request, user: CurrentUser) -> Caller:
    """Return who is asking: a session that has not ended, or a personal access token."""
    return user if user.scopes is not None else await get_session_user(request, user)


LIVE_ERRORS = (*TOKEN_ERRORS, SessionEndedError)
"""What a route that asks for a LiveUser may answer."""
SESSION_ERRORS = (*LIVE_ERRORS, SessionRequiredError)
"""What a route that asks for a SessionUser may answer."""
SessionUser = Annotated[Caller, Depends(get_session_user)]
LiveUser = Annotated[Caller, Depends(get_live_user)]


async def get_device(request: Request) -> CallingDevice:
    """Return what the request says of where it comes from."""
    address = request.client.host if request.client else None
    return CallingDevice(
        user_agent=request.headers.get("user-agent", "")[:USER_AGENT_MAX] or None,
        address=address[:ADDRESS_MAX] if address else None,
    )


Device = Annotated[CallingDevice, Depends(get_device)]


async def get_versions(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(description='The `ETag` that you read, such as `"3"`; changed since, it is 412. `*` is any version.'),
    ] = None,
) -> Versions | None:
    """Return the versions that a write may change (RFC 9110, section 13.1.1); None: whichever there is.

    A weak tag, or one that is none of ours, matches nothing.
    """
    if if_match is None:
        return None
    # Several lines of one header count as one list (RFC 9110, section 5.3).
    given = ",".join(request.headers.getlist("If-Match"))
    if given.strip() == "*":
        return None
    tags = (VERSION_TAG.fullmatch(tag.strip()) for tag in given.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag)


IfMatch = Annotated[Versions | None, Depends(get_versions)]


def limit_rate(name: str) -> Callable[..., Awaitable[None]]:
    """Return a dependency that counts an attempt of the client's address under this name."""

    async def count_attempt(request: Request) -> None:
        device = await get_device(request)
        rate_limits = (await get_resources(request)).rate_limits
        try:
            left = rate_limits.count_attempt(name, network_of(device.address))
        except RateLimitExceededError as error:
            request.scope[RESPONSE_HEADERS] += _describe(error.allowance)
            raise
        if left is not None:
            request.scope[RESPONSE_HEADERS] += _describe(left)

    return count_attempt


def _describe(left: Allowance) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell a client how many attempts it has (draft-ietf-httpapi-ratelimit-headers-07)."""
    figures = (left.limit, left.remaining, left.reset)
    return [
        (name.lower().encode(), str(figure).encode()) for name, figure in zip(RATE_LIMIT_FIELDS, figures, strict=True)
    ]
