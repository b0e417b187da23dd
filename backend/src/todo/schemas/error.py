"""The one shape of every error (contract, section 1)."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from todo.core.errors import DomainError, MalformedRequestError, Refusal

WHERE_IT_WAS = {"body", "query", "path", "header", "cookie"}


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(examples=["title"])
    detail: str = Field(examples=["Title is required and must be 1-200 characters"])
    code: str = Field(examples=["INVALID_TITLE"])


class ErrorPublic(BaseModel):
    """An error: a sentence for a person, a code for a program, and for invalid input a line for each field."""

    detail: str
    code: str
    errors: list[FieldError] | None = None
    current: dict[str, object] | None = Field(default=None, description="On a 412: the resource as it is now.")
    request_id: str | None = Field(default=None, description="On a 500: quote it when you report the fault.")


def read_problem(problem: Mapping[str, Any]) -> Refusal:
    """Return what the contract makes of a problem that pydantic found: a rule is 400, a shape is 422."""
    cause = problem.get("ctx", {}).get("error")
    path = [part for part in problem["loc"] if isinstance(part, str) and part not in WHERE_IT_WAS]
    field = ".".join(path) or "".join(map(str, problem["loc"][:1]))
    if isinstance(cause, DomainError):
        return Refusal.of(type(cause), field)
    detail = problem["msg"].removeprefix("Value error, ")
    return Refusal(MalformedRequestError.status, field, detail, MalformedRequestError.code)
