"""Limits on the size of a request body, and on the time it takes to arrive."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo.core.errors import PayloadTooLargeError, RequestTimeoutError
from todo.http.errors import render_error
from todo.http.protocol.connection import BODY_ARRIVED
from todo.http.request_state import request_state


class BodyLimit(NamedTuple):
    """The limit of a body.

    Attributes:
        max_bytes: the maximum size.
        seconds: the time in which the body must arrive.
    """

    max_bytes: int
    seconds: float


NO_PATHS: Mapping[str, BodyLimit] = {}


class BodyLimitMiddleware:
    """Rejects bodies that are too large (413) or too slow (408, LOD-004).

    A body with a `Content-Length` above the limit is rejected before it is read. The time starts with the first read.
    Most bodies arrive together with the head, and need no timer.
    """

    def __init__(self, app: ASGIApp, limit: BodyLimit, by_path: Mapping[str, BodyLimit] = NO_PATHS) -> None:
        """Wrap the application.

        Args:
            app: the application.
            limit: the limit of bodies.
            by_path: the limits of paths that have another one.
        """
        self._app = app
        self._limit = limit
        self._by_path = by_path

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = request_state(scope).headers
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            # The request has no body (RFC 9112, section 6.3).
            return self._app(scope, receive, send)
        limit = self._by_path.get(scope["path"].removeprefix(scope.get("root_path", "")), self._limit)
        length = headers.get(b"content-length", b"")
        if length.isdigit():
            if int(length) > limit.max_bytes:
                return render_error(PayloadTooLargeError())(scope, receive, send)
            if BODY_ARRIVED in scope:
                return self._app(scope, receive, send)
        return self._app(scope, _limited(receive, limit), send)


def _limited(receive: Receive, limit: BodyLimit) -> Receive:
    size, is_complete = 0, False
    deadline: float | None = None

    async def receive_within_limits() -> Message:
        nonlocal size, is_complete, deadline
        if is_complete:
            # The next message is the client's disconnect, which has no time limit.
            return await receive()
        deadline = deadline or asyncio.get_running_loop().time() + limit.seconds
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(RequestTimeoutError.status) from None
        is_complete = not message.get("more_body", False)
        size += len(message.get("body", b""))
        if size > limit.max_bytes:
            # The framework passes this exception through its body parsers, unlike a domain error.
            raise HTTPException(PayloadTooLargeError.status)
        return message

    return receive_within_limits
