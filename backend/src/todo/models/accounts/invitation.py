"""The table of invitations."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, DateTime, Index, LargeBinary
from sqlmodel import Field

from todo.models.base import Base, instant_column


class Invitation(Base, table=True):
    """An invitation that was not used. The table has only the hash of its code, and belongs to no user."""

    __tablename__ = "invitations"
    __table_args__: ClassVar = (Index("idx_invitations_expires_at", "expires_at"),)

    code_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    created_at: datetime = Field(sa_column=instant_column())
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
