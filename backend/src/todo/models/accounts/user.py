"""The table of users."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, LargeBinary, String, Text, Uuid, text
from sqlmodel import Field

from todo.domain.account import EMAIL_MAX, NAME_MAX
from todo.domain.dates.time_zones import DEFAULT_TIME_ZONE, TIME_ZONE_MAX
from todo.models.base import Base, instant_column

EMAIL_UNIQUE = "uq_users_email"


class User(Base, table=True):
    """A user. The e-mail address is unique regardless of case (DB-002). A pending address waits for confirmation."""

    __tablename__ = "users"
    __table_args__: ClassVar = (
        Index(EMAIL_UNIQUE, "email_key", unique=True),
        Index("idx_users_disabled_at", "disabled_at", postgresql_where=text("disabled_at IS NOT NULL")),
        CheckConstraint("email LIKE '%_@_%'", name="email"),
        CheckConstraint("week_start IN ('monday', 'sunday', 'saturday')", name="week_start"),
        CheckConstraint("(pending_email IS NULL) = (pending_email_expires_at IS NULL)", name="pending_email"),
        Index(
            "idx_users_pending_email_expires_at",
            "pending_email_expires_at",
            postgresql_where=text("pending_email_expires_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True, server_default=text("gen_random_uuid()")))
    email: str = Field(sa_column=Column(String(EMAIL_MAX), nullable=False))
    email_key: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    password_hash: str = Field(sa_column=Column(Text, nullable=False))
    name: str | None = Field(default=None, sa_column=Column(String(NAME_MAX)))
    totp_enabled: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    time_zone: str = Field(
        default=DEFAULT_TIME_ZONE,
        sa_column=Column(String(TIME_ZONE_MAX), nullable=False, server_default=DEFAULT_TIME_ZONE),
    )
    week_start: str = Field(default="monday", sa_column=Column(Text, nullable=False, server_default="monday"))
    created_at: datetime = Field(sa_column=instant_column())
    disabled_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    pending_email: str | None = Field(default=None, sa_column=Column(String(EMAIL_MAX)))
    pending_email_token_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    pending_email_expires_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
