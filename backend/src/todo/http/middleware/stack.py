"""The application: its routes in a table, inside the middleware of the service (ADR 0035)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from todo.core.telemetry import is_tracing_enabled
from todo.http.declared_route import DeclaredRoute
from todo.http.request_state import request_state

RESOURCE = 3
"""The number of the segment behind `/api/v1` in a path that is split at its slashes."""
Key = tuple[str, int, str]
"""The method, the number of segments, and the resource of a path."""


class Application(FastAPI):
    """FastAPI without its own layers around each request, unless requests are traced.

    These layers handle unexpected errors, limit bodies, close uploaded files and trace. The service has its own
    middleware for the first two, and receives no files.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return the routes inside the middleware that was added."""
        if is_tracing_enabled():
            return super().build_middleware_stack()
        app: ASGIApp = Dispatcher(self.router.routes, AsyncExitStackMiddleware(self.router), self.exception_handlers)
        for middleware, arguments, options in reversed(self.user_middleware):
            app = middleware(app, *arguments, **options)
        return app


class Dispatcher:
    """Finds the route of a request in a table. FastAPI's router tries one route after the other."""

    def __init__(self, routes: Iterable[BaseRoute], others: ASGIApp, handlers: Mapping[Any, ExceptionHandler]) -> None:
        """Make the table.

        Args:
            routes: the routes; those of one key are tried in their order.
            others: serves the requests that match no `DeclaredRoute` of the table.
            handlers: by type, the handlers of exceptions.
        """
        self._others = ExceptionMiddleware(others, handlers)
        self._handlers = handlers
        self._table: dict[Key, list[DeclaredRoute]] = defaultdict(list)
        for route in routes:
            if isinstance(route, DeclaredRoute):
                for method in route.served_methods:
                    self._table[_key(method, route.path)].append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (found := self.find(scope)):
            scope.update(found)
            try:
                await found["route"].handle(scope, receive, send)
            except Exception as error:
                if request_state(scope).status:
                    # The response has begun.
                    raise
                await ExceptionMiddleware(_fail(error), self._handlers)(scope, receive, send)
        else:
            await self._others(scope, receive, send)

    def find(self, scope: Scope) -> Scope | None:
        """Return the parts of the scope that name the route of a request, or None if the table has none."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for route in self._table.get(_key(scope["method"], path), ()):
            match, found = route.matches(scope)
            if match is Match.FULL:
                return found
        return None


def _fail(error: Exception) -> ASGIApp:
    """Return an application that raises an error."""

    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    return fail


def _key(method: str, path: str) -> Key:
    segments = path.split("/")
    return method, len(segments), segments[RESOURCE] if len(segments) > RESOURCE else ""
