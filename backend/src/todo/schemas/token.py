"""Access tokens and messages in responses."""

from typing import Literal

from pydantic import BaseModel, Field


class TokenPublic(BaseModel):
    """An access token. Clients send it as `Authorization: Bearer <access_token>` (RFC 6750)."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln"])
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[900])


class MessagePublic(BaseModel):
    """A message about the completed action."""

    message: str = Field(examples=["Successfully logged out"])
