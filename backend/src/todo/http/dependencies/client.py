"""The client of a request, and the rate limits on its address."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from todo.core.errors import RateLimitExceededError, RateLimitState
from todo.core.limits.rate_limits import network_of
from todo.http.dependencies.resources import resources_of
from todo.http.openapi import raises
from todo.http.request_state import request_state
from todo.models.accounts.login_session import ADDRESS_MAX, USER_AGENT_MAX
from todo.services.login_sessions.service import Client as ClientInfo

RATE_LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


async def get_client(request: Request) -> ClientInfo:
    """Return the user agent and the address of the client."""
    address = request.client.host if request.client else None
    return ClientInfo(
        user_agent=request.headers.get("user-agent", "")[:USER_AGENT_MAX] or None,
        address=address[:ADDRESS_MAX] if address else None,
    )


Client = Annotated[ClientInfo, Depends(get_client)]


def limit_rate(name: str) -> Callable[..., Awaitable[None]]:
    """Return a dependency that counts an attempt of the client's address in the rate limit of this name."""

    @raises(RateLimitExceededError)
    async def count_attempt(request: Request) -> None:
        client = await get_client(request)
        rate_limits = resources_of(request).rate_limits
        headers = request_state(request.scope).response_headers
        try:
            state = await rate_limits.count_attempt(name, network_of(client.address))
        except RateLimitExceededError as error:
            headers += _rate_limit_headers(error.state)
            raise
        if state is not None:
            headers += _rate_limit_headers(state)

    return count_attempt


def _rate_limit_headers(state: RateLimitState) -> list[tuple[bytes, bytes]]:
    """Return the headers of draft-ietf-httpapi-ratelimit-headers-07."""
    values = (state.limit, state.remaining, state.reset)
    return [
        (name.lower().encode(), str(value).encode()) for name, value in zip(RATE_LIMIT_HEADERS, values, strict=True)
    ]
