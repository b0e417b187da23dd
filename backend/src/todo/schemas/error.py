"""The one shape of every error (contract, section 1)."""

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str = Field(examples=["title"])
    detail: str
    code: str


class ErrorPublic(BaseModel):
    """An error: a sentence for a person, a code for a program, and for invalid input a line for each field."""

    detail: str
    code: str
    errors: list[FieldError] | None = None
    current: dict[str, object] | None = Field(default=None, description="On a 412: the resource as it is now.")
    request_id: str | None = Field(default=None, description="On a 500: quote it when you report the fault.")
