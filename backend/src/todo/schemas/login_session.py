"""Sessions as their owner sees them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class SessionPublic(BaseModel):
    """A device that is logged in."""

    id: UUID
    user_agent: str | None = Field(description="What the device calls itself.", examples=["Mozilla/5.0"])
    address: str | None = Field(description="Where it last logged in from.", examples=["203.0.113.7"])
    created_at: datetime
    last_used_at: datetime = Field(description="When it last refreshed its tokens.")
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks.", examples=[True])
