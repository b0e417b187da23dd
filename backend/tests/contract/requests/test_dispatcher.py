"""The table of routes finds the route that FastAPI's router finds."""

import re

import pytest
from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from todo.http.declared_route import DeclaredRoute
from todo.http.middleware.stack import Dispatcher


async def serve_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand behind the table."""


def scopes_of(app: FastAPI, value: str) -> list[Scope]:
    """Return a request for each route and method, with this value in each template."""
    return [
        {"type": "http", "method": method, "path": re.sub(r"\{\w+\}", value, route.path), "root_path": ""}
        for route in app.router.routes
        if isinstance(route, DeclaredRoute)
        for method in route.served_methods
    ]


def first_match(app: FastAPI, scope: Scope) -> Scope | None:
    """Return what FastAPI's router finds: the first route that matches in full."""
    matches = (route.matches(scope) for route in app.router.routes)
    return next((found for match, found in matches if match is Match.FULL), None)


async def test_table_finds_the_first_route_of_each_path_and_method(app: FastAPI) -> None:
    dispatcher, scopes = Dispatcher(app.router.routes, serve_nothing, {}), scopes_of(app, "7")

    assert len(scopes) > 100
    for scope in scopes:
        found = dispatcher.find(scope)
        assert found is not None, scope
        assert found == first_match(app, scope)


async def test_word_in_the_place_of_an_id_finds_the_route_of_the_word(app: FastAPI) -> None:
    dispatcher = Dispatcher(app.router.routes, serve_nothing, {})

    for scope in scopes_of(app, "bulk"):
        assert dispatcher.find(scope) == first_match(app, scope), scope


async def test_table_ignores_the_root_path(app: FastAPI) -> None:
    dispatcher = Dispatcher(app.router.routes, serve_nothing, {})
    scope = {"type": "http", "method": "GET", "path": "/todo/api/v1/tasks/7", "root_path": "/todo"}

    found = dispatcher.find(scope)

    assert found is not None
    assert (found["route"].path, found["path_params"]) == ("/api/v1/tasks/{task_id}", {"task_id": "7"})


async def test_table_has_no_route_for_an_unknown_path_or_method(app: FastAPI) -> None:
    dispatcher = Dispatcher(app.router.routes, serve_nothing, {})

    for method, path in (("GET", ""), ("PATCH", "/api/v1/tasks"), ("GET", "/api/v1/tasks/7/none/8")):
        assert dispatcher.find({"type": "http", "method": method, "path": path, "root_path": ""}) is None


@pytest.mark.parametrize("path", ["/api/v1/tasks\n", "/api/v1/tasks/7/move\n"])
async def test_line_break_at_the_end_is_part_of_the_path(app: FastAPI, path: str) -> None:
    scopes = [{"type": "http", "method": method, "path": path, "root_path": ""} for method in ("GET", "POST")]

    assert [first_match(app, scope) for scope in scopes] == [None, None]
