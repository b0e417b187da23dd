"""The cookie of the refresh token, with the contract's attributes."""

from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.requests import cookie_parser

from todo.core.config import Settings
from todo.core.errors import AuthenticationError
from todo.core.security.tokens import REFRESH_LIFETIME
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import API
from todo.http.dependencies.resources import resources_of
from todo.http.openapi import Responses
from todo.http.request_state import request_state
from todo.services.login_sessions.errors import MissingRefreshTokenError
from todo.services.login_sessions.service import select_refresh_token

REFRESH_COOKIE = "refresh_token"
COOKIE_PATH = f"{API}/auth"
SETS_COOKIE: Responses = {
    200: {"headers": {"Set-Cookie": {"schema": {"type": "string"}, "description": "`refresh_token=…`"}}}
}
COOKIE_PARAMETER = {
    "parameters": [
        {
            "name": REFRESH_COOKIE,
            "in": "cookie",
            "description": "Set by `POST /api/v1/auth/login`; browsers send it automatically.",
            "schema": {"type": "string"},
        }
    ]
}
"""The cookie in the document. As a parameter of the framework it would document a 422 that never occurs."""


async def get_refresh_token(request: Request) -> str | None:
    """Return the refresh token in the cookies, or None.

    Another application on the same host may set a cookie of the same name. The first token that this service signed
    counts (AUT-014).
    """
    pairs = (pair for header in request.headers.getlist("cookie") for pair in header.split(";"))
    tokens = [token for pair in pairs if (token := cookie_parser(pair).get(REFRESH_COOKIE))]
    resources = resources_of(request)
    return select_refresh_token(resources.security.signer, tokens)


RefreshToken = Annotated[str | None, Depends(get_refresh_token)]


class RefreshRoute(DeclaredRoute):
    """The route that exchanges refresh tokens. A 401 clears the cookie, because its token never works again (AUT-017).

    Without a cookie there is nothing to clear. Browsers withhold the cookie from requests of other sites.
    """

    async def _respond(self, request: Request) -> Response:
        try:
            return await super()._respond(request)
        except MissingRefreshTokenError:
            raise
        except AuthenticationError:
            settings = resources_of(request).settings
            request_state(request.scope).response_headers.append((b"set-cookie", _cookie(settings, "", 0).encode()))
            raise


def set_refresh_cookie(response: Response, settings: Settings, token: str) -> None:
    """Set the cookie (LOG-006)."""
    response.headers.append("Set-Cookie", _cookie(settings, token, int(REFRESH_LIFETIME.total_seconds())))


def clear_refresh_cookie(response: Response, settings: Settings) -> None:
    """Clear the cookie (OUT-001)."""
    response.headers.append("Set-Cookie", _cookie(settings, "", 0))


def _cookie(settings: Settings, token: str, max_age: int) -> str:
    secure = "; Secure" if settings.cookie_secure else ""
    same_site = settings.cookie_samesite.capitalize()
    path = settings.root_path + COOKIE_PATH
    return f"{REFRESH_COOKIE}={token}; HttpOnly{secure}; SameSite={same_site}; Path={path}; Max-Age={max_age}"
