"""Compression of large responses (CND-001)."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, remove_compress_type

from todo.http.event_stream import EVENT_STREAM
from todo.http.request_state import request_state


class CompressionMiddleware(CompressMiddleware):
    """Compresses responses to requests with `Accept-Encoding`; other requests pass at no cost.

    Event streams are not compressed: each compressor holds more memory than the rest of the stream.
    """

    def __init__(self, app: ASGIApp, minimum_size: int) -> None:
        """Wrap the application."""
        super().__init__(app, minimum_size=minimum_size)
        remove_compress_type(EVENT_STREAM)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]  # to await
        """Serve one request."""
        accepts = scope["type"] == "http" and b"accept-encoding" in request_state(scope).headers
        return (super().__call__ if accepts else self.app)(scope, receive, send)
