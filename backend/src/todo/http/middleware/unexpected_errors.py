"""Unexpected errors: logged with a traceback, and answered with 500."""

import logging

from starlette.types import ASGIApp, Receive, Scope, Send

from todo.core.errors import InternalError
from todo.http.errors import render_error
from todo.http.request_state import request_state

logger = logging.getLogger("todo.requests")


class UnexpectedErrorMiddleware:
    """Turns unexpected exceptions into 500. It runs inside CORS, so browsers can read the response."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise
            state = request_state(scope)
            logger.exception("Unexpected error", extra={"request_id": state.id})
            if state.status:
                raise
            await render_error(InternalError(), request_id=state.id)(scope, receive, send)
