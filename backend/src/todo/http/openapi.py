"""The OpenAPI document: error responses, derived from a route's parameters and dependencies, and shared."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from todo.core.errors import (
    DomainError,
    MalformedRequestError,
    PayloadTooLargeError,
    UnknownFieldError,
    UnsupportedMediaTypeError,
)
from todo.domain.rules import errors_of
from todo.http.errors import error_body
from todo.schemas.error import ErrorPublic

Responses = dict[int | str, dict[str, Any]]
Function = TypeVar("Function", bound=Callable[..., Any])
SCHEMAS = "#/components/schemas/"
ERROR_SCHEMA = f"{SCHEMAS}{ErrorPublic.__name__}"


def raises(*errors: type[DomainError]) -> Callable[[Function], Function]:
    """Return a decorator that declares the errors of a dependency, for the document."""

    def decorate(dependency: Function) -> Function:
        dependency.errors = errors  # type: ignore[attr-defined]  # read by `declared_errors`
        return dependency

    return decorate


def declared_errors(dependant: Dependant) -> Iterator[type[DomainError]]:
    """Yield the errors that follow from a route's dependencies, path, query and body."""
    for dependency in dependant.dependencies:
        yield from getattr(dependency.call, "errors", ())
        yield from declared_errors(dependency)
    for field in (*dependant.query_params, *dependant.body_params):
        yield from errors_of(field.field_info.annotation)
    if dependant.body_params:
        yield from (PayloadTooLargeError, UnsupportedMediaTypeError)
    if dependant.body_params or dependant.query_params or dependant.path_params:
        yield MalformedRequestError
    yield UnknownFieldError


def errors(*kinds: type[DomainError]) -> Responses:
    """Return the responses of these errors for a route, with an example of each."""
    by_status: dict[int, list[type[DomainError]]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    return {
        status: {
            "description": " · ".join(f"`{kind.code}`" for kind in group),
            "content": {
                "application/json": {
                    # A reference: FastAPI would build a validator for each response that names the model.
                    "schema": {"$ref": ERROR_SCHEMA},
                    "examples": {kind.code: {"value": error_body(kind)} for kind in group},
                }
            },
            "headers": {name: {"schema": {"type": "string"}} for kind in group for name in kind.headers},
        }
        for status, group in by_status.items()
    }


def add_errors(responses: Responses, kinds: Iterable[type[DomainError]]) -> Responses:
    """Return the responses of a route with further errors; errors of one status share a response."""
    joined = dict(responses)
    for status, added in errors(*dict.fromkeys(kinds)).items():
        present = joined.get(status)
        if present is None:
            joined[status] = added
            continue
        examples = present["content"]["application/json"]["examples"] | added["content"]["application/json"]["examples"]
        joined[status] = {
            "description": " · ".join(f"`{code}`" for code in examples),
            "content": {"application/json": {"schema": {"$ref": ERROR_SCHEMA}, "examples": examples}},
            "headers": present["headers"] | added["headers"],
        }
    return joined


def located_at(template: str) -> Callable[[Function], Function]:
    """Return a decorator that sets the path of the resource that a route creates.

    Without it the path is that of the route, followed by the id of the created resource if the route has no id.
    """

    def decorate(endpoint: Function) -> Function:
        endpoint.location = template  # type: ignore[attr-defined]  # read by `DeclaredRoute`
        return endpoint

    return decorate


def schema_of(schema: type) -> dict[str, str]:
    """Return the reference to the schema of a type."""
    return {"$ref": f"{SCHEMAS}{schema.__name__}"}


def merge_patch(schema: type[BaseModel]) -> dict[str, Any]:
    """Describe that the body may be sent as a JSON merge patch (RFC 7396)."""
    return {"requestBody": {"content": {"application/merge-patch+json": {"schema": schema_of(schema)}}}}


def add_root_path(document: dict[str, Any], root_path: str) -> dict[str, Any]:
    """Set the URL of the server and the URLs of its tokens in an OpenAPI document.

    Args:
        document: the document.
        root_path: the path below which a proxy publishes the service, or "".
    """
    if "servers" not in document:  # FastAPI returns the same document each time
        document["servers"] = [{"url": root_path or "/"}]
        for scheme in document["components"]["securitySchemes"].values():
            for flow in scheme.get("flows", {}).values():
                flow["tokenUrl"] = root_path + flow["tokenUrl"]
    return document


def error_schemas() -> dict[str, Any]:
    """Return the schemas of errors, which no route names as its model."""
    described = ErrorPublic.model_json_schema(ref_template=f"{SCHEMAS}{{model}}", mode="serialization")
    return {**described.pop("$defs"), ErrorPublic.__name__: described}
