"""Errors in responses: one shape for all (contract, section 1)."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from todo.core.errors import DomainError, MalformedRequestError, Problem

REQUEST_PARTS = {"body", "query", "path", "header", "cookie"}


class FieldError(BaseModel):
    """The problem of one field of a request."""

    field: str = Field(examples=["title"])
    detail: str = Field(examples=["Title is required and must be 1-200 characters"])
    code: str = Field(examples=["INVALID_TITLE"])


class ErrorPublic(BaseModel):
    """An error: a sentence for a person, a code for a program and, for invalid input, the problem of each field."""

    detail: str
    code: str
    errors: list[FieldError] | None = None
    current: dict[str, object] | None = Field(default=None, description="With 412: the current state of the resource.")
    request_id: str | None = Field(default=None, description="With 500: quote it when you report the error.")


def read_problem(error: Mapping[str, Any]) -> Problem:
    """Return the contract's problem for one of pydantic's errors: a broken rule is 400, a wrong type is 422."""
    cause = error.get("ctx", {}).get("error")
    path = [part for part in error["loc"] if isinstance(part, str) and part not in REQUEST_PARTS]
    field = ".".join(path) or "".join(map(str, error["loc"][:1]))
    if isinstance(cause, DomainError):
        return Problem.of(type(cause), field)
    detail = error["msg"].removeprefix("Value error, ")
    return Problem(MalformedRequestError.status, field, detail, MalformedRequestError.code)
