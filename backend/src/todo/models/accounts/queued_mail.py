"""The table of mails that wait to be sent."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
)
from sqlmodel import Field

from todo.domain.account import EMAIL_MAX
from todo.domain.mail import MailKind
from todo.models.base import Base, instant_column, owner_column

OWNER_EXISTS = "fk_mail_queue_users"


class QueuedMail(Base, table=True):
    """A mail of an account. It has no text and no token: both are made when the mail is sent (ADR 0047)."""

    __tablename__ = "mail_queue"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "kind", "recipient"),
        CheckConstraint(f"kind IN ({', '.join(repr(kind.value) for kind in MailKind)})", name="kind"),
        Index("idx_mail_queue_next_attempt_at", "next_attempt_at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(String(EMAIL_MAX), nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    created_at: datetime = Field(sa_column=instant_column())
    next_attempt_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
