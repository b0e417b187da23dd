"""CORS (Fetch standard)."""

from collections.abc import Awaitable

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from todo.core.errors import OriginRefusedError
from todo.http.errors import render_error
from todo.http.request_state import request_state

COPIED_HEADERS = ("access-control-", "vary")
PRIVATE_NETWORK = "access-control-allow-private-network"
VARY_BY_ORIGIN = (b"vary", b"Origin")


class CrossOriginMiddleware(CORSMiddleware):
    """Starlette's CORS; a rejected preflight gets an error in the contract's shape.

    Requests without `Origin` pass, and their responses vary by it.
    """

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]  # to await
        """Serve one request."""
        if scope["type"] == "http":
            state = request_state(scope)
            if b"origin" not in state.headers:
                state.response_headers.append(VARY_BY_ORIGIN)
                return self.app(scope, receive, send)
        return super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a preflight request."""
        response = super().preflight_response(request_headers)
        if response.status_code == OriginRefusedError.status:
            error = render_error(OriginRefusedError())
            copied = {name: response.headers[name] for name in response.headers if name.startswith(COPIED_HEADERS)}
            copied.pop(PRIVATE_NETWORK, None)
            error.headers.update(copied)
            return error
        return response
