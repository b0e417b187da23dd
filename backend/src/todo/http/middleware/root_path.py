"""The path below which a proxy publishes the service."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPathMiddleware:
    """Sets the ASGI `root_path` and puts it in front of the path, from which the proxy has stripped it."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        """Wrap the application; `root_path` begins with a slash and ends without one."""
        self._app = app
        self._root_path = root_path

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request. A root path that the server has set stays."""
        if scope["type"] == "http" and not scope.get("root_path"):
            scope["root_path"] = self._root_path
            scope["path"] = self._root_path + scope["path"]
            if "raw_path" in scope:
                scope["raw_path"] = self._root_path.encode() + scope["raw_path"]
        return self._app(scope, receive, send)
