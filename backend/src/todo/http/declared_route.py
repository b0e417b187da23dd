"""Routes served from FastAPI's description of their signature, which is read once (ADR 0035).

FastAPI reads the signature, documents it, and makes the pydantic fields that validate. `DeclaredRoute` uses them. It
does not support overrides, generators, threads, or parameters of a dependency other than the request and headers. A
signature that needs one of these raises when the route is made.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fastapi import Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from pydantic_core import from_json
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from todo.core.errors import MalformedRequestError, UnsupportedEncodingError, UnsupportedMediaTypeError
from todo.http.forms import FORM_TYPES, MULTIPART, parse_multipart, parse_url_encoded
from todo.http.openapi import Responses, add_errors, declared_errors
from todo.http.request_state import READ_METHODS, request_state
from todo.http.signature import is_request_model, make_resolver, reject_unsupported
from todo.schemas.error import PROBLEMS_MAX, UNKNOWN_FIELD_TYPE

Handler = Callable[[Request], Awaitable[Response]]
Problem = dict[str, Any]
JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/json", "application/merge-patch+json")
ACCEPT_HEADERS = {"POST": "Accept-Post", "PATCH": "Accept-Patch"}
"""Response headers that list the accepted content types (Linked Data Platform, section 7.1; RFC 5789, section 3.1)."""
NO_MATCH: tuple[Match, Scope] = (Match.NONE, {})
JSON_HEADER = (b"content-type", b"application/json")


class DeclaredRoute(APIRoute):
    """A route that reads its parameters and renders its result as the signature declares.

    The error responses in the document follow from the signature too; `responses` names additional ones.

    Attributes:
        handler: serves a request. Subclasses wrap it.
        served_methods: the methods of the route, with HEAD for GET.
    """

    handler: Handler
    static_paths: ClassVar[set[str]] = set()
    """Paths without parameters. They win over templates (`/tasks/bulk` over `/tasks/{task_id}`) for every method."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        declared = self.dependant
        reject_unsupported(declared, declared.cookie_params, declared.header_params, declared.request_param_name)
        for part, fields in (("query", declared.query_params), ("body", declared.body_params)):
            if len(fields) > 1 or not all(map(is_request_model, (field.field_info for field in fields))):
                raise TypeError(f"{path}: the {part} must be one RequestModel")
        self.responses = add_errors(self.responses, declared_errors(declared))
        self._is_static = "{" not in path
        if self._is_static:
            self.static_paths.add(path)
        self._resolvers = [(dependency.name, make_resolver(dependency)) for dependency in declared.dependencies]
        self._dump = TypeAdapter(self.response_model).serializer.to_json if self.response_model else None
        self._other_dumps = {
            int(code): TypeAdapter(response["model"]).serializer.to_json
            for code, response in self.responses.items()
            if str(code) < "3" and response.get("model", self.response_model) != self.response_model
        }
        self._status = self.status_code or 200
        self._location = ""
        if self._status == status.HTTP_201_CREATED:
            self._location = str(getattr(endpoint, "location", path if path.endswith("}") else f"{path}/{{id}}"))
            self.responses = _add_header(self.responses, "Location", f"`{self._location}`: the new resource.")
        methods = self.methods or set()
        self.served_methods = methods | READ_METHODS if "GET" in methods else methods
        self.handler = self._respond

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the route has the path and the method of a request."""
        if scope["type"] != "http":
            return NO_MATCH
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        values: dict[str, str] = {}
        if not self._is_static and path not in self.static_paths and (found := self.path_regex.fullmatch(path)):
            values = found.groupdict()
        elif not self._is_static or path != self.path:
            return NO_MATCH
        match = Match.FULL if scope["method"] in self.served_methods else Match.PARTIAL
        return match, {"endpoint": self.endpoint, "path_params": values, "route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose path matches. The server removes the body of a response to HEAD."""
        if scope["method"] not in self.served_methods:
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        response = await self.handler(request)
        if scope["method"] == "HEAD" and isinstance(response, StreamingResponse):
            response.body_iterator = _no_chunks()
        if self._location and response.status_code == status.HTTP_201_CREATED:
            response.raw_headers.append((b"location", self._location_of(request, response)))
        await response(scope, receive, send)

    def _location_of(self, request: Request, response: Response) -> bytes:
        """Return the path of the resource that was created (RFC 9110, section 15.3.2)."""
        values = request.path_params
        if self._location != self.path:
            resource = response.result if isinstance(response, RenderedResponse) else None
            if not isinstance(resource, dict):
                # The body of a replayed response has the id too.
                resource = from_json(bytes(response.body))
            values = {**values, **resource}
        root: str = request.scope.get("root_path", "")
        return (root + self._location.format_map(values)).encode()

    async def _respond(self, request: Request) -> Response:
        """Call the endpoint with its declared parameters, and render its result.

        Raises:
            RequestValidationError: parameters or the body are missing or invalid; all problems are in it.
            UnsupportedMediaTypeError: the body has a content type that the route does not accept.
        """
        arguments = await self._arguments(request)
        response = None
        if self.dependant.response_param_name is not None:
            response = arguments[self.dependant.response_param_name] = RenderedResponse(None, b"", self._status)
        result = await self.endpoint(**arguments)
        return result if isinstance(result, Response) else self.render(result, response)

    def render(self, result: Any, response: Response | None, *headers: tuple[bytes, bytes]) -> Response:
        """Return the response for a result.

        Args:
            result: what the endpoint returned.
            response: the endpoint's `Response` parameter, whose status and headers are copied; None without one.
            headers: additional headers.
        """
        status_code = self._status if response is None else response.status_code
        dump = self._other_dumps.get(status_code, self._dump)
        return RenderedResponse(
            result,
            b"" if dump is None else dump(result),
            status_code,
            *headers,
            *(() if response is None else response.raw_headers),
        )

    async def _arguments(self, request: Request) -> dict[str, Any]:
        declared = self.dependant
        values: dict[str, Any] = {}
        # Dependencies come first, so an unauthenticated request gets 401 before its input is validated.
        for name, resolve in self._resolvers:
            value = await resolve(request)
            if name is not None:
                values[name] = value
        problems: list[Problem] = []
        for field in declared.path_params:
            values[field.name], invalid = field.validate(request.path_params[field.alias], loc=("path", field.alias))
            problems += invalid
        # An empty parameter counts as absent (REQ-019): `parse_qsl` leaves it out.
        query_string = request.scope["query_string"]
        parameters = parse_qsl(query_string.decode("latin-1")) if query_string else []
        query = dict(parameters)
        if len(query) < len(parameters):
            problems += _repeated(name for name, _ in parameters)
        for field in declared.query_params:
            values[field.name], invalid = field.validate(query, loc=("query",))
            problems += invalid[:PROBLEMS_MAX]
        if query and not declared.query_params:
            problems += [{"type": UNKNOWN_FIELD_TYPE, "loc": ("query", name)} for name in [*query][:PROBLEMS_MAX]]
        for field in declared.body_params:
            values[field.name], invalid = await self._validate_body(request)
            problems += invalid[:PROBLEMS_MAX]
        if problems:
            raise RequestValidationError(problems)
        return values

    async def _validate_body(self, request: Request) -> tuple[Any, list[Problem]]:
        """Return the validated body, and its problems. A request without a body gets the default, if there is one."""
        [field] = self.dependant.body_params
        headers = request_state(request.scope).headers
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise UnsupportedEncodingError
        if isinstance(field.field_info, Form):
            return field.validate(await _read_form(request), loc=("body",))
        body = await read_body(request)
        if not body and not field.field_info.is_required():
            return field.get_default(), []
        if not body:
            return None, [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
        _check_content_type(request, PATCH_TYPES if request.method == "PATCH" else JSON_TYPES)
        try:
            return field.validate(await self.parse_json(body), loc=("body",))
        except ValueError:
            return None, [{"type": "json_invalid", "loc": ("body",), "msg": "The body is not valid JSON"}]
        except RecursionError:
            return None, [{"type": "json_invalid", "loc": ("body",), "msg": "The body is nested too deeply"}]

    async def parse_json(self, body: bytes) -> object:
        """Return the value of a JSON body.

        Raises:
            ValueError: the body is not valid JSON.
            RecursionError: the body is nested too deeply.
        """
        try:
            return from_json(body)
        except ValueError:
            # Python's parser accepts lone surrogates, so the validators can name the field that has one.
            return json.loads(body)


def _add_header(responses: Responses, name: str, description: str) -> Responses:
    """Return the responses of a route with a header of its 201."""
    created = responses.get(status.HTTP_201_CREATED, {})
    headers = {**created.get("headers", {}), name: {"description": description, "schema": {"type": "string"}}}
    return {**responses, status.HTTP_201_CREATED: {**created, "headers": headers}}


def _repeated(names: Iterable[str]) -> list[Problem]:
    counts = Counter(names)
    repeated = [name for name, count in counts.items() if count > 1]
    return [
        {"type": "repeated", "loc": ("query", name), "msg": "This parameter must occur once"}
        for name in repeated[:PROBLEMS_MAX]
    ]


async def _no_chunks() -> AsyncIterator[bytes]:
    chunks: tuple[bytes, ...] = ()
    for chunk in chunks:
        yield chunk


def _check_content_type(request: Request, accepted: Sequence[str]) -> None:
    """Check the content type of the body.

    Raises:
        UnsupportedMediaTypeError: it is none of the accepted ones. Its header for PUT and DELETE is `Accept`.
    """
    content_type = request_state(request.scope).headers.get(b"content-type", b"")
    if content_type.partition(b";")[0].strip().lower().decode("latin-1") not in accepted:
        raise UnsupportedMediaTypeError(ACCEPT_HEADERS.get(request.method, "Accept"), accepted)


async def _read_form(request: Request) -> dict[str, object]:
    """Return the fields of a form that are not empty; of a repeated name, the last (AUT-012)."""
    headers = request_state(request.scope).headers
    has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    if has_body:
        _check_content_type(request, FORM_TYPES)
    body = await read_body(request)
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type.partition(";")[0].strip().lower() == MULTIPART:
        form = await parse_multipart(content_type, body)
    else:
        form = parse_url_encoded(body)
    return {name: value for name, value in form.items() if value != ""}


async def read_body(request: Request) -> bytes:
    """Return the body of a request; a second call returns the same bytes.

    Raises:
        MalformedRequestError: the client disconnected before the end of the body.
    """
    state = request_state(request.scope)
    if state.body is None:
        body, more = bytearray(), True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise MalformedRequestError
            body += message.get("body", b"")
            more = message.get("more_body", False)
        state.body = bytes(body)
    return state.body


class RenderedResponse(Response):
    """A response with its final headers; `Response` itself would compute the constant ones for each request.

    Attributes:
        result: what the endpoint returned.
    """

    def __init__(self, result: Any, body: bytes, status: int, *headers: tuple[bytes, bytes]) -> None:
        self.result = result
        self.status_code = status
        self.body = body
        self.background = None
        length = (b"content-length", b"%d" % len(body))
        self.raw_headers = [length, JSON_HEADER, *headers] if body else [*headers]
