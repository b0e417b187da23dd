"""Limits on the size of a request body, and on the time it takes to arrive."""

import asyncio
from collections.abc import Awaitable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo.core.errors import PayloadTooLargeError, RequestTimeoutError
from todo.http.errors import render_error
from todo.http.request_state import request_state


class BodyLimitMiddleware:
    """Rejects bodies that are too large (413) or too slow (408, LOD-004).

    A body with a `Content-Length` above the limit is rejected before it is read. The time starts with the first read.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float) -> None:
        """Wrap the application."""
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = request_state(scope).headers
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            # The request has no body (RFC 9112, section 6.3).
            return self._app(scope, receive, send)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._max_bytes:
            return render_error(PayloadTooLargeError())(scope, receive, send)
        return self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        size, is_complete = 0, False
        deadline: float | None = None

        async def receive_within_limits() -> Message:
            nonlocal size, is_complete, deadline
            if is_complete:
                # The next message is the client's disconnect, which has no time limit.
                return await receive()
            deadline = deadline or asyncio.get_running_loop().time() + self._seconds
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(RequestTimeoutError.status) from None
            is_complete = not message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                # The framework passes this exception through its body parsers, unlike a domain error.
                raise HTTPException(PayloadTooLargeError.status)
            return message

        return receive_within_limits
