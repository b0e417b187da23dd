"""Tokens as they travel."""

from typing import Literal

from pydantic import BaseModel, Field


class TokenPublic(BaseModel):
    """An access token, to be sent as `Authorization: Bearer <access_token>` (RFC 6750)."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 -- the name of a scheme, not a secret


class MessagePublic(BaseModel):
    """A sentence that says what was done."""

    message: str = Field(examples=["Successfully logged out"])
