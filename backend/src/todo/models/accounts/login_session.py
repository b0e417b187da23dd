"""The table of login sessions."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, LargeBinary, PrimaryKeyConstraint, String, Uuid
from sqlmodel import Field

from todo.models.base import Base, instant_column, owner_column

USER_AGENT_MAX = 300
ADDRESS_MAX = 64
OWNER_EXISTS = "fk_sessions_users"


class LoginSession(Base, table=True):
    """A login session, with the hashes of its current and its previous refresh token (ADR 0020)."""

    __tablename__ = "sessions"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        Index("idx_sessions_expires_at", "expires_at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    user_agent: str | None = Field(default=None, sa_column=Column(String(USER_AGENT_MAX)))
    address: str | None = Field(default=None, sa_column=Column(String(ADDRESS_MAX)))
    created_at: datetime = Field(sa_column=instant_column())
    last_used_at: datetime = Field(sa_column=instant_column())
    rotated_at: datetime = Field(sa_column=instant_column())
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
