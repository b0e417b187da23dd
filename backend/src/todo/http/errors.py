"""Every error, whoever raised it, rendered in the contract's one shape."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.routing import Match

from todo.core.errors import (
    DomainError,
    InternalError,
    ItemsRefusedError,
    MalformedRequestError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    PreconditionFailedError,
    Refusal,
    RequestTimeoutError,
    UnknownPathError,
)
from todo.schemas.error import ErrorPublic, read_problem

Responses = dict[int | str, dict[str, Any]]
SCHEMAS = "#/components/schemas/"
SCHEMA = f"{SCHEMAS}{ErrorPublic.__name__}"


def install_error_handlers(app: FastAPI) -> None:
    """Have this application answer every error as the contract says."""
    app.add_exception_handler(DomainError, _answer_domain_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_framework_error)


def errors(*kinds: type[DomainError]) -> Responses:
    """Describe these errors for a route's `responses`, an example for each."""
    by_status: dict[int, list[type[DomainError]]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    return {
        status: {
            "description": " · ".join(f"`{kind.code}`" for kind in group),
            "content": {
                "application/json": {
                    # As the model of the answer, FastAPI would make a validator of it two hundred times.
                    "schema": {"$ref": SCHEMA},
                    "examples": {kind.code: {"value": _body(kind)} for kind in group},
                }
            },
            "headers": {name: {"schema": {"type": "string"}} for kind in group for name in kind.headers},
        }
        for status, group in by_status.items()
    }


def error_schemas() -> dict[str, Any]:
    """Return the schemas, by name, that the descriptions of errors refer to."""
    described = ErrorPublic.model_json_schema(ref_template=f"{SCHEMAS}{{model}}", mode="serialization")
    return {**described.pop("$defs"), ErrorPublic.__name__: described}


def render(error: DomainError, **more: object) -> JSONResponse:
    """Return the answer for an error, with what else its body says."""
    return JSONResponse(_body(type(error)) | more, error.status, headers=dict(error.headers))


async def _answer_domain_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    if isinstance(error, PreconditionFailedError):
        current = to_jsonable_python(error.current)
        answer = render(error, current=current)
        answer.headers["ETag"] = f'"{current["version"]}"'
        return answer
    if isinstance(error, ItemsRefusedError):
        more = {} if error.current is None else {"current": to_jsonable_python(error.current)}
        return _answer_refusals(error.refusals, **more)
    return render(error)


async def _answer_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    """Answer 422 if anything is missing or of a wrong type, else 400; name each field at fault."""
    assert isinstance(error, RequestValidationError)
    return _answer_refusals(sorted(map(read_problem, error.errors()), key=lambda refusal: -refusal.status))


def _answer_refusals(refusals: Sequence[Refusal], **more: object) -> JSONResponse:
    """Answer as for the first one, and name them all."""
    first = refusals[0]
    lines = [{"field": field, "detail": detail, "code": code} for _, field, detail, code in refusals]
    return JSONResponse({"detail": first.detail, "code": first.code, "errors": lines, **more}, first.status)


async def _answer_framework_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses: unknown paths, wrong verbs, bodies too large, too slow or not to be read."""
    assert isinstance(error, HTTPException)
    if error.status_code == UnknownPathError.status:
        return render(UnknownPathError())
    if error.status_code == PayloadTooLargeError.status:
        return render(PayloadTooLargeError())
    if error.status_code == RequestTimeoutError.status:
        return render(RequestTimeoutError())
    if error.status_code == MethodNotAllowedError.status:
        answer = render(MethodNotAllowedError())
        answer.headers["Allow"] = ", ".join(sorted(_methods_of(request)) or ["GET", "HEAD"])
        return answer
    if error.status_code in (400, MalformedRequestError.status):
        return render(MalformedRequestError())
    return render(InternalError())


def _body(kind: type[DomainError]) -> dict[str, object]:
    body: dict[str, object] = {"detail": kind.detail(), "code": kind.code}
    return body if kind.field is None else {**body, "errors": [{"field": kind.field, **body}]}


def _methods_of(request: Request) -> Iterable[str]:
    """Return the verbs that the path of this request answers; the framework's own answer names those of one route."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method
