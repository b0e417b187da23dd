"""CORS (Fetch standard)."""

import logging
from collections.abc import Awaitable, Mapping
from functools import cached_property

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
LOGGED_ORIGINS_MAX = 100
"""How many rejected origins a process logs. Clients choose them, so the log and the memory need a bound."""
LOGGED_ORIGIN_LENGTH = 200

logger = logging.getLogger(__name__)


class CrossOriginMiddleware(CORSMiddleware):
    """Starlette's CORS; a rejected preflight gets an error in the contract's shape.

    Requests without `Origin` pass, and their responses vary by it. Each rejected origin is logged once.
    """

    @cached_property
    def _logged(self) -> set[str]:
        """The rejected origins that were logged."""
        return set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]  # to await
        """Serve one request."""
        if scope["type"] == "http":
            state = request_state(scope)
            if b"origin" not in state.headers:
                state.response_headers.append(VARY_BY_ORIGIN)
                return self.app(scope, receive, send)
            self._log_rejection(state.headers)
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

    def _log_rejection(self, headers: Mapping[bytes, bytes]) -> None:
        origin = headers[b"origin"].decode("latin-1")
        is_own = origin.partition("://")[2].encode("latin-1") == headers.get(b"host")
        logged = origin[:LOGGED_ORIGIN_LENGTH]
        if (
            is_own
            or self.is_allowed_origin(origin)
            or logged in self._logged
            or len(self._logged) >= LOGGED_ORIGINS_MAX
        ):
            return
        self._logged.add(logged)
        logger.warning("Web pages of the origin %r may not call the service. CORS_ORIGINS lists those that may", logged)
        if len(self._logged) == LOGGED_ORIGINS_MAX:
            logger.warning("Further rejected origins are not logged")
