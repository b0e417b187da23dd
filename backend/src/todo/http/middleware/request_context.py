"""Request ids, response headers, metrics, and one log record for each request."""

import logging
import os
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo.core.logging_config import request_id
from todo.core.metrics import UNMATCHED, count_request
from todo.http.event_stream import send_events
from todo.http.request_state import SCOPE_KEY, AppResources, RequestState

REQUEST_ID = b"x-request-id"
ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
PRINTABLE_PATH = re.compile(r"[!-\[\]-~]+")
UNCACHED_ENDS = ("/sync", "/tickets")
"""The ends of further paths whose responses have tokens."""
PROBES = {"/health", "/ready"}


def _headers(**additional: str) -> list[tuple[bytes, bytes]]:
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        **{name.replace("_", "-"): value for name, value in additional.items()},
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]


SECURITY_HEADERS = _headers()
UNCACHED = _headers(cache_control="no-store")
"""Headers of responses that may contain tokens (RFC 6749, section 5.1), and of pages of a sync."""
REVALIDATED = _headers(cache_control="private, no-cache")

logger = logging.getLogger("todo.requests")


class RequestContextMiddleware:
    """Creates the `RequestState`, adds its headers to the response, and logs the request at its end.

    The rest of a stream is sent here, when all other middleware has returned.

    The id is the client's if it has an accepted form, else a random one.
    """

    def __init__(self, app: ASGIApp, resources: AppResources) -> None:
        """Wrap the application with these resources."""
        self._app = app
        self._resources = resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        # Mounted applications change the root path of the scope while they serve a request.
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        id_ = headers.get(REQUEST_ID, b"")
        if not ACCEPTED_ID.fullmatch(id_):
            id_ = os.urandom(16).hex().encode()
        state = RequestState(self._resources, id_.decode(), headers, [(REQUEST_ID, id_), *_headers_for(path)])
        scope[SCOPE_KEY] = state
        request_id.set(state.id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                state.status = message["status"]
                message["headers"] = [*message["headers"], *state.response_headers]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
            if state.stream is not None:
                # A stream reads no headers, and a token takes half a KiB.
                headers.clear()
                scope["headers"].clear()
                await send_events(state.stream, send)
        finally:
            _record(scope, path, state, time.perf_counter() - started)


def _headers_for(path: str) -> list[tuple[bytes, bytes]]:
    """Return the security and cache headers of a path."""
    if path.startswith("/api/"):
        return UNCACHED if "/auth/" in path or path.endswith(UNCACHED_ENDS) else REVALIDATED
    return SECURITY_HEADERS


def _record(scope: Scope, path: str, state: RequestState, seconds: float) -> None:
    """Count a finished request in the metrics, and log it."""
    method = scope["method"]
    template = getattr(scope.get("route"), "path_format", UNMATCHED)
    count_request(method, template, state.status, seconds if state.stream is None else None)
    level = logging.DEBUG if path in PROBES else logging.INFO
    if not logger.isEnabledFor(level):
        return
    if not PRINTABLE_PATH.fullmatch(path):
        # Escaped, so that a line break in a path cannot forge a log record.
        path = path.encode("unicode_escape").decode()
    fields = {
        "method": method,
        "path": path,
        "route": template,
        "status": state.status,
        "duration_ms": round(seconds * 1000, 1),
        "client": scope["client"][0] if scope.get("client") else None,
        "user_id": state.principal.id if state.principal else None,
    }
    logger.log(level, "%s %s %s", method, path, state.status or "aborted", extra=fields)
