"""Errors in responses: one shape for all (contract, section 1)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import MISSING, BaseModel, Field

from todo.core.errors import DomainError, MalformedRequestError, Problem, UnknownFieldError
from todo.domain.rules import COMPONENT, string_schema
from todo.schemas.changes.resources import CurrentResource

PROBLEMS_MAX = 100
"""Problems of one body or item in a response. More would let a small request cause a large response."""
NAME_MAX = 100
"""Characters of a field's name in a response. Clients choose the names of unknown fields."""
UNKNOWN_FIELD_TYPE = "extra_forbidden"
"""pydantic's type of an error for an unknown field."""


ErrorCode = Annotated[str, string_schema(**{COMPONENT: "ErrorCode"})]


class FieldError(BaseModel):
    """The problem of one field of a request."""

    field: str = Field(examples=["title"])
    detail: str = Field(examples=["Title is required and must be 1-200 characters"])
    code: ErrorCode = Field(examples=["INVALID_TITLE"])
    position: int | MISSING = Field(
        default=MISSING,
        description="With `INVALID_FILTER`: the position of the fault in characters, from 1.",
        examples=[9],
    )


class ErrorPublic(BaseModel):
    """An error: a sentence for a person, a code for a program and, for invalid input, the problem of each field."""

    detail: str
    code: ErrorCode
    errors: list[FieldError] | MISSING = MISSING
    current: CurrentResource | MISSING = Field(
        default=MISSING, description="With 412 and `FIELD_CONFLICT`: the current state of the resource."
    )
    request_id: str | MISSING = Field(default=MISSING, description="With 500: quote it when you report the error.")


def read_problem(error: Mapping[str, Any]) -> Problem:
    """Return the contract's problem for an error of pydantic about a request.

    A broken rule is 400, a wrong type and an unknown field are 422. The location of the error begins with the part of
    the request, such as `body`. The field of an error about the whole part is the name of the part.
    """
    part, *path = error["loc"]
    return problem_of(error, field_name(path) or str(part))


def field_name(path: Sequence[int | str]) -> str:
    """Return the name of the field at a path, such as `task.title`; without indexes of lists."""
    name = ".".join(name for name in path if isinstance(name, str))
    # A name that a client invented can have lone surrogates, which no response can contain.
    return name[:NAME_MAX].encode(errors="replace").decode()


def problem_of(error: Mapping[str, Any], field: str) -> Problem:
    """Return the contract's problem for an error of pydantic about a field."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, DomainError):
        return Problem.of(cause, field)
    if error["type"] == UNKNOWN_FIELD_TYPE:
        return Problem.of(UnknownFieldError, field)
    # pydantic's text for a value that is no object names a Python class.
    is_no_object = error["type"] in {"model_type", "model_attributes_type"}
    detail = "Input should be an object" if is_no_object else error["msg"].removeprefix("Value error, ")
    return Problem(MalformedRequestError.status, field, detail, MalformedRequestError.code)
