"""What routes ask for: each dependency once, under one name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database import Database
from todo.core.database import Session as DatabaseSession
from todo.core.rate_limit import RateLimits
from todo.core.security import Claims, PasswordHasher, TokenSigner
from todo.services import auth_service

API = "/api/v1"
bearer = OAuth2PasswordBearer(
    tokenUrl=f"{API}/auth/login",
    auto_error=False,
    description="Log in with your e-mail (as the username) and password, or send the access token that "
    "`POST /api/v1/auth/login` gave as `Authorization: Bearer <token>`.",
)


@dataclass(frozen=True)
class AppResources:
    """What one application holds for all its requests; `create_app` makes it."""

    settings: Settings
    database: Database
    hasher: PasswordHasher
    signer: TokenSigner
    rate_limits: RateLimits


async def get_resources(request: Request) -> AppResources:
    """Return what the application of this request holds."""
    resources: AppResources = request.app.state.resources
    return resources


Resources = Annotated[AppResources, Depends(get_resources)]


async def get_session(resources: Resources) -> DatabaseSession:
    """Return the way to the database. A statement is committed when its call returns, before any answer is sent."""
    return resources.database.session


async def get_current_user(resources: Resources, token: Annotated[str | None, Depends(bearer)]) -> Claims:
    """Return who the access token says is asking, without a query."""
    return auth_service.read_access_token(resources.signer, token, utc_now())


def limit_rate(name: str) -> Callable[..., Awaitable[None]]:
    """Return a dependency that counts an attempt of the client's address under this name."""

    async def count_attempt(request: Request, resources: Resources) -> None:
        resources.rate_limits.count_attempt(name, request.client.host if request.client else "unknown")

    return count_attempt


Session = Annotated[DatabaseSession, Depends(get_session)]
CurrentUser = Annotated[Claims, Depends(get_current_user)]
