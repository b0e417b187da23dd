"""Compression of large responses (CND-001)."""

from collections.abc import Awaitable

from starlette.types import Receive, Scope, Send
from starlette_compress import CompressMiddleware

from todo.http.request_state import request_state


class CompressionMiddleware(CompressMiddleware):
    """Compresses responses to requests with `Accept-Encoding`; other requests pass at no cost."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]  # to await
        """Serve one request."""
        accepts = scope["type"] == "http" and b"accept-encoding" in request_state(scope).headers
        return (super().__call__ if accepts else self.app)(scope, receive, send)
