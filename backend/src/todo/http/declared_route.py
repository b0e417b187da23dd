"""A route that does what its signature declares, which is read once, when the route is made.

FastAPI reads the signature, documents it and makes the pydantic fields that validate; they are used here. What is left
out is what no route of ours has: overrides, generators and threads, parameters of a dependency other than the request
and headers. A signature that needs more fails when the route is made. ADR 0035 has what that is worth.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from todo.core.errors import MalformedRequestError, UnsupportedMediaTypeError

Resolve = Callable[[Request], Awaitable[Any]]
Problem = dict[str, Any]
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
JSON_TYPES = {"application/json"}
PATCH_TYPES = {"application/json", "application/merge-patch+json"}
REQUEST_HEADERS = "todo.request_headers"
"""Where in a request's scope its headers are by name; of those that are there twice, the last."""
BODY = "todo.body"
"""Where in a request's scope its body is, once it was read."""
NO_MATCH: tuple[Match, Scope] = (Match.NONE, {})
JSON = (b"content-type", b"application/json")


class DeclaredRoute(APIRoute):
    """A route whose parameters are read and whose result is rendered as its signature says."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        declared = self.dependant
        _refuse_the_unread(declared, declared.cookie_params, declared.header_params, declared.request_param_name)
        assert len(declared.query_params) <= 1, f"{path}: the query is to be one model"
        self._beginning = path.partition("{")[0]
        self._dependencies = [(needed.name, _resolver(needed)) for needed in declared.dependencies]
        self._dump = TypeAdapter(self.response_model).serializer.to_json if self.response_model else None
        self._status = self.status_code or 200
        self._methods = frozenset(self.methods or ())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether this route is the one; most are not, which their first letters tell."""
        path: str = scope["path"]
        if root := scope.get("root_path"):
            path = path.removeprefix(root)
        if not path.startswith(self._beginning):
            return NO_MATCH
        found = self.path_regex.match(path)
        if found is None or scope["type"] != "http":
            return NO_MATCH
        match = Match.FULL if scope["method"] in self._methods else Match.PARTIAL
        return match, {"endpoint": self.endpoint, "path_params": found.groupdict(), "route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose path matches."""
        if scope["method"] not in self._methods:
            await super().handle(scope, receive, send)
            return
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Call the endpoint with what its signature declares, and render what it returns.

        Raises:
            RequestValidationError: a parameter or the body is missing or not valid; all that are, are named.
            UnsupportedMediaTypeError: there is a body of another type than the route takes.
        """
        result, told = await self.call(request)
        return self.render(result, told)

    async def call(self, request: Request) -> tuple[Any, Response | None]:
        """Return what the endpoint returned and, if it asked for a response to write on, that."""
        values = await self._arguments(request)
        told = None
        if self.dependant.response_param_name is not None:
            told = values[self.dependant.response_param_name] = Response()
            told.raw_headers.clear()
            told.status_code = self._status
        return await self.endpoint(**values), told

    def render(self, result: Any, told: Response | None, *headers: tuple[bytes, bytes]) -> Response:
        """Return the answer for what the endpoint returned, with these headers besides."""
        return Answer(
            b"" if self._dump is None else self._dump(result),
            self._status if told is None else told.status_code,
            *headers,
            *(() if told is None else told.raw_headers),
        )

    async def _arguments(self, request: Request) -> dict[str, Any]:
        declared = self.dependant
        values: dict[str, Any] = {}
        # They come first: who is not known is told so, and nothing else.
        for name, resolve in self._dependencies:
            value = await resolve(request)
            if name is not None:
                values[name] = value
        problems: list[Problem] = []
        for field in declared.path_params:
            given = request.path_params[field.alias]
            values[field.name], wrong = field.validate(given, loc=("path", field.alias))
            problems += wrong
        for field in declared.query_params:
            query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
            values[field.name], wrong = field.validate(query, loc=("query",))
            problems += wrong
        for field in declared.body_params:
            values[field.name], wrong = await self._read_body(request)
            problems += wrong
        if problems:
            raise RequestValidationError(problems)
        return values

    async def _read_body(self, request: Request) -> tuple[Any, list[Problem]]:
        """Return the body, validated, and what is wrong with it."""
        [field] = self.dependant.body_params
        headers = request.scope[REQUEST_HEADERS]
        given = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise UnsupportedMediaTypeError
        if isinstance(field.field_info, Form):
            return field.validate(await _read_form(request, given), loc=("body",))
        content = await read_body(request)
        if not content:
            return None, [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
        if given not in (PATCH_TYPES if request.method == "PATCH" else JSON_TYPES):
            raise UnsupportedMediaTypeError
        try:
            return field.validate(_parse(content), loc=("body",))
        except (ValueError, RecursionError):
            return None, [{"type": "json_invalid", "loc": ("body",), "msg": "The body is not valid JSON"}]


async def _read_form(request: Request, media_type: str) -> dict[str, object]:
    """Return the fields of a form that are not empty, the last of each name."""
    headers = request.scope[REQUEST_HEADERS]
    has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    if has_body and media_type not in FORMS:
        raise UnsupportedMediaTypeError
    try:
        async with request.form() as form:
            return {name: value for name, value in form.items() if value != ""}
    except ClientDisconnect as error:
        raise MalformedRequestError from error


async def read_body(request: Request) -> bytes:
    """Return the body of a request; reading it again gives the same.

    Raises:
        MalformedRequestError: the client hung up in the middle of it, and will not read this.
    """
    scope = request.scope
    if BODY not in scope:
        body, more = bytearray(), True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise MalformedRequestError
            body += message.get("body", b"")
            more = message.get("more_body", False)
        scope[BODY] = bytes(body)
    content: bytes = scope[BODY]
    return content


def _parse(content: bytes) -> object:
    try:
        return from_json(content)
    except ValueError:
        # It may be JSON all the same, with half a character in it: then the field that has it can be named.
        return json.loads(content)


class Answer(Response):
    """A response whose headers are ready, because nearly all of them are always the same."""

    def __init__(self, body: bytes, status: int, *headers: tuple[bytes, bytes]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        length = (b"content-length", b"%d" % len(body))
        self.raw_headers = [length, JSON, *headers] if body else [*headers]


def _resolver(dependant: Dependant) -> Resolve:
    """Return what gives the value of a dependency for a request."""
    call = dependant.call
    assert call is not None
    _refuse_the_unread(dependant, dependant.path_params, dependant.query_params, dependant.body_params)
    needed = [(other.name, _resolver(other)) for other in dependant.dependencies]
    headers = [(field.name, field.alias.lower().encode()) for field in dependant.header_params]
    if not needed and not headers:
        return call

    async def resolve(request: Request) -> Any:
        given = request.scope[REQUEST_HEADERS]
        values = {name: given[alias].decode("latin-1") if alias in given else None for name, alias in headers}
        for name, resolve_other in needed:
            values[str(name)] = await resolve_other(request)
        return await call(request, **values)

    return resolve


def _refuse_the_unread(dependant: Dependant, *unread: object) -> None:
    assert not any(unread), f"{dependant.call} declares what a DeclaredRoute does not read"
