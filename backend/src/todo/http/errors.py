"""Error handlers: every error becomes a response in the contract's shape."""

from collections.abc import Iterable, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.routing import Match

from todo.core.errors import (
    DomainError,
    FieldConflictError,
    InternalError,
    InvalidItemsError,
    MalformedRequestError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    PreconditionFailedError,
    Problem,
    RequestTimeoutError,
    UnknownPathError,
)
from todo.schemas.entity_tag import entity_tag
from todo.schemas.error import read_problem
from todo.services.history.errors import UndoConflictError


def install_error_handlers(app: FastAPI) -> None:
    """Install the handlers of domain errors, validation errors and the framework's errors."""
    app.add_exception_handler(DomainError, _handle_domain_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_framework_error)


def error_body(error: type[DomainError]) -> dict[str, object]:
    """Return the JSON body of an error."""
    return _body(error, error.detail())


def _body(error: DomainError | type[DomainError], detail: str) -> dict[str, object]:
    body: dict[str, object] = {"detail": detail, "code": error.code}
    if error.field is None:
        return body
    return {**body, "errors": [Problem(error.status, error.field, detail, error.code, error.position).describe()]}


def render_error(error: DomainError, **members: object) -> JSONResponse:
    """Return the response for an error, with additional members in its body."""
    return JSONResponse(_body(error, str(error)) | members, error.status, headers=dict(error.headers))


async def _handle_domain_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    if isinstance(error, PreconditionFailedError):
        current = to_jsonable_python(error.current)
        response = render_error(error, current=current)
        response.headers["ETag"] = f'"{entity_tag(error.current)}"'
        return response
    if isinstance(error, FieldConflictError):
        problems = [Problem.of(FieldConflictError, field) for field in error.fields]
        response = _render_problems(problems, current=to_jsonable_python(error.current))
        response.headers["ETag"] = f'"{entity_tag(error.current)}"'
        return response
    if isinstance(error, UndoConflictError):
        return _render_problems([Problem.of(UndoConflictError, field) for field in error.fields])
    if isinstance(error, InvalidItemsError):
        members = {} if error.current is None else {"current": to_jsonable_python(error.current)}
        return _render_problems(error.problems, **members)
    return render_error(error)


async def _handle_validation_error(_request: Request, error: Exception) -> JSONResponse:
    """Return 422 if a field is missing or has a wrong type, else 400; the body lists all problems."""
    assert isinstance(error, RequestValidationError)
    return _render_problems(sorted(map(read_problem, error.errors()), key=lambda problem: -problem.status))


def _render_problems(problems: Sequence[Problem], **members: object) -> JSONResponse:
    """Return the response of the first problem, with a list of all problems."""
    first = problems[0]
    errors = [problem.describe() for problem in problems]
    return JSONResponse({"detail": first.detail, "code": first.code, "errors": errors, **members}, first.status)


async def _handle_framework_error(request: Request, error: Exception) -> JSONResponse:
    """Render the errors of the framework and of middleware, which raise `HTTPException`."""
    assert isinstance(error, HTTPException)
    if error.status_code == UnknownPathError.status:
        return render_error(UnknownPathError())
    if error.status_code == PayloadTooLargeError.status:
        return render_error(PayloadTooLargeError())
    if error.status_code == RequestTimeoutError.status:
        return render_error(RequestTimeoutError())
    if error.status_code == MethodNotAllowedError.status:
        response = render_error(MethodNotAllowedError())
        response.headers["Allow"] = ", ".join(sorted(_methods_of(request)) or ["GET", "HEAD"])
        return response
    if error.status_code in (400, MalformedRequestError.status):
        return render_error(MalformedRequestError())
    return render_error(InternalError())


def _methods_of(request: Request) -> Iterable[str]:
    """Yield the methods of all routes with this path; the framework's own header has those of one route."""
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method
