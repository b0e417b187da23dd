"""Unexpected errors: logged with a traceback, and answered with 500."""

import errno
import logging

from starlette.types import ASGIApp, Receive, Scope, Send

from todo.core.errors import DomainError, InternalError, ServiceUnavailableError
from todo.http.errors import render_error
from todo.http.request_state import request_state

OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}

logger = logging.getLogger("todo.requests")


class UnexpectedErrorMiddleware:
    """Turns unexpected exceptions into 500, or 503 if no file can be opened.

    It runs inside CORS, so browsers can read the response.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            state = request_state(scope)
            reported = _report(error, state.id)
            if state.status:
                raise
            await render_error(reported, request_id=state.id)(scope, receive, send)


def _report(error: Exception, request_id: str) -> DomainError:
    """Log an error, and return the error for the client."""
    if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
        logger.error("The limit of open files is reached: %s", error, extra={"request_id": request_id})
        return ServiceUnavailableError()
    logger.error("Unexpected error", exc_info=error, extra={"request_id": request_id})
    return InternalError()
