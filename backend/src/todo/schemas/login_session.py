"""Login sessions in responses."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class SessionPublic(BaseModel):
    """A login session."""

    id: UUID
    user_agent: str | None = Field(
        description="The `User-Agent` of the client that logged in.", examples=["Mozilla/5.0"]
    )
    address: str | None = Field(description="The address of the client that logged in.", examples=["203.0.113.7"])
    created_at: datetime
    last_used_at: datetime = Field(description="The last refresh, or the log-in.")
    expires_at: datetime
    current: bool = Field(description="Whether the request belongs to this login session.", examples=[True])
