"""Routes of resources: conditional reads and idempotent writes."""

from collections.abc import Callable
from typing import Any, ClassVar

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from todo.core.errors import InternalError, ServiceUnavailableError
from todo.core.json_rows import read_object
from todo.http.change_seq import CHANGE_SEQ_HEADER, announced
from todo.http.conditional import ETAG_HEADER, IF_NONE_MATCH_PARAMETER, NOT_MODIFIED, conditional
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import API
from todo.http.idempotency import (
    KEY_ERRORS,
    KEY_PARAMETER,
    REPLAYED_HEADERS,
    idempotent,
    write_after_password,
    write_in_steps,
    write_in_transaction,
)
from todo.http.openapi import add_errors, errors
from todo.schemas.entity_tag import entity_tag


class ResourceRoute(DeclaredRoute):
    """A route of a resource. Its responses carry the resource's entity tag as the `ETag`.

    Attributes:
        write_once: does a write that has an idempotency key.
        is_long: whether a write takes long without a lock.
    """

    write_once = staticmethod(write_in_transaction)
    is_long: ClassVar[bool] = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        reads = set(options.get("methods") or ["GET"]) == {"GET"}
        super().__init__(path, endpoint, **_described(options, reads=reads))
        if reads:
            self.handler = conditional(self.handler)
        else:
            # The announcement is outside of the transaction of an idempotent write.
            keyed = idempotent(self.handler, self.write_once, is_long=self.is_long)
            self.handler = announced(keyed)

    def render(self, result: Any, response: Response | None, *headers: tuple[bytes, bytes]) -> Response:
        """Return the response for a result, with its entity tag as the `ETag`."""
        if isinstance(result, dict) and "version" in result:
            headers = ((b"etag", f'"{entity_tag(result)}"'.encode()), *headers)
        return super().render(result, response, *headers)


class WriteRoute(DeclaredRoute):
    """A route of a write that takes no idempotency key; its responses carry the number of the last change."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        success = options.get("status_code") or 200
        responses = {**(options.get("responses") or {})}
        responses[success] = {**responses.get(success, {}), "headers": CHANGE_SEQ_HEADER}
        super().__init__(path, endpoint, **{**options, "responses": responses})
        self.handler = announced(self.handler)


class LongBodyRoute(WriteRoute):
    """A route whose body is an object with long lists, which the service parses item by item (`JsonRows`)."""

    async def parse_json(self, body: bytes) -> object:
        """Return the members of the object, its lists as `JsonRows`."""
        return await read_object(body)


class PasswordRoute(ResourceRoute):
    """A route of a resource whose writes verify a password first."""

    write_once = staticmethod(write_after_password)
    is_long = True


class StepwiseRoute(ResourceRoute):
    """A route of a resource whose writes are several transactions."""

    write_once = staticmethod(write_in_steps)
    is_long = True


def make_router(path: str, tag: str, *, route_class: type[APIRoute] = ResourceRoute) -> APIRouter:
    """Return a router for the paths below `/api/v1` and this path."""
    return APIRouter(
        prefix=f"{API}{path}",
        tags=[tag],
        route_class=route_class,
        responses=errors(InternalError, ServiceUnavailableError),
        generate_unique_id_function=operation_id,
    )


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation in the document: the name of its function."""
    return route.name


def _described(options: dict[str, Any], *, reads: bool) -> dict[str, Any]:
    """Return the options of a route with the headers and errors of conditional reads or idempotent writes."""
    success = options.get("status_code") or 200
    responses = {**(options.get("responses") or {})}
    responses[success] = {
        **responses.get(success, {}),
        "headers": ETAG_HEADER if reads else REPLAYED_HEADERS | CHANGE_SEQ_HEADER,
    }
    responses = responses | NOT_MODIFIED if reads else add_errors(responses, KEY_ERRORS)
    parameter = IF_NONE_MATCH_PARAMETER if reads else KEY_PARAMETER
    extra = {**(options.get("openapi_extra") or {}), "parameters": [parameter]}
    return {**options, "responses": responses, "openapi_extra": extra}
