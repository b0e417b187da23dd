"""Signatures of endpoints and dependencies, as `DeclaredRoute` reads or rejects them (ADR 0035)."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic.fields import FieldInfo

from todo.http.request_state import request_state
from todo.schemas.request import RequestModel

Resolver = Callable[[Request], Awaitable[Any]]


def make_resolver(dependant: Dependant) -> Resolver:
    """Return the function that computes the value of a dependency for a request."""
    call = dependant.call
    if call is None:
        raise TypeError("A dependency must be a function")
    reject_unsupported(dependant, dependant.path_params, dependant.query_params, dependant.body_params)
    inner = [(str(other.name), make_resolver(other)) for other in dependant.dependencies]
    headers = [(field.name, field.alias.lower().encode()) for field in dependant.header_params]
    if not inner and not headers:
        return call

    async def resolve(request: Request) -> Any:
        present = request_state(request.scope).headers
        values = {name: present[alias].decode("latin-1") if alias in present else None for name, alias in headers}
        for name, resolve_inner in inner:
            values[name] = await resolve_inner(request)
        return await call(request, **values)

    return resolve


def is_request_model(parameter: FieldInfo) -> bool:
    """Tell whether a parameter is a model that rejects unknown fields, and is read as it is declared."""
    model = parameter.annotation
    return isinstance(model, type) and issubclass(model, RequestModel) and not getattr(parameter, "embed", False)


def reject_unsupported(dependant: Dependant, *unsupported: object) -> None:
    """Raise for declarations that `DeclaredRoute` does not read."""
    if any(unsupported):
        raise TypeError(f"{dependant.call} declares parameters that a DeclaredRoute does not read")
