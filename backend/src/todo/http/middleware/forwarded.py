"""Addresses of clients behind trusted proxies."""

from collections.abc import Awaitable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from todo.http.request_state import request_state


class ForwardedMiddleware:
    """Applies the `X-Forwarded-*` headers of trusted proxies; requests without them pass unchanged.

    It returns the awaitable of the next application, which costs less than another coroutine.
    """

    def __init__(self, app: ASGIApp, trusted_hosts: str) -> None:
        """Wrap the application; `trusted_hosts` are addresses and networks, separated by commas."""
        self._app = app
        self._forwarded: Any = ProxyHeadersMiddleware(app, trusted_hosts)  # type: ignore[arg-type]  # the same, typed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = request_state(scope).headers
        is_forwarded = b"x-forwarded-for" in headers or b"x-forwarded-proto" in headers
        served: Awaitable[None] = (self._forwarded if is_forwarded else self._app)(scope, receive, send)
        return served
