"""The cookie of the refresh token, with the contract's attributes."""

from typing import Annotated

from fastapi import Depends, Request, Response

from todo.core.config import Settings
from todo.core.security.tokens import REFRESH_LIFETIME
from todo.http.dependencies.principal import API
from todo.http.openapi import Responses

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
    """Return the refresh token in the cookie, or None."""
    return request.cookies.get(REFRESH_COOKIE)


RefreshToken = Annotated[str | None, Depends(get_refresh_token)]


def set_refresh_cookie(response: Response, settings: Settings, token: str) -> None:
    """Set the cookie (LOG-006)."""
    _set_cookie(response, settings, token, int(REFRESH_LIFETIME.total_seconds()))


def clear_refresh_cookie(response: Response, settings: Settings) -> None:
    """Clear the cookie (OUT-001)."""
    _set_cookie(response, settings, "", 0)


def _set_cookie(response: Response, settings: Settings, token: str, max_age: int) -> None:
    secure = "; Secure" if settings.cookie_secure else ""
    same_site = settings.cookie_samesite.capitalize()
    path = settings.root_path + COOKIE_PATH
    response.headers.append(
        "Set-Cookie",
        f"{REFRESH_COOKIE}={token}; HttpOnly{secure}; SameSite={same_site}; Path={path}; Max-Age={max_age}",
    )
