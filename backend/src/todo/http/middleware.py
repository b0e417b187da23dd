"""What happens around every request, as plain ASGI: an id, a log line, and an answer when code fails."""

import asyncio
import logging
import os
import re
import time
from collections.abc import Awaitable
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from todo.core.errors import InternalError, OriginRefusedError, PayloadTooLargeError, RequestTimeoutError
from todo.core.logging_config import request_id
from todo.core.metrics import UNMATCHED, count_request
from todo.http.declared_route import REQUEST_HEADERS
from todo.http.dependencies import CALLER, RESPONSE_HEADERS
from todo.http.errors import render

REQUEST_ID = b"x-request-id"
Serving = Awaitable[None]
"""What middleware returns that only chooses who serves; it does not stay in the chain of those who wait."""
STATUS = "todo.status"
"""Where in a request's scope the status of its answer is, as soon as that has begun."""
KEPT = ("access-control-", "vary")
VARY_BY_ORIGIN = (b"vary", b"Origin")


def _headers(**more: str) -> list[tuple[bytes, bytes]]:
    fields = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return [(name.encode(), value.encode()) for name, value in fields.items()]


SECURITY_HEADERS = _headers()
NEVER_KEPT = _headers(cache_control="no-store")
CHECKED_AGAIN = _headers(cache_control="private, no-cache")
PROBES = {"/health", "/ready"}
PLAIN_PATH = re.compile(r"[!-\[\]-~]+")
ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

logger = logging.getLogger("todo.requests")


class RequestContextMiddleware:
    """Gives each request an id, the client's own if it is a plain one; returns it and logs one line at the end.

    Every answer carries the headers that keep browsers from doing more with it than it is for, and what others make of
    the list of them in the scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given = scope[REQUEST_HEADERS] = dict(scope["headers"])
        id_ = given.get(REQUEST_ID, b"")
        if not ACCEPTABLE_ID.fullmatch(id_):
            id_ = os.urandom(16).hex().encode()
        scope["request_id"] = id_.decode()
        request_id.set(scope["request_id"])
        added = scope[RESPONSE_HEADERS] = [(REQUEST_ID, id_), *_headers_for(scope["path"])]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[STATUS] = message["status"]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            _note(scope, time.perf_counter() - began)


def _headers_for(path: str) -> list[tuple[bytes, bytes]]:
    """Return what an answer carries for the sake of browsers and caches."""
    if path.startswith("/api/"):
        # Nobody may keep tokens (RFC 6749, section 5.1); the rest is checked again before it is used.
        return NEVER_KEPT if "/auth/" in path else CHECKED_AGAIN
    return SECURITY_HEADERS


def _note(scope: Scope, seconds: float) -> None:
    """Count a request that is over, and write its line."""
    method, route, caller = scope["method"], scope.get("route"), scope.get(CALLER)
    status = scope.get(STATUS, 0)
    template = getattr(route, "path_format", UNMATCHED)
    count_request(method, template, status, seconds)
    level = logging.DEBUG if scope["path"] in PROBES else logging.INFO
    if not logger.isEnabledFor(level):
        return
    path = scope["path"]
    if not PLAIN_PATH.fullmatch(path):
        # Escaped, so that nobody can write lines of their own.
        path = path.encode("unicode_escape").decode()
    more = {
        "method": method,
        "path": path,
        "route": template,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "client": scope["client"][0] if scope.get("client") else None,
        "user_id": caller.id if caller else None,
    }
    # As `logger.log` does, without the search for the line of code that called it.
    record = logging.LogRecord(logger.name, level, "", 0, f"{method} {path} {status or 'aborted'}", None, None)
    record.__dict__.update(more)
    logger.handle(record)


class ForwardedMiddleware:
    """Believes what proxies that the operator trusts say of the client; without a word of theirs it does nothing."""

    def __init__(self, app: ASGIApp, trusted_hosts: str) -> None:
        """Wrap the application; the hosts are addresses and networks, with commas between them."""
        self._app = app
        self._believing: Any = ProxyHeadersMiddleware(app, trusted_hosts)  # type: ignore[arg-type]  # the same, typed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Serving:
        """Serve one connection."""
        given = scope.get(REQUEST_HEADERS, ())
        forwarded = b"x-forwarded-for" in given or b"x-forwarded-proto" in given
        serving: Serving = (self._believing if forwarded else self._app)(scope, receive, send)
        return serving


class CrossOriginMiddleware(CORSMiddleware):
    """Starlette's CORS, but a preflight that it refuses is answered in the shape of every error.

    Who is no page of another origin is told only that pages get other headers.
    """

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Serving:  # type: ignore[override]  # to await
        """Serve one connection."""
        if scope["type"] == "http" and b"origin" not in scope[REQUEST_HEADERS]:
            scope[RESPONSE_HEADERS].append(VARY_BY_ORIGIN)
            return self.app(scope, receive, send)
        return super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight (Fetch standard, CORS-preflight fetch)."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == OriginRefusedError.status:
            refusal = render(OriginRefusedError())
            refusal.headers.update({name: answer.headers[name] for name in answer.headers if name.startswith(KEPT)})
            return refusal
        return answer


class CompressForWhoAsksMiddleware(CompressMiddleware):
    """Compresses large answers for clients that send an `Accept-Encoding`; for others it does nothing (CND-001)."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Serving:  # type: ignore[override]  # to await
        """Serve one connection."""
        asked = b"accept-encoding" in scope.get(REQUEST_HEADERS, ())
        return (super().__call__ if asked else self.app)(scope, receive, send)


class BodyLimitMiddleware:
    """Reads no more of a body than the limit; a longer one is answered 413, at once if it says how long it is.

    Nor does it wait longer for all of a body than the time for it, from when it is first asked for; then it is 408
    (LOD-004).
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float) -> None:
        """Wrap the application."""
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Serving:
        """Serve one connection."""
        given = scope.get(REQUEST_HEADERS, ())
        if b"content-length" not in given and b"transfer-encoding" not in given:
            # There is no body (RFC 9112, section 6.3).
            return self._app(scope, receive, send)
        announced = given.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._max_bytes:
            return render(PayloadTooLargeError())(scope, receive, send)
        return self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        """Return what receives a body within the limits."""
        read, whole = 0, False
        deadline: float | None = None

        async def receive_within_limit() -> Message:
            nonlocal read, whole, deadline
            if whole:
                # What is waited for now is that the client hangs up, which may take as long as it likes.
                return await receive()
            deadline = deadline or asyncio.get_running_loop().time() + self._seconds
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(RequestTimeoutError.status) from None
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                # What the framework lets through while it reads a body; the error handlers give it our shape.
                raise HTTPException(PayloadTooLargeError.status)
            return message

        return receive_within_limit


class UnexpectedErrorMiddleware:
    """Answers 500 for what nobody foresaw and logs it with its traceback; inside CORS, so that browsers may read it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        try:
            await self._app(scope, receive, send)
        except Exception:
            logger.exception("Unexpected error", extra={"request_id": scope.get("request_id")})
            if STATUS in scope or scope["type"] != "http":
                raise
            await render(InternalError(), request_id=scope.get("request_id"))(scope, receive, send)
